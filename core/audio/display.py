"""What is drawn of a recording: its waveform's envelope and its mel spectrogram, for a stretch of time and a width.

A stretch of which the samples are at hand is computed from them (`compute_envelope`, `compute_mel_spectrogram`): at
most two spectra a column, whatever its length. A recording of hours is never held: an `Overview` keeps its peaks and
sparse spectra, a few megabytes for any length, and is filled block by block.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.audio.decode import SAMPLE_RATE

MEL_BANDS = 128
MAX_HZ = SAMPLE_RATE / 2
FLOOR_DB = -100.0
WINDOW_SAMPLES = 512  # 32 ms
FFT_SAMPLES = 1024  # padded with zeros: bins of 15.6 Hz, so that the low bands differ
HOP_S = 0.010  # columns wider than this hold several spectra
SPECTRA_A_COLUMN = 2  # at most

MAX_PEAKS = 720_000  # of an overview: 100 a second for two hours
MAX_SPECTRA = 36_000  # of an overview: 5 a second for two hours


def hz_to_mel(hz: np.ndarray | float) -> np.ndarray:
    """Converts frequencies in Hz to mel (HTK's formula)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hz, dtype=np.float64) / 700.0)


def mel_to_hz(mel: np.ndarray | float) -> np.ndarray:
    """Converts mel to frequencies in Hz; the inverse of `hz_to_mel`."""
    return 700.0 * (10.0 ** (np.asarray(mel, dtype=np.float64) / 2595.0) - 1.0)


@lru_cache(maxsize=4)
def mel_filters(bands: int = MEL_BANDS) -> np.ndarray:
    """Triangular filters, evenly spaced in mel from 0 to 8,000 Hz: float32 `(FFT_SAMPLES // 2 + 1, bands)`.

    The weights of a band sum to 1. Where bands are narrower than a bin of the transform their triangles are widened, so
    that none is empty.
    """
    bin_hz = SAMPLE_RATE / FFT_SAMPLES
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(MAX_HZ)), bands + 2))
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    low, high = np.minimum(low, centre - bin_hz), np.maximum(high, centre + bin_hz)
    hz = np.arange(FFT_SAMPLES // 2 + 1)[:, None] * bin_hz
    weights = np.clip(np.minimum((hz - low) / (centre - low), (high - hz) / (high - centre)), 0.0, None)
    return (weights / weights.sum(axis=0)).astype(np.float32)


def compute_spectra(samples: np.ndarray, centres: np.ndarray, bands: int = MEL_BANDS) -> np.ndarray:
    """Computes mel power spectra around given samples.

    Args:
        samples: float32 `(n,)`, 16 kHz; silence is taken to lie on both sides.
        centres: whole numbers `(columns,)`, the sample in the middle of each window.
        bands: number of mel bands.

    Returns:
        Power, float32 `(columns, bands)`; a sine of amplitude 1 has about 1 in its bin of the transform.
    """
    spectra = np.zeros((len(centres), bands), np.float32)
    starts = np.asarray(centres, dtype=np.int64) - WINDOW_SAMPLES // 2
    inside = np.flatnonzero((starts > -WINDOW_SAMPLES) & (starts < len(samples)))
    if not len(inside):
        return spectra
    padded = np.pad(np.asarray(samples, dtype=np.float32), WINDOW_SAMPLES)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)
    shape = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    shape /= shape.sum() / 2
    for part in np.array_split(inside, len(inside) // 1024 + 1):  # 1,024 windows at once: 4 MB
        transform = np.fft.rfft(windows[starts[part] + WINDOW_SAMPLES] * shape, FFT_SAMPLES)
        spectra[part] = (transform.real**2 + transform.imag**2).astype(np.float32) @ mel_filters(bands)
    return spectra


def to_db(power: np.ndarray) -> np.ndarray:
    """Converts power to decibels relative to full scale, not below `FLOOR_DB`."""
    return (10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10)))).astype(np.float32)


