"""What is wrong with recordings: each file is decoded once, by as many processes as there are cores.

What counts as wrong, at the file's own rate and averaged to mono:

- *unreadable*: no sound can be read from it, or nothing at the clip's place.
- *damaged*: it stops before its sound does, or a part of it cannot be decoded.
- *silent*: no sample reaches -60 dBFS.
- *clipped*: at least 0.1 % of the samples stand at full scale.
- *duplicate*: another clip has the same samples, rounded to 16 bits, and another emotion or transcript. Comparing
  samples rather than files sees through another container or other tags.
- *repeated*: the same with the same label.
"""

from __future__ import annotations

import hashlib
import math
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from core.audio.readers import Reader, open_reader
from core.errors import AudioError, ManifestError
from core.processor import available_cores
from training.corpora.layout import Problem
from training.manifest import Clip

SILENT_PEAK = 10 ** (-60 / 20)  # -60 dBFS
FULL_SCALE = 0.999  # 0.009 dB below 1
CLIPPED_SHARE = 0.001
SHORT_S = 0.1  # so much may a clip end after its recording does
FILES_TOGETHER = 32  # sent to a process at once
FILES_FOR_PROCESSES = 256  # fewer are heard sooner here than processes start


@dataclass(frozen=True)
class Heard:
    """What was heard of one clip.

    Attributes:
        duration_s: seconds of sound in it.
        peak: largest absolute sample, 1 at full scale.
        full_scale: share of the samples at full scale.
        digest: of the samples; the same sound has the same one.
        failure: why nothing could be heard, or "".
        note: what is damaged, or "".
    """

    duration_s: float = 0.0
    peak: float = 0.0
    full_scale: float = 0.0
    digest: bytes = b""
    failure: str = ""
    note: str = ""


@dataclass(frozen=True)
class _File:
    """A recording and the places of its clips, in seconds."""

    path: Path
    places: tuple[tuple[float, float | None], ...]


def hear_clips(
    clips: Sequence[Clip], file_done: Callable[[float], None] = lambda seconds: None, workers: int | None = None
) -> list[Heard]:
    """Decode the clips' files and measure each clip.

    Args:
        clips: any clips; those of one file that follow each other cost one decoding.
        file_done: told the seconds of sound in the clips of each file that is done.
        workers: processes; as many as there are cores if not given.

    Returns:
        What was heard, in the order of the clips.

    Raises:
        ManifestError: a decoder crashed.
    """
    files = list(group_by_file(clips))
    heard: list[Heard] = []
    for found in _hear_files(files, workers or available_cores()):
        heard += found
        file_done(sum(one.duration_s for one in found))
    return heard


def group_by_file(clips: Iterable[Clip]) -> Iterator[_File]:
    """Runs of clips that are in the same file."""
    for path, group in groupby(clips, key=lambda clip: clip.file):
        yield _File(path, tuple((clip.start_s, clip.end_s) for clip in group))


