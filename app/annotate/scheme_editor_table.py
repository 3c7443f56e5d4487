"""The labels of a scheme as a table to edit."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.annotate.dialog_parts import make_swatch
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

    def set_draft(self, draft: Draft) -> None:
        self.beginResetModel()
        self.draft = draft
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
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            text = getattr(row, FIELDS[column])
            return text.upper() if column == KEY else text
        if role == Qt.ItemDataRole.ToolTipRole and column == INSTRUCTION:
            return row.instruction
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or self.fixed:
            return False
        text = str(value).strip()
        setattr(self.draft.rows[index.row()], FIELDS[index.column()], text.lower() if index.column() == KEY else text)
        self.dataChanged.emit(index, index)
        self.edited.emit()
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
