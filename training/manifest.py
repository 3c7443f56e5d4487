"""The table of clips that a job reads: one form for all corpora, in CSV or Parquet."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import ManifestError
from core.tables import parse_seconds, read_rows, text_of, write_rows

Votes = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Clip:
    """One row. Times in seconds, `end_s` None for the end of the file; empty strings where nothing is known.

    `votes` are listeners' answers, label and number; `weight` is how much the row counts, 1 where none is given.
    """

    file: Path
    start_s: float = 0.0
    end_s: float | None = None
    speaker: str = ""
    sex: str = ""
    age: str = ""
    emotion: str = ""
    transcript: str = ""
    split: str = ""
    weight: float = 1.0
    votes: Votes = ()

    @property
    def vote_shares(self) -> dict[str, float]:
        """Soft label: the share of the votes that each label has; they add up to 1, or there are none."""
        total = sum(votes for _, votes in self.votes)
        return {label: votes / total for label, votes in self.votes} if total > 0 else {}


COLUMNS = ("file", "start", "end", "speaker", "sex", "age", "emotion", "transcript", "split")
EXTRA_COLUMNS = ("weight", "votes")  # written where a row has something to say in them
_TEXTS = COLUMNS[3:]
_FIELD = {"start": "start_s", "end": "end_s"}


def read_manifest(path: Path) -> list[Clip]:
    """Read a CSV or Parquet manifest; its files are relative to it.

    Raises:
        ManifestError: the manifest is missing, has no `file` column, or a row makes no sense (it is named).
    """
    return [clip_of_row(row, path, number) for number, row in enumerate(read_rows(path), start=2)]


def clip_of_row(row: Mapping[str, str], path: Path, line: int) -> Clip:
    """A clip from the cells of a row, of which only `file` must be there.

    Args:
        row: column to text.
        path: the table; the clip's file is relative to it.
        line: where the row stands, for the error.

    Raises:
        ManifestError: there is no file, or a number is none.
    """
    if not row["file"]:
        raise ManifestError(f"{path}, line {line}: no file is named.")
    texts = {name: row[name] for name in _TEXTS if row.get(name)}
    try:
        start_s, end_s = _times(row)
        weight = float(row.get("weight") or 1.0)
        if not (math.isfinite(weight) and weight >= 0):
            raise ValueError(f"the weight {weight} is not 0 or more")
        votes = parse_votes(row.get("votes", ""))
    except ValueError as error:
        raise ManifestError(f"{path}, line {line}: a time, weight or vote makes no sense ({error}).") from error
    file = Path(os.path.normpath(path.parent / row["file"]))
    return Clip(file, start_s, end_s, weight=weight, votes=votes, **texts)


def _times(row: Mapping[str, str]) -> tuple[float, float | None]:
    start_s = parse_seconds(row.get("start", "")) or 0.0
    end_s = parse_seconds(row.get("end", ""))
    if start_s < 0 or (end_s is not None and end_s <= start_s):
        raise ValueError(f"from {start_s} s to {end_s} s")
    return start_s, end_s


def parse_votes(text: str) -> Votes:
    """Votes from `anger=3;neutral=7`.

    Raises:
        ValueError: it is not of that form, a number is below 0, or a label stands there twice.
    """
    votes = []
    for part in filter(None, text.split(";")):
        label, separator, number = part.rpartition("=")
        if not (separator and label.strip() and math.isfinite(float(number)) and float(number) >= 0):
            raise ValueError(f"{part!r} is not LABEL=VOTES")
        votes.append((label.strip(), float(number)))
    if len(dict(votes)) < len(votes):
        raise ValueError(f"{text!r} names a label twice")
    return tuple(votes)


def format_votes(votes: Votes) -> str:
    """The inverse of `parse_votes`.

    Raises:
        ManifestError: a label has `;` in it.
    """
    if any(";" in label for label, _ in votes):
        raise ManifestError(f"Votes cannot be written for a label with ';' in its name: {votes}.")
    return ";".join(f"{label}={text_of(number)}" for label, number in votes)


def write_manifest(clips: Iterable[Clip], path: Path) -> None:
    """Write a manifest whose files are relative to it: Parquet where the name ends in `.parquet`, else CSV.

    The columns `weight` and `votes` are there only where a row has something to say in them.
    """
    clips = list(clips)
    extras = {"weight": any(clip.weight != 1.0 for clip in clips), "votes": any(clip.votes for clip in clips)}
    columns = (*COLUMNS, *(name for name in EXTRA_COLUMNS if extras[name]))
    write_rows(path, columns, _rows(clips, columns, path.parent))


def _rows(clips: Sequence[Clip], columns: Sequence[str], folder: Path) -> Iterator[list[object]]:
    for clip in clips:
        row = [getattr(clip, _FIELD.get(name, name)) for name in columns]
        row[0] = relative_to(clip.file, folder)
        if "votes" in columns:
            row[-1] = format_votes(clip.votes)
        yield row


def relative_to(file: Path, folder: Path) -> str:
    """A file as a table in `folder` names it; in full where there is no way to it (another drive)."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:
        return file.resolve().as_posix()


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
