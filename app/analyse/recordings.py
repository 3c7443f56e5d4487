"""The open recordings as a Qt model: one row each, in the order in which they were opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.analyse.recording import Recording

RECORDING_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()


class Recordings(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Recording] = []
        self._by_path: dict[Path, Recording] = {}

    def __iter__(self) -> Iterator[Recording]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Recording:
        return self._rows[row]

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        recording = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return recording.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join([str(recording.path), recording.state_text(), *recording.notes])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{recording.name}: {recording.state_text()}"
        return recording if role == RECORDING_ROLE else None

    def add(self, paths: Iterable[Path]) -> list[Recording]:
        """Append what is not open yet; returns the new recordings."""
        new = {path: Recording(path) for path in paths if path not in self._by_path}
        if new:
            first = len(self._rows)
            self.beginInsertRows(NO_PARENT, first, first + len(new) - 1)
            self._rows.extend(new.values())
            self._by_path.update(new)
            self.endInsertRows()
        return list(new.values())

    def find(self, path: Path) -> Recording | None:
        return self._by_path.get(path)

    def remove(self, recordings: Iterable[Recording]) -> None:
        gone = {id(recording) for recording in recordings}
        if len(gone) == len(self._rows):
            self.beginResetModel()
            self._rows, self._by_path = [], {}
            self.endResetModel()
            return
        for row in reversed(range(len(self._rows))):
            if id(self._rows[row]) in gone:
                self.beginRemoveRows(NO_PARENT, row, row)
                del self._by_path[self._rows.pop(row).path]
                self.endRemoveRows()

    def row_of(self, recording: Recording) -> int:
        return next(row for row, other in enumerate(self._rows) if other is recording)

    def refresh(self, recording: Recording) -> None:
        """Say that a recording has changed."""
        index = self.index(self.row_of(recording))
        self.dataChanged.emit(index, index)
