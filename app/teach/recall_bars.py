"""The recall of each label as bars: one while it is taught, two to compare before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.teach.figures import NO_VALUE
from app.theme import LIGHT, Theme

ROW = 30
BAR = 9


@dataclass(frozen=True)
class Recall:
    """Of a label; None where no clip carries it, or nothing is known yet."""

    name: str
    color: str
    after: float | None
    before: float | None = None


class RecallBars(QWidget):
    """With two values, the upper and paler bar is the one before."""

    def __init__(self, *, compares: bool = False) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._compares = compares
        self.recalls: list[Recall] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(220)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_recalls(self, recalls: Sequence[Recall]) -> None:
        self.recalls = list(recalls)
        self.setAccessibleName("Recall by label: " + "; ".join(f"{each.name} {self._text(each)}" for each in recalls))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, ROW * max(len(self.recalls), 1))

    def minimumSizeHint(self) -> QSize:
        return QSize(220, self.sizeHint().height())

    def _text(self, each: Recall) -> str:
        if each.after is None:
            return NO_VALUE
        after = f"{each.after:.0%}"
        return f"{each.before:.0%} → {after}" if self._compares and each.before is not None else after

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        names = min(max((metrics.horizontalAdvance(each.name) for each in self.recalls), default=0), self.width() // 3)
        numbers = max((metrics.horizontalAdvance(self._text(each)) for each in self.recalls), default=0)
        for place, each in enumerate(self.recalls):
            row = QRectF(0, place * ROW, self.width(), ROW)
            painter.setPen(QColor(self._theme.text))
            name = metrics.elidedText(each.name, Qt.TextElideMode.ElideRight, names)
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, name)
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(row, right, self._text(each))
            area = QRectF(names + 12, row.top(), self.width() - names - numbers - 24, ROW)
            if self._compares and each.before is not None:
                self._draw_bar(painter, area, -BAR / 2 - 1, each.before, self._theme.muted)
                self._draw_bar(painter, area, BAR / 2 + 1, each.after or 0.0, each.color)
            else:
                self._draw_bar(painter, area, 0.0, each.after or 0.0, each.color)

    def _draw_bar(self, painter: QPainter, area: QRectF, shift: float, value: float, color: str) -> None:
        whole = QRectF(area.left(), area.center().y() + shift - BAR / 2, area.width(), BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        for width, shade in ((whole.width(), self._theme.track), (whole.width() * value, color)):
            painter.setBrush(QColor(shade))
            painter.drawRoundedRect(QRectF(whole.left(), whole.top(), width, BAR), BAR / 2, BAR / 2)
