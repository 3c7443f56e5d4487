"""The table of clips that a job reads: one CSV form for all corpora."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from core.errors import ManifestError
from core.paths import atomic_write


@dataclass(frozen=True)
class Clip:
    """One row. Times in seconds, `end_s` None for the end of the file; empty strings where nothing is known."""

    file: Path
    start_s: float = 0.0
    end_s: float | None = None
    speaker: str = ""
    sex: str = ""
    age: str = ""
    emotion: str = ""
    transcript: str = ""
    split: str = ""


COLUMNS = ("file", "start", "end", "speaker", "sex", "age", "emotion", "transcript", "split")
_FIELD = {"start": "start_s", "end": "end_s"}


def read_manifest(path: Path) -> list[Clip]:
    """Read a CSV manifest; its files are relative to it.

    Raises:
        ManifestError: the file is missing, has no `file` column, or a time in it is not a number.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if "file" not in (reader.fieldnames or ()):
                raise ManifestError(f"{path} is not a manifest: it has no column 'file'.")
            return [_clip(row, path, number) for number, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"The manifest {path} cannot be read: {error}.") from error


def _clip(row: dict[str, str], path: Path, number: int) -> Clip:
    values: dict[str, object] = {"file": Path(os.path.normpath(path.parent / row["file"]))}
    try:
        if row.get("start"):
            values["start_s"] = float(row["start"])
        if row.get("end"):
            values["end_s"] = float(row["end"])
    except ValueError as error:
        raise ManifestError(f"{path}, line {number}: a time is not a number ({error}).") from error
    known = {item.name for item in fields(Clip)}
    values.update({name: row[name] for name in COLUMNS[3:] if name in known and row.get(name)})
    return Clip(**values)  # type: ignore[arg-type]


def write_manifest(clips: Iterable[Clip], path: Path) -> None:
    """Write a CSV manifest whose files are relative to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "w") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for clip in clips:
            row = [getattr(clip, _FIELD.get(name, name)) for name in COLUMNS]
            row[0] = Path(os.path.relpath(clip.file, path.parent)).as_posix()
            writer.writerow(["" if value is None else value for value in row])


def read_manifests(paths: Sequence[Path]) -> list[Clip]:
    """Several manifests as one."""
    return [clip for path in paths for clip in read_manifest(path)]


def of_split(clips: Iterable[Clip], split: str) -> list[Clip]:
    """The clips of one split.

    Raises:
        ManifestError: there are none.
    """
    chosen = [clip for clip in clips if clip.split == split]
    if not chosen:
        raise ManifestError(f"No clip of the manifest belongs to the split {split!r}.")
    return chosen


def check_speaker_independent(clips: Iterable[Clip]) -> None:
    """Refuse splits that share a speaker.

    Raises:
        ManifestError: names a speaker who stands on two sides.
    """
    sides: dict[str, str] = {}
    for clip in clips:
        if clip.speaker and clip.split and sides.setdefault(clip.speaker, clip.split) != clip.split:
            raise ManifestError(
                f"Speaker {clip.speaker!r} stands in both {sides[clip.speaker]!r} and {clip.split!r}: "
                "a figure measured on such a split says nothing about new speakers."
            )


def with_splits(clips: Iterable[Clip], speakers: dict[str, Sequence[str]]) -> list[Clip]:
    """Clips with the split that their speaker belongs to; others get none.

    Args:
        clips: any clips.
        speakers: split name to the speakers in it.
    """
    where = {speaker: split for split, members in speakers.items() for speaker in members}
    return [replace(clip, split=where.get(clip.speaker, "")) for clip in clips]
