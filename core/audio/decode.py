"""Sound files of any format, rate, depth and number of channels to 16 kHz mono float32.

A file is read as a stream: `read_blocks` holds one block of it in memory, and `read_sound` is the same blocks joined.
A range is sought, not read from the beginning. The resampler starts on a frame where both rates have a sample at the
same instant, and a little before the range, so that a range holds the same samples as that part of the whole.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr

from core.audio.readers import Reader, open_reader
from core.errors import AudioError

LOG = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
MARGIN_S = 0.1  # sound before and after a range that the resampling filter and the decoders want to see

SOUND_EXTENSIONS: frozenset[str] = frozenset(
    {
        *(".wav", ".wave", ".aif", ".aiff", ".aifc", ".au", ".caf", ".flac", ".w64"),
        *(".ogg", ".oga", ".opus", ".mp3", ".spx", ".sph"),
        *(".m4a", ".m4b", ".aac", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".mka", ".3gp", ".amr", ".wma"),
    }
)


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file says of itself.

    Attributes:
        path: the file.
        duration_s: length in seconds.
        sample_rate: Hz, as decoded.
        channels: number of channels.
        format: for people, e.g. `WAV`, `Opus`, `MP4 (aac)`.
    """

    path: Path
    duration_s: float
    sample_rate: int
    channels: int
    format: str


@dataclass(frozen=True)
class Sound:
    """Sound as the models want it.

    Attributes:
        samples: float32 `(n,)`, mono, 16 kHz.
        start_s: where in the recording the first sample stands.
        note: a sentence on what could not be read, or "".
    """

    samples: np.ndarray
    start_s: float = 0.0
    note: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE


def read_info(path: Path | str) -> SoundInfo:
    """Reads a file's length and format, mostly from its header alone.

    Raises:
        AudioError: the file is missing, empty, a folder, not sound, damaged or not permitted.
    """
    path = Path(path)
    reader = open_reader(path)
    try:
        frames = reader.frames if reader.frames is not None else reader.measure_frames()
        return SoundInfo(path, frames / reader.rate, reader.rate, reader.channels, reader.format)
    finally:
        reader.close()


def read_sound(path: Path | str, start_s: float = 0.0, end_s: float | None = None) -> Sound:
    """Reads a recording, or the part of it from `start_s` to `end_s`.

    Args:
        path: any sound file.
        start_s: seconds from the recording's beginning.
        end_s: seconds, or None for the end of the recording. Beyond the end, what there is is given.

    Returns:
        Samples `(n,)` and, where not all could be read, a note that says so.

    Raises:
        AudioError: the file is missing, empty, a folder, not sound, damaged or not permitted, or holds nothing there.
    """
    sounds = list(read_blocks(path, 60.0, start_s, end_s))
    samples = sounds[0].samples if len(sounds) == 1 else np.concatenate([sound.samples for sound in sounds])
    return Sound(samples, sounds[0].start_s, sounds[-1].note)


def read_blocks(
    path: Path | str, block_s: float = 60.0, start_s: float = 0.0, end_s: float | None = None
) -> Iterator[Sound]:
    """Reads a recording block by block, holding one block in memory.

    Args:
        path: any sound file.
        block_s: length of each block but the last, seconds.
        start_s: seconds from the recording's beginning.
        end_s: seconds, or None for the end of the recording.

    Yields:
        Consecutive blocks; joined they are what `read_sound` gives. The last one carries the note.

    Raises:
        AudioError: see `read_sound`; raised when the first block is asked for.
    """
    path = Path(path)
    first, last = _sample_range(path, start_s, end_s)
    size = max(1, round(block_s * SAMPLE_RATE))
    reader = open_reader(path)
    try:
        at = first
        held: np.ndarray | None = None  # one block is kept back, because only the last one can carry the note
        for block in _regroup(resampled(reader, first, last), size):
            if held is not None:
                yield Sound(held, at / SAMPLE_RATE)
                at += len(held)
            held = block
        if held is None:
            raise _nothing(path, reader, start_s)
        yield Sound(held, at / SAMPLE_RATE, _note(path, reader))
    finally:
        reader.close()


def _sample_range(path: Path, start_s: float, end_s: float | None) -> tuple[int, int | None]:
    """The range in output samples."""
    if not math.isfinite(start_s) or start_s < 0 or (end_s is not None and not end_s > start_s):
        message = (
            f"{path.name} has no part from {start_s} s to {end_s} s: a range begins at 0 or later, and ends after that."
        )
        raise AudioError(message, path=str(path), cause="range")
    first = round(start_s * SAMPLE_RATE)
    return first, None if end_s is None or math.isinf(end_s) else max(round(end_s * SAMPLE_RATE), first + 1)


