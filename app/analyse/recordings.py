"""The open recordings as a Qt model: one row each, in the order in which they were opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.analyse.recording import Recording, State

RECORDING_ROLE, STATE_ROLE, UNSURE_ROLE = (Qt.ItemDataRole.UserRole + number for number in (1, 2, 3))
Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()


class Recordings(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Recording] = []
        self._by_path: dict[Path, Recording] = {}
        self._least = 0.0

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
            return "\n".join([str(recording.path), self.state_text(recording), *recording.notes])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{recording.name}: {self.state_text(recording)}"
        if role == STATE_ROLE:
            return self.state_text(recording)
        if role == UNSURE_ROLE:
            return self.is_unsure(recording)
        return recording if role == RECORDING_ROLE else None

    def set_least(self, least: float) -> None:
        """How sure the model must be for its answer to be more than "unsure"."""
        if least != self._least:
            self._least = least
            if self._rows:
                self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def is_unsure(self, recording: Recording) -> bool:
        return recording.summary is not None and recording.summary.confidence < self._least

    def state_text(self, recording: Recording) -> str:
        """The second line of a row, "unsure: anger 41%" where the model is not sure enough."""
        found = recording.summary is not None and recording.state in (State.DONE, State.STOPPED)
        return ("unsure: " if found and self.is_unsure(recording) else "") + recording.state_text()

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
