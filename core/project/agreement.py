"""Agreement of annotators over labels: percent, kappa and alpha, and the clips that they disagree on.

A model may stand among the annotators. Every figure is a function of sums over clips, and clips that carry the same
labels by the same annotators add the same to them. A bootstrap over clips therefore draws how often each such pattern
occurs, which is multinomial, and not clip by clip. A figure that is 0/0 is None and says why; it is never NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from core.errors import ConfigError
from core.project.ratings import NONE, Ratings

Distance = Literal["nominal", "ordinal", "interval"]

DRAWS = 1000
PERCENTILES = (2.5, 97.5)
NO_OVERLAP = "no clip was labelled twice"
ONE_LABEL = "only one label was used"
_CELLS = 1 << 22  # of draws by patterns, held at once: 32 MB


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: None where it is 0/0.
        low: 2.5th percentile over draws of the clips; None where nothing was drawn, or a single clip was measured.
        high: 97.5th percentile.
        undefined: why there is no value.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    undefined: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return f"undefined ({self.undefined})"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{interval}"


def percent_agreement(ratings: Ratings, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Share of equal labels among the clips that two annotators both labelled, 0 to 1: mean over pairs of annotators.

    Args:
        ratings: pairs without a clip in common are left out.
        draws: bootstrap samples of the clips that carry two labels or more; 0 for no interval.
        seed: of the draws.
    """
    codes, clips, _ = ratings.patterns
    shared = (codes != NONE).sum(axis=1) > 1
    codes, clips = codes[shared], clips[shared]
    first, second = np.triu_indices(codes.shape[1], k=1)
    both = (codes[:, first] != NONE) & (codes[:, second] != NONE)
    equal = both & (codes[:, first] == codes[:, second])
    return _estimate(np.stack([equal, both], axis=2), clips, _mean_percents, draws, seed)


def _mean_percents(sums: np.ndarray) -> np.ndarray:
    """`(..., pairs, 2)` equal and common clips to `(...,)`."""
    percents = _ratio(sums[..., 0], sums[..., 1])
    known = ~np.isnan(percents)
    return _ratio(np.where(known, percents, 0.0).sum(axis=-1), known.sum(axis=-1))


def confusion(ratings: Ratings, first: str, second: str) -> np.ndarray:
    """How often two annotators gave which labels to one clip, `(labels, labels)`: rows are the first's.

    Raises:
        ProjectError: one of them has labelled nothing.
    """
    rows, columns, clips = ratings.column(first), ratings.column(second), ratings.patterns.clips
    both = (rows != NONE) & (columns != NONE)
    counts = np.zeros((len(ratings.labels),) * 2, dtype=np.int64)
    np.add.at(counts, (rows[both], columns[both]), clips[both])
    return counts


