"""Numbers for Prometheus: where they go, as the deployment is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, push_to_gateway, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from tootmill_airflow import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric


class Told(Collector):
    """The numbers of a program that tells them as text."""

    def __init__(self, text: str) -> None:
        self._families = list(text_string_to_metric_families(text))

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self._families


def told(text: str) -> CollectorRegistry:
    """Numbers in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(Told(text))
    return registry


def publish(numbers: CollectorRegistry, name: str) -> None:
    """Gives numbers to a Pushgateway, or writes a file that Prometheus's node_exporter reads, as configured."""
    if gateway := settings.pushgateway():
        push_to_gateway(gateway, job=name, registry=numbers)
    elif file := settings.textfile(name):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(file), numbers)
