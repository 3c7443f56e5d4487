"""The figures of agreement: four at the top, every two annotators, and who says what where the other says that."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import ROW_HEIGHT, named, prepare_table
from app.widgets import Card, make_label
from core.project.agreement import Estimate, Pair
from core.project.agreement_summary import Agreement

NO_VALUE = "–"
TALLEST = 300  # pixels of a table
SCROLL_BAR = 14
FITTING = 6  # columns that are all seen at once
SHADE = 0.55  # opacity of the fullest cell


def figure_text(estimate: Estimate, *, percent: bool = False) -> tuple[str, str]:
    """A figure, and its interval or why there is none."""
    if estimate.value is None:
        return NO_VALUE, estimate.undefined
    show = (lambda value: f"{value:.0%}".replace("%", " %")) if percent else (lambda value: f"{value:.2f}")
    if estimate.low is None or estimate.high is None:
        return show(estimate.value), ""
    return show(estimate.value), f"95 %: {show(estimate.low)} to {show(estimate.high)}"


class FigureCard(Card):
    """One figure in large, what it is, and how sure it is."""

    def __init__(self, title: str, tip: str = "") -> None:
        super().__init__()
        self.setToolTip(tip)
        self.value, self.note = make_label(), make_label("muted", wrap=True)
        font = self.value.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setBold(True)
        self.value.setFont(font)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(2)
        for label in (make_label("heading", title), self.value, self.note):
            layout.addWidget(label)
        layout.addStretch()

    def show_figure(self, value: str, note: str) -> None:
        self.value.setText(value)
        self.note.setText(note)


class FigureCards(QWidget):
    """The four that count."""

    def __init__(self) -> None:
        super().__init__()
        self.percent = FigureCard("Agreement of two", "Share of equal labels, mean over every two annotators")
        self.fleiss = FigureCard(
            "Fleiss’ kappa", "Beyond chance, over clips with equally many labels: 1 is full agreement"
        )
        self.alpha = FigureCard("Krippendorff’s alpha", "Beyond chance, however many labels a clip has: 1 is full")
        self.disputed = FigureCard("Clips in dispute")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        for card in (self.percent, self.fleiss, self.alpha, self.disputed):
            layout.addWidget(card, 1)

    def show_figures(self, figures: Agreement) -> None:
        self.percent.show_figure(*figure_text(figures.agreement, percent=True))
        value, note = figure_text(figures.fleiss.kappa)
        over = f"{figures.fleiss.clips:,} clips with {figures.fleiss.labels_each} labels each"
        self.fleiss.show_figure(value, f"{note}\n{over}" if figures.fleiss.clips else note)
        self.alpha.show_figure(*figure_text(figures.alpha))
        self.disputed.show_figure(f"{figures.disputed:,}", f"of {figures.shared:,} with two labels or more")


class PairFigures(QWidget):
    """Every two annotators in one table, and the confusion of the two that are chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._figures: Agreement | None = None
        self.pairs = _make_grid("Cohen's kappa of every two annotators")
        self.pairs.cellClicked.connect(self._on_cell)
        self.first, self.second = named(QComboBox(), "Rows"), named(QComboBox(), "Columns")
        for combo in (self.first, self.second):
            combo.currentTextChanged.connect(lambda _text: self._show_confusion())
        self.sentence = make_label("muted", wrap=True)
        self.confusion = _make_grid("Confusion of two annotators")
        self._lay_out()

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.setSpacing(8)
        choice.addWidget(make_label(text="Rows"))
        choice.addWidget(self.first, 1)
        choice.addSpacing(8)
        choice.addWidget(make_label(text="Columns"))
        choice.addWidget(self.second, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 12, 12, 12)
        grid.setHorizontalSpacing(20)
        grid.addWidget(make_label("heading", "Cohen’s kappa of every two"), 0, 0)
        grid.addWidget(make_label("muted", "In brackets: clips that both labelled. Click on two.", wrap=True), 1, 0)
        grid.addWidget(self.pairs, 2, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(make_label("heading", "Who says what of the same clips"), 0, 1)
        grid.addLayout(choice, 1, 1)
        grid.addWidget(self.confusion, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.sentence, 3, 1, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(4, 1)

    def show_figures(self, figures: Agreement) -> None:
        self._figures = figures
        names = [each.name for each in figures.annotators]
        chosen = (self.first.currentText(), self.second.currentText())
        for place, combo in enumerate((self.first, self.second)):
            combo.blockSignals(True)
            combo.clear()
            combo.addItems(names)
            combo.setCurrentText(chosen[place] if chosen[place] in names else names[min(place, len(names) - 1)])
            combo.blockSignals(False)
        self._show_pairs(names)
        self._show_confusion()

    def _show_pairs(self, names: list[str]) -> None:
        cells: list[list[tuple[str, float]]] = []
        for first in names:
            cells.append([self._pair_cell(first, second) for second in names])
        _fill(self.pairs, names, names, cells)

    def _pair_cell(self, first: str, second: str) -> tuple[str, float]:
        pair = self._pair(first, second)
        if pair is None:
            return "", 0.0
        value = pair.kappa.value
        return (f"{NO_VALUE if value is None else f'{value:.2f}'} ({pair.clips:,})", max(value or 0.0, 0.0))

    def _pair(self, first: str, second: str) -> Pair | None:
        pairs = self._figures.pairs if self._figures else ()
        return next((each for each in pairs if {each.first, each.second} == {first, second}), None)

    def _on_cell(self, row: int, column: int) -> None:
        if row != column:
            self.first.setCurrentIndex(row)
            self.second.setCurrentIndex(column)

    def _show_confusion(self) -> None:
        first, second = self.first.currentText(), self.second.currentText()
        pair = self._pair(first, second)
        self.confusion.setVisible(pair is not None)
        if pair is None or self._figures is None:
            self.sentence.setText("Choose two different annotators.")
            return
        counts: Sequence[Sequence[int]] = pair.confusion
        if pair.first != first:
            counts = list(zip(*counts, strict=True))
        labels = list(self._figures.annotators[0].labels)
        cells = [[(f"{count:,}" if count else "", count / max(sum(row), 1)) for count in row] for row in counts]
        _fill(self.confusion, labels, labels, cells)
        agreed, kappa = figure_text(pair.agreement, percent=True), figure_text(pair.kappa)
        self.sentence.setText(
            f"{first} and {second} agree on {agreed[0]} of {pair.clips:,} clips; Cohen’s kappa {kappa[0]} ({kappa[1]})."
            if pair.clips
            else f"{first} and {second} have no clip in common."
        )


def _make_grid(name: str) -> QTableWidget:
    table = named(QTableWidget(), name)
    prepare_table(table)
    table.setAlternatingRowColors(False)
    table.setShowGrid(True)
    table.setStyleSheet("")
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.verticalHeader().show()
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.horizontalHeader().setMinimumSectionSize(64)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
    return table


def _fill(table: QTableWidget, rows: list[str], columns: list[str], cells: list[list[tuple[str, float]]]) -> None:
    """Texts, on a shade between 0 and 1."""
    table.clear()
    table.setRowCount(len(rows))
    table.setColumnCount(len(columns))
    table.setVerticalHeaderLabels(rows)
    table.setHorizontalHeaderLabels(columns)
    for row, line in enumerate(cells):
        for column, (text, shade) in enumerate(line):
            item = QTableWidgetItem(text)
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            color = QColor(table.palette().highlight().color())
            color.setAlphaF(SHADE * min(shade, 1.0))
            item.setBackground(color)
            table.setItem(row, column, item)
    height = table.horizontalHeader().sizeHint().height() + ROW_HEIGHT * len(rows)
    wide = len(columns) > FITTING
    table.setFixedHeight(min(height + (SCROLL_BAR if wide else 0), TALLEST))