def _hear_files(files: Sequence[_File], workers: int) -> Iterator[list[Heard]]:
    if len(files) < FILES_FOR_PROCESSES or workers == 1:
        yield from map(hear_file, files)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_ignore_interrupt)
    try:
        yield from pool.map(hear_file, files, chunksize=FILES_TOGETHER)
    except BrokenProcessPool as error:
        message = "A decoder crashed on one of the recordings; --no-check goes on without hearing them."
        raise ManifestError(message) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _ignore_interrupt() -> None:
    """Ctrl-C reaches all processes of the terminal; only the parent answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def hear_file(file: _File) -> list[Heard]:
    """Decode a file from the beginning of its first clip to the end of its last one."""
    try:
        reader = open_reader(file.path)
    except AudioError as error:
        return [Heard(failure=str(error))] * len(file.places)
    try:
        meters = [_Meter.at(place, reader.rate) for place in file.places]
        first = min(meter.first for meter in meters)
        ends = [meter.end for meter in meters]
        _feed(reader, meters, first, None if None in ends else max(end for end in ends if end is not None))
        note = _damage(reader)
        return [meter.result(reader.rate, note) for meter in meters]
    finally:
        reader.close()


def _feed(reader: Reader, meters: Sequence[_Meter], first: int, end: int | None) -> None:
    at = first
    for chunk in reader.read(first, end):
        for meter in meters:
            meter.add(at, chunk)
        at += len(chunk)


def _damage(reader: Reader) -> str:
    notes = []
    if reader.ends_early:
        notes.append("it stops before its sound does")
    if reader.lost:
        notes.append(f"{reader.lost} packets cannot be decoded")
    if reader.not_finite:
        notes.append(f"{reader.not_finite} samples are not numbers")
    return ", ".join(notes)


@dataclass
class _Meter:
    """Measures the frames [first, end) of what it is given."""

    first: int
    end: int | None
    frames: int = 0
    peak: float = 0.0
    full: int = 0
    digest: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    @classmethod
    def at(cls, place: tuple[float, float | None], rate: int) -> _Meter:
        start_s, end_s = place
        return cls(round(start_s * rate), None if end_s is None else round(end_s * rate))

    def add(self, at: int, chunk: np.ndarray) -> None:
        part = chunk[max(0, self.first - at) : None if self.end is None else max(0, self.end - at)]
        if not len(part):
            return
        size = np.abs(part)
        self.frames += len(part)
        self.peak = max(self.peak, float(size.max()))
        self.full += int(np.count_nonzero(size >= FULL_SCALE))
        self.digest.update(np.rint(np.clip(part * 32768, -32768, 32767)).astype("<i2").tobytes())

    def result(self, rate: int, note: str) -> Heard:
        if not self.frames:
            return Heard(failure=f"holds no sound from {self.first / rate:.2f} s on", note=note)
        missing_s = 0.0 if self.end is None else (self.end - self.first - self.frames) / rate
        if missing_s > SHORT_S:
            note = f"{note}, " * bool(note) + f"the recording ends {missing_s:.2f} s before the clip does"
        return Heard(self.frames / rate, self.peak, self.full / self.frames, self.digest.digest(), note=note)


def find_problems(clips: Sequence[Clip], heard: Sequence[Heard]) -> list[Problem]:
    """What is wrong with the clips, of which each was heard."""
    problems: list[Problem] = []
    same: dict[tuple[bytes, float], list[Clip]] = {}
    for clip, sound in zip(clips, heard, strict=True):
        if sound.note:
            problems.append(Problem("damaged", clip.file, sound.note))
        if sound.failure:
            problems.append(Problem("unreadable", clip.file, sound.failure))
        elif sound.peak < SILENT_PEAK:
            problems.append(Problem("silent", clip.file, f"peak {_decibels(sound.peak)}"))
        else:
            same.setdefault((sound.digest, sound.duration_s), []).append(clip)
            if sound.full_scale >= CLIPPED_SHARE:
                problems.append(Problem("clipped", clip.file, f"{sound.full_scale:.1%} of the samples at full scale"))
    return problems + [_same_sound(group) for group in same.values() if len(group) > 1]


def _decibels(peak: float) -> str:
    return f"{20 * math.log10(peak):.0f} dBFS" if peak > 0 else "0"


def _same_sound(group: Sequence[Clip]) -> Problem:
    """One problem for clips that are the same recording."""
    labels = {(clip.emotion, clip.transcript) for clip in group}
    kind = "duplicate" if len(labels) > 1 else "repeated"
    first, *others = group
    named = ", ".join(_named(clip) for clip in others)
    sides = sorted({clip.split for clip in group if clip.split})
    where = f"; on both sides of a split: {', '.join(sides)}" if len(sides) > 1 else ""
    own = f"{first.emotion or 'no emotion'}, " if kind == "duplicate" else ""
    return Problem(kind, first.file, f"{own}the same as {named}{where}")


def _named(clip: Clip) -> str:
    return f"{clip.file.name} ({clip.emotion})" if clip.emotion else clip.file.name
