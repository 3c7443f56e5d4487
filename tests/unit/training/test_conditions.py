from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.conditions import (
    CONDITIONS,
    SILENCE_DB,
    add_pink_noise,
    low_pass,
    pink_noise,
    seed_of,
    speech_level_db,
)
from training.manifest import Clip

RATE = 16_000


@pytest.fixture
def speech() -> np.ndarray:
    """Two seconds of noise that comes and goes as syllables do, with half a second of silence on both sides."""
    times = np.arange(2 * RATE) / RATE
    voice = np.random.default_rng(0).normal(size=len(times)) * np.clip(np.sin(2 * np.pi * 4 * times), 0, None)
    return np.pad(0.1 * voice, RATE // 2).astype(np.float32)


def power_between(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    powers = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(powers[(frequencies >= low_hz) & (frequencies < high_hz)].sum())


@pytest.mark.parametrize("cutoff_hz", [3400.0, 5500.0])
def test_low_pass_takes_what_is_above_and_leaves_what_is_below(speech: np.ndarray, cutoff_hz: float) -> None:
    filtered = low_pass(speech, cutoff_hz)
    assert filtered.shape == speech.shape and filtered.dtype == np.float32
    above, below = (cutoff_hz + 20, 8000.0), (100.0, 0.94 * cutoff_hz)
    assert power_between(filtered, *above) < 1e-7 * power_between(speech, *above)
    assert power_between(filtered, *below) == pytest.approx(power_between(speech, *below), rel=1e-3)


def test_low_pass_moves_nothing_in_time() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    np.testing.assert_allclose(low_pass(tone, 3400.0)[2000:-2000], tone[2000:-2000], atol=1e-3)


@pytest.mark.parametrize("snr_db", [10.0, 20.0])
def test_noise_lies_as_far_below_the_speech_as_asked(speech: np.ndarray, snr_db: float) -> None:
    noise = add_pink_noise(speech, snr_db, 1) - speech
    level_db = 10 * np.log10(np.square(noise).mean())
    assert speech_level_db(speech) - level_db == pytest.approx(snr_db, abs=0.1)


def test_noise_is_pink_and_the_same_for_the_same_seed() -> None:
    noise = pink_noise(10 * RATE, 1)
    octaves = [power_between(noise, low, 2 * low) for low in (125.0, 500.0, 2000.0)]
    assert max(octaves) < 1.3 * min(octaves)
    np.testing.assert_array_equal(noise, pink_noise(10 * RATE, 1))
    assert np.abs(np.corrcoef(noise, pink_noise(10 * RATE, 2))[0, 1]) < 0.1


def test_pauses_do_not_lower_the_level_of_speech(speech: np.ndarray) -> None:
    longer = np.pad(speech, 3 * RATE)
    assert speech_level_db(longer) == pytest.approx(speech_level_db(speech), abs=0.5)
    assert speech_level_db(speech / 10) == pytest.approx(speech_level_db(speech) - 20, abs=0.01)
    square = np.tile([0.1, -0.1], RATE).astype(np.float32)
    assert speech_level_db(square) == pytest.approx(-20.0, abs=1e-3)


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.zeros(1, np.float32)])
def test_silence_stays_silence(samples: np.ndarray) -> None:
    assert speech_level_db(samples) == SILENCE_DB
    for condition in CONDITIONS:
        assert not condition.change(samples, 0).any()


def test_a_clip_keeps_its_noise_wherever_its_file_lies() -> None:
    assert seed_of(Clip(Path("a/x.wav"))) == seed_of(Clip(Path("b/x.wav")))
    assert seed_of(Clip(Path("x.wav"))) != seed_of(Clip(Path("x.wav"), start_s=1.0))


def test_every_condition_changes_a_clip(speech: np.ndarray) -> None:
    assert [condition.by for condition in CONDITIONS] == ["band", "band", "noise", "noise"]
    for condition in CONDITIONS:
        changed = condition.change(speech, 0)
        assert changed.shape == speech.shape and changed.dtype == np.float32
        assert np.abs(changed - speech).max() > 1e-3
