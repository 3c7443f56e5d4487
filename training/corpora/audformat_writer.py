"""Databases in audformat, as `training.corpora.audformat` reads them: a header `db.yaml` and a CSV a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core import audformat
from core.audformat import HEADER, duration_text
from core.exchange.content import refuse_recordings, write_file
from core.exchange.labels import LabelledClip
from core.tables import require, write_rows
from training.corpora.writing import Written, by_split, clips_of, is_whole
from training.manifest import Clip, relative_to

TABLE = "emotion"  # its name, followed by the split's
_RATER = "gold"  # the column says what came of all annotators' labels


def write_audformat(rows: Iterable[LabelledClip], folder: Path) -> Written:
    """Write an audformat database whose recordings stay where they are.

    It has a table for each split, with those columns of emotion, speaker, gender, age and transcription in which there
    is something. A speaker is written without the database's name before it (`NAME:`), which reading puts there. There
    is no place for weights and votes.

    Args:
        rows: of any recordings.
        folder: the database's folder, which is called as the database is.

    Raises:
        ManifestError: a row is a point, or PyYAML is not installed.
        MoodlightError: a table would be a recording.
        OSError: a file cannot be written.
    """
    yaml = require("yaml")
    clips = clips_of(rows)
    columns = _columns(folder.name, clips)
    groups = {f"{TABLE}.{split}" if split else TABLE: group for split, group in (by_split(clips) or {"": []}).items()}
    files = {table: folder / audformat.table_file(table) for table in groups}
    refuse_recordings([*files.values(), folder / HEADER], (clip.file for clip in clips))
    for table, group in groups.items():
        levels = _levels(group)
        write_rows(files[table], (*levels, *columns), _rows(group, folder, len(levels) > 1, columns.values()))
    header = _header(folder.name, clips, groups, columns)
    write_file(folder / HEADER, yaml.safe_dump(header, allow_unicode=True, sort_keys=False))
    return Written((folder / HEADER, *files.values()))


_Cell = Callable[[Clip], str]


def _columns(name: str, clips: Sequence[Clip]) -> dict[str, _Cell]:
    """The columns in which there is something, and what a clip has in them."""
    known: dict[str, _Cell] = {
        "speaker": lambda clip: clip.speaker.removeprefix(f"{name}:"),
        "gender": lambda clip: clip.sex,
        "age": lambda clip: clip.age,
        "transcription": lambda clip: clip.transcript,
    }
    return {"emotion": lambda clip: clip.emotion} | {
        column: cell for column, cell in known.items() if any(map(cell, clips))
    }


def _levels(clips: Iterable[Clip]) -> tuple[str, ...]:
    return ("file",) if all(map(is_whole, clips)) else ("file", "start", "end")


def _rows(clips: Iterable[Clip], folder: Path, with_times: bool, cells: Iterable[_Cell]) -> Iterator[list[object]]:
    for clip in clips:
        times = [duration_text(clip.start_s), duration_text(clip.end_s)] if with_times else []
        yield [relative_to(clip.file, folder), *times, *(cell(clip) for cell in cells)]


def _header(
    name: str, clips: Sequence[Clip], groups: Mapping[str, Sequence[Clip]], columns: Mapping[str, _Cell]
) -> dict[str, Any]:
    splits = [table.removeprefix(f"{TABLE}.") for table in groups if table != TABLE]
    schemes = {column: _scheme(column, {cell(clip) for clip in clips}) for column, cell in columns.items()}
    tables = {table: _table(table, group, columns) for table, group in groups.items()}
    return audformat.header(name, {_RATER: "other"}, schemes, tables, splits)


def _scheme(column: str, values: set[str]) -> dict[str, Any]:
    if column == "age" and all(value.isdecimal() for value in values if value):
        return {"dtype": "int"}
    return audformat.scheme(None if column == "transcription" else values)


def _table(table: str, clips: Iterable[Clip], columns: Iterable[str]) -> dict[str, Any]:
    split = table.removeprefix(TABLE).removeprefix(".")
    return audformat.table(columns, ["emotion"], _RATER, segmented=len(_levels(clips)) > 1, split=split)
