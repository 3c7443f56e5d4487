"""Live sound to updates: where somebody speaks, the open segment analysed again and again, and its final result."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator

import numpy as np
import soxr

from core.audio.decode import SAMPLE_RATE, resampled
from core.audio.ring import Ring, RingOverrun
from core.clips import Clip
from core.live import LiveText, LiveUpdate
from core.memory import give_back_free_memory
from core.pitch import detect_pitch
from core.recognizer import ClipResult, Recognizer
from core.segment import MAX_SEGMENT_S, LiveSpeech, SpeechSegment
from core.segmenting import MIN_CLIP_S

LOG = logging.getLogger("core.streaming")

EVERY_SAMPLES = SAMPLE_RATE // 4  # of sound between two updates
SHARE = 0.3  # of a core that analysing the open segment may take
ALWAYS_SAMPLES = 5 * SAMPLE_RATE  # up to this length a segment is analysed at each update, whatever it takes
MOST_SAMPLES = int(MAX_SEGMENT_S * SAMPLE_RATE)
TRIMMED_SAMPLES = 2 * SAMPLE_RATE  # each analysis has another size and leaves holes: so often they are given back
MARGIN = 16  # one in so many samples of the ring is left to the writer when a slow reader catches up


class LiveAnalyser:
    """Follows one ring. Positions inside are samples at 16 kHz since the ring's beginning.

    Args:
        recognizer: what analyses; may be replaced at any time.
        ring: the live sound, attached to by whoever calls.
        start: the ring position to begin at; None is now.
    """

    def __init__(self, recognizer: Recognizer, ring: Ring, start: int | None = None) -> None:
        self.recognizer = recognizer
        self.ring = ring
        common = math.gcd(ring.rate, SAMPLE_RATE)
        self._step_in, self._step_out = ring.rate // common, SAMPLE_RATE // common  # where samples of both rates meet
        self._begin_at(ring.written if start is None else max(start, ring.oldest))
        self._told = self._begin  # position of the last update
        self._trimmed = self._begin
        self._finished = False

    @property
    def finished(self) -> bool:
        """Whether the ring has ended and all of it has been told of."""
        return self._finished

    def tick(self) -> list[LiveUpdate]:
        """Hear what is new in the ring.

        Returns:
            The final update of each segment that ended, and one on what is open, at most every 250 ms of sound; mostly
            none. However late it comes, only the newest of what is open is analysed.
        """
        if self._finished:
            return []
        started_s = time.perf_counter()
        last = self.ring.ended  # before reading: nothing is written after it
        sound = self._new_sound(last)
        ended = self._speech.push(sound)
        if last:
            ended += self._speech.finish()
            self._finished = True
        updates = []
        for segment in ended:
            updates.append(self._final(segment, started_s))
            started_s = time.perf_counter()
        if self._position - self._told >= EVERY_SAMPLES or (last and not updates):
            updates.append(self._running(started_s))
        if updates:
            self._told = self._position
        if self._position - self._trimmed >= TRIMMED_SAMPLES:
            self._trimmed = self._position
            give_back_free_memory()
        return updates

    @property
    def _position(self) -> int:
        return self._begin + self._speech.heard

    def _begin_at(self, ring_sample: int) -> None:
        steps = -(-ring_sample // self._step_in)
        self._next = steps * self._step_in  # ring sample to read
        self._begin = steps * self._step_out
        self._speech = LiveSpeech()
        self._resampler = (
            None if self.ring.rate == SAMPLE_RATE else soxr.ResampleStream(self.ring.rate, SAMPLE_RATE, 1, "float32")
        )
        self._forget_segment()
        self._pitched = self._begin

    def _forget_segment(self) -> None:
        self._text = LiveText()
        self._words = ("", "")
        self._probabilities: dict[str, float] = {}
        self._analysed: int | None = None  # up to where, of the open segment
        self._due = 0  # when it is analysed next
        self._opened: int | None = None

    def _new_sound(self, last: bool) -> np.ndarray:
        """What came since, at 16 kHz."""
        try:
            samples = self.ring.read(self._next, self.ring.written - self._next)
        except RingOverrun:
            LOG.warning("live sound was lost: %d samples", self.ring.oldest - self._next)
            self._begin_at(self.ring.oldest + self.ring.capacity // MARGIN)
            samples = self.ring.read(self._next, self.ring.written - self._next)
        self._next += len(samples)
        return samples if self._resampler is None else self._resampler.resample_chunk(samples, last)

    def _final(self, segment: SpeechSegment, started_s: float) -> LiveUpdate:
        """The result of a segment that has ended: what analysing the recorded file gives for it."""
        start = self._begin + round(segment.start_s * SAMPLE_RATE)
        end = start + len(segment.samples)
        samples = self._as_recorded(start, end, segment.samples)
        clip = Clip("", start / SAMPLE_RATE, end / SAMPLE_RATE, samples, speech=None)
        (prediction,) = self.recognizer.predict([clip])
        update = LiveUpdate(
            position=self._ring_sample(self._position),
            speaking=False,
            start=self._ring_sample(start),
            end=self._ring_sample(end),
            final=True,
            probabilities=dict(prediction.probabilities),
            stable=prediction.transcript,
            prediction=prediction,
            pitch=self._new_pitch(start, segment.samples),
            took_s=time.perf_counter() - started_s,
        )
        self._forget_segment()
        return update

    def _as_recorded(self, start: int, end: int, heard: np.ndarray) -> np.ndarray:
        """The same stretch, resampled as a file is: its beginning does not depend on when listening began."""
        if self._resampler is None:
            return heard
        try:
            return np.concatenate(list(resampled(_RingReader(self.ring), start, end)))[: len(heard)]
        except RingOverrun:
            return heard

    def _running(self, started_s: float) -> LiveUpdate:
        segment = self._speech.open_segment()
        position = self._ring_sample(self._position)
        if segment is None:
            self._forget_segment()
            return LiveUpdate(position, took_s=time.perf_counter() - started_s)
        start = self._begin + round(segment.start_s * SAMPLE_RATE)
        if start != self._opened:
            self._forget_segment()
            self._opened = start
        if self._position >= self._due and len(segment.samples) >= MIN_CLIP_S * SAMPLE_RATE:
            self._analyse(start, segment.samples[:MOST_SAMPLES])
        return LiveUpdate(
            position=position,
            speaking=True,
            start=self._ring_sample(start),
            end=None if self._analysed is None else self._ring_sample(self._analysed),
            probabilities=dict(self._probabilities),
            stable=self._words[0],
            tail=self._words[1],
            pitch=self._new_pitch(start, segment.samples),
            took_s=time.perf_counter() - started_s,
        )

    def _analyse(self, start: int, samples: np.ndarray) -> None:
        before_s = time.process_time()
        (result,) = self.recognizer.analyse_clips([samples])
        took_s = time.process_time() - before_s
        self._take(result, start, len(samples))
        short = len(samples) < ALWAYS_SAMPLES
        self._due = self._position + (0 if short else round(took_s / SHARE * SAMPLE_RATE))

    def _take(self, result: ClipResult, start: int, length: int) -> None:
        names = self.recognizer.scheme.names
        self._probabilities = {name: float(p) for name, p in zip(names, result.probabilities, strict=True)}
        self._words = self._text.update(result.words, length / SAMPLE_RATE)
        self._analysed = start + length

    def _new_pitch(self, start: int, samples: np.ndarray) -> tuple[tuple[int, float], ...]:
        """Of what of a segment was not looked at before."""
        first = max(start, self._pitched)
        found, behind = detect_pitch(samples[first - start :])
        self._pitched = first + behind
        return tuple((self._ring_sample(first + at), hz) for at, hz in found)

    def _ring_sample(self, position: int) -> int:
        return position * self._step_in // self._step_out


class _RingReader:
    """A ring as `core.audio.decode.resampled` reads it."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self.rate = ring.rate

    def read(self, first: int, last: int | None) -> Iterator[np.ndarray]:
        """Gives samples [first, last) that are there."""
        end = self._ring.written if last is None else last
        yield self._ring.read(first, end - first)
