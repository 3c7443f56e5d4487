"""Live sound to predictions: what is heard live is what the recorded file gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from core.audio.decode import find_sounds, read_sound
from core.audio.take import Take
from core.live import LiveUpdate
from core.pitch import detect_pitch
from core.recognizer import Recognizer
from core.streaming import LiveAnalyser
from tests.conftest import speechlike, tone
from tests.fake_source import FakeSource


@pytest.fixture(scope="module")
def recognizer(untrained_model: Path) -> Recognizer:
    return Recognizer.load(untrained_model, "cpu", "float32")


@pytest.fixture(scope="module")
def bundled(bundled_model: Path) -> Recognizer:
    return Recognizer.load(bundled_model, "cpu", "float32")


@pytest.fixture(scope="module")
def talk(samples: list[Path]) -> np.ndarray:
    """The bundled clips with pauses between them, as a device of 16 bits gives them."""
    pauses = np.random.default_rng(0).normal(0, 3e-4, (len(samples) + 1, 16_000))
    parts = [part for clip, pause in zip(samples, pauses, strict=False) for part in (pause, read_sound(clip).samples)]
    return as_16_bits(np.concatenate([*parts, pauses[-1]]))


@pytest.fixture(scope="module")
def short_talk(talk: np.ndarray) -> np.ndarray:
    """The first two clips."""
    return talk[: 9 * 16_000]


def as_16_bits(sound: np.ndarray) -> np.ndarray:
    return (np.rint(np.clip(sound, -1, 32767 / 32768) * 32768) / 32768).astype(np.float32)


def at_rate(sound: np.ndarray, rate: int) -> np.ndarray:
    return sound if rate == 16_000 else as_16_bits(soxr.resample(sound, 16_000, rate))


@pytest.fixture
def source() -> Iterator[Callable[[int], FakeSource]]:
    made: list[FakeSource] = []

    def make(rate: int = 16_000, seconds: float = 120.0) -> FakeSource:
        made.append(FakeSource(rate, seconds))
        return made[-1]

    yield make
    for each in made:
        each.ring.close()


def hear(analyser: LiveAnalyser, source: FakeSource, sound: np.ndarray, block_s: float = 0.06) -> list[LiveUpdate]:
    """What is told while the sound comes in blocks, and after it has ended."""
    updates: list[LiveUpdate] = []
    size = round(block_s * source.ring.rate)
    for first in range(0, len(sound), size):
        source.push(sound[first : first + size])
        updates += analyser.tick()
    source.close()
    updates += analyser.tick()
    assert analyser.finished and analyser.tick() == []
    return updates


def finals(updates: list[LiveUpdate]) -> list[LiveUpdate]:
    return [update for update in updates if update.final]


@pytest.mark.parametrize(("rate", "before_s"), [(16_000, 0.0), (48_000, 0.7), (44_100, 0.31)])
def test_an_ended_segment_has_the_result_of_the_recorded_file(
    bundled: Recognizer,
    short_talk: np.ndarray,
    tmp_path: Path,
    source: Callable[[int], FakeSource],
    rate: int,
    before_s: float,
) -> None:
    microphone = source(rate)
    microphone.push(at_rate(as_16_bits(0.001 * tone(before_s)), rate))
    analyser = LiveAnalyser(bundled, microphone.ring, 0)
    take = Take(microphone.ring, tmp_path / "녹음.wav")
    updates = hear(analyser, microphone, at_rate(short_talk, rate))
    offset_s = take.position_s(updates[-1].position)
    assert offset_s is not None
    offset_s -= updates[-1].position / rate
    path = take.finish()
    ended = finals(updates)
    assert len(ended) >= 2
    for update in ended:
        assert update.prediction is not None and update.prediction.words
        start_s, end_s = (time_s + offset_s for time_s in (update.prediction.start_s, update.prediction.end_s))
        (of_file,) = bundled.analyse_file(path, start_s, end_s, "none")
        assert update.prediction.emotion == of_file.emotion
        assert update.probabilities == pytest.approx(of_file.probabilities, abs=1e-4)
        assert update.stable == of_file.transcript
        for live, recorded in zip(update.prediction.words, of_file.words, strict=True):
            assert live.start_s + offset_s == pytest.approx(recorded.start_s, abs=1e-3)
        assert update.start is not None and update.end is not None
        assert update.start / rate == pytest.approx(update.prediction.start_s, abs=1e-4)
        assert update.end / rate == pytest.approx(update.prediction.end_s, abs=1e-4)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_segments_are_those_of_the_recorded_file(
    recognizer: Recognizer, talk: np.ndarray, tmp_path: Path, source: Callable[[int], FakeSource], rate: int
) -> None:
    assert_same_segments(recognizer, at_rate(talk, rate), tmp_path / "talk.wav", source(rate))


@pytest.mark.parametrize("corpus", ["crema-d", "librispeech"])
def test_segments_of_real_speech_are_those_of_the_recorded_file(
    recognizer: Recognizer, shared_data: Path, tmp_path: Path, source: Callable[[int], FakeSource], corpus: str
) -> None:
    chosen = find_sounds([shared_data / corpus])[:8]  # of one speaker: levels do not jump from clip to clip
    parts = [part for clip in chosen for part in (np.zeros(12_000), read_sound(clip).samples[: 4 * 16_000])]
    sound = np.concatenate([*parts, np.zeros(16_000)])
    room = np.random.default_rng(0).normal(0, 1e-4, len(sound))
    assert_same_segments(recognizer, as_16_bits(sound + room), tmp_path / "real.wav", source(16_000))


def assert_same_segments(recognizer: Recognizer, sound: np.ndarray, path: Path, source: FakeSource) -> None:
    soundfile.write(path, sound, source.ring.rate)
    of_file = [(p.start_s, p.end_s) for p in recognizer.analyse_file(path, segment="speech")]
    ended = finals(hear(LiveAnalyser(recognizer, source.ring, 0), source, sound, block_s=1.0))
    live = [(u.prediction.start_s, u.prediction.end_s) for u in ended if u.prediction]
    assert len(of_file) >= 6
    edges = [[time_s for each in found for time_s in each] for found in (live, of_file)]
    assert edges[0] == pytest.approx(edges[1], abs=0.2)


def test_an_open_segment_is_told_four_times_a_second_and_grows(
    bundled: Recognizer, talk: np.ndarray, source: Callable[[int], FakeSource]
) -> None:
    microphone = source(16_000)
    updates = hear(LiveAnalyser(bundled, microphone.ring), microphone, talk[: 6 * 16_000])
    assert all(b.position - a.position <= 0.32 * 16_000 for a, b in pairwise(updates))
    speaking = [update for update in updates if update.speaking]
    assert len({update.start for update in speaking}) <= 2
    analysed = [update for update in speaking if update.end is not None]
    assert all(update.end == update.position for update in analysed), "up to five seconds, at each update"
    assert all(sum(update.probabilities.values()) == pytest.approx(1.0) for update in analysed)
    assert all(update.tail or update.stable for update in analysed[3:])
    for before, after in pairwise(speaking):
        assert after.start != before.start or after.stable.startswith(before.stable)


def test_silence_is_no_speech_and_is_told(recognizer: Recognizer, source: Callable[[int], FakeSource]) -> None:
    microphone = source(16_000)
    updates = hear(LiveAnalyser(recognizer, microphone.ring), microphone, np.zeros(3 * 16_000, np.float32))
    assert len(updates) >= 11
    assert not any(update.speaking or update.final or update.probabilities for update in updates)


def test_a_slow_machine_gets_the_newest_sound_and_all_results(
    recognizer: Recognizer, talk: np.ndarray, source: Callable[[int], FakeSource]
) -> None:
    often, rarely, talk = source(16_000), source(16_000), talk[: 24 * 16_000]
    expected = finals(hear(LiveAnalyser(recognizer, often.ring), often, talk))
    updates = hear(LiveAnalyser(recognizer, rarely.ring), rarely, talk, block_s=2.0)
    running = [update for update in updates if not update.final]
    assert len(running) <= len(talk) / 32_000 + 2, "one update a look, however much came"
    assert [(u.start, u.end, u.stable) for u in finals(updates)] == [(u.start, u.end, u.stable) for u in expected]
    assert len(expected) >= 3


def test_sound_that_was_overwritten_is_left_out_and_listening_goes_on(
    recognizer: Recognizer, talk: np.ndarray, source: Callable[..., FakeSource]
) -> None:
    microphone = source(16_000, 8.0)
    analyser = LiveAnalyser(recognizer, microphone.ring)
    microphone.push(talk[: 7 * 16_000])
    analyser.tick()
    microphone.push(talk[7 * 16_000 : 20 * 16_000])
    (*_, update) = analyser.tick()
    assert update.position > 19.9 * 16_000
    assert finals(hear(analyser, microphone, talk[20 * 16_000 :]))


def test_a_device_that_goes_away_in_a_word_ends_the_segment(
    bundled: Recognizer, talk: np.ndarray, source: Callable[[int], FakeSource]
) -> None:
    microphone = source(16_000)
    (ended,) = finals(hear(LiveAnalyser(bundled, microphone.ring), microphone, talk[: round(2.5 * 16_000)]))
    assert ended.prediction is not None and ended.prediction.end_s == pytest.approx(2.5, abs=0.04)


def test_a_long_segment_is_analysed_less_often(
    recognizer: Recognizer, samples: list[Path], source: Callable[[int], FakeSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_s = 0.0
    analyse_clips = Recognizer.analyse_clips

    def slowly(self: Recognizer, sounds: list[np.ndarray]) -> object:
        nonlocal clock_s
        clock_s += sum(map(len, sounds)) / 16_000 / 20  # a machine on which a second takes 50 ms
        return analyse_clips(self, [sound[:8000] for sound in sounds])

    monkeypatch.setattr("core.streaming.time.process_time", lambda: clock_s)
    monkeypatch.setattr(Recognizer, "analyse_clips", slowly)
    said = np.concatenate([read_sound(path).samples for path in samples])
    voice = said[np.convolve(np.abs(said), np.ones(1600) / 1600, "same") > 0.01][: 18 * 16_000]
    microphone = source(16_000)
    updates = hear(LiveAnalyser(recognizer, microphone.ring), microphone, voice)
    reached_s = [(u.end - u.start) / 16_000 for u in updates if u.speaking and u.end and u.start is not None]
    steps = [(length_s, after_s - length_s) for length_s, after_s in pairwise(reached_s) if after_s > length_s]
    assert max(reached_s) > 8
    assert all(step_s <= 0.32 for length_s, step_s in steps if length_s < 5)
    assert all(step_s >= length_s / 20 / 0.3 - 0.01 for length_s, step_s in steps if length_s > 5.1)


@pytest.mark.parametrize("hz", [90.0, 140.0, 220.0, 400.0])
def test_pitch_is_that_of_the_voice(hz: float) -> None:
    times = np.arange(16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * n * hz * times) / n for n in range(1, 8)).astype(np.float32) / 4
    found, behind = detect_pitch(voice)
    assert len(found) > 40 and behind > 15_000
    assert np.median([value for _, value in found]) == pytest.approx(hz, rel=0.03)
    assert all(0 <= at < 16_000 for at, _ in found)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert len(detect_pitch(noise)[0]) <= 2
    assert detect_pitch(np.zeros(16_000, np.float32))[0] == []
    assert detect_pitch(np.zeros(100, np.float32)) == ([], 0)


def test_pitch_in_pieces_follows_the_voice(recognizer: Recognizer, source: Callable[[int], FakeSource]) -> None:
    said = speechlike(4.0)
    microphone = source(16_000)
    updates = hear(LiveAnalyser(recognizer, microphone.ring), microphone, np.concatenate([said, np.zeros(16_000)]))
    points = [point for update in updates for point in update.pitch]
    if not any(update.speaking for update in updates):
        pytest.skip("the detector does not take this for speech")
    assert [at for at, _ in points] == sorted({at for at, _ in points}), "no place twice"
    truth = [130 + 30 * math.sin(2 * math.pi * 0.7 * at / 16_000) for at, _ in points]
    errors = [abs(hz - true_hz) / true_hz for (_, hz), true_hz in zip(points, truth, strict=True)]
    assert points and np.median(errors) < 0.05
