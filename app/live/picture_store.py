"""The last ten minutes of live sound as columns of 10 ms: mel spectrum, the waveform's envelope and pitch.

Time counts from when Live began to hear. Where one device follows another, the axis goes on without a gap.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import soxr

from core.audio.decode import SAMPLE_RATE
from core.audio.display import FLOOR_DB, MEL_BANDS, WINDOW_SAMPLES, compute_spectra, to_db
from core.audio.ring import Ring, RingOverrun

COLUMNS_A_SECOND = 100
KEPT_S = 600.0
HOP = SAMPLE_RATE // COLUMNS_A_SECOND  # samples
PITCH_GAP = 4  # columns
AT_ONCE_S = 2.0  # so much of what has waited is taken in at a time


class PictureStore:
    """Columns are numbered from 0 on; `oldest` to `count` are there. Arrays are indexed by number modulo `capacity`.

    Attributes:
        levels: `(capacity, MEL_BANDS)` uint8, 0 is `FLOOR_DB` and 255 is 0 dB.
        low: `(capacity,)` float32, the lowest sample; `high` the highest.
        pitch: `(capacity,)` float32 in Hz, NaN where nothing is voiced.
        breaks: columns at which another device began.
    """

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self.capacity = round(kept_s * COLUMNS_A_SECOND)
        self.levels = np.zeros((self.capacity, MEL_BANDS), np.uint8)
        self.low = np.zeros(self.capacity, np.float32)
        self.high = np.zeros(self.capacity, np.float32)
        self.pitch = np.full(self.capacity, np.nan, np.float32)
        self.count = 0
        self.breaks: list[int] = []
        self._last_pitch: list[tuple[int, float]] = []
        self._new_pitch = (0, 0)
        self._ring: Ring | None = None

    @property
    def oldest(self) -> int:
        return max(0, self.count - self.capacity)

    @property
    def end_s(self) -> float:
        return self.count / COLUMNS_A_SECOND

    def attach(self, ring: Ring) -> float:
        """Go on with another ring, from its beginning; the time at which its first sample stands."""
        if self.count:
            self.breaks.append(self.count)
        self._ring, self._rate = ring, ring.rate
        self._origin = self.count  # the column of its first sample
        self._next = 0  # sample of the ring that is taken in next
        self._held = np.zeros(0, np.float32)  # 16 kHz, not all of it in a column yet
        self._held_at = 0  # where `held` begins, samples of 16 kHz since the ring's first
        self._resampler = None if ring.rate == SAMPLE_RATE else soxr.ResampleStream(ring.rate, SAMPLE_RATE, 1)
        return self._origin / COLUMNS_A_SECOND

    def detach(self) -> None:
        """Nothing more comes from this ring."""
        self._ring = None

    def take_in(self) -> np.ndarray:
        """Make columns of what has come; the new samples, at the ring's rate."""
        ring = self._ring
        if ring is None:
            return np.zeros(0, np.float32)
        try:
            samples = ring.read(self._next, round(AT_ONCE_S * ring.rate))
        except RingOverrun:
            lost = ring.oldest - self._next
            samples = np.zeros(lost, np.float32)  # the axis goes on
        self._next += len(samples)
        new = samples if self._resampler is None else self._resampler.resample_chunk(samples)
        self._held = np.concatenate([self._held, new])
        self._make_columns()
        return samples

    def _make_columns(self) -> None:
        done = self.count - self._origin
        ready = (self._held_at + len(self._held) - WINDOW_SAMPLES // 2 - HOP // 2) // HOP
        if ready <= done:
            return
        numbers = np.arange(max(done, ready - self.capacity), ready)
        db = to_db(compute_spectra(self._held, numbers * HOP + HOP // 2 - self._held_at))
        at = (self._origin + numbers) % self.capacity
        self.levels[at] = np.clip(np.round((db - FLOOR_DB) * (255.0 / -FLOOR_DB)), 0, 255).astype(np.uint8)
        first = int(numbers[0]) * HOP - self._held_at
        blocks = self._held[first : first + len(numbers) * HOP].reshape(-1, HOP)
        self.low[at], self.high[at] = blocks.min(axis=1), blocks.max(axis=1)
        self.pitch[at] = np.nan
        self.count = self._origin + ready
        keep = max(0, ready * HOP + HOP // 2 - WINDOW_SAMPLES // 2 - self._held_at)
        keep = min(keep, max(0, ready * HOP - self._held_at))
        self._held, self._held_at = self._held[keep:], self._held_at + keep

    def set_pitch(self, origin_s: float, rate: int, pitch: Sequence[tuple[int, float]]) -> None:
        """What was voiced since this was called last, as (sample of a ring, Hz); `origin_s` and `rate` are that ring's.

        Points that are near to each other are joined; one that stands alone is taken for a mistake.
        """
        found = [(int((origin_s + sample / rate) * COLUMNS_A_SECOND), hz) for sample, hz in pitch]
        points = [*self._last_pitch, *found]
        self._last_pitch = points[-1:]
        for (first, low), (last, high) in itertools.pairwise(points):
            if 0 < last - first <= PITCH_GAP and first >= self.oldest and last < self.count:
                at = np.arange(first, last + 1)
                self.pitch[at % self.capacity] = np.linspace(low, high, len(at))
                known = self._new_pitch
                self._new_pitch = (min(known[0], first), max(known[1], last + 1)) if known[1] else (first, last + 1)

    def take_new_pitch(self) -> tuple[int, int]:
        """Columns [first, last) whose pitch came since this was asked."""
        (first, last), self._new_pitch = self._new_pitch, (0, 0)
        return first, last

    def part(self, values: np.ndarray, first: int, last: int) -> np.ndarray:
        """Columns [first, last) of one of the arrays, which must all be there."""
        start, end = first % self.capacity, (last - 1) % self.capacity + 1
        return values[start:end] if start < end else np.concatenate([values[start:], values[:end]])