def compute_mel_spectrogram(
    samples: np.ndarray,
    start_s: float,
    end_s: float,
    columns: int,
    samples_start_s: float = 0.0,
    bands: int = MEL_BANDS,
) -> np.ndarray:
    """Computes what a mel spectrogram shows of a stretch of time.

    Args:
        samples: float32 `(n,)`, 16 kHz, best with a window's length more than the stretch on either side.
        start_s: where the first column begins, seconds in the recording.
        end_s: where the last column ends.
        columns: width of the picture.
        samples_start_s: where the first sample stands.
        bands: number of mel bands, from 0 to 8,000 Hz.

    Returns:
        dB relative to full scale, float32 `(bands, columns)`, the lowest band first. Wide columns hold the mean of up
        to `SPECTRA_A_COLUMN` spectra.
    """
    width_s = (end_s - start_s) / columns
    each = int(np.clip(np.ceil(width_s / HOP_S), 1, SPECTRA_A_COLUMN))
    times_s = start_s + (np.arange(columns * each) + 0.5) * (width_s / each)
    centres = np.floor((times_s - samples_start_s) * SAMPLE_RATE + 1e-6).astype(np.int64)
    power = compute_spectra(samples, centres, bands).reshape(columns, each, bands).mean(axis=1)
    return to_db(power).T


def compute_envelope(
    samples: np.ndarray, start_s: float, end_s: float, columns: int, samples_start_s: float = 0.0
) -> np.ndarray:
    """Computes the lowest and the highest sample of each column of pixels.

    Args:
        samples: float32 `(n,)`, 16 kHz.
        start_s: where the first column begins, seconds in the recording.
        end_s: where the last column ends.
        columns: width of the picture.
        samples_start_s: where the first sample stands.

    Returns:
        float32 `(2, columns)`: minima, maxima; NaN where there are no samples. Columns narrower than a sample hold the
        straight line between two.
    """
    if (end_s - start_s) * SAMPLE_RATE < columns:
        return _interpolate(samples, start_s, end_s, columns, samples_start_s)
    return _reduce(samples, samples, start_s, end_s, columns, SAMPLE_RATE, samples_start_s)


def _interpolate(samples: np.ndarray, start_s: float, end_s: float, columns: int, origin_s: float) -> np.ndarray:
    """The lowest and the highest value of the line through the samples in each column."""
    if not len(samples):
        return np.full((2, columns), np.nan, np.float32)
    edges = (np.linspace(start_s, end_s, columns + 1) - origin_s) * SAMPLE_RATE
    first = int(np.clip(np.floor(edges[0]), 0, len(samples) - 1))
    near = samples[first : int(np.ceil(edges[-1])) + 2]
    values = np.interp(edges - first, np.arange(len(near)), near, left=np.nan, right=np.nan).astype(np.float32)
    return np.stack([np.minimum(values[:-1], values[1:]), np.maximum(values[:-1], values[1:])])


def _reduce(
    low: np.ndarray, high: np.ndarray, start_s: float, end_s: float, columns: int, rate: float, origin_s: float
) -> np.ndarray:
    """Minima of `low` and maxima of `high` in each column; values stand `1 / rate` seconds apart from `origin_s` on."""
    result = np.full((2, columns), np.nan, np.float32)
    edges = ((start_s - origin_s) + np.arange(columns) * ((end_s - start_s) / columns)) * rate
    first = np.floor(edges + 1e-6).astype(np.int64)
    used = np.flatnonzero((first >= 0) & (first < len(low)))
    if len(used):
        stop = int(np.clip(np.ceil((end_s - origin_s) * rate - 1e-6), first[used[-1]] + 1, len(low)))
        result[0, used] = np.minimum.reduceat(low[:stop], first[used])
        result[1, used] = np.maximum.reduceat(high[:stop], first[used])
    return result


