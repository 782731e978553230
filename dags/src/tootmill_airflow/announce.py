"""What others hear of a run that went well: events of the tables' assets, and numbers for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import get_current_context, task
from prometheus_client import CollectorRegistry, Gauge

from tootmill_airflow import pipeline, settings
from tootmill_airflow.numbers import publish

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import XComArg

#: The tasks whose seconds and outcomes are told.
STAGES = ["check", "collect", "refresh", "compact", "metrics", "merge", "load", "verify"]


def announce(instance: str, kind: str = "run") -> XComArg:
    """The task of an instance's DAG that says so."""

    @task(task_id="announce", outlets=[pipeline.tables_alias(instance)])
    def tell() -> None:
        context = get_current_context()
        ti = context["ti"]
        day = cast("datetime", context["data_interval_start"])
        tables = [metric["table"] for metric in ti.xcom_pull(task_ids="metrics_list")]
        for table in tables:
            event = context["outlet_events"][pipeline.tables_alias(instance)]
            event.add(pipeline.table_asset(instance, table), extra={"date": day.strftime("%Y-%m-%d")})
        stages = [stage for stage in STAGES if stage in context["dag"].task_dict]
        outcomes = {stage: ti.xcom_pull(task_ids=stage) or {} for stage in stages}
        seconds = {stage: ti.xcom_pull(task_ids=stage, key="seconds") for stage in stages}
        now = context["ti"].start_date.timestamp()
        numbers = numbers_of_run(instance, day.timestamp(), now, outcomes, seconds, kind)
        publish(numbers, settings.name(kind, instance))

    return tell()


def numbers_of_run(
    instance: str, day: float, now: float, outcomes: dict[str, Any], seconds: dict[str, float], kind: str = "run"
) -> CollectorRegistry:
    """What a run counted, as gauges: of each kind of run only the last is there."""
    registry = CollectorRegistry()

    def gauge(name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"tootmill_{kind}_{name}", says, ["instance", *labels], registry=registry)

    took = gauge("stage_seconds", "Seconds that a stage of the last run took", "stage")
    for stage, time in seconds.items():
        took.labels(instance, stage).set(time)
    counters = gauge("total", "What the totals of all days counted at the last run", "counter")
    for counter, count in outcomes["merge"].get("counters", {}).items():
        counters.labels(instance, counter).set(count)
    gauge("rows", "Rows of all metric tables together").labels(instance).set(outcomes["merge"].get("rows", 0))
    gauge("day_timestamp_seconds", "Start of the day that the last run was about").labels(instance).set(day)
    gauge("last_success_timestamp_seconds", "When the last run came to its end").labels(instance).set(now)
    return registry
