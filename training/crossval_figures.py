"""The figures of a comparison: each system's WA and UA, and what one system has over another.

A system is trained with several seeds, and tested with each on the same clips. Its figure is the mean over the seeds.
Two things make it uncertain, and they are told apart: the speakers, by a bootstrap, and the seeds, by the standard
deviation between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import MoodlightError
from training import metrics
from training.crossval_jobs import Result
from training.metrics import Figure

DRAWS = 10_000  # of the speakers: a p-value below 0.001 needs as many
PERCENTILES = (2.5, 97.5)
Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Measure:
    """WA or UA of a system.

    Attributes:
        figure: mean over the seeds, with its 95 % interval over speakers.
        deviation: standard deviation between the seeds; None where there is one.
        seeds: value of each seed.
    """

    figure: Figure
    deviation: float | None
    seeds: dict[str, float]


@dataclass(frozen=True)
class Cost:
    """What one run of a system takes, as a mean over its runs."""

    parameters: int
    trained_parameters: int
    passes: int
    best_pass: float
    minutes: float


@dataclass(frozen=True)
class SystemFigures:
    """How good a system is.

    Attributes:
        name: of the system.
        wa: weighted accuracy.
        ua: unweighted accuracy.
        recalls: of each label.
        confusion: clips, rows what was meant, columns what was said; all seeds together.
        dev_ua: of the dev speakers at the chosen pass, mean over the runs.
        cost: of a run.
    """

    name: str
    wa: Measure
    ua: Measure
    recalls: dict[str, Figure]
    confusion: list[list[int]]
    dev_ua: float
    cost: Cost


@dataclass(frozen=True)
class Change:
    """What the second of two systems has over the first in WA or UA.

    Attributes:
        points: difference, with its interval over speakers who are drawn for both systems together.
        percent: the same relative to the first system, in %, as the paper has it.
        p: two-sided p-value of the same draws; None for one speaker.
        p_holm: corrected for the number of comparisons in this measure (Holm 1979).
    """

    points: Figure
    percent: Figure
    p: float | None
    p_holm: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same clips."""

    before: str
    after: str
    wa: Change
    ua: Change


@dataclass(frozen=True)
class Counts:
    """A system's answers as confusion matrices.

    Attributes:
        by_speaker: `(speakers, seeds, labels, labels)`; all folds of a seed together.
        seeds: in the order of the second axis.
    """

    by_speaker: np.ndarray
    seeds: tuple[int, ...]

    @property
    def pooled(self) -> np.ndarray:
        """`(speakers, labels, labels)`: the same clips in each seed, so that WA and UA of the sum are their means."""
        return np.asarray(self.by_speaker.sum(axis=1))


def count(results: Sequence[Result], speakers: Sequence[str]) -> Counts:
    """Confusion matrices of the results of one system.

    Args:
        results: of all folds and seeds.
        speakers: all who were tested, in the order of the first axis.
    """
    seeds = tuple(sorted({result.seed for result in results}))
    labels = len(results[0].labels)
    counts = np.zeros((len(speakers), len(seeds), labels, labels), dtype=np.int64)
    number = {speaker: row for row, speaker in enumerate(speakers)}
    for result in results:
        owner = np.array([number[speaker] for speaker in result.speakers])
        said = np.array(result.logits).argmax(axis=1)
        np.add.at(counts[:, seeds.index(result.seed)], (owner, np.array(result.truth), said), 1)
    return Counts(counts, seeds)


def check_same_clips(results: Sequence[Result]) -> None:
    """Refuse to compare what was measured on different clips.

    Raises:
        MoodlightError: two runs of one fold were tested on different clips, or a clip was tested in two folds.
    """
    first: dict[str, Result] = {}
    for result in results:
        other = first.setdefault(result.fold, result)
        if (result.clips, result.truth) != (other.clips, other.truth):
            raise MoodlightError(
                f"Fold {result.fold} was tested on other clips with {result.system!r}, seed {result.seed}, than with "
                f"{other.system!r}, seed {other.seed}: were recordings removed meanwhile? Remove the older runs."
            )
    clips = [clip for result in first.values() for clip in result.clips]
    if len(set(clips)) < len(clips):
        raise MoodlightError("A clip was tested in two folds: the manifest has it twice.")


