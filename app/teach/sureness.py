"""How sure must the model be? A slider, with how many clips it then answers and how well."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QSlider, QVBoxLayout, QWidget

from app.annotate.dialog_parts import named
from app.teach.figures import sureness_text
from app.theme import LIGHT, Theme
from app.widgets import Card, make_label

UNMEASURED = (
    "It was not measured how sure the model in use is. Teach it with clips held out, keep it, and you can choose here "
    "how sure it must be."
)
STEPS = 100
LEFT, BOTTOM, TOP, RIGHT = 44, 40, 12, 26
Coverage = Sequence[tuple[float, float, float]]


class CoverageChart(QWidget):
    """UA against the share of clips that are answered; a ring where the slider stands."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._coverage: list[tuple[float, float, float]] = []
        self._least = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("UA against the share of clips that are answered")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 150)

    def show_coverage(self, coverage: Coverage, least: float) -> None:
        self._coverage, self._least = sorted(coverage), least
        self.update()

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(LEFT, TOP, -RIGHT, -BOTTOM)

    def _point(self, share: float, ua: float) -> QPointF:
        area = self._area()
        return QPointF(area.left() + share * area.width(), area.bottom() - ua * area.height())

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axes(painter)
        points = [self._point(share, ua) for _, share, ua in self._coverage]
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(QColor(self._theme.accent))
        for point in points:
            painter.drawEllipse(point, 2.5, 2.5)
        chosen = [point for point, each in zip(points, self._coverage, strict=True) if each[0] <= self._least]
        if chosen and self._least <= self._coverage[-1][0]:
            painter.setBrush(QColor(self._theme.card))
            painter.drawEllipse(chosen[-1], 6, 6)

    def _draw_axes(self, painter: QPainter) -> None:
        area, metrics = self._area(), self.fontMetrics()
        middle, right = Qt.AlignmentFlag.AlignCenter, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for part in (0.0, 0.25, 0.5, 0.75, 1.0):
            y, x = self._point(0, part).y(), self._point(part, 0).x()
            painter.setPen(QColor(self._theme.track))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(QRectF(0, y - 10, LEFT - 8, 20), right, f"{part:.2f}")
            painter.drawText(QRectF(x - 30, area.bottom() + 2, 60, metrics.height()), middle, f"{part:.0%}")
        below = QRectF(area.left(), area.bottom() + 2 + metrics.height(), area.width(), metrics.height())
        painter.drawText(below, middle, "clips that are answered (across), and the UA on them (up)")


class SurenessView(Card):
    """For the model in use; what is chosen is kept by its fingerprint."""

    chosen = Signal(str, float)  # fingerprint, least confidence

    def __init__(self) -> None:
        super().__init__()
        self._fingerprint = ""
        self._coverage: list[tuple[float, float, float]] = []
        self.heading = make_label("strong", "How sure must the model be?", wrap=True)
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "How sure must the model be?")
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(5)
        self.sentence = make_label(wrap=True)
        self.model = make_label("muted", wrap=True)
        self.chart = CoverageChart()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        for widget in (self.heading, self.slider, self.sentence, self.model):
            layout.addWidget(widget)
        layout.addWidget(self.chart, 1)
        layout.addStretch()
        self.slider.valueChanged.connect(self._on_moved)
        self.show_model("", "", [], 0.0)

    def set_theme(self, theme: Theme) -> None:
        self.chart.set_theme(theme)

    @property
    def least(self) -> float:
        return self.slider.value() / STEPS

    def show_model(self, fingerprint: str, name: str, coverage: Coverage, least: float) -> None:
        self._fingerprint, self._coverage = "", list(coverage)
        self.slider.setValue(round(least * STEPS))
        self._fingerprint = fingerprint
        measured = bool(coverage)
        for widget in (self.slider, self.chart, self.model):
            widget.setVisible(measured)
        self.model.setText(f"Measured on the held-out clips of {name}.")
        self._show()

    def _on_moved(self) -> None:
        self._show()
        if self._fingerprint:
            self.chosen.emit(self._fingerprint, self.least)

    def _show(self) -> None:
        self.sentence.setText(sureness_text(self._coverage, self.least) if self._coverage else UNMEASURED)
        self.chart.show_coverage(self._coverage, self.least)
