"""Days that are run by a real Airflow on a real cluster, and what becomes of them when something breaks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from datetime import timedelta

import grafana
import pictures
import pytest
from deployment import DAILY, Deployment, until, yesterday
from instance import token

pytestmark = pytest.mark.deployment

REFRESH, MONITORING, RETENTION = (f"tootmill_{kind}_mill_test" for kind in ("refresh", "monitoring", "retention"))
STAGES = ["check", "collect", "compact", "metrics", "merge", "load", "verify", "report"]


def test_a_scheduled_day_runs_green_and_the_tables_are_right(deployment: Deployment) -> None:
    [run] = deployment.scheduled(DAILY)
    assert deployment.ended(run) == "success", deployment.states(run)
    assert set(deployment.states(run).values()) == {"success"}
    theirs, ours = deployment.mock.tables(), deployment.dump()
    for table, rows in theirs.items():
        assert ours[table] == rows, table
    assert len(theirs["tag_table"]) == 3
    day = yesterday().isoformat()
    assert deployment.xcom(run, "metrics", "return_value")["days"][day]["counters"]["posts"] == 12
    link = deployment.xcom(run, "metrics", "_link_YarnLink")
    assert "application_" in link
    assert link in deployment.log(run, "metrics", deployment.tasks(run)["metrics"]["try_number"])
    assert token("ada") not in "".join(deployment.log(run, stage) for stage in ["check", "collect"])
    rendered = json.dumps(deployment.tasks(run)["collect"]["rendered_fields"])
    assert "TOOTMILL_LAKE" in rendered
    assert token("ada") not in rendered
    assert (deployment.folder / "reports" / "mill.test.html").stat().st_size > 1000
    says_what_was_read_and_written(deployment, day)
    says_numbers(deployment)
    assets = {event["name"]: event for event in deployment.api("GET", "/assets/events?limit=100")["asset_events"]}
    assert assets["tootmill/mill.test/posts"]["extra"]["date"] == day
    assert assets["tootmill/mill.test/tag_table"]["extra"] == {"date": day}
    assert len(assets) == 8
    grid, graph = pictures.taken(deployment.url, DAILY, run)
    assert min(grid.stat().st_size, graph.stat().st_size) > 20_000
    if wanted := os.environ.get("TOOTMILL_AIRFLOW_PICTURE"):
        shutil.copy(graph, wanted)


def says_what_was_read_and_written(deployment: Deployment, day: str) -> None:
    lines = (deployment.folder / "lineage.jsonl").read_text().splitlines()
    events = [event for event in map(json.loads, lines) if event["eventType"] == "COMPLETE"]
    written = {event["job"]["name"]: [each["name"] for each in event["outputs"]] for event in events}
    read = {event["job"]["name"]: [each["name"] for each in event["inputs"]] for event in events}
    place = deployment.lake.partition("//")[2].partition("/")[2]
    assert written[f"{DAILY}.compact"] == [f"/{place}/mill.test/posts/date={day}"]
    assert read[f"{DAILY}.metrics"] == [f"/{place}/mill.test/posts/date={day}"]
    assert "tag_table" in written[f"{DAILY}.load"]
    assert len(written[f"{DAILY}.load"]) == 7


def says_numbers(deployment: Deployment) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    text = (deployment.folder / "prometheus" / "tootmill_run_mill_test.prom").read_text()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    numbers = {(one.name, *sorted(one.labels.items())): one.value for one in samples}
    of = ("instance", "mill.test")
    assert numbers["tootmill_run_total", ("counter", "posts"), of] == 36
    assert numbers["tootmill_run_stage_seconds", of, ("stage", "metrics")] > 1
    assert abs(numbers["tootmill_run_last_success_timestamp_seconds", of] - time.time()) < 600
    rows = sum(map(len, deployment.dump().values()))
    assert numbers["tootmill_run_rows", of] == rows
    file = deployment.folder / "status.prom"
    deployment.tootmill("status", "--hdfs-use", "inf,inf", "--prometheus", str(file))
    told = samples + [one for family in text_string_to_metric_families(file.read_text()) for one in family.samples]
    labels: dict[str, set[str]] = {}
    for sample in told:
        labels.setdefault(sample.name, set()).update(sample.labels)
    for name, asked in grafana.asked():
        assert name in labels, f"the dashboard asks for {name}, which nothing tells"
        assert asked <= labels[name] | {""}, (name, asked)


def test_a_second_look_brings_the_tables_up_to_date(deployment: Deployment) -> None:
    deployment.idle()
    before = deployment.dump()
    # One of ada's, the only one whom others follow.
    loved = deployment.mock.ids()[2]
    for name in ["bo", "cy", "dan"]:
        deployment.mock.call("POST", f"/api/v1/statuses/{loved}/favourite", name, {})
    deployment.pause(REFRESH, paused=False)
    try:
        [run] = deployment.scheduled(REFRESH)
        assert deployment.ended(run, REFRESH) == "success", deployment.states(run, REFRESH)
    finally:
        deployment.pause(REFRESH, paused=True)
    assert set(deployment.states(run, REFRESH).values()) == {"success"}
    theirs, ours = deployment.mock.tables(), deployment.dump()
    assert ours != before
    for table, rows in theirs.items():
        assert ours[table] == rows, table


def test_a_day_with_far_fewer_posts_is_told(deployment: Deployment) -> None:
    lake, tables = deployment.places("few")
    of_yesterday = deployment.mock.ids()[-12:]
    moved, there = ", ".join(map(str, of_yesterday[:9])), "UPDATE statuses SET created_at = datetime(created_at, '{}')"
    deployment.mock.sql(f"{there.format('-2 days')} WHERE id IN ({moved})")
    try:
        deployment.begin(lake)
    finally:
        deployment.mock.sql(f"{there.format('+2 days')} WHERE id IN ({moved})")
    [run] = deployment.backfill(yesterday(), yesterday(), mode="local", lake=lake, tables=tables)
    assert deployment.ended(run) == "failed"
    states = deployment.states(run)
    assert {task for task, state in states.items() if state != "success"} == {"look"}, states
    until("the mail comes", lambda: deployment.mailbox.about("look failed"), 60)
    [mail] = deployment.mailbox.about("look failed")
    assert mail["subject"] == f"[tootmill] mill.test {yesterday()}: look failed"
    assert "operations.md#look-failed" in mail["text"]
    assert "3 posts" in mail["text"]


def test_days_out_of_order_end_in_the_same_bytes(deployment: Deployment) -> None:
    days = [yesterday() - timedelta(days=back) for back in (2, 1, 0)]
    lake, tables = deployment.places("backwards")
    deployment.begin(lake)
    where = {"lake": lake, "tables": tables, "mode": "local"}
    runs = deployment.backfill(days[0], days[-1], at_once=3, backwards=True, **where)
    assert {deployment.ended(run) for run in runs} == {"success"}, [deployment.states(run) for run in runs]
    lake, in_order = str(deployment.folder / "lake"), f"sqlite:{deployment.folder}/in_order.db"
    deployment.begin(lake)
    for day in days:
        deployment.tootmill("daily", "--date", day.isoformat(), lake=lake, tables=in_order)
    for family in ["data", "day"]:
        dump = ["tables", "dump", "--family", family]
        assert deployment.tootmill(*dump, tables=tables) == deployment.tootmill(*dump, tables=in_order)


def test_a_failing_mapper_is_red_with_its_own_error_and_one_mail(deployment: Deployment) -> None:
    lake, tables = deployment.places("failing")
    deployment.begin(lake)
    deployment.idle()
    before = deployment.tries("metrics")
    deployment.ship('#!/bin/sh\ncat > /dev/null\necho "error: the millstone is cracked" >&2\nexit 1\n')
    try:
        [run] = deployment.backfill(yesterday(), yesterday(), lake=lake, tables=tables)
        assert deployment.ended(run) == "failed"
    finally:
        deployment.ship(binary())
    task = deployment.tasks(run)["metrics"]
    assert task["state"] == "failed"
    # A small job runs in its application's master, which Hadoop may halt with it, so that nobody knows what its task said:
    # then it is tried again. What fails for good is not tried to the end, which is twenty times here.
    assert 1 <= task["try_number"] - before < 10
    assert deployment.states(run)["load"] == "upstream_failed"
    assert "the millstone is cracked" in deployment.log(run, "metrics", task["try_number"])
    subject = f"[tootmill] mill.test {yesterday()}: metrics failed"
    until("the mail comes", lambda: deployment.mailbox.about("metrics failed"), 60)
    time.sleep(5)
    [mail] = deployment.mailbox.about("metrics failed")
    assert mail["subject"] == subject
    assert mail["to"] == "operator@mill.test"
    for words in ["the millstone is cracked", "operations.md#metrics-failed", deployment.url]:
        assert words in mail["text"], mail["text"]
    [hook] = [hook for hook in deployment.mailbox.hooks if "metrics failed" in hook["text"]]
    assert subject in hook["text"]


def test_what_monitoring_finds_is_told_once_while_it_goes_on(deployment: Deployment) -> None:
    deployment.idle()
    deployment.pause(MONITORING, paused=False)
    try:
        [run] = deployment.scheduled(MONITORING)
        assert deployment.ended(run, MONITORING) == "failed"
        assert deployment.ended(deployment.trigger(MONITORING, hours=0), MONITORING) == "failed"
    finally:
        deployment.pause(MONITORING, paused=True)
    time.sleep(5)
    [mail] = deployment.mailbox.about("status failed")
    assert "tag_table" in mail["text"]
    assert "operations.md#status-failed" in mail["text"]
    assert 'level="error"' in (deployment.folder / "prometheus" / "tootmill_status_mill_test.prom").read_text()


def test_a_missed_deadline_is_told_and_the_run_goes_on(deployment: Deployment) -> None:
    deployment.pause(MONITORING, paused=False)
    run = deployment.trigger(MONITORING, hours=9)
    until("the mail comes", lambda: deployment.mailbox.about(f"{MONITORING} is not done"), 120)
    assert deployment.ended(run, MONITORING) in {"success", "failed"}
    deployment.pause(MONITORING, paused=True)
    [mail, *_] = deployment.mailbox.about(f"{MONITORING} is not done")
    assert "0:00:01 after its interval had ended" in mail["text"]
    assert "operations.md#not-done-in-time" in mail["text"]


@pytest.mark.parametrize("how", ["by its operator", "by a crash"])
def test_a_task_that_is_killed_leaves_nothing(deployment: Deployment, how: str) -> None:
    lake, tables = deployment.places("killed" + how.replace(" ", ""))
    deployment.begin(lake)
    deployment.idle()
    deployment.ship("#!/bin/sh\nexec sleep 600\n")
    try:
        [run] = deployment.backfill(yesterday(), yesterday(), lake=lake, tables=tables)
        until("the job runs", lambda: [app for app in deployment.applications() if app["state"] == "RUNNING"])
        [pid] = deployment.processes()
        before = deployment.tries("metrics")
        if how == "by its operator":
            path = f"/dags/{DAILY}/dagRuns/{run}/taskInstances/metrics"
            deployment.api("PATCH", path, {"new_state": "failed"})
        else:
            os.kill(parent(pid), signal.SIGKILL)
        until("the program is gone", lambda: pid not in deployment.processes(), 60)
        until("the application is gone", lambda: not deployment.applications(), 60)
    finally:
        deployment.ship(binary())
    if how == "by a crash":
        assert deployment.ended(run) == "success", "a new try goes on"
        assert deployment.tries("metrics") == before + 1


def test_hbase_that_is_down_for_a_while_is_ridden_out(deployment: Deployment) -> None:
    lake, tables = deployment.places("down")
    deployment.begin(lake)
    deployment.idle()
    before = deployment.tries("load")
    [run] = deployment.backfill(yesterday(), yesterday(), lake=lake, tables=tables)
    until("the job runs", lambda: deployment.states(run)["metrics"] == "running")
    cluster("stop", "thrift1")
    try:
        until("the load wants another try", lambda: deployment.states(run)["load"] == "up_for_retry")
        time.sleep(10)
    finally:
        cluster("start", "thrift1")
    assert deployment.ended(run) == "success", deployment.states(run)
    assert deployment.tries("load") >= before + 2
    assert len(deployment.dump(tables)["tag_table"]) == 3


def test_what_has_been_there_for_long_enough_goes(deployment: Deployment) -> None:
    deployment.idle()
    before = deployment.dump()
    deployment.pause(RETENTION, paused=False)
    try:
        [run] = deployment.scheduled(RETENTION)
        assert deployment.ended(run, RETENTION) == "success", deployment.states(run, RETENTION)
    finally:
        deployment.pause(RETENTION, paused=True)
    entries = json.loads(deployment.tootmill("gdpr", "log", "--json"))
    [entry] = [entry for entry in entries if entry["what"] == "tootmill retain"]
    oldest, day = (yesterday() - timedelta(days=2)).isoformat(), yesterday().isoformat()
    assert oldest in entry["days"]
    assert day not in entry["days"]
    assert entry["counts"]["posts_days"] == len(entry["days"])
    assert deployment.dump() == before, "what was counted stays"


def cluster(*arguments: str) -> None:
    xtask = os.environ.get("TOOTMILL_XTASK", "cargo xtask").split()
    subprocess.run([*xtask, "cluster", "--dir", os.environ["TOOTMILL_CLUSTER"], *arguments], check=True)


def binary():  # noqa: ANN201
    from pathlib import Path

    return Path(os.environ["TOOTMILL_BINARY"])


def parent(pid: int) -> int:
    from pathlib import Path

    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
