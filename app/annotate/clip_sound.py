"""The sound of the clip that is shown: its waveform with a little around it, and the buttons that play it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout

from app.analyse.timeline import EDGE_PX, Timeline, TimelineSegment
from app.analyse.transport import Transport
from app.annotate.clip_playback import ClipPlayback
from app.annotate.player_port import PlayerPort
from app.theme import Theme
from app.widgets import Card, make_label

AROUND = 0.25  # of the clip, to be seen on either side
LEAST_AROUND_S = 0.3
NO_CLIP = "The sound of the clip that you choose appears here"
TRANSPORT = {
    "previous-segment": "previous-clip",
    "play": "play-clip",
    "next-segment": "next-clip",
    "loop": "loop-clip",
    "zoom-out": "label-zoom-out",
    "zoom-in": "label-zoom-in",
    "fit": "fit-clip",
}


@dataclass(frozen=True)
class ShownClip:
    """What is drawn of a clip; `file` is None where the recording is missing, and `problem` says so."""

    clip: int
    file: Path | None
    start_s: float
    end_s: float
    label: str = ""
    color: str = "#808080"
    problem: str = ""

    @property
    def span(self) -> tuple[float, float]:
        return self.start_s, self.end_s


class ClipTimeline(Timeline):
    """A timeline on which one clip lies; its edges can be dragged, what is around it is dimmed."""

    def __init__(self) -> None:
        super().__init__()
        self._span: tuple[float, float] | None = None
        self._file: Path | None = None
        self.loaded.connect(lambda _duration: self.fit_clip())
        self.say(NO_CLIP)

    def show_clip(self, file: Path, start_s: float, end_s: float, label: str, color: str) -> None:
        self._span = (start_s, end_s)
        if file != self._file:
            self._file = file
            self.set_recording(file)
        self.set_segments([TimelineSegment(start_s, end_s, label or "clip", color)])
        self.set_selection(None)
        self.fit_clip()

    def recolor(self, label: str, color: str) -> None:
        if self._span is not None:
            self.set_segments([TimelineSegment(*self._span, label or "clip", color)])

    def say(self, sentence: str) -> None:
        """No sound, but a sentence."""
        self._span = self._file = None
        self.set_recording(None)
        self._message = sentence
        self._repaint()

    def fit_clip(self) -> None:
        """Show the clip and a little around it."""
        if self._span is not None:
            start_s, end_s = self._span
            around_s = max(AROUND * (end_s - start_s), LEAST_AROUND_S)
            self._set_view(start_s - around_s, end_s + around_s)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._picture is None or self._span is None:
            return
        painter, layout, scale = QPainter(self), self._layout, self._scale
        light, dark = QColor(self._theme.window), QColor("#000004")
        light.setAlphaF(0.62)
        dark.setAlphaF(0.6)
        left, right = (min(max(scale.x(edge_s), layout.mel.left()), layout.mel.right()) for edge_s in self._span)
        for plot, shade in ((layout.wave, light), (layout.mel, dark)):
            painter.fillRect(QRectF(plot.left(), plot.top(), left - plot.left(), plot.height()), shade)
            painter.fillRect(QRectF(right, plot.top(), plot.right() - right, plot.height()), shade)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._is_near_clip(event.position()):
            self._selection = self._span
        super().mousePressEvent(event)

    def _is_near_clip(self, point: QPointF) -> bool:
        edges = self._span or () if self._selection is None else ()
        return any(abs(self._scale.x(edge_s) - point.x()) <= EDGE_PX for edge_s in edges)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = not self._dragging and self._selection == self._span
        super().mouseReleaseEvent(event)
        if clicked and self._selection == self._span:  # an edge that was clicked on, not dragged
            self.set_selection(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        if event.button() == Qt.MouseButton.LeftButton:
            start_s, end_s = self._view
            self.fit()
            if self._view == (start_s, end_s):
                self.fit_clip()

    def _hover(self, point: QPointF) -> None:
        super()._hover(point)
        if self._is_near_clip(point):
            self.setCursor(Qt.CursorShape.SizeHorCursor)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(
                "Drag an edge of the clip, then press B to move it there. Double click: the whole recording"
            )
        return super().event(event)


class ClipSound(Card):
    """Plays and shows the clip; what is selected with the mouse is offered as its new boundaries."""

    noted = Signal(str)

    def __init__(self, player: PlayerPort, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self._actions = actions
        self.playback = ClipPlayback(player, self)
        self.timeline = ClipTimeline()
        self.timeline.setMinimumHeight(104)
        self.transport = Transport({name: actions[ours] for name, ours in TRANSPORT.items()})
        self.hint = make_label(
            "muted", "B moves the clip's boundaries to the selection, Esc leaves them where they are."
        )
        self.hint.setContentsMargins(10, 0, 10, 4)
        self.hint.hide()
        self.shown: ShownClip | None = None
        self._shows_playing = False
        self._icon_timer = QTimer(self, singleShot=True, interval=0)  # one clip ends and the next begins: no change
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addWidget(self.timeline, 1)
        layout.addWidget(self.hint)
        layout.addWidget(self.transport)
        self.timeline.seek_requested.connect(self.playback.seek)
        self.timeline.selection_changed.connect(self._on_selection)
        self.timeline.failed.connect(self.noted)
        self.playback.moved.connect(self._on_moved)
        self.playback.playing_changed.connect(lambda _playing: self._icon_timer.start())
        self._icon_timer.timeout.connect(self._show_playing)
        self.playback.available_changed.connect(self._on_available)
        self.playback.failed.connect(self.noted)
        self.show_clip(None)

    def set_theme(self, theme: Theme) -> None:
        self.transport.set_theme(theme)
        self.timeline.set_dark(theme.dark)

    def show_clip(self, shown: ShownClip | None) -> None:
        """Another clip, or the same one with other boundaries."""
        self.shown = shown
        if shown is None or shown.file is None:
            self.playback.set_clip(None, shown.span if shown else (0.0, 0.0))
            self.timeline.say(shown.problem if shown else NO_CLIP)
        else:
            self.playback.set_clip(shown.file, shown.span)
            self.timeline.show_clip(shown.file, *shown.span, shown.label, shown.color)
        self._on_moved(self.playback.position_s)
        self._on_selection(None)  # another clip has none, and the timeline does not tell

    def recolor(self, label: str, color: str) -> None:
        """The clip has another label."""
        self.timeline.recolor(label, color)

    @property
    def selection(self) -> tuple[float, float] | None:
        return self.timeline.selection

    def select_nothing(self) -> None:
        self.timeline.set_selection(None)

    def toggle_loop(self) -> None:
        looping = self._actions["loop-clip"].isChecked()
        self.playback.set_looping(looping)
        if looping and not self.playback.playing:
            self.playback.play()

    def _show_playing(self) -> None:
        if self.playback.playing != self._shows_playing:
            self._shows_playing = self.playback.playing
            self.transport.set_playing(self._shows_playing)

    def _on_selection(self, selection: tuple[float, float] | None) -> None:
        self.hint.setVisible(selection is not None)
        self._update()

    def _on_moved(self, time_s: float) -> None:
        self.timeline.set_cursor(time_s)
        start_s, end_s = self.playback.span
        self.transport.show_position(min(max(time_s - start_s, 0.0), end_s - start_s), end_s - start_s)

    def _on_available(self, sentence: str) -> None:
        self.transport.show_problem(sentence)
        self._update()

    def _update(self) -> None:
        there = self.shown is not None and self.shown.file is not None
        for name in ("play-clip", "loop-clip"):
            self._actions[name].setEnabled(self.playback.can_play)
        for name in ("label-zoom-in", "label-zoom-out", "fit-clip", "label-pan-left", "label-pan-right"):
            self._actions[name].setEnabled(there)
