"""The waveform and spectrogram of the clip that is shown, with the clips of its recording that lie beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent

from app.analyse.recording import format_time
from app.analyse.timeline import EDGE_PX, Timeline, TimelineSegment
from app.analyse.timeline_painter import LABEL_PX, STRIP_PX, with_alpha
from core.project.queue import Neighbour
from core.schemes import Scheme

AROUND = 0.25  # of the clip, to be seen on either side
LEAST_AROUND_S = 0.3
GREY = "#808080"
UNLABELLED = "clip"
NO_CLIP = "The sound of the clip that you choose appears here"
HOW_TO_MOVE = "Drag an edge of the clip, then press B to move it there. Double click: the whole recording"


@dataclass(frozen=True)
class ShownClip:
    """What is drawn of a clip; `file` is None where the recording is missing, and `problem` says so."""

    clip: int
    file: Path | None
    start_s: float
    end_s: float
    label: str = ""
    color: str = GREY
    problem: str = ""

    @property
    def span(self) -> tuple[float, float]:
        return self.start_s, self.end_s


@dataclass(frozen=True)
class Piece:
    """What can be seen of a neighbour: clips may overlap, and what is drawn must not."""

    neighbour: Neighbour
    start_s: float
    end_s: float


def lay_beside(neighbours: Iterable[Neighbour], span: tuple[float, float]) -> tuple[list[Piece], list[Piece]]:
    """The pieces before a span and behind it, in order. The span hides what it covers, the earlier clip the later."""
    before: list[Piece] = []
    behind: list[Piece] = []
    before_s, behind_s = float("-inf"), span[1]
    for each in sorted(neighbours, key=lambda neighbour: neighbour.start_s):
        if (start_s := max(each.start_s, before_s)) < (end_s := min(each.end_s, span[0])):
            before.append(Piece(each, start_s, end_s))
            before_s = end_s
        if (start_s := max(each.start_s, behind_s)) < each.end_s:
            behind.append(Piece(each, start_s, each.end_s))
            behind_s = each.end_s
    return before, behind


class ClipTimeline(Timeline):
    """A timeline on which one clip lies; its edges can be dragged, what is around it is dimmed.

    A click on another clip asks for that one, unless a stretch is selected: then the click only ends the selection.
    """

    neighbour_clicked = Signal(int)  # number of the clip

    def __init__(self) -> None:
        super().__init__()
        self._clip = 0
        self._span: tuple[float, float] | None = None
        self._file: Path | None = None
        self._own: TimelineSegment | None = None
        self._neighbours: Sequence[Neighbour] = ()
        self._scheme: Scheme | None = None
        self._pieces: list[Piece | None] = []  # of each segment; None for the clip itself
        self.loaded.connect(lambda _duration: self.fit_clip())
        self.say(NO_CLIP)

    @property
    def is_ready(self) -> bool:
        """A recording is there, and the view is one of it."""
        return self._is_ready

    def show_clip(self, file: Path, shown: ShownClip) -> None:
        self._clip, self._span = shown.clip, shown.span
        if file != self._file:
            self._file, self._neighbours = file, ()
            self.set_recording(file)
        self.recolor(shown.label, shown.color)
        self.set_selection(None)
        self.fit_clip()

    def recolor(self, label: str, color: str) -> None:
        if self._span is not None:
            self._own = TimelineSegment(*self._span, label or UNLABELLED, color)
            self._show_segments()

    def show_neighbours(self, neighbours: Sequence[Neighbour], scheme: Scheme | None) -> None:
        """Other clips of the recording; the one that is shown may be among them."""
        if (neighbours, scheme) != (self._neighbours, self._scheme):
            self._neighbours, self._scheme = neighbours, scheme
            self._show_segments()

    def _show_segments(self) -> None:
        if self._span is None or self._own is None:
            return
        before, behind = lay_beside((each for each in self._neighbours if each.clip != self._clip), self._span)
        self._pieces = [*before, None, *behind]
        self.set_segments([self._own if piece is None else self._segment_of(piece) for piece in self._pieces])

    def _segment_of(self, piece: Piece) -> TimelineSegment:
        label = piece.neighbour.label
        color = self._scheme.color(label) if self._scheme and label else GREY
        return TimelineSegment(piece.start_s, piece.end_s, label or UNLABELLED, color)

    def say(self, sentence: str) -> None:
        """No sound, but a sentence."""
        self._span = self._file = self._own = None
        self._neighbours, self._pieces = (), []
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
        left, right = (min(max(scale.x(edge_s), layout.mel.left()), layout.mel.right()) for edge_s in self._span)
        heads = QRectF(layout.wave)
        heads.setHeight(min(STRIP_PX + LABEL_PX, layout.wave.height()))
        below = QRectF(layout.wave)
        below.setTop(heads.bottom())
        window = self._theme.window
        for plot, shade in (
            (heads, with_alpha(window, 0.3)),  # the neighbours' labels are to be read
            (below, with_alpha(window, 0.62)),
            (layout.mel, with_alpha("#000004", 0.6)),
        ):
            painter.fillRect(QRectF(plot.left(), plot.top(), left - plot.left(), plot.height()), shade)
            painter.fillRect(QRectF(right, plot.top(), plot.right() - right, plot.height()), shade)
        painter.end()

    # The mouse

    def neighbour_at(self, point: QPointF) -> Neighbour | None:
        """The clip beside the one that is shown, at a place where a click would choose it."""
        layout = self._layout
        inside = self._picture is not None and (layout.wave.contains(point) or layout.mel.contains(point))
        if not inside or self._selection is not None or self._is_near_clip(point):
            return None
        index = self._segment_at(self._time_at(point))
        piece = None if index is None else self._pieces[index]
        return piece.neighbour if piece else None

    def _click(self, point: QPointF) -> None:
        neighbour = self.neighbour_at(point)
        if neighbour is None:
            super()._click(point)
        else:
            self.neighbour_clicked.emit(neighbour.clip)

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
        elif self.neighbour_at(point) is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            neighbour = self.neighbour_at(QPointF(event.pos()))
            self.setToolTip(HOW_TO_MOVE if neighbour is None else describe(neighbour))
        return super().event(event)


def describe(neighbour: Neighbour) -> str:
    """What the tooltip says of a clip beside the one that is shown."""
    said = "unsure" if neighbour.unsure else neighbour.label or "not labelled"
    start, end = (format_time(edge_s, tenths=True) for edge_s in (neighbour.start_s, neighbour.end_s))
    return f"Another clip, {start} – {end}: {said}. Click to go to it"
