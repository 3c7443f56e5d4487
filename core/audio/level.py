"""How loud live sound is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FLOOR_DB = -100.0  # of silence
CLIPPED = 1.0 - 2.0**-14  # at full scale of 16 bits, up or down
CLIPPED_IN_A_ROW = 3  # a single sample at full scale may be chance
QUIET_DB = -45.0  # speech below this is hard to label


@dataclass(frozen=True)
class Level:
    """Of a stretch of sound, in dB of full scale.

    Attributes:
        peak_db: of the largest sample.
        rms_db: root mean square.
        clipped: samples at full scale that stand three or more in a row.
    """

    peak_db: float
    rms_db: float
    clipped: int


def measure_level(samples: np.ndarray) -> Level:
    """The level of float32 `(n,)` in [-1, 1]."""
    if not len(samples):
        return Level(FLOOR_DB, FLOOR_DB, 0)
    size = np.abs(samples)
    rms = math.sqrt(float(np.dot(samples, samples)) / len(samples))
    return Level(decibels(float(size.max())), decibels(rms), _clipped(size >= CLIPPED))


def decibels(amplitude: float) -> float:
    """Of full scale; at least `FLOOR_DB`."""
    return max(FLOOR_DB, 20.0 * math.log10(amplitude)) if amplitude > 0.0 else FLOOR_DB


def _clipped(at_the_end: np.ndarray) -> int:
    if not at_the_end.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], at_the_end, [False]))))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= CLIPPED_IN_A_ROW].sum())
