"""What the timeline needs of a recording, read and computed in threads of its own; what arrives late is dropped."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.colormaps import make_magma
from core.audio.decode import Sound, read_blocks, read_info, read_sound
from core.audio.display import MEL_BANDS, Overview, compute_envelope, compute_mel_spectrogram
from core.errors import AudioError

HELD_S = 600.0  # recordings up to this length are kept in memory
DETAIL_S = 180.0  # of longer ones, views up to this length are computed from the samples, wider ones from the overview
BLOCK_S = 30.0
GLIMPSES = (20, 60, 180)  # of a long recording, before it is read from end to end: ever more, each for a shorter part
GLIMPSE_S = 0.1
GLIMPSES_LIMIT_S = 2.0
NEWS_S = 0.4
MARGIN_S = 0.05

RANGE_DB = 70.0  # from black to the brightest colour
QUIETEST_TOP_DB = -30.0
SMALLEST_PEAK = 0.01

MAGMA = make_magma()


@dataclass(eq=False)
class OpenRecording:
    """A recording as far as it is known; filled by the loading thread, drawn by the drawing thread."""

    path: Path
    overview: Overview | None = None
    held: np.ndarray | None = None
    detail: Sound | None = None
    closed: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class DrawRequest:
    """A stretch of time and the size of its picture in device pixels."""

    recording: OpenRecording
    start_s: float
    end_s: float
    columns: int
    wave_rows: int
    mel_rows: int
    wave_color: tuple[int, int, int]


@dataclass(frozen=True)
class Picture:
    """Waveform and spectrogram, uint8 `(rows, columns, 4)` in the order blue, green, red, alpha (premultiplied)."""

    request: DrawRequest
    wave: np.ndarray
    mel: np.ndarray
    peak: float  # amplitude at the waveform's upper edge
    known_s: float  # how much of the recording was read when it was drawn


class TimelineLoader(QObject):
    """One thread a recording reads it; one thread draws the newest request, and starts the others: `Thread.start` waits
    until the new thread runs, which on a busy machine takes longer than the window has time for.
    """

    opened = Signal(object, float)  # recording, its duration in seconds as the file says
    grown = Signal(object)  # more of it is known
    finished = Signal(object, float, str)  # its true duration, a note
    failed = Signal(object, str)
    drawn = Signal(object)  # Picture

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()
        self._request: DrawRequest | None = None
        self._openings: list[OpenRecording] = []
        self._closed = False
        self._drawer: threading.Thread | None = None

    def open(self, path: Path) -> OpenRecording:
        recording = OpenRecording(path)
        with self._news:
            self._openings.append(recording)
            self._news.notify()
        self._need_drawer()
        return recording

    def draw(self, request: DrawRequest) -> None:
        """Asks for a picture; a request that was not begun yet is forgotten."""
        with self._news:
            self._request = request
            self._news.notify()
        self._need_drawer()

    def _need_drawer(self) -> None:
        if self._drawer is None:
            self._drawer = threading.Thread(target=self._serve, name="timeline-draw", daemon=True)
            self._drawer.start()

    def close(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify()
        if self._drawer is not None:
            self._drawer.join(timeout=2.0)

    def _load(self, recording: OpenRecording) -> None:
        try:
            duration_s = read_info(recording.path).duration_s
            recording.overview = Overview(duration_s)
            self.opened.emit(recording, duration_s)
            if duration_s > HELD_S:
                self._glimpse(recording, recording.overview)
            note = self._read(recording, recording.overview, duration_s <= HELD_S)
        except AudioError as error:
            if not recording.closed.is_set():
                self.failed.emit(recording, str(error))
            return
        if not recording.closed.is_set():
            self.finished.emit(recording, recording.overview.known_s, note)

    def _glimpse(self, recording: OpenRecording, overview: Overview) -> None:
        """A first impression of a long recording, from short parts all over it."""
        begun = told = time.monotonic()
        for start_s, end_s in glimpse_spans(overview.duration_s):
            middle_s = (start_s + end_s) / 2
            try:
                glimpse = read_sound(recording.path, middle_s, middle_s + GLIMPSE_S)
            except AudioError:
                return  # reading from the beginning says what is wrong
            now = time.monotonic()
            if recording.closed.is_set() or now - begun > GLIMPSES_LIMIT_S:
                return
            overview.add_glimpse(start_s, end_s, glimpse.samples)
            if now - told > NEWS_S:
                told = now
                self.grown.emit(recording)
        self.grown.emit(recording)

    def _read(self, recording: OpenRecording, overview: Overview, hold: bool) -> str:
        """Reads the recording from end to end; returns the note on what could not be read."""
        told, note = 0.0, ""
        for block in read_blocks(recording.path, BLOCK_S):
            if recording.closed.is_set():
                return ""
            note = block.note
            if hold:
                held = recording.held
                recording.held = block.samples if held is None else np.concatenate([held, block.samples])
            overview.add(block.start_s, block.samples)
            if time.monotonic() - told > NEWS_S:
                self.grown.emit(recording)
                told = time.monotonic()
        return note

    def _serve(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._request is not None or self._openings or self._closed)
                request, self._request = self._request, None
                openings, self._openings = self._openings, []
            if self._closed:
                return
            for recording in openings:
                threading.Thread(target=self._load, args=(recording,), name="timeline-load", daemon=True).start()
            if request is not None and request.recording.overview is not None:
                self.drawn.emit(compute_picture(request, request.recording.overview))


def glimpse_spans(duration_s: float) -> list[tuple[float, float]]:
    """Parts of a recording in the order in which their middles are looked at; the middle of three was seen before."""
    spans = []
    for number, count in enumerate(GLIMPSES):
        width_s = duration_s / count
        spans += [(at * width_s, (at + 1) * width_s) for at in range(count) if number == 0 or at % 3 != 1]
    return spans


def compute_picture(request: DrawRequest, overview: Overview) -> Picture:
    """The picture of what is visible, from the samples where they are few, else from the overview."""
    recording, view = request.recording, (request.start_s, request.end_s, request.columns)
    known_s = overview.known_s
    peak = max(overview.peak, SMALLEST_PEAK) * 1.05
    samples, origin_s = _samples_for(recording, request.start_s, request.end_s)
    if samples is None:
        envelope, db = overview.envelope(*view), overview.mel_spectrogram(*view)
    else:
        envelope = compute_envelope(samples, *view, samples_start_s=origin_s)
        db = compute_mel_spectrogram(samples, *view, samples_start_s=origin_s)
    wave = _paint_wave(envelope / peak, request.wave_rows, request.wave_color)
    return Picture(request, wave, _paint_mel(db, request.mel_rows, overview.loudest_db), peak, known_s)


def _samples_for(recording: OpenRecording, start_s: float, end_s: float) -> tuple[np.ndarray | None, float]:
    """Samples for a view and where the first one stands; None where the overview must do."""
    overview = recording.overview
    if overview is None or overview.duration_s <= HELD_S:
        return recording.held, 0.0
    if end_s - start_s > DETAIL_S:
        return None, 0.0
    detail = recording.detail
    known = detail is not None and detail.start_s <= max(0.0, start_s - MARGIN_S)
    if detail is None or not known or detail.start_s + detail.duration_s < min(end_s + MARGIN_S, overview.duration_s):
        around_s = MARGIN_S + (end_s - start_s) / 2  # so that a small move needs no reading
        try:
            detail = read_sound(recording.path, max(0.0, start_s - around_s), end_s + around_s)
        except AudioError:
            detail = Sound(np.zeros(0, np.float32), start_s)  # beyond the end of a truncated file
        recording.detail = detail
    return detail.samples, detail.start_s


def _paint_wave(envelope: np.ndarray, rows: int, color: tuple[int, int, int]) -> np.ndarray:
    """Fills between minima and maxima, at least a pixel high and without gaps between columns, with smooth edges."""
    joined = np.stack([envelope[0], envelope[1]])
    joined[0, 1:] = np.fmin(envelope[0, 1:], envelope[1, :-1])
    joined[1, 1:] = np.fmax(envelope[1, 1:], envelope[0, :-1])
    joined[:, np.isnan(envelope[0])] = 9.0  # nothing there: out of the picture
    low, high = (1 - joined) * (rows / 2)  # rows grow downwards: low is the larger
    middle, half = (low + high) / 2, np.maximum(low - high, 1.2) / 2
    row = np.arange(rows, dtype=np.float32)[:, None]
    cover = np.clip(np.minimum(middle + half, row + 1) - np.maximum(middle - half, row), 0, 1)
    picture = np.empty((rows, len(low), 4), np.uint8)
    for channel, value in enumerate((*color[::-1], 255)):
        picture[..., channel] = cover * value
    return picture


def _paint_mel(db: np.ndarray, rows: int, loudest_db: float) -> np.ndarray:
    """Brings bands to rows of pixels, the highest frequency on top, and decibels to colours."""
    top_db = max(loudest_db, QUIETEST_TOP_DB)
    shade = np.clip((db - (top_db - RANGE_DB)) * (255 / RANGE_DB), 0, 255)
    at = np.clip((1 - (np.arange(rows) + 0.5) / rows) * (MEL_BANDS + 1) - 1, 0, MEL_BANDS - 1)
    below = np.minimum(at.astype(np.int64), MEL_BANDS - 2)
    part = (at - below).astype(np.float32)[:, None]
    return MAGMA[(shade[below] * (1 - part) + shade[below + 1] * part).astype(np.uint8)]
