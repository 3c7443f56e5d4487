"""Figures: weighted and unweighted accuracy, word and character error rate, and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from core.tokenizer import normalise_text


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def word_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """Word edits between two transcripts, and the words of the reference. Case and punctuation do not count."""
    expected, given = normalise_text(reference).split(), normalise_text(hypothesis).split()
    return Levenshtein.distance(expected, given), len(expected)


def error_rate(errors: np.ndarray) -> float:
    """WER of `(clips, 2)` edits and lengths: all edits over all words."""
    return float(errors[:, 0].sum() / max(errors[:, 1].sum(), 1))


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts `(classes, classes)`: rows are what was meant, columns what the model said."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def recalls(counts: np.ndarray) -> np.ndarray:
    """Recall of each class of a confusion matrix; NaN for a class that does not occur."""
    totals = counts.sum(axis=1)
    return np.divide(np.diag(counts), totals, out=np.full(len(counts), np.nan), where=totals > 0)


def weighted_accuracy(counts: np.ndarray) -> float:
    """WA: share of clips that were classified rightly."""
    return float(np.trace(counts) / max(counts.sum(), 1))


def unweighted_accuracy(counts: np.ndarray) -> float:
    """UA: mean recall over the classes that occur."""
    return float(np.nanmean(recalls(counts)))


def bootstrap_by_speaker(
    speakers: Sequence[str],
    statistic: Callable[[np.ndarray], float],
    draws: int = 1000,
    seed: int = 0,
) -> Figure:
    """A statistic with the 2.5th and 97.5th percentile over draws of speakers with replacement.

    Clips of one speaker are alike, so that speakers are drawn and not clips (Bisani and Ney 2004, for utterances).

    Args:
        speakers: speaker of each clip, `(clips,)`.
        statistic: of an index array into the clips.
        draws: bootstrap samples.
        seed: of the draws.
    """
    names, owner = np.unique(np.asarray(speakers), return_inverse=True)
    members = [np.flatnonzero(owner == number) for number in range(len(names))]
    generator = np.random.default_rng(seed)
    values = [
        statistic(np.concatenate([members[i] for i in generator.integers(len(names), size=len(names))]))
        for _ in range(draws)
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    return Figure(statistic(np.arange(len(owner))), float(low), float(high))


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


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: |confidence - accuracy| by bins of equal width, weighted by clips."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bucket = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[bucket == b].mean() - right[bucket == b].mean()) * (bucket == b).mean()
        for b in range(bins)
        if (bucket == b).any()
    ]
    return float(sum(gaps))
