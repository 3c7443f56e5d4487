"""Agreement as it is shown: all figures of a scheme, and the clips in dispute, to be worked through one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.project.agreement import (
    DRAWS,
    Distance,
    Estimate,
    FleissKappa,
    Pair,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise,
    percent_agreement,
)
from core.project.ratings import NONE, ClipId, Ratings


@dataclass(frozen=True)
class Disagreement:
    """A clip with at least two different labels.

    Attributes:
        clip: its id.
        entropy: of its labels, in bits: 1 for two against two, 1.585 for three different ones.
        votes: annotator to label.
    """

    clip: ClipId
    entropy: float
    votes: dict[str, str]


def disagreements(ratings: Ratings) -> list[Disagreement]:
    """The clips that carry different labels: highest entropy first, then most labels, then in the clips' order."""
    counts = ratings.counts
    entropies = _entropies(counts.rows)[counts.of_clip]
    given = counts.rows.sum(axis=1)[counts.of_clip]
    order = np.lexsort((-given, -entropies))
    votes = [_votes(ratings, row) for row in ratings.patterns.rows]
    pattern = ratings.patterns.of_clip
    return [
        Disagreement(ratings.clips[clip], float(entropies[clip]), dict(votes[pattern[clip]]))
        for clip in order[: np.count_nonzero(entropies)]
    ]


def _votes(ratings: Ratings, row: np.ndarray) -> dict[str, str]:
    return {name: ratings.labels[code] for name, code in zip(ratings.annotators, row, strict=True) if code != NONE}


def _entropies(counts: np.ndarray) -> np.ndarray:
    """Bits of `(patterns, labels)` counts; sorted, so that the same counts in another order give the same number."""
    counts = np.sort(counts, axis=1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.abs(np.where(counts > 0, shares * np.log2(np.where(counts > 0, shares, 1.0)), 0.0).sum(axis=1))


@dataclass(frozen=True)
class Annotator:
    """What one annotator did.

    Attributes:
        name: of the annotator.
        clips: that he or she labelled.
        labels: how often each label was given, in the scheme's order.
    """

    name: str
    clips: int
    labels: dict[str, int]


@dataclass(frozen=True)
class Agreement:
    """All figures of agreement.

    Attributes:
        clips: with a label or more.
        shared: clips with two labels or more.
        disputed: clips with different labels.
        annotators: who labelled, by name.
        agreement: share of equal labels, 0 to 1, mean over pairs of annotators.
        fleiss: Fleiss' kappa.
        alpha: Krippendorff's alpha.
        distance: that alpha goes by.
        pairs: every two annotators compared.
        draws: bootstrap samples behind the intervals.
    """

    clips: int
    shared: int
    disputed: int
    annotators: tuple[Annotator, ...]
    agreement: Estimate
    fleiss: FleissKappa
    alpha: Estimate
    distance: Distance
    pairs: tuple[Pair, ...]
    draws: int

    def lines(self) -> list[str]:
        """The figures as a table in plain text."""
        fleiss = self.fleiss
        other = f"; {fleiss.left_out:,} with another number left out" if fleiss.left_out else ""
        taken_over = f"   {fleiss.clips:,} clips with {fleiss.labels_each} labels each{other}" if fleiss.clips else ""
        return [
            f"{self.clips:,} clips, {len(self.annotators)} annotators; {self.shared:,} clips with two labels or more, "
            f"{self.disputed:,} of them with different ones",
            *([f"in brackets: 95 % interval over {self.draws:,} draws of the clips"] if self.draws else []),
            f"{'agreement of two':<22}{self.agreement}",
            f"{'Fleiss kappa':<22}{fleiss.kappa}{taken_over}",
            f"{'Krippendorff alpha':<22}{self.alpha}   {self.distance}",
            *self._annotator_lines(),
            *self._pair_lines(),
        ]

    def _annotator_lines(self) -> Iterator[str]:
        if not self.annotators:
            return
        labels = tuple(self.annotators[0].labels)
        width = max(len("annotator"), *(len(each.name) for each in self.annotators))
        widths = [max(len(label), 7) + 2 for label in labels]
        yield ""
        heads = "".join(f"{label:>{size}}" for label, size in zip(labels, widths, strict=True))
        yield f"{'annotator':<{width}}{'clips':>9}{heads}"
        for each in self.annotators:
            counts = "".join(f"{count:>{size},}" for count, size in zip(each.labels.values(), widths, strict=True))
            yield f"{each.name:<{width}}{each.clips:>9,}{counts}"

    def _pair_lines(self) -> Iterator[str]:
        if not self.pairs:
            return
        names = [f"{each.first} – {each.second}" for each in self.pairs]
        width = max(map(len, names))
        yield ""
        yield f"{'pair':<{width}}{'clips':>9}  {'agreement':<24}kappa"
        for name, each in zip(names, self.pairs, strict=True):
            figures = f"{each.agreement!s:<24}{each.kappa}" if each.clips else "none in common"
            yield f"{name:<{width}}{each.clips:>9,}  {figures}"

    def to_json(self) -> dict[str, Any]:
        """The figures as plain data; what is undefined is None."""
        return asdict(self)


def summary(ratings: Ratings, distance: Distance = "nominal", draws: int = DRAWS, seed: int = 0) -> Agreement:
    """All figures of agreement.

    Args:
        ratings: of any number of annotators, none too.
        distance: that Krippendorff's alpha goes by.
        draws: bootstrap samples of the clips; 0 for no intervals.
        seed: of the draws.

    Raises:
        ConfigError: there is no such distance.
    """
    counts, clips, _ = ratings.counts
    return Agreement(
        len(ratings.clips),
        int(clips[counts.sum(axis=1) > 1].sum()),
        int(clips[(counts > 0).sum(axis=1) > 1].sum()),
        tuple(_annotator(ratings, name) for name in ratings.annotators),
        percent_agreement(ratings, draws, seed),
        fleiss_kappa(ratings, draws, seed),
        krippendorff_alpha(ratings, distance, draws, seed),
        distance,
        pairwise(ratings, draws, seed),
        draws,
    )


def _annotator(ratings: Ratings, name: str) -> Annotator:
    codes = ratings.column(name)
    given = np.bincount(codes + 1, weights=ratings.patterns.clips, minlength=len(ratings.labels) + 1)[1:].astype(int)
    return Annotator(name, int(given.sum()), dict(zip(ratings.labels, map(int, given), strict=True)))
