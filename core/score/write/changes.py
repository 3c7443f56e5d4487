"""What changed since an older score table: the same clips, twice.

The older table is held in memory, about a kilobyte a row.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from core.errors import MoodlightError
from core.predictions import NO_SPEECH, Prediction, ScoreRow, open_csv, row_of_cells
from core.score.write.names import valid_text
from core.tables import read_rows

SAME_S = 0.01  # times of a clip may differ so much
SAME_SHARE = 2e-4  # and probabilities, which CSV rounds to four decimals
SHOWN = 20
COLUMNS = (
    *("file", "start", "end", "found", "emotion_before", "emotion_after", "confidence_before", "confidence_after"),
    *("probability_change", "word_difference", "transcript_before", "transcript_after"),
)
_NEEDED = ("file", "start", "end", "emotion", "confidence", "transcript", "model")


@dataclass(frozen=True)
class Change:
    """A clip, before and after; one of both is None where the other table alone has it.

    Attributes:
        before: in the older table.
        after: in the newer one.
        share: mean absolute change of the probabilities that both have; None where there are none.
        words: edits between the transcripts over the words of the older one (of the newer, where that has none).
    """

    before: ScoreRow | None
    after: ScoreRow | None
    share: float | None = None
    words: float = 0.0

    @property
    def row(self) -> ScoreRow:
        """The newer row, or else the older one."""
        row = self.after or self.before
        assert row is not None
        return row

    @property
    def found(self) -> str:
        """In which of the tables: `both`, `before` or `after`."""
        return "both" if self.before and self.after else "before" if self.before else "after"

    @property
    def is_one(self) -> bool:
        """Whether anything differs."""
        if not (self.before and self.after):
            return True
        moved = self.share is not None and self.share > SAME_SHARE
        return moved or self.words > 0 or self.before.emotion != self.after.emotion


@dataclass
class Changes:
    """All that changed, in sum.

    Attributes:
        table: the older table.
        before: its model.
        after: the newer model.
        labels: emotion before and after to the number of clips, of those that both have.
        shares: sum of the mean changes of probability, and `compared`, the clips that have one.
        transcripts: clips whose transcript changed.
        word_sum: their difference rates, summed.
        only_before: clips of the older table alone.
        only_after: clips of the newer one alone.
        most: the clips that changed most, the most changed first.
    """

    table: str
    before: str
    after: str
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    shares: float = 0.0
    compared: int = 0
    transcripts: int = 0
    word_sum: float = 0.0
    only_before: int = 0
    only_after: int = 0
    most: list[Change] = field(default_factory=list)

    @property
    def both(self) -> int:
        """Clips that both tables have."""
        return self.labels.total()

    @property
    def other_emotion(self) -> int:
        """Those with another emotion."""
        return sum(number for (before, after), number in self.labels.items() if before != after)


class _Older:
    """The rows of the older table that no row has been matched with."""

    def __init__(self, path: Path, model: str) -> None:
        """Of several models that of the same name counts, else the first."""
        self.model = ""
        self._rows: dict[tuple[str, int], list[ScoreRow]] = {}
        for row in _read(path):
            if not self.model or (row.model == model != self.model):
                self.model = row.model
                self._rows.clear()
            if row.model == self.model:
                self._rows.setdefault(_key(row, 0), []).append(row)

    def take(self, row: ScoreRow) -> ScoreRow | None:
        """The row of the same clip, which is taken out."""
        for shift in (0, -1, 1):
            key = _key(row, shift)
            for number, older in enumerate(self._rows.get(key, ())):
                if abs(older.start_s - row.start_s) <= SAME_S and abs(older.end_s - row.end_s) <= SAME_S:
                    found = self._rows[key].pop(number)
                    if not self._rows[key]:
                        del self._rows[key]
                    return found
        return None

    def left(self) -> Iterator[ScoreRow]:
        """Those that are still there, in their order."""
        for rows in self._rows.values():
            yield from rows


def _key(row: ScoreRow, shift: int) -> tuple[str, int]:
    return valid_text(row.file), round(row.start_s / (2 * SAME_S)) + shift


def _read(path: Path) -> Iterator[ScoreRow]:
    labels: list[str] | None = None
    for number, cells in enumerate(read_rows(path, "confidence", errors="surrogateescape"), start=2):
        if labels is None:
            missing = next((name for name in _NEEDED if name not in cells), "")
            if missing:
                raise MoodlightError(f"{path} is not a score table: it has no column {missing!r}.")
            labels = [name.removeprefix("p_") for name in cells if name.startswith("p_")]
        try:
            yield row_of_cells(cells, labels)
        except (TypeError, ValueError) as error:
            raise MoodlightError(f"{path}, row {number}, is not a row of a score table: {error}.") from None


def check_older(path: Path) -> None:
    """See that a table can be compared with, as far as its first row tells.

    Raises:
        MoodlightError: it is no score table.
    """
    next(_read(path), None)


@contextmanager
def open_changes(path: Path, older: Path, model: str) -> Iterator[tuple[Changes, Callable[[Prediction], None]]]:
    """What compares rows with an older table, and writes those that differ to a CSV when the block ends.

    Args:
        path: where to.
        older: CSV or Parquet, read at once.
        model: whose rows are compared.

    Yields:
        The sums, which are whole after the block, and a function that takes the newer rows.

    Raises:
        MoodlightError: the older table is none, or cannot be read.
    """
    known = _Older(older, model)
    changes = Changes(str(older), known.model, model)
    ranked: list[tuple[float, int, Change]] = []
    numbers = count()
    with open_csv(path, COLUMNS) as write:

        def tell(change: Change) -> None:
            if change.is_one:
                write(_cells(change))
            if change.before and change.after:
                heapq.heappush(ranked, (_size(change), -next(numbers), change))
                if len(ranked) > SHOWN:
                    heapq.heappop(ranked)

        def add(prediction: Prediction) -> None:
            row = ScoreRow.of(prediction)
            change = _compare(known.take(row), row)
            _count(changes, change)
            tell(change)

        yield changes, add
        for row in known.left():
            changes.only_before += 1
            tell(Change(row, None))
    ordered = sorted(ranked, key=lambda each: each[:2], reverse=True)
    changes.most += [change for _, _, change in ordered if change.is_one]


def _compare(before: ScoreRow | None, after: ScoreRow) -> Change:
    if before is None:
        return Change(None, after)
    both = before.probabilities.keys() & after.probabilities.keys()
    moved = [abs(after.probabilities[label] - before.probabilities[label]) for label in both]
    said, says = before.transcript.split(), after.transcript.split()
    words = Levenshtein.distance(said, says) / (len(said) or len(says) or 1)
    return Change(before, after, sum(moved) / len(moved) if moved else None, words)


def _count(changes: Changes, change: Change) -> None:
    if change.before is None:
        changes.only_after += 1
        return
    changes.labels[change.before.emotion or NO_SPEECH, change.row.emotion or NO_SPEECH] += 1
    if change.share is not None:
        changes.shares += change.share
        changes.compared += 1
    if change.words:
        changes.transcripts += 1
        changes.word_sum += change.words


def _size(change: Change) -> float:
    """How much a clip changed: another emotion counts most, then the probabilities, then the words."""
    assert change.before is not None
    return 2.0 * (change.before.emotion != change.row.emotion) + (change.share or 0.0) + 1e-3 * min(change.words, 1.0)


def _cells(change: Change) -> Sequence[str]:
    row, before, after = change.row, change.before, change.after
    share = "" if change.share is None else f"{change.share:.4f}"
    words = f"{change.words:.4f}" if change.found == "both" else ""
    return [
        *(row.file, f"{row.start_s:.3f}", f"{row.end_s:.3f}", change.found),
        *(_emotion(before), _emotion(after), _confidence(before), _confidence(after)),
        *(share, words, before.transcript if before else "", after.transcript if after else ""),
    ]


def _emotion(row: ScoreRow | None) -> str:
    return "" if row is None else row.emotion or NO_SPEECH


def _confidence(row: ScoreRow | None) -> str:
    return "" if row is None or row.emotion is None else f"{row.confidence:.4f}"
