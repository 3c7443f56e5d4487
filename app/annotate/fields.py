"""Fields in which keys type text: Enter or Esc leaves them, and what was typed is kept."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

LEAVING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


class LineField(QLineEdit):
    left = Signal()  # by Enter or Esc
    committed = Signal(str)  # what was typed since `show_text`, when the field is left

    def __init__(self, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText=placeholder)
        self._shown = ""
        self._keys = _LeavingKeys(self)

    def show_text(self, text: str) -> None:
        """Show what is stored, unless somebody is typing something else."""
        if self.hasFocus() and self.text() != self._shown:
            return
        self._shown = text
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)

    def commit(self) -> None:
        text = self.text().strip()
        if text != self._shown:
            self._shown = text
            self.committed.emit(text)


class TextField(QPlainTextEdit):
    """Some lines of text, without line breaks of its own."""

    left = Signal()
    committed = Signal(str)

    def __init__(self, placeholder: str, lines: int, parent: QWidget | None = None) -> None:
        super().__init__(parent, placeholderText=placeholder, tabChangesFocus=True)
        self._shown = ""
        self._keys = _LeavingKeys(self)
        margins = 2 * int(self.document().documentMargin()) + 14
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + margins)

    def show_text(self, text: str) -> None:
        if self.hasFocus() and self.toPlainText() != self._shown:
            return
        self._shown = text
        if self.toPlainText() != text:
            self.setPlainText(text)

    def commit(self) -> None:
        text = " ".join(self.toPlainText().split())
        if text != self._shown:
            self._shown = text
            self.committed.emit(text)


class _LeavingKeys(QObject):
    """Leaves a field by Enter or Esc, which are no action's keys there, and keeps its text whenever it is left."""

    def __init__(self, field: LineField | TextField) -> None:
        super().__init__(field)
        self._field = field
        field.installEventFilter(self)

    def eventFilter(self, _field: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() in LEAVING:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._field.commit()
                self._field.left.emit()
                return True
        if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() != Qt.FocusReason.PopupFocusReason:
            self._field.commit()
        return False