def resampled(reader: Readable, first: int, last: int | None) -> Iterator[np.ndarray]:
    """Gives samples [first, last) of a recording at 16 kHz, in chunks of any size."""
    rate = reader.rate
    if rate == SAMPLE_RATE:
        yield from reader.read(first, last)
        return
    common = math.gcd(rate, SAMPLE_RATE)
    step_in, step_out = rate // common, SAMPLE_RATE // common  # every step_in frames both rates meet
    margin = math.ceil(MARGIN_S * rate)
    steps = max(0, (first * rate // SAMPLE_RATE - margin) // step_in)
    end = None if last is None else math.ceil(last * rate / SAMPLE_RATE) + margin
    skip = first - steps * step_out
    left = None if last is None else last - first
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    for chunk in _with_end(reader.read(steps * step_in, end)):
        out = stream.resample_chunk(chunk if chunk is not None else np.zeros(0, np.float32), last=chunk is None)
        out, skip = out[skip:], max(0, skip - len(out))
        if left is not None:
            out = out[:left]
            left -= len(out)
        if len(out):
            yield out


class Readable(Protocol):
    """Sound at a rate of its own, mono float32."""

    rate: int

    def read(self, first: int, last: int | None) -> Iterator[np.ndarray]:
        """Gives samples [first, last) in chunks of any size."""


def _with_end(chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray | None]:
    """The chunks, and then None."""
    yield from chunks
    yield None


def _regroup(chunks: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Joins and cuts chunks of any size to blocks of `size` samples; the last block may be shorter."""
    parts: list[np.ndarray] = []
    held = 0
    for chunk in chunks:
        parts.append(chunk)
        held += len(chunk)
        if held >= size:
            joined = _joined(parts)
            whole = held - held % size
            for at in range(0, whole, size):
                yield joined[at : at + size].copy()
            parts, held = [joined[whole:]], held - whole
    if held:
        yield _joined(parts)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _note(path: Path, reader: Reader) -> str:
    """One or more sentences on what could not be read, or ""."""
    notes = []
    if reader.ends_early and reader.readable_s is not None:
        of = f" of {reader.expected_s:.1f} s" if reader.expected_s > reader.readable_s else ""
        notes.append(f"{path.name} is truncated: the first {reader.readable_s:.1f} s{of} can be read.")
    if reader.lost:
        notes.append(f"{path.name} has {reader.lost} damaged packets, which are read as silence.")
    if reader.not_finite:
        notes.append(f"{path.name} has {reader.not_finite} samples that are not numbers, which are read as silence.")
    return " ".join(notes)


def _nothing(path: Path, reader: Reader, start_s: float) -> AudioError:
    """The error for a range in which no sample could be read."""
    if start_s > 0:
        message = f"{path.name} has nothing from {start_s:.2f} s on: it is shorter."
        return AudioError(message, path=str(path), cause="range")
    if reader.ends_early or reader.lost:
        return AudioError(f"{path.name} is damaged: no sound can be read from it.", path=str(path), cause="damaged")
    return AudioError(f"{path.name} holds no sound: its length is 0.", path=str(path), cause="empty")


def find_sounds(inputs: Iterable[Path]) -> list[Path]:
    """Finds the sound files in what a user named.

    Args:
        inputs: files, kept whatever they are called, and folders, searched as `walk_sounds` does.

    Returns:
        The files in the order of the inputs, those of a folder sorted by path, each once. A subfolder that may not be
        read is left out, and logged. A file that does not exist is kept, so that reading it says so.

    Raises:
        AudioError: a folder may not be read.
    """
    found: dict[Path, None] = {}
    for given in inputs:
        path = Path(given)
        found.update(dict.fromkeys(_sounds_under(path) if path.is_dir() else [path]))
    return list(found)


def _sounds_under(folder: Path) -> Iterator[Path]:
    for name, readable in walk_sounds(folder):
        if readable:
            yield folder / name
        else:
            LOG.warning("%s cannot be read and is left out", folder / name)


def walk_sounds(folder: Path) -> Iterator[tuple[str, bool]]:
    """Finds the sound files of a folder and its subfolders, one by one.

    A file is one by its extension, in any case. What is hidden (its name begins with a point) is left out. Links to
    files are followed; those to folders are not, so that a folder is not searched twice, or for ever.

    Args:
        folder: where to look.

    Yields:
        In the order of their paths: the path from the folder, with slashes, and whether there is a file to be read.
        False: a subfolder that cannot be looked into, or a link that leads nowhere.

    Raises:
        AudioError: the folder itself may not be read.
    """
    try:
        levels = [("", _entries(str(folder)))]
    except OSError:
        message = f"{folder} may not be read: ask its owner for permission."
        raise AudioError(message, path=str(folder), cause="permission") from None
    while levels:
        above, entries = levels[-1]
        entry = next(entries, None)
        if entry is None:
            levels.pop()
            continue
        name = above + entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                levels.append((name + "/", _entries(entry.path)))
            elif _has_sound_extension(entry.name) and (entry.is_file() or _leads_nowhere(entry)):
                yield name, entry.is_file()
        except OSError:
            yield name, False


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        seen = [entry for entry in entries if not entry.name.startswith(".")]
    return iter(sorted(seen, key=lambda entry: os.path.normcase(entry.name)))


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and not Path(entry.path).exists()


def _has_sound_extension(name: str) -> bool:
    _, dot, extension = name.rpartition(".")
    return f"{dot}{extension}".lower() in SOUND_EXTENSIONS
