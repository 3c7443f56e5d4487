"""A chart of lines with bands: axes, a legend, and what stands under the mouse. Drawn here, so that nothing has to be
loaded before the first line is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.teach.chart_scale import Scale, round_outwards, scale_of, tick_text, ticks
from app.theme import LIGHT, Theme

LIGHT_COLORS = ("#2f6fb3", "#b4502a", "#2f8a4a", "#8338c8", "#96700a", "#c2417c", "#1f8a8a", "#5b6673")
DARK_COLORS = ("#5b9bdc", "#e8845c", "#62bd7d", "#b98af0", "#d9b13e", "#ec84b4", "#55c4c4", "#a0a9b5")
PADDING, GAP, SWATCH, TICK = 8, 6, 18, 4
MARK = 3.0  # radius of a point
BAND_ALPHA = 30
MOST_ROWS, MOST_MARKS = 6, 24
NEAR = 40  # pixels from the mouse to the point that is read


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: in the legend and under the mouse; "" for none.
        points: x and y, ascending.
        bands: low and high end at each point; none for a line without a band.
        color: number in the palette.
        dashed: as it is drawn.
        level: it has one y, wherever x is.
    """

    name: str
    points: Sequence[tuple[float, float]]
    bands: Sequence[tuple[float, float]] = ()
    color: int = 0
    dashed: bool = False
    level: bool = False

    def text(self, place: int, decimals: int) -> str:
        """What is read at a point: `0.71`, with its band `0.71 [0.65, 0.78]`."""
        text = f"{self.points[place][1]:.{decimals}f}"
        if self.bands:
            text += " [" + ", ".join(f"{end:.{decimals}f}" for end in self.bands[place]) + "]"
        return f"{self.name}: {text}" if self.name else text


@dataclass(frozen=True)
class Axes:
    """What a chart's axes are.

    Attributes:
        x_title: under the chart.
        y_title: over it, at the left.
        x_unit: what is written after x under the mouse.
        logarithmic: x by powers of two.
        y_range: None: as the lines have it.
        x_marks: numbers that are written on the axis; none: round ones.
    """

    x_title: str
    y_title: str
    x_unit: str = ""
    logarithmic: bool = False
    y_range: tuple[float, float] | None = None
    x_marks: tuple[float, ...] = ()
    decimals: int = 2


