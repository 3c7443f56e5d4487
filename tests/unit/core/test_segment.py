from __future__ import annotations

import importlib.util
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.audio.decode import SAMPLE_RATE, read_sound
from core.segment import (
    MAX_SEGMENT_S,
    SpeechDetector,
    SpeechSegment,
    contain_speech,
    load_detector,
    speech_segments,
)

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def speech(samples: list[Path]) -> np.ndarray:
    """About half a minute of different voices."""
    return np.concatenate([read_sound(path).samples for path in samples])


def pause(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def places(segments: list[SpeechSegment]) -> list[tuple[float, int]]:
    return [(segment.start_s, len(segment.samples)) for segment in segments]


def test_the_network_gives_what_the_package_gives(speech: np.ndarray) -> None:
    """The same weights in silero-vad's own program, which takes a frame at a time."""
    found = importlib.util.find_spec("silero_vad")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0]) / "data"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = torch.jit.load(str(folder / "silero_vad.jit"))
    values = package.state_dict()
    weights = {"stft_conv.weight": values["_model.stft.forward_basis_buffer"]}
    for kind in ("weight", "bias"):
        weights |= {f"conv{n}.{kind}": values[f"_model.encoder.{n - 1}.reparam_conv.{kind}"] for n in range(1, 5)}
        weights[f"final_conv.{kind}"] = values[f"_model.decoder.decoder.2.{kind}"]
    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        weights[f"lstm_cell.{kind}"] = values[f"_model.decoder.rnn.{kind}"]
    assert weights.keys() == load_file(folder / "silero_vad_16k.safetensors").keys()

    sound = torch.from_numpy(speech[: 100 * 512])
    with torch.inference_mode():
        expected = [package(frame, SAMPLE_RATE).item() for frame in sound.split(512)]
        ours = SpeechDetector(weights)
        frames = torch.nn.functional.pad(sound, (64, 0)).unfold(0, 576, 512)
        probabilities, _ = ours.decode(ours.encode(frames)[:, None])
    assert probabilities[:, 0].tolist() == pytest.approx(expected, abs=1e-5)
    assert max(expected) > 0.9
    assert min(expected) < 0.1


@pytest.mark.parametrize("block", [160, 7_777, 16_000, 480_000, 10**9])
def test_segments_do_not_depend_on_the_blocks_in_which_sound_arrives(speech: np.ndarray, block: int) -> None:
    sound = np.concatenate([speech, pause(2.0), speech])
    whole = list(speech_segments([sound]))
    parts = list(speech_segments(sound[start : start + block] for start in range(0, len(sound), block)))
    assert places(parts) == places(whole)
    assert len(whole) > 2


def test_a_segment_holds_the_sound_of_its_place(speech: np.ndarray) -> None:
    sound = np.concatenate([pause(1.3), speech, pause(40.0), speech])
    segments = list(speech_segments([sound]))
    ends = [0.0, *(segment.end_s for segment in segments)]
    for before, segment in zip(ends, segments, strict=False):
        start = round(segment.start_s * SAMPLE_RATE)
        np.testing.assert_array_equal(segment.samples, sound[start : start + len(segment.samples)])
        assert before <= segment.start_s
    assert ends[-1] <= len(sound) / SAMPLE_RATE
    assert segments[0].start_s == pytest.approx(1.3, abs=0.5)


def test_a_pause_parts_speech_into_segments(samples: list[Path]) -> None:
    one, other = read_sound(samples[0]).samples, read_sound(samples[1]).samples
    sound = np.concatenate([one, pause(3.0), other])
    middle = (len(one) / SAMPLE_RATE) + 1.5
    segments = list(speech_segments([sound]))
    assert any(segment.end_s < middle for segment in segments)
    assert any(segment.start_s > middle for segment in segments)
    assert not any(segment.start_s < middle < segment.end_s for segment in segments)


