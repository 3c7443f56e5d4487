"""Features of training clips: computed once and kept in a file (stored), or whenever they are needed (streamed)."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soxr
import torch
from torch import Tensor

from core import features
from core.audio.decode import SAMPLE_RATE, read_info, read_sound
from core.errors import AudioError, ManifestError
from core.features import FRAMES_PER_SECOND, MELS, log_mel
from core.paths import atomic_write
from training.clip_table import ClipTable
from training.manifest import Clip

PROCESSES = 2  # that compute features
FEW_CLIPS = 500  # are computed before other processes have begun
HEADERS_AT_ONCE = 16  # files that are waited for together: most of the time goes by in the disk or the network


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


class FeatureStore(Protocol):
    """Log-mel frames of clips at several speeds."""

    @property
    def clips(self) -> Sequence[Clip]:
        """Those that can be read, in the order of the store."""

    @property
    def speeds(self) -> tuple[float, ...]:
        """Playing speeds, such as 0.9, 1.0 and 1.1."""

    def lengths(self) -> np.ndarray:
        """Frames of each clip at its own speed, `(clips,)`."""

    def features(self, index: int, speed: int) -> Tensor:
        """Frames `(frames, 80)` float32 of clip `index` at the speed numbered `speed`.

        Raises:
            AudioError: the clip cannot be read.
        """


@dataclass(frozen=True)
class StoredFeatures:
    """Features in one memory-mapped half-precision file.

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


@dataclass(frozen=True)
class StreamedFeatures:
    """Features that are computed from the sound each time; nothing but lengths is kept.

    Attributes:
        clips: those whose length is known.
        frames: `(clips,)` of each at its own speed, as far as the manifest and the files' headers tell.
    """

    clips: Sequence[Clip]
    speeds: tuple[float, ...]
    frames: np.ndarray

    def lengths(self) -> np.ndarray:
        """Frames of each clip at its own speed, `(clips,)`."""
        return self.frames

    def features(self, index: int, speed: int) -> Tensor:
        """Frames `(frames, 80)` float32 of clip `index` at the speed numbered `speed`.

        Raises:
            AudioError: the clip cannot be read.
        """
        return compute_features(self.clips[index], self.speeds[speed])


def open_features(clips: Sequence[Clip], speeds: Sequence[float], folder: Path, form: str) -> FeatureStore:
    """Features of these clips.

    Args:
        clips: what to read.
        speeds: playing speeds, such as 0.9, 1.0 and 1.1.
        folder: where features or lengths are kept.
        form: `stored` or `streamed`.

    Raises:
        ManifestError: none of the clips can be read.
    """
    return open_stream(clips, speeds, folder) if form == "streamed" else open_store(clips, speeds, folder)


def open_stream(clips: Sequence[Clip], speeds: Sequence[float], folder: Path) -> StreamedFeatures:
    """Features that are computed when they are needed.

    A clip's length is `end - start`. Where the manifest has no end, it is read from the file's header, once: the
    lengths are kept in `folder`. A file whose header cannot be read is left out and named on stderr.

    Args:
        clips: what to read.
        speeds: playing speeds, such as 0.9, 1.0 and 1.1.
        folder: where lengths are kept.

    Raises:
        ManifestError: none of the clips can be read.
    """
    seconds = np.array([np.nan if clip.end_s is None else clip.end_s - clip.start_s for clip in clips])
    unknown = np.flatnonzero(np.isnan(seconds)).tolist()
    if unknown:
        seconds[unknown] = _header_seconds([clips[i] for i in unknown], folder)
    known = np.flatnonzero(seconds > 0).tolist()
    if not known:
        raise ManifestError("None of the clips of the manifest can be read.")
    frames = 1 + (seconds[known] * FRAMES_PER_SECOND).astype(np.int64)
    return StreamedFeatures(ClipTable([clips[i] for i in known]), tuple(speeds), frames)


def _header_seconds(clips: Sequence[Clip], folder: Path) -> np.ndarray:
    """Seconds from each clip's start to the end of its file, `(clips,)`, not a number where it cannot be read."""
    key = hashlib.sha256()
    for clip in clips:
        key.update(os.fsencode(f"{clip.file.absolute()}\0{clip.start_s}\n"))
    path = folder / f"{key.hexdigest()[:16]}-seconds.npz"
    if not path.exists():
        with ThreadPoolExecutor(HEADERS_AT_ONCE) as pool:
            seconds = np.fromiter(pool.map(_seconds_left, clips), dtype=np.float64, count=len(clips))
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            np.savez_compressed(file, seconds=seconds)
    return np.asarray(np.load(path, allow_pickle=False)["seconds"])


def _seconds_left(clip: Clip) -> float:
    try:
        return read_info(clip.file).duration_s - clip.start_s
    except AudioError as error:
        sys.stderr.write(f"left out: {error}\n")
        return np.nan


def open_store(clips: Sequence[Clip], speeds: Sequence[float], folder: Path) -> StoredFeatures:
    """Features of these clips from `folder`, computed first where they are not there yet.

    A clip that cannot be read is left out and named on stderr. The store is keyed by the clips, the speeds and the
    feature settings, so that a change of any makes another one.

    Args:
        clips: what to read.
        speeds: playing speeds, such as 0.9, 1.0 and 1.1.
        folder: where stores are kept.

    Raises:
        ManifestError: none of the clips can be read.
    """
    identity = [[str(clip.file.resolve()), clip.start_s, clip.end_s] for clip in clips]
    key = hashlib.sha256(json.dumps([identity, list(speeds), features.SETTINGS]).encode()).hexdigest()[:16]
    data, index = folder / f"{key}.f16", folder / f"{key}.npz"
    if not index.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _compute_store(clips, speeds, data, index)
    saved = np.load(index, allow_pickle=False)
    frames = np.memmap(data, dtype=np.float16, mode="r").reshape(-1, MELS)
    return StoredFeatures(tuple(clips[i] for i in saved["readable"]), tuple(speeds), frames, saved["starts"])


def _compute_store(clips: Sequence[Clip], speeds: Sequence[float], data: Path, index: Path) -> None:
    readable: list[int] = []
    starts = [[0] for _ in speeds]
    temporary = data.with_suffix(".tmp")
    total = 0
    with temporary.open("wb") as file, _mapping(len(clips) * len(speeds)) as apply:
        for speed_number, speed in enumerate(speeds):
            chosen = range(len(clips)) if speed_number == 0 else readable
            results = apply(partial(_try_compute, speed=speed), [clips[i] for i in chosen])
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


@contextmanager
def _mapping(count: int) -> Iterator[Callable[[Callable[[Clip], Any], Iterable[Clip]], Iterable[Any]]]:
    """What applies a function to this many clips, in order."""
    if count <= FEW_CLIPS:
        yield map
        return
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initializer=_one_thread) as pool:
        yield partial(pool.map, chunksize=16)


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
