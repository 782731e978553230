"""What the DAGs have in common: how one is made, and each stage of the way from posts to tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, AssetAlias, CronDataIntervalTimetable, Param

from tootmill_airflow import alerts, settings
from tootmill_airflow.operator import StatusOperator, TootmillOperator

#: A place in the lake, and a table of the run, as URIs.
LAKE = "{{ (params.lake or var.value.tootmill_lake) }}/{{ params.instance }}/"
TABLES = (
    "{% for metric in ti.xcom_pull(task_ids='metrics_list') or [] %}"
    "{{ params.tables or var.value.tootmill_tables }}#{{ metric.table }} {% endfor %}"
)
#: The day that a run is about: that on which its interval begins. No task looks at the clock.
DAY = "{{ data_interval_start | ds }}"


def dag(kind: str, instance: str, *, cron: str, period: timedelta, within: timedelta, doc: str | None) -> DAG:
    """A DAG of an instance, with what all of them have: runs of a period, each to be done within a time after its end.

    Days may be done in any order and again, so nothing waits for the day before.
    """
    dag_id = settings.name(kind, instance)
    return DAG(
        dag_id,
        schedule=CronDataIntervalTimetable(cron, timezone="UTC"),
        start_date=pendulum.datetime(2016, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        doc_md=doc,
        tags=["tootmill", kind, instance],
        params=params(instance),
        deadline=alerts.deadline(dag_id, instance, period, settings.deadline(kind, within)),
        default_args={
            **settings.retries(),
            "execution_timeout": timedelta(hours=2),
            "on_failure_callback": alerts.Alert(),
        },
    )


def params(instance: str) -> dict[str, Param]:
    """What can be said of one run, by whoever triggers it."""
    where: dict[str, Any] = {"type": ["null", "string"], "default": None}
    return {
        "instance": Param(instance, const=instance, title="Instance"),
        "lake": Param(
            **where, title="Lake", description="instead of the variable tootmill_lake: a folder, or hdfs://…"
        ),
        "tables": Param(
            **where,
            title="Tables",
            description="instead of the variable tootmill_tables: sqlite:FILE, or hbase://HOST:PORT",
        ),
        "mode": Param(
            "auto",
            enum=["auto", "local", "yarn"],
            title="Where stages compute",
            description="auto: on the cluster where the lake is in HDFS, and what is small in one process",
        ),
    }


def posts_asset(instance: str) -> Asset:
    """The posts of an instance in the lake. Its events have the day as their extra `date`."""
    return Asset(name=f"tootmill/{instance}/posts", uri=f"x-tootmill://{instance}/posts")


def table_asset(instance: str, table: str) -> Asset:
    """A table of an instance."""
    return Asset(name=f"tootmill/{instance}/{table}", uri=f"x-tootmill://{instance}/tables/{table}")


def tables_alias(instance: str) -> AssetAlias:
    """Stands for the tables of an instance, of which only the program knows the names."""
    return AssetAlias(name=settings.name("tables", instance))


# The stages, each a task that is the command of its name.


def check(instance: str) -> TootmillOperator:
    """Does everything answer that the run needs?"""
    return TootmillOperator(task_id="check", arguments=["check"], instance_conn_id=settings.name("instance", instance))


def metrics_list() -> TootmillOperator:
    """Which metrics there are, and so which tables."""
    return TootmillOperator(task_id="metrics_list", arguments=["metrics", "list"])


def collect(instance: str, *more: str, task_id: str = "collect") -> TootmillOperator:
    """Posts from the instance into the lake, raw."""
    return TootmillOperator(
        task_id=task_id,
        arguments=["collect", *settings.policy(), *more],
        instance_conn_id=settings.name("instance", instance),
        pool=settings.INSTANCE_POOL,
        execution_timeout=timedelta(hours=8),
        writes=[LAKE + "raw"],
    )


def compact(instance: str) -> TootmillOperator:
    """Observations into posts."""
    return TootmillOperator(
        task_id="compact",
        arguments=["compact"],
        pool=settings.LAKE_POOL,
        outlets=[posts_asset(instance)],
        reads=[LAKE + "raw"],
        writes=[LAKE + "posts/date=" + DAY],
    )


def metrics(until: str = DAY) -> TootmillOperator:
    """Posts into each day's states: map, and reduce. Days before are computed again where a post came late."""
    return TootmillOperator(
        task_id="metrics",
        arguments=["submit", "--until", until],
        pool=settings.LAKE_POOL,
        execution_timeout=timedelta(hours=6),
        reads=[LAKE + "posts/date=" + until],
        writes=[LAKE + "states/date=" + until],
    )


def merge() -> TootmillOperator:
    """The days' states into those of all days."""
    return TootmillOperator(
        task_id="merge",
        arguments=["merge"],
        pool=settings.LAKE_POOL,
        reads=[LAKE + "states/date=" + DAY],
        writes=[LAKE + "totals", LAKE + "rows"],
    )


def load() -> TootmillOperator:
    """Rows into the tables."""
    return TootmillOperator(
        task_id="load", arguments=["load"], pool=settings.LAKE_POOL, reads=[LAKE + "rows"], writes=[TABLES]
    )


def verify() -> TootmillOperator:
    """The tables read back, against the rows."""
    return TootmillOperator(
        task_id="verify", arguments=["load", "--verify"], pool=settings.LAKE_POOL, reads=[LAKE + "rows", TABLES]
    )


def retain() -> TootmillOperator:
    """What has been there for long enough goes. An account that goes is taken out of the tables as well."""
    return TootmillOperator(
        task_id="retain",
        arguments=["retain", "--as-of", "{{ data_interval_end | ds }}", *settings.retention()],
        pool=settings.LAKE_POOL,
        execution_timeout=timedelta(hours=6),
        writes=[LAKE + "raw", LAKE + "posts"],
    )


def report() -> TootmillOperator:
    """The page that people look at."""
    page = "{{ var.value.get('tootmill_reports', 'reports') }}/{{ params.instance }}.html"
    # Its numbers have accounts in them, which Airflow has no business to keep.
    return TootmillOperator(
        task_id="report", arguments=["report", "--output", page], reads=[TABLES], writes=[page], tells=False
    )


def status(instance: str) -> StatusOperator:
    """Is all of it well?"""
    return StatusOperator(
        task_id="status",
        arguments=["status", *settings.thresholds()],
        numbers=settings.name("status", instance),
        execution_timeout=timedelta(minutes=10),
    )


def look(day: str = DAY) -> TootmillOperator:
    """Does the day look as days do?"""
    return TootmillOperator(task_id="look", arguments=["status", "--date", day, *settings.limits()])
