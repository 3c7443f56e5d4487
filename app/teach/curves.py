"""Loss, UA and WA as curves while a model is taught. pyqtgraph is loaded when the first curve is wanted, beside the
window's thread: the window must start quickly, and most of its users never teach."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.background import run_in_background
from app.theme import LIGHT, Theme
from app.widgets import make_label

LIBRARY = "pyqtgraph"
MOST_POINTS = 1500  # of a curve; more are not seen
HEIGHT = 170
WA_COLOR = "#e0a526"
Points = Sequence[tuple[float, float]]


class Curves(QWidget):
    """Two plots side by side: what is drawn before the library is there is drawn then."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._library: Any = None
        self._loading = False
        self._data: dict[str, Points] = {}
        self._lines: dict[str, Any] = {}
        self.loss, self.scores = _Frame("Loss"), _Frame("UA, and WA (dashed)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        layout.addWidget(self.loss, 1)
        layout.addWidget(self.scores, 1)

    @property
    def is_drawn(self) -> bool:
        return self._library is not None

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self._library is not None:
            self._paint()

    def show_curves(self, loss: Points, ua: Points, wa: Points) -> None:
        self._data = {"loss": _thinned(loss), "ua": list(ua), "wa": list(wa)}
        self.loss.show_hint("" if loss else "No step is done yet.")
        self.scores.show_hint("" if ua else "It is measured after each pass, where clips are held out.")
        if self._library is not None:
            self._draw()
        elif loss or ua:
            self._load()

    def _load(self) -> None:
        if not self._loading:
            self._loading = True
            run_in_background(lambda: import_module(LIBRARY), self._on_loaded, lambda _sentence: None)

    def _on_loaded(self, library: Any) -> None:
        if not isValid(self):
            return
        self._library = library
        for frame in (self.loss, self.scores):
            frame.add_plot(library.PlotWidget())
        self.scores.plot.setYRange(0, 1, padding=0.02)
        self._lines = {"loss": self.loss.plot.plot(), "ua": self.scores.plot.plot(), "wa": self.scores.plot.plot()}
        self._paint()
        self._draw()

    def _paint(self) -> None:
        """The theme's colours."""
        pens = {"loss": (self._theme.accent, None), "ua": (self._theme.accent, None), "wa": (WA_COLOR, _DASHED)}
        for name, (color, style) in pens.items():
            pen = self._library.mkPen(color, width=2, **({"style": style} if style else {}))
            self._lines[name].setPen(pen)
            if name != "loss":  # a single pass must be seen, too
                self._lines[name].setSymbol("o")
                self._lines[name].setSymbolSize(6)
                self._lines[name].setSymbolBrush(color)
                self._lines[name].setSymbolPen(None)
        for frame in (self.loss, self.scores):
            frame.set_theme(self._theme)

    def _draw(self) -> None:
        for name, points in self._data.items():
            self._lines[name].setData([x for x, _ in points], [y for _, y in points])


_DASHED = Qt.PenStyle.DashLine


class _Frame(QWidget):
    """A plot under its title; before there is anything in it, a sentence."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.plot: Any = None
        self.title = make_label("heading", title)
        self.hint = make_label("muted", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self.title)
        self._layout.addWidget(self.hint, 1)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(160)

    def show_hint(self, sentence: str) -> None:
        self.hint.setText(sentence)
        self._choose()

    def add_plot(self, plot: Any) -> None:
        self.plot = plot
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setFrameShape(plot.Shape.NoFrame)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setAccessibleName(self.title.text())
        plot.showGrid(x=False, y=True, alpha=0.25)
        plot.getAxis("bottom").setLabel("pass")
        self._layout.addWidget(plot, 1)
        self._choose()

    def _choose(self) -> None:
        drawn = self.plot is not None and not self.hint.text()
        self.hint.setVisible(not drawn)
        if self.plot is not None:
            self.plot.setVisible(drawn)

    def set_theme(self, theme: Theme) -> None:
        self.plot.setBackground(theme.card)
        for side in ("bottom", "left"):
            axis = self.plot.getAxis(side)
            axis.setPen(theme.border)
            axis.setTextPen(theme.muted)
            axis.setStyle(tickLength=-4)


def _thinned(points: Points) -> Points:
    """Fewer points, the last one among them."""
    step = len(points) // MOST_POINTS + 1
    return list(points[::-1][::step])[::-1]
