"""What lies over and under the moving spectrogram, on the same time axis: pitch, emotion, words, seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QTextCharFormat, QTextLayout

from app.analyse.timeline_axes import (
    TICK_PX,
    TimeScale,
    find_frequency_ticks,
    find_time_ticks,
    paint_left_axis,
)
from app.analyse.timeline_painter import ANTIALIAS, small_font, with_alpha
from app.live.picture_store import COLUMNS_A_SECOND, PictureStore
from app.live.segments import Segment
from app.theme import Theme, text_on

LEFT_PX, RIGHT_PX, TOP_PX, GAP_PX, AXIS_PX = 46, 10, 6, 5, 22
WAVE_SHARE = 0.2
RIBBON_PX = 34
LINES = 3  # of words
BUCKET_PX = 16  # in which the room for words grows
WORD_GAP_PX = 5.0


@dataclass(frozen=True)
class Lanes:
    """Where the parts stand in a widget of a given size, one above the other."""

    width: int
    height: int
    line: float  # height of a line of words

    @property
    def plot_width(self) -> int:
        return max(1, self.width - LEFT_PX - RIGHT_PX)

    @property
    def wave_height(self) -> int:
        return max(1, round(self._room * WAVE_SHARE))

    @property
    def mel_height(self) -> int:
        return max(1, self._room - self.wave_height)

    @property
    def _room(self) -> int:
        under = 3 * GAP_PX + RIBBON_PX + round(LINES * self.line) + AXIS_PX
        return max(2, self.height - TOP_PX - under)

    @property
    def wave(self) -> QRectF:
        return QRectF(LEFT_PX, TOP_PX, self.plot_width, self.wave_height)

    @property
    def mel(self) -> QRectF:
        return QRectF(LEFT_PX, TOP_PX + self.wave_height, self.plot_width, self.mel_height)

    @property
    def ribbon(self) -> QRectF:
        return QRectF(LEFT_PX, self.mel.bottom() + GAP_PX, self.plot_width, RIBBON_PX)

    @property
    def words(self) -> QRectF:
        return QRectF(LEFT_PX, self.ribbon.bottom() + GAP_PX, self.plot_width, LINES * self.line)

    @property
    def all_lanes(self) -> QRectF:
        """From the waveform to the ribbon."""
        return QRectF(LEFT_PX, TOP_PX, self.plot_width, self.ribbon.bottom() - TOP_PX)


def visible(segments: Sequence[Segment], scale: TimeScale) -> list[Segment]:
    """Those that touch the view, looked for from the youngest on."""
    found = []
    for segment in reversed(segments):
        if segment.end_s < scale.start_s:
            break
        if segment.start_s <= scale.end_s:
            found.append(segment)
    return found[::-1]


def paint_breaks(painter: QPainter, store: PictureStore, area: QRectF, scale: TimeScale, theme: Theme) -> None:
    """Where one device follows another."""
    painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DashLine))
    for column in store.breaks:
        x = round(scale.x(column / COLUMNS_A_SECOND))
        if area.left() < x < area.right():
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))


class Sprites:
    """Pictures of what has ended: painted once, and copied where they stand now."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[object, QPixmap]] = {}

    def of(self, segment: Segment, key: object, size: tuple[int, float], ratio: float) -> tuple[QPixmap, bool]:
        """The picture of a segment, and whether it has still to be painted."""
        known = self._made.get(segment.number)
        if known is not None and known[0] == (key, size, ratio):
            return known[1], False
        pixmap = QPixmap(max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        self._made[segment.number] = ((key, size, ratio), pixmap)
        return pixmap, True

    def keep(self, segments: Iterable[Segment]) -> None:
        """Forget all others."""
        shown = {segment.number for segment in segments}
        self._made = {number: made for number, made in self._made.items() if number in shown}


class RibbonPainter:
    """The emotion as a coloured band: height is confidence, hatched is silence."""

    def __init__(self, colors: dict[str, str], theme: Theme) -> None:
        self._colors, self._theme = colors, theme
        self._hatch = QBrush(with_alpha(theme.muted, 0.45), Qt.BrushStyle.BDiagPattern)
        self._sprites = Sprites()

    def color(self, name: str | None) -> str:
        return self._colors.get(name or "", "#808080")

    def paint(
        self,
        painter: QPainter,
        rect: QRectF,
        scale: TimeScale,
        heard: Iterable[tuple[float, float]],
        segments: Sequence[Segment],
    ) -> None:
        painter.fillRect(rect, QColor(self._theme.window))
        painter.setBrushOrigin(QPointF(scale.x(0.0) % 8.0, 0.0))  # the hatching moves with time
        for start_s, end_s in heard:
            left, right = max(scale.x(start_s), rect.left()), min(scale.x(end_s), rect.right())
            painter.fillRect(QRectF(left, rect.top(), max(right - left, 0.0), rect.height()), self._hatch)
        ratio = painter.device().devicePixelRatioF()
        for segment in segments:
            if not segment.is_silent:
                self._paint_segment(painter, rect, scale, segment, ratio)
        self._sprites.keep(segments)

    def _paint_segment(self, painter: QPainter, rect: QRectF, scale: TimeScale, segment: Segment, ratio: float) -> None:
        left = round(scale.x(segment.start_s))
        width = round(scale.x(segment.end_s)) - left
        if width <= 0:
            return
        if not segment.final:
            painter.save()
            painter.translate(left, rect.top())
            self._paint_band(painter, QRectF(0, 0, width, rect.height()), segment)
            painter.restore()
            return
        pixmap, is_new = self._sprites.of(segment, (segment.label, segment.emotion), (width, rect.height()), ratio)
        if is_new:
            inner = QPainter(pixmap)
            inner.setFont(painter.font())
            self._paint_band(inner, QRectF(0, 0, width, rect.height()), segment)
            inner.end()
        painter.drawPixmap(QPointF(left, rect.top()), pixmap)

    def _paint_band(self, painter: QPainter, whole: QRectF, segment: Segment) -> None:
        painter.fillRect(whole, QColor(self._theme.card))
        length_s = max(segment.end_s - segment.start_s, 1e-6)
        at = 0
        for place, (until_s, values) in enumerate(segment.history):
            is_last = place == len(segment.history) - 1
            share = 1.0 if is_last else min((until_s - segment.start_s) / length_s, 1.0)
            end = round(share * whole.width())
            if end <= at:
                continue
            name = max(values, key=lambda key: values[key])
            height = round(values[name] * whole.height())
            painter.fillRect(QRectF(at, 0, end - at, whole.height()), with_alpha(self.color(name), 0.28))
            painter.fillRect(QRectF(at, whole.height() - height, end - at, height), QColor(self.color(name)))
            at = end
        self._paint_name(painter, whole, segment)

    def _paint_name(self, painter: QPainter, whole: QRectF, segment: Segment) -> None:
        """What it was heard as, or what it was labelled, with a frame."""
        name = segment.label or segment.emotion
        if not name:
            return
        text = f"\u2713 {name}" if segment.label else name
        font = small_font(painter.font())
        font.setBold(True)
        width = QFontMetricsF(font).horizontalAdvance(text) + 10
        if segment.label:
            painter.setPen(QPen(QColor(self.color(name)), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(whole.adjusted(1, 1, -1, -1))
        if width > whole.width() - 4:
            return
        box = QRectF(whole.left() + 3, whole.center().y() - 8, width, 16)
        settled = segment.final or bool(segment.label)
        back = self.color(name) if settled else self._theme.card
        painter.setRenderHint(ANTIALIAS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(with_alpha(back, 1.0 if settled else 0.85))
        painter.drawRoundedRect(box, 3, 3)
        painter.setFont(font)
        painter.setPen(QColor(text_on(back) if settled else self._theme.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


class WordsPainter:
    """The words under the ribbon: each where it was said if there is room, else as a paragraph from there on."""

    def __init__(self, font: QFont, theme: Theme) -> None:
        self._font, self._metrics = font, QFontMetricsF(font)
        self._stable, self._tail = QColor(theme.text), QColor(theme.muted)
        self._sprites = Sprites()

    @property
    def line(self) -> float:
        return self._metrics.height()

    def paint(self, painter: QPainter, rect: QRectF, scale: TimeScale, segments: Sequence[Segment]) -> None:
        spoken = [segment for segment in segments if segment.text]
        lefts = [round(scale.x(segment.start_s)) for segment in spoken]
        ratio = painter.device().devicePixelRatioF()
        painter.save()
        painter.setFont(self._font)
        painter.setClipRect(rect)
        for segment, left, right in zip(spoken, lefts, [*lefts, round(rect.right())][1:], strict=True):
            room = right - left
            if segment is spoken[-1]:  # its room grows with each frame
                room = room // BUCKET_PX * BUCKET_PX
            if room < BUCKET_PX:
                continue
            key = (segment.stable, segment.tail, segment.words, segment.final)
            pixmap, is_new = self._sprites.of(segment, (key, round(scale.width)), (room, rect.height()), ratio)
            if is_new:
                inner = QPainter(pixmap)
                inner.setFont(self._font)
                a_second = scale.width / (scale.end_s - scale.start_s)
                if not self._paint_timed(inner, segment, a_second, room):
                    self._paint_paragraph(inner, segment, room)
                inner.end()
            painter.drawPixmap(QPointF(left, rect.top()), pixmap)
        painter.restore()
        self._sprites.keep(spoken)

    def _paint_timed(self, painter: QPainter, segment: Segment, pixels_a_second: float, room: int) -> bool:
        words = segment.timed_words
        lefts = [(word.start_s - segment.start_s) * pixels_a_second for word in words]
        ends = [left + self._metrics.horizontalAdvance(word.text) for left, word in zip(lefts, words, strict=True)]
        if not words or any(end + WORD_GAP_PX > then for end, then in zip(ends, [*lefts, room][1:], strict=True)):
            return False
        painter.setPen(self._stable)
        for left, word in zip(lefts, words, strict=True):
            painter.drawText(QPointF(left, self._metrics.ascent()), word.text)
        return True

    def _paint_paragraph(self, painter: QPainter, segment: Segment, room: int) -> None:
        stable, tail = (segment.text, "") if segment.final else (segment.stable, segment.tail)
        layout = self._lay_out(stable, tail, room - WORD_GAP_PX)
        first = 0 if segment.final else max(0, layout.lineCount() - LINES)  # what is said now is what counts
        layout.draw(painter, QPointF(0, -first * self.line), [], QRectF())

    def _lay_out(self, stable: str, tail: str, width: float) -> QTextLayout:
        layout = QTextLayout(" ".join(filter(None, [stable, tail])), self._font)
        formats = []
        for color, start, length in (
            (self._stable, 0, len(stable)),
            (self._tail, len(layout.text()) - len(tail), len(tail)),
        ):
            look = QTextCharFormat()
            look.setForeground(color)
            entry = QTextLayout.FormatRange()
            entry.start, entry.length, entry.format = start, length, look
            formats.append(entry)
        layout.setFormats(formats)
        layout.beginLayout()
        top = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            line.setPosition(QPointF(0, top))
            top += self.line
        layout.endLayout()
        return layout


class FramePainter:
    """The frames and the frequencies, which stay where they are, and the seconds, which do not."""

    def __init__(self, font: QFont, theme: Theme) -> None:
        self._font, self._theme = small_font(font), theme
        self._still: tuple[object, QPixmap] | None = None

    def paint(self, painter: QPainter, lanes: Lanes, scale: TimeScale) -> None:
        ratio = painter.device().devicePixelRatioF()
        key = (lanes, ratio)
        if self._still is None or self._still[0] != key:
            pixmap = QPixmap(round(lanes.width * ratio), round(lanes.height * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            inner = QPainter(pixmap)
            self._paint_still(inner, lanes)
            inner.end()
            self._still = (key, pixmap)
        painter.drawPixmap(0, 0, self._still[1])
        painter.setFont(self._font)
        painter.setPen(QPen(QColor(self._theme.muted), 1))
        top = lanes.words.bottom() + 2
        for time_s, text in find_time_ticks(scale):
            x = round(scale.x(time_s))
            if time_s < 0:
                continue
            painter.drawLine(QPointF(x, top), QPointF(x, top + TICK_PX))
            width = painter.fontMetrics().horizontalAdvance(text) + 2
            if scale.left - 20 <= x - width / 2 and x + width / 2 <= lanes.width:
                painter.drawText(QRectF(x - width / 2, top + TICK_PX, width, 15), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_still(self, painter: QPainter, lanes: Lanes) -> None:
        painter.setFont(self._font)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        for area in (lanes.wave.united(lanes.mel), lanes.ribbon):
            painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        color = QColor(self._theme.muted)
        paint_left_axis(painter, lanes.mel, find_frequency_ticks(lanes.mel), "kHz", color)
        painter.setPen(QPen(color, 1))
        top = lanes.words.bottom() + 2
        painter.drawLine(QPointF(lanes.words.left(), top), QPointF(lanes.words.right(), top))


def paint_badge(painter: QPainter, right: float, top: float, text: str, back: str, ink: str) -> None:
    """A few words on a coloured patch in a corner."""
    font = small_font(painter.font())
    font.setBold(True)
    painter.setFont(font)
    width = painter.fontMetrics().horizontalAdvance(text) + 16
    box = QRectF(right - width, top, width, 20)
    painter.setRenderHint(ANTIALIAS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(back))
    painter.drawRoundedRect(box, 10, 10)
    painter.setRenderHint(ANTIALIAS, False)
    painter.setPen(QColor(ink))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
