from __future__ import annotations

import numpy as np
import pytest
import torch

from core.features import MELS, band_centres_hz, log_mel, low_pass, pad_batch


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(16_000 * seconds)) / 16_000)).astype(np.float32)


def test_a_frame_each_ten_milliseconds_and_no_mean() -> None:
    frames = log_mel(np.random.default_rng(0).normal(size=16_000).astype(np.float32))
    assert frames.shape == (101, MELS)
    assert frames.mean(dim=0).abs().max() < 1e-4


@pytest.mark.parametrize("hz", [200.0, 1000.0, 4000.0])
def test_a_tone_that_starts_is_seen_in_its_band(hz: float) -> None:
    sound = np.concatenate([np.zeros(16_000, np.float32), tone(hz)])
    rise = log_mel(sound)[150] - log_mel(sound)[50]
    assert abs(band_centres_hz()[int(rise.argmax())] - hz) < 0.1 * hz


def test_loudness_does_not_matter() -> None:
    sound = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)
    assert (log_mel(sound) - log_mel(sound * 0.1)).abs().mean() < 0.01


@pytest.mark.parametrize("length", [0, 1, 399])
def test_a_clip_shorter_than_a_window_gives_frames(length: int) -> None:
    assert torch.isfinite(log_mel(np.zeros(length, np.float32))).all()


def test_low_pass_gives_what_a_band_limited_recording_gives() -> None:
    generator = np.random.default_rng(0)
    noise = generator.normal(scale=0.1, size=32_000) * np.linspace(0.1, 1.0, 32_000)
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(32_000, 1 / 16_000) > 5500] = 0
    limited = np.fft.irfft(spectrum).astype(np.float32)
    bands = band_centres_hz()
    away = (bands < 5100) | (bands > 6000)  # bands beside the cut-off hold a part of it
    ours, real = low_pass(log_mel(noise.astype(np.float32)), 5500.0), log_mel(limited)
    torch.testing.assert_close(ours[3:-3, away], real[3:-3, away], atol=0.15, rtol=0)


def test_batch_is_padded_with_zeros_to_the_multiple() -> None:
    batch, lengths = pad_batch([torch.ones(7, MELS), torch.ones(3, MELS)], 10)
    assert batch.shape == (2, 10, MELS) and lengths.tolist() == [7, 3]
    assert batch[1].sum() == 3 * MELS
