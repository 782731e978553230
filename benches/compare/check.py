"""Compares the tables of the contenders loosely, so that nobody is measured who computes something else."""

import csv
import json
from collections.abc import Iterator
from math import isclose
from pathlib import Path
from typing import NamedTuple

from peers import TABLES

TOLERANCE, FEW = 0.01, 5
WORST, WIDTH = 5, 60
COUNTS = {"count", "posts"}
LABELS = {"engagement_rate": "rows with this engagement_rate", "followers": "rows with these followers"}

Tables = dict[str, dict[str, dict[str, float]]]
"""Table, key, column."""


class Difference(NamedTuple):
    """A total of Tootmill's and a peer's."""

    peer: str
    table: str
    total: str
    ours: float
    theirs: float

    @property
    def relative(self) -> float:
        """By how much the peer's is greater."""
        return (self.theirs - self.ours) / self.ours if self.ours else float(self.theirs != 0)

    @property
    def large(self) -> bool:
        """Whether it is more than regexes and odd dates explain."""
        return abs(self.theirs - self.ours) > max(TOLERANCE * self.ours, FEW)


def from_dump(dump: str) -> Tables:
    """What `tootmill tables dump` prints."""
    return {
        table: {
            key: {column.removeprefix("data:"): float(value) for column, value in row.items()}
            for key, row in rows.items()
        }
        for table, rows in json.loads(dump).items()
    }


def from_csv(directory: Path) -> Tables:
    """What a peer wrote."""
    tables: Tables = {}
    for table, columns in TABLES.items():
        with (directory / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
            tables[table] = {
                row["key"]: {column: float(row[column]) for column in columns} for row in csv.DictReader(stream)
            }
    return tables


def differences(ours: Tables, peer: str, theirs: Tables) -> Iterator[Difference]:
    """Every total, Tootmill's beside a peer's: rows, sums of counts, and of other columns the rows that are alike."""
    for table, columns in TABLES.items():
        mine, other = (tables.get(table, {}) for tables in (ours, theirs))
        yield Difference(peer, table, "rows", len(mine), len(other))
        for column in columns:
            if column in COUNTS:
                sums = (sum(row[column] for row in rows.values()) for rows in (mine, other))
                yield Difference(peer, table, column, *sums)
            else:
                alike = sum(key in other and isclose(row[column], other[key][column]) for key, row in mine.items())
                yield Difference(peer, table, column, len(mine), alike)


def worst_keys(difference: Difference, ours: Tables, theirs: Tables) -> list[str]:
    """The keys that differ most, as lines."""
    column = TABLES[difference.table][-1] if difference.total == "rows" else difference.total
    mine, other = (tables.get(difference.table, {}) for tables in (ours, theirs))
    pairs = [
        (key, mine.get(key, {}).get(column, 0), other.get(key, {}).get(column, 0)) for key in mine.keys() | other.keys()
    ]
    pairs.sort(key=lambda pair: (-abs(pair[1] - pair[2]), pair[0]))
    return [
        f"    {key[:WIDTH]!r}: {one:g} by Tootmill, {two:g} by {difference.peer}" for key, one, two in pairs[:WORST]
    ]


def report(ours: Tables, peers: dict[str, Tables]) -> tuple[str, bool]:
    """The totals as a Markdown table, then where they differ by more than the tolerance, and whether none does."""
    found = [each for peer, theirs in peers.items() for each in differences(ours, peer, theirs)]
    cells: dict[tuple[str, str], list[str]] = {}
    for each in found:
        cell = f"{each.relative:+.2%}" if each.theirs != each.ours else "="
        cells.setdefault((each.table, each.total), [f"{each.ours:,.10g}"]).append(f"**{cell}**" if each.large else cell)
    lines = [
        f"| table | total | tootmill | {' | '.join(peers)} |",
        "|---|---|--:" + "|--:" * len(peers) + "|",
        *(f"| {table} | {LABELS.get(total, total)} | {' | '.join(row)} |" for (table, total), row in cells.items()),
        "",
    ]
    large = [each for each in found if each.large]
    lines.append(f"{len(large)} of {len(found)} totals differ by more than {TOLERANCE:.0%} and {FEW}.")
    for each in large:
        lines.append(f"- {each.peer}, {each.table}, {each.total}: {each.theirs:,.10g} against {each.ours:,.10g}")
        lines += worst_keys(each, ours, peers[each.peer])
    return "\n".join(lines) + "\n", not large
