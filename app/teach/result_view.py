"""Did it help? What a teaching brought, before and after side by side, and the two buttons that decide."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.annotate.dialog_parts import make_button
from app.teach.changed_table import ChangedRow, ChangedTable
from app.teach.confusion_view import ConfusionView
from app.teach.figure_cards import ChangeCards
from app.teach.figures import Report, changed_clips, changes_of, verdict_of
from app.teach.recall_bars import Recall, RecallBars
from app.teach.scrolling import UprightScroll
from app.theme import Theme
from app.widgets import Card, make_label

NOT_MEASURED = (
    "Choose “Measured on” in the settings to hold clips out the next time. Until then, listen to what the model says "
    "in Label, and keep it if you like it."
)


class ResultView(Card):
    """Shows a report; `keep` and `discard` are there while nobody has decided."""

    keep = Signal()
    discard = Signal()
    clip_chosen = Signal(int)
    play_wanted = Signal(object)  # ChangedClip

    def __init__(self) -> None:
        super().__init__()
        self.report: Report = {}
        self.verdict = make_label("title", wrap=True)
        self.plan = make_label("muted", wrap=True)
        self.cards = ChangeCards()
        self.recall = RecallBars(compares=True)
        self.before, self.after = ConfusionView("Before"), ConfusionView("After")
        self.changed = ChangedTable()
        self.notes = make_label("muted", wrap=True)
        self.question = make_label("strong", wrap=True)
        self.keep_button = make_button("Keep", self.keep.emit, primary=True, tip="Use this model from now on")
        self.discard_button = make_button("Discard…", self.discard.emit, tip="Delete it: the model before stays in use")
        self._measured: list[QWidget] = []
        self._lay_out()
        self.changed.chosen.connect(self.clip_chosen)
        self.changed.play_wanted.connect(self.play_wanted)

    def _lay_out(self) -> None:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        layout.addWidget(self.verdict)
        layout.addWidget(self.plan)
        layout.addSpacing(4)
        layout.addWidget(self.cards)
        confusions = QWidget()
        pair = QHBoxLayout(confusions)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.setSpacing(20)
        pair.addWidget(self.before, 1)
        pair.addWidget(self.after, 1)
        for title, part in (
            ("Recall by label: before (above) and after", self.recall),
            ("What was meant (rows), and what the model said (columns)", confusions),
            ("Held-out clips that changed", self.changed),
        ):
            heading = make_label("heading", title, wrap=True)
            layout.addSpacing(8)
            layout.addWidget(heading)
            layout.addWidget(part)
            self._measured += [heading, part]
        layout.addWidget(self.notes)
        layout.addStretch()
        self.pages = UprightScroll(inside)
        self.deciding = QWidget()
        row = QHBoxLayout(self.deciding)
        row.setContentsMargins(16, 8, 12, 10)
        row.addWidget(self.question, 1)
        row.addWidget(self.discard_button)
        row.addWidget(self.keep_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        outer.addWidget(self.pages, 1)
        outer.addWidget(self.deciding)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.recall, self.before, self.after):
            part.set_theme(theme)

    def show_report(self, report: Report, colors: dict[str, str], question: str = "") -> None:
        """`colors` by label; `question` is what there is to decide, "" where all is decided."""
        self.report = report
        comparison = report.get("comparison")
        self.verdict.setText(verdict_of(report).replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"))
        self.plan.setText(str(report.get("plan", "")) if comparison else NOT_MEASURED)
        self.cards.show_changes(changes_of(report))
        for part in self._measured:
            part.setVisible(bool(comparison))
        if comparison:
            self._show_comparison(comparison, colors)
        self.notes.setText("\n".join(map(str, report.get("notes", ()))))
        self.notes.setVisible(bool(self.notes.text()))
        self.ask(question)
        self.pages.verticalScrollBar().setValue(0)

    def _show_comparison(self, comparison: Report, colors: dict[str, str]) -> None:
        labels = [(name, colors.get(name, "#808080")) for name in comparison["labels"]]
        before, after = comparison["before"], comparison["after"]
        recalls = zip(labels, before["recall"], after["recall"], strict=True)
        self.recall.show_recalls([Recall(name, color, has, had) for (name, color), had, has in recalls])
        self.before.show_counts(labels, before["confusion"])
        self.after.show_counts(labels, after["confusion"])
        self.show_changed([ChangedRow(clip) for clip in changed_clips(self.report)])

    def show_changed(self, rows: Sequence[ChangedRow]) -> None:
        """The clips with what the project knows of them."""
        self.changed.show_rows(rows)

    def ask(self, question: str) -> None:
        self.question.setText(question)
        self.deciding.setVisible(bool(question))
