"""What messages say."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tootmill_airflow import alerts


def context(**more: Any) -> Any:
    ti = SimpleNamespace(
        dag_id="tootmill_daily_mill_test", task_id="metrics", try_number=3, log_url="http://airflow/log", **more
    )
    return {
        "ti": ti,
        "params": {"instance": "mill.test"},
        "data_interval_start": datetime(2026, 11, 24, tzinfo=UTC),
        "exception": RuntimeError("tootmill submit: the <stone> broke"),
    }


def test_a_message_says_what_where_and_what_to_do() -> None:
    message = alerts.about_failure(context())
    assert message.subject == "[tootmill] mill.test 2026-11-24: metrics failed"
    assert message.text == (
        "tootmill submit: the <stone> broke\n\n"
        "day:         2026-11-24\n"
        "instance:    mill.test\n"
        "task:        tootmill_daily_mill_test, metrics, try 3\n"
        "log:         http://airflow/log\n"
        "what to do:  docs/operations.md#metrics-failed"
    )
    assert "&lt;stone&gt;" in message.html


def test_a_task_that_was_killed_has_words_too() -> None:
    assert "it was killed" in alerts.about_failure(context() | {"exception": None}).text


def test_a_missed_deadline_says_of_which_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"dag_run": {"data_interval_start": "2026-11-24T00:00:00Z", "dag_run_id": "scheduled__2026-11-25"}}
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow")
    message = alerts.about_deadline(run, dag="tootmill_daily_mill_test", instance="mill.test", within="6:00:00")
    assert message.subject == "[tootmill] mill.test 2026-11-24: tootmill_daily_mill_test is not done"
    assert "6:00:00" in message.text
    assert "http://airflow/dags/tootmill_daily_mill_test/runs/scheduled__2026-11-25" in message.text


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []

    class Way:
        def __init__(self, name: str, *, fails: bool) -> None:
            self.name, self.fails = name, fails

        def notify(self, _context: Any) -> None:
            sent.append(self.name)
            if self.fails:
                raise OSError(self.name)

    monkeypatch.setattr(alerts, "mail", lambda _message: Way("mail", fails=True))
    monkeypatch.setattr(alerts, "webhook", lambda _message: Way("webhook", fails=False))
    return sent


def test_one_way_that_fails_does_not_keep_the_other(sent: list[str]) -> None:
    with pytest.raises(OSError, match="mail"):
        alerts.Alert().notify(context())
    assert sent == ["mail", "webhook"]


class Hourly:
    """Runs of monitoring, with Airflow's memory of what their task said."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def fails(self, *wrong: str) -> None:
        """The next run fails, with what is wrong; none: it is well."""
        self.said.append({"wrong": list(wrong)} if wrong else {})
        before = str(len(self.said) - 2)
        hourly = context(
            get_previous_dagrun=lambda: SimpleNamespace(run_id=before) if before != "-1" else None,
            xcom_pull=lambda *, task_ids, key, run_id="-1": task_ids and self.said[int(run_id)].get(key),
            xcom_push=lambda key, value: self.said[-1].update({key: value}),
        )
        hourly["ti"].dag_id = "tootmill_monitoring_mill_test"
        if wrong:
            with contextlib.suppress(OSError):
                alerts.Alert().notify(hourly)


def test_what_goes_on_in_monitoring_is_told_once(sent: list[str]) -> None:
    hourly, both = Hourly(), ["mail", "webhook"]
    for wrong, told in [
        (["age of tag_table"], both),
        (["age of tag_table"], []),
        (["age of tag_table", "hdfs use"], both),
        (["hdfs use"], []),
        (["hdfs use"], []),
        (["age of tag_table", "hdfs use"], both),
        ([], []),
        (["hdfs use"], both),
    ]:
        sent.clear()
        hourly.fails(*wrong)
        assert sent == told, wrong


def test_what_nobody_heard_of_is_told_again(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    hourly = Hourly()
    with monkeypatch.context() as nobody:
        nobody.setattr(alerts, "webhook", lambda _message: None)
        hourly.fails("hdfs use")
        hourly.fails("hdfs use")
    assert sent == ["mail", "mail"]


@pytest.mark.parametrize("run", [{"state": "failed"}, {"state": "running", "run_type": "backfill"}])
def test_a_deadline_that_says_nothing_new_is_not_told(sent: list[str], run: dict[str, str]) -> None:
    alerts.Alert(deadline={"dag": "d", "instance": "i", "within": "w"}).notify({"dag_run": run})
    assert sent == []


def test_deadlines_are_told_from_the_triggerer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(alerts.Alert, "notify", lambda _self, context: seen.append(context))
    said = {"dag": "d", "instance": "i", "within": "w"}
    asyncio.run(alerts.Alert(deadline=said).async_notify({"dag_run": {}}))
    assert seen == [{"dag_run": {}}]
