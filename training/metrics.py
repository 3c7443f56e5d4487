"""Figures: weighted and unweighted accuracy, F1, error rates and calibration, and their intervals.

Most figures are functions of sums over clips: of a confusion matrix, of edits and words. A bootstrap over speakers then
needs each speaker's sums only, and a draw of speakers is a weighted sum of them. Functions with a plural name take any
number of such sums at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from core.tokenizer import normalise_text

DRAWS = 1000
BINS = 10  # of confidence, equally wide
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval, which is None where one speaker alone was measured."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (one speaker: no interval)"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def word_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """Word edits between two transcripts, and the words of the reference. Case and punctuation do not count."""
    expected, given = normalise_text(reference).split(), normalise_text(hypothesis).split()
    return Levenshtein.distance(expected, given), len(expected)


def character_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """Character edits between two transcripts, and the characters of the reference.

    Case and punctuation do not count, the single space between two words does.
    """
    expected, given = normalise_text(reference), normalise_text(hypothesis)
    return Levenshtein.distance(expected, given), len(expected)


def error_rate(errors: np.ndarray) -> float:
    """WER or CER of `(clips, 2)` edits and lengths: all edits over all words or characters."""
    return float(errors[:, 0].sum() / max(errors[:, 1].sum(), 1))


def ratios(sums: np.ndarray) -> np.ndarray:
    """The first of two sums over the second, `(..., 2)` to `(...,)`: WER of edits and words, mean of sum and clips."""
    return _ratio(sums[..., 0], sums[..., 1])


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts `(classes, classes)`: rows are what was meant, columns what the model said."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def confusion_by(owner: np.ndarray, truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Confusion matrices `(speakers, classes, classes)` of the speakers that `owner`, `(clips,)`, numbers."""
    counts = np.zeros((_number_of(owner), classes, classes), dtype=np.int64)
    np.add.at(counts, (owner, truth, predicted), 1)
    return counts


def sums_by(owner: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums `(speakers, ...)` of `(clips, ...)` values over the clips of each speaker that `owner` numbers."""
    sums = np.zeros((_number_of(owner), *values.shape[1:]))
    np.add.at(sums, owner, values)
    return sums


def _number_of(owner: np.ndarray) -> int:
    return int(owner.max(initial=-1)) + 1


def recalls(counts: np.ndarray) -> np.ndarray:
    """Recall of each class of confusion matrices `(..., classes, classes)`; NaN for a class that does not occur."""
    return _ratio(_diagonal(counts), counts.sum(axis=-1))


def precisions(counts: np.ndarray) -> np.ndarray:
    """Precision of each class of confusion matrices; NaN for a class that the model never said."""
    return _ratio(_diagonal(counts), counts.sum(axis=-2))


def f1_scores(counts: np.ndarray) -> np.ndarray:
    """F1 of each class of confusion matrices; NaN for a class that does not occur."""
    occurs = counts.sum(axis=-1)
    return np.where(occurs > 0, _ratio(2 * _diagonal(counts), occurs + counts.sum(axis=-2)), np.nan)


def weighted_accuracies(counts: np.ndarray) -> np.ndarray:
    """WA of confusion matrices `(..., classes, classes)`."""
    return _ratio(_diagonal(counts).sum(axis=-1), counts.sum(axis=(-2, -1)))


def unweighted_accuracies(counts: np.ndarray) -> np.ndarray:
    """UA of confusion matrices `(..., classes, classes)`: mean recall over the classes that occur in each."""
    return _mean_of_known(recalls(counts))


def macro_f1s(counts: np.ndarray) -> np.ndarray:
    """Macro F1 of confusion matrices `(..., classes, classes)`: mean F1 over the classes that occur in each."""
    return _mean_of_known(f1_scores(counts))


def weighted_accuracy(counts: np.ndarray) -> float:
    """WA: share of clips that were classified rightly."""
    return float(weighted_accuracies(counts))


def unweighted_accuracy(counts: np.ndarray) -> float:
    """UA: mean recall over the classes that occur."""
    return float(unweighted_accuracies(counts))


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 over the classes that occur; one that does not occur costs those that it is mistaken for."""
    return float(macro_f1s(counts))


def _diagonal(counts: np.ndarray) -> np.ndarray:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """A quotient that is NaN where it would divide by zero."""
    shape = np.broadcast_shapes(np.shape(over), np.shape(under))
    return np.divide(over, under, out=np.full(shape, np.nan), where=np.asarray(under) > 0)


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def bootstrap(
    sums: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], draws: int = DRAWS, seed: int = 0
) -> Figure:
    """A statistic of sums with the 2.5th and 97.5th percentile over draws of speakers with replacement.

    Clips of one speaker are alike, so that speakers are drawn and not clips (Bisani and Ney 2004, for utterances).

    Args:
        sums: what the statistic is of, by speaker: `(speakers, ...)`.
        statistic: of `(..., ...)` sums, any number of them at once; NaN where a draw does not give it.
        draws: bootstrap samples.
        seed: of the draws.
    """
    return _with_interval(sums, statistic, draws, seed)


