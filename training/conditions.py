"""The same clips under harder conditions: a narrower band, and noise. A model is measured under each of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.audio.decode import SAMPLE_RATE
from training.manifest import Clip

EDGE = 0.95  # a low-pass leaves all below this share of its cutoff as it is
PADDING_S = 0.05  # of silence around a clip, so that its end does not ring into its beginning
LOWEST_NOISE_HZ = 50.0
FRAME_SAMPLES = SAMPLE_RATE // 50  # 20 ms
LOUD_PERCENTILE = 95.0
SPEECH_RANGE_DB = 30.0  # frames within this range below the loud ones are speech
SILENCE_DB = -120.0  # the level of a clip of zeros


@dataclass(frozen=True)
class Condition:
    """A way in which clips are changed before they are measured.

    Attributes:
        by: what it varies: `band` or `noise`.
        name: what it is called in the report.
        change: samples `(n,)` float32 and a seed to samples of the same length.
    """

    by: str
    name: str
    change: Callable[[np.ndarray, int], np.ndarray]


def low_pass(samples: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """Samples `(n,)` at 16 kHz without anything above `cutoff_hz`.

    Zero phase; the gain falls as half a cosine over the last 5 % below the cutoff.
    """
    padding = round(PADDING_S * SAMPLE_RATE)
    padded = np.pad(samples, padding)
    frequencies = np.fft.rfftfreq(len(padded), 1 / SAMPLE_RATE)
    place = np.clip((frequencies / cutoff_hz - EDGE) / (1 - EDGE), 0, 1)
    filtered = np.fft.irfft(np.fft.rfft(padded) * (0.5 + 0.5 * np.cos(np.pi * place)), len(padded))
    return filtered[padding : padding + len(samples)].astype(np.float32)


def add_pink_noise(samples: np.ndarray, snr_db: float, seed: int) -> np.ndarray:
    """Samples `(n,)` at 16 kHz with steady pink noise over them.

    Args:
        samples: float32.
        snr_db: the speech's level (`speech_level_db`) over the noise's.
        seed: of the noise, which is the same at each level.
    """
    level_db = speech_level_db(samples)
    if level_db <= SILENCE_DB:
        return samples
    noise = pink_noise(len(samples), seed)
    noise *= 10 ** ((level_db - snr_db) / 20) / max(float(np.sqrt(np.square(noise).mean())), 1e-12)
    return (samples + noise).astype(np.float32)


def pink_noise(samples: int, seed: int) -> np.ndarray:
    """Gaussian noise `(samples,)` with the same power in each octave from 50 Hz to 8 kHz; its scale means nothing."""
    white = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    frequencies = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    audible = frequencies >= LOWEST_NOISE_HZ
    gain = np.divide(1.0, np.sqrt(frequencies), out=np.zeros_like(frequencies), where=audible)
    return np.fft.irfft(white * gain, samples)


def speech_level_db(samples: np.ndarray) -> float:
    """Level of the speech in a clip, in dB under full scale: mean power of its frames that are not pauses.

    A pause is a frame of 20 ms that lies more than 30 dB under the loud ones (the 95th percentile).
    """
    whole = len(samples) - len(samples) % FRAME_SAMPLES or len(samples)
    frames = samples[:whole].astype(np.float64).reshape(-1, min(FRAME_SAMPLES, whole))
    powers = np.square(frames).mean(axis=1)
    loud = float(np.percentile(powers, LOUD_PERCENTILE))
    speech = powers[powers >= loud * 10 ** (-SPEECH_RANGE_DB / 10)]
    return max(10 * float(np.log10(max(speech.mean(), 1e-30))), SILENCE_DB)


def seed_of(clip: Clip) -> int:
    """The seed of a clip's noise: of its file's name and its beginning, wherever the file lies."""
    return zlib.crc32(f"{clip.file.name}|{clip.start_s:.3f}".encode("utf-8", "replace"))


def _low_passed(cutoff_hz: float) -> Condition:
    name = f"low-passed at {cutoff_hz / 1000:.1f} kHz"
    return Condition("band", name, lambda samples, _: low_pass(samples, cutoff_hz))


def _noisy(snr_db: float) -> Condition:
    return Condition("noise", f"{snr_db:.0f} dB", lambda samples, seed: add_pink_noise(samples, snr_db, seed))


CONDITIONS = (_low_passed(5500.0), _low_passed(3400.0), _noisy(20.0), _noisy(10.0))
UNCHANGED = {"band": "full", "noise": "none added"}
