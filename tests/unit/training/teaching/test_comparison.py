"""Whether a teaching helped, in figures and in a sentence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest

from training.teaching.comparison import compare, coverage, in_words, mcnemar


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 5), (8, 1), (3, 12), (40, 21)])
def test_the_exact_test_is_the_binomial_one(gained: int, lost: int) -> None:
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected)
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def logits_of(said: list[int], classes: int, sure: float = 3.0) -> np.ndarray:
    return sure * np.eye(classes)[said]


def test_a_table_that_was_counted_by_hand() -> None:
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    before = logits_of([0, 0, 1, 1, 1, 1, 1, 0, 0, 0], 3)
    after = logits_of([0, 0, 0, 1, 1, 1, 1, 1, 1, 2], 3)
    speakers = ["a"] * 5 + ["b"] * 5
    found = compare(("x", "y", "z"), truth, speakers, before, after)
    assert (found.clips, found.speakers) == (10, 2)
    assert found.gained == (2, 7, 8) and found.lost == ()
    assert found.p == pytest.approx(0.25) and found.sentence.startswith("No measurable difference with 10 held-out")
    assert found.before.confusion == ((2, 2, 0), (3, 3, 0), (0, 0, 0))
    assert found.after.confusion == ((3, 1, 0), (0, 5, 1), (0, 0, 0))
    assert found.before.recall == (0.5, 0.5, None)
    assert found.after.recall == pytest.approx((0.75, 5 / 6, None), abs=1e-9)
    assert found.before.ua.value == pytest.approx(0.5) and found.after.ua.value == pytest.approx((0.75 + 5 / 6) / 2)
    assert found.after.wa.value == pytest.approx(0.8)
    assert found.change.value == pytest.approx(found.after.ua.value - 0.5)
    assert found.after.ua.low is not None and found.after.ua.low <= found.after.ua.value
    confidence = np.exp(3) / (np.exp(3) + 2)
    assert found.after.ece == pytest.approx(abs(0.8 - confidence))


def test_the_same_model_twice_is_no_difference() -> None:
    truth, said = np.array([0, 1, 0, 1]), logits_of([0, 1, 1, 1], 2)
    found = compare(("x", "y"), truth, ["", "", "", ""], said, said)
    assert (found.p, found.gained, found.lost, found.change.value) == (1.0, (), (), 0.0)


def test_the_sentence_tells_better_from_worse() -> None:
    assert in_words(12, 1, 50, mcnemar(12, 1)).startswith("Better: 12 of 50 held-out clips gained, 1 lost, p = 0.0034")
    assert in_words(1, 12, 50, mcnemar(1, 12)).startswith("Worse")


def test_fewer_clips_are_answered_as_more_confidence_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    found = rng.dirichlet(np.ones(3), 200)
    truth = found.argmax(axis=1)
    truth[found.max(axis=1) < 0.5] = (truth[found.max(axis=1) < 0.5] + 1) % 3
    rows = coverage(found, truth)
    assert rows[0][:2] == (0.0, 1.0) and len(rows) == 10
    assert [row[1] for row in rows] == pytest.approx(np.arange(1.0, 0.05, -0.1), abs=0.01)
    assert all(first[0] <= second[0] for first, second in pairwise(rows))
    assert rows[-1][2] == 1.0 > rows[0][2]
