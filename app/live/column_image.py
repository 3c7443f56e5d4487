"""The moving picture: columns of pixels that are computed once each, and copied to the screen where they stand now.

Pixel columns are numbered from the beginning of the session, as time is, and stand in the image at their number modulo
its width: what moves is only where it is cut open.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from app.live.picture_store import COLUMNS_A_SECOND, PictureStore
from core.audio.display import FLOOR_DB, MAX_HZ, MEL_BANDS, hz_to_mel

PITCH = (141.0, 240.0, 255.0)  # red, green, blue of the line
PITCH_PX, CASING_PX = 1.1, 2.1  # half of its width, and of the dark one behind it
STEP_PX = 14.0  # a higher step from one column to the next is a gap
BENT = 0.6  # exponent of the waveform: quiet speech is seen, and full scale is the edge


class ColumnImage:
    """A mel spectrogram with the waveform above it, `width` pixels for `seconds`."""

    def __init__(self, store: PictureStore) -> None:
        self._store = store
        self._colours = np.zeros(256, np.uint32)
        self._wave_colours = (0, 0)
        self.width = self.mel_height = self.wave_height = 0
        self.columns_a_pixel = 1.0
        self._done = (0, 0)  # pixel columns that are computed

    def set_size(self, width: int, wave_height: int, mel_height: int, seconds: float) -> None:
        """In pixels of the screen."""
        columns_a_pixel = seconds * COLUMNS_A_SECOND / max(width, 1)
        new = (width, wave_height, mel_height, columns_a_pixel)
        if new == (self.width, self.wave_height, self.mel_height, self.columns_a_pixel):
            return
        self.width, self.wave_height, self.mel_height, self.columns_a_pixel = new
        self._index = np.zeros((mel_height, width), np.uint8)
        self._pixels = np.zeros((wave_height + mel_height, width), np.uint32)
        self._image = QImage(self._pixels.data, width, wave_height + mel_height, width * 4, QImage.Format.Format_RGB32)
        band = (np.arange(mel_height)[::-1] + 0.5) / mel_height * MEL_BANDS - 0.5
        self._band = np.clip(np.floor(band).astype(int), 0, MEL_BANDS - 2)
        self._weight = np.clip(band - self._band, 0.0, 1.0).astype(np.float32)
        self._row = np.abs((np.arange(wave_height) + 0.5) / max(wave_height, 1) * 2 - 1)
        self._upper = (np.arange(wave_height) < wave_height / 2)[:, None]
        self._done = (0, 0)

    def set_colours(self, table: np.ndarray, low_db: float, high_db: float, wave: int, behind: int) -> None:
        """The colour map, uint8 `(256, 4)`; its range; the waveform's colour and the one behind it as 0xffrrggbb."""
        db = np.linspace(FLOOR_DB, 0.0, 256)
        at = np.clip((db - low_db) / max(high_db - low_db, 1e-6) * 255, 0, 255).round().astype(int)
        self._colours = np.ascontiguousarray(table[at]).view(np.uint32)[:, 0]
        if (wave, behind) != self._wave_colours:
            self._wave_colours, self._done = (wave, behind), (0, 0)
        elif self.width:
            self._colour(*self._done)

    @property
    def last(self) -> int:
        """The number of pixel columns of which all sound is there."""
        needed = self._store.count - (self.columns_a_pixel < 1.0)  # narrow ones are drawn between two spectra
        return int(needed / self.columns_a_pixel)

    def prepare(self, first: int) -> None:
        """Compute what is missing of the columns from `first` on that fill the width."""
        least = -int(-self._store.oldest // self.columns_a_pixel)  # rounded up
        start, end = max(first, least), min(first + self.width, self.last)
        self._take_pitch()
        done_from, done_to = self._done
        if end <= start:
            return
        if end < done_from or start > done_to:
            done_from = done_to = start
        if start < done_from:
            self._compute(start, done_from)
        if end > done_to:
            self._compute(done_to, end)
        low, high = min(start, done_from), max(end, done_to)
        # there is room for one width: what was computed last stands
        self._done = (low, min(high, low + self.width)) if start < done_from else (max(low, high - self.width), high)

    def paint(self, painter: QPainter, first: int, left: float, top: float, ratio: float) -> None:
        """Copy the columns from `first` on to the screen; those that are not there are left as they are."""
        start, end = max(first, self._done[0]), min(first + self.width, self._done[1])
        while start < end:
            at = start % self.width
            count = min(end - start, self.width - at)
            target = QRectF(left + (start - first) / ratio, top, count / ratio, self._image.height() / ratio)
            painter.drawImage(target, self._image, QRectF(at, 0, count, self._image.height()))
            start += count

    def _take_pitch(self) -> None:
        """The pitch comes later than the sound: draw it into what is computed."""
        first, last = self._store.take_new_pitch()
        low = max(int(first / self.columns_a_pixel), self._done[0])
        high = min(int(last / self.columns_a_pixel) + 2, self._done[1])
        if last > first and high > low:
            self._colour(low, high)

    def _compute(self, first: int, last: int) -> None:
        """Pixel columns [first, last)."""
        at = np.arange(first, last) % self.width
        levels, low, high = self._reduce(first, last)
        rows = levels[:, self._band] * (1 - self._weight) + levels[:, self._band + 1] * self._weight
        self._index[:, at] = np.round(rows).astype(np.uint8).T
        reach = np.where(self._upper, np.maximum(high, 0.0) ** BENT, np.maximum(-low, 0.0) ** BENT)
        self._pixels[: self.wave_height, at] = np.where(self._row[:, None] <= reach + self._hair, *self._wave_colours)
        self._colour(first, last)

    def _colour(self, first: int, last: int) -> None:
        """Spectrogram and pitch of pixel columns that are computed."""
        at = np.arange(first, last) % self.width
        self._pixels[self.wave_height :, at] = self._colours[self._index[:, at]]
        y = self._pitch_rows(first - 1, last)
        before, y = y[:-1], y[1:]
        there = np.flatnonzero(np.isfinite(y))
        if not len(there):
            return
        y, before = y[there], before[there]
        before = np.where(np.abs(before - y) <= STEP_PX, before, y)
        low, high = np.minimum(y, before), np.maximum(y, before)
        top, bottom = max(int(low.min() - 4), 0), min(int(high.max() + 5), self.mel_height)
        if bottom <= top:
            return
        rows = np.arange(top, bottom)[:, None] + 0.5
        away = np.maximum(np.maximum(low - rows, rows - high), 0.0)
        part = self._pixels[self.wave_height + top : self.wave_height + bottom]
        under = np.ascontiguousarray(part[:, at[there]])[:, :, None].view(np.uint8)[:, :, :3]
        casing = (np.clip(CASING_PX + 0.5 - away, 0.0, 1.0) * 0.6)[:, :, None]
        line = np.clip(PITCH_PX + 0.5 - away, 0.0, 1.0)[:, :, None]
        blend = np.full((bottom - top, len(there), 4), 255, np.uint8)
        blend[:, :, :3] = np.round(under * (1 - casing) * (1 - line) + np.array(PITCH[::-1]) * line)
        part[:, at[there]] = blend.view(np.uint32)[:, :, 0]

    def _pitch_rows(self, first: int, last: int) -> np.ndarray:
        """Where the line stands in pixel columns [first, last): rows of the spectrogram, NaN where it is not voiced."""
        store = self._store
        middle = ((np.arange(first, last) + 0.5) * self.columns_a_pixel).astype(int)
        there = (middle >= store.oldest) & (middle < store.count)
        hz = np.where(there, store.pitch[middle % store.capacity], np.nan)
        return (1.0 - hz_to_mel(hz) / float(hz_to_mel(MAX_HZ))) * self.mel_height

    @property
    def _hair(self) -> float:
        """Half the height of the line that silence is."""
        return 1.0 / max(self.wave_height, 1)

    def _reduce(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean spectra, minima and maxima of pixel columns, or what lies between where there are more pixels."""
        store, width = self._store, self.columns_a_pixel
        edges = np.arange(first, last + 1) * width
        if width < 1.0:
            middle = np.clip((edges[:-1] + edges[1:]) / 2 - 0.5, store.oldest, store.count - 1)
            near = np.minimum(middle.astype(int), max(store.count - 2, store.oldest))
            weight = (middle - near).astype(np.float32)[:, None]
            one, two = near % store.capacity, np.minimum(near + 1, store.count - 1) % store.capacity
            levels = store.levels[one] * (1 - weight) + store.levels[two] * weight
            there = np.round(middle).astype(int) % store.capacity
            return levels, store.low[there], store.high[there]
        starts = edges.astype(int)
        begin, end = int(starts[0]), max(int(starts[-1]), int(starts[0]) + 1)
        groups = starts[:-1] - begin
        sums = np.add.reduceat(store.part(store.levels, begin, end), groups, axis=0, dtype=np.uint32)
        counts = np.diff([*groups, end - begin])[:, None]
        low = np.minimum.reduceat(store.part(store.low, begin, end), groups)
        high = np.maximum.reduceat(store.part(store.high, begin, end), groups)
        return sums / counts, low, high
