"""What the window knows of one open recording."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from core.predictions import NO_SPEECH, Prediction


class State(Enum):
    WAITING = "waiting"
    ANALYSING = "analysing"
    DONE = "done"
    STOPPED = "stopped"
    ERROR = "error"


@dataclass(frozen=True)
class Summary:
    """A recording as a whole: the mean over its segments, each weighted with its duration."""

    emotion: str
    confidence: float
    probabilities: dict[str, float]
    speech_s: float
    segments: int


@dataclass(eq=False)  # two rows are never the same
class Recording:
    path: Path
    state: State = State.WAITING
    predictions: list[Prediction] = field(default_factory=list)
    done_s: float = 0.0
    total_s: float = 0.0
    error: str = ""
    notes: list[str] = field(default_factory=list)
    request: int | None = None
    summary: Summary | None = None

    @property
    def name(self) -> str:
        return self.path.name

    def reset(self) -> None:
        """Forget the results, to analyse it again."""
        self.state, self.error, self.request, self.summary = State.WAITING, "", None, None
        self.done_s = self.total_s = 0.0
        self.predictions, self.notes = [], []

    def add(self, prediction: Prediction) -> None:
        self.predictions.append(prediction)
        self.summary = compute_summary(self.predictions)

    def state_text(self) -> str:
        """The second line of its row: what is going on with it, or what was found."""
        if self.state is State.WAITING:
            return "waiting"
        if self.state is State.ANALYSING:
            done, total = format_time(self.done_s), format_time(self.total_s)
            return f"analysing {done} of {total}" if self.total_s else "analysing"
        if self.state is State.ERROR:
            return self.error
        if self.summary:
            found = f"{self.summary.emotion} {self.summary.confidence:.0%}"
            return found + (", stopped early" if self.state is State.STOPPED else "")
        return "stopped" if self.state is State.STOPPED else NO_SPEECH


def compute_summary(predictions: Sequence[Prediction]) -> Summary | None:
    """The duration-weighted mean of what was said of the segments; None where nobody speaks."""
    spoken = [prediction for prediction in predictions if prediction.emotion is not None]
    weights = [max(prediction.end_s - prediction.start_s, 1e-3) for prediction in spoken]
    if not spoken:
        return None
    speech_s = sum(weights)
    labels = spoken[0].probabilities
    mean = {
        label: sum(w * p.probabilities.get(label, 0.0) for w, p in zip(weights, spoken, strict=True)) / speech_s
        for label in labels
    }
    emotion = max(mean, key=mean.__getitem__)
    return Summary(emotion, mean[emotion], mean, speech_s, len(spoken))


def find_segment(predictions: Sequence[Prediction], time_s: float) -> int | None:
    """Index of the segment that `time_s` lies in, or of the one before it; of the first where it lies before all."""
    if not predictions:
        return None
    return max(bisect_right(predictions, time_s + 1e-6, key=lambda prediction: prediction.start_s) - 1, 0)


def format_time(time_s: float, tenths: bool = False) -> str:
    """`0:34`, `12:05`, `1:02:03`; with tenths `0:34.5`."""
    tenths_in_all = int(time_s * 10 + 0.5) if tenths else int(time_s) * 10
    minutes, rest = divmod(tenths_in_all, 600)
    seconds = f"{rest // 10:02d}" + (f".{rest % 10}" if tenths else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
