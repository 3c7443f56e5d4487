"""What the engine says of live sound, and what is made of it: steady words, calm bars, the session so far. No torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.predictions import Prediction, Word, write_score_table

AGREEING = 3  # analyses in which a word must have been the same before it is taken for good
LAST_WORDS = 2  # that may always change: what follows decides over them
LAST_S = 1.0  # and so may the words of this last bit of sound


@dataclass(frozen=True)
class LiveUpdate:
    """What has been heard since the last one. Positions are samples of the ring.

    Attributes:
        position: up to which the engine has heard.
        speaking: whether a segment is open.
        start: where the open, or the ended, segment begins; None when nobody speaks.
        end: where what was analysed of it ends; None where nothing was yet.
        final: the segment has ended, and this is its result.
        probabilities: of each emotion, as the model gives them; empty while nothing is analysed.
        stable: words that will not change until the segment ends.
        tail: words that may change.
        prediction: of an ended segment; times in seconds of the ring (sample / rate).
        pitch: (position, Hz) of what was voiced since the last update.
        took_s: seconds that it took to compute.
    """

    position: int
    speaking: bool = False
    start: int | None = None
    end: int | None = None
    final: bool = False
    probabilities: dict[str, float] = field(default_factory=dict)
    stable: str = ""
    tail: str = ""
    prediction: Prediction | None = None
    pitch: tuple[tuple[int, float], ...] = ()
    took_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON line; `from_json` takes it back."""
        prediction = None if self.prediction is None else self.prediction.to_json()
        pitch = [[position, round(hz, 1)] for position, hz in self.pitch]
        return vars(self) | {"prediction": prediction, "pitch": pitch, "took_s": round(self.took_s, 4)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> LiveUpdate:
        """The update that `to_json` turned into plain data."""
        prediction = None if data["prediction"] is None else Prediction.from_json(data["prediction"])
        pitch = tuple((int(position), float(hz)) for position, hz in data["pitch"])
        return cls(**(data | {"prediction": prediction, "pitch": pitch}))


class LiveText:
    """The words of the open segment, analysed again and again: which of them will stay."""

    def __init__(self) -> None:
        self._stable: list[Word] = []
        self._rests: deque[list[str]] = deque(maxlen=AGREEING)  # of each analysis, the words behind the stable ones

    def update(self, words: Sequence[Word], length_s: float) -> tuple[str, str]:
        """Take in one more analysis.

        Args:
            words: of the segment so far, times in seconds from its beginning.
            length_s: how long it is so far.

        Returns:
            The words that stay, and those that may change.
        """
        rest = list(words[_match(self._stable, words) :])
        self._rests.append([word.text for word in rest])
        agreed = self._agreed() if len(self._rests) == AGREEING else 0
        old_enough = sum(word.end_s <= length_s - LAST_S for word in rest)
        kept = max(0, min(agreed, old_enough, len(rest) - LAST_WORDS))
        self._stable += rest[:kept]
        self._rests = deque((texts[kept:] for texts in self._rests), AGREEING)
        return _joined(self._stable), _joined(rest[kept:])

    def _agreed(self) -> int:
        """How many words in a row all kept analyses have in common."""
        count = 0
        for texts in zip(*self._rests, strict=False):
            if len(set(texts)) > 1:
                break
            count += 1
        return count


def _match(stable: Sequence[Word], words: Sequence[Word]) -> int:
    """How many of `words` say what `stable` says: the fewest edits, and of those that stop where `stable` does."""
    if not stable:
        return 0
    costs = list(range(len(words) + 1))
    for row, old in enumerate(stable, start=1):
        above, costs[0] = costs[0], row
        for column, new in enumerate(words, start=1):
            swapped = above + (old.text != new.text)
            above = costs[column]
            costs[column] = min(swapped, above + 1, costs[column - 1] + 1)
    begin_s = [float("-inf"), *(word.start_s for word in words)]
    return min(range(len(costs)), key=lambda count: (costs[count], abs(begin_s[count] - stable[-1].start_s)))


def _joined(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)


class Smoothing:
    """Keeps the emotion bars from jumping.

    Args:
        half_life_s: after so long, half of a change is shown; 0 shows each value as it comes.
    """

    def __init__(self, half_life_s: float = 0.4) -> None:
        self.half_life_s = half_life_s
        self._shown: dict[str, float] = {}
        self._at_s = 0.0

    def reset(self) -> None:
        """Forget what was: another segment begins."""
        self._shown = {}

    def apply(self, probabilities: dict[str, float], t_s: float) -> dict[str, float]:
        """What to show at `t_s` seconds of the ring; values that sum to 1 still do."""
        old = self._shown if self._shown.keys() == probabilities.keys() and self.half_life_s > 0 else probabilities
        kept = 0.5 ** (max(0.0, t_s - self._at_s) / self.half_life_s) if self.half_life_s > 0 else 0.0
        self._shown = {name: kept * old[name] + (1 - kept) * value for name, value in probabilities.items()}
        self._at_s = t_s
        return dict(self._shown)


class LiveSession:
    """What was heard since it began: the ended segments, in their order."""

    def __init__(self) -> None:
        self.segments: list[Prediction] = []

    def add(self, prediction: Prediction) -> None:
        """An ended segment."""
        self.segments.append(prediction)

    def shares(self) -> dict[str, float]:
        """The share of each emotion heard, by seconds of speech, the largest first; they sum to 1."""
        seconds: dict[str, float] = {}
        for segment in self.segments:
            if segment.emotion is not None:
                seconds[segment.emotion] = seconds.get(segment.emotion, 0.0) + segment.end_s - segment.start_s
        total_s = sum(seconds.values())
        return {name: seconds[name] / total_s for name in sorted(seconds, key=lambda name: -seconds[name])}

    def write(self, path: Path, labels: Sequence[str]) -> int:
        """Write the score table; returns the number of its rows."""
        return write_score_table(path, self.segments, labels)


def moved(prediction: Prediction, file: str, start_s: float) -> Prediction:
    """The same prediction where its segment stands in a recording: it begins at `start_s` seconds of `file`."""
    by_s = start_s - prediction.start_s
    words = (replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s) for word in prediction.words)
    return replace(prediction, file=file, start_s=start_s, end_s=prediction.end_s + by_s, words=tuple(words))
