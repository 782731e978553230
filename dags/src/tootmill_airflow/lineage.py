"""Places in the lake and tables as datasets of OpenLineage, by its naming rules (a namespace for the store, a name in it)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


def dataset(uri: str) -> tuple[str, str]:
    """Namespace and name of what a URI names: `hdfs://host:port/lake/raw`, `hbase://host:port?x=y#table`, `sqlite:f#table`."""
    parts = urlsplit(uri)
    if parts.scheme == "sqlite":
        return "sqlite", f"{parts.path}/{parts.fragment}"
    if parts.scheme:
        return f"{parts.scheme}://{parts.netloc}", parts.fragment or parts.path
    return "file", parts.path


def of(reads: Sequence[str], writes: Sequence[str]) -> OperatorLineage[Any, Any]:
    """What a task read and wrote, as URIs; one text may have several with spaces between, as a template gives them."""
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    def datasets(uris: Sequence[str]) -> list[Dataset]:
        return [Dataset(namespace=namespace, name=name) for namespace, name in map(dataset, " ".join(uris).split())]

    return OperatorLineage(inputs=datasets(reads), outputs=datasets(writes))
