"""Loss, UA and WA as curves while a model is taught."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QWidget

from app.teach.chart import Axes, Chart, Line
from app.theme import Theme
from app.widgets import make_label

MOST_POINTS = 400  # of a curve; more are not seen
SIZE = QSize(320, 190)
WA_COLOR = 4
NO_LOSS = "No step is done yet."
NO_SCORES = "It is measured after each pass, where clips are held out."
Points = Sequence[tuple[float, float]]


class Curves(QWidget):
    """Two charts side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = _Frame(Axes("pass", "Loss", x_unit="passes", decimals=3), NO_LOSS)
        self.scores = _Frame(Axes("pass", "On held-out clips", x_unit="passes", y_range=(0.0, 1.0)), NO_SCORES)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        layout.addWidget(self.loss, 1)
        layout.addWidget(self.scores, 1)

    def set_theme(self, theme: Theme) -> None:
        for frame in (self.loss, self.scores):
            frame.chart.set_theme(theme)

    def show_curves(self, loss: Points, ua: Points, wa: Points) -> None:
        self.loss.show_lines([Line("", _thinned(loss))])
        self.scores.show_lines([Line("UA", list(ua)), Line("WA", list(wa), color=WA_COLOR, dashed=True)])


class _Frame(QWidget):
    """A chart; before there is anything in it, a sentence."""

    def __init__(self, axes: Axes, hint: str) -> None:
        super().__init__()
        self.chart = Chart(axes, size=SIZE)
        self.hint = make_label("muted", hint, wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.hint)
        self._pages.addWidget(self.chart)
        self.setFixedHeight(SIZE.height())
        self.setMinimumWidth(160)

    def show_lines(self, lines: Sequence[Line]) -> None:
        self.chart.show_lines(lines)
        self._pages.setCurrentIndex(bool(self.chart.lines))


def _thinned(points: Points) -> Points:
    """Fewer points, the last one among them."""
    step = len(points) // MOST_POINTS + 1
    return list(points[::-1][::step])[::-1]
