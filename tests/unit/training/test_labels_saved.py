from __future__ import annotations

import json

import numpy as np
import pytest

from core.errors import ConfigError, ManifestError
from training.labels_saved import LabelsSaved, labels_saved

RARE = np.array([0.47, 0.47, 0.03, 0.03])


def blobs(speakers: int, clips: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clips of four classes, two of them rare, around a different place for each speaker."""
    generator = np.random.default_rng(seed)
    owner = generator.integers(speakers, size=clips)
    labels = generator.choice(4, size=clips, p=RARE)
    centres = np.random.default_rng(0).standard_normal((4, 16)) * 1.2
    offsets = generator.standard_normal((speakers, 16)) * 0.4
    return centres[labels] + offsets[owner] + generator.standard_normal((clips, 16)), labels, owner


@pytest.fixture(scope="module")
def found() -> LabelsSaved:
    test_embeddings, test_labels, _ = blobs(10, 400, seed=2)
    return labels_saved(*blobs(20, 800, seed=1), test_embeddings, test_labels, runs=3, start=12, batch=12, most=120)


def test_both_arms_start_with_the_same_clips(found: LabelsSaved) -> None:
    assert found.labels[0] == 12 and found.labels[-1] == 120
    assert found.random.mean[0] == found.useful.mean[0]
    assert len(found.labels) == len(found.random.mean) == len(found.useful.low)


def test_asking_for_the_useful_ones_saves_labels(found: LabelsSaved) -> None:
    assert found.useful.mean[-1] > found.random.mean[-1]
    assert found.reached is not None and found.reached <= 96
    assert found.saved == 120 - found.reached
    step = found.labels.index(found.reached)
    assert found.useful.mean[step] >= found.random.mean[-1] > max(found.useful.mean[:step])


def test_the_band_holds_the_mean(found: LabelsSaved) -> None:
    for curve in (found.random, found.useful):
        assert all(low <= mean <= high for low, mean, high in zip(curve.low, curve.mean, curve.high, strict=True))


def test_the_result_as_text_and_as_data(found: LabelsSaved) -> None:
    lines = found.lines()
    assert lines[0] == "800 clips of 20 speakers, 400 test clips, 3 runs"
    assert len(lines) == 3 + len(found.labels) + 1
    assert f"reaches it with {found.reached}: {found.saved} labels saved" in lines[-1]
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["saved"] == found.saved and data["useful"]["mean"] == list(found.useful.mean)


def test_it_may_not_be_reached() -> None:
    embeddings, labels, speakers = blobs(5, 60, seed=1)
    noise = np.random.default_rng(0).integers(4, size=60)
    result = labels_saved(embeddings, labels, speakers, embeddings, noise, runs=1, start=5, batch=10, most=20)
    assert result.labels == (5, 15, 20)
    assert (result.reached is None) == (max(result.useful.mean) < result.random.mean[-1])


def test_the_last_batch_may_be_smaller_and_the_seed_makes_it_the_same() -> None:
    embeddings, labels, speakers = blobs(5, 60, seed=1)
    arguments = (embeddings, labels, speakers, embeddings, labels)
    first = labels_saved(*arguments, runs=2, start=5, batch=10, most=60, seed=3)
    assert first == labels_saved(*arguments, runs=2, start=5, batch=10, most=60, seed=3)
    assert first.random.mean[-1] == pytest.approx(first.useful.mean[-1])  # all clips are labelled in both


@pytest.mark.parametrize("wrong", [{"most": 61}, {"start": 0}, {"start": 60}, {"batch": 0}, {"runs": 0}])
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    embeddings, labels, speakers = blobs(5, 60, seed=1)
    settings = {"most": 60, "start": 5, "batch": 10, "runs": 1} | wrong
    with pytest.raises(ConfigError, match="make no sense with 60 clips"):
        labels_saved(embeddings, labels, speakers, embeddings, labels, **settings)


def test_every_clip_needs_a_label() -> None:
    embeddings, labels, speakers = blobs(5, 60, seed=1)
    some = np.where(np.arange(60) < 50, labels, -1)
    with pytest.raises(ManifestError, match="needs a label"):
        labels_saved(embeddings, some, speakers, embeddings, labels, most=40)
    with pytest.raises(ManifestError, match="there must be some"):
        labels_saved(embeddings, labels, speakers, embeddings[:0], labels[:0], most=40)
