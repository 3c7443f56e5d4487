"""Colour scales for pictures of numbers."""

from __future__ import annotations

import numpy as np

MAGMA_STOPS = (
    (0, 0, 4), (9, 7, 33), (28, 16, 70), (53, 16, 106), (80, 18, 123), (105, 28, 129), (130, 37, 129), (155, 46, 127),
    (182, 54, 121), (207, 64, 111), (229, 80, 99), (244, 105, 92), (251, 135, 97), (254, 165, 113), (254, 194, 135),
    (253, 224, 161), (252, 253, 191),
)  # fmt: skip


def make_magma() -> np.ndarray:
    """Perceptually even, from black through red to pale yellow: uint8 `(256, 4)` in Qt's order, blue to alpha."""
    stops = np.array(MAGMA_STOPS, np.float64)[:, ::-1]
    at = np.linspace(0, len(stops) - 1, 256)
    table = np.full((256, 4), 255, np.uint8)
    for channel in range(3):
        table[:, channel] = np.round(np.interp(at, np.arange(len(stops)), stops[:, channel]))
    return table
