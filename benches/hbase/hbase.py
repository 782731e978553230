"""Times loads of rows into HBase by Tootmill beside happybase, on a running development cluster; see --help.

It runs in a Python that has happybase: `cargo xtask test` makes one in the project's cache, in `python/happybase`.
"""

import argparse
import csv
import hashlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMESPACE = "bench"
TABLE = "user_table"
BATCHES = 1000, 5000
AS_OF = datetime(2026, 11, 25, tzinfo=UTC)
SERVERS = "regionserver", "thrift1", "datanode1"
TOOTMILL, PROCESSES, THREADS = "tootmill", "happybase, processes", "happybase, threads"
CONTENDERS = {1: (TOOTMILL, PROCESSES), 4: (TOOTMILL, PROCESSES, THREADS)}
"""Who runs with so many connections; with one, happybase is one process either way."""


@dataclass(frozen=True)
class Rows:
    """A file of rows of the table, each of three cells."""

    path: Path
    count: int


@dataclass(frozen=True)
class Cost:
    """Seconds that a command took: of the clock, of processors, and of processors by the servers meanwhile."""

    wall: float
    cpu: float
    regionserver: float
    thrift1: float
    datanode1: float
    load: float
    """The load average before it."""


@dataclass(frozen=True)
class Run:
    """A line of raw.csv."""

    contender: str
    connections: int
    batch: int
    rows: int
    round: int
    wall: float
    cpu: float
    regionserver: float
    thrift1: float
    datanode1: float
    load: float


def command_line() -> argparse.Namespace:
    """Reads the command line."""
    today = datetime.now(tz=UTC).date().isoformat()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="example: . ~/.cache/tootmill/cluster/default/cluster.env && "
        "~/.cache/tootmill/python/happybase/bin/python benches/hbase/hbase.py --programs target/release",
    )
    parser.add_argument("--programs", type=Path, required=True, help="the folder with `tootmill` and `distinct`")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of a load that is compared")
    parser.add_argument("--million", type=int, default=1_000_000, help="rows that are loaded, verified, loaded again")
    parser.add_argument("--runs", type=int, default=5, help="rounds; of the million, fewer by two")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs" / f"{today}-hbase", help="for the results")
    return parser.parse_args()


def succeed(command: list[object], **more: object) -> str:
    """Runs a command that has to succeed, and gives what it wrote; shows what it said if it does not."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def made(programs: Path, count: int, scratch: Path) -> Rows:
    """Rows of so many accounts, by the pipe of the stages."""
    posts, rows = scratch / f"{count}.jsonl", scratch / f"{count}.rows"
    succeed([programs / "distinct", count, posts])
    tootmill = programs / "tootmill"
    stages = f"'{tootmill}' compact --stdout '{posts}' | '{tootmill}' mapper | sort | '{tootmill}' reducer --rows"
    succeed(["bash", "-c", f"set -o pipefail; {stages} | grep ^{TABLE} > '{rows}'"], env=os.environ | {"LC_ALL": "C"})
    posts.unlink()
    with rows.open("rb") as lines:
        cells = sum(1 for _ in lines)
    if cells != 3 * count:
        sys.exit(f"{rows} has {cells} cells and not {3 * count}")
    return Rows(rows, count)


def processor_seconds(server: str) -> float:
    """What a daemon of the cluster has used so far, with all its threads."""
    pid = (Path(os.environ["TOOTMILL_CLUSTER"]) / "pids" / server).read_text().strip()
    of_process = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, of_process[11:13])) / os.sysconf("SC_CLK_TCK")


def timed(command: list[object]) -> tuple[Cost, str]:
    """Runs a command that has to succeed, and gives what it took and what it wrote."""
    load, before = os.getloadavg()[0], {server: processor_seconds(server) for server in SERVERS}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=errors)
        # Of it and of all that it waited for, other than what this process waits for elsewhere.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{errors.read()[-2000:]}")
        said = output.read()
    servers = {server: round(processor_seconds(server) - before[server], 2) for server in SERVERS}
    return Cost(round(wall, 3), round(used.ru_utime + used.ru_stime, 3), load=round(load, 2), **servers), said


class Hbase:
    """Tables in a namespace, by the program's own commands."""

    def __init__(self, tootmill: Path) -> None:
        """Connects nothing yet."""
        self.tootmill = tootmill
        self.loads = 0

    def address(self, connections: int = 4, batch: int = 5000) -> str:
        """The tables' address."""
        servers = f"{os.environ['TOOTMILL_THRIFT1']}?thrift2={os.environ['TOOTMILL_THRIFT2']}"
        return f"hbase://{servers}&namespace={NAMESPACE}&connections={connections}&batch={batch}"

    def tables(self, command: str, *more: object) -> str:
        """A command about the tables."""
        return succeed([self.tootmill, "tables", command, "--tables", self.address(), *more])

    def drop_all(self) -> None:
        """Leaves no table."""
        self.tables("drop", "--yes")
        self.tables("drop", "--yes", "runs", "tootmill_loads")

    def empty(self) -> None:
        """Makes the one table anew, in one region, and whatever else is missing."""
        self.tables("drop", "--yes", TABLE)
        self.tables("create")

    def load(self, rows: Rows, as_of: datetime, *more: object, connections: int = 4, batch: int = 5000) -> list[object]:
        """The command that loads rows."""
        destination = self.address(connections, batch)
        when = as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [self.tootmill, "load", rows.path, "--as-of", when, "--tables", destination, "--json", "--quiet", *more]

    def digest(self) -> str:
        """What the table holds, in short."""
        return hashlib.sha256(self.tables("dump", TABLE).encode()).hexdigest()


