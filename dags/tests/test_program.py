"""Programs that succeed, fail, hang, and are left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tootmill_airflow.program import Program, last_words


def run(script: str) -> tuple[object, list[str]]:
    lines: list[str] = []
    return Program(["sh", "-c", script], os.environ).wait(lines.append), lines


def test_output_and_lines_are_kept_apart() -> None:
    ended, lines = run("echo '{}'; echo one >&2; printf 'two' >&2")
    assert (ended.code, ended.output, lines) == (0, "{}\n", ["one", "two"])


def test_the_error_is_the_last_words() -> None:
    ended, _ = run("echo old >&2; printf 'error: it broke\\nerror: quoted\\n  try that\\n' >&2; exit 75")
    assert ended.error == "it broke\nerror: quoted\n  try that"
    assert ended.is_worth_a_retry
    assert last_words(["a", "b", ""]) == "b"
    assert last_words([]) == "it said nothing"


def test_which_ends_are_worth_another_try() -> None:
    assert [run(f"exit {code}")[0].is_worth_a_retry for code in (1, 2, 75, 130)] == [False, False, True, True]
    assert run("kill -9 $$")[0].is_worth_a_retry


def test_much_output_does_not_block() -> None:
    ended, lines = run("head -c 3000000 /dev/zero | tr '\\0' x; seq 50000 >&2")
    assert (len(ended.output), len(lines)) == (3_000_000, 50_000)


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert run("printf '\\377\\n' >&2")[1] == ["\ufffd"]


def test_end_ends_what_was_started() -> None:
    program = Program(["sh", "-c", "sleep 1000 & echo $! >&2; wait"], os.environ)
    lines: list[str] = []
    waiting = threading.Thread(target=program.wait, args=[lines.append])
    waiting.start()
    while not lines:
        time.sleep(0.01)
    program.end()
    waiting.join(10)
    assert not waiting.is_alive()
    assert gone(int(lines[0]))


def test_it_ends_with_the_process_that_started_it() -> None:
    script = (
        "import os, sys; from tootmill_airflow.program import Program; "
        "Program(['sh', '-c', 'echo $$ >&2; exec sleep 1000'], os.environ).wait(lambda line: print(line, flush=True))"
    )
    source = str(Path(__file__).resolve().parents[1] / "src")
    environment = os.environ | {"PYTHONPATH": source}
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment)
    assert starter.stdout
    pid = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert gone(pid)


def gone(pid: int) -> bool:
    """Whether a process ends soon."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False
