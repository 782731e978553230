"""Times Tootmill's jobs beside others on a running development cluster, and writes how they compare; see --help."""

import argparse
import csv
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPARE = HERE.parent / "compare"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tootmill"
DAY = "2026-11-16"
MIB = 1 << 20
BLOCK = 128 * MIB
"""As in Hadoop's defaults; a development cluster's own blocks are smaller."""
POST = 3540
"""How many bytes a synthetic post has, about."""
SORTED = {
    "stream.num.map.output.key.fields": "3",
    "mapreduce.partition.keypartitioner.options": "-k1,2",
    "mapreduce.job.reduces": "1",
}
"""How our own jobs sort, for the Python ones."""
PARTITIONER = "org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner"


@dataclass(frozen=True)
class Posts:
    """The posts of a day in a lake of their own."""

    name: str
    bytes: int
    """Of the lines, whatever the files have."""
    lake: str
    disk: Path
    """The same on disk."""

    @property
    def folder(self) -> str:
        """Where the files are."""
        return f"{self.lake}/{self.name}/posts/date={DAY}/v=1"


@dataclass(frozen=True)
class Contender:
    """What is timed: its command line for posts and a folder of output that is not there yet."""

    name: str
    posts: tuple[str, ...]
    command: Callable[[Posts, str], list[str]]


@dataclass(frozen=True)
class Run:
    """A line of raw.csv: seconds since the command was given, and what the history server says of the job."""

    contender: str
    posts: str
    bytes: int
    round: int
    wall: float
    load: float
    submitted: float = 0
    started: float = 0
    mapped: float = 0
    reduced: float = 0
    finished: float = 0
    maps: int = 0
    reduces: int = 0
    shuffled: int = 0
    cpu: float = 0
    """Of the tasks and what they start, as Hadoop samples it; neither of the command nor of the job's master."""


def command_line() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="example: . ~/.cache/tootmill/cluster/default/cluster.env && "
        "python benches/cluster/cluster.py --tootmill target/release/tootmill",
    )
    today = datetime.now(tz=UTC).date().isoformat()
    parser.add_argument("--tootmill", type=lambda path: Path(path).resolve(), required=True, help="the program")
    parser.add_argument("--gigabytes", type=float, default=2, help="how much is read; half of it as well")
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    parser.add_argument("--only", nargs="*", metavar="CONTENDER", help="leave the others out")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs" / f"{today}-cluster", help="for the results")
    parser.add_argument("--python", default=CACHE / "compare-venv/bin/python", help="with orjson; compare.py makes it")
    parser.add_argument("--again", action="store_true", help="the posts of a run before are there; nothing warms up")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a property for our own jobs")
    return parser.parse_args()


