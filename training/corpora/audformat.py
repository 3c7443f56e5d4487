"""Databases in audformat, the field's form: a header `db.yaml`, and a table each in `db.NAME.parquet` or `.csv`.

Only what a manifest needs is read: of every table the columns for emotion, speaker, sex, age and transcript, and the
split that it belongs to. What a table says of a whole file holds for each segment of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.audformat import HEADER
from core.errors import ManifestError
from core.tables import parse_seconds, read_rows, require
from training.corpora.class_folders import SPLITS
from training.corpora.labels import standard_label
from training.corpora.layout import SEXES, Corpus, Problem
from training.manifest import Clip

# names of columns and schemes, and the manifest's column that they fill
FIELDS = {
    "emotion": "emotion",
    "emotions": "emotion",
    "speaker": "speaker",
    "gender": "sex",
    "sex": "sex",
    "age": "age",
    "transcription": "transcript",
    "transcript": "transcript",
    "text": "transcript",
}
_Key = tuple[str, float, float | None]  # file, start and end in seconds
_WHOLE = (0.0, None)


@dataclass
class _Found:
    """What the tables say of each clip, and where they contradict each other."""

    cells: dict[_Key, dict[str, str]] = field(default_factory=dict)
    contradictions: list[tuple[_Key, str]] = field(default_factory=list)

    def add(self, key: _Key, name: str, value: str) -> None:
        known = self.cells.setdefault(key, {}).setdefault(name, value)
        if known != value:
            self.contradictions.append((key, f"{name} is {known} in one table, {value} in another; the first counts"))


def read(folder: Path) -> Corpus:
    """Every segment or file that has an emotion; where none has one, every one that the tables name.

    Raises:
        ManifestError: the header or a table cannot be read, or a library for it is missing.
    """
    header = _read_header(folder / HEADER)
    name = str(header.get("name", folder.name))
    found = _Found()
    for table, columns, split in _tables(folder, header):
        _read_into(found, table, columns, split)
    speakers = _read_speakers(folder, header)
    labelled = [key for key, cells in found.cells.items() if cells.get("emotion")]
    clips, problems = [], []
    for key in sorted(labelled or found.cells, key=lambda key: (key[0], key[1], key[2] or 0.0)):
        clip = _clip(folder, name, key, _cells_of(found, key), speakers)
        if clip.file.is_file():
            clips.append(clip)
        else:
            problems.append(Problem("missing", clip.file, "named in a table"))
    problems += [Problem("label", folder / key[0], detail) for key, detail in found.contradictions]
    return Corpus(clips, tuple(problems))


def _read_header(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ManifestError(f"{path.parent} is no audformat database: it has no {HEADER}.")
    yaml = require("yaml")
    try:
        header = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ManifestError(f"{path} cannot be read: {error}.") from error
    if not isinstance(header, dict) or not isinstance(header.get("tables"), dict):
        raise ManifestError(f"{path} is no header of an audformat database: it names no tables.")
    return header


def _tables(folder: Path, header: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, str], str]]:
    """Each table's file, its columns with the manifest's name for them, and its split."""
    for name, table in header["tables"].items():
        columns = {
            column: FIELDS[kind]
            for column, about in (table.get("columns") or {}).items()
            if (kind := _kind(column, about)) in FIELDS
        }
        yield _table_file(folder, name), columns, _split(header, table.get("split_id"))


def _kind(column: str, about: Mapping[str, Any] | None) -> str:
    """What a column is about: its own name where that is known, else its scheme's."""
    return column if column in FIELDS else str((about or {}).get("scheme_id", ""))


def _table_file(folder: Path, name: str) -> Path:
    for extension in ("parquet", "csv"):
        path = folder / f"db.{name}.{extension}"
        if path.is_file():
            return path
    if (folder / f"db.{name}.pkl").is_file():
        raise ManifestError(f"The table {name!r} in {folder} is a pickle, which is not read: store it as csv.")
    raise ManifestError(f"The table {name!r} of the audformat database {folder} is not there.")


def _split(header: Mapping[str, Any], split_id: str | None) -> str:
    kind = ((header.get("splits") or {}).get(split_id) or {}).get("type") if split_id else None
    return SPLITS.get(str(kind or split_id).lower(), "")


def _read_into(found: _Found, table: Path, columns: Mapping[str, str], split: str) -> None:
    for number, row in enumerate(read_rows(table), start=2):
        try:
            key = (row["file"], parse_seconds(row.get("start", "")) or 0.0, parse_seconds(row.get("end", "")))
        except ValueError as error:
            raise ManifestError(f"{table}, line {number}: a time makes no sense ({error}).") from error
        found.cells.setdefault(key, {})
        cells = {name: row[column] for column, name in columns.items() if row.get(column)}
        for name, value in (cells | ({"split": split} if split else {})).items():
            found.add(key, name, standard_label(value) if name == "emotion" else value)


def _cells_of(found: _Found, key: _Key) -> dict[str, str]:
    return found.cells.get((key[0], *_WHOLE), {}) | found.cells[key]


def _read_speakers(folder: Path, header: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Sex and age by speaker, from the scheme's labels: written there, or in a misc table that it names."""
    labels = ((header.get("schemes") or {}).get("speaker") or {}).get("labels")
    if isinstance(labels, str):
        levels = ((header.get("misc_tables") or {}).get(labels) or {}).get("levels") or ["speaker"]
        level = str(next(iter(levels)))
        about: dict[Any, Any] = {row[level]: row for row in read_rows(_table_file(folder, labels), level)}
    else:
        about = labels if isinstance(labels, dict) else {}
    return {
        str(speaker): {FIELDS[name]: str(value) for name, value in facts.items() if name in FIELDS and value}
        for speaker, facts in about.items()
        if isinstance(facts, dict)
    }


def _clip(
    folder: Path, name: str, key: _Key, cells: Mapping[str, str], speakers: Mapping[str, Mapping[str, str]]
) -> Clip:
    speaker = cells.get("speaker", "")
    known = {**speakers.get(speaker, {}), **cells}
    sex = known.get("sex", "").lower()
    return Clip(
        Path(os.path.normpath(folder / key[0])),
        key[1],
        key[2],
        speaker=f"{name}:{speaker}" if speaker else "",
        sex=SEXES.get(sex, sex),
        age=known.get("age", ""),
        emotion=known.get("emotion", ""),
        transcript=known.get("transcript", ""),
        split=known.get("split", ""),
    )
