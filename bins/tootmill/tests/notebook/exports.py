"""Reads exported tables by pandas, Polars and DuckDB, and writes what each of them holds.

`exports.py FOLDER` writes `{"polars parquet data": {"types": {"tag_table": {"count": "UInt64"}}, "tables": …}}`, the tables
as `tootmill tables dump` writes them. CSV has no types, so there they are given, by the names that README.md recommends.
"""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

REALS = {"engagement_rate"}
TEXTS = {"row_key"}

Read = tuple[dict[str, str], Iterable[dict]]
"""The types of the columns by their names, and the rows."""


def names(file: Path) -> list[str]:
    """The columns of a file of CSV."""
    return file.read_text().split("\n", 1)[0].split(",")


def typed(file: Path, integer: object, real: object, text: object, day: object) -> dict[str, object]:
    """The columns of a file of CSV with a reader's types."""
    kinds = {"day": day, **dict.fromkeys(TEXTS, text), **dict.fromkeys(REALS, real)}
    return {name: kinds.get(name, integer) for name in names(file)}


def by_pandas(file: Path) -> Read:
    """Parquet is read by pyarrow here."""
    if file.suffix == ".parquet":
        frame = pd.read_parquet(file)
    else:
        types = typed(file, "uint64", "float64", "str", "str")
        frame = pd.read_csv(file, dtype=types, keep_default_na=False, na_values={}, lineterminator="\n")
        if "day" in frame:
            frame["day"] = pd.to_datetime(frame["day"]).dt.date
    return frame.dtypes.astype(str).to_dict(), frame.to_dict("records")


def by_polars(file: Path) -> Read:
    """Without guessing."""
    if file.suffix == ".parquet":
        frame = pl.read_parquet(file)
    else:
        frame = pl.read_csv(file, schema=typed(file, pl.UInt64, pl.Float64, pl.String, pl.Date))
    return {name: str(kind) for name, kind in frame.schema.items()}, frame.iter_rows(named=True)


def by_duckdb(file: Path) -> Read:
    """Without guessing."""
    if file.suffix == ".parquet":
        relation = duckdb.read_parquet(str(file))
    else:
        types = typed(file, "UBIGINT", "DOUBLE", "VARCHAR", "DATE")
        sql = "SELECT * FROM read_csv(?, columns = ?, header = true, delim = ',', quote = '\"', escape = '\"', auto_detect = false)"
        relation = duckdb.sql(sql, params=[str(file), types])
    rows = (dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall())
    return dict(zip(relation.columns, map(str, relation.types), strict=True)), rows


def text(value: object) -> str:
    """A value as the tables have it: the shortest decimal that reads back, without exponent."""
    return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else str(value)


def as_dumped(rows: Iterable[dict]) -> dict[str, dict]:
    """The rows as `tootmill tables dump` writes those of a table."""
    dumped = {}
    for row in rows:
        key, day = row.pop("row_key"), row.pop("day", None)
        if day is None:
            dumped[key] = {f"data:{name}": text(value) for name, value in row.items()}
        elif type(day) is date:
            dumped.setdefault(key, {})[day.isoformat()] = {f"day:{name}": text(value) for name, value in row.items()}
        else:
            sys.exit(f"{day!r} is no date")
    return dumped


def read_all(read: Callable[[Path], Read], files: list[Path]) -> dict[str, dict]:
    """What a reader finds in all files of a family."""
    types, tables = {}, {}
    for file in files:
        table = file.stem.removesuffix("_daily")
        types[table], rows = read(file)
        tables[table] = as_dumped(rows)
    return {"types": types, "tables": tables}


def main() -> None:
    """Writes what every reader finds."""
    found = {}
    for form in ["csv", "parquet"]:
        files = sorted(Path(sys.argv[1]).glob(f"*.{form}"))
        days = [file for file in files if file.stem.endswith("_daily")]
        totals = [file for file in files if file not in days]
        for read in [by_pandas, by_polars, by_duckdb]:
            for family, of_family in [("data", totals), ("day", days)]:
                found[f"{read.__name__.removeprefix('by_')} {form} {family}"] = read_all(read, of_family)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
