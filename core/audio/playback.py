"""A recording on its way to the loudspeaker: a ring that one thread fills and PortAudio's thread empties."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soxr

from core.audio.decode import SAMPLE_RATE, Sound, read_blocks
from core.errors import AudioError

AHEAD_S = 0.4  # sound that waits in the ring
BEHIND_S = 0.6  # sound kept after it was taken, because it is heard only after the device's latency
CHUNK_S = 0.1

ReadSamples = Callable[[int, int], np.ndarray]


class FileSource:
    """Gives any part of a file; parts that follow each other are decoded in one go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blocks: Iterator[Sound] | None = None
        self._at = 0
        self._held = np.zeros(0, np.float32)

    def read(self, start: int, count: int) -> np.ndarray:
        """Reads `count` samples of 16 kHz from sample `start` on; fewer at the end.

        Raises:
            AudioError: the file cannot be read (any more).
        """
        if self._blocks is None or start != self._at:
            self._blocks = read_blocks(self._path, 4 * CHUNK_S, start / SAMPLE_RATE)
            self._at, self._held = start, np.zeros(0, np.float32)
        while len(self._held) < count and (block := self._next_block()) is not None:
            self._held = np.concatenate([self._held, block])
        found, self._held = self._held[:count], self._held[count:]
        self._at += len(found)
        return found

    def _next_block(self) -> np.ndarray | None:
        assert self._blocks is not None
        try:
            sound = next(self._blocks, None)
        except AudioError as error:
            if error.cause != "range":  # the recording ends before `start`
                raise
            return None
        return None if sound is None else sound.samples


class Playback:
    """Plays from a source, whole or in a loop, with a position that can be moved at any time.

    `fill` runs in PortAudio's thread and only copies. `pump` runs in a thread of its own and reads from the source. The
    rest may be called from a third.

    Args:
        read: gives (start, count) samples of 16 kHz; fewer than `count` at the end.
    """

    def __init__(self, read: ReadSamples) -> None:
        self._read_source = read
        self._lock = threading.Lock()  # never taken by `fill`
        self._taken = 0  # samples that `fill` has taken since the beginning; its place in the ring is modulo the size
        self._written = 0
        self._tail = 0  # silence that was taken after the end, while the end was still on its way to the ear
        self._dropped = 0  # what was written before is not played any more
        self._jumps = 0
        self._next = 0
        self._ended = False
        self._loop: tuple[int, int] | None = None
        self._has_device = False
        self.paused = True
        self._set_rate(SAMPLE_RATE, 0.0)

    def _set_rate(self, rate: int, latency_s: float) -> None:
        self._rate = rate
        self._latency = round(min(latency_s, BEHIND_S) * rate)
        self._ahead = round(AHEAD_S * rate)
        size = self._ahead + round(BEHIND_S * rate)
        self._ring = np.zeros(size, np.float32)
        self._places = np.zeros(size, np.int64)  # where in the recording each sample of the ring stands
        self._resampler: soxr.ResampleStream | None = None

    def set_device(self, rate: int, latency_s: float) -> None:
        """Says what the samples are for; until then `fill` gives silence.

        Args:
            rate: Hz of the device.
            latency_s: from `fill` to the ear, seconds.
        """
        with self._lock:
            here = round(self.position_s * SAMPLE_RATE)
            self._has_device = False
            self._set_rate(rate, latency_s)
            self._jump(here)
            self._has_device = True

    def unset_device(self) -> None:
        """Says that the device is closed; the position stays."""
        self._has_device = False

    def fill(self, out: np.ndarray) -> None:
        """Fills float32 `(n,)` with what is to be heard next, and with silence where nothing is there."""
        taken = max(self._taken, self._dropped)
        count = min(len(out), self._written - taken) if self._has_device and not self.paused else 0
        at = taken % len(self._ring)
        first = min(count, len(self._ring) - at)
        out[:first] = self._ring[at : at + first]
        out[first:count] = self._ring[: count - first]
        out[count:] = 0.0
        self._taken = taken + count
        if self._ended and not self.paused and self._taken >= self._written:
            self._tail += len(out) - count

    def pump(self) -> bool:
        """Reads one chunk from the source into the ring; returns whether there was room and something to read.

        Raises:
            AudioError: the source cannot be read.
        """
        with self._lock:
            jumps, start, count = self._jumps, self._next, round(CHUNK_S * SAMPLE_RATE)
            room = self._ahead - (self._written - max(self._taken, self._dropped))
            if not self._has_device or self._ended or room < 2 * CHUNK_S * self._rate:
                return False
            if self._loop is not None:
                count = min(count, self._loop[1] - start)
        samples = self._read_source(start, count)
        with self._lock:
            if jumps == self._jumps:
                at_end = len(samples) < count
                self._write(samples, start, last=at_end and self._loop is None)
                self._go_on(start + len(samples), at_end)
        return True

    def _go_on(self, place: int, at_end: bool) -> None:
        self._next = place
        if self._loop is not None and (at_end or place >= self._loop[1]):
            self._ended = at_end and place <= self._loop[0]  # nothing of the loop lies in the recording
            self._next = self._loop[0]
        elif at_end:
            self._ended = True

    def _write(self, samples: np.ndarray, start: int, last: bool) -> None:
        sounds, waiting = self._resample(samples, last)
        backwards = np.arange(len(sounds) + waiting, waiting, -1) * SAMPLE_RATE // self._rate
        at = np.arange(self._written, self._written + len(sounds)) % len(self._ring)
        self._ring[at] = sounds
        self._places[at] = np.maximum(start + len(samples) - backwards, 0)
        self._written += len(sounds)

    def _resample(self, samples: np.ndarray, last: bool) -> tuple[np.ndarray, int]:
        """What the device gets now, and how many of its samples the resampler still holds back."""
        if self._rate == SAMPLE_RATE:
            return samples, 0
        if self._resampler is None:
            self._resampler = soxr.ResampleStream(SAMPLE_RATE, self._rate, 1, dtype="float32")
        sounds = self._resampler.resample_chunk(samples, last=last)
        return sounds, 0 if last else round(self._resampler.delay())

    @property
    def position_s(self) -> float:
        """What is heard now, seconds in the recording."""
        heard = max(self._taken + self._tail - self._latency, self._dropped)
        return (int(self._places[heard % len(self._ring)]) if heard < self._written else self._next) / SAMPLE_RATE

    @property
    def finished(self) -> bool:
        """Whether all was heard to the end."""
        return self._ended and self._taken >= self._written and self._tail >= self._latency

    def seek(self, time_s: float) -> None:
        """Goes on from another place; what waits in the ring is dropped."""
        with self._lock:
            self._jump(round(max(0.0, time_s) * SAMPLE_RATE))

    def rewind(self) -> None:
        """Goes to the beginning, of the loop where there is one."""
        with self._lock:
            self._jump(self._loop[0] if self._loop else 0)

    def _jump(self, place: int) -> None:
        self._jumps += 1
        self._dropped = self._written
        self._next = place
        self._ended = False
        self._tail = 0
        self._resampler = None

    def set_loop(self, loop: tuple[float, float] | None) -> None:
        """Repeats a part, seconds in the recording, or no longer; goes to its beginning where it plays elsewhere."""
        with self._lock:
            here = round(self.position_s * SAMPLE_RATE)
            self._loop = None
            if loop is not None:
                start = round(max(0.0, loop[0]) * SAMPLE_RATE)
                self._loop = (start, max(round(loop[1] * SAMPLE_RATE), start + round(0.02 * SAMPLE_RATE)))
                here = here if self._loop[0] <= here < self._loop[1] else start
            self._jump(here)
