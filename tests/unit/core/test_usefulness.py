from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from core.errors import ConfigError
from core.project.usefulness import (
    UNLABELLED,
    LogisticHead,
    QueueSettings,
    most_useful_first,
    nearest,
    suspects,
    uncertainty,
)

KINDS = ("margin", "entropy", "least-confidence")


def simplex(clips: int, labels: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([0.5] * labels, size=clips)


def pool(clips: int, width: int = 16, speakers: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    embeddings = generator.standard_normal((clips, width)).astype(np.float16)
    return simplex(clips, seed=seed), embeddings, generator.integers(speakers, size=clips)


def nobody(clips: int) -> np.ndarray:
    return np.zeros(clips, dtype=bool)


@pytest.mark.parametrize("kind", KINDS)
def test_uncertainty_is_1_for_labels_alike_and_0_for_a_certain_one(kind: str) -> None:
    rows = np.array([[0.25] * 4, [1, 0, 0, 0], [0.7, 0.1, 0.1, 0.1], [np.nan] * 4])
    found = uncertainty(rows, kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(found[[0, 1, 3]], [1, 0, 0], atol=1e-12)
    assert 0 < found[2] < 1
    assert (uncertainty(simplex(500), kind) <= 1).all()  # type: ignore[arg-type]


def test_uncertainty_by_hand() -> None:
    row = np.array([[0.5, 0.3, 0.2]])
    assert uncertainty(row, "margin") == pytest.approx([0.8])
    assert uncertainty(row, "least-confidence") == pytest.approx([0.75])
    assert uncertainty(row, "entropy") == pytest.approx([1.0297 / np.log(3)], abs=1e-4)
    np.testing.assert_array_equal(uncertainty(np.ones((3, 1))), [0, 0, 0])
    assert uncertainty(np.empty((0, 4))).shape == (0,)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="no uncertainty 'doubt'"):
        uncertainty(simplex(2), "doubt")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="margin, entropy"):
        QueueSettings(kind="doubt")  # type: ignore[arg-type]
    for name in ("shortlist", "novelty", "speaker_balance", "copy_distance"):
        with pytest.raises(ConfigError, match=f"{name} must not be negative"):
            QueueSettings(**{name: -1})


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0, 5, 2000]),
    st.one_of(st.none(), st.integers(0, 70)),
    st.integers(0, 5),
)
def test_every_clip_without_a_label_comes_once(
    clips: int, labelled_share: float, missing_share: float, shortlist: int, count: int | None, seed: int
) -> None:
    probabilities, embeddings, speakers = pool(clips, seed=seed)
    generator = np.random.default_rng(seed)
    labelled = generator.random(clips) < labelled_share
    embeddings[generator.random(clips) < missing_share] = np.nan
    probabilities[generator.random(clips) < missing_share] = np.nan
    asked = (probabilities, embeddings, speakers, labelled, QueueSettings(shortlist=shortlist))
    order = most_useful_first(*asked, seed=seed)
    assert sorted(order) == list(np.flatnonzero(~labelled))
    some = most_useful_first(*asked, count=count, seed=seed)
    np.testing.assert_array_equal(some, order[:count])


def test_the_seed_decides_between_equals_and_nothing_else_does() -> None:
    probabilities, embeddings, speakers = pool(200)
    flat = np.full_like(probabilities, 0.25)

    def order(values: np.ndarray, seed: int) -> list[int]:
        return most_useful_first(values, embeddings, speakers, nobody(200), seed=seed).tolist()

    assert order(flat, 1) == order(flat, 1) != order(flat, 2)
    assert order(probabilities, 1) == order(probabilities, 2)


def test_without_novelty_and_speakers_the_order_is_that_of_uncertainty() -> None:
    probabilities, embeddings, speakers = pool(300)
    plain = QueueSettings(novelty=0.0, speaker_balance=0.0)
    order = most_useful_first(probabilities, embeddings, speakers, nobody(300), plain)
    assert (np.diff(uncertainty(probabilities)[order]) <= 0).all()


