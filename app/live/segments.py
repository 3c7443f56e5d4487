"""What the engine hears, segment by segment, on the time axis of the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.live import LiveUpdate, Smoothing
from core.predictions import Prediction, Word, readable

UPDATE_S = 0.25  # between two updates


@dataclass(eq=False)
class Segment:
    """Somebody speaks. Times ending in `_s` are seconds of the session, `start` and `end` samples of a ring.

    Attributes:
        number: from 1 on.
        source: number of the ring.
        history: (end, probabilities) of each analysis, smoothed as it was shown.
        probabilities: of the last analysis, as the model gave them.
        label: given by hand.
        words: corrected by hand; None where the model's stand.
        file: the recording that it is in, and `span_s` where in it.
        clip: its number in the project, 0 while it has none.
    """

    number: int
    source: int
    start: int
    end: int
    start_s: float
    end_s: float
    final: bool = False
    history: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    probabilities: dict[str, float] = field(default_factory=dict)
    stable: str = ""
    tail: str = ""
    prediction: Prediction | None = None
    label: str = ""
    words: str | None = None
    file: Path | None = None
    span_s: tuple[float, float] | None = None
    clip: int = 0

    @property
    def emotion(self) -> str | None:
        """What is shown: the result, or what is likeliest so far; None where it is not known."""
        if self.prediction is not None:
            return self.prediction.emotion
        return max(self.shown, key=lambda name: self.shown[name]) if self.shown else None

    @property
    def shown(self) -> dict[str, float]:
        return self.history[-1][1] if self.history else {}

    @property
    def confidence(self) -> float:
        return self.prediction.confidence if self.prediction else max(self.shown.values(), default=0.0)

    @property
    def text(self) -> str:
        return self.words if self.words is not None else " ".join(filter(None, [self.stable, self.tail]))

    @property
    def is_silent(self) -> bool:
        """It has ended, and nobody spoke long enough to be judged."""
        return self.final and self.prediction is not None and self.prediction.emotion is None

    @property
    def timed_words(self) -> list[Word]:
        """Words with seconds of the session, where they are known and stand as the model wrote them."""
        if self.prediction is None or self.words is not None:
            return []
        by_s = self.start_s - self.prediction.start_s
        return [
            Word(readable(word.text), word.start_s + by_s, word.end_s + by_s, word.confidence)
            for word in self.prediction.words
        ]


class SegmentLog:
    """All segments of the session in time order, and where nothing but silence was heard.

    Attributes:
        segments: those that ended, and the open one behind them.
        open: the one that is being spoken.
        heard: stretches that the engine has listened to.
    """

    def __init__(self) -> None:
        self.smoothing = Smoothing()
        self.segments: list[Segment] = []
        self.open: Segment | None = None
        self.heard: list[tuple[float, float]] = []
        self._count = 0
        self._source = 0
        self._origin_s, self._rate = 0.0, 1
        self._hears = False  # the engine has said something of this ring
        self._ended = 0  # samples: what a restarted engine says of earlier segments is known

    @property
    def source(self) -> int:
        """The number of the ring that is listened to."""
        return self._source

    def begin(self, origin_s: float, rate: int) -> None:
        """Listen to another ring, whose first sample stands at `origin_s`."""
        self.break_off()
        self._source += 1
        self._origin_s, self._rate, self._ended, self._hears = origin_s, rate, 0, False

    def time_s(self, sample: int) -> float:
        return self._origin_s + sample / self._rate

    def break_off(self) -> Segment | None:
        """Nothing more is heard of the open segment: it ends where it was last analysed."""
        segment, self.open = self.open, None
        if segment is not None:
            segment.final = True
        return segment

    def take(self, update: LiveUpdate) -> Segment | None:
        """The segment that an update is about, None for silence."""
        self._hear(self.time_s(update.position))
        if update.start is None or update.start < self._ended:
            if not update.speaking:
                self._drop_open()
            return None
        segment = self._segment_at(update)
        self._fill(segment, update)
        if update.final:
            self._ended, self.open = segment.end, None
        return segment

    def _hear(self, until_s: float) -> None:
        if self._hears and self.heard:
            self.heard[-1] = (self.heard[-1][0], max(until_s, self.heard[-1][1]))
        else:
            self._hears = True
            start_s = max(self._origin_s, until_s - UPDATE_S)
            self.heard.append((start_s, max(until_s, start_s)))

    def _drop_open(self) -> None:
        """The engine says that nobody speaks, after all."""
        if self.open is not None and not self.open.label:
            self.segments.remove(self.open)
        self.open = None

    def _segment_at(self, update: LiveUpdate) -> Segment:
        start = update.start or 0
        if self.open is not None and abs(self.open.start - start) > self._rate:  # it was begun anew
            self._drop_open()
        if self.open is None:
            self._count += 1
            self.smoothing.reset()
            start_s = self.time_s(start)
            self.open = Segment(self._count, self._source, start, start, start_s, start_s)
            self.segments.append(self.open)
        return self.open

    def _fill(self, segment: Segment, update: LiveUpdate) -> None:
        segment.start = update.start or 0
        segment.start_s = self.time_s(segment.start)
        segment.end = update.end if update.final and update.end is not None else max(update.position, segment.start)
        segment.end_s = self.time_s(segment.end)
        segment.stable, segment.tail = readable(update.stable), readable(update.tail)
        if update.probabilities:
            segment.probabilities = update.probabilities
            until_s = segment.end_s if update.end is None else self.time_s(update.end)
            shown = self.smoothing.apply(update.probabilities, until_s)
            segment.history.append((until_s, shown))
        if update.final:
            segment.final = True
            segment.prediction = update.prediction
            if update.prediction is not None:
                segment.stable, segment.tail = readable(update.prediction.transcript), ""

    def total_s(self) -> dict[str, float]:
        """Seconds of each emotion so far, by what ended segments were heard as; what was given by hand counts more."""
        seconds: dict[str, float] = {}
        for segment in self.segments:
            name = segment.label or (segment.emotion if segment.final else None)
            if name:
                seconds[name] = seconds.get(name, 0.0) + segment.end_s - segment.start_s
        return seconds

    def nearest(self, time_s: float) -> Segment | None:
        """The segment at a time; None where nobody speaks."""
        return next((each for each in reversed(self.segments) if each.start_s <= time_s <= each.end_s), None)
