"""The DAGs as Airflow parses them: without errors, with what an operator is promised."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAGS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def dags() -> dict[str, DAG]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_there_are_four(dags: dict[str, DAG]) -> None:
    assert sorted(dags) == [f"tootmill_{kind}_mill_test" for kind in ("daily", "monitoring", "refresh", "retention")]


def test_the_daily_run_is_the_picture_of_the_design(dags: dict[str, DAG]) -> None:
    dag = dags["tootmill_daily_mill_test"]
    stages = ["check", "collect", "compact", "metrics", "merge", "load", "verify", "report"]
    for before, after in pairwise(stages):
        assert after in dag.get_task(before).downstream_task_ids
    assert len(dag.tasks) == len(stages) + 3


def test_every_task_is_bounded_and_tells_of_its_failure(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert not dag.catchup
        assert dag.deadline
        for task in dag.tasks:
            assert timedelta(0) < task.execution_timeout <= timedelta(hours=8), task
            assert task.retries > 0, task
            assert task.retry_exponential_backoff, task
            assert task.max_retry_delay, task
            assert task.on_failure_callback, task
            assert not task.depends_on_past, task
            assert not task.wait_for_downstream, task


def test_one_task_at_a_time_writes(dags: dict[str, DAG]) -> None:
    writers = {"compact", "metrics", "merge", "load", "verify", "retain"}
    for dag in dags.values():
        for task in dag.tasks:
            assert (task.pool == "tootmill_lake") == (task.task_id in writers), task
            assert (task.pool == "tootmill_instance") == (task.task_id in {"collect", "refresh"}), task


def test_no_task_looks_at_the_clock(dags: dict[str, DAG]) -> None:
    for file in [*DAGS.glob("*.py"), *(DAGS / "src").rglob("*.py")]:
        assert not re.search(r"\bnow\(|today\(|utcnow|time\.time\(", file.read_text()), file
    for dag in dags.values():
        for task in dag.tasks:
            words = " ".join(getattr(task, "arguments", []))
            assert not re.search(r"\bnow\b|\btoday\b|logical_date|execution_date|\{\{ ds \}\}", words), words


def test_every_task_has_its_section_in_the_runbook(dags: dict[str, DAG]) -> None:
    page = (DAGS.parent / "docs" / "operations.md").read_text()
    sections = {heading.replace(" ", "-") for heading in re.findall(r"^### (.+)$", page, re.MULTILINE)}
    from tootmill_airflow.alerts import section

    tasks = {section(task.task_id) for dag in dags.values() for task in dag.tasks}
    assert sections == tasks | {"not-done-in-time"}


def test_without_an_instance_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from tootmill_airflow import settings

    monkeypatch.setenv("AIRFLOW__TOOTMILL__INSTANCES", "")
    with pytest.raises(ValueError, match=r"AIRFLOW__TOOTMILL__INSTANCES=mastodon\.example"):
        settings.instances()
