"""Tables of any length: rows are held by their numbers, what they say is fetched page by page as it is seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.theme import LIGHT, Theme, mixed

Index = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")
ROW_ROLE = Qt.ItemDataRole.UserRole + 1  # the row, or None until it has been fetched
PAGE = 100  # rows
KEPT = 4_000  # rows
ROOT = QModelIndex()
PADDING = 13  # pixels of a row above and below its text, together
TEXT_PX = 8  # from a cell's edge to its text
LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


@dataclass(frozen=True)
class Column:
    """`sort` is what a click on the header sorts by, "" for nothing; pixels of its width, and in a narrow table."""

    id: str
    title: str
    width: int
    narrow: int = 0
    sort: str = ""
    tip: str = ""


class PagedModel(QAbstractTableModel, Generic[Row]):
    """Whoever inherits it says what the rows' numbers are, fetches rows, and puts them in words."""

    loaded = Signal()  # the rows or their order are others
    rows_changed = Signal(object)  # set of numbers whose rows came or changed

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._keys = np.zeros(0, np.int64)
        self._rows: dict[int, Row] = {}
        self._asked: set[int] = set()  # pages that are on their way
        self._wanted: dict[int, None] = {}
        self._fetch_timer = QTimer(self, singleShot=True, interval=0)
        self._fetch_timer.timeout.connect(self._fetch)

    def fetch(self, keys: list[int], done: Callable[[dict[int, Row]], None]) -> None:
        """Have `done` called with the rows of these numbers, later and in the window's thread."""
        raise NotImplementedError

    def text_of(self, row: Row, column: str) -> str:
        """What a cell says, in words."""
        raise NotImplementedError

    def tip_of(self, row: Row, column: str) -> str:
        """What a cell says when the pointer rests on it."""
        return self.text_of(row, column)

    # What the table asks

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self._columns[section].title
            if role == Qt.ItemDataRole.ToolTipRole:
                return self._columns[section].tip or None
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (ROW_ROLE, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        row = self.row_at(index.row())
        if role == ROW_ROLE or row is None:
            return row
        say = self.text_of if role == Qt.ItemDataRole.DisplayRole else self.tip_of
        return say(row, self._columns[index.column()].id)

    # What a panel asks

    @property
    def keys(self) -> np.ndarray:
        """The numbers of the rows that are shown, in their order."""
        return self._keys

    def key_at(self, place: int) -> int | None:
        return int(self._keys[place]) if 0 <= place < len(self._keys) else None

    def keys_at(self, first: int, last: int) -> list[int]:
        """The numbers of a range of rows, its end included."""
        return self._keys[first : last + 1].tolist()

    def place_of(self, key: int) -> int:
        """Where a row is shown, -1 where it is not."""
        found = np.flatnonzero(self._keys == key)
        return int(found[0]) if len(found) else -1

    def row_at(self, place: int) -> Row | None:
        """The row that is shown there; it is fetched where it is not held."""
        key = self.key_at(place)
        found = None if key is None else self._rows.get(key)
        if found is None and key is not None and (page := place // PAGE) not in self._asked:
            self._asked.add(page)
            self._wanted[page] = None
            self._fetch_timer.start()
        return found

    # What comes

    def reset_keys(self, keys: np.ndarray) -> None:
        """Other rows are shown, or in another order."""
        self.beginResetModel()
        self._keys = keys
        self._forget_pages()
        self.endResetModel()

    def add_keys(self, keys: np.ndarray) -> None:
        """Rows have come after those that are shown."""
        if len(keys):
            self.beginInsertRows(ROOT, len(self._keys), len(self._keys) + len(keys) - 1)
            self._keys = np.concatenate([self._keys, keys])
            self.endInsertRows()
        self._forget_pages()

    def _forget_pages(self) -> None:
        self._asked.clear()
        self._wanted.clear()

    def _fetch(self) -> None:
        pages, self._wanted = list(self._wanted), {}
        keys = [key for page in pages for key in self.keys_at(page * PAGE, (page + 1) * PAGE - 1)]
        missing = [key for key in keys if key not in self._rows]
        if missing:
            self.fetch(missing, partial(self._on_fetched, pages))
        else:
            self._asked.difference_update(pages)

    def _on_fetched(self, pages: list[int], rows: dict[int, Row]) -> None:
        self._asked.difference_update(pages)
        self.take(rows)

    def take(self, rows: dict[int, Row]) -> None:
        """Hold these rows; those that came first are let go where there are too many."""
        if not rows:
            return
        self._rows.update(rows)
        while len(self._rows) > KEPT + len(rows):
            del self._rows[next(iter(self._rows))]
        places = np.flatnonzero(np.isin(self._keys, list(rows)))
        if len(places):
            self.tell_changed(int(places[0]), int(places[-1]))
        self.rows_changed.emit(set(rows))

    def tell_changed(self, first: int, last: int) -> None:
        """What a range of rows says is another, its end included."""
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._columns) - 1))


class PagedTable(QTableView):
    """Whole rows are chosen and nothing is edited; the last column takes what the others leave."""

    def __init__(self, model: PagedModel[Any], name: str) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        rows, head = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(QFontMetrics(self.font()).height() + PADDING)
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setStretchLastSection(True)

    def set_theme(self, theme: Theme) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Highlight, mixed(theme.card, theme.accent, 0.30 if theme.dark else 0.18))
        self.setPalette(palette)
        self.viewport().update()


class PagedPainter(QStyledItemDelegate):
    """Draws a bar in place of a row that has not come yet; whoever inherits it draws the cells of one that has."""

    def __init__(self, columns: Sequence[Column], placeholders: Collection[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._ids = [column.id for column in columns]
        self._placeholders = placeholders
        self.theme: Theme = LIGHT

    def paint_cell(self, painter: QPainter, rect: QRect, row: Any, column: str, index: Index) -> None:
        """Draw what a row says in a column."""
        raise NotImplementedError

    def paint_text(
        self,
        painter: QPainter,
        rect: QRect,
        text: str,
        color: str = "",
        cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        """A line of text, cut where it is too long; the colour is the theme's if not given."""
        inner = rect.adjusted(TEXT_PX, 0, -4, 0)
        painter.setPen(QColor(color or self.theme.text))
        painter.drawText(inner, LEFT, painter.fontMetrics().elidedText(text, cut, inner.width()))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, QFontMetrics(option.font).height() + PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect, column = index.data(ROW_ROLE), option.rect, self._ids[index.column()]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # the table has filled such rows
        if not selected and option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(self.theme.hover))
        if row is not None:
            self.paint_cell(painter, rect, row, column, index)
        elif column in self._placeholders:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.track))
            bar = QRectF(rect.x() + TEXT_PX, rect.center().y() - 3, rect.width() * 0.55, 7)
            painter.drawRoundedRect(bar, 3.5, 3.5)
        painter.restore()