def test_the_most_uncertain_come_early_on_the_whole() -> None:
    probabilities, embeddings, speakers = pool(3000)
    found = uncertainty(probabilities)
    order = most_useful_first(probabilities, embeddings, speakers, nobody(3000))
    assert found[order[:100]].mean() > 1.5 * found.mean()
    assert found[order[-300:]].mean() < 0.5 * found.mean()


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_twenty_copies_are_not_asked_in_a_row(noise: float) -> None:
    probabilities, embeddings, speakers = pool(300, width=32)
    generator = np.random.default_rng(1)
    copies = generator.choice(300, 20, replace=False)
    embeddings[copies] = embeddings[copies[0]] + noise * generator.standard_normal((20, 32))
    probabilities[copies], speakers[copies] = 0.25, 0  # nothing is more uncertain
    order = most_useful_first(probabilities, embeddings, speakers, nobody(300))
    assert order[0] in copies
    assert not np.isin(order[1:281], copies).any()  # the rest only when everything else was asked
    labelled = nobody(300)
    labelled[copies[0]] = True
    assert not np.isin(most_useful_first(probabilities, embeddings, speakers, labelled)[:280], copies).any()


def test_copies_behind_the_shortlist_are_spread_too() -> None:
    probabilities, embeddings, speakers = pool(1000, width=32)
    copies = np.random.default_rng(1).choice(1000, 20, replace=False)
    embeddings[copies], probabilities[copies], speakers[copies] = embeddings[copies[0]], 0.25, 0
    order = most_useful_first(probabilities, embeddings, speakers, nobody(1000), QueueSettings(shortlist=50))
    places = np.flatnonzero(np.isin(order, copies))
    assert np.diff(places).min() > 1


def test_near_copies_of_what_is_labelled_wait() -> None:
    probabilities, embeddings, speakers = pool(200, width=32)
    labelled = nobody(200)
    labelled[:100] = True
    embeddings[100:120] = embeddings[:20]
    order = most_useful_first(np.full_like(probabilities, 0.25), embeddings, speakers, labelled)
    assert set(order[-20:]) == set(range(100, 120))


def test_an_untrained_model_asks_for_different_clips() -> None:
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((10, 32)) * 5
    kinds = generator.choice(10, size=2000, p=[0.91] + [0.01] * 9)
    embeddings = centres[kinds] + generator.standard_normal((2000, 32)) * 0.3
    order = most_useful_first(np.full((2000, 4), 0.25), embeddings, np.zeros(2000, dtype=int), nobody(2000))
    assert len(set(kinds[order[:12]])) == 10


def test_no_speaker_fills_the_queue() -> None:
    probabilities, embeddings, speakers = pool(400, speakers=10)
    probabilities[speakers == 3] = 0.25  # one unclear voice
    first = most_useful_first(probabilities, embeddings, speakers, nobody(400))[:20]
    loose = QueueSettings(speaker_balance=0.0)
    alone = most_useful_first(probabilities, embeddings, speakers, nobody(400), loose)[:20]
    assert len(set(speakers[first])) > len(set(speakers[alone]))
    assert np.bincount(speakers[first]).max() <= 10


def test_without_embeddings_uncertainty_and_speakers_remain() -> None:
    probabilities, _, speakers = pool(200)
    order = most_useful_first(probabilities, np.empty((200, 0)), speakers, nobody(200))
    found = uncertainty(probabilities)
    assert found[order[:40]].mean() > found.mean() > found[order[-40:]].mean()
    assert len(set(speakers[order[:8]])) > 3


def test_a_clip_without_an_embedding_comes_behind_the_shortlist() -> None:
    probabilities, embeddings, speakers = pool(100)
    embeddings[:10], embeddings[10:15], embeddings[15:20] = np.nan, 0.0, np.inf
    order = most_useful_first(probabilities, embeddings, speakers, nobody(100))
    assert set(order[-20:]) == set(range(20))


def test_a_clip_that_the_model_said_nothing_of_comes_late() -> None:
    probabilities, embeddings, speakers = pool(500)
    probabilities[7] = np.nan
    order = most_useful_first(probabilities, embeddings, speakers, nobody(500), QueueSettings(shortlist=100))
    assert list(order).index(7) > 400


