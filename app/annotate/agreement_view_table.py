"""The clips that annotators differ on, as a table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.annotate.agreement_view_data import Dispute, time_text
from app.annotate.dialog_parts import make_dot
from core.schemes import Scheme

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
CLIP, TIME, FIRST_VOTE = 0, 1, 2


class DisputeTable(QAbstractTableModel):
    """A row a clip: where it is, a column for everybody's label, and the decision."""

    def __init__(self, scheme: Scheme) -> None:
        super().__init__()
        self._scheme = scheme
        self._annotators: list[str] = []
        self.rows: list[Dispute] = []

    def show_rows(self, rows: list[Dispute], annotators: list[str]) -> None:
        self.beginResetModel()
        self.rows, self._annotators = rows, annotators
        self.endResetModel()

    def refresh(self) -> None:
        """What was decided has changed, but not which rows there are."""
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, self.columnCount() - 1))

    def row_of(self, clip: int) -> int:
        """-1 where the clip is not shown."""
        return next((row for row, each in enumerate(self.rows) if each.clip == clip), -1)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else FIRST_VOTE + len(self._annotators) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return ["Clip", "Time", *self._annotators, "Decision"][section]

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.path if column == CLIP else self._text(row, column)
        if role == Qt.ItemDataRole.DecorationRole:
            label = self._label(row, column)
            return make_dot(self._scheme.color(label)) if label else None
        return None

    def _label(self, row: Dispute, column: int) -> str:
        if column < FIRST_VOTE:
            return ""
        vote = column - FIRST_VOTE
        return row.said.decision if vote == len(self._annotators) else row.votes.get(self._annotators[vote], "")

    def _text(self, row: Dispute, column: int) -> str:
        if column == CLIP:
            return row.name
        if column == TIME:
            return time_text(row.start_s, row.end_s)
        vote = column - FIRST_VOTE
        if vote < len(self._annotators):
            return row.vote_text(self._annotators[vote])
        return f"{row.said.decision} ({row.said.by})" if row.said.decision else ""
