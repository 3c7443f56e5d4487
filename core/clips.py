"""Recordings to the clips that are analysed: read block by block, cut by speech, by length, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.audio.decode import SAMPLE_RATE, read_blocks
from core.errors import AudioError
from core.segmenting import MAX_WHOLE_S, Segmenting

BLOCK_S = 30.0  # read at a time


@dataclass(frozen=True)
class Clip:
    """A part of a recording to be analysed as one.

    Attributes:
        file: the recording, as it was given.
        start_s: where the part begins, in seconds of the recording.
        end_s: where it ends.
        samples: `(n,)` float32 mono at 16 kHz; empty where it is known that nobody speaks.
        speech: whether somebody speaks, or None where that is still to be found out.
    """

    file: str
    start_s: float
    end_s: float
    samples: np.ndarray
    speech: bool | None


@dataclass(frozen=True)
class Listener:
    """Who follows the reading of a recording.

    Attributes:
        progress: told the seconds of sound behind, whenever more is read.
        note: told a sentence on what could not be read.
        cancelled: asked before each block and each group of clips; True ends the work.
        ended: told the seconds of sound that there were, when all of it is read.
    """

    progress: Callable[[float], None] = lambda done_s: None
    note: Callable[[str], None] = lambda message: None
    cancelled: Callable[[], bool] = lambda: False
    ended: Callable[[float], None] = lambda heard_s: None


def file_clips(
    path: Path | str, start_s: float, end_s: float | None, segmenting: Segmenting, listener: Listener
) -> Iterator[Clip]:
    """The clips of a recording, or of a part of it, in time order; less than two minutes of it are held at a time.

    Args:
        path: any sound file; the clips carry it as given.
        start_s: where to begin, in seconds.
        end_s: where to end, or None for the end of the recording.
        segmenting: `speech` (each stretch of speech, at most 20 s, by itself; one clip of all where none is found),
            `none` (all as one clip), a number of seconds (clips of that length), or `auto` (`none` up to 20 s, else
            `speech`).
        listener: told of progress and notes, and asked whether to go on.

    Raises:
        AudioError: the file cannot be read, or is too long for one clip.
    """
    from core.segment import MAX_SEGMENT_S  # here: it imports torch, and who only names a segmenting does without

    blocks = _blocks(path, start_s, end_s, listener)
    if segmenting == "auto":
        first = next(blocks, np.zeros(0, np.float32))  # a block is longer than the longest segment
        segmenting = "none" if len(first) <= MAX_SEGMENT_S * SAMPLE_RATE else "speech"
        blocks = _chain(first, blocks)
    if segmenting == "speech":
        yield from _by_speech(str(path), start_s, blocks)
    elif segmenting == "none":
        yield from _whole(str(path), start_s, blocks)
    else:
        yield from _by_length(str(path), start_s, blocks, float(segmenting))


def grouped(clips: Iterable[Clip], first_s: float, then_s: float) -> Iterator[list[Clip]]:
    """Clips in groups that hold at least so many seconds of sound each: a small first one, for an early answer."""
    group: list[Clip] = []
    limit_s, held_s = first_s, 0.0
    for clip in clips:
        group.append(clip)
        held_s += clip.end_s - clip.start_s
        if held_s >= limit_s:
            yield group
            group, held_s, limit_s = [], 0.0, then_s
    if group:
        yield group


def _blocks(path: Path | str, start_s: float, end_s: float | None, listener: Listener) -> Iterator[np.ndarray]:
    seen_s = 0.0
    for sound in read_blocks(path, BLOCK_S, start_s, end_s):
        if listener.cancelled():
            return
        if seen_s:
            listener.progress(seen_s)
        if sound.note:
            listener.note(sound.note)
        seen_s += sound.duration_s
        yield sound.samples
    listener.ended(seen_s)


def _chain(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from rest


def _by_speech(file: str, start_s: float, blocks: Iterator[np.ndarray]) -> Iterator[Clip]:
    from core.segment import MAX_SEGMENT_S, speech_segments

    first = np.zeros(0, np.float32)
    total = 0

    def counted() -> Iterator[np.ndarray]:
        nonlocal first, total
        for block in blocks:
            first = first if total else block
            total += len(block)
            yield block

    silent = True
    for segment in speech_segments(counted()):
        silent = False
        yield Clip(file, start_s + segment.start_s, start_s + segment.end_s, segment.samples, speech=True)
    if silent and total:
        short = total <= MAX_SEGMENT_S * SAMPLE_RATE  # such a one may have been cut for a scream or a whisper in it
        samples = first if short else np.zeros(0, np.float32)
        yield Clip(file, start_s, start_s + total / SAMPLE_RATE, samples, speech=None if short else False)


def _whole(file: str, start_s: float, blocks: Iterator[np.ndarray]) -> Iterator[Clip]:
    parts: list[np.ndarray] = []
    for block in blocks:
        parts.append(block)
        if sum(map(len, parts)) > MAX_WHOLE_S * SAMPLE_RATE:
            message = f"{Path(file).name} is longer than {MAX_WHOLE_S:.0f} s and cannot be one clip: cut it by speech."
            raise AudioError(message, path=file, cause="range")
    if parts:
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
        yield Clip(file, start_s, start_s + len(samples) / SAMPLE_RATE, samples, speech=None)


def _by_length(file: str, start_s: float, blocks: Iterator[np.ndarray], seconds: float) -> Iterator[Clip]:
    size = round(seconds * SAMPLE_RATE)
    held = np.zeros(0, np.float32)
    at = 0
    for block in blocks:
        held = np.concatenate((held, block))
        while len(held) >= size:
            yield _part(file, start_s, at, held[:size])
            at, held = at + size, held[size:]
    if len(held):
        yield _part(file, start_s, at, held)


def _part(file: str, start_s: float, at: int, samples: np.ndarray) -> Clip:
    first_s = start_s + at / SAMPLE_RATE
    return Clip(file, first_s, first_s + len(samples) / SAMPLE_RATE, samples, speech=None)
