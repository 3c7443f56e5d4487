"""Colour scales for pictures of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MAGMA_STOPS = (
    (0, 0, 4), (9, 7, 33), (28, 16, 70), (53, 16, 106), (80, 18, 123), (105, 28, 129), (130, 37, 129), (155, 46, 127),
    (182, 54, 121), (207, 64, 111), (229, 80, 99), (244, 105, 92), (251, 135, 97), (254, 165, 113), (254, 194, 135),
    (253, 224, 161), (252, 253, 191),
)  # fmt: skip


def make_magma() -> np.ndarray:
    """Perceptually even, from black through red to pale yellow: uint8 `(256, 4)` in Qt's order, blue to alpha."""
    return _table(MAGMA_STOPS)


def _table(rgb: Sequence[tuple[int, int, int]]) -> np.ndarray:
    stops = np.array(rgb, np.float64)[:, ::-1]
    at = np.linspace(0, len(stops) - 1, 256)
    table = np.full((256, 4), 255, np.uint8)
    for channel in range(3):
        table[:, channel] = np.round(np.interp(at, np.arange(len(stops)), stops[:, channel]))
    return table


VIRIDIS_STOPS = (
    (68, 1, 84), (72, 26, 108), (71, 47, 125), (65, 68, 135), (57, 86, 140), (49, 104, 142), (42, 120, 142),
    (35, 136, 142), (31, 152, 139), (34, 168, 132), (53, 183, 121), (84, 197, 104), (122, 209, 81), (165, 219, 54),
    (210, 226, 27), (253, 231, 37),
)  # fmt: skip
OCEAN_STOPS = ((3, 7, 18), (8, 32, 66), (10, 72, 110), (20, 120, 140), (70, 175, 160), (160, 220, 185), (250, 255, 240))
COLORMAPS = {
    "magma": MAGMA_STOPS,
    "viridis": VIRIDIS_STOPS,
    "ocean": OCEAN_STOPS,
    "grey": ((0, 0, 0), (255, 255, 255)),
    "paper": ((255, 255, 255), (0, 0, 0)),
}


def make_colormap(name: str) -> np.ndarray:
    """One of `COLORMAPS`: uint8 `(256, 4)` in Qt's order, blue to alpha."""
    return _table(COLORMAPS[name])