def test_one_class_and_no_clips() -> None:
    _, embeddings, speakers = pool(30)
    assert sorted(most_useful_first(np.ones((30, 1)), embeddings, speakers, nobody(30))) == list(range(30))
    everyone = np.ones(30, dtype=bool)
    assert not len(most_useful_first(simplex(30), embeddings, speakers, everyone))
    empty = most_useful_first(np.empty((0, 4)), np.empty((0, 16)), np.empty(0, dtype=int), nobody(0))
    assert empty.shape == (0,)


def flipped_set() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of clips, their labels, a tenth of which are wrong, and the rows of these."""
    generator = np.random.default_rng(0)
    truth = generator.integers(4, size=1000)
    logits = generator.standard_normal((1000, 4)) + 4 * np.eye(4)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flips = generator.choice(1000, 100, replace=False)
    given_labels = truth.copy()
    given_labels[flips] = (truth[flips] + generator.integers(1, 4, size=100)) % 4
    return probabilities, given_labels, flips


def test_wrong_labels_are_suspected() -> None:
    probabilities, labels, flips = flipped_set()
    found = suspects(probabilities, labels)
    assert np.isin(found.order[:100], flips).mean() > 0.8
    assert (np.diff(found.score) <= 0).all()
    assert (found.better != labels[found.order]).all()


def test_a_clip_without_label_or_probabilities_is_no_suspect() -> None:
    probabilities, labels, flips = flipped_set()
    labels[flips[:50]], probabilities[flips[50:]] = UNLABELLED, np.nan
    assert not np.isin(suspects(probabilities, labels).order, flips).any()


def test_thresholds_are_those_of_confident_learning() -> None:
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.45, 0.55], [0.2, 0.8], [0.4, 0.6]])
    found = suspects(probabilities, np.array([0, 0, 0, 1, 1]))  # thresholds 0.683 and 0.7
    assert not len(found.order)
    found = suspects(probabilities, np.array([0, 0, 1, 0, 1]))  # 0.6 and 0.575: the fourth clip alone reaches it
    assert (found.order.tolist(), found.better.tolist()) == ([3], [1])
    assert found.score == pytest.approx([0.6])


def test_suspects_of_nothing() -> None:
    assert not len(suspects(simplex(5), np.full(5, UNLABELLED)).order)
    assert not len(suspects(np.empty((0, 4)), np.empty(0, dtype=int)).order)
    assert not len(suspects(np.ones((5, 1)), np.zeros(5, dtype=int)).order)
    assert not len(suspects(simplex(5), np.full(5, 2)).order)  # one label alone: there is none to compare with


def test_nearest_puts_copies_first_and_missing_ones_last() -> None:
    _, embeddings, _ = pool(100)
    embeddings[[5, 50]] = embeddings[20]
    embeddings[60] = -embeddings[20]
    embeddings[[3, 4]], embeddings[9] = np.nan, np.inf
    order = nearest(embeddings, 20)
    assert order[:3].tolist() == [20, 5, 50]
    assert order[-4:].tolist() == [60, 3, 4, 9]
    assert sorted(order) == list(range(100))
    np.testing.assert_array_equal(nearest(embeddings, 20, 7), order[:7])


def test_nearest_does_not_ask_for_loudness_or_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).standard_normal((100, 16))
    cosines = embeddings @ embeddings[8] / np.linalg.norm(embeddings, axis=1)
    louder = embeddings * np.random.default_rng(1).uniform(0.1, 10, (100, 1))
    np.testing.assert_array_equal(nearest(louder, 8), np.argsort(-cosines))
    monkeypatch.setattr("core.project.usefulness._BLOCK", 7)
    np.testing.assert_array_equal(nearest(louder, 8), np.argsort(-cosines))


def test_nearest_to_a_clip_without_an_embedding_is_itself() -> None:
    embeddings = np.ones((4, 3))
    embeddings[2] = np.nan
    assert nearest(embeddings, 2).tolist() == [2, 0, 1, 3]


def blobs(clips: int, classes: int = 4, width: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=clips)
    centres = np.random.default_rng(99).standard_normal((classes, width)) * 0.4
    scale = np.random.default_rng(98).lognormal(size=width)
    return ((centres[labels] + generator.standard_normal((clips, width))) * scale).astype(np.float32), labels


@pytest.mark.parametrize("clips", [30, 400])
@pytest.mark.parametrize("l2", [1.0, 16.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_head_agrees_with_scikit_learn(clips: int, l2: float, weighted: bool) -> None:
    (embeddings, labels), (others, _) = blobs(clips), blobs(200, seed=1)
    weights = np.random.default_rng(2).uniform(0.5, 2.0, size=clips) if weighted else None
    mean, deviation = embeddings.mean(axis=0), embeddings.std(axis=0)
    theirs = LogisticRegression(C=1 / l2, max_iter=5000, tol=1e-8)
    theirs.fit((embeddings - mean) / deviation, labels, sample_weight=weights)
    ours = LogisticHead.fit(embeddings, labels, 4, weights, l2)
    expected = theirs.predict_proba((others - mean) / deviation)
    np.testing.assert_allclose(ours.probabilities(others), expected, atol=1e-2)


def test_head_learns_from_the_labelled_clips_alone() -> None:
    embeddings, labels = blobs(500)
    embeddings[-1] = np.nan
    hidden = labels.copy()
    hidden[100:] = UNLABELLED
    head, wrong = LogisticHead.fit(embeddings, hidden, 4), hidden.copy()
    wrong[:100] = np.roll(wrong[:100], 1)
    said = head.probabilities(embeddings)
    assert np.isnan(said[-1]).all()
    np.testing.assert_allclose(said[:-1].sum(axis=1), 1.0)
    assert (said[100:-1].argmax(axis=1) == labels[100:-1]).mean() > 0.8
    assert (
        LogisticHead.fit(embeddings, wrong, 4).probabilities(embeddings)[100:-1].argmax(1) == labels[100:-1]
    ).mean() < 0.5


def test_a_weight_of_two_is_a_clip_twice() -> None:
    embeddings, labels = blobs(60)
    every = np.vstack([embeddings, embeddings])  # the same mean and deviation
    once, weights = np.where(np.arange(120) < 60, np.tile(labels, 2), UNLABELLED), np.full(120, 2.0)
    twice = LogisticHead.fit(every, np.tile(labels, 2), 4)
    np.testing.assert_allclose(
        LogisticHead.fit(every, once, 4, weights).probabilities(embeddings), twice.probabilities(embeddings), atol=1e-3
    )


def test_head_with_little_to_learn_from() -> None:
    embeddings, labels = blobs(20)
    none = LogisticHead.fit(embeddings, np.full(20, UNLABELLED), 4).probabilities(embeddings)
    np.testing.assert_allclose(none, 0.25)
    np.testing.assert_allclose(LogisticHead.fit(embeddings, labels * 0, 1).probabilities(embeddings), 1.0)
    unseen = LogisticHead.fit(embeddings, labels % 2, 3).probabilities(embeddings)
    assert ((unseen[:, 2] > 0) & (unseen[:, 2] < 0.1)).all()
    constant = LogisticHead.fit(np.ones((20, 4)), labels, 4).probabilities(np.ones((1, 4)))
    np.testing.assert_allclose(constant[0], np.bincount(labels) / 20, atol=1e-2)
    with pytest.raises(ConfigError, match="l2 must be positive, not 0"):
        LogisticHead.fit(embeddings, labels, 4, l2=0.0)


def test_each_weight_of_a_head_may_be_held_back_by_itself() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 2))
    labels = (rows.sum(axis=1) > 0).astype(int)
    alike, same = (LogisticHead.fit(rows, labels, 2, l2=l2) for l2 in (4.0, np.full(2, 4.0)))
    np.testing.assert_allclose(same.weights, alike.weights)
    one = LogisticHead.fit(rows, labels, 2, l2=np.array([4.0, 1e6]))
    assert np.abs(one.weights[1]).max() < 1e-3 < np.abs(one.weights[0]).max()
    with pytest.raises(ConfigError, match="positive"):
        LogisticHead.fit(rows, labels, 2, l2=np.array([1.0, 0.0]))
