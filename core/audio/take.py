"""A recording on its way to the disk. What was heard up to a moment ago can be played even after a crash.

The file is a WAV file whose header says after each write how much sound stands behind it; the mark
`NAME.wav.unfinished` lies beside it until the take is finished.
"""

from __future__ import annotations

import math
import os
import struct
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import soundfile

from core.audio.decode import SAMPLE_RATE
from core.audio.ring import Ring, RingOverrun
from core.errors import AudioError
from core.paths import atomic_write

MARK = ".unfinished"
EVERY_S = 0.2
BLOCK_SAMPLES = 1 << 15
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
MOST_BYTES = 2**32 - 2**16  # that a WAV header can tell


@dataclass
class _Span:
    """Ring samples [start, end) and where in the file they begin; `end` is None while they go on."""

    start: int
    end: int | None
    at: int


class Take:
    """One recording, written by a thread of its own.

    Args:
        ring: the live sound; the take attaches to it by itself, and lets go of it when it is finished.
        path: the WAV file to write; nothing may be there yet.
        bits: of a sample, 16 or 24.
        start: the ring position to begin at; None is now.

    Raises:
        AudioError: the file cannot be made.
    """

    def __init__(self, ring: Ring, path: Path, bits: int = 16, start: int | None = None) -> None:
        self.path = Path(path)
        self.problem = ""
        self.lost_samples = 0
        self._bits = bits
        self._ring = Ring.attach(ring.path)
        self._lock = threading.Lock()  # over the spans
        # file and ring meet the 16 kHz of the model at the same instants: both give it the same samples
        self._step = self._ring.rate // math.gcd(self._ring.rate, SAMPLE_RATE)
        self._spans = [_Span(self._now() if start is None else max(0, self._aligned(start)), None, 0)]
        self._done = 0  # samples on the disk
        self._stopping = threading.Event()
        try:
            self._open()
        except OSError as error:
            self._ring.close()
            message = f"{self.path} cannot be recorded to: {error.strerror or error}."
            raise AudioError(message, path=str(self.path), cause="permission") from error
        self._thread = threading.Thread(target=self._work, name="take")
        self._thread.start()

    @property
    def recorded_s(self) -> float:
        """Seconds of sound on the disk."""
        return self._done / self._ring.rate

    @property
    def paused(self) -> bool:
        """Whether what comes now is left out."""
        return self._spans[-1].end is not None

    def pause(self) -> None:
        """Leave out what comes from now on."""
        with self._lock:
            if not self.paused:
                self._spans[-1].end = max(self._now(), self._spans[-1].start)

    def resume(self) -> None:
        """Go on behind what is there."""
        with self._lock:
            last = self._spans[-1]
            if last.end is not None and not self._stopping.is_set():
                self._spans.append(_Span(self._now(), None, last.at + last.end - last.start))

    def position_s(self, ring_sample: int) -> float | None:
        """Where a ring position stands in the file, in seconds; None where it is not in it."""
        with self._lock:
            for span in self._spans:
                if span.start <= ring_sample and (span.end is None or ring_sample <= span.end):
                    return (span.at + ring_sample - span.start) / self._ring.rate
        return None

    def finish(self, flac: bool = False) -> Path:
        """Write what is still in the ring, and close the file.

        Args:
            flac: turn it into a FLAC file, which holds the same samples.

        Returns:
            The file. Where `problem` says that the disk was full, it holds what there was room for.

        Raises:
            AudioError: the FLAC file cannot be written; the WAV file is kept.
        """
        self._stop()
        if flac:
            self.path = _as_flac(self.path)
        mark_of(self.path.with_suffix(".wav") if flac else self.path).unlink(missing_ok=True)
        return self.path

    def discard(self) -> None:
        """Delete what was recorded."""
        self._stop()
        self.path.unlink(missing_ok=True)
        mark_of(self.path).unlink(missing_ok=True)

    def _open(self) -> None:
        """The file and its mark, or neither."""
        self._stream = self.path.open("xb", buffering=0)
        try:
            mark_of(self.path).touch()
            self._write_header()
        except OSError:
            self._stream.close()
            self.path.unlink(missing_ok=True)
            mark_of(self.path).unlink(missing_ok=True)
            raise

    def _now(self) -> int:
        return self._aligned(self._ring.written)

    def _aligned(self, ring_sample: int) -> int:
        return ring_sample - ring_sample % self._step

    def _stop(self) -> None:
        if self._ring.ended and not self.paused:  # nothing more comes: not a sample is left out
            with self._lock:
                self._spans[-1].end = max(self._ring.written, self._spans[-1].start)
        self.pause()
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            while not self._stopping.wait(EVERY_S):
                self._write_new()
            self._write_new()
            os.fsync(self._stream.fileno())
        except OSError as error:
            self.problem = f"{self.path.name} ends at {self.recorded_s:.1f} s: {error.strerror or error}."
            self._forget_the_rest()
        finally:
            self._stream.close()
            self._ring.close()

    def _write_new(self) -> None:
        with self._lock:
            spans = [_Span(span.start, span.end, span.at) for span in self._spans]
        for span in spans:
            end = self._ring.written if span.end is None else span.end
            while (first := span.start + max(0, self._done - span.at)) < end:
                self._append(self._read(first, min(end - first, BLOCK_SAMPLES)))

    def _read(self, first: int, count: int) -> np.ndarray:
        """Ring samples [first, first + count); what was overwritten before it could be read is silence."""
        try:
            return self._ring.read(first, count)
        except RingOverrun:
            lost = min(count, max(self._ring.oldest - first, 1))
            self.lost_samples += lost
            return np.zeros(lost, np.float32)

    def _append(self, samples: np.ndarray) -> None:
        data = _to_bytes(samples, self._bits)
        size = HEADER.size + self._done * self._bits // 8
        if size + len(data) > MOST_BYTES:
            raise OSError("a WAV file cannot be longer than 4 GB")
        self._stream.seek(size)
        _write_all(self._stream.fileno(), data)
        self._done += len(samples)
        self._write_header()

    def _write_header(self) -> None:
        width = self._bits // 8
        size = self._done * width
        rate = self._ring.rate
        parts = (b"RIFF", size + HEADER.size - 8, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * width, width, self._bits)
        self._stream.seek(0)
        _write_all(self._stream.fileno(), HEADER.pack(*parts, b"data", size))

    def _forget_the_rest(self) -> None:
        """Cut off what the header does not tell of: half a block that there was room for."""
        try:
            self._stream.truncate(HEADER.size + self._done * self._bits // 8)
        except OSError:
            return  # the disk is gone; players go by the header


def name_for_take(folder: Path, now: datetime) -> Path:
    """A name in `folder` that says when it was recorded, and that no file there has, as WAV or as FLAC."""
    stem = now.strftime("%Y-%m-%d %H.%M.%S")
    number = 1
    while True:
        path = folder / (f"{stem}.wav" if number == 1 else f"{stem} {number}.wav")
        if not any(other.exists() for other in (path, path.with_suffix(".flac"), mark_of(path))):
            return path
        number += 1


def mark_of(path: Path) -> Path:
    """What lies beside a recording until it is finished."""
    return path.with_name(path.name + MARK)


def unfinished_takes(folder: Path) -> list[Path]:
    """The recordings in `folder` that nobody finished: their process was killed, or is still at them."""
    marked = (mark.with_name(mark.name.removesuffix(MARK)) for mark in folder.glob(f"*.wav{MARK}"))
    return sorted(path for path in marked if path.is_file())


def adopt(path: Path) -> None:
    """Count a recording that nobody finished as finished: it holds what its header says."""
    mark_of(path).unlink(missing_ok=True)


def _to_bytes(samples: np.ndarray, bits: int) -> bytes:
    """Float32 to little-endian integers; samples that came from integers of so many bits come out as they were."""
    scale = 2 ** (bits - 1)
    whole = np.clip(np.rint(samples.astype(np.float64) * scale), -scale, scale - 1)
    if bits == 16:
        return whole.astype("<i2").tobytes()
    return whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _as_flac(path: Path) -> Path:
    target = path.with_suffix(".flac")
    try:
        with (
            soundfile.SoundFile(path) as sound,
            atomic_write(target) as raw,
            soundfile.SoundFile(raw, "w", sound.samplerate, 1, sound.subtype, format="FLAC") as out,
        ):
            for block in sound.blocks(BLOCK_SAMPLES, dtype="int32"):
                out.write(block)
    except (OSError, soundfile.SoundFileError) as error:
        adopt(path)
        message = f"{target.name} cannot be written ({error}); the recording is kept as {path.name}."
        raise AudioError(message, path=str(target), cause="full") from error
    path.unlink()
    return target
