from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import AudioError, ManifestError
from core.features import log_mel
from training.batches import (
    PADDING_FRAMES,
    ClipDataset,
    Part,
    add_noise,
    augment,
    load_batches,
    loader_workers,
    plan_batches,
    split_plan,
    trim_silence,
)
from training.clip_table import ClipTable, UnitTable
from training.feature_store import (
    FeatureStore,
    StoredFeatures,
    StreamedFeatures,
    compute_features,
    open_store,
    open_stream,
)
from training.manifest import Clip
from training.parallel import Team
from training.recipe import Augmentation


@pytest.fixture
def store(tmp_path: Path, make_wav) -> StoredFeatures:  # type: ignore[no-untyped-def]
    clips = [Clip(make_wav(f"{i}.wav", seconds=0.5 + 0.3 * i, kind="speech")) for i in range(6)]
    clips.insert(2, Clip(tmp_path / "missing.wav"))
    return open_store(clips, (0.9, 1.0), tmp_path / "features")


def noise_store() -> StoredFeatures:
    """Six clips of ten to sixty frames of noise."""
    starts = np.cumsum([0, *range(10, 70, 10)])
    frames = np.random.default_rng(0).normal(size=(starts[-1], 80)).astype(np.float16)
    return StoredFeatures(tuple(Clip(Path(f"{i}.wav")) for i in range(6)), (1.0,), frames, starts[None])


def test_store_leaves_out_what_cannot_be_read_and_keeps_the_rest(store: FeatureStore, capfd) -> None:  # type: ignore[no-untyped-def]
    assert [clip.file.name for clip in store.clips] == ["0.wav", "1.wav", "2.wav", "3.wav", "4.wav", "5.wav"]
    for speed_number, speed in enumerate(store.speeds):
        for number, clip in enumerate(store.clips):
            torch.testing.assert_close(
                store.features(number, speed_number), compute_features(clip, speed), atol=0.01, rtol=0.01
            )
    assert len(store.features(3, 0)) == pytest.approx(len(store.features(3, 1)) / 0.9, abs=2)


