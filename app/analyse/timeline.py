"""The recording on one time axis: waveform above, mel spectrogram below, speech segments over both."""

from __future__ import annotations

import math
from bisect import bisect_right
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.analyse.timeline_axes import TimeScale, frequency_at
from app.analyse.timeline_loader import DrawRequest, OpenRecording, Picture, TimelineLoader
from app.analyse.timeline_painter import Layout, TimelinePainter, TimelineSegment
from app.theme import DARK, LIGHT

__all__ = ["Timeline", "TimelineSegment"]

REDRAW_MS = 30
SHORTEST_VIEW_S = 0.02
SHORTEST_SELECTION_S = 0.01
WHEEL_ZOOM = 1.25
KEY_ZOOM = 1.6
PAN = 0.25  # of the view
EDGE_PX = 5  # so near to an edge of the selection, a drag moves that edge
EMPTY_TEXT = "Drop a recording here, or open one with Ctrl+O"


class Timeline(QWidget):
    """Shows one recording; reading and the spectrogram are done off the GUI thread, for what is visible only.

    Methods: set_recording(path | None), set_segments(list[TimelineSegment]), set_cursor(s), set_selection((start_s,
    end_s) | None), zoom_in(), zoom_out(), fit(), pan_left(), pan_right(), set_dark(bool), close() stops the work in the
    background. Properties: selection -> (start_s, end_s) | None, view -> (start_s, end_s).

    The keys + - F and the arrows are left to the window's actions; the mouse is handled here: the wheel zooms at the
    pointer, Shift+wheel pans, the right or middle button drags the view, the left button drags a selection, a click
    seeks, a double click fits.
    """

    seek_requested = Signal(float)  # a click: seconds in the recording
    segment_clicked = Signal(int)  # index into the list given to set_segments; seek_requested follows
    selection_changed = Signal(object)  # (start_s, end_s) or None
    view_changed = Signal(float, float)  # the visible range, seconds
    hovered = Signal(float, object)  # seconds, Hz or None (over the waveform)
    loaded = Signal(float)  # the recording's duration, seconds; again where reading it to the end corrects that
    failed = Signal(str)  # one sentence: why the recording cannot be shown
    noted = Signal(str)  # one sentence about a recording that is shown, e.g. that it is truncated

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Waveform and spectrogram")
        self._loader = TimelineLoader()
        queued = Qt.ConnectionType.QueuedConnection
        self._loader.opened.connect(self._on_opened, queued)
        self._loader.grown.connect(self._on_grown, queued)
        self._loader.finished.connect(self._on_finished, queued)
        self._loader.failed.connect(self._on_failed, queued)
        self._loader.drawn.connect(self._on_drawn, queued)
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._redraw.timeout.connect(self._request_picture)
        self._theme = LIGHT
        self._painter = TimelinePainter()
        self._recording: OpenRecording | None = None
        self._duration_s = 0.0
        self._view = (0.0, 1.0)
        self._picture: Picture | None = None
        self._segments: list[TimelineSegment] = []
        self._selection: tuple[float, float] | None = None
        self._cursor_s = 0.0
        self._pointer: QPointF | None = None
        self._message = EMPTY_TEXT
        self._pressed: tuple[Qt.MouseButton, QPointF, float] | None = None  # button, place, the time that is held
        self._dragging = False

    # What is shown

    def set_recording(self, path: Path | None) -> None:
        if self._recording is not None:
            self._recording.closed.set()
        self._recording = self._picture = self._selection = None
        self._segments, self._cursor_s, self._duration_s = [], 0.0, 0.0
        self._message = EMPTY_TEXT if path is None else f"Reading {path.name} ..."
        if path is not None:
            self._recording = self._loader.open(Path(path))
        self._repaint()

    def set_segments(self, segments: list[TimelineSegment]) -> None:
        self._segments = list(segments)
        self._repaint()

    def set_cursor(self, time_s: float) -> None:
        """Move the play cursor; a view that showed it follows it."""
        before, self._cursor_s = self._cursor_s, time_s
        start_s, end_s = self._view
        if self._is_ready and not start_s <= time_s <= end_s:
            seen = start_s - 0.05 <= before <= end_s + 0.05
            if seen or abs(time_s - before) > 0.5:
                width_s = end_s - start_s
                self._set_view(time_s - 0.05 * width_s, time_s + 0.95 * width_s)
        self._update_line(before)
        self._update_line(time_s)

    @property
    def selection(self) -> tuple[float, float] | None:
        return self._selection

    def set_selection(self, selection: tuple[float, float] | None) -> None:
        if selection is not None:
            start_s, end_s = sorted(max(0.0, float(time_s)) for time_s in selection)
            selection = (start_s, end_s) if end_s - start_s >= SHORTEST_SELECTION_S else None
        if selection != self._selection:
            self._selection = selection
            self._repaint()
            self.selection_changed.emit(selection)

    @property
    def view(self) -> tuple[float, float]:
        return self._view

    def zoom_in(self) -> None:
        self._zoom(1 / KEY_ZOOM)

    def zoom_out(self) -> None:
        self._zoom(KEY_ZOOM)

    def fit(self) -> None:
        self._set_view(0.0, self._duration_s)

    def pan_left(self) -> None:
        self._pan(-PAN)

    def pan_right(self) -> None:
        self._pan(PAN)

    def set_dark(self, dark: bool) -> None:
        self._theme = DARK if dark else LIGHT
        self._repaint()
        self._redraw.start()

    def sizeHint(self) -> QSize:
        return QSize(800, 320)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._recording is not None:
            self._recording.closed.set()
        self._redraw.stop()
        self._loader.close()
        super().closeEvent(event)

    # The view

    @property
    def _is_ready(self) -> bool:
        return self._recording is not None and self._duration_s > 0

    @property
    def _layout(self) -> Layout:
        return Layout(self.width(), self.height())

    @property
    def _scale(self) -> TimeScale:
        plot = self._layout.mel
        return TimeScale(*self._view, plot.left(), plot.width())

    def _set_view(self, start_s: float, end_s: float) -> None:
        if not self._is_ready:
            return
        width_s = min(max(end_s - start_s, min(SHORTEST_VIEW_S, self._duration_s)), self._duration_s)
        start_s = min(max(start_s, 0.0), self._duration_s - width_s)
        view = (start_s, start_s + width_s)
        if view != self._view:
            self._view = view
            self._repaint()
            self._redraw.start()
            self.view_changed.emit(*view)

    def _zoom(self, factor: float, around_s: float | None = None) -> None:
        start_s, end_s = self._view
        if around_s is None:
            around_s = self._cursor_s if start_s <= self._cursor_s <= end_s else (start_s + end_s) / 2
        width_s = min(max((end_s - start_s) * factor, SHORTEST_VIEW_S), self._duration_s)
        start_s = around_s - (around_s - start_s) * width_s / (end_s - start_s)
        self._set_view(start_s, start_s + width_s)

    def _pan(self, part: float) -> None:
        start_s, end_s = self._view
        self._set_view(start_s + part * (end_s - start_s), end_s + part * (end_s - start_s))

    # What the loader brings

    def _request_picture(self) -> None:
        layout, ratio = self._layout, self.devicePixelRatioF()
        if self._recording is None or not self._is_ready or layout.mel.width() < 1:
            return
        color = QColor(self._painter.wave_color(self._theme))
        self._loader.draw(
            DrawRequest(
                self._recording,
                *self._view,
                columns=max(1, round(layout.mel.width() * ratio)),
                wave_rows=max(1, round(layout.wave.height() * ratio)),
                mel_rows=max(1, round(layout.mel.height() * ratio)),
                wave_color=(color.red(), color.green(), color.blue()),
            )
        )

    def _on_opened(self, recording: OpenRecording, duration_s: float) -> None:
        if recording is not self._recording:
            return
        self._duration_s = duration_s
        self._view = (0.0, max(duration_s, 1e-3))
        self._repaint()
        self.loaded.emit(duration_s)
        self.view_changed.emit(*self._view)

    def _on_grown(self, recording: OpenRecording) -> None:
        if recording is self._recording:
            self._request_picture()

    def _on_finished(self, recording: OpenRecording, duration_s: float, note: str) -> None:
        if recording is not self._recording:
            return
        if abs(duration_s - self._duration_s) > 1e-3:
            whole = self._view[0] == 0.0 and self._view[1] >= self._duration_s - 1e-6
            self._duration_s = duration_s
            self.loaded.emit(duration_s)
            self._set_view(*((0.0, duration_s) if whole else self._view))
        self._request_picture()
        if note:
            self.noted.emit(note)

    def _on_failed(self, recording: OpenRecording, message: str) -> None:
        if recording is self._recording:
            self._recording = self._picture = None
            self._duration_s, self._message = 0.0, message
            self._repaint()
            self.failed.emit(message)

    def _on_drawn(self, picture: Picture) -> None:
        if picture.request.recording is self._recording:
            self._picture = picture
            self._painter.set_picture(picture)
            self._repaint()

    # Painting

    def _repaint(self) -> None:
        self._painter.forget()
        self.update()

    def _update_line(self, time_s: float) -> None:
        x = self._scale.x(time_s)
        if -10 < x < self.width() + 10:
            self.update(QRect(math.floor(x) - 6, 0, 13, self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture is None:
            self._painter.paint_message(
                painter, QRectF(self.rect()), self._message, self._theme, self._recording is None
            )
            return
        self._painter.paint(
            painter, self._layout, self._scale, self._theme, self._segments, self._selection, self.devicePixelRatioF()
        )
        self._painter.paint_cursor(painter, self._layout, self._scale, self._cursor_s, self._theme)
        if self._pointer is not None and not self._dragging:
            self._painter.paint_pointer(painter, self._layout, self._scale, self._pointer)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._repaint()
        self._redraw.start()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self._repaint()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._repaint()
            self._redraw.start()
        return super().event(event)

    # The mouse

    def _time_at(self, point: QPointF) -> float:
        return min(max(self._scale.time_s(point.x()), 0.0), self._duration_s)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._picture is None:
            super().mousePressEvent(event)
            return
        held_s = self._time_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and self._selection is not None:
            near, far = sorted(self._selection, key=lambda edge_s: abs(self._scale.x(edge_s) - event.position().x()))
            if abs(self._scale.x(near) - event.position().x()) <= EDGE_PX:
                held_s = far
        self._pressed, self._dragging = (event.button(), event.position(), held_s), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._pressed is None:
            self._hover(point)
            return
        button, pressed_at, held_s = self._pressed
        if not self._dragging and (point - pressed_at).manhattanLength() < 4:
            return
        self._dragging = True
        if button == Qt.MouseButton.LeftButton:
            self._selection = (min(held_s, self._time_at(point)), max(held_s, self._time_at(point)))
            self._repaint()
        else:
            self._drag_view(held_s, point)

    def _drag_view(self, held_s: float, point: QPointF) -> None:
        """The moment that was taken hold of stays under the pointer."""
        move_s = held_s - self._scale.time_s(point.x())
        self._set_view(self._view[0] + move_s, self._view[1] + move_s)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.button() != self._pressed[0]:
            return
        dragged, self._pressed, self._dragging = self._dragging, None, False
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if dragged:
            selected, self._selection = self._selection, None
            self.set_selection(selected)
            if self._selection is None:
                self.selection_changed.emit(None)
        else:
            self._click(event.position())

    def _click(self, point: QPointF) -> None:
        time_s = self._time_at(point)
        if self._selection is not None and not self._selection[0] <= time_s <= self._selection[1]:
            self.set_selection(None)
        index = self._segment_at(time_s)
        if index is not None:
            self.segment_clicked.emit(index)
        self.seek_requested.emit(time_s)

    def _segment_at(self, time_s: float) -> int | None:
        index = bisect_right(self._segments, time_s, key=lambda segment: segment.start_s) - 1
        return index if index >= 0 and time_s < self._segments[index].end_s else None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._picture is None:
            event.ignore()
            return
        delta = event.angleDelta()
        sideways = event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(delta.x()) > abs(delta.y())
        steps = (delta.x() or delta.y()) / 120 if sideways else delta.y() / 120
        if sideways:
            self._pan(-steps * PAN / 2)
        else:
            self._zoom(WHEEL_ZOOM**-steps, self._time_at(event.position()))
        event.accept()

    def _hover(self, point: QPointF) -> None:
        layout = self._layout
        inside = self._picture is not None and (layout.wave.contains(point) or layout.mel.contains(point))
        near = inside and self._selection is not None and self._is_near_edge(point)
        self.setCursor(Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor)
        self._pointer = point if inside else None
        self.update()
        if inside:
            hz = frequency_at(point.y(), layout.mel) if layout.mel.contains(point) else None
            self.hovered.emit(self._time_at(point), hz)

    def _is_near_edge(self, point: QPointF) -> bool:
        return any(abs(self._scale.x(edge_s) - point.x()) <= EDGE_PX for edge_s in self._selection or ())

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()
        super().leaveEvent(event)
