"""Features of training clips: computed when they are needed, or once and kept in a file."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor

from core import features
from core.audio.decode import SAMPLE_RATE, read_sound
from core.errors import AudioError, ManifestError
from core.features import FRAMES_PER_SECOND, MELS, log_mel
from training.manifest import Clip


def read_samples(clip: Clip, speed: float = 1.0) -> np.ndarray:
    """Samples `(n,)` of a clip at 16 kHz, played `speed` times as fast (pitch and pace together)."""
    samples = read_sound(clip.file, clip.start_s, clip.end_s).samples
    if speed == 1.0:
        return samples
    return np.asarray(soxr.resample(samples, SAMPLE_RATE * speed, SAMPLE_RATE), dtype=np.float32)


def compute_features(clip: Clip, speed: float = 1.0) -> Tensor:
    """Log-mel frames `(frames, 80)` of a clip.

    Raises:
        AudioError: the file cannot be read.
    """
    return log_mel(read_samples(clip, speed))


@dataclass(frozen=True)
class FeatureStore:
    """Log-mel frames of clips at several speeds, in one memory-mapped half-precision file.

    Attributes:
        clips: those that could be read, in the order of the store.
        frames: `(total, 80)` float16.
        starts: `(speeds, clips + 1)` first frame of each clip; the last column is the end.
    """

    clips: tuple[Clip, ...]
    speeds: tuple[float, ...]
    frames: np.ndarray
    starts: np.ndarray

    def lengths(self) -> np.ndarray:
        """Frames of each clip at its own speed, `(clips,)`."""
        row = self.starts[self.speeds.index(1.0) if 1.0 in self.speeds else 0]
        return np.asarray(np.diff(row))

    def features(self, index: int, speed: int) -> Tensor:
        """Frames `(frames, 80)` float32 of clip `index` at the speed numbered `speed`."""
        start, end = self.starts[speed, index : index + 2]
        return torch.from_numpy(np.asarray(self.frames[start:end], dtype=np.float32))


def open_store(clips: Sequence[Clip], speeds: Sequence[float], folder: Path, workers: int = 2) -> FeatureStore:
    """Features of these clips from `folder`, computed first where they are not there yet.

    A clip that cannot be read is left out and named on stderr. The store is keyed by the clips, the speeds and the
    feature settings, so that a change of any makes another one.

    Args:
        clips: what to read.
        speeds: playing speeds, such as 0.9, 1.0 and 1.1.
        folder: where stores are kept.
        workers: processes that compute.

    Raises:
        ManifestError: none of the clips can be read.
    """
    identity = [[str(clip.file.resolve()), clip.start_s, clip.end_s] for clip in clips]
    key = hashlib.sha256(json.dumps([identity, list(speeds), features.SETTINGS]).encode()).hexdigest()[:16]
    data, index = folder / f"{key}.f16", folder / f"{key}.npz"
    if not index.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _compute_store(clips, speeds, data, index, workers)
    saved = np.load(index, allow_pickle=False)
    frames = np.memmap(data, dtype=np.float16, mode="r").reshape(-1, MELS)
    return FeatureStore(tuple(clips[i] for i in saved["readable"]), tuple(speeds), frames, saved["starts"])


def _compute_store(clips: Sequence[Clip], speeds: Sequence[float], data: Path, index: Path, workers: int) -> None:
    readable: list[int] = []
    starts = [[0] for _ in speeds]
    temporary = data.with_suffix(".tmp")
    total = 0
    context = get_context("spawn")
    with temporary.open("wb") as file, ProcessPoolExecutor(workers, context, initializer=_one_thread) as pool:
        for speed_number, speed in enumerate(speeds):
            chosen = range(len(clips)) if speed_number == 0 else readable
            results = pool.map(partial(_try_compute, speed=speed), [clips[i] for i in chosen], chunksize=16)
            for position, result in zip(chosen, results, strict=True):
                if isinstance(result, str):
                    sys.stderr.write(f"left out: {result}\n")
                    continue
                if speed_number == 0:
                    readable.append(position)
                    starts[0][0] = 0
                file.write(result.tobytes())
                total += len(result)
                starts[speed_number].append(total)
            if speed_number + 1 < len(speeds):
                starts[speed_number + 1][0] = total
    if not readable:
        temporary.unlink()
        raise ManifestError("None of the clips of the manifest can be read.")
    temporary.replace(data)
    with index.with_suffix(".npz.tmp").open("wb") as file:
        np.savez(file, readable=np.array(readable), starts=np.array(starts))
    index.with_suffix(".npz.tmp").replace(index)


def _one_thread() -> None:
    torch.set_num_threads(1)


def _try_compute(clip: Clip, speed: float) -> np.ndarray | str:
    try:
        return compute_features(clip, speed).numpy().astype(np.float16)
    except AudioError as error:
        return str(error)


def seconds_of(store: FeatureStore) -> float:
    """Seconds of sound in a store, at the recorded speed."""
    return float(store.lengths().sum()) / FRAMES_PER_SECOND
