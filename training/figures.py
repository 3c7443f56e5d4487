"""The figures of a report: emotion, calibration, abstention and words, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from training import metrics
from training.answers import Answers
from training.metrics import Figure

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5)
CURVE_FROM = 0.05  # of the clips: an accuracy of fewer is noise
CURVE_POINTS = 100


@dataclass(frozen=True)
class Bin:
    """Clips of similar confidence: how sure the model was of them, and how often it was right."""

    low: float
    high: float
    clips: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Calibration:
    """Whether the model is right as often as it is sure.

    Attributes:
        error: expected calibration error over bins of equal width.
        brier: Brier score, squared errors summed over all classes, 0 to 2.
        confidence: mean probability of the label that the model gave.
        bins: the reliability diagram.
    """

    error: Figure
    brier: Figure
    confidence: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Coverage:
    """Accuracy of the clips of which the model was surest.

    Attributes:
        wanted: share of the clips that are to be answered.
        threshold: least confidence of an answer.
        clips: clips that reach it.
        accuracy: WA of these, the threshold held fast while speakers are drawn.
    """

    wanted: float
    threshold: float
    clips: int
    accuracy: Figure


@dataclass(frozen=True)
class EmotionFigures:
    """How well the emotion is told.

    Recalls and precisions are None for a class that was never meant or never said; such classes do not count in UA and
    macro F1. Confusion: rows are what was meant, columns what the model said.
    """

    clips: int
    speakers: int
    wa: Figure
    ua: Figure
    macro_f1: Figure
    recalls: dict[str, Figure | None]
    precisions: dict[str, Figure | None]
    confusion: list[list[int]]
    calibration: Calibration
    coverages: tuple[Coverage, ...]
    coverage_curve: tuple[tuple[float, float], ...]  # share of the clips answered, accuracy


@dataclass(frozen=True)
class WordFigures:
    """How well the words are told."""

    clips: int
    speakers: int
    words: int
    characters: int
    wer: Figure
    cer: Figure


def emotion_figures(felt: Answers) -> EmotionFigures:
    """All figures of clips whose emotion is known."""
    counts = metrics.confusion_by(felt.owners, felt.truth, felt.predicted, len(felt.labels))
    return EmotionFigures(
        clips=len(felt),
        speakers=felt.speakers,
        wa=metrics.bootstrap(counts, metrics.weighted_accuracies),
        ua=metrics.bootstrap(counts, metrics.unweighted_accuracies),
        macro_f1=metrics.bootstrap(counts, metrics.macro_f1s),
        recalls=_by_class(felt.labels, counts, metrics.recalls, counts.sum(axis=2)),
        precisions=_by_class(felt.labels, counts, metrics.precisions, counts.sum(axis=1)),
        confusion=counts.sum(axis=0).tolist(),
        calibration=_calibration(felt),
        coverages=tuple(_coverage(felt, share) for share in COVERAGES),
        coverage_curve=_coverage_curve(felt),
    )


def _by_class(
    labels: tuple[str, ...], counts: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], known: np.ndarray
) -> dict[str, Figure | None]:
    """A figure of each class; `known` `(speakers, classes)` counts the clips of each speaker that it is of."""

    def of_class(number: int, sums: np.ndarray) -> np.ndarray:
        return statistic(sums)[..., number]

    figures: dict[str, Figure | None] = {}
    for number, label in enumerate(labels):
        speakers = np.count_nonzero(known[:, number])
        # drawing says nothing where a single speaker has the class: the draws without it give no figure
        sums = counts if speakers > 1 else counts.sum(axis=0, keepdims=True)
        figures[label] = metrics.bootstrap(sums, partial(of_class, number)) if speakers else None
    return figures


def _calibration(felt: Answers) -> Calibration:
    sums = metrics.calibration_sums(felt.probabilities, felt.truth, felt.owners)
    squares = metrics.brier_scores(felt.probabilities, felt.truth)
    return Calibration(
        error=metrics.bootstrap(sums, metrics.calibration_errors),
        brier=_mean(felt, squares),
        confidence=float(felt.probabilities.max(axis=1).mean()),
        bins=tuple(_bin(number, len(sums[0]), row) for number, row in enumerate(sums.sum(axis=0))),
    )


def _bin(number: int, bins: int, sums: np.ndarray) -> Bin:
    clips, confidence, right = sums
    known = clips > 0
    return Bin(
        low=number / bins,
        high=(number + 1) / bins,
        clips=int(clips),
        confidence=float(confidence / clips) if known else None,
        accuracy=float(right / clips) if known else None,
    )


def _mean(answers: Answers, values: np.ndarray) -> Figure:
    """Mean of a value of each clip, `(clips,)`."""
    sums = metrics.sums_by(answers.owners, np.stack([values, np.ones(len(values))], axis=1))
    return metrics.bootstrap(sums, metrics.ratios)


def _coverage(felt: Answers, share: float) -> Coverage:
    confidence = felt.probabilities.max(axis=1)
    wanted = max(int(np.ceil(share * len(felt) - 1e-9)), 1)
    threshold = float(np.sort(confidence)[-wanted])
    kept = felt.rows(confidence >= threshold)
    return Coverage(share, threshold, len(kept), _mean(kept, kept.predicted == kept.truth))


def _coverage_curve(felt: Answers) -> tuple[tuple[float, float], ...]:
    """Accuracy of the surest clips, from 5 % of them to all, at most so many points."""
    order = np.argsort(-felt.probabilities.max(axis=1), kind="stable")
    right = (felt.predicted == felt.truth)[order].cumsum()
    first = max(int(np.ceil(CURVE_FROM * len(felt))), 1)
    counts = np.unique(np.linspace(first, len(felt), CURVE_POINTS).round().astype(int))
    return tuple((float(count / len(felt)), float(right[count - 1] / count)) for count in counts)


def word_figures(said: Answers) -> WordFigures:
    """All figures of clips whose words are known."""
    owners = said.owners
    return WordFigures(
        clips=len(said),
        speakers=said.speakers,
        words=int(said.word_errors[:, 1].sum()),
        characters=int(said.character_errors[:, 1].sum()),
        wer=metrics.bootstrap(metrics.sums_by(owners, said.word_errors), metrics.ratios),
        cer=metrics.bootstrap(metrics.sums_by(owners, said.character_errors), metrics.ratios),
    )
