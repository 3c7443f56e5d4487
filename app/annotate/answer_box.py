"""What is said of the clip: by the model, by the others, and by a button a label, doubt, flag, note and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.annotate.fields import LineField, TextField
from app.annotate.label_buttons import LabelArea, LabelButtons
from app.annotate.others_line import BLIND, OthersLine
from app.theme import LIGHT, Theme, text_on
from app.widgets import Card, make_label
from core.predictions import readable
from core.project.annotations import Others
from core.project.queue import QueueRow
from core.schemes import Scheme

NATIVE = QKeySequence.SequenceFormat.NativeText


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
        self._others: Others | None = None
        self._blind = True
        self.least = 0.0  # confidence of a suggestion that is shown as such
        self.suggestion = Suggestion()
        self.hide_button = self._make_button("hide-suggestion", "Hide")
        self.others = OthersLine()
        self.blind_button = self._make_button("blind", "Show")
        self.labels = LabelButtons()
        self.label_area = LabelArea(self.labels)
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
        first, last = QGridLayout(), QHBoxLayout()
        first.setHorizontalSpacing(10)
        first.setVerticalSpacing(4)
        first.setColumnStretch(1, 1)
        for row, (heading, line, button) in enumerate(
            (("Model", self.suggestion, self.hide_button), ("Others", self.others, self.blind_button))
        ):
            first.addWidget(make_label("heading", heading), row, 0)
            first.addWidget(line, row, 1)
            first.addWidget(button, row, 2)
            button.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
        last.setSpacing(6)
        for button in (self.unsure, self.flag, self.clear):
            last.addWidget(button)
        last.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(8)
        layout.addLayout(first)
        layout.addWidget(self.label_area)
        layout.addLayout(last)
        layout.addWidget(self.transcript)
        layout.addStretch()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.suggestion.set_theme(theme)
        self.others.set_theme(theme)
        self.labels.set_theme(theme)

    def set_scheme(self, scheme: Scheme | None, keys: Sequence[str]) -> None:
        self._scheme = scheme
        self.label_area.set_labels(scheme.labels if scheme else (), keys, self._theme)
        for button, name, text in (
            (self.unsure, "unsure", "Unsure"),
            (self.flag, "flag", "Flag"),
            (self.clear, "clear", "Clear"),
        ):
            key = _key_of(self._actions[name])
            button.setText(f"{text}  {key}" if key else text)
        self._hide_key = _key_of(self._actions["hide-suggestion"])
        self.show_others(self._others, self._blind)
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
        self.label_area.show_answer(row.label if row else "", there)
        self.unsure.setChecked(row is not None and row.state == "unsure")
        self.flag.setChecked(row is not None and row.flagged)
        self.hide_button.setText("  ".join(filter(None, ["Show" if hidden else "Hide", self._hide_key])))
        for part in (self.unsure, self.flag, self.clear):
            part.setEnabled(there)
        self.note.setReadOnly(not there)
        self.transcript.setReadOnly(not there)
        self.note.show_text(row.note if row else "")
        words = row.transcript if row else ""
        self.transcript.show_text(words if row and row.corrected else readable(words))
        self._show_suggestion(row, editable, hidden)

    def show_others(self, others: Others | None, blind: bool) -> None:
        """What the others say, None until that is known."""
        self._others, self._blind = others, blind
        key = _key_of(self._actions["blind"])
        self.blind_button.setText("  ".join(filter(None, ["Show" if blind else "Hide", key])))
        if blind:
            self.others.show_sentence(BLIND)
        elif others is None or self._scheme is None:
            self.others.show_sentence("")
        else:
            self.others.show_others(others, self._scheme)

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
            said = row.prediction if row.confidence >= self.least else f"unsure: {row.prediction}"
            self.suggestion.show_label(said, self._scheme.color(row.prediction), row.confidence, accepts)
        else:
            self.suggestion.show_label(row.prediction, "#808080", row.confidence, "not in this scheme")


def _key_of(action: QAction) -> str:
    return action.shortcut().toString(NATIVE)
