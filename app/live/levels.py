"""How loud it is, what was clipped, and whether that is worth a sentence."""

from __future__ import annotations

from collections import deque

import numpy as np

from core.audio.level import FLOOR_DB, QUIET_DB, Level, measure_level

FALL_DB_S = 24.0  # the meter falls by so much in a second
HOLD_S = 3.0  # clipping is told for so long, quiet is looked for in so much
HEARD_DB = -70.0  # below it, nothing is there that could be too quiet


class Levels:
    """Fed with what comes, in seconds of sound; nothing here knows of clocks.

    Attributes:
        peak_db: falls slowly, for the eye.
        held_db: the loudest of the last seconds.
        rms_db: of what came last.
        clipped: samples in all since `reset`.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.peak_db = self.held_db = self.rms_db = FLOOR_DB
        self.clipped = 0
        self._last: deque[tuple[float, Level]] = deque()
        self._at_s = 0.0

    def take(self, samples: np.ndarray, rate: int) -> None:
        """Float32 `(n,)`."""
        if not len(samples):
            return
        level, length_s = measure_level(samples), len(samples) / rate
        self._at_s += length_s
        self._last.append((self._at_s, level))
        while self._last[0][0] < self._at_s - HOLD_S:
            self._last.popleft()
        self.clipped += level.clipped
        self.rms_db = level.rms_db
        self.peak_db = max(level.peak_db, self.peak_db - FALL_DB_S * length_s, FLOOR_DB)
        self.held_db = max(each.peak_db for _, each in self._last)

    def warning(self) -> str:
        """What should be done about the level, or ""."""
        clipped = sum(level.clipped for _, level in self._last)
        if clipped:
            return f"Too loud: {clipped:,} samples clipped"
        if self._at_s < HOLD_S:
            return ""
        if self.held_db <= FLOOR_DB:
            return "Only silence comes from this device"
        if HEARD_DB < self.held_db < QUIET_DB + 10:  # a peak stands some 10 dB above the mean
            return "Too quiet: come nearer"
        return ""
