"""The moving picture of live sound: waveform, spectrogram, pitch, emotion and words, from right to left."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.analyse.timeline_axes import TimeScale
from app.analyse.timeline_painter import with_alpha
from app.colormaps import make_colormap
from app.live.column_image import ColumnImage
from app.live.options import LiveOptions
from app.live.picture_painter import (
    FramePainter,
    Lanes,
    RibbonPainter,
    WordsPainter,
    paint_badge,
    paint_breaks,
    visible,
)
from app.live.picture_store import COLUMNS_A_SECOND, PictureStore
from app.live.segments import Segment, SegmentLog
from app.theme import LIGHT, Theme

PULL = 0.1  # of the way to the newest sound that is caught up with in a frame
JUMP_S = 0.5  # farther behind than this, the picture jumps
WHEEL_SHARE = 0.1  # of what is shown is scrolled by a notch
STEP_SHARE = 0.25  # and by a key
DRAG_PX = 4


class LivePicture(QWidget):
    """`advance` is called at the screen's pace, and moves the picture on."""

    chosen = Signal(object)  # Segment, or None where nobody speaks
    played = Signal(object)  # Segment: a double click
    moved = Signal()  # it was frozen, scrolled, or goes on

    def __init__(
        self,
        store: PictureStore,
        log: SegmentLog,
        options: LiveOptions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._store, self._log, self._options, self._clock = store, log, options, clock
        self._image = ColumnImage(store)
        self._theme: Theme = LIGHT
        self._colors: dict[str, str] = {}
        self._end_s = 0.0  # of what is shown while it moves
        self._held_s: float | None = None  # of what is shown while it is frozen
        self._at_s = clock()
        self._pressed: tuple[QPointF, float] | None = None
        self._dragged = False
        self.message = ""  # stands where there is no picture
        self.selected: Segment | None = None
        self.setMinimumSize(320, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName("Live spectrogram, emotion and words")
        self.set_theme(LIGHT)

    def sizeHint(self) -> QSize:
        return QSize(800, 420)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.show_options()

    def set_colors(self, colors: dict[str, str]) -> None:
        """Of the labels."""
        self._colors = colors
        self.show_options()

    def show_options(self) -> None:
        """The options or the theme are others."""
        theme, options = self._theme, self._options
        wave = QColor("#9fb6cf" if theme.dark else "#47617d").rgb()
        self._table = make_colormap(options.colours)
        self._image.set_colours(self._table, options.low_db, options.high_db, wave, QColor(theme.window).rgb())
        self._ribbon = RibbonPainter(self._colors, theme)
        self._words = WordsPainter(self.font(), theme)
        self._frame = FramePainter(self.font(), theme)
        self.update()

    # Where it stands

    @property
    def frozen(self) -> bool:
        return self._held_s is not None

    @property
    def end_s(self) -> float:
        return self._end_s if self._held_s is None else self._held_s

    @property
    def behind_s(self) -> float:
        """How far what is shown lies behind what is heard."""
        return self._store.end_s - self.end_s

    @property
    def lanes(self) -> Lanes:
        return Lanes(self.width(), self.height(), self._words.line)

    @property
    def first_column(self) -> int:
        """Number of the leftmost pixel column, in pixels of the screen."""
        width = round(self.lanes.plot_width * self.devicePixelRatioF())
        return int(self.end_s * width / self._options.seconds) - width

    @property
    def scale(self) -> TimeScale:
        """Seconds to pixels: exactly what the columns are drawn by."""
        lanes, ratio = self.lanes, self.devicePixelRatioF()
        start_s = self.first_column * self._options.seconds / round(lanes.plot_width * ratio)
        return TimeScale(start_s, start_s + self._options.seconds, lanes.mel.left(), lanes.plot_width)

    def advance(self) -> None:
        """Another frame: as much farther as time has gone by, held to what has been heard."""
        now_s = self._clock()
        elapsed_s, self._at_s = now_s - self._at_s, now_s
        target_s = self._store.end_s
        if target_s - self._end_s > JUMP_S:
            self._end_s = target_s
        else:
            end_s = self._end_s + elapsed_s
            self._end_s = min(end_s + (target_s - end_s) * PULL, target_s)
        if self._held_s is not None:
            self._held_s = self._limited(self._held_s)
        self.update()

    def toggle_freeze(self) -> None:
        self._held_s = self._end_s if self._held_s is None else None
        self.moved.emit()
        self.update()

    def to_now(self) -> None:
        """Move on with what is heard."""
        if self._held_s is not None:
            self.toggle_freeze()

    def scroll_to(self, end_s: float) -> None:
        """Show what ends there; at the newest sound, it moves on."""
        end_s = self._limited(end_s)
        self._held_s = None if end_s >= self._store.end_s - 1 / COLUMNS_A_SECOND else end_s
        self.moved.emit()
        self.update()

    def show_segment(self, segment: Segment) -> None:
        """Scroll there if it is out of sight."""
        scale = self.scale
        if segment.start_s < scale.start_s or segment.start_s > scale.end_s:
            self.scroll_to(segment.start_s + 0.7 * self._options.seconds)
        self.update()

    def _scroll(self, shares: float) -> None:
        self.scroll_to(self.end_s + shares * self._options.seconds)

    def scroll_back(self) -> None:
        self._scroll(-STEP_SHARE)

    def scroll_on(self) -> None:
        self._scroll(STEP_SHARE)

    def to_start(self) -> None:
        self.scroll_to(0.0)

    def _limited(self, end_s: float) -> float:
        oldest_s = self._store.oldest / COLUMNS_A_SECOND + self._options.seconds
        return min(max(end_s, oldest_s), self._store.end_s)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, lanes, ratio = QPainter(self), self.lanes, self.devicePixelRatioF()
        width, wave, mel = (round(part * ratio) for part in (lanes.plot_width, lanes.wave_height, lanes.mel_height))
        self._image.set_size(width, wave, mel, self._options.seconds)
        first, scale, theme = self.first_column, self.scale, self._theme
        self._image.prepare(first)
        painter.fillRect(lanes.wave, QColor(theme.window))
        blue, green, red, _ = (int(value) for value in self._table[0])
        painter.fillRect(lanes.mel, QColor(red, green, blue))
        self._image.paint(painter, first, lanes.wave.left(), lanes.wave.top(), ratio)
        segments = visible(self._log.segments, scale)
        painter.save()
        painter.setClipRect(lanes.all_lanes)
        paint_breaks(painter, self._store, lanes.all_lanes, scale, theme)
        self._ribbon.paint(painter, lanes.ribbon, scale, self._heard(scale), segments)
        self._paint_selected(painter, lanes, scale)
        painter.restore()
        self._words.paint(painter, lanes.words, scale, segments)
        self._frame.paint(painter, lanes, scale)
        self._paint_state(painter, lanes)

    def _heard(self, scale: TimeScale) -> list[tuple[float, float]]:
        return [span for span in self._log.heard if span[1] > scale.start_s and span[0] < scale.end_s]

    def _paint_selected(self, painter: QPainter, lanes: Lanes, scale: TimeScale) -> None:
        segment = self.selected
        if segment is None:
            return
        left, right = round(scale.x(segment.start_s)), round(scale.x(segment.end_s))
        area = lanes.all_lanes.adjusted(left - lanes.all_lanes.left(), 1, right - lanes.all_lanes.right(), -1)
        painter.fillRect(area, with_alpha(self._theme.accent, 0.12))
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        painter.drawRect(area)

    def _paint_state(self, painter: QPainter, lanes: Lanes) -> None:
        if self.frozen:
            text = f"Frozen, {self.behind_s:.0f} s ago" if self.behind_s >= 1 else "Frozen"
            paint_badge(
                painter, lanes.mel.right() - 8, lanes.mel.top() + 8, text, self._theme.accent, self._theme.on_accent
            )
        if self.message:
            area = lanes.mel.adjusted(24, 8, -24, -8)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.setFont(self.font())
            box = painter.boundingRect(area, flags, self.message).adjusted(-16, -10, 16, 10)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(with_alpha(self._theme.card, 0.92))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(box, 8, 8)
            painter.setPen(QColor(self._theme.text))
            painter.drawText(area, flags, self.message)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = (event.position(), self.end_s), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        start, end_s = self._pressed
        way = event.position().x() - start.x()
        self._dragged = self._dragged or abs(way) > DRAG_PX
        if self._dragged:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.scroll_to(end_s - way * self._options.seconds / self.lanes.plot_width)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.unsetCursor()
        if self._pressed is not None and not self._dragged:
            self.chosen.emit(self._log.nearest(self.scale.time_s(event.position().x())))
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        segment = self._log.nearest(self.scale.time_s(event.position().x()))
        if segment is not None:
            self.played.emit(segment)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        notches = (delta.y() or delta.x()) / 120
        self._scroll(-notches * WHEEL_SHARE)
        event.accept()
