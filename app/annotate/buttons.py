"""Buttons: one that does what an action does, and one with a name and, in grey, where it lies."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPalette
from PySide6.QtWidgets import QPushButton, QSizePolicy

PADDING = 12


class ElidedButton(QPushButton):
    def __init__(self, name: str, place: str) -> None:
        super().__init__()
        self._name, self._place = name, place
        self.setToolTip(f"{name} in {place}")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.fontMetrics().height() + 16)

    @property
    def name(self) -> str:
        return self._name

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 16)

    def paintEvent(self, event: object) -> None:
        super().paintEvent(event)  # type: ignore[arg-type]
        painter, metrics, middle = QPainter(self), self.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        room = self.rect().adjusted(PADDING, 0, -PADDING, 0)
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideMiddle, int(room.width() * 0.6))
        painter.setPen(self.palette().color(QPalette.ColorRole.ButtonText))
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, name)
        used = metrics.horizontalAdvance(name) + PADDING
        rest = QRect(room.left() + used, room.top(), room.width() - used, room.height())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        place = metrics.elidedText(self._place, Qt.TextElideMode.ElideMiddle, rest.width())
        painter.drawText(rest, middle | Qt.AlignmentFlag.AlignRight, place)


def make_action_button(action: QAction) -> QPushButton:
    button = QPushButton(action.text().replace("&", ""))
    button.setToolTip(action.toolTip())
    button.setAutoDefault(True)
    button.clicked.connect(action.trigger)
    return button
