"""Writes what HBase's tables hold, as `tootmill tables dump` does, but read by happybase.

`tables.py HOST:PORT NAMESPACE FAMILY`, written from the design alone: in the family `data`, the totals, the newest cell
counts. A cell of the family `day` is of the day in which its timestamp lies, and the newest of a day counts; a row of
nothing but zeros is one that the day has no longer.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import happybase

OF_THE_LOADER = {"runs", "tootmill_loads"}
"""The tables that are no metric's."""
ALL_VERSIONS = 2**31 - 1
DAY = 86_400_000
"""In milliseconds."""


def totals(table: happybase.Table) -> dict[str, dict[str, str]]:
    """The rows of the family `data`."""
    rows = table.scan(columns=[b"data"])
    return {key.decode(): {column.decode(): value.decode() for column, value in row.items()} for key, row in rows}


def day_cells(table: happybase.Table) -> Iterator[tuple[str, str, int, str]]:
    """Every version of every cell of the family `day`: its key, column, timestamp and value."""
    for key, row in table.scan(columns=[b"day"]):
        for column in row:
            for value, timestamp in table.cells(key, column, versions=ALL_VERSIONS, include_timestamp=True):
                yield key.decode(), column.decode(), timestamp, value.decode()


def days(table: happybase.Table) -> dict[str, dict[str, dict[str, str]]]:
    """The rows of each day, by key and day."""
    newest = {}
    for key, column, timestamp, value in day_cells(table):
        cell = key, timestamp // DAY, column
        newest[cell] = max(newest.get(cell, (timestamp, value)), (timestamp, value))
    rows = defaultdict(dict)
    for (key, day, column), (_, value) in newest.items():
        rows[key, day][column] = value
    found = defaultdict(dict)
    for (key, day), row in rows.items():
        if any(value not in ("0", "") for value in row.values()):
            found[key][datetime.fromtimestamp(day * DAY / 1000, tz=UTC).date().isoformat()] = row
    return found


def main() -> None:
    """Writes the tables."""
    server, namespace, family = sys.argv[1:]
    host, port = server.rsplit(":", 1)
    connection = happybase.Connection(host, int(port), table_prefix=namespace, table_prefix_separator=":")
    names = sorted({name.decode() for name in connection.tables()} - OF_THE_LOADER)
    read = {"data": totals, "day": days}[family]
    json.dump({name: read(connection.table(name)) for name in names}, sys.stdout)


if __name__ == "__main__":
    main()
