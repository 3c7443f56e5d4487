"""The picture of a recording: what is computed for a view agrees with the sound, near and from afar."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.decode import SAMPLE_RATE
from core.audio.display import (
    FLOOR_DB,
    MEL_BANDS,
    Overview,
    compute_envelope,
    compute_mel_spectrogram,
    hz_to_mel,
    mel_filters,
    mel_to_hz,
)


def make_sine(hz: float, seconds: float, amplitude: float = 0.5) -> np.ndarray:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def band_hz(band: int) -> float:
    return float(mel_to_hz((band + 1) * float(hz_to_mel(8000.0)) / (MEL_BANDS + 1)))


def test_mel_and_back() -> None:
    hz = np.linspace(0, 8000, 50)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz)), hz, atol=1e-6)
    assert float(hz_to_mel(1000.0)) == pytest.approx(1000, abs=1)


def test_no_band_is_empty() -> None:
    np.testing.assert_allclose(mel_filters().sum(axis=0), 1.0, rtol=1e-5)


@pytest.mark.parametrize("hz", [120.0, 440.0, 1000.0, 3000.0, 7000.0])
def test_sine_lights_the_band_of_its_frequency(hz: float) -> None:
    picture = compute_mel_spectrogram(make_sine(hz, 1.0), 0.1, 0.9, 100)
    assert picture.shape == (MEL_BANDS, 100)
    assert picture.dtype == np.float32
    for band in picture.argmax(axis=0):
        assert band_hz(band) == pytest.approx(hz, rel=0.05)


def test_loudness_is_in_decibels_of_full_scale() -> None:
    loud = compute_mel_spectrogram(make_sine(1000, 1.0, 1.0), 0.1, 0.9, 10).max()
    quiet = compute_mel_spectrogram(make_sine(1000, 1.0, 0.1), 0.1, 0.9, 10).max()
    assert loud == pytest.approx(0, abs=6)
    assert loud - quiet == pytest.approx(20, abs=0.1)


def test_silence_is_at_the_floor() -> None:
    picture = compute_mel_spectrogram(np.zeros(16_000, np.float32), 0.0, 1.0, 50)
    np.testing.assert_allclose(picture, FLOOR_DB, atol=1e-3)


def test_outside_the_recording_is_silence() -> None:
    picture = compute_mel_spectrogram(make_sine(1000, 1.0), -1.0, 2.0, 300)
    np.testing.assert_allclose(picture[:, :90], FLOOR_DB, atol=1e-3)
    np.testing.assert_allclose(picture[:, 210:], FLOOR_DB, atol=1e-3)
    assert picture[:, 150].max() > -20


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 1.6), (0.4, 0.42), (0.9, 1.1)])
def test_a_part_looks_as_it_does_alone(start_s: float, end_s: float) -> None:
    samples = np.random.default_rng(3).normal(0, 0.1, 32_000).astype(np.float32)
    whole = compute_mel_spectrogram(samples, start_s, end_s, 40)
    part = compute_mel_spectrogram(samples[4_800:], start_s, end_s, 40, samples_start_s=0.3)
    late = round(0.35 / (end_s - start_s) * 40) if start_s == 0 else 0
    np.testing.assert_allclose(part[:, late:], whole[:, late:], atol=1e-3)


def test_envelope_holds_every_peak() -> None:
    samples = np.zeros(160_000, np.float32)
    samples[[12_345, 100_001]] = 0.9, -0.7
    for columns in (1, 7, 1200, 4000):
        envelope = compute_envelope(samples, 0.0, 10.0, columns)
        assert (envelope[0].min(), envelope[1].max()) == (np.float32(-0.7), np.float32(0.9))
        assert envelope[1].argmax() == 12_345 * columns // 160_000


def test_envelope_ends_where_the_recording_does() -> None:
    envelope = compute_envelope(np.ones(16_000, np.float32), -0.5, 1.5, 200)
    assert np.flatnonzero(np.isfinite(envelope[0])).tolist() == list(range(50, 150))


def test_envelope_of_one_column_is_that_of_its_stretch_only() -> None:
    samples = np.arange(16_000, dtype=np.float32)
    envelope = compute_envelope(samples, 0.25, 0.5, 5)
    np.testing.assert_array_equal(envelope[0], [4000, 4800, 5600, 6400, 7200])
    np.testing.assert_array_equal(envelope[1], [4799, 5599, 6399, 7199, 7999])


def test_envelope_between_samples_is_the_line_through_them() -> None:
    samples = np.array([0.0, 1.0, 0.0, -1.0] * 100, np.float32)
    envelope = compute_envelope(samples, 0.0, 4 / SAMPLE_RATE, 16)
    np.testing.assert_allclose(envelope[0, :4], [0.0, 0.25, 0.5, 0.75], atol=1e-5)
    np.testing.assert_allclose(envelope[1, :4], [0.25, 0.5, 0.75, 1.0], atol=1e-5)
    assert np.isnan(compute_envelope(samples, 1.0, 1.0001, 16)).all()


def fill(overview: Overview, samples: np.ndarray, block: int) -> None:
    for at in range(0, len(samples), block):
        overview.add(at / SAMPLE_RATE, samples[at : at + block])


def test_overview_agrees_with_the_samples() -> None:
    rng = np.random.default_rng(5)
    samples = (rng.normal(0, 0.1, 40 * SAMPLE_RATE) * np.repeat(rng.random(40), SAMPLE_RATE)).astype(np.float32)
    overview = Overview(40.0)
    fill(overview, samples, 7 * SAMPLE_RATE)
    assert overview.known_s == 40.0
    np.testing.assert_array_equal(overview.envelope(0, 40, 400), compute_envelope(samples, 0, 40, 400))
    sine = make_sine(1000, 20)
    overview = Overview(20.0)
    fill(overview, sine, 4 * SAMPLE_RATE)
    near = compute_mel_spectrogram(sine, 0, 20, 50)
    far = overview.mel_spectrogram(0, 20, 50)
    assert np.abs(near - far)[near > -60].max() < 1.0
    assert overview.loudest_db == pytest.approx(far.max(), abs=0.5)


def test_overview_shows_glimpses_until_the_blocks_come() -> None:
    overview = Overview(3600.0)
    assert np.isnan(overview.envelope(0, 3600, 100)).all()
    overview.add_glimpse(1800.0, 3600.0, make_sine(1000, 0.1))
    assert overview.envelope(0, 3600, 100)[1, 75] == pytest.approx(0.5, abs=0.01)
    assert overview.mel_spectrogram(0, 3600, 100)[:, 75].max() > -20
    assert overview.known_s == 0.0
    overview.add(0.0, np.zeros(SAMPLE_RATE, np.float32))
    assert overview.envelope(0.0, 1.0, 1).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("hours", [2, 48])
def test_overview_of_any_length_stays_small(hours: int) -> None:
    overview = Overview(hours * 3600.0)
    held = overview._low.nbytes + overview._high.nbytes + overview._spectra.nbytes
    assert held < 16_000_000
    assert overview.envelope(0, hours * 3600.0, 1200).shape == (2, 1200)


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_hardly_any_samples(samples: int) -> None:
    sound = np.full(samples, 0.5, np.float32)
    assert compute_envelope(sound, 0.0, 1.0, 10).shape == (2, 10)
    assert np.isfinite(compute_mel_spectrogram(sound, 0.0, 1.0, 10)).all()
    overview = Overview(samples / SAMPLE_RATE)
    overview.add(0.0, sound)
    assert overview.mel_spectrogram(0.0, 1.0, 10).shape == (MEL_BANDS, 10)
