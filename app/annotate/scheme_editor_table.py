"""The labels of a scheme as a table to edit."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QPalette
from PySide6.QtWidgets import QApplication, QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.annotate.dialog_parts import make_swatch
from app.annotate.label_keys import NATIVE, label_keys
from app.annotate.scheme_editor_draft import Draft

Index = QModelIndex | QPersistentModelIndex
HEADS = ("Colour", "Key", "Label", "What to listen for")
COLOR, KEY, NAME, INSTRUCTION = range(4)
FIELDS = ("color", "key", "name", "instruction")
ROOT = QModelIndex()


class LabelTable(QAbstractTableModel):
    """Rows of a draft; every change is told."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.draft = Draft("", "")
        self.fixed = False
        self._keys: list[str] | None = None  # that the labels will have; None until they are asked for
        self.edited.connect(self._forget_keys)

    @property
    def keys(self) -> list[str]:
        """The key of each label as an annotator will have it who has chosen none."""
        if self._keys is None or len(self._keys) != len(self.draft.rows):
            found = label_keys(self.draft.labels, {})
            self._keys = [QKeySequence(key).toString(NATIVE) for key in found]
        return self._keys

    def _forget_keys(self) -> None:
        self._keys = None

    def set_draft(self, draft: Draft) -> None:
        self.beginResetModel()
        self.draft = draft
        self._forget_keys()
        self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.draft.rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        editable = not self.fixed and index.column() != COLOR
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.draft.rows[index.row()], index.column()
        if column == COLOR:
            if role == Qt.ItemDataRole.DecorationRole:
                return make_swatch(row.color)
            if role == Qt.ItemDataRole.ToolTipRole:
                return f"{row.color}: click to choose another colour"
            if role == Qt.ItemDataRole.AccessibleTextRole:
                return row.color
            return None
        if column == KEY and not row.key:
            return self._data_of_free_key(index.row(), role)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            text = getattr(row, FIELDS[column])
            return text.upper() if column == KEY else text
        if role == Qt.ItemDataRole.ToolTipRole and column == INSTRUCTION:
            return row.instruction
        return None

    def _data_of_free_key(self, row: int, role: int) -> Any:
        """A label without a key gets one that is free: it is shown, but paler than those that were chosen."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.keys[row]
        if role == Qt.ItemDataRole.EditRole:
            return ""
        if role == Qt.ItemDataRole.ForegroundRole:
            return QApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        return "No key was chosen: it gets one that is free" if role == Qt.ItemDataRole.ToolTipRole else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or self.fixed:
            return False
        text = str(value).strip()
        setattr(self.draft.rows[index.row()], FIELDS[index.column()], text.lower() if index.column() == KEY else text)
        self.edited.emit()
        self.dataChanged.emit(self.index(0, KEY), self.index(self.rowCount() - 1, INSTRUCTION))  # keys may have moved
        return True

    def add(self) -> int:
        """A new label at the end; its row."""
        row = len(self.draft.rows)
        self.beginInsertRows(QModelIndex(), row, row)
        self.draft.rows.append(self.draft.new_row())
        self.endInsertRows()
        self.edited.emit()
        return row

    def remove(self, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row, row)
        del self.draft.rows[row]
        self.endRemoveRows()
        self.edited.emit()

    def move(self, row: int, by: int) -> int:
        """Move a label up (-1) or down (1); where it is then."""
        rows, target = self.draft.rows, row + by
        if not 0 <= target < len(rows):
            return row
        self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), target + (by > 0))
        rows[row], rows[target] = rows[target], rows[row]
        self.endMoveRows()
        self.edited.emit()
        return target


class KeyEditor(QStyledItemDelegate):
    """One character, selected, so that the next key replaces it."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(1)
        return editor