def test_other_processes_compute_the_same(
    store: StoredFeatures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.feature_store.FEW_CLIPS", 0)
    again = open_store(store.clips, store.speeds, tmp_path / "again")
    np.testing.assert_array_equal(again.starts, store.starts)
    np.testing.assert_array_equal(again.frames, store.frames)


def test_store_of_nothing_readable_says_so(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="None of the clips"):
        open_store([Clip(tmp_path / "no.wav")], (1.0,), tmp_path / "features")


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
    dataset = ClipDataset(store, [[1, 2]] * 6, np.eye(6, dtype=np.float32), Augmentation(speeds=(0.9, 1.0)))
    plan = [[0, 1], [2, 3], [4, 5]]
    here, there = (list(load_batches(dataset, plan, seed=5, number=2, workers=w)) for w in (0, 1))
    for a, b in zip(here, there, strict=True):
        torch.testing.assert_close(a.features, b.features, rtol=0, atol=0)
    other = list(load_batches(dataset, plan, seed=5, number=3))
    assert any(
        not torch.equal(a.lengths, b.lengths) or not torch.equal(a.features, b.features)
        for a, b in zip(here, other, strict=True)
    )
    assert here[2].targets.argmax(dim=1).tolist() == [4, 5] and here[0].units.tolist() == [1, 2, 1, 2]


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


def test_a_step_is_dealt_out_whole_to_all_processes_and_parts() -> None:
    dataset = ClipDataset(noise_store(), [[1], [1, 2], [], [1, 2, 3], [4], [5, 6]])
    parts = [part for rank in (0, 1) for part in split_plan([[0, 1, 2, 3, 5]], dataset, Team(rank, 2), accumulate=2)]
    assert sorted(number for part in parts for number in part.numbers) == [0, 1, 2, 3, 5]
    assert {(part.clips, part.units) for part in parts} == {(5 / 4, 8 / 4)}
    batches = [dataset[part] for part in parts]
    clips = [float(batch.mean_over_clips(torch.ones(len(batch.lengths)))) for batch in batches]
    units = [float(batch.mean_over_units(batch.unit_counts.sum())) for batch in batches]
    assert np.mean(clips) == pytest.approx(1.0) and np.mean(units) == pytest.approx(1.0)


def test_a_step_of_fewer_clips_than_processes_counts_each_once() -> None:
    dataset = ClipDataset(noise_store(), [[1, 2]] * 6)
    batches = [dataset[split_plan([[4]], dataset, Team(rank, 2))[0]] for rank in (0, 1)]
    assert [float(batch.mean_over_clips(torch.ones(1))) for batch in batches] == [2.0, 0.0]
    assert [float(batch.mean_over_units(torch.tensor(2.0))) for batch in batches] == [2.0, 0.0]


def test_streamed_features_are_those_that_would_be_stored(tmp_path: Path, make_wav, capfd) -> None:  # type: ignore[no-untyped-def]
    whole = [Clip(make_wav(f"{i}.wav", seconds=0.5 + 0.3 * i, kind="speech")) for i in range(3)]
    clips = [Clip(tmp_path / "missing.wav"), *whole, Clip(whole[2].file, 0.25, 1.0)]
    streamed = open_stream(clips, (0.9, 1.0), tmp_path / "features")
    assert "missing.wav" in capfd.readouterr().err
    assert list(streamed.clips) == clips[1:]
    assert streamed.lengths().tolist() == [len(compute_features(clip)) for clip in clips[1:]]
    torch.testing.assert_close(streamed.features(2, 0), compute_features(clips[3], 0.9), rtol=0, atol=0)
    again = open_stream(clips, (0.9, 1.0), tmp_path / "features")  # lengths without opening a file
    assert list(again.clips) == clips[1:] and capfd.readouterr().err == ""


def test_a_file_that_goes_missing_is_left_out_of_its_batch(tmp_path: Path, make_wav, capfd) -> None:  # type: ignore[no-untyped-def]
    clips = [Clip(make_wav(f"{i}.wav", seconds=0.6 + i / 10, kind="speech")) for i in range(3)]
    streamed = open_stream(clips, (1.0,), tmp_path / "features")
    clips[0].file.unlink()
    dataset = ClipDataset(streamed, [[1], [2], [3]], None, Augmentation(speeds=(1.0,)))
    batch, nothing = load_batches(dataset, [Part((0, 2), 2, 2), Part((0,), 1, 1)], seed=1, number=0)
    assert batch.numbers == (2,) and batch.units.tolist() == [3]
    assert float(nothing.mean_over_clips(torch.ones(len(nothing.lengths)))) == 0.0
    assert capfd.readouterr().err.count("0.wav") == 1
    for clip in clips[1:]:
        clip.file.unlink()
    with pytest.raises(AudioError, match="any more"):
        dataset[[0, 1]]


def test_a_table_gives_the_clips_that_went_in(tmp_path: Path) -> None:
    clips = [
        Clip(
            tmp_path / f"é{number}.flac",
            start_s=number / 3,
            end_s=None if number % 2 else number + 0.25,
            speaker=f"s{number % 3}",
            transcript="한글 " * number,
            votes=(("anger", 1.0),) if number == 4 else (),
        )
        for number in range(12)
    ]
    table = pickle.loads(pickle.dumps(ClipTable(clips)))  # noqa: S301 - as loader processes get it
    assert list(table) == clips and table[-1] == clips[-1] and table[2:5] == clips[2:5]
    with pytest.raises(IndexError, match="12"):
        table[12]
    units = UnitTable([[3, 4], [], [5]])
    assert list(units) == [[3, 4], [], [5]] and units[-1] == [5] and units[:2] == [[3, 4], []]


def test_a_manifest_of_300_000_rows_takes_little_room() -> None:
    """A sixtieth of the rows: what a row takes times 300,000 stays far below the 2 GB that the whole run may take."""
    rows = 5_000
    text = "A SENTENCE OF LIBRISPEECH HAS THIRTY OR SO WORDS " * 4
    clips = [
        Clip(
            Path(f"/data/LibriSpeech/train/{i}/{i}-0001.flac"), 0.0, 12.0 + i / rows, f"s{i}", transcript=f"{i} {text}"
        )
        for i in range(rows)
    ]
    units = UnitTable(list(range(50)) for _ in range(rows))
    assert len(pickle.dumps((ClipTable(clips), units))) / rows * 300_000 < 300e6


def test_workers_are_there_where_they_help() -> None:
    store = noise_store()
    streamed = StreamedFeatures(store.clips, (1.0,), store.lengths())
    gpu = Team(device=torch.device("cuda"))
    assert loader_workers(store, Team()) == 0 and loader_workers(streamed, Team()) == Team().cores // 4
    assert 1 <= loader_workers(store, gpu) <= loader_workers(streamed, gpu)
    assert loader_workers(streamed, gpu, wanted=3) == 3
