"""Airflow on the development cluster, with an instance, a mail server and a webhook, all on loopback.

The cluster's own variables say where it is, as `cluster.env` of a development cluster has them. `TOOTMILL_BINARY` names the
program, and `TOOTMILL_MASTODON_PYTHON` a Python with mastodon-mock.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, TypeVar

import pytest
from instance import Mock, token

DAGS = Path(__file__).resolve().parents[1]
sys.path.append(str(DAGS / "development"))
INSTANCE = "mill.test"
DAILY = "tootmill_daily_mill_test"
#: How long a run may take on a machine that does much else.
PATIENCE = 600.0
ENDED = {"success", "failed"}


T = TypeVar("T")


def until(what: str, look: Callable[[], T], patience: float = PATIENCE) -> T:
    """Waits until a look gives something, and gives it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {patience} s: {what}")


class Mailbox:
    """What a mail server and a webhook were given."""

    def __init__(self) -> None:
        self.mails: list[dict[str, str]] = []
        self.hooks: list[dict[str, Any]] = []

    def about(self, words: str) -> list[dict[str, str]]:
        return [mail for mail in self.mails if words in mail["subject"]]


@pytest.fixture(scope="session")
def mailbox() -> Iterator[tuple[Mailbox, int, int]]:
    """Both servers, and their ports."""
    from aiosmtpd.controller import Controller
    from local import free_port

    box = Mailbox()

    class Sink:
        async def handle_DATA(  # noqa: N802
            self, server: Any, session: Any, envelope: Any
        ) -> str:
            mail = message_from_bytes(envelope.content, policy=policy.default)
            body = mail.get_body(("html", "plain"))
            text = body.get_content() if body else ""
            box.mails.append({"subject": str(mail["subject"]), "text": text, "to": ", ".join(envelope.rcpt_tos)})
            return "250 OK"

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            box.hooks.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    smtp = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    smtp.start()
    webhook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=webhook.serve_forever, daemon=True).start()
    yield box, smtp.port, webhook.server_port
    webhook.shutdown()
    smtp.stop()