def test_speech_without_a_pause_is_cut_at_its_quietest_place(samples: list[Path]) -> None:
    spoken = next(iter(speech_segments([read_sound(samples[0]).samples]))).samples[4_000:-4_000]
    dip = 15 * SAMPLE_RATE  # a place within the range of the cut at which the voice is 40 dB lower
    sound = np.tile(spoken, 60 * SAMPLE_RATE // len(spoken))
    sound += RNG.normal(0, 0.003, len(sound)).astype(np.float32)
    sound[dip - 2_000 : dip + 2_000] *= 0.01
    segments = list(speech_segments([sound]))
    assert all(segment.end_s - segment.start_s <= MAX_SEGMENT_S for segment in segments)
    assert all(segment.end_s - segment.start_s >= 1.0 for segment in segments)
    assert segments[0].end_s == pytest.approx(15.0, abs=0.2)
    gaps = [later.start_s - earlier.end_s for earlier, later in pairwise(segments)]
    assert max(gaps) <= 1.0, "nothing that was spoken may be lost at a cut"


@pytest.mark.parametrize("gain", [1e-3, 0.03, 1.0])
def test_the_level_of_a_recording_does_not_matter(speech: np.ndarray, gain: float) -> None:
    normal = list(speech_segments([speech]))
    quiet = list(speech_segments([speech * np.float32(gain)]))
    assert len(quiet) == len(normal)
    for one, other in zip(normal, quiet, strict=True):
        assert (other.start_s, other.end_s) == pytest.approx((one.start_s, one.end_s), abs=0.3)


TIMES = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
NOT_SPEECH = {
    "nothing": np.zeros(0),
    "silence": np.zeros(5 * SAMPLE_RATE),
    "loud noise": RNG.normal(0, 0.1, 5 * SAMPLE_RATE),
    "faint noise": RNG.normal(0, 1e-4, 5 * SAMPLE_RATE),
    "hum": 0.1 * np.sin(2 * np.pi * 50 * TIMES),
    "tone": 0.3 * np.sin(2 * np.pi * 440 * TIMES),
    "clicks": 0.9 * (RNG.random(5 * SAMPLE_RATE) < 1e-4),
}


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_not_speech_gives_no_segment(name: str) -> None:
    sound = NOT_SPEECH[name].astype(np.float32)
    assert list(speech_segments([sound])) == []
    assert contain_speech([sound]) == [False]


def test_a_clip_under_half_a_second_is_too_short_to_judge(speech: np.ndarray) -> None:
    segment = next(iter(speech_segments([speech]))).samples
    assert contain_speech([segment[:7_999], segment[: 2 * SAMPLE_RATE]]) == [False, True]
    assert list(speech_segments([segment[4_000:11_999]])) == []


def test_clips_are_judged_as_each_by_itself(samples: list[Path]) -> None:
    clips = [read_sound(path).samples for path in samples]
    clips.insert(2, pause(9.0))
    clips.insert(4, pause(0.1))
    together = contain_speech(clips)
    assert together == [contain_speech([clip])[0] for clip in clips]
    assert together == [True, True, False, True, False, True, True, True]
    assert contain_speech([]) == []


def test_recorded_speech_is_found(shared_data: Path) -> None:
    """Of 60 acted clips, quiet ones among them, none is missed; the one that is silent is."""
    clips = sorted((shared_data / "crema-d" / "AudioWAV").glob("10[0-2]*.opus"))[::36][:60]
    assert all(contain_speech([read_sound(path).samples for path in clips]))
    silent = shared_data / "crema-d" / "AudioWAV" / "1076_MTI_SAD_XX.opus"
    assert contain_speech([read_sound(silent).samples]) == [False]


@pytest.mark.parametrize("name", ["1009_IEO_ANG_HI", "1055_WSI_FEA_XX", "1079_IEO_FEA_HI"])
def test_a_clip_that_is_one_scream_holds_speech(shared_data: Path, name: str) -> None:
    assert contain_speech([read_sound(shared_data / "crema-d" / "AudioWAV" / f"{name}.opus").samples]) == [True]


def test_loading_the_network_leaves_torch_as_it_was() -> None:
    load_detector.cache_clear()
    before = torch.get_num_threads()
    load_detector()
    assert torch.get_num_threads() == before