def run(*command: object) -> None:
    """Runs a command that has to succeed, and shows what it wrote if it does not."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def synthetic(tootmill: Path, name: str, lines: int, scratch: Path) -> Posts:
    """Posts of one day, on disk."""
    disk = scratch / name
    disk.mkdir()
    file = disk / "part-00000.jsonl"
    with file.open("wb") as out:
        synth = [tootmill, "synth", "--posts", str(lines), "--seed", "11", "--clean", "--days", "1", "--start", DAY]
        subprocess.run(synth, stdout=out, check=True)
    return Posts(name, file.stat().st_size, f"{os.environ['TOOTMILL_HDFS']}/bench", disk)


def put(tootmill: Path, posts: Posts, *, compacted: bool) -> None:
    """Puts posts into a lake in HDFS: plain, by hand; or as `tootmill compact` writes them."""
    run("hdfs", "dfs", "-rm", "-r", "-f", "-skipTrash", f"{posts.lake}/{posts.name}")
    if compacted:
        here = "--lake", posts.lake, "--instance", posts.name
        run(tootmill, "import", posts.disk, *here, "--quiet", "--observed", "2026-11-18")
        run(tootmill, "compact", *here, "--on", "local", "--quiet")
        return
    run("hdfs", "dfs", "-mkdir", "-p", posts.folder)
    run("hdfs", "dfs", "-D", f"dfs.blocksize={BLOCK}", "-put", *posts.disk.iterdir(), posts.folder)
    with tempfile.NamedTemporaryFile("w") as current:
        current.write("v=1\n")
        current.flush()
        run("hdfs", "dfs", "-put", current.name, f"{posts.folder}/../CURRENT")


def options(settings: dict[str, str]) -> list[str]:
    """Properties on the command line of Hadoop Streaming."""
    return [word for name, value in settings.items() for word in ("-D", f"{name}={value}")]


def split_size(posts: Posts, maps: int) -> dict[str, str]:
    """What makes Hadoop start so many map tasks."""
    return {"mapreduce.input.fileinputformat.split.minsize": str(-(-posts.bytes // maps))}


def contenders(line: argparse.Namespace, scratch: Path) -> list[Contender]:
    """Everyone who runs. Where Hadoop cuts the input, there is a map task for each of two cores."""
    plain = ("plain",)

    def streaming(mapper: str, settings: dict[str, str], *more: str) -> Callable[[Posts, str], list[str]]:
        def command(posts: Posts, output: str) -> list[str]:
            cut = split_size(posts, MAPS)
            generic = options({"mapreduce.job.reduces": "0", **cut, **settings})
            files = HERE / "streaming.py", COMPARE / "python_mapper.py", COMPARE / "peers.py"
            shipped = ["-files", ",".join(f"file://{file}" for file in files)] if "streaming.py" in mapper else []
            ends = ["-input", posts.folder, "-output", output, "-mapper", mapper]
            return ["mapred", "streaming", *generic, *shipped, *ends, *more]

        return command

    def ours(way: str, *more: str) -> Callable[[Posts, str], list[str]]:
        def command(posts: Posts, _output: str) -> list[str]:
            cut = split_size(posts, MAPS) if way == "stock" and posts.bytes > BLOCK else {}
            settings = [*(f"{name}={value}" for name, value in cut.items()), *line.set]
            return [
                *(str(line.tootmill), "submit", "--lake", posts.lake, "--instance", posts.name, "--date", DAY),
                *("--again", "--json", "--quiet", "--way", way, *more),
                *(word for setting in settings for word in ("--set", setting)),
            ]

        return command

    def local(of: Callable[[Posts], str]) -> Callable[[Posts, str], list[str]]:
        store = f"sqlite:{scratch / 'out.db'}"
        return lambda posts, _output: [
            *(str(line.tootmill), "run", of(posts), "--tables", store, "--totals-only", "--quiet"),
        ]

    no_uber = "--set", "mapreduce.job.ubertask.enable=false"
    # What is shipped are links in the task's folder, from which Python does not import.
    reducer = (
        "-reducer",
        f"{line.python} -B streaming.py reducer",
        "-partitioner",
        PARTITIONER,
        "-cmdenv",
        "PYTHONPATH=.",
    )
    return [
        Contender("wc -l", ("plain", "half", "zstd", "tiny"), streaming("wc -l", {})),
        Contender("stock", ("plain", "half", "zstd"), ours("stock")),
        Contender("direct", ("plain", "half", "zstd"), ours("direct")),
        Contender("python", plain, streaming(f"{line.python} -B streaming.py mapper", SORTED, *reducer)),
        Contender("local, hdfs", ("plain", "zstd"), local(lambda posts: posts.folder)),
        Contender("local, disk", plain, local(lambda posts: str(posts.disk))),
        Contender("small", ("tiny",), ours("direct")),
        Contender("small, no uber", ("tiny",), ours("direct", *no_uber)),
        Contender("small, in process", ("tiny",), ours("direct", "--on", "local")),
    ]


MAPS = 2


def asked(path: str) -> dict:
    """What the history server answers, which may know a job only after a moment."""
    url = f"{os.environ['TOOTMILL_HISTORY_SERVER']}/ws/v1/history/mapreduce/jobs/{path}"
    for _ in range(50):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": "application/json"})) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.2)
    sys.exit(f"{url} does not answer")


def job_of(said: str, began: float) -> dict[str, float]:
    """What the history server keeps of the job that a command spoke of; nothing where there was none."""
    found = re.search(r"(?:application|job)(_\d+_\d+)", said)
    if not found:
        return {}
    job = f"job{found[1]}"
    about = asked(job)["job"]
    tasks = asked(f"{job}/tasks")["tasks"]["task"]
    groups = asked(f"{job}/counters")["jobCounters"]["counterGroup"]
    counters = {each["name"]: each["totalCounterValue"] for group in groups for each in group["counter"]}

    def since(milliseconds: float) -> float:
        return round(milliseconds / 1000 - began, 3)

    ends = {kind: [task["finishTime"] for task in tasks if task["type"] == kind] for kind in ("MAP", "REDUCE")}
    return {
        "submitted": since(about["submitTime"]),
        "started": since(min(task["startTime"] for task in tasks)),
        "mapped": since(max(ends["MAP"])),
        "reduced": since(max(ends["REDUCE"] or ends["MAP"])),
        "finished": since(about["finishTime"]),
        "maps": about["mapsTotal"],
        "reduces": about["reducesTotal"],
        "shuffled": counters.get("REDUCE_SHUFFLE_BYTES", 0),
        "cpu": counters.get("CPU_MILLISECONDS", 0) / 1000,
    }


def measured(contender: Contender, turn: int, posts: Posts) -> Run:
    """Runs a contender once. One that fails ends everything."""
    output = f"{posts.lake}/out"
    command = contender.command(posts, output)
    if command[0] == "mapred":
        run("hdfs", "dfs", "-rm", "-r", "-f", "-skipTrash", output)
    load, began, start = os.getloadavg()[0], time.time(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = round(time.perf_counter() - start, 3)
    if done.returncode:
        sys.exit(f"{contender.name} ended with {done.returncode}: {' '.join(command)}\n{done.stderr[-3000:]}")
    job = job_of(done.stdout + done.stderr, began)
    return Run(contender.name, posts.name, posts.bytes, turn, wall, round(load, 2), **job)


def rounds(everyone: list[Contender], turns: int, inputs: list[Posts], *, warm: bool) -> Iterator[Run]:
    """Every contender on every input it is for, round by round, the order turned each time.

    In round 0 only the posts are read once and the program gets to the nodes; it does not count.
    """
    entries = [(each, posts) for posts in inputs for each in everyone if posts.name in each.posts]
    for turn in range(1 if warm else 0, turns + 1):
        for contender, posts in entries if turn % 2 else reversed(entries):
            if not turn and contender.name not in ("direct", "small"):
                continue
            one = measured(contender, turn, posts)
            print(
                f"round {turn}: {posts.name:<6} {contender.name:<18} {one.wall:6.2f} s  "
                f"(submitted {one.submitted}, started {one.started}, mapped {one.mapped}, reduced {one.reduced}, "
                f"finished {one.finished}; {one.maps} maps, {one.shuffled:,} B shuffled; load {one.load})",
                flush=True,
            )
            yield one


def page(runs: list[Run], inputs: list[Posts]) -> str:
    """The medians as Markdown tables, beside `wc -l` on the same posts."""
    kept = [run for run in runs if run.round]

    def of(contender: str, posts: str, what: str) -> float | None:
        values = [getattr(run, what) for run in kept if (run.contender, run.posts) == (contender, posts)]
        return statistics.median(values) if values else None

    turns, loads = max(run.round for run in runs), [run.load for run in kept]
    lines = [
        f"Medians of {turns} interleaved rounds. Load average before a run: "
        f"{min(loads):.1f} to {max(loads):.1f}, median {statistics.median(loads):.1f}.",
    ]
    steps_of = "submitted", "first task", "mapped", "reduced", "finished"
    titles = "", "wall s", "least", "most", "÷ wc -l", *steps_of, "maps", "shuffled", "CPU s"
    for posts in inputs:
        lines += ["", f"## {posts.name}: {posts.bytes / 1e6:,.0f} MB", ""]
        lines += [f"| {' | '.join(titles)} |", "|---" + "|--:" * (len(titles) - 1) + "|"]
        base = of("wc -l", posts.name, "wall")
        for name in dict.fromkeys(run.contender for run in kept if run.posts == posts.name):
            walls = [run.wall for run in kept if (run.contender, run.posts) == (name, posts.name)]
            wall = statistics.median(walls)
            steps = [of(name, posts.name, what) for what in ("submitted", "started", "mapped", "reduced", "finished")]
            maps, shuffled, cpu = (of(name, posts.name, what) for what in ("maps", "shuffled", "cpu"))
            cells = [
                *(f"{wall:.1f}", f"{min(walls):.1f}", f"{max(walls):.1f}", f"{wall / base:.2f}" if base else ""),
                *(f"{step:.1f}" if step else "" for step in steps),
                *(f"{maps:.0f}" if maps else "", f"{shuffled:,.0f}" if shuffled else "", f"{cpu:.1f}" if cpu else ""),
            ]
            lines.append(f"| {' | '.join([name, *cells])} |")
    by_name = {posts.name: posts for posts in inputs}
    if {"plain", "half"} <= by_name.keys():
        more = (by_name["plain"].bytes - by_name["half"].bytes) / 1e9
        lines += ["", "## A further GB", "", "| | s | ÷ wc -l |", "|---|--:|--:|"]
        cost = {}
        for name in dict.fromkeys(run.contender for run in kept):
            half, whole = of(name, "half", "wall"), of(name, "plain", "wall")
            if half is not None and whole is not None:
                cost[name] = (whole - half) / more
                lines.append(f"| {name} | {cost[name]:.2f} | {cost[name] / cost.get('wc -l', cost[name]):.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prepares, measures, and writes."""
    line = command_line()
    if "TOOTMILL_HDFS" not in os.environ:
        sys.exit("there is no cluster: source the file cluster.env of one that runs")
    line.out.mkdir(parents=True, exist_ok=True)
    # Tasks run as users of their own, who cannot look into a folder that is only ours.
    with tempfile.TemporaryDirectory(prefix="tootmill-cluster-") as folder:
        scratch = Path(folder)
        everyone = [each for each in contenders(line, scratch) if not line.only or each.name in line.only]
        wanted = {posts for each in everyone for posts in each.posts}
        lines = int(line.gigabytes * 1e9 / POST)
        forms = {"plain": (lines, False), "half": (lines // 2, False), "zstd": (lines, True), "tiny": (2000, True)}
        inputs = []
        for name, (count, compacted) in forms.items():
            if name in wanted:
                inputs.append(synthetic(line.tootmill, name, count, scratch))
                if not line.again:
                    put(line.tootmill, inputs[-1], compacted=compacted)
        runs = []
        with (line.out / "raw.csv").open("w", newline="") as stream:
            raw = csv.DictWriter(stream, [field.name for field in fields(Run)], lineterminator="\n")
            raw.writeheader()
            for one in rounds(everyone, line.runs, inputs, warm=line.again):
                raw.writerow(asdict(one))
                stream.flush()
                runs.append(one)
        (line.out / "summary.md").write_text(f"# Tootmill's jobs beside others on a cluster\n\n{page(runs, inputs)}")


if __name__ == "__main__":
    main()