def cohen_kappa(ratings: Ratings, first: str, second: str, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Agreement of two annotators beyond chance, on the clips that both labelled (Cohen 1960).

    Args:
        ratings: of any number of annotators.
        first: one of them.
        second: another.
        draws: bootstrap samples of the clips in common; 0 for no interval.
        seed: of the draws.

    Returns:
        None as value where they have no clip in common, or where both used one and the same label throughout.

    Raises:
        ProjectError: one of them has labelled nothing.
    """
    return _estimate_of_confusion(confusion(ratings, first, second), _kappas, draws, seed)


def _estimate_of_confusion(
    counts: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], draws: int, seed: int
) -> Estimate:
    cells = np.eye(counts.size).reshape(counts.size, *counts.shape)  # each is a pattern of its own
    return _estimate(cells, counts.ravel(), statistic, draws, seed)


def _kappas(counts: np.ndarray) -> np.ndarray:
    """Cohen's kappa of `(..., labels, labels)` counts: (p_o - p_e) / (1 - p_e), times the squared number of clips."""
    clips = counts.sum(axis=(-2, -1))
    chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    return _ratio(clips * np.trace(counts, axis1=-2, axis2=-1) - chance, clips**2 - chance)


def _percents(counts: np.ndarray) -> np.ndarray:
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


@dataclass(frozen=True)
class FleissKappa:
    """Fleiss' kappa and what it was taken over.

    Attributes:
        kappa: the figure.
        clips: that it was taken over.
        labels_each: labels that each of them carries.
        left_out: clips with two labels or more, but another number of them.
    """

    kappa: Estimate
    clips: int
    labels_each: int
    left_out: int


def fleiss_kappa(ratings: Ratings, draws: int = DRAWS, seed: int = 0) -> FleissKappa:
    """Agreement of several annotators beyond chance (Fleiss 1971).

    It asks for the same number of labels on every clip, but not for the same annotators. It is taken over the clips
    with the number of labels, two or more, that most clips have (the greater number where two occur equally often).

    Args:
        ratings: of any number of annotators.
        draws: bootstrap samples of these clips; 0 for no interval.
        seed: of the draws.
    """
    counts, clips, _ = ratings.counts
    given = counts.sum(axis=1)
    clips_with = np.bincount(given, weights=clips, minlength=3).astype(int)
    clips_with[:2] = 0
    most = len(clips_with) - 1 - int(clips_with[::-1].argmax()) if clips_with.any() else 0
    chosen = (given == most) & (most > 0)
    squares = np.square(counts).sum(axis=1, keepdims=True)
    kappa = _estimate(
        np.hstack([counts, squares])[chosen], clips[chosen], partial(_fleiss_kappas, each=most), draws, seed
    )
    used = int(clips[chosen].sum())
    return FleissKappa(kappa, used, most, int(clips_with.sum()) - used)


def _fleiss_kappas(sums: np.ndarray, each: int) -> np.ndarray:
    """Of `(..., labels + 1)`: how often each label was given, and the sum over clips and labels of squared counts."""
    labels, squares = sums[..., :-1], sums[..., -1]
    given = labels.sum(axis=-1)
    agreement = _ratio(squares - given, given * (each - 1))  # mean share of equal pairs on a clip
    chance = np.square(labels).sum(axis=-1)  # times the squared number of labels given
    return _ratio(agreement * given**2 - chance, given**2 - chance)


def krippendorff_alpha(ratings: Ratings, distance: Distance = "nominal", draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Agreement of any number of annotators, of whom each may have labelled other clips (Krippendorff 2011).

    Args:
        ratings: clips with a single label say nothing of agreement and are left out.
        distance: how far two labels are apart: all the same, or by the order in `labels`, whose interval is one step.
        draws: bootstrap samples of the clips with two labels or more; 0 for no interval.
        seed: of the draws.

    Returns:
        None as value where no clip carries two labels, or all carry the same one.

    Raises:
        ConfigError: there is no such distance.
    """
    if distance not in get_args(Distance):
        raise ConfigError(f"There is no distance {distance!r}. Choose one of {', '.join(get_args(Distance))}.")
    counts, clips, _ = ratings.counts
    pairable = counts.sum(axis=1) > 1
    counts, clips = counts[pairable], clips[pairable]
    ordered_pairs = counts[:, :, None] * (counts[:, None, :] - np.eye(counts.shape[1]))
    coincidences = ordered_pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return _estimate(coincidences, clips, partial(_alphas, distance=distance), draws, seed)


def _alphas(coincidences: np.ndarray, distance: Distance) -> np.ndarray:
    """Alpha of coincidence matrices `(..., labels, labels)`: 1 - (n - 1) observed / expected disagreement."""
    totals = coincidences.sum(axis=-1)
    apart = _squared_distances(totals, distance)
    observed = (coincidences * apart).sum(axis=(-2, -1))
    expected = (totals[..., :, None] * totals[..., None, :] * apart).sum(axis=(-2, -1))
    return 1 - _ratio((totals.sum(axis=-1) - 1) * observed, expected)


def _squared_distances(totals: np.ndarray, distance: Distance) -> np.ndarray:
    """`(..., labels, labels)` from how often each label was given, `(..., labels)`, which ordinal distances go by."""
    if distance == "nominal":
        return 1.0 - np.eye(totals.shape[-1])
    places = np.arange(totals.shape[-1]) if distance == "interval" else totals.cumsum(axis=-1) - totals / 2
    return np.square(places[..., :, None] - places[..., None, :])


def _estimate(
    sums: np.ndarray, clips: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], draws: int, seed: int
) -> Estimate:
    """A statistic of sums over clips, with its interval over draws of clips with replacement.

    Draws in which the statistic is 0/0 are left out.

    Args:
        sums: what a clip of each pattern adds, `(patterns, ...)`.
        clips: how many there are of each, `(patterns,)`.
        statistic: of `(..., ...)` sums, any number of them at once; NaN where it is 0/0.
        draws: bootstrap samples.
        seed: of the draws.
    """
    shape, flat = sums.shape[1:], sums.reshape(len(sums), int(np.prod(sums.shape[1:]))).astype(float)
    value = float(statistic((clips @ flat).reshape(shape)))
    if np.isnan(value):
        return Estimate(None, undefined=ONE_LABEL if clips.sum() else NO_OVERLAP)
    if draws < 1 or clips.sum() < 2:
        return Estimate(value)
    drawn = [statistic((counts @ flat).reshape(-1, *shape)) for counts in _drawn(clips, draws, seed)]
    values = np.concatenate(drawn)
    known = values[~np.isnan(values)]
    if not len(known):
        return Estimate(value)
    low, high = np.percentile(known, PERCENTILES)
    return Estimate(value, float(low), float(high))


def _drawn(clips: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """How many clips of each pattern are in each draw, `(draws, patterns)`, some draws at a time."""
    generator = np.random.default_rng(seed)
    total, at_once = int(clips.sum()), max(_CELLS // len(clips), 1)
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        yield generator.multinomial(total, clips / total, size=size).astype(float)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """A quotient that is NaN where it would divide by zero."""
    over, under = np.asarray(over, dtype=float), np.asarray(under, dtype=float)
    return np.divide(over, under, out=np.full(np.shape(under), np.nan), where=under > 0)


@dataclass(frozen=True)
class Pair:
    """Two annotators compared on the clips that both labelled.

    Attributes:
        first: one annotator.
        second: the other.
        clips: in common.
        agreement: share of equal labels, 0 to 1.
        kappa: Cohen's.
        confusion: counts of labels, rows are the first's.
    """

    first: str
    second: str
    clips: int
    agreement: Estimate
    kappa: Estimate
    confusion: tuple[tuple[int, ...], ...]


def pairwise(ratings: Ratings, draws: int = DRAWS, seed: int = 0) -> tuple[Pair, ...]:
    """Every two annotators compared, also those who have no clip in common.

    Args:
        ratings: of any number of annotators.
        draws: bootstrap samples of the clips in common; 0 for no interval.
        seed: of the draws.
    """
    return tuple(_pair(ratings, *names, draws, seed) for names in combinations(ratings.annotators, 2))


def _pair(ratings: Ratings, first: str, second: str, draws: int, seed: int) -> Pair:
    counts = confusion(ratings, first, second)
    return Pair(
        first,
        second,
        int(counts.sum()),
        _estimate_of_confusion(counts, _percents, draws, seed),
        _estimate_of_confusion(counts, _kappas, draws, seed),
        tuple(tuple(map(int, row)) for row in counts),
    )
