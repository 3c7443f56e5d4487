"""Opens a sound file with the library that can read it, and gives mono float32 at the file's own rate.

libsndfile (soundfile) is asked first: it reads wav, aiff, flac, ogg, opus and mp3, and seeks to the sample. What it
refuses goes to FFmpeg's libraries (av): m4a, aac, mp4, webm. `core.audio.decode` resamples what comes from here.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from core.errors import AudioError

CHUNK_FRAMES = 1 << 16
SMALL_CHUNK_FRAMES = 1 << 10
PREROLL_S = {"MP3": 0.5, "OGG": 0.2}  # after a seek these decoders need some sound before the first good sample
UNKNOWN_FRAMES = 1 << 62  # libsndfile's "as many as there are"
STREAMED_BYTES = 0x7FFF_0000  # a WAV header with a size from here on was written before its length was known


class Reader(Protocol):
    """An open sound file.

    Attributes:
        rate: frames a second that the decoder gives, which may differ from what the container says.
        channels: channels in the file; they are averaged to one.
        frames: length in frames, or None where only reading to the end can tell.
        format: for people, e.g. `WAV` or `MP4 (aac)`.
        expected_s: the length that the file claims, where it claims more than there is; else 0.
        ends_early: the file is known to stop before its sound does.
        readable_s: where the sound really ended; None until a read has come to the end.
        not_finite: samples that were NaN or infinite so far, read as 0.
        lost: packets so far that could not be decoded, read as silence.
    """

    rate: int
    channels: int
    frames: int | None
    format: str
    expected_s: float
    ends_early: bool
    readable_s: float | None
    not_finite: int
    lost: int

    def read(self, start: int, end: int | None) -> Iterator[np.ndarray]:
        """Gives frames [start, end) in chunks `(n,)`, or fewer where the file stops earlier."""

    def measure_frames(self) -> int:
        """Counts the frames, for a file that does not state its length."""

    def close(self) -> None:
        """Lets go of the file."""


def open_reader(path: Path) -> Reader:
    """Opens a sound file with the first library that can read it.

    Raises:
        AudioError: missing, empty, folder, permission, not-sound, damaged.
    """
    _check_file(path)
    try:
        reader: Reader = SoundfileReader(path)
        if reader.frames != 0:
            return reader
        reader.close()  # a header that was never completed says so too: FFmpeg reads what follows it
        damaged = f"{path.name} is damaged: no sound can be read from it."
        whole = f"{path.name} holds no sound: its length is 0."
        cause = "damaged" if reader.ends_early else "empty"
        empty: AudioError | None = AudioError(damaged if reader.ends_early else whole, path=str(path), cause=cause)
    except (soundfile.LibsndfileError, TypeError):
        empty = None
    from core.audio.av_reader import AvReader  # here: av takes 60 ms to import, and most recordings do without

    try:
        return AvReader(path)
    except AudioError as error:
        raise empty or error from None


def _check_file(path: Path) -> None:
    """Raises an AudioError for what is wrong with a file before any decoder looks at it."""

    def fail(message: str, cause: str) -> AudioError:
        return AudioError(message, path=str(path), cause=cause)

    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise fail(f"{path} is a folder, not a sound file.", "folder")
        if not stat.S_ISREG(status.st_mode):
            raise fail(f"{path} is not a regular file.", "not-sound")
        if status.st_size == 0:
            raise fail(f"{path.name} is empty (0 bytes).", "empty")
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise fail(f"There is no file {path}.", "missing") from None
    except PermissionError:
        raise fail(f"{path} may not be read: ask its owner for permission.", "permission") from None
    except (OSError, ValueError) as error:
        raise fail(f"{path} cannot be opened: {error}.", "damaged") from None


def to_mono(frames: np.ndarray) -> tuple[np.ndarray, int]:
    """Averages `(n, channels)` to `(n,)`; NaN and infinity become 0 and are counted."""
    bad = 0
    if not np.isfinite(frames.sum()):
        finite = np.isfinite(frames)
        bad = int(frames.size - finite.sum())
        frames = np.where(finite, frames, np.float32(0.0))
    mono = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)
    return np.ascontiguousarray(mono, dtype=np.float32), bad


class _StreamedFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file without soundfile's habit of seeking after every read, which breaks the sound of an MP3."""

    def seekable(self) -> bool:
        return False  # `seek` works all the same


class SoundfileReader:
    """What libsndfile can read."""

    def __init__(self, path: Path) -> None:
        # a name need not be valid text, and soundfile takes the bytes of one
        self._file = _StreamedFile(os.fsencode(path) if os.name == "posix" else str(path))
        self.rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int | None = self._file.frames if self._file.frames < UNKNOWN_FRAMES else None
        self.format: str = "Opus" if self._file.subtype == "OPUS" else str(self._file.format)
        self.not_finite = 0
        self.lost = 0
        self.readable_s: float | None = None
        self.expected_s = self._claimed_s()
        self.ends_early = self.expected_s > 0 or (self._file.format == "OGG" and not _ogg_is_complete(path))

    def _claimed_s(self) -> float:
        """Seconds that a WAV or AIFF header claims beyond the end of the file, else 0."""
        found = re.search(r"^ ?(?:data|SSND) : (\d+) \(should be (\d+)\)", self._file.extra_info, re.MULTILINE)
        if not found or not self.frames:
            return 0.0
        claimed, present = int(found[1]), int(found[2])
        if claimed >= STREAMED_BYTES or claimed <= present:
            return 0.0
        return self.frames * claimed / max(present, 1) / self.rate

    def read(self, start: int, end: int | None) -> Iterator[np.ndarray]:
        """See `Reader.read`."""
        at = max(0, start - round(PREROLL_S.get(self._file.format, 0.0) * self.rate))
        if start and not self._seek(at):
            return
        step = CHUNK_FRAMES
        while end is None or at < end:
            wanted = step if end is None else min(step, end - at)
            if self.frames is not None:  # one more tells that it is the end; a buffer of a second is not made for less
                wanted = min(wanted, max(self.frames - at, 0) + 1)
            try:
                frames = self._file.read(wanted, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                if step == CHUNK_FRAMES and self._seek(at):  # come as close to the fault as small steps can
                    step = SMALL_CHUNK_FRAMES
                    continue
                self.ends_early = True
                break
            before, at = max(0, start - at), at + len(frames)
            if len(frames) > before:
                mono, bad = to_mono(frames[before:])
                self.not_finite += bad
                yield mono
            if len(frames) < wanted:
                break
        else:
            return
        self._reached_end(at)

    def _reached_end(self, at: int) -> None:
        self.readable_s = at / self.rate
        if self.frames is not None and self.frames > at:
            self.ends_early, self.expected_s = True, self.frames / self.rate

    def _seek(self, frame: int) -> bool:
        try:
            self._file.seek(frame)
        except soundfile.LibsndfileError:
            return False
        return True

    def measure_frames(self) -> int:
        """See `Reader.measure_frames`."""
        return sum(len(chunk) for chunk in self.read(0, None))

    def close(self) -> None:
        """See `Reader.close`."""
        self._file.close()


def _ogg_is_complete(path: Path) -> bool:
    """Whether the last page of an Ogg file says that it is the last."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 17)))  # a page is at most 65,307 bytes
        tail = file.read()
    at = tail.rfind(b"OggS")
    return at >= 0 and at + 5 < len(tail) and bool(tail[at + 5] & 4)
