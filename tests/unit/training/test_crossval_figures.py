"""The statistics of a comparison, on cases that can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import MoodlightError
from training import metrics
from training.crossval_charts import confusion_picture, systems_picture
from training.crossval_figures import Counts, check_same_clips, compare, count, figures_of, holm, two_sided_p
from training.crossval_jobs import Result
from training.metrics import Figure


def counts_of(*right: int) -> Counts:
    """Two speakers or more with four clips of each of two labels, so many of the first told rightly, one seed."""
    return Counts(np.array([[[[good, 4 - good], [0, 4]]] for good in right]), (1,))


def test_the_paired_test_of_two_speakers_is_what_counting_gives() -> None:
    """One speaker gains 3 of 8, the other nothing: a quarter of the draws holds the other alone, at zero."""
    change = compare(counts_of(0, 4), counts_of(3, 4), metrics.weighted_accuracies)
    assert change.points.value == pytest.approx(3 / 16)
    assert change.percent.value == pytest.approx(100 * (15 / 12 - 1))
    assert (change.points.low, change.points.high) == pytest.approx((0.0, 3 / 8))
    assert change.p == pytest.approx(2 * 0.25, abs=0.03)


def test_a_gain_of_one_speaker_that_is_the_loss_of_another_is_no_difference() -> None:
    change = compare(counts_of(2, 4), counts_of(4, 2), metrics.unweighted_accuracies)
    assert change.points.value == 0.0
    assert change.p == 1.0


def test_a_gain_of_everybody_is_as_sure_as_the_draws_can_say() -> None:
    change = compare(counts_of(*[1] * 6), counts_of(*[3] * 6), metrics.unweighted_accuracies, draws=999)
    assert change.points == Figure(0.25, 0.25, 0.25)
    assert change.p == pytest.approx(2 / 1000)


def test_one_speaker_gives_no_interval_and_no_p_value() -> None:
    change = compare(counts_of(1), counts_of(2), metrics.unweighted_accuracies)
    assert change.points == Figure(0.125) and change.p is None


def test_draws_at_zero_count_on_both_sides() -> None:
    assert two_sided_p(np.array([0.0, 0.0, 1.0])) == 1.0
    assert two_sided_p(np.array([1.0] * 7 + [-1.0] * 2)) == pytest.approx(2 * 3 / 10)


def test_holm_corrects_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]


def result(seed: int, said: list[int], fold: str = "1", clips: str = "ab") -> Result:
    logits = tuple(tuple(float(number == label) for number in range(2)) for label in said)
    names = tuple(f"{fold}{clip}" for clip in clips)
    return Result("s", fold, seed, ("x", "y"), names, ("p", "q"), (0, 1), logits, 1.0, 9, 5, 4, 2 + seed, 0.5, 3.0)


def test_folds_are_pooled_within_a_seed_and_seeds_averaged() -> None:
    results = [result(1, [0, 1]), result(1, [0, 0], "2"), result(2, [1, 0]), result(2, [0, 0], "2")]
    check_same_clips(results)
    figures = figures_of("s", results, count(results, ["p", "q"]), draws=50)
    assert figures.wa.seeds == {"1": 0.75, "2": 0.25}
    assert figures.wa.figure.value == 0.5
    assert figures.wa.deviation == pytest.approx(np.std([0.75, 0.25], ddof=1))
    assert figures.confusion == [[3, 1], [3, 1]]
    assert figures.recalls["x"].value == 0.75
    assert (figures.cost.parameters, figures.cost.trained_parameters, figures.cost.best_pass) == (9, 5, 3.5)


def test_results_of_other_clips_are_not_compared() -> None:
    with pytest.raises(MoodlightError, match="Fold 1 was tested on other clips"):
        check_same_clips([result(1, [0, 1]), result(2, [0, 1], clips="ac")])


def test_pictures_say_in_words_what_they_show() -> None:
    picture = confusion_picture("<TL>", ("x", "y"), [[3, 1], [0, 0]])
    assert "x: 75% as x, 25% as y; y: – as x" in picture and "&lt;TL&gt;" in picture
    chart = systems_picture([("TL", Figure(0.5, 0.45, 0.56), Figure(0.6))], 0.25)
    assert "TL: UA 0.600 (one speaker: no interval), WA 0.500 [0.450, 0.560]" in chart and "60 %" in chart
