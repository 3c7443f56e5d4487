"""The experiment "labels saved": how many labels the queue's order spares against labelling at random.

Annotation is simulated on clips whose labels are known. After every batch of labels a `LogisticHead` is fitted to the
labels so far and measured on the clips of other speakers. In one arm the next batch is drawn at random, in the other
it is what `most_useful_first` puts first, made anew from what the head then says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.errors import ConfigError, ManifestError
from core.project.usefulness import UNLABELLED, LogisticHead, QueueSettings, most_useful_first
from training.metrics import PERCENTILES, confusion, unweighted_accuracy


@dataclass(frozen=True)
class Task:
    """The clips that can be labelled, and those of other speakers that the head is measured on.

    Attributes:
        embeddings: `(clips, width)`.
        labels: number of each clip's class, `(clips,)`.
        speakers: number of each clip's speaker, `(clips,)`.
        test_embeddings: `(test clips, width)`.
        test_labels: `(test clips,)`.
        l2: of the head; its default if None.
    """

    embeddings: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    test_embeddings: np.ndarray
    test_labels: np.ndarray
    l2: float | None = None

    def __post_init__(self) -> None:
        for clips, labels in ((self.embeddings, self.labels), (self.test_embeddings, self.test_labels)):
            if len(clips) != len(labels) or not len(labels) or labels.min() < 0:
                raise ManifestError("Every clip to learn from and to test on needs a label, and there must be some.")

    @property
    def classes(self) -> int:
        return int(max(self.labels.max(), self.test_labels.max())) + 1

    def head(self, chosen: np.ndarray) -> LogisticHead:
        """The head fitted to the clips in `chosen`, in which each class weighs the same, as it does in UA."""
        given = np.full(len(self.labels), UNLABELLED)
        given[chosen] = self.labels[chosen]
        often = np.bincount(self.labels[chosen], minlength=self.classes)
        weights = len(chosen) / (np.count_nonzero(often) * np.maximum(often, 1))
        return LogisticHead.fit(self.embeddings, given, self.classes, weights[self.labels], self.l2)

    def ua(self, head: LogisticHead) -> float:
        """UA of a head on the test clips."""
        said = np.nan_to_num(head.probabilities(self.test_embeddings)).argmax(axis=1)
        return unweighted_accuracy(confusion(self.test_labels, said, self.classes))


@dataclass(frozen=True)
class Curve:
    """UA after each number of labels: mean over the runs, and the band in which 95 % of them lie."""

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, uas: np.ndarray) -> Curve:
        """From `(runs, steps)`."""
        low, high = np.percentile(uas, PERCENTILES, axis=0)
        return cls(*(tuple(map(float, values)) for values in (uas.mean(axis=0), low, high)))


@dataclass(frozen=True)
class LabelsSaved:
    """Both curves, and how many labels the queue's order spares.

    Attributes:
        labels: numbers of labels after which the head was measured.
        random: UA when clips are labelled in random order.
        useful: UA when the most useful ones are labelled first.
        reached: least number of labels, most useful first, whose mean UA is that of all labels in random order; None
            where that is not reached.
        runs: with other starting clips each, which both arms share.
        clips: that could be labelled.
        speakers: of these.
        test_clips: of other speakers.
    """

    labels: tuple[int, ...]
    random: Curve
    useful: Curve
    reached: int | None
    runs: int
    clips: int
    speakers: int
    test_clips: int

    @property
    def saved(self) -> int:
        """Labels spared of all those in random order."""
        return self.labels[-1] - self.reached if self.reached is not None else 0

    def lines(self) -> list[str]:
        """The curves as a table in plain text, and the answer."""
        most, target = self.labels[-1], self.random.mean[-1]
        answer = f"{most} labels in random order: UA {target:.3f}; most useful first "
        if self.reached is None:
            answer += "does not reach it"
        else:
            answer += f"reaches it with {self.reached}: {self.saved} labels saved ({self.saved / most:.0%})"
        return [
            f"{self.clips:,} clips of {self.speakers} speakers, {self.test_clips:,} test clips, {self.runs} runs",
            "UA on the test clips: mean of the runs, in brackets where 95 % of them lie",
            f"{'labels':>6}   {'random order':<24}most useful first",
            *(
                f"{number:>6}   {self._cell(self.random, step):<24}{self._cell(self.useful, step)}"
                for step, number in enumerate(self.labels)
            ),
            answer,
        ]

    @staticmethod
    def _cell(curve: Curve, step: int) -> str:
        return f"{curve.mean[step]:.3f} [{curve.low[step]:.3f}, {curve.high[step]:.3f}]"

    def to_json(self) -> dict[str, Any]:
        """The curves and the answer as plain data."""
        return asdict(self) | {"saved": self.saved}


def labels_saved(
    embeddings: np.ndarray,
    labels: np.ndarray,
    speakers: np.ndarray,
    test_embeddings: np.ndarray,
    test_labels: np.ndarray,
    *,
    runs: int = 10,
    start: int = 20,
    batch: int = 20,
    most: int = 400,
    settings: QueueSettings | None = None,
    l2: float | None = None,
    seed: int = 0,
) -> LabelsSaved:
    """Simulate annotation in random order and most useful first, from the same few random clips.

    Args:
        embeddings: of the clips that can be labelled, `(clips, width)`.
        labels: their true classes, `(clips,)`.
        speakers: number of each one's speaker, `(clips,)`.
        test_embeddings: of clips of other speakers, `(test clips, width)`.
        test_labels: their classes, `(test clips,)`.
        runs: with other starting clips each.
        start: random clips that are labelled first.
        batch: labels between two fits.
        most: labels after which a run ends, and which most useful first is to spare.
        settings: of the queue; the defaults if None.
        l2: of the head; its default if None.
        seed: of the runs.

    Raises:
        ConfigError: these are no numbers of labels that there could be.
        ManifestError: a clip has no label.
    """
    if not 0 < start < most <= len(labels) or batch < 1 or runs < 1:
        raise ConfigError(
            f"{runs} runs from {start} to {most} labels by {batch} make no sense with {len(labels)} clips: "
            "start must lie below most, and there must be as many clips."
        )
    task = Task(embeddings, labels, speakers, test_embeddings, test_labels, l2)
    steps = [*range(start, most, batch), most]
    seeds = range(seed, seed + runs)
    at_random = np.array([_random_uas(task, steps, each) for each in seeds])
    useful = np.array([list(_useful_uas(task, steps, settings, each)) for each in seeds])
    enough = useful.mean(axis=0) >= at_random.mean(axis=0)[-1]
    return LabelsSaved(
        tuple(steps),
        Curve.of(at_random),
        Curve.of(useful),
        steps[int(enough.argmax())] if enough.any() else None,
        runs,
        len(labels),
        len(np.unique(speakers)),
        len(test_labels),
    )


def _order(task: Task, seed: int) -> np.ndarray:
    """Random order of a run's clips; both arms start with its first ones."""
    return np.random.default_rng(seed).permutation(len(task.labels))


def _random_uas(task: Task, steps: Sequence[int], seed: int) -> list[float]:
    order = _order(task, seed)
    return [task.ua(task.head(order[:step])) for step in steps]


def _useful_uas(task: Task, steps: Sequence[int], settings: QueueSettings | None, seed: int) -> Iterator[float]:
    chosen = _order(task, seed)[: steps[0]]
    head = task.head(chosen)
    yield task.ua(head)
    for step in steps[1:]:
        labelled = np.zeros(len(task.labels), dtype=bool)
        labelled[chosen] = True
        said, count = head.probabilities(task.embeddings), step - len(chosen)
        asked = most_useful_first(said, task.embeddings, task.speakers, labelled, settings, count=count, seed=seed)
        chosen = np.concatenate([chosen, asked])
        head = task.head(chosen)
        yield task.ua(head)
