"""What is said of the clip: the model's suggestion, a button a label, doubt, flag, note and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QFontMetrics, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.annotate.fields import LineField, TextField
from app.theme import LIGHT, Theme, text_on
from app.widgets import Card, make_label
from core.project.queue import QueueRow
from core.schemes import Label, Scheme

BUTTON_WIDTH = 118
GAP = 6
NATIVE = QKeySequence.SequenceFormat.NativeText


class LabelButton(QAbstractButton):
    """A label: its key in the scheme's colour, its name; filled with the colour when it is the answer."""

    def __init__(self, label: Label, key: str) -> None:
        super().__init__()
        self.label, self.key = label, key
        self._theme: Theme = LIGHT
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(label.name)
        self.setToolTip("  ".join(filter(None, [label.instruction, f"({key})" if key else ""])))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(BUTTON_WIDTH, self.fontMetrics().height() + 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(84, self.sizeHint().height())

    def nextCheckState(self) -> None:
        """It is checked by what is stored, not by a click."""

    def paintEvent(self, event: object) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        color, chosen = QColor(self.label.color), self.isChecked()
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if chosen:
            face = color
        else:
            face = QColor(theme.hover if self.underMouse() and self.isEnabled() else theme.window)
        painter.setPen(color if chosen or self.underMouse() else QColor(theme.border))
        painter.setBrush(face)
        painter.drawRoundedRect(frame, 8, 8)
        ink = QColor(text_on(self.label.color)) if chosen else QColor(theme.text)
        left = frame.left() + 8
        if self.key:
            left = self._paint_key(painter, frame, color, chosen) + 8
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.1)
        font.setBold(chosen)
        painter.setFont(font)
        painter.setPen(ink)
        room = QRectF(left, frame.top(), frame.right() - left - 6, frame.height())
        name = QFontMetrics(font).elidedText(self.label.name, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def _paint_key(self, painter: QPainter, frame: QRectF, color: QColor, chosen: bool) -> float:
        """The key on a patch of the colour; where the patch ends."""
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        width = max(24.0, QFontMetrics(font).horizontalAdvance(self.key) + 12)
        patch = QRectF(frame.left() + 8, frame.center().y() - 12, width, 24)
        on = text_on(self.label.color)
        painter.setPen(Qt.PenStyle.NoPen)
        back = QColor(on) if chosen else color
        if chosen:
            back.setAlphaF(0.22)
        painter.setBrush(back)
        painter.drawRoundedRect(patch, 6, 6)
        painter.setPen(QColor(on))
        painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, self.key)
        return patch.right()


