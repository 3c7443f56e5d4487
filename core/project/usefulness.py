"""In which order clips should be labelled, which labels look wrong, which clips are alike, and a head that follows.

Arrays have a row a clip. A row of probabilities or of an embedding that holds anything but finite numbers stands for
a clip of which the model has said nothing (nobody speaks, or it has not been heard yet), as does an embedding of
zeros. Embeddings may be float16: they are widened some rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from core.errors import ConfigError

Kind = Literal["margin", "entropy", "least-confidence"]

UNLABELLED = -1
LEAST_WORTH = 1e-3  # of a clip that the model is sure of: novelty and speakers still order such clips
FARTHEST = 1.0  # from the centre, in root mean squares: what lies beyond is odd, and no more novel for that
HASH_BITS = 16
BIAS_L2 = 1e-3  # a class that nobody has given yet stays possible
MOST_STEPS = 500
TOLERANCE = 5e-5  # of a logit
_BLOCK = 4096  # rows that are widened at once


@dataclass(frozen=True)
class QueueSettings:
    """How the queue weighs doubt, novelty and speakers.

    Attributes:
        kind: of uncertainty. As long as labels are few, a clip for which no label is likely teaches more than one that
            stands between two, which is all that the margin sees.
        shortlist: clips among which distances are compared, the most uncertain ones. More than anybody labels before
            the queue is made anew, and few enough for half a second.
        novelty: power of the distance. It decides alone while all clips are as uncertain; later, with 1 or more, odd
            clips far from all others crowd out the unclear ones, and with 0 likeness counts only between copies.
        speaker_balance: a speaker who has been asked n times counts (1 + n) to the power of minus this; 0 lets one
            unclear voice fill the queue, 1 asks every speaker in turn however sure the model is.
        copy_distance: between embeddings, in units in which two that have nothing in common are 1.4 apart, below which
            one clip is a copy of the other, which is not asked before everything else on the shortlist.
    """

    kind: Kind = "least-confidence"
    shortlist: int = 2000
    novelty: float = 0.5
    speaker_balance: float = 0.5
    copy_distance: float = 0.05

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        if self.shortlist < 0:
            raise ConfigError(f"shortlist must not be negative, as {self.shortlist} is.")
        for name in ("novelty", "speaker_balance", "copy_distance"):
            if not getattr(self, name) >= 0.0:
                raise ConfigError(f"{name} must not be negative, as {getattr(self, name)} is.")


def _check_kind(kind: str) -> None:
    if kind not in get_args(Kind):
        raise ConfigError(f"There is no uncertainty {kind!r}. Choose one of {', '.join(get_args(Kind))}.")


def uncertainty(probabilities: np.ndarray, kind: Kind = "least-confidence") -> np.ndarray:
    """How unsure a model is of each clip, `(clips,)`: 0 for a certain label, 1 for all labels alike (Settles 2009).

    Args:
        probabilities: `(clips, labels)`.
        kind: `margin` is 1 - (p1 - p2) of the two most probable labels, so that two labels alike suffice for 1;
            `entropy` that of all labels over its greatest value; `least-confidence` 1 - p1 over its greatest value.

    Returns:
        0 also where the model has said nothing.

    Raises:
        ConfigError: there is no such kind.
    """
    _check_kind(kind)
    clips, labels = probabilities.shape
    if labels < 2:
        return np.zeros(clips)
    known = np.isfinite(probabilities).all(axis=1)
    values = np.where(known[:, None], probabilities, np.eye(1, labels)).astype(float)
    if kind == "entropy":
        unsure = -(values * np.log(np.where(values > 0, values, 1.0))).sum(axis=1) / np.log(labels)
    elif kind == "least-confidence":
        unsure = (1 - values.max(axis=1)) * labels / (labels - 1)
    else:
        second, first = np.partition(values, labels - 2, axis=1)[:, -2:].T
        unsure = 1 - (first - second)
    return np.clip(unsure, 0.0, 1.0)


def most_useful_first(
    probabilities: np.ndarray,
    embeddings: np.ndarray,
    speakers: np.ndarray,
    labelled: np.ndarray,
    settings: QueueSettings | None = None,
    *,
    count: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The order in which to ask for labels: what the model is unsure of, spread over the embedding and over speakers.

    The most uncertain clips make a shortlist, thinned out by speaker and likeness. From it, the clip is taken next
    whose uncertainty, distance to the nearest clip labelled or taken before (as in k-center, Sener and Savarese 2018)
    and weight of its speaker have the greatest product. Behind these come all others by uncertainty, thinned out in
    the same way; copies of clips that come before, and clips without an embedding, are among them. With probabilities
    that are all alike, as those of an untrained model, distances and speakers alone make the order.

    Args:
        probabilities: `(clips, labels)`.
        embeddings: `(clips, width)`; a width of 0 if there are none.
        speakers: a whole number for each, `(clips,)`; unknown speakers count as one if they share a number.
        labelled: `(clips,)`, True for those not to be asked.
        settings: the defaults if None.
        count: how many clips to return; all if None.
        seed: of what decides between equals.

    Returns:
        Row numbers of the clips that are not labelled, each once.
    """
    settings = settings or QueueSettings()
    candidates = np.random.default_rng(seed).permutation(np.flatnonzero(~labelled))  # decides between equals
    count = len(candidates) if count is None else min(count, len(candidates))
    cloud = _cloud(embeddings)
    worth = np.maximum(uncertainty(probabilities[candidates], settings.kind), LEAST_WORTH)
    people = np.unique(speakers[candidates], return_inverse=True)[1]
    standing = worth * (1.0 + _rank_within(people, worth)) ** -settings.speaker_balance
    standing /= 1.0 + _rank_within(_hashes(embeddings, candidates, cloud), worth)
    order = np.argsort(-standing, kind="stable")
    short = order[cloud.known[candidates[order]]][: settings.shortlist]
    points = cloud.points(embeddings, candidates[short])
    distances = _distances_to(points, embeddings, np.flatnonzero(labelled & cloud.known), cloud)
    first = short[_spread(points, distances, worth[short], people[short], settings, count)]
    rest = np.ones(len(candidates), dtype=bool)
    rest[first] = False
    return candidates[np.concatenate([first, order[rest[order]]])[:count]]


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


