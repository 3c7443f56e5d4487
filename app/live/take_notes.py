"""What was heard and said of a recording before it is in a project: a small file beside it.

It is written whenever a segment ends or is labelled, so that a process that is killed loses neither labels nor words,
and removed when the recording is in a project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.live.segments import Segment
from core.audio.take import adopt, unfinished_takes
from core.live import moved
from core.paths import atomic_write
from core.predictions import Prediction

ENDING = ".notes.json"
SHORTEST_S = 0.3  # of a clip


@dataclass(frozen=True)
class Note:
    """A segment: where it lies in the recording, what the model says of it, and what a person does."""

    number: int
    start_s: float
    end_s: float
    label: str = ""
    words: str | None = None
    prediction: Prediction | None = None

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"prediction": self.prediction.to_json() if self.prediction else None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Note:
        found = data["prediction"]
        return cls(**(data | {"prediction": Prediction.from_json(found) if found else None}))


@dataclass(frozen=True)
class Model:
    """Whose predictions they are."""

    fingerprint: str
    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class TakeNotes:
    model: Model | None = None
    notes: tuple[Note, ...] = ()
    cut: str = field(default="pauses")

    def cuts(self, duration_s: float) -> list[tuple[float, float, Note | None]]:
        """The clips that the recording becomes, each with what is known of it."""
        if self.cut == "whole":
            return [(0.0, duration_s, None), *_within((note for note in self.notes if note.label), duration_s)]
        heard = (note for note in self.notes if note.label or note.prediction is None or note.prediction.emotion)
        return _within(heard, duration_s) or [(0.0, duration_s, None)]


def _within(notes: Iterable[Note], duration_s: float) -> list[tuple[float, float, Note | None]]:
    cuts = [(note.start_s, min(note.end_s, duration_s), note) for note in notes]
    return [(start_s, end_s, note) for start_s, end_s, note in cuts if end_s - start_s >= SHORTEST_S]


def note_of(segment: Segment, position_s: float | None) -> Note | None:
    """What is written down of a segment that lies in a recording.

    Args:
        segment: with its place in the recording.
        position_s: where its beginning stands in it; None where the beginning is not in it, so that the prediction,
            which is of the whole segment, is left out.
    """
    if segment.span_s is None:
        return None
    start_s, end_s = (round(time_s, 6) for time_s in segment.span_s)
    found = segment.prediction
    if found is not None and segment.file is not None:
        length_s = found.end_s - found.start_s
        is_whole = position_s is not None and abs(end_s - start_s - length_s) < 0.05
        found = moved(found, str(segment.file), start_s) if is_whole else None
    return Note(segment.number, start_s, end_s, segment.label, segment.words, found)


def notes_path(recording: Path) -> Path:
    """The same for a WAV file and for the FLAC file that it becomes."""
    return recording.with_name(recording.stem + ENDING)


def write_notes(recording: Path, notes: TakeNotes) -> None:
    """Raises OSError where the disk is full."""
    data = {
        "model": asdict(notes.model) if notes.model else None,
        "notes": [note.to_json() for note in notes.notes],
        "cut": notes.cut,
    }
    with atomic_write(notes_path(recording), "w") as stream:
        json.dump(data, stream, ensure_ascii=False, indent=1)


def read_notes(recording: Path) -> TakeNotes:
    """What is written beside a recording; nothing where there is no such file, or it makes no sense."""
    try:
        data = json.loads(notes_path(recording).read_text(encoding="utf-8"))
        model = data["model"]
        return TakeNotes(
            Model(model["fingerprint"], model["name"], tuple(model["labels"])) if model else None,
            tuple(Note.from_json(note) for note in data["notes"]),
            str(data["cut"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return TakeNotes()


def waiting_recordings(folder: Path) -> list[Path]:
    """Recordings in a folder that are in no project yet: a killed process left them, or there was no project."""
    left = set(unfinished_takes(folder))
    for path in folder.glob(f"*{ENDING}"):
        stem = path.name.removesuffix(ENDING)
        left |= {sound for ending in (".wav", ".flac") if (sound := path.with_name(stem + ending)).is_file()}
    return sorted(left)


def settle(recording: Path) -> None:
    """It is in a project, or shall not be: nobody asks about it again."""
    adopt(recording)
    notes_path(recording).unlink(missing_ok=True)
