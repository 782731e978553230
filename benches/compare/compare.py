"""Runs Tootmill and its peers side by side on one file and writes how they compare. Needs only Python; see --help."""

import argparse
import csv
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import check

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
TOOTMILL = "tootmill"
PAIR = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..")
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]..")


@dataclass(frozen=True)
class Posts:
    """A file that contenders read."""

    path: Path
    bytes: int
    lines: int


@dataclass(frozen=True)
class Contender:
    """A program, the thread counts it can run with, and its command line for a file, threads and an output folder."""

    name: str
    threads: tuple[int, ...]
    command: Callable[[Path, int, Path], list[str]]
    makes_tables: bool = True


@dataclass(frozen=True)
class Run:
    """A line of raw.csv: seconds, and KiB at the peak."""

    contender: str
    threads: int
    round: int
    wall: float
    cpu: float
    maxrss: int
    bytes: int
    posts: int


def absolute(path: str) -> Path:
    """A path that names a program even without a slash in it."""
    return Path(path).resolve()


def command_line() -> argparse.Namespace:
    """Reads the command line."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    today = datetime.now(tz=UTC).date().isoformat()
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="example: python compare.py --file posts.jsonl --tootmill target/release/tootmill",
    )
    parser.add_argument("--file", type=Path, required=True, help="posts as JSON lines, 500 MB or more")
    parser.add_argument("--tootmill", type=absolute, required=True, help="the program")
    parser.add_argument("--floor", type=absolute, help="the program of the bare typed parses")
    parser.add_argument("--runs", type=int, default=3, help="rounds")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs" / today, help="folder for the results")
    parser.add_argument("--venv", type=absolute, default=cache / TOOTMILL / "compare-venv", help="made where missing")
    parser.add_argument("--check", action="store_true", help="run each once and only compare the tables")
    return parser.parse_args()


def environment(folder: Path) -> Path:
    """The Python of the virtual environment with the peers, which is made anew where it isn't what is required."""
    python, installed = folder / "bin" / "python", folder / REQUIREMENTS.name
    if not installed.exists() or installed.read_bytes() != REQUIREMENTS.read_bytes():
        venv.create(folder, clear=True, with_pip=True)
        options = ["--quiet", "--disable-pip-version-check", "--requirement", str(REQUIREMENTS)]
        subprocess.run([str(python), "-m", "pip", "install", *options], check=True)
        shutil.copyfile(REQUIREMENTS, installed)
    return python


def contenders(tootmill: Path, floor: Path | None, python: Path) -> list[Contender]:
    """Everyone who runs, Tootmill first."""

    def peer(script: str, *, parallel: bool = True) -> Callable[[Path, int, Path], list[str]]:
        return lambda file, threads, out: [
            *(str(python), "-B", str(HERE / script), str(file), "--out", str(out)),
            *(("--threads", str(threads)) if parallel else ()),
        ]

    def ours(file: Path, threads: int, out: Path) -> list[str]:
        options = ["--totals-only", "--threads", str(threads), "--tables", store(out), "--quiet"]
        return [str(tootmill), "run", str(file), *options]

    def bare(parser: str) -> Callable[[Path, int, Path], list[str]]:
        return lambda file, _threads, _out: [str(floor), parser, str(file)]

    return [
        Contender(TOOTMILL, (1, 2), ours),
        Contender("duckdb", (1, 2), peer("duckdb_tables.py")),
        Contender("polars", (1, 2), peer("polars_tables.py")),
        Contender("python+orjson", (1,), peer("python_mapper.py", parallel=False)),
        *(
            Contender(f"{name} parse", (1,), bare(name), makes_tables=False)
            for name in ("sonic-rs", "serde-json")
            if floor
        ),
    ]


def store(out: Path) -> str:
    """Where Tootmill puts its tables."""
    return f"sqlite:{out / 'out.db'}"


def readable(line: bytes) -> bool:
    """Whether a line is a JSON object in Unicode, without half of a surrogate pair."""
    try:
        return isinstance(json.loads(line.decode()), dict) and not SURROGATE.search(PAIR.sub(b"", line))
    except (ValueError, RecursionError):
        return False


def usable(file: Path, scratch: Path) -> tuple[Posts, int]:
    """The file without the lines that are not readable, and how many these are; also fills the page cache.

    Tootmill needs no such help, but Polars gives up on the whole file (pola-rs/polars#13768), and DuckDB loses posts.
    """
    copy, size, kept, left_out = scratch / "posts.jsonl", 0, 0, 0
    with file.open("rb") as lines, copy.open("wb") as good:
        for line in lines:
            if readable(line):
                size, kept = size + good.write(line), kept + 1
            else:
                left_out += 1
    if not left_out:
        copy.unlink()
    return Posts(copy if left_out else file, size, kept), left_out


def first(posts: Posts, scratch: Path) -> Posts:
    """A file with one post, which takes as long to read as the program takes to start."""
    path = scratch / "first.jsonl"
    with posts.path.open("rb") as lines:
        line = next(lines)
    path.write_bytes(line)
    return Posts(path, len(line), 1)


