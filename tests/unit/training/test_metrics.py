from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from training import metrics


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert metrics.word_errors("It's eleven, o'clock!", "IT'S SEVEN O'CLOCK NOW") == (2, 3)
    assert metrics.word_errors("", "WORD") == (1, 0)


def test_accuracies_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    truth, predicted = generator.integers(4, size=(2, 500))
    counts = metrics.confusion(truth, predicted, 4)
    assert metrics.weighted_accuracy(counts) == pytest.approx((truth == predicted).mean())
    assert metrics.unweighted_accuracy(counts) == pytest.approx(balanced_accuracy_score(truth, predicted))


def test_a_class_that_does_not_occur_does_not_count() -> None:
    counts = metrics.confusion(np.array([0, 0, 1]), np.array([0, 2, 1]), 3)
    assert metrics.unweighted_accuracy(counts) == pytest.approx(0.75)


def test_interval_is_wider_when_speakers_differ_more() -> None:
    speakers = np.repeat([f"s{i}" for i in range(20)], 50)
    generator = np.random.default_rng(0)
    alike = generator.random(1000) < 0.5
    apart = np.repeat(generator.random(20), 50) > generator.random(1000)
    widths = []
    for right in (alike, apart):
        figure = metrics.bootstrap_by_speaker(speakers, lambda rows, right=right: float(right[rows].mean()), 300)
        assert figure.low < figure.value < figure.high
        widths.append(figure.high - figure.low)
    assert widths[1] > 1.5 * widths[0]


def test_temperature_calms_a_model_that_is_too_sure() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(4, size=4000)
    logits = generator.normal(size=(4000, 4))
    logits[np.arange(4000), truth] += 1.5  # calibrated as it is, up to a factor
    best = metrics.fit_temperature(logits, truth)
    assert metrics.fit_temperature(logits * 3, truth) == pytest.approx(3 * best, rel=0.05)


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_calibration_error_sees_overconfidence() -> None:
    generator = np.random.default_rng(0)
    probabilities = softmax(generator.normal(size=(5000, 4)))
    truth = np.array([generator.choice(4, p=row) for row in probabilities])
    assert metrics.calibration_error(probabilities, truth) < 0.04
    sure = softmax(np.log(probabilities) * 5)
    assert metrics.calibration_error(sure, truth) > 0.2


COUNTS = np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0]])  # the third class neither occurs nor is said


def test_characters_are_counted_with_the_spaces_between_words() -> None:
    assert metrics.character_errors("It's  eleven.", "ITS ELEVE") == (2, 11)
    assert metrics.character_errors("full moon", "fullmoon") == (1, 9)
    assert metrics.error_rate(np.array([[2, 11], [1, 9]])) == pytest.approx(3 / 20)


def test_figures_of_a_confusion_matrix_by_hand() -> None:
    np.testing.assert_allclose(metrics.recalls(COUNTS), [3 / 4, 1 / 2, np.nan])
    np.testing.assert_allclose(metrics.precisions(COUNTS), [3 / 5, 2 / 3, np.nan])
    np.testing.assert_allclose(metrics.f1_scores(COUNTS), [2 / 3, 4 / 7, np.nan])
    assert metrics.macro_f1(COUNTS) == pytest.approx((2 / 3 + 4 / 7) / 2)
    assert metrics.weighted_accuracy(COUNTS) == pytest.approx(5 / 8)


def test_a_class_that_is_only_said_costs_those_that_are_mistaken_for_it() -> None:
    counts = np.array([[1, 1], [0, 0]])
    assert metrics.macro_f1(counts) == pytest.approx(2 / 3)
    np.testing.assert_allclose(metrics.precisions(counts), [1, 0])


def test_many_matrices_give_what_each_gives_alone() -> None:
    many = np.random.default_rng(0).integers(5, size=(7, 2, 4, 4))
    for together in (metrics.weighted_accuracies, metrics.unweighted_accuracies, metrics.macro_f1s):
        alone = [[together(counts) for counts in row] for row in many]
        np.testing.assert_allclose(together(many), alone)


def test_macro_f1_agrees_with_scikit_learn() -> None:
    truth, predicted = np.random.default_rng(0).integers(4, size=(2, 500))
    counts = metrics.confusion(truth, predicted, 4)
    assert metrics.macro_f1(counts) == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_sums_and_clips_give_the_same_interval() -> None:
    generator = np.random.default_rng(1)
    truth, predicted = generator.integers(4, size=(2, 300))
    speakers = [f"s{number}" for number in generator.integers(12, size=300)]
    owner = np.unique(speakers, return_inverse=True)[1]
    fast = metrics.bootstrap(metrics.confusion_by(owner, truth, predicted, 4), metrics.unweighted_accuracies)
    slow = metrics.bootstrap_by_speaker(
        speakers, lambda rows: metrics.unweighted_accuracy(metrics.confusion(truth[rows], predicted[rows], 4))
    )
    np.testing.assert_allclose([fast.value, fast.low, fast.high], [slow.value, slow.low, slow.high])


def test_one_speaker_has_no_interval_and_says_so() -> None:
    alone = metrics.bootstrap(COUNTS[None], metrics.weighted_accuracies)
    assert alone == metrics.Figure(5 / 8, None, None)
    assert str(alone) == "0.625 (one speaker: no interval)"
    assert metrics.bootstrap_by_speaker(["a", "a"], lambda rows: float(len(rows))) == metrics.Figure(2.0)


def test_a_change_is_measured_on_the_same_speakers() -> None:
    before = np.array([[1.0, 10.0], [9.0, 10.0], [5.0, 10.0]])  # speakers far apart
    after = before + np.array([1.0, 0.0])  # each better by the same
    change = metrics.bootstrap_change(before, after, metrics.ratios)
    np.testing.assert_allclose([change.value, change.low, change.high], 0.1)
    matrices = np.stack([COUNTS, COUNTS.T])
    assert metrics.bootstrap_change(matrices, matrices, metrics.macro_f1s) == metrics.Figure(0.0, 0.0, 0.0)


def test_brier_score_by_hand() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(metrics.brier_scores(probabilities, np.array([0, 1, 0])), [0.14, 0.0, 2.0])


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.45, 0.55]])
    truth = np.array([0, 1, 1, 1])
    # |0.95 - 0.5| of two clips, |0.65 - 1| and |0.55 - 1| of one each
    assert metrics.calibration_error(probabilities, truth) == pytest.approx((2 * 0.45 + 0.35 + 0.45) / 4)
    sums = metrics.calibration_sums(probabilities, truth, np.array([0, 0, 1, 1]))
    assert sums.shape == (2, 10, 3)
    np.testing.assert_allclose(sums[0, 9], [2, 1.9, 1])
