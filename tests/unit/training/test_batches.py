from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import ManifestError
from core.features import log_mel
from training.batches import (
    PADDING_FRAMES,
    ClipDataset,
    add_noise,
    augment,
    load_batches,
    plan_batches,
    trim_silence,
)
from training.feature_store import FeatureStore, compute_features, open_store
from training.manifest import Clip
from training.parallel import Team
from training.recipe import Augmentation


@pytest.fixture
def store(tmp_path: Path, make_wav) -> FeatureStore:  # type: ignore[no-untyped-def]
    clips = [Clip(make_wav(f"{i}.wav", seconds=0.5 + 0.3 * i, kind="speech")) for i in range(6)]
    clips.insert(2, Clip(tmp_path / "missing.wav"))
    return open_store(clips, (0.9, 1.0), tmp_path / "features", workers=1)


def test_store_leaves_out_what_cannot_be_read_and_keeps_the_rest(store: FeatureStore, capfd) -> None:  # type: ignore[no-untyped-def]
    assert [clip.file.name for clip in store.clips] == ["0.wav", "1.wav", "2.wav", "3.wav", "4.wav", "5.wav"]
    for speed_number, speed in enumerate(store.speeds):
        for number, clip in enumerate(store.clips):
            torch.testing.assert_close(
                store.features(number, speed_number), compute_features(clip, speed), atol=0.01, rtol=0.01
            )
    assert len(store.features(3, 0)) == pytest.approx(len(store.features(3, 1)) / 0.9, abs=2)


def test_store_of_nothing_readable_says_so(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="None of the clips"):
        open_store([Clip(tmp_path / "no.wav")], (1.0,), tmp_path / "features", workers=1)


def test_every_clip_is_in_one_batch_and_batches_keep_their_size() -> None:
    lengths = np.random.default_rng(0).integers(50, 1600, size=500)
    plan = plan_batches(lengths, 8000, seed=3)
    assert sorted(number for batch in plan for number in batch) == list(range(500))
    for batch in plan:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= 8000 * 1.06 + len(batch) * PADDING_FRAMES
    assert plan == plan_batches(lengths, 8000, seed=3) != plan_batches(lengths, 8000, seed=4)


def test_ascending_goes_from_short_to_long() -> None:
    lengths = np.random.default_rng(0).integers(50, 1600, size=200)
    longest = [lengths[batch].max() for batch in plan_batches(lengths, 4000, seed=1, ascending=True)]
    assert longest[-1] > 1300 and np.all(np.diff(longest) > -0.12 * np.array(longest[1:]))


def test_batches_are_the_same_for_any_number_of_workers(store: FeatureStore) -> None:
    dataset = ClipDataset(store, [[1, 2]] * 6, [0, 1, 0, 1, 0, -1], Augmentation(speeds=(0.9, 1.0)))
    plan = [[0, 1], [2, 3], [4, 5]]
    here, there = (list(load_batches(dataset, plan, seed=5, number=2, workers=w)) for w in (0, 1))
    for a, b in zip(here, there, strict=True):
        torch.testing.assert_close(a.features, b.features, rtol=0, atol=0)
    other = list(load_batches(dataset, plan, seed=5, number=3))
    assert any(
        not torch.equal(a.lengths, b.lengths) or not torch.equal(a.features, b.features)
        for a, b in zip(here, other, strict=True)
    )
    assert here[2].classes.tolist() == [0, -1] and here[0].units.tolist() == [1, 2, 1, 2]


def test_masks_hide_and_never_invent() -> None:
    features = torch.randn(300, 80)
    masked = augment(features, Augmentation(low_pass_probability=0.0), np.random.default_rng(1))
    kept = masked != 0
    torch.testing.assert_close(masked[kept], features[kept], rtol=0, atol=0)
    assert 0.4 < kept.float().mean() < 1.0


@pytest.mark.parametrize("snr_db", [5.0, 20.0])
def test_noise_gives_the_features_of_a_noisy_clip(snr_db: float) -> None:
    generator = np.random.default_rng(0)
    # white, so that noise with the long-term spectrum of the speech is white noise
    speech = (np.repeat(generator.uniform(0.01, 0.3, 40), 800) * generator.normal(size=32_000)).astype(np.float32)
    noise = generator.normal(size=32_000) * np.sqrt(np.mean(speech**2) / 10 ** (snr_db / 10))
    expected = log_mel((speech + noise).astype(np.float32))
    noisy = add_noise(log_mel(speech), snr_db, 0.0, np.random.default_rng(1))
    assert noisy.mean(dim=0).abs().max() < 1e-4
    bands = slice(10, None)  # the lowest hold one bin or none
    difference, change = ((other - expected)[:, bands].mean(dim=1).abs().mean() for other in (noisy, log_mel(speech)))
    assert difference < 0.3 * change


def test_tilted_noise_covers_the_high_bands_most() -> None:
    features = 2 * torch.randn(400, 80)
    noisy = add_noise(features, 30.0, 35.0, np.random.default_rng(1))
    change = (noisy - features).abs().mean(dim=0)
    assert change[:10].mean() < 0.2 * change[-10:].mean()


def test_dynamics_widen_or_narrow_the_range() -> None:
    features = torch.randn(300, 80)
    plain = {"low_pass_probability": 0.0, "frequency_masks": 0, "time_masks": 0}
    settings = Augmentation(**plain, dynamics_probability=1.0, dynamics=(0.5, 2.0))  # type: ignore[arg-type]
    factors = []
    for seed in range(40):
        changed = augment(features, settings, np.random.default_rng(seed))
        factor = float(changed[0, 0] / features[0, 0])
        torch.testing.assert_close(changed, features * factor)
        factors.append(factor)
    assert 0.5 <= min(factors) < 0.7 and 1.4 < max(factors) <= 2.0
    assert np.mean(np.log(factors)) == pytest.approx(0.0, abs=0.2)


def test_trimming_gives_the_features_of_the_shorter_clip() -> None:
    generator = np.random.default_rng(0)
    speech = generator.normal(scale=0.2, size=16_000)
    quiet = generator.normal(scale=0.001, size=48_000)
    whole = np.concatenate((quiet[:24_000], speech, quiet[24_000:])).astype(np.float32)
    trimmed = trim_silence(log_mel(whole), np.random.default_rng(5))
    assert 120 < len(trimmed) < 380
    assert trimmed.mean(dim=0).abs().max() < 1e-4
    loud = torch.nonzero(trimmed.mean(dim=1) > 0)[:, 0]
    assert len(loud) == pytest.approx(100, abs=4)
    expected = log_mel(whole[24_000 - 160 * int(loud[0]) :][: 160 * (len(trimmed) - 1)])
    torch.testing.assert_close(trimmed[5:-5], expected[5:-5], atol=0.6, rtol=0)


def test_shares_of_a_team_are_disjoint_and_alike_in_length() -> None:
    plan = [[i] for i in range(7)]
    shares = [Team(rank, 2).share(plan) for rank in (0, 1)]
    assert shares == [[[0], [2], [4]], [[1], [3], [5]]]
