from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

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
