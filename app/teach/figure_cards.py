"""Figures before and after, a card each, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.teach.figures import Change
from app.widgets import Card, make_label

NARROWEST = 168  # pixels of a card
GAP = 10


class ChangeCard(Card):
    """A figure in large, what it is, and how sure it is."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.setToolTip(change.tip)
        self.setMinimumWidth(NARROWEST)
        value, note = make_label(text=change.value), make_label("muted", change.note, wrap=True)
        font = value.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        value.setFont(font)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(2)
        for label in (make_label("heading", change.title), value, note):
            layout.addWidget(label)
        layout.addStretch()


class ChangeCards(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.cards: list[ChangeCard] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self.setMinimumWidth(NARROWEST)

    def show_changes(self, changes: Sequence[Change]) -> None:
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards = [ChangeCard(change) for change in changes]
        self._columns = 0
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        fitting = max((self.width() + GAP) // (NARROWEST + GAP), 1)
        rows = -(-len(self.cards) // fitting)
        columns = max(-(-len(self.cards) // max(rows, 1)), 1)  # as many in each row
        if columns == self._columns:
            return
        for column in range(max(columns, self._columns)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._columns = columns
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns)
            card.show()