class Chart(QWidget):
    def __init__(self, axes: Axes, *, size: QSize) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._hint = size
        self._hovered: float | None = None  # x
        self.axes, self.lines = axes, list[Line]()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"{axes.y_title} against {axes.x_title}")

    def sizeHint(self) -> QSize:
        return self._hint

    def minimumSizeHint(self) -> QSize:
        return QSize(min(160, self._hint.width()), min(150, self._hint.height()))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_lines(self, lines: Sequence[Line], axes: Axes | None = None) -> None:
        self.axes = axes or self.axes
        self.lines = [line for line in lines if line.points]
        self._hovered = None
        self.update()

    # Where things lie

    def _legend_rows(self, metrics: QFontMetricsF, width: float) -> list[list[Line]]:
        rows: list[list[Line]] = []
        free = 0.0
        for line in (line for line in self.lines if line.name):
            needed = SWATCH + GAP + metrics.horizontalAdvance(line.name) + 2 * PADDING
            if not rows or needed > free:
                rows.append([])
                free = width
            rows[-1].append(line)
            free -= needed
        return rows

    def _scales(self) -> tuple[Scale, Scale]:
        xs = [x for line in self.lines if not line.level for x, _ in line.points] or [1.0]
        ys = [y for line in self.lines for _, y in line.points]
        ys += [end for line in self.lines for band in line.bands for end in band]
        x = scale_of(xs, zero=not self.axes.logarithmic, logarithmic=self.axes.logarithmic)
        if self.axes.y_range is not None:
            return x, Scale(*self.axes.y_range)
        return x, round_outwards(scale_of(ys), MOST_ROWS)

    def _plot(self, rect: QRectF, metrics: QFontMetricsF, y: Scale) -> QRectF:
        rows = len(self._legend_rows(metrics, rect.width() - 2 * PADDING))
        line, (texts, _) = metrics.height(), self._y_texts(y, rect.height())
        left = max((metrics.horizontalAdvance(text) for text in texts), default=0.0) + GAP + PADDING
        top = line * (1 + rows) + GAP * (1 + (rows > 0))
        return rect.adjusted(left, top, -PADDING - MARK, -(2 * line + TICK + GAP))

    def _y_texts(self, y: Scale, height: float) -> tuple[list[str], list[float]]:
        values = ticks(y, max(2, min(MOST_ROWS, int(height / 34))))
        step = values[1] - values[0] if len(values) > 1 else 0.1
        return [tick_text(value, step) for value in values], values

    def _x_values(self, x: Scale, plot: QRectF) -> list[float]:
        if self.axes.x_marks:
            return list(self.axes.x_marks)
        step = max(1, int(plot.width() / 48))
        values = ticks(x, min(step, 11))
        return [value for value in values if value == int(value)] or values

    # Drawing

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        self.draw(painter, QRectF(self.rect()), self._theme)

    def draw(self, painter: QPainter, rect: QRectF, theme: Theme) -> None:
        """The chart on any surface: the screen's, a picture's."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        metrics = QFontMetricsF(painter.font(), painter.device())
        x, y = self._scales()
        plot = self._plot(rect, metrics, y)
        if plot.width() < 20 or plot.height() < 20:
            return
        self._draw_axes(painter, rect, plot, metrics, (x, y), theme)
        self._draw_legend(painter, rect, metrics, theme)
        for line in self.lines:
            self._draw_band(painter, plot, line, (x, y), theme)
        for line in self.lines:
            self._draw_line(painter, plot, line, (x, y), theme)
        if self._hovered is not None and painter.device() is self:
            self._draw_reading(painter, plot, metrics, x, theme)

    def _draw_axes(
        self,
        painter: QPainter,
        rect: QRectF,
        plot: QRectF,
        metrics: QFontMetricsF,
        scales: tuple[Scale, Scale],
        theme: Theme,
    ) -> None:
        (x, y), line = scales, metrics.height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for text, value in zip(*self._y_texts(y, rect.height()), strict=True):
            height = plot.bottom() - y.share(value) * plot.height()
            painter.setPen(QColor(theme.track))
            painter.drawLine(QPointF(plot.left(), height), QPointF(plot.right(), height))
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(rect.left(), height - line / 2, plot.left() - rect.left() - GAP, line), right, text)
        painter.setPen(QColor(theme.border))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        values, free = self._x_values(x, plot), plot.left() - 40
        step = values[1] - values[0] if len(values) > 1 and not self.axes.x_marks else 1.0
        for value in values:
            place, text = plot.left() + x.share(value) * plot.width(), tick_text(value, step)
            half = metrics.horizontalAdvance(text) / 2
            painter.setPen(QColor(theme.border))
            painter.drawLine(QPointF(place, plot.bottom()), QPointF(place, plot.bottom() + TICK))
            if place - half < free:
                continue  # it would be written over the one before
            free = place + half + GAP
            painter.setPen(QColor(theme.muted))
            painter.drawText(QPointF(place - half, plot.bottom() + TICK + metrics.ascent() + 1), text)
        painter.setPen(QColor(theme.muted))
        below = QRectF(plot.left(), plot.bottom() + TICK + line + 1, plot.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self.axes.x_title)
        painter.drawText(QRectF(rect.left() + PADDING, rect.top(), rect.width(), line), 0, self.axes.y_title)

    def _draw_legend(self, painter: QPainter, rect: QRectF, metrics: QFontMetricsF, theme: Theme) -> None:
        top = rect.top() + metrics.height() + GAP
        for row in self._legend_rows(metrics, rect.width() - 2 * PADDING):
            left = rect.left() + PADDING
            for line in row:
                middle = top + metrics.height() / 2
                painter.setPen(_pen(line, theme))
                painter.drawLine(QPointF(left, middle), QPointF(left + SWATCH, middle))
                painter.setPen(QColor(theme.text))
                painter.drawText(QPointF(left + SWATCH + GAP, top + metrics.ascent()), line.name)
                left += SWATCH + GAP + metrics.horizontalAdvance(line.name) + 2 * PADDING
            top += metrics.height()

    def _points(self, plot: QRectF, line: Line, ys: Sequence[float], scales: tuple[Scale, Scale]) -> list[QPointF]:
        x, y = scales
        heights = [plot.bottom() - min(max(y.share(each), 0.0), 1.0) * plot.height() for each in ys]
        if line.level:
            return [QPointF(side, heights[0]) for side in (plot.left(), plot.right())]
        return [
            QPointF(plot.left() + x.share(at) * plot.width(), height)
            for (at, _), height in zip(line.points, heights, strict=True)
        ]

    def _draw_band(
        self, painter: QPainter, plot: QRectF, line: Line, scales: tuple[Scale, Scale], theme: Theme
    ) -> None:
        if not line.bands:
            return
        low = self._points(plot, line, [band[0] for band in line.bands], scales)
        high = self._points(plot, line, [band[1] for band in line.bands], scales)
        color = line_color(line.color, theme)
        if len(low) == 1:
            painter.setPen(QPen(color, 1.2))
            painter.drawLine(low[0], high[0])
            return
        color.setAlpha(BAND_ALPHA)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([*low, *reversed(high)]))

    def _draw_line(
        self, painter: QPainter, plot: QRectF, line: Line, scales: tuple[Scale, Scale], theme: Theme
    ) -> None:
        points = self._points(plot, line, [value for _, value in line.points], scales)
        painter.setPen(_pen(line, theme))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        if not line.level and len(points) <= MOST_MARKS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(line_color(line.color, theme))
            for point in points:
                painter.drawEllipse(point, MARK, MARK)

    # What is under the mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(event.position().x())

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def _hover(self, at: float | None) -> None:
        """The x of the points that are nearest to the mouse."""
        before, self._hovered = self._hovered, None
        xs = sorted({x for line in self.lines if not line.level for x, _ in line.points})
        if at is not None and xs:
            x, y = self._scales()
            plot = self._plot(QRectF(self.rect()), QFontMetricsF(self.font()), y)
            places = [abs(plot.left() + x.share(value) * plot.width() - at) for value in xs]
            if min(places) <= NEAR:
                self._hovered = xs[places.index(min(places))]
        if self._hovered != before:
            self.update()

    @property
    def reading(self) -> list[str]:
        """What is read under the mouse, x first; nothing where no point is near."""
        if self._hovered is None:
            return []
        texts = [f"{self._hovered:,.2f}".rstrip("0").rstrip(".") + f" {self.axes.x_unit}".rstrip()]
        for line in self.lines:
            places = [0] if line.level else [n for n, (x, _) in enumerate(line.points) if x == self._hovered]
            texts += [line.text(place, self.axes.decimals) for place in places[:1]]
        return texts

    def _draw_reading(self, painter: QPainter, plot: QRectF, metrics: QFontMetricsF, x: Scale, theme: Theme) -> None:
        assert self._hovered is not None
        texts, place = self.reading, plot.left() + x.share(self._hovered) * plot.width()
        painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(place, plot.top()), QPointF(place, plot.bottom()))
        width = max(map(metrics.horizontalAdvance, texts)) + 2 * PADDING
        height = metrics.height() * len(texts) + PADDING
        left = place + 10 if place + 10 + width <= self.width() else place - 10 - width
        left = min(max(left, 0.0), max(self.width() - width, 0.0))
        top = min(plot.top() + 4, max(self.height() - height - 1, 0.0))
        painter.setPen(QColor(theme.border))
        painter.setBrush(QColor(theme.card))
        painter.drawRoundedRect(QRectF(left, top, width, height), 4, 4)
        painter.setPen(QColor(theme.text))
        for number, text in enumerate(texts):
            base = top + PADDING / 2 + number * metrics.height() + metrics.ascent()
            painter.drawText(QPointF(left + PADDING, base), text)


def line_color(number: int, theme: Theme) -> QColor:
    palette = DARK_COLORS if theme.dark else LIGHT_COLORS
    return QColor(palette[number % len(palette)])


def _pen(line: Line, theme: Theme) -> QPen:
    style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
    return QPen(line_color(line.color, theme), 2, style)