class LabelButtons(QWidget):
    """The labels of a scheme, in as many columns as there is room for."""

    chosen = Signal(int)  # 1 for the scheme's first label

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[LabelButton] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)

    def set_labels(self, labels: Sequence[Label], keys: Sequence[str], theme: Theme) -> None:
        for button in self.buttons:
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = [LabelButton(label, key) for label, key in zip(labels, keys, strict=True)]
        for number, button in enumerate(self.buttons, start=1):
            button.set_theme(theme)
            button.clicked.connect(lambda _checked=False, number=number: self.chosen.emit(number))
        self._columns = 0
        self._arrange()

    def set_theme(self, theme: Theme) -> None:
        for button in self.buttons:
            button.set_theme(theme)

    def show_answer(self, label: str, enabled: bool) -> None:
        for button in self.buttons:
            button.setChecked(button.label.name == label)
            button.setEnabled(enabled)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        count = len(self.buttons)
        room = max(2, self.width() // (BUTTON_WIDTH + GAP))
        rows = -(-count // room) if count else 1
        columns = -(-count // rows) if count else 1  # rows of like lengths
        if columns == self._columns:
            return
        for old in range(self._columns):
            self._grid.setColumnStretch(old, 0)
        self._columns = columns
        for place, button in enumerate(self.buttons):
            self._grid.addWidget(button, place // columns, place % columns)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)
        height = self.buttons[0].sizeHint().height() + GAP if self.buttons else 0
        self.setMinimumHeight(max(rows * height - GAP, 0))


class Suggestion(QWidget):
    """What the model suggests, how sure it is, and the key that accepts it."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._label, self._color, self._confidence, self._text, self._key = "", "#808080", 0.0, "", ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 12)

    @property
    def text(self) -> str:
        """What stands there, in words."""
        return f"{self._label} {self._confidence:.0%} {self._key}".strip() if self._label else self._text

    def show_label(self, label: str, color: str, confidence: float, key: str) -> None:
        self._label, self._color, self._confidence, self._key = label, color, confidence, key
        self._tell()

    def show_sentence(self, sentence: str) -> None:
        self._label, self._text = "", sentence
        self._tell()

    def _tell(self) -> None:
        self.setAccessibleName(self.text)
        self.setToolTip(self.text if not self._label else "")
        self.update()

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, middle = self.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        rect = QRectF(self.rect())
        if not self._label:
            painter.setPen(QColor(self._theme.muted))
            text = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, int(rect.width()))
            painter.drawText(rect, middle | Qt.AlignmentFlag.AlignLeft, text)
            return
        chip = QRectF(0, rect.center().y() - 12, metrics.horizontalAdvance(self._label) + 22, 24)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._color))
        painter.drawRoundedRect(chip, 12, 12)
        painter.setPen(QColor(text_on(self._color)))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, self._label)
        percent = f"{self._confidence:.0%}"
        after = metrics.horizontalAdvance(self._key)
        bar = QRectF(chip.right() + 12, rect.center().y() - 4, 120, 8)
        bar.setWidth(min(120.0, rect.width() - chip.right() - 34 - metrics.horizontalAdvance("100%")))
        x = chip.right() + 12
        if bar.width() > 24:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.track))
            painter.drawRoundedRect(bar, 4, 4)
            bar.setWidth(max(bar.width() * self._confidence, 8))
            painter.setBrush(QColor(self._color))
            x = bar.left() + 120 + 10 if rect.width() > chip.right() + 180 else bar.right() + 10
            painter.drawRoundedRect(bar, 4, 4)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QRectF(x, 0, 60, rect.height()), middle | Qt.AlignmentFlag.AlignLeft, percent)
        x += metrics.horizontalAdvance("100%") + 14
        if x + after <= rect.width():
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(QRectF(x, 0, after + 4, rect.height()), middle | Qt.AlignmentFlag.AlignLeft, self._key)


class AnswerBox(Card):
    """Its buttons and fields only ask; what is shown is what is stored."""

    label_chosen = Signal(int)
    note_written = Signal(str)
    transcript_written = Signal(str)
    left = Signal()  # a field was left by a key

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self._actions = actions
        self._theme: Theme = LIGHT
        self._scheme: Scheme | None = None
        self._hide_key = ""
        self.suggestion = Suggestion()
        self.hide_button = self._make_button("hide-suggestion", "Hide")
        self.labels = LabelButtons()
        self.unsure = self._make_button("unsure", "Unsure")
        self.flag = self._make_button("flag", "Flag")
        self.clear = self._make_button("clear", "Clear")
        self.note = LineField("Note")
        self.note.setAccessibleName("Note")
        self.transcript = TextField("What is said", lines=2)
        self.transcript.setAccessibleName("Transcript")
        self.labels.chosen.connect(self.label_chosen)
        self.note.committed.connect(self.note_written)
        self.transcript.committed.connect(self.transcript_written)
        for field in (self.note, self.transcript):
            field.left.connect(self.left)
        self._lay_out()

    def _make_button(self, name: str, text: str) -> QToolButton:
        button, action = QToolButton(), self._actions[name]
        button.setObjectName("answer")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setText(text)
        button.setToolTip(action.toolTip())
        button.setCheckable(name in ("unsure", "flag"))
        button.clicked.connect(action.trigger)
        return button

    def _lay_out(self) -> None:
        first, last = QHBoxLayout(), QHBoxLayout()
        first.setSpacing(10)
        first.addWidget(make_label("heading", "Model"))
        first.addWidget(self.suggestion, 1)
        first.addWidget(self.hide_button)
        last.setSpacing(6)
        for button in (self.unsure, self.flag, self.clear):
            last.addWidget(button)
        last.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(8)
        layout.addLayout(first)
        layout.addWidget(self.labels)
        layout.addLayout(last)
        layout.addWidget(self.transcript)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.suggestion.set_theme(theme)
        self.labels.set_theme(theme)

    def set_scheme(self, scheme: Scheme | None, keys: Sequence[str]) -> None:
        self._scheme = scheme
        self.labels.set_labels(scheme.labels if scheme else (), keys, self._theme)
        for button, name, text in (
            (self.unsure, "unsure", "Unsure"),
            (self.flag, "flag", "Flag"),
            (self.clear, "clear", "Clear"),
        ):
            key = _key_of(self._actions[name])
            button.setText(f"{text}  {key}" if key else text)
        self._hide_key = _key_of(self._actions["hide-suggestion"])
        note, words = _key_of(self._actions["edit-note"]), _key_of(self._actions["edit-transcript"])
        self.note.setPlaceholderText(f"Note ({note})" if note else "Note")
        self.transcript.setPlaceholderText(f"What is said ({words})" if words else "What is said")

    def focus_transcript(self) -> None:
        self.transcript.setFocus()
        self.transcript.selectAll()

    def focus_note(self) -> None:
        self.note.setFocus()

    def commit(self) -> None:
        """What is still being typed is kept."""
        self.note.commit()
        self.transcript.commit()

    def show_row(self, row: QueueRow | None, editable: bool, hidden: bool) -> None:
        """The answers to a clip, or to none."""
        there = row is not None and editable
        self.labels.show_answer(row.label if row else "", there)
        self.unsure.setChecked(row is not None and row.state == "unsure")
        self.flag.setChecked(row is not None and row.flagged)
        self.hide_button.setText("  ".join(filter(None, ["Show" if hidden else "Hide", self._hide_key])))
        for part in (self.unsure, self.flag, self.clear):
            part.setEnabled(there)
        self.note.setReadOnly(not there)
        self.transcript.setReadOnly(not there)
        self.note.show_text(row.note if row else "")
        self.transcript.show_text(row.transcript if row else "")
        self._show_suggestion(row, editable, hidden)

    def _show_suggestion(self, row: QueueRow | None, editable: bool, hidden: bool) -> None:
        if row is None:
            self.suggestion.show_sentence("")
        elif hidden:
            self.suggestion.show_sentence("The suggestion is hidden.")
        elif not row.prediction:
            self.suggestion.show_sentence("No suggestion for this clip yet.")
        elif self._scheme is not None and row.prediction in self._scheme.names:
            key = _key_of(self._actions["accept"])
            accepts = f"{key} accepts" if key and editable else ""
            self.suggestion.show_label(row.prediction, self._scheme.color(row.prediction), row.confidence, accepts)
        else:
            self.suggestion.show_label(row.prediction, "#808080", row.confidence, "not in this scheme")


def _key_of(action: QAction) -> str:
    return action.shortcut().toString(NATIVE)
