"""The voice's pitch, for the line over a spectrogram: torchaudio's detector (Kaldi's normalised cross-correlation)."""

from __future__ import annotations

import numpy as np
import torch

from core.audio.decode import SAMPLE_RATE
from core.torchaudio_compat import torchaudio

LOWEST_HZ, HIGHEST_HZ = 65, 500
FRAME_SAMPLES = 320  # 20 ms, more than the longest period
LONGEST_LAG = -(-SAMPLE_RATE // LOWEST_HZ)
SMOOTHED_FRAMES = 3  # a value is the median of so many
VOICED = 0.75  # what a period must have in common with the next
QUIETEST = 0.1  # of the loudest frame: below this, it is room rather than voice


def detect_pitch(samples: np.ndarray) -> tuple[list[tuple[int, float]], int]:
    """The pitch of each voiced frame of 20 ms.

    Args:
        samples: `(n,)` float32 mono at 16 kHz, speech.

    Returns:
        (sample at a frame's middle, Hz) of the voiced frames, and the sample at which to go on when more has come.
    """
    frames = (len(samples) - LONGEST_LAG) // FRAME_SAMPLES
    if frames < SMOOTHED_FRAMES:
        return [], 0
    sound = np.ascontiguousarray(samples[: frames * FRAME_SAMPLES + LONGEST_LAG])
    found_hz = torchaudio().functional.detect_pitch_frequency(
        torch.from_numpy(sound[: frames * FRAME_SAMPLES]),
        SAMPLE_RATE,
        FRAME_SAMPLES / SAMPLE_RATE,
        SMOOTHED_FRAMES,
        LOWEST_HZ,
        HIGHEST_HZ,
    )
    hz = found_hz.numpy()
    lags = np.rint(SAMPLE_RATE / hz).astype(np.int64).clip(1, LONGEST_LAG)
    starts = FRAME_SAMPLES * np.arange(len(hz))
    here = sound[starts[:, None] + np.arange(FRAME_SAMPLES)]
    later = sound[(starts + lags)[:, None] + np.arange(FRAME_SAMPLES)]
    energy = np.einsum("ij,ij->i", here, here)
    likeness = np.einsum("ij,ij->i", here, later) / np.sqrt(energy * np.einsum("ij,ij->i", later, later) + 1e-12)
    voiced = (likeness >= VOICED) & (energy >= QUIETEST**2 * energy.max()) & (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)
    middles = starts + FRAME_SAMPLES // 2
    return list(zip(middles[voiced].tolist(), hz[voiced].tolist(), strict=True)), len(hz) * FRAME_SAMPLES
