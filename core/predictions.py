"""What a model says of a stretch of sound, and the score table in which it is written."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import MoodlightError
from core.paths import atomic_write, check_table_name

NO_SPEECH = "no speech"
UNSURE = "unsure"  # in place of an emotion that is not probable enough
_BEFORE_LABELS = ("file", "start", "end", "emotion", "confidence")
_AFTER_LABELS = ("transcript", "model")


@dataclass(frozen=True)
class Word:
    """A recognised word.

    Attributes:
        text: the word as the model writes it.
        start_s: where it begins, in seconds of the recording.
        end_s: where it ends.
        confidence: mean probability of its units, 0 to 1.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True)
class Prediction:
    """What a model said of one stretch of a recording.

    Attributes:
        file: the recording, as it was given.
        start_s: where the stretch begins, in seconds of the recording.
        end_s: where it ends.
        emotion: the most probable label, or None where there is no speech.
        confidence: its probability, 0.0 without speech.
        probabilities: one value a label, in the scheme's order; empty without speech.
        words: in time order; empty without speech.
        model: the checkpoint's name.
        embedding: z_e, `(width,)` float32, where it was asked for and somebody speaks.
    """

    file: str
    start_s: float
    end_s: float
    emotion: str | None
    confidence: float
    probabilities: dict[str, float]
    words: tuple[Word, ...]
    model: str
    embedding: np.ndarray | None = field(default=None, compare=False, repr=False)

    @classmethod
    def no_speech(cls, file: str, start_s: float, end_s: float, model: str) -> Prediction:
        """The answer for a stretch in which nobody speaks."""
        return cls(file, start_s, end_s, None, 0.0, {}, (), model)

    def if_sure(self, least: float) -> Prediction:
        """The same, with "unsure" in place of an emotion whose probability lies below `least`."""
        return replace(self, emotion=UNSURE) if self.emotion is not None and self.confidence < least else self

    @property
    def transcript(self) -> str:
        """The words with single spaces between them."""
        return " ".join(word.text for word in self.words)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON line; `from_json` takes it back."""
        embedding = {} if self.embedding is None else {"embedding": _packed(self.embedding)}
        return embedding | {
            "file": self.file,
            "start": self.start_s,
            "end": self.end_s,
            "emotion": self.emotion,
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities),
            "words": [[word.text, word.start_s, word.end_s, word.confidence] for word in self.words],
            "model": self.model,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Prediction:
        """The prediction that `to_json` turned into plain data."""
        return cls(
            file=data["file"],
            start_s=data["start"],
            end_s=data["end"],
            emotion=data["emotion"],
            confidence=data["confidence"],
            probabilities=dict(data["probabilities"]),
            words=tuple(Word(*word) for word in data["words"]),
            model=data["model"],
            embedding=_unpacked(data["embedding"]) if "embedding" in data else None,
        )


def readable(words: str) -> str:
    """Words as they are shown: a model that knows capitals only is not meant to shout. Tables keep the capitals."""
    if not words.isupper():
        return words
    return " ".join(
        word.capitalize() if word == "I" or word.startswith("I'") else word.lower() for word in words.split(" ")
    )


def _packed(embedding: np.ndarray) -> str:
    return base64.b64encode(embedding.astype("<f2").tobytes()).decode("ascii")


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)


@dataclass(frozen=True)
class ScoreRow:
    """One row of a score table: a prediction without the times of its words.

    Attributes are those of `Prediction`; times are kept to 1 ms, probabilities to 4 decimals.
    """

    file: str
    start_s: float
    end_s: float
    emotion: str | None
    confidence: float
    probabilities: dict[str, float]
    transcript: str
    model: str

    @classmethod
    def of(cls, prediction: Prediction) -> ScoreRow:
        """The row that stands for a prediction."""
        return cls(
            file=prediction.file,
            start_s=round(prediction.start_s, 3),
            end_s=round(prediction.end_s, 3),
            emotion=prediction.emotion,
            confidence=round(prediction.confidence, 4),
            probabilities={name: round(value, 4) for name, value in prediction.probabilities.items()},
            transcript=prediction.transcript,
            model=prediction.model,
        )


@dataclass(frozen=True)
class InputFailure:
    """A file that could not be scored, and why."""

    file: str
    reason: str


def score_columns(labels: Sequence[str], top_k: int = 0) -> list[str]:
    """Names of the score table's columns for labels, and for the most probable of them behind all others."""
    top = [f"{name}_{place}" for place in range(1, top_k + 1) for name in ("label", "probability")]
    return [*_BEFORE_LABELS, *(f"p_{label}" for label in labels), *_AFTER_LABELS, *top]


def most_probable(probabilities: Mapping[str, float], count: int) -> list[tuple[str, float]]:
    """The labels with the highest probabilities, highest first, fewer than `count` where there are no more."""
    return sorted(probabilities.items(), key=lambda pair: -pair[1])[:count]


