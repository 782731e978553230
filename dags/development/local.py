"""Airflow on this machine, for development and for tests: all of it, on loopback, on free ports, in a folder of its own.

Not for production: everybody who reaches the port is an administrator, and its database is a file of SQLite.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

DAGS = Path(__file__).resolve().parent.parent

#: One of each, so that a small machine is not overrun; an operator of a larger one changes the number of slots.
POOLS = {
    "tootmill_lake": {"slots": 1, "description": "Writers of lakes and tables", "include_deferred": False},
    "tootmill_instance": {"slots": 1, "description": "Tasks that ask instances", "include_deferred": False},
}

#: Its parts. None serves logs, which would be to the whole network; the API server finds them in the folder.
PARTS = {"api-server": [], "scheduler": ["--skip-serve-logs"], "dag-processor": [], "triggerer": ["--skip-serve-logs"]}


class Local:
    """An Airflow in a folder: scheduler, API server, DAG processor and triggerer, in a session of their own."""

    def __init__(self, folder: Path, *, ends_with_us: bool = False) -> None:
        self.folder = folder.resolve()
        # The kernel asks its parts to end when this process is gone, however it went.
        self._prefix = ["setpriv", "--pdeathsig", "TERM", "--"] if ends_with_us else []
        self._environment = self.folder / "environment.json"
        self._sessions = self.folder / "sessions"

    def up(self, said: dict[str, str], patience: float = 180.0) -> str:
        """Starts it, with these variables beside those of this process, waits until all of it is well, and gives its URL."""
        if self.pids():
            message = f"an Airflow runs already in {self.folder}"
            raise SystemExit(message)
        self.folder.mkdir(parents=True, exist_ok=True)
        ours = configuration(self.folder) | said
        self._environment.touch(mode=0o600)
        self._environment.write_text(json.dumps(ours))
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in ours.items())
        path = f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"\n'
        environment = self.folder / "airflow.env"
        environment.touch(mode=0o600)
        environment.write_text(exports + path)
        self.airflow("db", "migrate")
        pools = self.folder / "pools.json"
        pools.write_text(json.dumps(POOLS))
        self.airflow("pools", "import", str(pools))
        processes: list[subprocess.Popen[bytes]] = []
        for part, arguments in PARTS.items():
            processes.append(self._start(part, arguments))
            # At once, so that what runs can be ended however far this comes.
            self._sessions.write_text("\n".join(began(process.pid) for process in processes))
        deadline = time.monotonic() + patience
        while (ill := self.ill()) and time.monotonic() < deadline:
            if any(process.poll() is not None for process in processes):
                break
            time.sleep(0.5)
        if ill:
            self.down()
            ends = "".join(f"==> {part}\n{self.log(part)[-2000:]}\n" for part in PARTS)
            message = f"Airflow did not come up, {ill} is not well; the ends of the logs:\n{ends}"
            raise SystemExit(message)
        return self.url

    def down(self) -> None:
        """Ends all of it: its parts are asked to, and killed after ten seconds."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            deadline = time.monotonic() + 10.0
            while self.pids() and time.monotonic() < deadline:
                time.sleep(0.1)
        self._sessions.unlink(missing_ok=True)

    def airflow(self, *arguments: str, timeout: float = 180.0) -> str:
        """Runs one of Airflow's own commands, and gives what it writes."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            message = f"airflow {shlex.join(arguments)} failed ({done.returncode}):\n{done.stdout}\n{done.stderr}"
            raise SystemExit(message)
        return done.stdout

    def environment(self) -> dict[str, str]:
        """The variables of its processes."""
        said: dict[str, str] = json.loads(self._environment.read_text())
        path = f"{Path(sys.executable).parent}:{said.get('PATH', os.environ['PATH'])}"
        return {**os.environ, **said, "PATH": path}

    def pids(self) -> list[int]:
        """Its processes: those of the sessions that were started, unless others have got their numbers since."""
        try:
            lines = self._sessions.read_text().splitlines()
        except FileNotFoundError:
            return []
        sessions = {int(line.split()[0]) for line in lines if is_of_now(line)}
        return [
            pid
            for pid in map(int, filter(str.isdigit, (entry.name for entry in Path("/proc").iterdir())))
            if session_of(pid) in sessions
        ]

    @property
    def url(self) -> str:
        """Where its pages and its API are."""
        return str(json.loads(self._environment.read_text())["AIRFLOW__API__BASE_URL"])

    def ill(self) -> str:
        """Which of its parts is not well, or nothing."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:
                health = json.load(answer)
        except (OSError, ValueError):
            return "the API server"
        parts = ["metadatabase", "scheduler", "dag_processor", "triggerer"]
        return ", ".join(part for part in parts if health.get(part, {}).get("status") != "healthy")

    def log(self, part: str) -> str:
        """What one of its parts wrote; tasks' logs are in the folder `logs`."""
        return (self.folder / f"{part}.log").read_text(errors="replace")

    def _start(self, part: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        # As a service would, the scheduler is started again: Airflow ends it when a backfill replaces a run that it looks at.
        again = [*self._prefix, "sh", "-c", 'while :; do "$@"; sleep 1; done', "sh"] if part == "scheduler" else []
        with (self.folder / f"{part}.log").open("wb") as log:
            return subprocess.Popen(
                [*again, *self._prefix, sys.executable, "-m", "airflow", part, *arguments],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def session_of(pid: int) -> int | None:
    """The session of a process that is there and does not only wait for its parent to see that it ended."""
    try:
        state, _parent, _group, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(session)


def began(pid: int) -> str:
    """What tells a process from all others: its number, when it began, since which start of the machine."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{pid} {ticks} {boot}"


def is_of_now(line: str) -> bool:
    """Whether the session that this process led may still be there: nobody else has its number."""
    pid, _ticks, boot = line.split()
    try:
        return began(int(pid)) == line
    except FileNotFoundError:
        # Who led it may be gone, and those that it started not.
        return boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def configuration(folder: Path) -> dict[str, str]:
    """Airflow's configuration, as the variables that it reads."""
    api = free_port()
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "PYTHONPATH": str(DAGS / "src"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        # Its parts wait for each other's transactions.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db?timeout=60",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "no_proxy": "127.0.0.1,localhost",
    }


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("folder", type=Path, help="where all of it lies")
    parser.add_argument("variables", nargs="*", metavar="NAME=VALUE", help="variables for its processes")
    arguments = parser.parse_args()
    local = Local(arguments.folder)
    if arguments.command == "up":
        url = local.up(dict(variable.split("=", 1) for variable in arguments.variables))
        print(f"Airflow is up: {url}\nto use its commands: . {local.folder}/airflow.env")
    elif arguments.command == "down":
        local.down()
    elif not local.pids():
        raise SystemExit(f"no Airflow runs in {local.folder}")
    elif ill := local.ill():
        raise SystemExit(f"not well: {ill} ({local.url})")
    else:
        print(f"all of it is well: {local.url}")


if __name__ == "__main__":
    main()