def measured(contender: Contender, threads: int, turn: int, posts: Posts, out: Path) -> Run:
    """Runs a contender and takes its time and memory from the kernel. One that fails ends everything."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command = contender.command(posts.path, threads, out)
    with (out / "log").open("w+", encoding="utf-8", errors="replace") as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{contender.name} ended with {process.returncode}: {' '.join(command)}\n{log.read()[-2000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(contender.name, threads, turn, round(wall, 3), round(cpu, 3), usage.ru_maxrss, posts.bytes, posts.lines)


def rounds(everyone: list[Contender], turns: int, inputs: tuple[Posts, ...], scratch: Path) -> Iterator[Run]:
    """Every contender with every thread count on every input, round by round, the order turned each time."""
    entries = [(contender, threads) for contender in everyone for threads in contender.threads]
    for turn in range(1, turns + 1):
        for contender, threads in entries if turn % 2 else reversed(entries):
            for posts in inputs:
                run = measured(contender, threads, turn, posts, scratch / contender.name)
                print(f"round {turn}: {run.contender}, {threads} threads, {run.posts:,} posts: {run.cpu:.2f} CPU-s")
                yield run


def checked(everyone: list[Contender], tootmill: Path, scratch: Path) -> tuple[str, bool]:
    """Compares the tables that the contenders made last."""
    dump = [str(tootmill), "tables", "dump", "--tables", store(scratch / TOOTMILL)]
    ours = check.from_dump(subprocess.run(dump, check=True, capture_output=True, text=True, encoding="utf-8").stdout)
    makers = [each.name for each in everyone if each.makes_tables and each.name != TOOTMILL]
    return check.report(ours, {name: check.from_csv(scratch / name) for name in makers})


def machine(tootmill: Path) -> str:
    """What ran where: processor, memory, kernel, versions."""
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    lock = HERE.parents[1] / "Cargo.lock"
    crates = tomllib.loads(lock.read_text())["package"] if lock.exists() else []
    version = subprocess.run([tootmill, "--version"], check=True, capture_output=True, text=True).stdout
    return "\n".join(
        [
            f"cpu: {cpu.partition(':')[2].strip()}",
            f"cores: {len(os.sched_getaffinity(0))}",
            f"memory: {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB",
            f"kernel: {platform.platform()}",
            f"load before: {os.getloadavg()[0]:.2f}",
            f"python: {platform.python_version()}",
            version.strip(),
            *REQUIREMENTS.read_text().split(),
            *(
                f"{crate['name']}=={crate['version']}"
                for crate in crates
                if crate["name"] in ("sonic-rs", "serde_json")
            ),
            "",
        ]
    )


def ratios(runs: list[Run], posts: Posts) -> str:
    """The medians as a Markdown table, each contender beside Tootmill with as many threads."""

    def middle(contender: str, threads: int, what: str, *, start_up: bool = False) -> float:
        return float(
            median(
                getattr(run, what)
                for run in runs
                if (run.contender, run.threads, run.bytes != posts.bytes) == (contender, threads, start_up)
            )
        )

    columns = "contender", "threads", "wall s", "CPU s", "start-up", "GB/CPU-s", "peak MiB", "wall ÷ ours", "CPU ÷ ours"
    lines = [f"| {' | '.join(columns)} |", "|---" + "|--:" * (len(columns) - 1) + "|"]
    by_threads = sorted(runs, key=lambda run: run.threads)
    for contender, threads in dict.fromkeys((run.contender, run.threads) for run in by_threads):
        wall, cpu, memory = (middle(contender, threads, what) for what in ("wall", "cpu", "maxrss"))
        start = middle(contender, threads, "cpu", start_up=True)
        our_wall, our_cpu = (middle(TOOTMILL, threads, what) for what in ("wall", "cpu"))
        lines.append(
            f"| {contender} | {threads} | {wall:.2f} | {cpu:.2f} | {start:.2f} | {posts.bytes / 1e9 / cpu:.2f} "
            f"| {memory / 1024:.0f} | {wall / our_wall:.2f} | {cpu / our_cpu:.2f} |"
        )
    return "\n".join(lines) + "\n"


def summary(file: Path, runs: list[Run], posts: Posts, left_out: int, tables: str) -> str:
    """The page that people read."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    turns = max(run.round for run in runs)
    return f"""# Tootmill and its peers on one file

{file.name} (sha256 `{digest}`): {posts.bytes / 1e6:,.0f} MB, {posts.lines:,} lines, without
{left_out:,} that are no JSON object or not valid Unicode: left out for all, because Polars gives up on a file with one.
Medians of {turns} interleaved rounds, the file in the page cache; the machine is in `machine.txt`, every run in
`raw.csv` (maxrss in KiB). Start-up is the CPU time for a file of one post, and part of the CPU time beside it. The peak
is never less than that of `compare.py` itself, some 20 MiB. The parses make no tables: they are a floor.

{ratios(runs, posts)}
## What they computed

Totals of each table by Tootmill, and by how much the others' differ.

{tables}"""


def main() -> None:
    """Measures and compares, or only compares."""
    line = command_line()
    everyone = contenders(line.tootmill, line.floor, environment(line.venv))
    with tempfile.TemporaryDirectory(prefix="tootmill-compare-") as folder:
        scratch = Path(folder)
        posts, left_out = usable(line.file, scratch)
        if line.check:
            for contender in (each for each in everyone if each.makes_tables):
                measured(contender, 1, 0, posts, scratch / contender.name)
            page, agree = checked(everyone, line.tootmill, scratch)
        else:
            line.out.mkdir(parents=True, exist_ok=True)
            (line.out / "machine.txt").write_text(machine(line.tootmill))
            runs = []
            with (line.out / "raw.csv").open("w", newline="") as stream:
                raw = csv.DictWriter(stream, [field.name for field in fields(Run)], lineterminator="\n")
                raw.writeheader()
                for run in rounds(everyone, line.runs, (first(posts, scratch), posts), scratch):
                    raw.writerow(asdict(run))
                    stream.flush()
                    runs.append(run)
            tables, agree = checked(everyone, line.tootmill, scratch)
            page = summary(line.file, runs, posts, left_out, tables)
            (line.out / "summary.md").write_text(page)
    print(page)
    sys.exit(not agree)


if __name__ == "__main__":
    main()
