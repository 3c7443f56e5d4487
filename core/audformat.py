"""The header of a database in audformat, the field's form: what is written of raters, schemes and tables.

https://audeering.github.io/audformat/database-header.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

HEADER = "db.yaml"


def table_file(table: str) -> str:
    """The name of a table's file beside the header."""
    return f"db.{table}.csv"


def header(
    name: str,
    rater: Mapping[str, str],
    schemes: Mapping[str, Any],
    tables: Mapping[str, Any],
    splits: Iterable[str] = (),
) -> dict[str, Any]:
    """The header as plain data.

    Args:
        name: of the database.
        rater: id to kind of who gave the labels: `human`, `machine`, `other`.
        schemes: by id, see `scheme`.
        tables: by id, see `table`.
        splits: `train`, `dev`, `test`.
    """
    return {
        "name": name,
        "source": "Moodlight",
        "usage": "other",
        "languages": [],
        "raters": {rater_id: {"type": kind} for rater_id, kind in rater.items()},
        "schemes": dict(schemes),
        "splits": {split: {"type": split} for split in splits},
        "tables": dict(tables),
    }


def scheme(labels: Iterable[str] | None = None) -> dict[str, Any]:
    """The scheme of texts, or of labels where they are given."""
    return {"dtype": "str"} | ({} if labels is None else {"labels": sorted(filter(None, labels))})


def table(
    columns: Iterable[str], rated: Iterable[str] = (), rater: str = "", *, segmented: bool, split: str = ""
) -> dict[str, Any]:
    """A table whose columns are called as their schemes.

    Args:
        columns: of the table, besides its index.
        rated: columns that the rater filled.
        rater: id.
        segmented: rows have times; else they are whole files.
        split: that all of it belongs to.
    """
    theirs = set(rated)
    return {
        "type": "segmented" if segmented else "filewise",
        **({"split_id": split} if split else {}),
        "columns": {
            column: {"scheme_id": column} | ({"rater_id": rater} if column in theirs else {}) for column in columns
        },
    }


def duration_text(seconds: float | None) -> str:
    """A time as pandas writes it (`0 days 00:00:01.500000`); "" for the end of a recording."""
    if seconds is None:
        return ""
    minutes, micros = divmod(round(seconds * 1e6), 60_000_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} days {hours:02}:{minutes:02}:{micros // 1_000_000:02}.{micros % 1_000_000:06}"