class Deployment:
    """All of it, and how the tests talk to it."""

    def __init__(self, folder: Path, mock: Mock, mailbox: Mailbox, smtp: int, webhook: int) -> None:
        from local import Local

        self.folder, self.mock, self.mailbox = folder, mock, mailbox
        self.name = f"airflow{os.getpid()}"
        self.lake, self.tables = self.places("scheduled")
        self.local = Local(folder / "airflow", ends_with_us=True)
        self.program = folder / "program"
        self.ship(Path(os.environ["TOOTMILL_BINARY"]))
        instance = {"conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": mock.port}
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": smtp}
        how = {"disable_ssl": True, "disable_tls": True, "from_email": "tootmill@mill.test"}
        self.said = {
            # The DAGs do not change while the tests run.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            "AIRFLOW__TOOTMILL__INSTANCES": INSTANCE,
            "AIRFLOW__TOOTMILL__PROGRAM": os.environ["TOOTMILL_BINARY"],
            "AIRFLOW__TOOTMILL__RETRIES": "20",
            "AIRFLOW__TOOTMILL__RETRY_DELAY": "1",
            "AIRFLOW__TOOTMILL__MONITORING_DEADLINE": "1",
            # Whatever was loaded is too old: monitoring finds something.
            "AIRFLOW__TOOTMILL__THRESHOLDS": "--age 1e-9,1e-9 --hdfs-use inf,inf",
            # Yesterday's posts stay, or those of the day before as well where it is not five o'clock yet.
            "AIRFLOW__TOOTMILL__RETENTION": "--raw 1 --posts 1",
            "AIRFLOW__TOOTMILL__PROMETHEUS": str(folder / "prometheus"),
            "AIRFLOW_VAR_TOOTMILL_LAKE": self.lake,
            "AIRFLOW_VAR_TOOTMILL_TABLES": self.tables,
            "AIRFLOW_VAR_TOOTMILL_CONTACT": "admin@mill.test",
            "AIRFLOW_VAR_TOOTMILL_REPORTS": str(folder / "reports"),
            "AIRFLOW_VAR_TOOTMILL_ALERT_TO": "operator@mill.test",
            "AIRFLOW_CONN_TOOTMILL_INSTANCE_MILL_TEST": json.dumps(instance | {"password": token("ada")}),
            "AIRFLOW_CONN_TOOTMILL_SMTP": json.dumps(mail | {"extra": how}),
            "AIRFLOW_CONN_TOOTMILL_WEBHOOK": json.dumps(
                {"conn_type": "slackwebhook", "password": f"http://127.0.0.1:{webhook}/hook"}
            ),
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(folder / "lineage.jsonl"), "append": True}
            ),
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "tests",
            "TOOTMILL_PROGRAM": str(self.program),
        }
        self.url = ""

    def up(self) -> None:
        self.url = self.local.up(self.said)
        with urllib.request.urlopen(f"{self.url}/auth/token", timeout=30) as answer:
            self.token = json.load(answer)["access_token"]
        until("the DAG is parsed", lambda: DAILY in [dag["dag_id"] for dag in self.api("GET", "/dags")["dags"]])
        # The scheduler makes yesterday's run, at once.
        self.pause(DAILY, paused=False)

    # Places of a test's own.

    def places(self, name: str) -> tuple[str, str]:
        """A lake in HDFS, and tables in HBase."""
        thrift = f"hbase://{os.environ['TOOTMILL_THRIFT1']}?thrift2={os.environ['TOOTMILL_THRIFT2']}"
        return f"{os.environ['TOOTMILL_HDFS']}/{self.name}/{name}", f"{thrift}&namespace={self.name}{name}"

    def ship(self, program: Path | str) -> None:
        """Makes a file, or the text of a script, the program that jobs ship to the cluster."""
        new = self.program.with_suffix(".new")
        new.unlink(missing_ok=True)
        if isinstance(program, Path):
            os.link(program, new) if program.stat().st_dev == self.folder.stat().st_dev else new.symlink_to(program)
        else:
            new.write_text(program)
            new.chmod(0o755)
        new.rename(self.program)

    # The program.

    def tootmill(self, *arguments: str, lake: str = "", tables: str = "") -> str:
        """Runs a command over a lake, to its end."""
        environment = os.environ | {
            "TOOTMILL_LAKE": lake or self.lake,
            "TOOTMILL_TABLES": tables or self.tables,
            "TOOTMILL_INSTANCE": INSTANCE,
            "TOOTMILL_FROM": self.mock.url,
            "TOOTMILL_CONTACT": "admin@mill.test",
        }
        binary = os.environ["TOOTMILL_BINARY"]
        done = subprocess.run([binary, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def begin(self, lake: str = "") -> str:
        """What an operator does by hand when an instance is added: reads the rules, and collects for the first time."""
        first = (date.today() - timedelta(days=6)).isoformat()
        return self.tootmill("collect", "--since", first, "--accept-rules", "--requests-per-minute", "0", lake=lake)

    def dump(self, tables: str = "") -> Any:
        return json.loads(self.tootmill("tables", "dump", tables=tables))

    # Airflow.

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Airflow's own API, once more where its SQLite was busy with somebody else's transaction."""
        request = urllib.request.Request(
            f"{self.url}/api/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )

        def answered() -> list[Any]:
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return [json.loads(answer.read() or b"null")]
            except urllib.error.HTTPError as error:
                if error.code != http.HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                return []

        return until(f"{method} {path} is answered", answered, 180)[0]

    def pause(self, dag: str, paused: bool) -> None:
        self.api("PATCH", f"/dags/{dag}", {"is_paused": paused})

    def runs(self, dag: str = DAILY) -> list[dict[str, Any]]:
        return list(self.api("GET", f"/dags/{dag}/dagRuns?limit=100")["dag_runs"])

    def scheduled(self, dag: str) -> list[str]:
        """The runs that the scheduler has made of a DAG, of which the first is that of the last interval, at once."""
        made = lambda: [run for run in (run["dag_run_id"] for run in self.runs(dag)) if run.startswith("scheduled__")]  # noqa: E731
        return until("the scheduler makes a run", made, 120)

    def backfill(self, first: date, last: date, *, at_once: int = 1, backwards: bool = False, **conf: str) -> list[str]:
        """Runs the days again or for the first time, and gives the runs' ids."""
        body = {
            "dag_id": DAILY,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T00:00:00Z",
            "run_backwards": backwards,
            "max_active_runs": at_once,
            "reprocess_behavior": "completed",
            "dag_run_conf": conf,
        }
        # A day whose run goes on is passed over by a backfill.
        self.idle()
        before = {run["dag_run_id"]: run["queued_at"] for run in self.runs()}

        def created() -> bool:
            # Airflow has one backfill of a DAG at a time, and sees the end of one a moment after its runs'.
            try:
                self.api("POST", "/backfills", body)
            except urllib.error.HTTPError as error:
                if error.code != http.HTTPStatus.CONFLICT:
                    raise
                return False
            return True

        until("the backfill begins", created, 120)
        days = (last - first).days + 1
        new = lambda: [run["dag_run_id"] for run in self.runs() if before.get(run["dag_run_id"]) != run["queued_at"]]  # noqa: E731
        return until("the backfill has runs", lambda: found if len(found := new()) == days else [], 60)

    def idle(self) -> None:
        """Waits until no run goes on; the first is the scheduler's own."""
        until("no run goes on", lambda: (runs := self.runs()) and all(run["state"] in ENDED for run in runs))

    def trigger(self, dag: str, hours: int = 3) -> str:
        """Runs a DAG by hand, as of some hours ago."""
        before = datetime.now(UTC) - timedelta(hours=hours)
        run = self.api("POST", f"/dags/{dag}/dagRuns", {"logical_date": before.isoformat()})
        return str(run["dag_run_id"])

    def ended(self, run: str, dag: str = DAILY) -> str:
        """How a run ended, which this waits for."""
        path = f"/dags/{dag}/dagRuns/{urllib.parse.quote(run)}"
        return str(until(f"{run} ends", lambda: state if (state := self.api("GET", path)["state"]) in ENDED else ""))

    def tasks(self, run: str, dag: str = DAILY) -> dict[str, dict[str, Any]]:
        found = self.api("GET", f"/dags/{dag}/dagRuns/{urllib.parse.quote(run)}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def tries(self, task: str) -> int:
        """How often a task of yesterday's run was tried until now; Airflow goes on counting when a run is done again."""
        runs = [run["dag_run_id"] for run in self.runs()]
        return max(int(self.tasks(run)[task]["try_number"]) for run in runs)

    def states(self, run: str, dag: str = DAILY) -> dict[str, str]:
        return {name: task["state"] for name, task in self.tasks(run, dag).items()}

    def log(self, run: str, task: str, attempt: int = 1) -> str:
        path = f"/dags/{DAILY}/dagRuns/{urllib.parse.quote(run)}/taskInstances/{task}/logs/{attempt}?full_content=true"
        return "\n".join(str(line.get("event", line)) + str(line) for line in self.api("GET", path)["content"])

    def xcom(self, run: str, task: str, key: str) -> Any:
        path = f"/dags/{DAILY}/dagRuns/{urllib.parse.quote(run)}/taskInstances/{task}/xcomEntries/{key}"
        return self.api("GET", path)["value"]

    # YARN, and this machine.

    def applications(self) -> list[dict[str, Any]]:
        """What runs on the cluster for the instance."""
        active = "states=NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING"
        with urllib.request.urlopen(f"{os.environ['TOOTMILL_RESOURCE_MANAGER']}/ws/v1/cluster/apps?{active}") as answer:
            applications = (json.load(answer)["apps"] or {}).get("app", [])
        return [each for each in applications if each["name"].endswith(f" of {INSTANCE}")]

    def processes(self) -> list[int]:
        """Processes of the program that the tasks started."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if (
                command[0] == os.environ["TOOTMILL_BINARY"].encode()
                and str(self.lake.rpartition("/")[0]).encode() in environment
            ):
                found.append(int(entry.name))
        return found


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory, mailbox: tuple[Mailbox, int, int]) -> Iterator[Deployment]:
    """All of it, with three days of posts of which the last was yesterday; the daily run is on."""
    folder = tmp_path_factory.mktemp("deployment")
    mock = Mock(folder)
    deployment = Deployment(folder, mock, *mailbox)
    try:
        mock.fill(yesterday(), days=3, posts=12)
        deployment.begin()
        deployment.up()
        yield deployment
    finally:
        deployment.local.down()
        mock.stop()


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)
