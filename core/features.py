"""Sound to the model's input: log-mel frames (Park and Kim 2021, section 4.1)."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from core.torchaudio_compat import torchaudio

SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms
FRAMES_PER_SECOND = SAMPLE_RATE // HOP_SAMPLES
FFT_SAMPLES = 512
MELS = 80
LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
POWER_FLOOR = 1e-6  # mel power below this counts as silence; about the noise of a 16-bit recording

SETTINGS = {
    "kind": "log-mel",
    "sample_rate": SAMPLE_RATE,
    "window_samples": WINDOW_SAMPLES,
    "hop_samples": HOP_SAMPLES,
    "fft_samples": FFT_SAMPLES,
    "mels": MELS,
    "lowest_hz": LOWEST_HZ,
    "highest_hz": HIGHEST_HZ,
    "power_floor": POWER_FLOOR,
    "normalisation": "utterance-mean",
}  # kept in every checkpoint, and compared when one is loaded


@cache
def _window() -> Tensor:
    """Hann, in the middle of the transform's span."""
    side = (FFT_SAMPLES - WINDOW_SAMPLES) // 2
    return nn.functional.pad(torch.hann_window(WINDOW_SAMPLES), (side, side))


@cache
def _filters() -> Tensor:
    """`(257, 80)`: what each mel band takes of each frequency."""
    filters: Tensor = torchaudio().functional.melscale_fbanks(
        FFT_SAMPLES // 2 + 1, LOWEST_HZ, HIGHEST_HZ, MELS, SAMPLE_RATE
    )
    return filters


def log_mel(samples: np.ndarray | Tensor) -> Tensor:
    """Log-mel frames of one clip, with the mean of each band over the clip taken off.

    Args:
        samples: `(n,)` mono at 16 kHz, float32 in [-1, 1]; clips shorter than one window are padded with silence.

    Returns:
        `(frames, 80)` float32, natural logarithm of mel power; a frame each 10 ms.
    """
    waveform = torch.as_tensor(samples, dtype=torch.float32)
    if len(waveform) < FFT_SAMPLES:
        waveform = nn.functional.pad(waveform, (0, FFT_SAMPLES - len(waveform)))
    side = FFT_SAMPLES // 2  # the sound goes on backwards there; padding by torch takes six times as long
    centred = torch.cat((waveform[1 : side + 1].flip(0), waveform, waveform[-side - 1 : -1].flip(0)))
    # torchaudio's MelSpectrogram gives the same in twice the time
    spectrum = torch.fft.rfft(centred.unfold(0, FFT_SAMPLES, HOP_SAMPLES) * _window())
    power = (spectrum.real.square() + spectrum.imag.square()) @ _filters()
    logs = (power + POWER_FLOOR).log()
    return logs - logs.mean(dim=0)


@cache
def band_centres_hz() -> np.ndarray:
    """Centre frequency in Hz of each of the 80 mel bands (HTK scale, as in the filterbank)."""
    top, bottom = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (HIGHEST_HZ, LOWEST_HZ))
    mels = np.linspace(bottom, top, MELS + 2)[1:-1]
    return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))


def low_pass(features: Tensor, cutoff_hz: float) -> Tensor:
    """Features as a recording without anything above `cutoff_hz` would give them.

    Such bands hold the same floor in every frame, which the utterance mean normalisation turns into zero.

    Args:
        features: `(..., 80)` mean-normalised log-mel frames.
        cutoff_hz: highest frequency kept, in Hz.
    """
    kept = torch.from_numpy(band_centres_hz() <= cutoff_hz)
    return features * kept.to(features.dtype)


def pad_batch(features: list[Tensor], multiple: int = 1) -> tuple[Tensor, Tensor]:
    """Clips of different lengths as one batch.

    Args:
        features: `(frames, 80)` of each clip.
        multiple: the batch is made as long as the longest clip, rounded up to a multiple of so many frames.

    Returns:
        `(batch, longest, 80)`, zero beyond a clip's end, and the lengths `(batch,)`.
    """
    lengths = torch.tensor([len(clip) for clip in features])
    longest = -(-int(lengths.max()) // multiple) * multiple
    batch = torch.zeros(len(features), longest, MELS)
    for row, clip in zip(batch, features, strict=True):
        row[: len(clip)] = clip
    return batch, lengths