def command(hbase: Hbase, contender: str, rows: Rows, connections: int, batch: int) -> list[object]:
    """The command line of a contender. Each load is as of a second later than the one before."""
    hbase.loads += 1
    as_of = AS_OF + timedelta(seconds=hbase.loads)
    if contender == TOOTMILL:
        return hbase.load(rows, as_of, connections=connections, batch=batch)
    where = ["--server", os.environ["TOOTMILL_THRIFT1"], "--table", f"{NAMESPACE}:{TABLE}"]
    how = ["--batch", batch, "--connections", connections, *(["--threads"] if contender == THREADS else [])]
    timestamp = int(as_of.timestamp() * 1000)
    return [sys.executable, "-B", HERE / "peer.py", *where, *how, "--timestamp", timestamp, rows.path]


def rounds(hbase: Hbase, rows: Rows, turns: int) -> Iterator[Run]:
    """Every contender with every number of connections and size of batches, round by round, the order turned each time.

    Round 0 warms the servers up, and sees that all write the same; it does not count.
    """
    entries = [
        (who, connections, batch) for connections, all_of in CONTENDERS.items() for batch in BATCHES for who in all_of
    ]
    digests = set()
    for turn in range(turns + 1):
        for who, connections, batch in entries if turn % 2 else reversed(entries):
            hbase.empty()
            cost, _ = timed(command(hbase, who, rows, connections, batch))
            if not turn:
                digests.add(hbase.digest())
                if len(digests) > 1:
                    sys.exit(f"{who} has written something else than those before")
            one = Run(who, connections, batch, rows.count, turn, **asdict(cost))
            what = f"{who:<20} {connections} x {batch:<5}"
            print(f"round {turn}: {what} {one.wall:6.2f} s, {one.cpu:6.2f} CPU s", flush=True)
            yield one


def again(hbase: Hbase, rows: Rows, turns: int) -> Iterator[Run]:
    """Many rows into empty tables; the same rows again, and again as of a later day; all read back."""
    for turn in range(1, turns + 1):
        hbase.drop_all()
        hbase.tables("create")
        later = AS_OF + timedelta(days=1)
        steps = {
            "load": hbase.load(rows, AS_OF),
            "load again": hbase.load(rows, AS_OF),
            "load as of a later day": hbase.load(rows, later),
            "verify": hbase.load(rows, later, "--verify"),
        }
        for step, load in steps.items():
            cost, said = timed(load)
            outcome = json.loads(said)
            changed = (outcome["written"] or {}).get("changed", 0)
            if changed != (rows.count if step == "load" else 0):
                sys.exit(f"{step} has written {changed} rows")
            if step == "verify" and outcome["verified_cells"] != 3 * rows.count:
                sys.exit(f"{outcome['verified_cells']} cells were verified")
            one = Run(step, 4, 5000, rows.count, turn, **asdict(cost))
            print(f"round {turn}: {step:<24} {one.wall:6.2f} s, {one.cpu:6.2f} CPU s", flush=True)
            yield one


