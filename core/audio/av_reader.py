"""Reads sound through FFmpeg's libraries: above all AAC and Opus in MP4 and WebM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from core.audio.readers import to_mono
from core.errors import AudioError

PREROLL_S = 0.3  # AAC and Opus decoders need some sound before the first good sample
SNAP_S = 0.0015  # WebM rounds times to the millisecond
TAIL_S = 0.25  # an end that is so near to the stated one is no truncation
CONSTANT_FRAME_CODECS = frozenset({"aac", "opus", "alac"})
SOUND_MAGIC = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b"\x1aE\xdf\xa3")
CONTAINER_NAMES = {"mov": "MP4", "matroska": "WebM"}
INTEGER_SCALES = {"uint8": 128.0, "int16": 32_768.0, "int32": 2_147_483_648.0}


class AvReader:
    """An open file, decoded by FFmpeg; see `core.audio.readers.Reader`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.not_finite = 0
        self.lost = 0
        self.expected_s = 0.0
        self.ends_early = False
        self.readable_s: float | None = None
        self._container = self._open()
        try:
            self._look_at_first_frames()
        except BaseException:
            self._container.close()
            raise

    def _open(self) -> Any:
        try:
            container = av.open(str(self._path), metadata_errors="ignore")
        except (av.FFmpegError, ValueError):
            raise self._refused() from None
        if not container.streams.audio:
            container.close()
            raise self._error(f"{self._path.name} has no audio track.", "not-sound")
        self._stream: Any = container.streams.audio[0]
        return container

    def _error(self, message: str, cause: str) -> AudioError:
        return AudioError(message, path=str(self._path), cause=cause)

    def _refused(self) -> AudioError:
        """The error for a file that cannot be opened: damaged where it begins as sound does, else not sound."""
        name = self._path.name
        try:
            with self._path.open("rb") as file:
                head = file.read(12)
        except OSError as error:  # it has gone since it was looked at
            return self._error(f"{name} cannot be read any more: {error.strerror}.", "missing")
        if head[4:8] == b"ftyp":
            message = f"{name} is damaged: it was cut off before its index was written, so none of it can be read."
            return self._error(message, "damaged")
        if head.startswith(SOUND_MAGIC):
            return self._error(f"{name} is damaged: no sound can be read from it.", "damaged")
        return self._error(f"{name} is not a sound file that can be read.", "not-sound")

    def _look_at_first_frames(self) -> None:
        """Learns the true rate, where the sound begins, and how many samples a packet gives."""
        frames = (frame for frame in self._decoded() if not isinstance(frame, float))
        first = next(frames, None)
        if first is None:
            if self._stream_is_damaged:
                raise self._error(f"{self._path.name} is damaged: no sound can be read from it.", "damaged")
            raise self._error(f"{self._path.name} holds no sound: its length is 0.", "empty")
        second = next(frames, None)
        self.rate = int(first.sample_rate)
        self.channels = int(first.layout.nb_channels)
        self._origin = first.pts or 0
        self._first_frames = int(first.samples)
        self._packet_frames = int(second.samples) if second is not None else 0
        self._codec = str(self._stream.codec_context.name)
        container = self._container.format.name.split(",")[0]
        self.format = f"{CONTAINER_NAMES.get(container, container.upper())} ({self._codec})"
        self.frames = self._stated_frames(container)

    def _stated_frames(self, container: str) -> int | None:
        if container == "aac":  # without a header: FFmpeg only guesses from the bit rate
            return None
        if self._stream.duration:
            return int(self._stream.duration * self._stream.time_base * self.rate)
        if self._container.duration:
            return int(self._container.duration * self.rate / av.time_base)
        return None

    def measure_frames(self) -> int:
        """Counts the file's frames from its packets, without decoding them."""
        self._reopen()
        last = 0.0
        for packet in self._container.demux(self._stream):
            if packet.pts is not None:
                last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        first = float(self._origin * self._stream.time_base)
        return max(0, round((last - first) * self.rate))

    def _reopen(self) -> None:
        """Back to the beginning: a new container, because seeking to 0 may forget the samples to skip there."""
        self._container.close()
        self._container = self._open()

    def _decoded(self) -> Iterator[Any]:
        """Gives decoded frames, and for a packet that the decoder refuses its length in seconds (float)."""
        self._stream_is_damaged = False
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                self._stream_is_damaged = True
                return
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self._stream_is_damaged = True
                yield float((packet.duration or 0) * self._stream.time_base)

    def read(self, start: int, end: int | None) -> Iterator[np.ndarray]:
        """See `Reader.read`. Damaged packets between good ones are read as silence and counted in `lost`."""
        at, frames = self._begin(start)
        gap = packets = 0  # frames and packets lost since the last good packet
        for frame in frames:
            if isinstance(frame, float):
                gap += round(frame * self.rate)
                packets += 1
                continue
            mono, bad = to_mono(_to_array(frame))
            if gap:
                mono = np.concatenate([np.zeros(gap, np.float32), mono])
                self.lost += packets
                gap = packets = 0
            self.not_finite += bad
            skipped = max(0, start - at)
            at += len(mono)
            mono = mono[skipped:] if end is None or at <= end else mono[skipped : len(mono) - (at - end)]
            if len(mono):
                yield mono
            if end is not None and at >= end:
                return
        self.readable_s = at / self.rate
        if self.frames is not None and at < self.frames - TAIL_S * self.rate:
            self.ends_early, self.expected_s = True, self.frames / self.rate
        elif gap or (self._stream_is_damaged and self.frames is None):
            self.ends_early = True

    def _begin(self, start: int) -> tuple[int, Iterator[Any]]:
        """Seeks to shortly before a frame; returns the number of the first frame that comes, and the frames."""
        offset_s = start / self.rate - PREROLL_S
        if offset_s > PREROLL_S:
            try:
                self._container.seek(self._origin + int(offset_s / self._stream.time_base), stream=self._stream)
                frames = self._decoded()
                first = next((frame for frame in frames if not isinstance(frame, float)), None)
                if first is not None and first.pts is not None and (at := self._position(first.pts)) <= start:
                    return at, _chain(first, frames)
            except av.FFmpegError:
                pass  # a container that cannot seek is read from its beginning
        self._reopen()
        return 0, self._decoded()

    def _position(self, pts: int) -> int:
        """The number of the frame at a presentation time; snapped to the packets' grid where the container rounds."""
        at = round(float((pts - self._origin) * self._stream.time_base) * self.rate)
        if self._packet_frames and self._codec in CONSTANT_FRAME_CODECS:
            packets = round((at - self._first_frames) / self._packet_frames)
            snapped = self._first_frames + packets * self._packet_frames
            if abs(snapped - at) <= SNAP_S * self.rate:
                return snapped
        return at

    def close(self) -> None:
        """See `Reader.close`."""
        self._container.close()


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _to_array(frame: Any) -> np.ndarray:
    """A decoded frame as float32 `(n, channels)`, full scale 1."""
    samples: np.ndarray = frame.to_ndarray()
    samples = samples.T if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels)
    scale = INTEGER_SCALES.get(samples.dtype.name)
    floats = samples.astype(np.float32)
    if samples.dtype == np.uint8:
        floats -= 128.0
    return floats if scale is None else floats / np.float32(scale)
