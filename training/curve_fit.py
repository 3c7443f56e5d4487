"""What the next labels would bring: a power law through the points of a curve, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.metrics import PERCENTILES, draw_weights

EXPONENTS = np.geomspace(0.05, 2.0, 40)
FEWEST_POINTS, FEWEST_DRAWS = 3, 5


@dataclass(frozen=True)
class Outlook:
    """An estimate of the UA that further labels would add.

    Attributes:
        shots: labels a class from which it is counted.
        further: labels a class that would be added.
        gain: of UA; None where there is too little to tell from.
        low: 2.5th percentile over bootstrap draws.
        high: 97.5th percentile.
        sentence: the same in words.
    """

    shots: int
    further: int
    gain: float | None
    low: float | None
    high: float | None
    sentence: str


def outlook(shots: Sequence[int], uas: np.ndarray, further: int) -> Outlook:
    """Estimate what further labels a class would add to the last point of a curve.

    UA = a - b n^-c is fitted to the means over the draws (Cortes et al. 1994, whose curves of error fall so), and again
    to those of bootstrap draws of the draws.

    Args:
        shots: labels a class, ascending, `(steps,)`.
        uas: UA of each draw at each of them, `(draws, steps)`.
        further: labels a class to be added.
    """
    last = shots[-1] if len(shots) else 0
    if len(shots) < FEWEST_POINTS or len(uas) < FEWEST_DRAWS:
        sentence = (
            f"what {further} more would bring cannot be told: {FEWEST_POINTS} numbers of labels and "
            f"{FEWEST_DRAWS} draws are needed, and there are {len(shots)} and {len(uas)}."
        )
        return Outlook(last, further, None, None, None, sentence)
    ends = np.array([last, last + further], dtype=float)
    first, second = fitted(shots, uas.mean(axis=0, keepdims=True), ends)[0]
    weights = draw_weights(len(uas)) / len(uas)
    drawn = fitted(shots, weights @ uas, ends)
    gain = float(second - first)
    low, high = (float(value) for value in np.percentile(drawn[:, 1] - drawn[:, 0], PERCENTILES))
    band = f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]"
    if low <= 0.0 <= high:
        sentence = f"the data do not tell whether {further} more a class would help: {band}."
    else:
        sentence = f"{further} more a class would bring about {band}."
    return Outlook(last, further, gain, low, high, sentence)


def fitted(shots: Sequence[int], means: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The power law of least squares through each curve, at other numbers of labels.

    Args:
        shots: labels a class, `(steps,)`.
        means: UA of each curve, `(curves, steps)`.
        at: numbers of labels to tell of, `(points,)`.

    Returns:
        UA, `(curves, points)`, none above 1.
    """
    found = np.zeros((len(means), len(at)))
    least = np.full(len(means), np.inf)
    for exponent in EXPONENTS:
        inputs = _inputs(np.asarray(shots, dtype=float), exponent)
        weights = np.linalg.pinv(inputs) @ means.T
        errors = np.square(inputs @ weights - means.T).sum(axis=0)
        better = errors < least
        least[better] = errors[better]
        found[better] = (_inputs(at, exponent) @ weights).T[better]
    return np.minimum(found, 1.0)


def _inputs(shots: np.ndarray, exponent: float) -> np.ndarray:
    return np.stack([np.ones(len(shots)), -(shots**-exponent)], axis=1)
