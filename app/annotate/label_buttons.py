"""A button for each label of a scheme, in as many columns as there is room for, scrolled where there are too many."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QGridLayout, QScrollArea, QSizePolicy, QWidget

from app.theme import LIGHT, Theme, text_on
from core.schemes import Label

BUTTON_WIDTH, WIDEST = 118, 190  # pixels; a name that needs more is cut, and whole in the tooltip
GAP = 6
TALL, LOW = 26, 12  # pixels about the text
MANY = 9  # labels; more of them have low buttons
ROWS_SEEN = 3  # of many, at the least
INSET = 8  # pixels between the frame, the key and the name


class LabelButton(QAbstractButton):
    """A label: its key in the scheme's colour, its name; filled with the colour when it is the answer."""

    def __init__(self, label: Label, key: str, low: bool = False) -> None:
        super().__init__()
        self.label, self.key = label, key
        self._about = LOW if low else TALL
        self._theme: Theme = LIGHT
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(label.name)
        self.setToolTip(" ".join(filter(None, [f"{label.name}:", label.instruction, f"({key})" if key else ""])))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        name = QFontMetrics(self._name_font(bold=True)).horizontalAdvance(self.label.name)
        width = INSET + (self._key_width + INSET if self.key else 0) + name + 12
        return QSize(min(max(round(width), BUTTON_WIDTH), WIDEST), self.fontMetrics().height() + self._about)

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
        left = frame.left() + INSET
        if self.key:
            left = self._paint_key(painter, frame, color, chosen) + INSET
        font = self._name_font(bold=chosen)
        painter.setFont(font)
        painter.setPen(ink)
        room = QRectF(left, frame.top(), frame.right() - left - 6, frame.height())
        name = QFontMetrics(font).elidedText(self.label.name, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def _name_font(self, *, bold: bool) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.1)
        font.setBold(bold)
        return font

    @property
    def _key_font(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font

    @property
    def _key_width(self) -> float:
        return max(24.0, QFontMetrics(self._key_font).horizontalAdvance(self.key) + 12)

    def _paint_key(self, painter: QPainter, frame: QRectF, color: QColor, chosen: bool) -> float:
        """The key on a patch of the colour; where the patch ends."""
        painter.setFont(self._key_font)
        height = min(24.0, frame.height() - 6)
        patch = QRectF(frame.left() + INSET, frame.center().y() - height / 2, self._key_width, height)
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
    arranged = Signal()  # they need another height

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
        low = len(labels) > MANY
        self.buttons = [LabelButton(label, key, low) for label, key in zip(labels, keys, strict=True)]
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

    def height_of(self, rows: int) -> int:
        """Pixels that so many rows of buttons need."""
        height = self.buttons[0].sizeHint().height() + GAP if self.buttons else 0
        return max(rows * height - GAP, 0)

    def _arrange(self) -> None:
        count = len(self.buttons)
        widest = max((button.sizeHint().width() for button in self.buttons), default=BUTTON_WIDTH)
        room = max(2, (self.width() + GAP) // (widest + GAP))
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
        self.setFixedHeight(self.height_of(rows))
        self.arranged.emit()


class LabelArea(QScrollArea):
    """Shows all buttons where there is room, and some rows of them at the least."""

    def __init__(self, labels: LabelButtons) -> None:
        super().__init__()
        self.labels = labels
        self.setWidget(labels)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.viewport().setAutoFillBackground(False)
        labels.setAutoFillBackground(False)
        labels.arranged.connect(self._on_arranged)

    def sizeHint(self) -> QSize:
        return QSize(4 * BUTTON_WIDTH, self.labels.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * BUTTON_WIDTH, min(self.labels.minimumHeight(), self.labels.height_of(ROWS_SEEN)))

    def set_labels(self, labels: Sequence[Label], keys: Sequence[str], theme: Theme) -> None:
        self.labels.set_labels(labels, keys, theme)
        self.verticalScrollBar().setValue(0)

    def show_answer(self, label: str, enabled: bool) -> None:
        """Fill the button of a label, and bring it into view."""
        self.labels.show_answer(label, enabled)
        chosen = next((button for button in self.labels.buttons if button.isChecked()), None)
        if chosen is not None:
            self.ensureWidgetVisible(chosen, 0, GAP)

    def _on_arranged(self) -> None:
        self.setMaximumHeight(self.labels.minimumHeight())
        self.updateGeometry()
