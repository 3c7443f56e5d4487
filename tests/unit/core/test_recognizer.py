from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.decode import SAMPLE_RATE, read_info, read_sound
from core.clips import Listener, file_clips, grouped
from core.errors import AudioError, CheckpointError, ConfigError
from core.memory import resident_bytes
from core.predictions import Prediction
from core.recognizer import Recognizer, choose_device, choose_precision
from core.segmenting import parse_segmenting

MakeWav = Callable[..., Path]


@pytest.fixture(scope="module")
def recognizer(untrained_model: Path) -> Recognizer:
    return Recognizer.load(untrained_model, "cpu", "float32")


@pytest.fixture(scope="module")
def sounds(samples: list[Path]) -> list[np.ndarray]:
    """Clips of very different lengths in no order."""
    clips = [read_sound(path).samples for path in samples]
    return [clips[0], clips[1][:9_000], np.concatenate(clips), clips[3], clips[4][:100], clips[5][:40_000]]


@pytest.fixture(scope="module")
def long_file(samples: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes in which somebody speaks now and then."""
    path = tmp_path_factory.mktemp("long") / "long, 긴 파일.flac"
    parts = [read_sound(sample).samples for sample in samples]
    once = np.concatenate([np.concatenate([part, np.zeros(24_000, np.float32)]) for part in parts])
    soundfile.write(path, np.resize(once, 120 * SAMPLE_RATE), SAMPLE_RATE)
    return path


def test_a_clip_in_a_batch_gives_what_it_gives_alone(recognizer: Recognizer, sounds: list[np.ndarray]) -> None:
    together = recognizer.analyse_clips(sounds)
    for sound, result in zip(sounds, together, strict=True):
        (alone,) = recognizer.analyse_clips([sound])
        np.testing.assert_allclose(result.probabilities, alone.probabilities, atol=1e-4)
        np.testing.assert_allclose(result.z_e, alone.z_e, atol=1e-3)
        assert [word.text for word in result.words] == [word.text for word in alone.words]
        assert result.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
        assert all(0.0 <= word.start_s < word.end_s <= len(sound) / SAMPLE_RATE + 0.6 for word in result.words)
    assert not np.allclose(together[0].probabilities, together[3].probabilities, atol=1e-4)
    assert recognizer.analyse_clips([]) == []


def test_bfloat16_says_nearly_the_same(untrained_model: Path, sounds: list[np.ndarray], recognizer: Recognizer) -> None:
    low = Recognizer.load(untrained_model, "cpu", "bfloat16")
    for one, other in zip(recognizer.analyse_clips(sounds), low.analyse_clips(sounds), strict=True):
        np.testing.assert_allclose(other.probabilities, one.probabilities, atol=0.02)
        assert other.probabilities.dtype == np.float32


def test_temperature_softens_the_probabilities_and_keeps_their_order(
    recognizer: Recognizer, sounds: list[np.ndarray]
) -> None:
    soft = Recognizer(replace(recognizer.checkpoint, temperature=4.0), recognizer.folder)
    for one, other in zip(recognizer.analyse_clips(sounds), soft.analyse_clips(sounds), strict=True):
        assert other.probabilities.max() < one.probabilities.max()
        expected = one.probabilities ** (1 / 4)
        np.testing.assert_allclose(other.probabilities, expected / expected.sum(), atol=1e-4)


def test_a_file_gives_predictions_in_the_time_of_the_recording(recognizer: Recognizer, long_file: Path) -> None:
    found = list(recognizer.analyse_file(long_file))
    assert len(found) > 10
    assert [p.start_s for p in found] == sorted(p.start_s for p in found)
    for prediction in found:
        assert prediction.file == str(long_file)
        assert prediction.model == "untrained"
        assert 0.0 <= prediction.start_s < prediction.end_s <= 120.0
        assert tuple(prediction.probabilities) == recognizer.scheme.names
        assert prediction.emotion is not None
        assert prediction.confidence == max(prediction.probabilities.values())
        assert prediction.probabilities[prediction.emotion] == prediction.confidence
        assert all(prediction.start_s <= word.start_s <= word.end_s <= prediction.end_s for word in prediction.words)


def test_a_part_of_a_file_keeps_the_times_of_the_whole(recognizer: Recognizer, long_file: Path) -> None:
    whole = list(recognizer.analyse_file(long_file))
    first = whole[5]
    start, end = first.start_s - 0.5, whole[8].end_s + 0.5
    part = list(recognizer.analyse_file(long_file, start, end))
    assert len(part) == 4
    for one, other in zip(whole[5:9], part, strict=True):
        assert (other.start_s, other.end_s) == pytest.approx((one.start_s, one.end_s), abs=0.1)


def test_a_file_can_be_one_clip_or_clips_of_one_length(recognizer: Recognizer, samples: list[Path]) -> None:
    length = read_info(samples[0]).duration_s
    (whole,) = recognizer.analyse_file(samples[0], segment="none")
    assert (whole.start_s, whole.end_s) == pytest.approx((0.0, length), abs=1e-3)
    parts = list(recognizer.analyse_file(samples[0], 0.5, segment=1.0))
    assert [p.start_s for p in parts] == pytest.approx([0.5 + n for n in range(len(parts))])
    assert parts[-1].end_s == pytest.approx(length, abs=1e-3)


def test_auto_takes_a_short_file_whole_and_cuts_a_long_one(
    recognizer: Recognizer, samples: list[Path], long_file: Path
) -> None:
    assert list(recognizer.analyse_file(samples[0], segment="auto")) == list(
        recognizer.analyse_file(samples[0], segment="none")
    )
    assert list(recognizer.analyse_file(long_file, segment="auto")) == list(recognizer.analyse_file(long_file))


@pytest.mark.parametrize("segment", ["speech", "none", "auto"])
@pytest.mark.parametrize(("kind", "seconds"), [("silence", 3.0), ("tone", 2.0), ("speech", 0.4)])
def test_where_nobody_speaks_there_is_no_guess(
    recognizer: Recognizer, make_wav: MakeWav, kind: str, seconds: float, segment: str
) -> None:
    path = make_wav("quiet.wav", seconds=seconds, kind=kind)
    (prediction,) = recognizer.analyse_file(path, segment=segment)
    assert prediction.emotion is None
    assert (prediction.probabilities, prediction.words, prediction.confidence) == ({}, (), 0.0)
    assert (prediction.start_s, prediction.end_s) == pytest.approx((0.0, seconds), abs=1e-3)


def test_a_long_file_is_not_taken_as_one_clip(recognizer: Recognizer, make_wav: MakeWav) -> None:
    path = make_wav("lecture.wav", seconds=301.0, kind="silence")
    with pytest.raises(AudioError, match=r"lecture\.wav is longer than 300 s"):
        list(recognizer.analyse_file(path, segment="none"))


def test_an_analysis_ends_when_it_is_cancelled(recognizer: Recognizer, long_file: Path) -> None:
    found: list[Prediction] = []
    listener = Listener(cancelled=lambda: len(found) > 0)
    for prediction in recognizer.analyse_file(long_file, listener=listener):
        found.append(prediction)
    assert 0 < len(found) < len(list(recognizer.analyse_file(long_file))) / 2


def test_the_listener_hears_how_far_it_is(recognizer: Recognizer, long_file: Path) -> None:
    heard: list[float] = []
    list(recognizer.analyse_file(long_file, listener=Listener(progress=heard.append)))
    assert heard == [30.0, 60.0, 90.0]


def test_the_first_group_of_clips_comes_early(long_file: Path) -> None:
    groups = list(grouped(file_clips(long_file, 0.0, None, "speech", Listener()), 5.0, 30.0))
    seconds = [sum(clip.end_s - clip.start_s for clip in group) for group in groups]
    assert 5.0 <= seconds[0] < 25.0
    assert all(30.0 <= s < 50.0 for s in seconds[1:-1])


@pytest.mark.slow
def test_memory_stays_bounded_for_a_long_recording(recognizer: Recognizer, samples: list[Path], tmp_path: Path) -> None:
    """40 minutes are 150 MB as samples; of them less than half may be held."""
    path = tmp_path / "lecture.flac"
    once = np.concatenate([read_sound(sample).samples for sample in samples])
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
        for _ in range(40 * 60 * SAMPLE_RATE // len(once)):
            file.write(once)
    list(recognizer.analyse_file(samples[0]))
    before = resident_bytes()
    most = 0
    for _ in recognizer.analyse_file(path):
        most = max(most, resident_bytes() - before)
    assert most < 75 * 2**20


@pytest.mark.parametrize("text", ["sentences", "0.1", "nan", "inf", "-3", "301", ""])
def test_a_way_of_cutting_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be cut by"):
        parse_segmenting(text)
    assert parse_segmenting("2.5") == 2.5


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cpu:1", "cuda:x", "mps:7", ""])
def test_a_device_that_is_not_there_is_refused_by_name(device: str) -> None:
    with pytest.raises(ConfigError, match=repr(device)):
        choose_device(device)


def test_precision_follows_the_device_unless_it_is_given() -> None:
    assert choose_precision("auto", "mps") == "float32"
    assert choose_precision("auto", "cpu") in ("float32", "bfloat16")
    assert choose_precision("float32", "cpu") == "float32"
    with pytest.raises(ConfigError, match="float8"):
        choose_precision("float8", "cpu")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a model"):
        Recognizer.load(tmp_path)


# Many files


def test_the_model_is_described_in_plain_data(recognizer: Recognizer, untrained_model: Path) -> None:
    facts = json.loads(json.dumps(recognizer.describe()))
    assert facts["name"] == "untrained"
    assert facts["folder"] == os.fspath(untrained_model)
    assert facts["labels"] == ["anger", "happiness", "neutral", "sadness"]
    assert facts["parameters"] == sum(p.numel() for p in recognizer.checkpoint.model.parameters())
    assert (facts["precision"], facts["device"], facts["scheme"]) == ("float32", "cpu", "iemocap4")


def test_an_embedding_holds_no_more_than_itself(recognizer: Recognizer, sounds: list[np.ndarray]) -> None:
    (result,) = recognizer.analyse_clips(sounds[3:4])
    held = result.z_e if result.z_e.base is None else result.z_e.base
    assert held.nbytes == result.z_e.nbytes
