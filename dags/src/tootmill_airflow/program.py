"""A program that runs for us: it ends when we end, and what it says is passed on as it comes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

#: Exit code of a failure that may pass, such as a server that does not answer: `EX_TEMPFAIL` of BSD's sysexits.
WORTH_A_RETRY = 75

#: For how many seconds a program that was asked to end may take, as to end its job on the cluster, before it is killed.
#: Airflow kills a task's own process after five; what goes on then is the program's own way to its end.
GRACE = 30.0


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (negative: minus the signal's number), standard output, and last words."""

    code: int
    output: str
    #: From the first line that begins with `error:` on, without that word; or the last line.
    error: str

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether another try may succeed: it says so itself, or somebody killed it."""
        return self.code == WORTH_A_RETRY or self.code < 0 or self.code == 128 + signal.SIGINT


class Program:
    """A program, started in a session of its own, so that whatever it started can be ended with it."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        # The kernel asks it to end when we are gone, however we went: nothing else runs after a SIGKILL.
        setpriv = shutil.which("setpriv")
        with_us = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        self._process = subprocess.Popen(
            [*with_us, *argv],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._stdout, self._stderr = (cast("IO[str]", pipe) for pipe in (self._process.stdout, self._process.stderr))

    def wait(self, tell: Callable[[str], None]) -> Ended:
        """Waits for the end, and tells each line of standard error as it comes."""
        output: list[str] = []
        reader = threading.Thread(target=lambda: output.append(self._stdout.read()))
        reader.start()
        lines: deque[str] = deque(maxlen=200)
        for line in self._stderr:
            lines.append(line.rstrip())
            tell(lines[-1])
        code = self._process.wait()
        reader.join()
        return Ended(code, "".join(output), last_words(lines))

    def end(self) -> None:
        """Asks the program and all that it started to end, and kills what does not."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def last_words(lines: Sequence[str]) -> str:
    """What a program said of its failure: the lines from the first `error:` on, or else the last line that is not empty.

    The first, because what a task on the cluster wrote may be quoted behind it.
    """
    said = [line for line in lines if line.strip()]
    begins = [number for number, line in enumerate(said) if line.startswith("error:")]
    if not begins:
        return said[-1] if said else "it said nothing"
    return "\n".join(said[begins[0] :]).removeprefix("error:").strip()
