"""Did it help? The same held-out clips before and after a teaching, in figures and in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

import numpy as np

from training import metrics
from training.metrics import Figure

SIGNIFICANT = 0.05
TENTH = 0.1  # between the shares of clips of which coverage is told


@dataclass(frozen=True)
class Measured:
    """Figures of one model on held-out clips.

    Attributes:
        ua: with its interval.
        wa: with its interval.
        recall: of each label, None for one that no clip carries.
        confusion: rows are what was meant.
        ece: expected calibration error.
        coverage: (least confidence, share of clips with that much, UA on them), from all clips to few.
    """

    ua: Figure
    wa: Figure
    recall: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    coverage: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Comparison:
    """Two models on the same clips.

    Attributes:
        labels: of the scheme.
        clips: how many.
        speakers: how many; clips without one count as one.
        before: the parent.
        after: the student.
        change: of the UA.
        gained: numbers of the clips that only the student has right.
        lost: numbers of the clips that only the parent had right.
        p: of the exact McNemar test.
        sentence: what came of it.
    """

    labels: tuple[str, ...]
    clips: int
    speakers: int
    before: Measured
    after: Measured
    change: Figure
    gained: tuple[int, ...]
    lost: tuple[int, ...]
    p: float
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def compare(
    labels: Sequence[str], truth: np.ndarray, speakers: Sequence[str], before: np.ndarray, after: np.ndarray
) -> Comparison:
    """Compare two models on clips that neither was trained on.

    Args:
        labels: of the scheme.
        truth: number of each clip's label, `(clips,)`.
        speakers: of each clip.
        before: logits of the parent, `(clips, labels)`.
        after: logits of the student, `(clips, labels)`.
    """
    owner = np.unique(np.asarray(speakers), return_inverse=True)[1]
    had, has = before.argmax(axis=1) == truth, after.argmax(axis=1) == truth
    gained, lost = np.flatnonzero(has & ~had), np.flatnonzero(had & ~has)
    p = mcnemar(len(gained), len(lost))
    first, second = (metrics.confusion_by(owner, truth, each.argmax(axis=1), len(labels)) for each in (before, after))
    return Comparison(
        tuple(labels),
        len(truth),
        int(owner.max()) + 1,
        _measured(labels, truth, owner, before),
        _measured(labels, truth, owner, after),
        metrics.bootstrap_change(first, second, metrics.unweighted_accuracies),
        tuple(gained.tolist()),
        tuple(lost.tolist()),
        p,
        in_words(len(gained), len(lost), len(truth), p),
    )


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p of the exact McNemar test: gains and losses are equally likely (McNemar 1947)."""
    changed = gained + lost
    tail = sum(comb(changed, count) for count in range(min(gained, lost) + 1)) / 2**changed
    return min(1.0, 2 * tail)


def in_words(gained: int, lost: int, clips: int, p: float) -> str:
    """What a comparison says, for somebody who reads no tests."""
    counts = f"{gained} of {clips} held-out clips gained, {lost} lost, p = {p:.2g}"
    if p >= SIGNIFICANT:
        return f"No measurable difference with {clips} held-out clips ({gained} gained, {lost} lost, p = {p:.2g})."
    return f"{'Better' if gained > lost else 'Worse'}: {counts}."


def _measured(labels: Sequence[str], truth: np.ndarray, owner: np.ndarray, logits: np.ndarray) -> Measured:
    counts = metrics.confusion_by(owner, truth, logits.argmax(axis=1), len(labels))
    total = counts.sum(axis=0)
    found = probabilities(logits)
    return Measured(
        metrics.bootstrap(counts, metrics.unweighted_accuracies),
        metrics.bootstrap(counts, metrics.weighted_accuracies),
        tuple(None if np.isnan(value) else float(value) for value in metrics.recalls(total)),
        tuple(tuple(int(value) for value in row) for row in total),
        metrics.calibration_error(found, truth),
        coverage(found, truth),
    )


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of `(clips, labels)` logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def coverage(found: np.ndarray, truth: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    """Least confidence, share of the clips that have it, and UA on these, at every tenth of the clips.

    Args:
        found: probabilities, `(clips, labels)`.
        truth: `(clips,)`.
    """
    confidence = found.max(axis=1)
    rows = []
    for share in np.arange(1.0, TENTH / 2, -TENTH):
        least = float(np.quantile(confidence, 1.0 - share)) if share < 1.0 - TENTH / 2 else 0.0
        sure = confidence >= least
        ua = metrics.unweighted_accuracy(metrics.confusion(truth[sure], found[sure].argmax(axis=1), found.shape[1]))
        rows.append((least, float(sure.mean()), ua))
    return tuple(rows)
