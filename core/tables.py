"""Rows of a table on disk, CSV or Parquet, as text: what a manifest and the tables of other programs are read from."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import ManifestError
from core.paths import atomic_write, check_table_name

PARQUET = (".parquet", ".pq")
ROWS_TOGETHER = 10_000
NOTHING = ("", "nan", "nat", "none", "null", "<na>")
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_CLOCK = re.compile(r"(?:(\d+) days? ?\+?)?(?:(\d+):)?(\d+):(\d+(?:\.\d*)?)")


def require(module: str) -> ModuleType:
    """A library of the extra `tables`.

    Raises:
        ManifestError: it is not installed; says how to get it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = {"yaml": "PyYAML"}.get(module, module.split(".")[0])
        sentence = f"{library} is needed for this and is not installed: pip install 'moodlight[tables]'"
        raise ManifestError(sentence) from error


def read_rows(path: Path, needed: str = "file", errors: str = "strict") -> Iterator[dict[str, str]]:
    """The rows of a CSV or Parquet table, a few thousand in memory at a time.

    Args:
        path: `.parquet`, or else CSV in UTF-8.
        needed: a column without which the table is of no use.
        errors: what becomes of bytes in a CSV that are not UTF-8; `surrogateescape` keeps file names that hold such.

    Yields:
        A row as column to text. What is missing is ""; durations are seconds.

    Raises:
        ManifestError: the table is missing or damaged, or has no such column.
    """
    try:
        yield from _read_parquet(path, needed) if path.suffix.lower() in PARQUET else _read_csv(path, needed, errors)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ManifestError(f"The table {path} cannot be read: {reason}.") from error


def _check_columns(path: Path, columns: Sequence[str], needed: str) -> None:
    if needed not in columns:
        found = ", ".join(columns) if columns else "none"
        raise ManifestError(f"{path} is not such a table: it has no column {needed!r} (its columns: {found}).")


def _read_csv(path: Path, needed: str, errors: str) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig", errors=errors) as file:
        reader = csv.DictReader(file, restval="")
        _check_columns(path, reader.fieldnames or (), needed)
        for row in reader:
            row.pop(None, None)  # where a row is longer than the header
            yield row


def _read_parquet(path: Path, needed: str) -> Iterator[dict[str, str]]:
    arrow = require("pyarrow")
    parquet = require("pyarrow.parquet")
    try:
        with path.open("rb") as file:
            table = parquet.ParquetFile(file)
            _check_columns(path, table.schema_arrow.names, needed)
            for batch in table.iter_batches(ROWS_TOGETHER):
                columns = {name: _column(arrow, batch.column(name)) for name in batch.schema.names}
                for values in zip(*columns.values(), strict=True):
                    yield dict(zip(columns, values, strict=True))
    except arrow.ArrowException as error:
        raise ManifestError(f"The table {path} cannot be read: {error}.") from error


def _column(arrow: ModuleType, column: Any) -> list[str]:
    if not arrow.types.is_duration(column.type):
        return [text_of(value) for value in column.to_pylist()]
    unit = _UNITS[column.type.unit]
    return ["" if value is None else text_of(value * unit) for value in column.cast(arrow.int64()).to_pylist()]


def text_of(value: object) -> str:
    """A cell as text: nothing and NaN are "", whole numbers have no point."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def parse_seconds(text: str) -> float | None:
    """A time in seconds from `1.5`, `00:00:01.5` or pandas' `0 days 00:00:01.500000`; None for nothing.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip()
    if text.lower() in NOTHING:
        return None
    clock = _CLOCK.fullmatch(text)
    if clock:
        days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no time")
    return value


def write_rows(path: Path, columns: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
    """Write a table: Parquet where the name ends so, else CSV. None is an empty cell.

    Raises:
        ConfigError: it is named as a spreadsheet.
    """
    check_table_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in PARQUET:
        _write_parquet(path, columns, rows)
        return
    with atomic_write(path, "w") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if value is None else value for value in row] for row in rows)


def _write_parquet(path: Path, columns: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
    arrow, parquet = require("pyarrow"), require("pyarrow.parquet")
    cells = list(zip(*rows, strict=True)) or [()] * len(columns)
    kinds: Mapping[str, Any] = dict.fromkeys(("start", "end", "weight"), arrow.float64())
    arrays = [arrow.array(cell, kinds.get(name, arrow.string())) for name, cell in zip(columns, cells, strict=True)]
    with atomic_write(path, "wb") as file:
        parquet.write_table(arrow.table(arrays, list(columns)), file)
