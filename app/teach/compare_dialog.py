"""Two versions side by side."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import make_button, named, prepare_table
from app.teach.confusion_view import ConfusionView
from app.teach.figures import NO_VALUE, Report, figure_text
from app.theme import Theme
from app.widgets import make_label
from core.project.versions import Version

CAREFUL = "They were measured on different clips: compare the figures with care."


class CompareDialog(QDialog):
    def __init__(
        self, first: Version, second: Version, colors: Mapping[str, str], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{first.name} and {second.name}")
        self.resize(760, 620)
        both = (first, second)
        rows = figures_side_by_side(first.report or {}, second.report or {})
        self.table = named(QTableWidget(len(rows), 3), "Figures of both")
        self.table.setHorizontalHeaderLabels(["After teaching", first.name, second.name])
        prepare_table(self.table)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for place, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(place, column, QTableWidgetItem(text))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        self.careful = make_label("muted", CAREFUL, wrap=True)
        self.careful.setVisible(not _same_clips(first.report, second.report))
        layout.addWidget(self.table, 1)
        pair = QHBoxLayout()
        pair.setSpacing(20)
        for version in both:
            comparison = (version.report or {}).get("comparison")
            if comparison:
                view = ConfusionView(version.name)
                view.set_theme(theme)
                labels = [(name, colors.get(name, "#808080")) for name in comparison["labels"]]
                view.show_counts(labels, comparison["after"]["confusion"])
                pair.addWidget(view, 1)
        layout.addLayout(pair)
        foot = QHBoxLayout()
        foot.addWidget(self.careful, 1)
        foot.addStretch()
        foot.addWidget(make_button("Close", self.reject))
        layout.addLayout(foot)


def figures_side_by_side(first: Report, second: Report) -> list[tuple[str, str, str]]:
    """Title and both values of every figure that one of them has."""
    columns = [_figures(report) for report in (first, second)]
    titles = list(dict.fromkeys([*columns[0], *columns[1]]))
    return [(title, columns[0].get(title, NO_VALUE), columns[1].get(title, NO_VALUE)) for title in titles]


def _figures(report: Report) -> dict[str, str]:
    found: dict[str, str] = {}
    comparison = report.get("comparison")
    if comparison:
        after = comparison["after"]
        found |= {"UA": figure_text(after["ua"]), "WA": figure_text(after["wa"]), "ECE": f"{after['ece']:.2f}"}
        for name, recall in zip(comparison["labels"], after["recall"], strict=True):
            found[f"Recall of {name}"] = NO_VALUE if recall is None else f"{recall:.2f}"
        found["Held-out clips"] = f"{comparison['clips']:,}"
        found["Gained and lost"] = f"{len(comparison['gained']):,} and {len(comparison['lost']):,}"
    old = report.get("old_after") or {}
    for title, name in (("Old task: UA", "ua"), ("Old task: WER", "wer")):
        if old.get(name):
            found[title] = figure_text(old[name])
    if "seconds" in report:
        found["Time"] = f"{report['seconds']:.0f} s"
    return found


def _same_clips(first: Report | None, second: Report | None) -> bool:
    def key(report: Report | None) -> list[str]:
        return sorted(str(file) for file in (report or {}).get("files") or ())

    return key(first) == key(second)
