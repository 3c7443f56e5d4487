"""What the dialogs over an open project share: how they ask it, and how labels look in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QDialog, QHeaderView, QPushButton, QSizePolicy, QTableView, QWidget
from shiboken6 import isValid

from app.annotate.project_file import PASSING
from app.annotate.session import ProjectSession
from app.theme import text_on
from core.errors import MoodlightError, ProjectError
from core.project.store import Store
from core.schemes import Label

T = TypeVar("T")
W = TypeVar("W", bound=QWidget)
CELLS = "QAbstractItemView::item { padding: 0 5px; }"
PRIMARY = """
    QPushButton { background: palette(highlight); color: palette(highlighted-text); border-color: palette(highlight); }
    QPushButton:disabled { background: palette(midlight); color: palette(placeholder-text);
        border-color: palette(mid); }
"""
KEY_SIZE = 20  # pixels of the square that a label's key stands in
ROW_HEIGHT = 28
DOT_SIZE = 12
GAP = 6
ICON_WIDTH = 36


class SessionDialog(QDialog):
    """A dialog over the open project: what is answered after it was closed is dropped; it closes with the project."""

    def __init__(self, title: str, session: ProjectSession, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.session = session
        self._left = False
        session.closed.connect(self._leave)

    def _leave(self) -> None:
        self.done(QDialog.DialogCode.Rejected)

    def done(self, result: int) -> None:
        self._left = True
        super().done(result)

    @property
    def read_only(self) -> bool:
        return self.session.state is None or self.session.state.read_only

    def if_here(self, call: Callable[..., Any]) -> Callable[..., None]:
        """The call, or nothing once the dialog is closed."""

        def guarded(*values: Any) -> None:
            if isValid(self) and not self._left:
                call(*values)

        return guarded

    def ask(self, work: Callable[[Store], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None:
        """Read from the project."""
        answer = self.if_here(failed)
        if self.session.is_open:
            self.session.ask(work, self.if_here(done), lambda error: answer(str(error)))

    def change(self, work: Callable[[Store], object], done: Callable[[], None], refused: Callable[[str], None]) -> None:
        """Change the project; what it refuses is said here, what is wrong with its file is the window's to say."""
        refusals: list[MoodlightError] = []
        answer_done, answer_refused = self.if_here(done), self.if_here(refused)

        def attempt(store: Store) -> None:
            refusals.clear()
            try:
                work(store)
            except MoodlightError as error:
                if isinstance(error, ProjectError) and error.cause in PASSING:
                    raise
                refusals.append(error)

        def answer() -> None:
            if refusals:  # said after the session has told of the change that was none
                QTimer.singleShot(0, lambda: answer_refused(str(refusals[0])))
            else:
                answer_done()

        if self.session.is_open:
            self.session.do(attempt, answer)


def make_button(text: str, clicked: Callable[[], object], *, primary: bool = False, tip: str = "") -> QPushButton:
    """A button that Enter in a field does not press."""
    button = QPushButton(text, autoDefault=False)
    button.setToolTip(tip)
    button.clicked.connect(lambda: clicked())
    if primary:
        button.setStyleSheet(PRIMARY)
    return button


def named(widget: W, name: str) -> W:
    """The widget, with a name for those who hear the screen."""
    widget.setAccessibleName(name)
    return widget


def prepare_table(table: QTableView) -> None:
    """The looks that the tables of these dialogs have in common."""
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setStyleSheet(CELLS)
    table.setIconSize(QSize(ICON_WIDTH, DOT_SIZE + 4))
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setAlternatingRowColors(True)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)


def make_key_icon(key: str, color: str) -> QIcon:
    """A square in a label's colour with its key in it."""
    icon = QIcon()
    for scale in (1, 2):
        pixmap = QPixmap(KEY_SIZE * scale, KEY_SIZE * scale)
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        area = QRect(0, 0, KEY_SIZE, KEY_SIZE)
        painter.drawRoundedRect(area, 4, 4)
        font = QFont()
        font.setPixelSize(13)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(text_on(color)))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, key.upper())
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def make_swatch(color: str, width: int = ICON_WIDTH, height: int = 16) -> QIcon:
    """A small surface in a colour; in a chosen row it has a ring, as the row may have the same colour."""
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        for scale in (1, 2):
            icon.addPixmap(_draw_swatch(color, width, height, scale, ring=mode == QIcon.Mode.Selected), mode)
    return icon


def _draw_swatch(color: str, width: int, height: int, scale: int, *, ring: bool) -> QPixmap:
    pixmap = QPixmap(width * scale, height * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(Qt.GlobalColor.white, 1.5) if ring else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(QRectF(0, 0, width, height).adjusted(*((1, 1, -1, -1) if ring else (0, 0, 0, 0))), 4, 4)
    painter.end()
    return pixmap


@cache
def make_dot(color: str) -> QIcon:
    """A label's colour before its name in a table."""
    return make_swatch(color, DOT_SIZE, DOT_SIZE)


class LabelButtons(QWidget):
    """A button a label, as the annotator sees them: the key on the label's colour, the name beside it.

    They stand side by side, in as many lines as they need. It places them itself: a layout written in Python shares its
    items with Qt, and either may delete them.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.buttons: list[QPushButton] = []

    def set_labels(self, labels: Iterable[Label]) -> None:
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [self._make(label) for label in labels]
        self._place(self.width(), moving=True)
        self.updateGeometry()

    def _make(self, label: Label) -> QPushButton:
        text = label.name.replace("&", "&&")
        button = QPushButton(make_key_icon(label.key, label.color), f" {text}", self)
        button.setAutoDefault(False)
        button.setIconSize(QSize(KEY_SIZE, KEY_SIZE))
        button.setToolTip(label.instruction)
        button.clicked.connect(lambda: self.chosen.emit(label.name))
        button.show()
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(self.width(), moving=True)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width, moving=False)

    def sizeHint(self) -> QSize:
        width = sum(button.sizeHint().width() + GAP for button in self.buttons)
        return QSize(width, self._place(width, moving=False))

    def minimumSizeHint(self) -> QSize:
        widths = [button.sizeHint().width() for button in self.buttons]
        return QSize(max(widths, default=0), self._place(max(self.width(), *widths, 1), moving=False))

    def _place(self, width: int, *, moving: bool) -> int:
        """The height that the buttons need in a width."""
        x, y, line = 0, 0, 0
        for button in self.buttons:
            size = button.sizeHint()
            if x > 0 and x + size.width() > width:
                x, y, line = 0, y + line + GAP, 0
            if moving:
                button.setGeometry(QRect(QPoint(x, y), size))
            x += size.width() + GAP
            line = max(line, size.height())
        return y + line