def write_score_table(path: Path, predictions: Iterable[Prediction], labels: Sequence[str]) -> int:
    """Write predictions as a CSV score table, all of it or nothing.

    Args:
        path: where to.
        predictions: in the order of the rows; taken one by one, never held together.
        labels: the scheme's labels, in its order.

    Returns:
        The number of rows.
    """
    with open_score_table(path, labels) as write:
        count = 0
        for count, prediction in enumerate(predictions, start=1):  # noqa: B007
            write(prediction)
    return count


@contextmanager
def open_score_table(path: Path, labels: Sequence[str], top_k: int = 0) -> Iterator[Callable[[Prediction], None]]:
    """A function that appends a prediction to a CSV score table, which appears at `path` when the block ends.

    Args:
        path: where to.
        labels: of all models that are written, in their order; a cell is empty where a model does not know its label.
        top_k: so many of the most probable labels are written in columns behind all others.
    """
    with open_csv(path, score_columns(labels, top_k)) as write_cells:

        def write(prediction: Prediction) -> None:
            row = ScoreRow.of(prediction)
            write_cells([*_score_cells(row, labels), *_top_cells(row, top_k)])

        yield write


def read_score_table(path: Path) -> list[ScoreRow]:
    """Read a CSV score table.

    Columns that came later than this program are left out.

    Raises:
        MoodlightError: the file is not a score table, or a value in it is not a number.
        OSError: it cannot be read.
    """
    return list(iterate_score_table(path))


def iterate_score_table(path: Path) -> Iterator[ScoreRow]:
    """The rows of a CSV score table, one in memory at a time; see `read_score_table`."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = reader.fieldnames or []
        missing = [name for name in (*_BEFORE_LABELS, *_AFTER_LABELS) if name not in columns]
        if missing:
            raise MoodlightError(f"{path} is not a score table: it has no column {missing[0]!r}.")
        labels = [name.removeprefix("p_") for name in columns if name.startswith("p_")]
        for cells in reader:
            try:
                yield row_of_cells(cells, labels)
            except (TypeError, ValueError) as error:
                message = f"{path}, line {reader.line_num}, is not a row of a score table: {error}."
                raise MoodlightError(message) from None


def errors_path(out: Path) -> Path:
    """Where the files that failed are listed: beside the table, its name with `.errors.csv` behind it."""
    return out.with_name(out.name + ".errors.csv")


def write_errors(path: Path, failures: Iterable[InputFailure]) -> None:
    """Write the table of files that failed (`file,reason`)."""
    with open_errors(path) as write:
        for failure in failures:
            write(failure)


@contextmanager
def open_errors(path: Path) -> Iterator[Callable[[InputFailure], None]]:
    """A function that appends to the table of files that failed, which appears when the block ends."""
    with open_csv(path, ["file", "reason"]) as write_cells:
        yield lambda failure: write_cells([failure.file, failure.reason])


def read_errors(path: Path) -> list[InputFailure]:
    """Read the table of files that failed."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        return [InputFailure(row["file"], row["reason"]) for row in csv.DictReader(stream)]


@contextmanager
def open_csv(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[str]], None]]:
    """A function that appends a row's cells to a CSV file, which appears at `path` when the block ends.

    Raises:
        ConfigError: it is named as a spreadsheet.
    """
    check_table_name(path)
    # File names need not be valid text on Linux; surrogateescape writes their bytes as they are.
    with atomic_write(path) as raw:
        stream = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
        plain = csv.writer(stream, lineterminator="\n")
        # A carriage return alone is not quoted by itself, and would be read as the end of the row.
        quoted = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
        try:
            plain.writerow(columns)
            yield lambda cells: (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)
        finally:
            stream.detach()


def _score_cells(row: ScoreRow, labels: Sequence[str]) -> list[str]:
    times = [f"{row.start_s:.3f}", f"{row.end_s:.3f}"]
    if row.emotion is None:
        values = [NO_SPEECH, *("" for _ in range(len(labels) + 1))]
    else:
        known = row.probabilities
        shares = (f"{known[label]:.4f}" if label in known else "" for label in labels)
        values = [row.emotion, f"{row.confidence:.4f}", *shares]
    return [row.file, *times, *values, row.transcript, row.model]


def _top_cells(row: ScoreRow, count: int) -> list[str]:
    cells = [cell for label, share in most_probable(row.probabilities, count) for cell in (label, f"{share:.4f}")]
    return cells + [""] * (2 * count - len(cells))


def row_of_cells(cells: Mapping[str, str], labels: Sequence[str]) -> ScoreRow:
    """The row that a line of a score table holds, column to text.

    Raises:
        ValueError: a number is none.
    """
    silent = cells["emotion"] == NO_SPEECH
    return ScoreRow(
        file=cells["file"],
        start_s=_number(cells["start"]),
        end_s=_number(cells["end"]),
        emotion=None if silent else cells["emotion"],
        confidence=0.0 if silent else _number(cells["confidence"]),
        probabilities={label: _number(text) for label in labels if (text := cells[f"p_{label}"]) != ""},
        transcript=cells["transcript"],
        model=cells["model"],
    )


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value
