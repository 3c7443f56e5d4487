"""How loud it is: a bar with the peak that was held, and what should be done about it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.live.levels import Levels
from app.status_line import ElidedLabel
from app.theme import LIGHT, Theme
from app.widgets import set_look
from core.counting import counted

LEAST_DB = -60.0
GOOD, HOT, CLIPPED = "#3f9d63", "#e0a526", "#d1495b"
HOT_DB, CLIP_DB = -12.0, -3.0


class LevelBar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._rms = self._peak = self._held = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Level")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_levels(self, levels: Levels) -> None:
        shares = tuple(_share(db) for db in (levels.rms_db, levels.peak_db, levels.held_db))
        if shares != (self._rms, self._peak, self._held):
            self._rms, self._peak, self._held = shares
            self.setAccessibleDescription(f"{levels.peak_db:.0f} dB")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(0.5, 5.5, self.width() - 1, self.height() - 11)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.track))
        painter.drawRoundedRect(bar, 4, 4)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for db, color in ((LEAST_DB, GOOD), (HOT_DB - 6, GOOD), (HOT_DB + 2, HOT), (CLIP_DB, CLIPPED), (0.0, CLIPPED)):
            gradient.setColorAt(_share(db), QColor(color))
        painter.setBrush(gradient)
        for share, opacity in ((self._peak, 0.45), (self._rms, 1.0)):
            painter.setOpacity(opacity)
            painter.save()
            painter.setClipRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()))
            painter.drawRoundedRect(bar, 4, 4)
            painter.restore()
        painter.setOpacity(1.0)
        if self._held > 0:
            painter.setBrush(QColor(self._theme.text))
            painter.drawRect(QRectF(bar.left() + self._held * (bar.width() - 2), bar.top() - 1, 2, bar.height() + 2))


def _share(db: float) -> float:
    return min(max((db - LEAST_DB) / -LEAST_DB, 0.0), 1.0)


class LevelMeter(QWidget):
    """The bar, and a sentence beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = LevelBar()
        self.sentence = ElidedLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.bar, 3)
        layout.addWidget(self.sentence, 4)

    def show_levels(self, levels: Levels, otherwise: str, lost: int) -> None:
        """The level, and what is said beside it: a warning, sound that was lost, or something else."""
        self.bar.show_levels(levels)
        warning = levels.warning()
        if not warning and lost:
            warning = f"Sound was lost {counted(lost, 'time')}: the computer was too busy"
        text = warning or otherwise
        if text != self.sentence.full_text:
            self.sentence.show_text(text)
        set_look(self.sentence, "error" if warning else "muted")
