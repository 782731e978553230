"""What a deployment says of itself: Airflow's configuration for what DAGs are made of, its variables for the rest."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import Path

from airflow.sdk import conf

SECTION = "tootmill"

#: One writer of a lake at a time. The program sees to that by the lake's lease; the pool keeps tasks from trying in vain.
LAKE_POOL = "tootmill_lake"
#: One task at a time asks instances.
INSTANCE_POOL = "tootmill_instance"

#: Where the lake, the tables and the rest are, as the program's own variables; a run's params come first.
ENVIRONMENT = {
    "TOOTMILL_INSTANCE": "{{ params.instance }}",
    "TOOTMILL_LAKE": "{{ params.lake or var.value.tootmill_lake }}",
    "TOOTMILL_TABLES": "{{ params.tables or var.value.tootmill_tables }}",
    "TOOTMILL_ON": "{{ '' if params.mode == 'auto' else params.mode }}",
    "TOOTMILL_CONTACT": "{{ var.value.get('tootmill_contact', '') }}",
    "TOOTMILL_HBASE_MASTER": "{{ var.value.get('tootmill_hbase_master', '') }}",
    "TOOTMILL_WEBHDFS": "{{ var.value.get('tootmill_namenode', '') }}",
}


def instances() -> list[str]:
    """The instances that have DAGs, by their hosts."""
    hosts: list[str] = conf.getlist(SECTION, "instances", fallback=[])
    if not hosts:
        raise ValueError(
            "no instance is configured: set AIRFLOW__TOOTMILL__INSTANCES=mastodon.example for the scheduler, "
            "the DAG processor and the workers (several with commas between)"
        )
    return hosts


def name(kind: str, instance: str) -> str:
    """A name for what there is once per instance, of characters that Airflow allows in names."""
    return f"tootmill_{kind}_" + re.sub(r"[^A-Za-z0-9]", "_", instance)


def program() -> str:
    """The program."""
    return str(conf.get(SECTION, "program", fallback="tootmill"))


def pushgateway() -> str:
    """The Pushgateway that gets numbers of runs, or nothing."""
    return _prometheus() if _prometheus().startswith(("http://", "https://")) else ""


def textfile(name: str) -> Path | None:
    """The file for numbers, in the folder of node_exporter's textfile collector, if that is where they go."""
    return None if pushgateway() or not _prometheus() else Path(_prometheus(), f"{name}.prom")


def _prometheus() -> str:
    return str(conf.get(SECTION, "prometheus", fallback=""))


def runbook() -> str:
    """Where the runbook can be read, for messages."""
    return str(conf.get(SECTION, "runbook", fallback="docs/operations.md"))


def deadline(kind: str, within: timedelta) -> timedelta:
    """How long after its interval's end a run of a kind of DAG must be done, unless the configuration says so many seconds."""
    return timedelta(seconds=conf.getint(SECTION, f"{kind}_deadline", fallback=int(within.total_seconds())))


def limits() -> list[str]:
    """From what on a day looks wrong, as options of `tootmill status --date`.

    Somebody is to hear of half the posts missing, and of a table that has lost rows.
    """
    return _options("limits", "--fewer 0.5,0.5 --fewer-rows 1,1")


def policy() -> list[str]:
    """Whose posts are kept, and what of them, as options of `tootmill collect`; by default the program's own."""
    return _options("policy")


def retention() -> list[str]:
    """For how long what is kept, as options of `tootmill retain`; by default as long as it keeps it itself."""
    return _options("retention")


def thresholds() -> list[str]:
    """From what on monitoring finds something wrong, as options of `tootmill status`; by default the program's own."""
    return _options("thresholds")


def _options(name: str, default: str = "") -> list[str]:
    return shlex.split(conf.get(SECTION, name, fallback=default))


def retries() -> dict[str, object]:
    """How a task is tried again, with growing pauses: by default for about six hours."""
    seconds = conf.getint(SECTION, "retry_delay", fallback=60)
    return {
        "retries": conf.getint(SECTION, "retries", fallback=14),
        "retry_delay": timedelta(seconds=seconds),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(seconds=30 * seconds),
    }