class Overview:
    """What a recording of any length looks like from afar: peaks of its waveform and sparse spectra.

    Attributes:
        duration_s: the length that it was made for.
        known_s: the recording is known exactly up to here.
        loudest_db: the loudest spectrum value so far.
        peak: the largest absolute sample so far.
    """

    def __init__(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self.known_s = 0.0
        self.loudest_db = FLOOR_DB
        self.peak = 0.0
        length_s = max(duration_s, 1e-3)
        self._peak_rate = min(100.0, MAX_PEAKS / length_s)
        self._spectrum_rate = min(10.0, MAX_SPECTRA / length_s)
        peaks = int(np.ceil(length_s * self._peak_rate))
        self._low = np.full(peaks, np.nan, np.float32)
        self._high = np.full(peaks, np.nan, np.float32)
        self._spectra = np.zeros((int(np.ceil(length_s * self._spectrum_rate)), MEL_BANDS), np.uint8)

    def add(self, start_s: float, samples: np.ndarray) -> None:
        """Takes in a block, float32 `(n,)`, 16 kHz; blocks come one after the other from the recording's beginning."""
        end_s = start_s + len(samples) / SAMPLE_RATE
        self.peak = max(self.peak, float(np.abs(samples).max(initial=0.0)))
        first, last = self._peaks_of(start_s, end_s)
        if last > first:
            rate = self._peak_rate
            found = compute_envelope(samples, first / rate, last / rate, last - first, start_s)
            if first and np.isnan(found[0, 0]):  # a peak that began in the block before
                first, found = first + 1, found[:, 1:]
            self._low[first:last], self._high[first:last] = found
        first, last = self._spectra_of(start_s, end_s)
        centres = ((np.arange(first, last) + 0.5) / self._spectrum_rate - start_s) * SAMPLE_RATE
        self._keep(slice(first, last), compute_spectra(samples, centres.astype(np.int64)))
        self.known_s = min(end_s, self.duration_s)

    def add_glimpse(self, start_s: float, end_s: float, samples: np.ndarray) -> None:
        """Lets a few samples stand for a stretch of time until its blocks come."""
        self.peak = max(self.peak, float(np.abs(samples).max()))
        first, last = self._peaks_of(start_s, end_s)
        self._low[first:last], self._high[first:last] = samples.min(), samples.max()
        first, last = self._spectra_of(start_s, end_s)
        self._keep(slice(first, last), compute_spectra(samples, np.array([len(samples) // 2])))

    def _keep(self, where: slice, power: np.ndarray) -> None:
        if not len(power):
            return
        db = to_db(power)
        self.loudest_db = max(self.loudest_db, float(db.max()))
        self._spectra[where] = np.clip(np.round((db - FLOOR_DB) * (255.0 / -FLOOR_DB)), 0, 255).astype(np.uint8)

    def _peaks_of(self, start_s: float, end_s: float) -> tuple[int, int]:
        last = int(np.ceil(end_s * self._peak_rate - 1e-6))
        return int(start_s * self._peak_rate + 1e-6), min(last, len(self._low))

    def _spectra_of(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The spectra whose middles lie in a stretch of time."""
        last = int(np.ceil(end_s * self._spectrum_rate - 0.5))
        return int(np.ceil(start_s * self._spectrum_rate - 0.5)), min(last, len(self._spectra))

    def envelope(self, start_s: float, end_s: float, columns: int) -> np.ndarray:
        """Minima and maxima, float32 `(2, columns)`; NaN where nothing is known yet. See `compute_envelope`."""
        return _reduce(self._low, self._high, start_s, end_s, columns, self._peak_rate, 0.0)

    def mel_spectrogram(self, start_s: float, end_s: float, columns: int) -> np.ndarray:
        """dB, float32 `(MEL_BANDS, columns)`, the nearest spectrum to each column. See `compute_mel_spectrogram`."""
        times_s = start_s + (np.arange(columns) + 0.5) * ((end_s - start_s) / columns)
        nearest = np.floor(times_s * self._spectrum_rate).astype(np.int64)
        picture = np.full((columns, MEL_BANDS), FLOOR_DB, np.float32)
        used = (nearest >= 0) & (nearest < len(self._spectra))
        picture[used] = self._spectra[nearest[used]] * np.float32(-FLOOR_DB / 255.0) + np.float32(FLOOR_DB)
        return picture.T