def page(runs: list[Run]) -> str:
    """The medians as Markdown tables."""
    kept = [run for run in runs if run.round]
    loads = [run.load for run in kept]
    lines = [
        "# Rows into HBase",
        "",
        f"Medians of {max(run.round for run in kept)} rounds in turns. Load average before a run: {min(loads):.1f} to "
        f"{max(loads):.1f}, median {statistics.median(loads):.1f}.",
    ]

    def of(who: str, connections: int, batch: int, what: str) -> float:
        wanted = who, connections, batch
        same = [getattr(run, what) for run in kept if (run.contender, run.connections, run.batch) == wanted]
        return statistics.median(same)

    def section(title: str, titles: list[str], table: list[list[str]]) -> None:
        lines.extend(["", f"## {title}", "", f"| {' | '.join(titles)} |", "|---" + "|--:" * (len(titles) - 1) + "|"])
        lines.extend(f"| {' | '.join(row)} |" for row in table)

    servers = [f"{server}'s CPU s" for server in SERVERS]
    compared = []
    for connections, all_of in CONTENDERS.items():
        for batch in BATCHES:
            best = min(all_of[1:], key=lambda who: of(who, connections, batch, "wall"))
            theirs = {what: of(best, connections, batch, what) for what in ("wall", "cpu")}
            for who in all_of:
                wall, cpu = (of(who, connections, batch, what) for what in ("wall", "cpu"))
                rows = of(who, connections, batch, "rows")
                ratios = [f"{theirs['wall'] / wall:.2f}", f"{cpu / theirs['cpu']:.3f}"] if who == TOOTMILL else ["", ""]
                of_servers = [f"{of(who, connections, batch, server):.1f}" for server in SERVERS]
                costs = [f"{wall:.2f}", f"{rows / wall:,.0f}", f"{cpu:.2f}", *ratios]
                compared.append([who, str(connections), str(batch), *costs, *of_servers])
    titles = ["", "connections", "batch", "wall s", "rows/s", "CPU s", "rows/s ÷ happybase's", "CPU ÷ happybase's"]
    section("Beside happybase", titles + servers, compared)
    steps = list(dict.fromkeys(run.contender for run in kept if run.rows != min(run.rows for run in kept)))
    table = []
    for step in steps:
        first = of("load", 4, 5000, "wall")
        wall, cpu = (of(step, 4, 5000, what) for what in ("wall", "cpu"))
        table.append([step, f"{wall:.2f}", f"{wall / first:.3f}", f"{cpu:.2f}"])
        table[-1] += [f"{of(step, 4, 5000, server):.1f}" for server in SERVERS]
    section(f"{max(run.rows for run in kept):,} rows", ["", "wall s", "÷ load", "CPU s", *servers], table)
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What it ran on."""
    models = (
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    )
    cpu = next(models, "?")
    versions = [f"{name}=={importlib.metadata.version(name)}" for name in ("happybase", "thriftpy2")]
    about = [f"cpu: {cpu}", f"cores: {os.cpu_count()}", f"kernel: {platform.platform()}"]
    return "\n".join([*about, f"python: {platform.python_version()}", *versions]) + "\n"


def main() -> None:
    """Prepares, measures, and writes."""
    line = command_line()
    if "TOOTMILL_THRIFT1" not in os.environ:
        sys.exit("there is no cluster with HBase: source the file cluster.env of one that runs")
    line.out.mkdir(parents=True, exist_ok=True)
    hbase = Hbase((line.programs / "tootmill").resolve())
    with tempfile.TemporaryDirectory(prefix="tootmill-hbase-") as folder:
        few, many = (made(line.programs.resolve(), count, Path(folder)) for count in (line.rows, line.million))
        hbase.drop_all()
        runs = []
        with (line.out / "raw.csv").open("w", newline="") as stream:
            raw = csv.DictWriter(stream, [field.name for field in fields(Run)], lineterminator="\n")
            raw.writeheader()
            for part in rounds(hbase, few, line.runs), again(hbase, many, max(1, line.runs - 2)):
                for one in part:
                    raw.writerow(asdict(one))
                    stream.flush()
                    runs.append(one)
        hbase.drop_all()
    (line.out / "summary.md").write_text(page(runs))
    (line.out / "machine.txt").write_text(machine())


if __name__ == "__main__":
    main()