def bootstrap_change(
    before: np.ndarray,
    after: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    draws: int = DRAWS,
    seed: int = 0,
) -> Figure:
    """By how much a statistic changes between two measurements of the same speakers, who are drawn together.

    Args:
        before: sums by speaker, `(speakers, ...)`.
        after: the same, of the second measurement.
        statistic: of `(..., ...)` sums, any number of them at once.
        draws: bootstrap samples.
        seed: of the draws.
    """
    both = np.stack([before, after], axis=1)

    def change(sums: np.ndarray) -> np.ndarray:
        first, second = np.moveaxis(sums, sums.ndim - before.ndim, 0)
        return statistic(second) - statistic(first)

    return _with_interval(both, change, draws, seed)


def _with_interval(sums: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], draws: int, seed: int) -> Figure:
    value = float(statistic(sums.sum(axis=0)))
    if len(sums) < 2:
        return Figure(value)
    weights = draw_weights(len(sums), draws, seed)
    low, high = np.nanpercentile(statistic(np.tensordot(weights, sums, axes=1)), PERCENTILES)
    return Figure(value, float(low), float(high))


def draw_weights(speakers: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each draw with replacement holds each speaker: float `(draws, speakers)`."""
    chosen = np.random.default_rng(seed).integers(speakers, size=(draws, speakers))
    cells = chosen + speakers * np.arange(draws)[:, None]
    return np.bincount(cells.ravel(), minlength=draws * speakers).reshape(draws, speakers).astype(float)


def bootstrap_by_speaker(
    speakers: Sequence[str],
    statistic: Callable[[np.ndarray], float],
    draws: int = DRAWS,
    seed: int = 0,
) -> Figure:
    """As `bootstrap`, with the same draws, for a statistic that is no function of sums; slower.

    Args:
        speakers: speaker of each clip, `(clips,)`.
        statistic: of an index array into the clips.
        draws: bootstrap samples.
        seed: of the draws.
    """
    names, owner = np.unique(np.asarray(speakers), return_inverse=True)
    value = statistic(np.arange(len(owner)))
    if len(names) < 2:
        return Figure(value)
    members = [np.flatnonzero(owner == number) for number in range(len(names))]
    chosen = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    values = [statistic(np.concatenate([members[i] for i in row])) for row in chosen]
    low, high = np.percentile(values, PERCENTILES)
    return Figure(value, float(low), float(high))


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Temperature that makes the probabilities of held-out clips most likely (Guo et al. 2017).

    Args:
        logits: `(clips, classes)`.
        truth: `(clips,)` class of each.
    """
    temperatures = np.exp(np.linspace(np.log(0.25), np.log(8.0), 200))
    return float(min(temperatures, key=lambda t: negative_log_likelihood(logits / t, truth)))


def negative_log_likelihood(logits: np.ndarray, truth: np.ndarray) -> float:
    """Mean of minus the log probability of the truth."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(truth)), truth]).mean())


def brier_scores(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Brier score of each clip, `(clips,)`: squared errors summed over all classes, 0 to 2 (Brier 1950).

    Args:
        probabilities: `(clips, classes)`.
        truth: `(clips,)` class of each.
    """
    return np.square(probabilities - np.eye(probabilities.shape[1])[truth]).sum(axis=1)


def calibration_sums(probabilities: np.ndarray, truth: np.ndarray, owner: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Clips, summed confidence and right answers in each bin of confidence, by speaker: `(speakers, bins, 3)`.

    Args:
        probabilities: `(clips, classes)`.
        truth: `(clips,)` class of each.
        owner: `(clips,)` number of its speaker.
        bins: of equal width.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bucket = np.minimum((confidence * bins).astype(int), bins - 1)
    sums = np.zeros((_number_of(owner), bins, 3))
    np.add.at(sums, (owner, bucket), np.stack([np.ones(len(truth)), confidence, right], axis=1))
    return sums


def calibration_errors(sums: np.ndarray) -> np.ndarray:
    """Expected calibration errors of sums as `calibration_sums` gives them, `(..., bins, 3)` to `(...,)`.

    |confidence - accuracy| of each bin, weighted by its clips (Guo et al. 2017, equation 3).
    """
    gaps = np.abs(sums[..., 1] - sums[..., 2]).sum(axis=-1)
    return _ratio(gaps, sums[..., 0].sum(axis=-1))


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error: |confidence - accuracy| by bins of equal width, weighted by clips."""
    sums = calibration_sums(probabilities, truth, np.zeros(len(truth), dtype=int), bins)
    return float(calibration_errors(sums[0]))