def figures_of(name: str, results: Sequence[Result], counts: Counts, draws: int = DRAWS) -> SystemFigures:
    """All figures of one system."""
    pooled, labels = counts.pooled, results[0].labels
    recalls = {label: recall(pooled, number, draws) for number, label in enumerate(labels)}
    return SystemFigures(
        name,
        measure(counts, metrics.weighted_accuracies, draws),
        measure(counts, metrics.unweighted_accuracies, draws),
        recalls,
        pooled.sum(axis=0).tolist(),
        float(np.mean([result.dev_ua for result in results])),
        Cost(
            results[0].parameters,
            results[0].trained_parameters,
            results[0].passes,
            float(np.mean([result.best_pass for result in results])),
            float(np.mean([result.minutes for result in results])),
        ),
    )


def recall(pooled: np.ndarray, label: int, draws: int = DRAWS) -> Figure:
    """Recall of one label from counts `(speakers, labels, labels)`; NaN where no clip carries it."""
    if not pooled[:, label].any():
        return Figure(float("nan"))
    return metrics.bootstrap(pooled, lambda sums: metrics.recalls(sums)[..., label], draws)


def measure(counts: Counts, statistic: Statistic, draws: int = DRAWS) -> Measure:
    """WA or UA: the mean over seeds, its interval over speakers, and the spread of the seeds."""
    each = statistic(counts.by_speaker.sum(axis=0))
    deviation = float(np.std(each, ddof=1)) if len(each) > 1 else None
    values = {str(seed): float(value) for seed, value in zip(counts.seeds, each, strict=True)}
    return Measure(metrics.bootstrap(counts.pooled, statistic, draws), deviation, values)


def compare(before: Counts, after: Counts, statistic: Statistic, draws: int = DRAWS) -> Change:
    """Test the difference between two systems by a paired bootstrap over speakers.

    A draw takes speakers with replacement, the same for both systems (as Bisani and Ney 2004 do with utterances). The
    p-value is twice the share of draws on the rarer side of zero, draws at zero counting on both.

    Args:
        before: answers of the first system.
        after: answers of the second, to the same clips.
        statistic: WA or UA of `(..., labels, labels)` counts.
        draws: bootstrap samples.
    """
    both = np.stack([before.pooled, after.pooled], axis=1)
    values = statistic(both.sum(axis=0))
    points, percent = float(values[1] - values[0]), _percent(values)
    if len(both) < 2:
        return Change(Figure(points), Figure(float(percent)), None)
    weights = metrics.draw_weights(len(both), draws)
    drawn = statistic(np.tensordot(weights, both, axes=1))
    changes = drawn[:, 1] - drawn[:, 0]
    return Change(
        _with_interval(points, changes), _with_interval(float(percent), _percent(drawn)), two_sided_p(changes)
    )


def _percent(values: np.ndarray) -> np.ndarray:
    """`(..., 2)` to `(...,)`: by how many per cent of the first the second is more; NaN where the first is zero."""
    ratio = metrics.ratios(np.flip(values, axis=-1))
    return np.asarray(100 * (ratio - 1))


def _with_interval(value: float, drawn: np.ndarray) -> Figure:
    low, high = np.nanpercentile(drawn, PERCENTILES)
    return Figure(value, float(low), float(high))


def two_sided_p(changes: np.ndarray) -> float:
    """p-value of bootstrap draws of a difference; never zero, since other draws could have fallen otherwise."""
    rarer = min(int((changes <= 0).sum()), int((changes >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (len(changes) + 1))


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979), in their order."""
    corrected = [0.0] * len(values)
    highest = 0.0
    for rank, position in enumerate(sorted(range(len(values)), key=lambda position: values[position])):
        highest = max(highest, min(1.0, (len(values) - rank) * values[position]))
        corrected[position] = highest
    return corrected
