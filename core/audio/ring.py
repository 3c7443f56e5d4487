"""Live sound that several processes share: a ring in a memory-mapped temporary file, with one writer and any readers.

Nobody waits for anybody. The writer says first how far it is going to write (`claimed`), copies, and says then how far
it has written (`written`). A reader copies and looks afterwards whether the writer has meanwhile claimed what it read.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from pathlib import Path

import numpy as np

from core.errors import AudioError

MAGIC = 0x474E_4952_544F_4F4D  # "MOOTRING"
VERSION = 1
MAGIC_AT, VERSION_AT, RATE_AT, CAPACITY_AT, CLAIMED_AT, WRITTEN_AT, OVERFLOWS_AT, ENDED_AT = range(8)
HEADER_BYTES = 8 * 8
LONGEST_WRITE = 8  # a write is done in parts of at most one in so many of the ring
MARGIN = 16  # one in so many of the ring counts as overwritten before it is


class RingOverrun(AudioError):  # noqa: N818 - it says what happened
    """A reader was too slow: what it asked for has been overwritten."""


class Ring:
    """Mono float32 sound in [-1, 1]: the last two minutes or so of a device.

    Positions are samples since the beginning; they never wrap.

    Attributes:
        rate: Hz, of the device.
        capacity: samples that are kept.
        path: the file; whoever attaches to it sees the same sound.
    """

    def __init__(self, path: Path, memory: mmap.mmap, is_maker: bool) -> None:
        self.path = path
        self._memory: mmap.mmap | None = memory
        self._head = np.frombuffer(memory, np.int64, HEADER_BYTES // 8)
        self._samples = np.frombuffer(memory, np.float32, offset=HEADER_BYTES)
        self.rate = int(self._head[RATE_AT])
        self.capacity = int(self._head[CAPACITY_AT])
        self._remove = weakref.finalize(self, _remove, path) if is_maker else None

    @classmethod
    def create(cls, rate: int, seconds: float = 120.0) -> Ring:
        """A new, empty ring in a temporary file, which goes away when its maker closes it.

        Args:
            rate: Hz.
            seconds: of sound that is kept.

        Raises:
            AudioError: there is no room for it.
        """
        capacity = max(1, round(rate * seconds))
        head = np.zeros(HEADER_BYTES // 8, np.int64)
        head[[MAGIC_AT, VERSION_AT, RATE_AT, CAPACITY_AT]] = MAGIC, VERSION, rate, capacity
        try:
            handle, name = tempfile.mkstemp(prefix="moodlight-", suffix=".ring")
        except OSError as error:
            raise AudioError(f"There is no room for live sound: {error.strerror}.", cause="full") from error
        path = Path(name)
        try:
            with os.fdopen(handle, "r+b") as stream:
                # every byte is written: a hole in a full disk would end the process when it is first touched
                stream.write(head.tobytes() + bytes(4 * capacity))
                stream.flush()
                return cls(path, mmap.mmap(stream.fileno(), 0), is_maker=True)
        except OSError as error:
            path.unlink(missing_ok=True)
            message = f"There is no room for live sound in {path.parent}: {error.strerror}."
            raise AudioError(message, path=str(path), cause="full") from error

    @classmethod
    def attach(cls, path: Path) -> Ring:
        """The ring that another process, or another part of this one, has made.

        Raises:
            AudioError: there is none at `path`.
        """
        path = Path(path)
        try:
            with path.open("r+b") as stream:
                memory = mmap.mmap(stream.fileno(), 0)
        except (OSError, ValueError) as error:
            message = f"{path} holds no live sound: it is missing, empty or not ours to read."
            raise AudioError(message, path=str(path), cause="missing") from error
        if not _is_ring(memory):
            memory.close()
            raise AudioError(f"{path} holds no live sound that this version knows.", path=str(path), cause="not-sound")
        return cls(path, memory, is_maker=False)

    @property
    def written(self) -> int:
        """Samples written since the beginning."""
        return int(self._head[WRITTEN_AT])

    @property
    def oldest(self) -> int:
        """The first sample that is still there, and will be for a while."""
        return max(0, int(self._head[CLAIMED_AT]) - self.capacity + self.capacity // MARGIN)

    @property
    def overflows(self) -> int:
        """How often the device gave sound faster than it was taken."""
        return int(self._head[OVERFLOWS_AT])

    @property
    def ended(self) -> bool:
        """Whether the writer is done."""
        return bool(self._head[ENDED_AT])

    def write(self, samples: np.ndarray) -> None:
        """Append float32 `(n,)`. It only copies: to be called from the sound device's thread."""
        longest = max(1, self.capacity // LONGEST_WRITE)
        for first in range(0, len(samples), longest):
            self._write(samples[first : first + longest])

    def add_overflow(self) -> None:
        """Count sound that the device has lost."""
        self._head[OVERFLOWS_AT] += 1

    def end(self) -> None:
        """Say that nothing more will come."""
        self._head[ENDED_AT] = 1

    def read(self, start: int, count: int) -> np.ndarray:
        """A copy of samples [start, start + count), float32; fewer where they are not there yet.

        Raises:
            RingOverrun: the first of them has been overwritten.
        """
        count = max(0, min(count, self.written - start, self.capacity))
        at = start % self.capacity
        first = min(count, self.capacity - at)
        out = np.empty(count, np.float32)
        out[:first] = self._samples[at : at + first]
        out[first:] = self._samples[: count - first]
        if start < max(0, int(self._head[CLAIMED_AT]) - self.capacity):
            raise RingOverrun("Live sound came faster than it was read, and some of it is lost.", path=str(self.path))
        return out

    def close(self) -> None:
        """Let go of it; the maker's file goes away. The device's thread must have stopped writing."""
        if self._memory is None:
            return
        memory, self._memory = self._memory, None
        # what is asked after this is answered from a copy of the header, and no sound is there
        self._head = self._head.copy()
        self._head[ENDED_AT] = 1
        self._head[CLAIMED_AT] = self._head[WRITTEN_AT] + self.capacity
        self._samples = np.zeros(self.capacity, np.float32)
        memory.close()
        if self._remove is not None:
            self._remove()

    def _write(self, samples: np.ndarray) -> None:
        written = self.written
        at = written % self.capacity
        first = min(len(samples), self.capacity - at)
        self._head[CLAIMED_AT] = written + len(samples)
        self._samples[at : at + first] = samples[:first]
        self._samples[: len(samples) - first] = samples[first:]
        self._head[WRITTEN_AT] = written + len(samples)


def _is_ring(memory: mmap.mmap) -> bool:
    if len(memory) < HEADER_BYTES:
        return False
    head = np.frombuffer(memory[:HEADER_BYTES], np.int64)
    fits = len(memory) == HEADER_BYTES + 4 * int(head[CAPACITY_AT])
    return int(head[MAGIC_AT]) == MAGIC and int(head[VERSION_AT]) == VERSION and fits and int(head[RATE_AT]) > 0


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # Windows keeps it while somebody is attached; it lies in the temporary folder