class _Cloud(NamedTuple):
    """Where embeddings lie: which clips have one, `(clips,)`, their mean, `(width,)`, and distance from it (RMS)."""

    known: np.ndarray
    centre: np.ndarray
    radius: float

    def points(self, embeddings: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Some rows seen from the centre, in radii, none farther off than `FARTHEST`: float32 `(rows, width)`."""
        found = (embeddings[rows].astype(np.float32) - self.centre) / np.float32(self.radius)
        return found * (FARTHEST / np.maximum(_lengths(found), FARTHEST))


def _cloud(embeddings: np.ndarray) -> _Cloud:
    total, squares = np.zeros(embeddings.shape[1]), 0.0
    known = np.zeros(len(embeddings), dtype=bool)
    for rows in _blocks(np.arange(len(embeddings))):
        block = embeddings[rows].astype(np.float32)
        lengths = np.einsum("ij,ij->i", block, block)  # NaN and infinity spread to it
        known[rows] = np.isfinite(lengths) & (lengths > 0)
        total += block[known[rows]].sum(axis=0)
        squares += float(lengths[known[rows]].sum())
    clips = max(int(known.sum()), 1)
    centre = total / clips
    variance = squares / clips - float(centre @ centre)
    return _Cloud(known, centre.astype(np.float32), float(np.sqrt(variance)) if variance > 0 else 1.0)


def _lengths(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=1, keepdims=True)


def _hashes(embeddings: np.ndarray, rows: np.ndarray, cloud: _Cloud) -> np.ndarray:
    """Numbers that near copies share, `(rows,)`: on which sides of random planes each lies (Charikar 2002)."""
    planes = np.random.default_rng(0).standard_normal((len(cloud.centre), HASH_BITS)).astype(np.float32)
    bits = 1 << np.arange(HASH_BITS)
    found = -1 - np.arange(len(rows))  # without an embedding: like nobody else
    for places in _blocks(np.flatnonzero(cloud.known[rows])):
        found[places] = ((embeddings[rows[places]].astype(np.float32) - cloud.centre) @ planes > 0) @ bits
    return found


def _rank_within(groups: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """How many of its own group stand before each, greatest worth first: `(clips,)`."""
    order = np.lexsort((-worth, groups))
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return ranks


def _distances_to(points: np.ndarray, embeddings: np.ndarray, labelled: np.ndarray, cloud: _Cloud) -> np.ndarray:
    """From each point to the nearest labelled clip, `(points,)`; the greatest there is where nothing is labelled."""
    found, squares = np.full(len(points), 2 * FARTHEST, dtype=np.float32), np.square(points).sum(axis=1)
    for rows in _blocks(labelled):
        found = np.minimum(found, _distances(points, squares, cloud.points(embeddings, rows)))
    return found


def _distances(points: np.ndarray, squares: np.ndarray, others: np.ndarray) -> np.ndarray:
    """From each of `(points, width)`, whose squared lengths are known, to the nearest of `(others, width)`."""
    apart = points @ (-2.0 * others.T)
    apart += np.square(others).sum(axis=1)
    return np.sqrt(np.maximum(apart.min(axis=1) + squares, 0.0))


def _spread(
    points: np.ndarray,
    distances: np.ndarray,
    worth: np.ndarray,
    people: np.ndarray,
    settings: QueueSettings,
    count: int,
) -> list[int]:
    """Places in the shortlist, one after the other, as long as there is anything but copies of what was taken."""
    taken: list[int] = []
    asked, weight = np.zeros(int(people.max(initial=-1)) + 1), worth.copy()
    squares = np.square(points).sum(axis=1)
    while len(taken) < min(count, len(worth)):
        gain = np.where(distances > settings.copy_distance, weight * distances**settings.novelty, 0.0)
        best = int(gain.argmax())
        if gain[best] <= 0.0:
            break
        taken.append(best)
        asked[people[best]] += 1
        same = people == people[best]
        weight[same] = worth[same] * (1.0 + asked[people[best]]) ** -settings.speaker_balance
        distances = np.minimum(distances, _distances(points, squares, points[best : best + 1]))
        distances[best] = 0.0
    return taken


class Suspects(NamedTuple):
    """Clips whose label looks wrong, the most suspect first.

    Attributes:
        order: row numbers, `(suspects,)`.
        score: probability of the label that fits better, less that of the one given, -1 to 1: `(suspects,)`.
        better: number of the label that fits better, `(suspects,)`.
    """

    order: np.ndarray
    score: np.ndarray
    better: np.ndarray


def suspects(probabilities: np.ndarray, given: np.ndarray) -> Suspects:
    """Labels that look wrong, by confident learning (Northcutt et al. 2021, equations 1 and 2).

    The threshold of a label is the mean probability that clips which carry it have of it. A clip is suspect where the
    most probable of the labels that reach their thresholds is not the one given.

    Args:
        probabilities: `(clips, labels)`, of a model that has not learned from these labels.
        given: number of each clip's label, -1 where it has none: `(clips,)`.
    """
    rows = np.flatnonzero((given != UNLABELLED) & np.isfinite(probabilities).all(axis=1))
    found, labels = probabilities[rows].astype(float), given[rows]
    thresholds = np.full(probabilities.shape[1], np.inf)
    for label in np.unique(labels):
        thresholds[label] = found[labels == label, label].mean()
    reached = np.where(found >= thresholds, found, -1.0)
    better = reached.argmax(axis=1) if len(rows) else labels
    places = np.arange(len(rows))
    wrong = (better != labels) & (reached[places, better] >= 0)
    score = (found[places, better] - found[places, labels])[wrong]
    order = np.argsort(-score, kind="stable")
    return Suspects(rows[wrong][order], score[order], better[wrong][order])


def nearest(embeddings: np.ndarray, query: int, count: int | None = None) -> np.ndarray:
    """Clips by cosine similarity to one of them, which comes first; those without an embedding come last.

    Args:
        embeddings: `(clips, width)`.
        query: row number of the clip to compare with.
        count: how many to return, the query included; all if None.

    Returns:
        Row numbers.
    """
    known = _cloud(embeddings).known
    cosines = np.full(len(embeddings), -np.inf)
    if known[query]:
        wanted = embeddings[query].astype(np.float32)
        for rows in _blocks(np.flatnonzero(known)):
            block = embeddings[rows].astype(np.float32)
            cosines[rows] = (block / _lengths(block)) @ wanted
    cosines[query] = np.inf
    return np.argsort(-cosines, kind="stable")[:count]


@dataclass(frozen=True, eq=False)
class LogisticHead:
    """A multinomial logistic regression on embeddings, quick enough to be fitted anew after every few labels.

    Attributes:
        weights: of the embeddings as they come, `(width, classes)`.
        bias: `(classes,)`.
    """

    weights: np.ndarray
    bias: np.ndarray

    @classmethod
    def fit(
        cls,
        embeddings: np.ndarray,
        labels: np.ndarray,
        classes: int,
        weights: np.ndarray | None = None,
        l2: float | np.ndarray | None = None,
        offset: np.ndarray | None = None,
    ) -> LogisticHead:
        """Minimise the weighted cross-entropy plus half of `l2` times the squared weights of standardised embeddings.

        Args:
            embeddings: `(clips, width)`. All that have one are used to standardise.
            labels: number of each clip's class, -1 where it has none: `(clips,)`.
            classes: how many there are, with or without labels.
            weights: of the clips, `(clips,)`; 1 each if None.
            l2: one for all weights, or one for each, `(width,)`. `width / 4` if None, as if a logit was expected to
                have a standard deviation of 2.
            offset: logits that another head gives already, `(clips, classes)`: what is fitted is the change of them.

        Raises:
            ConfigError: `l2` is not positive.
        """
        width = embeddings.shape[1]
        l2 = max(width, 1) / 4 if l2 is None else l2
        if not np.all(np.asarray(l2) > 0):
            raise ConfigError(f"l2 must be positive, not {l2}.")
        known, centre, _ = _cloud(embeddings)
        scale = _deviations(embeddings, centre, known)
        rows = np.flatnonzero((labels != UNLABELLED) & known)
        inputs = np.hstack([(embeddings[rows].astype(np.float32) - centre) / scale, np.ones((len(rows), 1))])
        share = np.ones(len(rows)) if weights is None else weights[rows]
        penalty = np.append(np.broadcast_to(l2, width), BIAS_L2)
        start = np.zeros((len(rows), classes)) if offset is None else offset[rows].astype(float)
        found = _minimised(inputs, np.eye(classes)[labels[rows]], share.astype(float), penalty, start)
        raw = found[:-1] / scale[:, None]
        return cls(raw, found[-1] - centre @ raw)

    def probabilities(self, embeddings: np.ndarray) -> np.ndarray:
        """`(clips, classes)` of `(clips, width)` embeddings; NaN where there is none."""
        found = np.full((len(embeddings), len(self.bias)), np.nan)
        rows = np.flatnonzero(_cloud(embeddings).known)
        for some in _blocks(rows):
            found[some] = _softmax(embeddings[some].astype(np.float32) @ self.weights + self.bias)
        return found


def _deviations(embeddings: np.ndarray, centre: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Standard deviation of each dimension, `(width,)`; 1 where it is constant."""
    squares = np.zeros(embeddings.shape[1])
    for rows in _blocks(np.flatnonzero(known)):
        squares += np.square(embeddings[rows].astype(np.float32) - centre).sum(axis=0)
    found = np.sqrt(squares / max(known.sum(), 1))
    return np.where(found > 1e-6, found, 1.0)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _minimised(
    inputs: np.ndarray, truth: np.ndarray, share: np.ndarray, penalty: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """The weights of least penalised cross-entropy, by accelerated steps that a bound of the curvature makes safe.

    Half of the inputs' second moments bounds the curvature everywhere (Böhning 1992), so that one matrix serves every
    step. Momentum is dropped whenever it leads uphill (O'Donoghue and Candès 2015).

    Args:
        inputs: `(clips, width)`.
        truth: one-hot, `(clips, classes)`.
        share: weight of each clip, `(clips,)`.
        penalty: of each squared weight, halved, `(width,)`.
        start: logits to which those of the weights are added, `(clips, classes)`.

    Returns:
        `(width, classes)`.
    """
    if len(inputs) < inputs.shape[1]:  # the weights sought lie in the space of the clips, which is smaller
        scale = 1.0 / np.sqrt(penalty)
        basis, clips = np.linalg.qr((inputs * scale).T)
        return scale[:, None] * (basis @ _minimised(clips.T, truth, share, np.ones(len(inputs)), start))
    step = np.linalg.inv(0.5 * (inputs.T * share) @ inputs + np.diag(penalty))
    now = ahead = np.zeros((inputs.shape[1], truth.shape[1]))
    logits = logits_ahead = start + inputs @ now
    momentum = 1.0
    for _ in range(MOST_STEPS):
        slope = inputs.T @ (share[:, None] * (_softmax(logits_ahead) - truth)) + penalty[:, None] * ahead
        before, logits_before = now, logits
        now = ahead - step @ slope
        logits = start + inputs @ now
        if np.abs(logits - logits_before).max(initial=0.0) < TOLERANCE:
            break
        momentum = 1.0 if (slope * (now - before)).sum() > 0 else momentum
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        carried, momentum = (momentum - 1) / following, following
        ahead = now + carried * (now - before)
        logits_ahead = logits + carried * (logits - logits_before)
    return now
