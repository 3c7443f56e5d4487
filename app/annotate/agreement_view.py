"""Where annotators agree, where they do not, and what shall stand there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.annotate.agreement_view_data import (
    Answers,
    Dispute,
    Findings,
    compute_findings,
    count_open,
    decisions_of,
    read_answers,
)
from app.annotate.agreement_view_figures import FigureCards, PairFigures
from app.annotate.agreement_view_table import CLIP, TIME, DisputeTable
from app.annotate.dialog_parts import LabelButtons, SessionDialog, make_button, named, prepare_table
from app.annotate.session import ProjectSession
from app.background import run_in_background
from app.widgets import make_label, set_look
from core.errors import MoodlightError
from core.project.annotations import Annotation, annotate, annotations_of, clear
from core.project.journal import Changed

WIDTHS = {CLIP: 190, TIME: 110}
ALONE = (
    "{who} has labelled clips under this scheme. Agreement needs a second annotator: let somebody else label in this "
    "project under their own name, or merge a colleague’s copy of it."
)
UNANIMOUS = "Nobody differs: every clip with two labels or more has the same ones."


class AgreementDialog(SessionDialog):
    """Figures for the scheme that is worked with, and the clips in dispute to be decided one by one."""

    clip_chosen = Signal(int)  # number of the clip: show and play it

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("Agreement", session, parent)
        assert session.state is not None, "a project is open"
        self._number = session.scheme
        self._scheme = session.state.schemes[self._number]
        self.setWindowTitle(f"Agreement: {self._scheme.title}")
        self._findings: Findings | None = None
        self._votes: dict[int, dict[str, str]] = {}
        self._generation = 0
        self._chosen = 0  # the clip that was told last
        self._make_widgets()
        self._lay_out()
        self._make_shortcuts()
        self._say("Looking at the labels…")
        session.changed.connect(self._on_changed)
        session.failed.connect(self._on_failed)
        self.ask(lambda store: count_open(store, self._number), self._on_open_counted, self._say_error)

    def _make_widgets(self) -> None:
        self.cards, self.pairs = FigureCards(), PairFigures()
        self.model = DisputeTable(self._scheme)
        self.table = named(QTableView(), "Clips in dispute")
        self.table.setModel(self.model)
        prepare_table(self.table)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.hide_decided = QCheckBox("Hide those that are decided")
        self.hide_decided.toggled.connect(lambda _on: self._show_disputes())
        self.count = make_label("muted")
        self.labels = LabelButtons()
        self.labels.set_labels(self._scheme.labels)
        self.decide_label = make_label("heading", "Decide")
        self.labels.chosen.connect(self.decide)
        self.retract_button = make_button("Take the decision back", self._retract)
        self.undo_button = make_button("Undo", self._undo)
        for beside in (self.decide_label, self.retract_button, self.undo_button):
            beside.setFixedHeight(self.labels.buttons[0].sizeHint().height())  # that of the labels' first line
        self.complaint = make_label("error", wrap=True)
        self.complaint.hide()
        self.message = make_label(wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.anyway_button = make_button("Show anyway", self._start, primary=True)
        self.cancel_button = make_button("Cancel", self.reject)
        self.close_button = make_button("Close", self.reject)

    def _lay_out(self) -> None:
        self.resize(1040, 640)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._make_message_page())
        self.pages.addWidget(self._make_figures_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.pages, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.complaint, 1)
        foot.addStretch()
        foot.addWidget(self.close_button)
        layout.addLayout(foot)

    def _make_message_page(self) -> QWidget:
        page = QWidget()
        layout, buttons = QVBoxLayout(page), QHBoxLayout()
        layout.setContentsMargins(120, 0, 120, 0)
        buttons.addStretch()
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.anyway_button)
        buttons.addStretch()
        layout.addStretch()
        layout.addWidget(self.message)
        layout.addSpacing(16)
        layout.addLayout(buttons)
        layout.addStretch()
        return page

    def _make_figures_page(self) -> QWidget:
        page, disputes = QWidget(), QWidget()
        top, below = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.count, 1)
        top.addWidget(self.hide_decided)
        below.addWidget(self.decide_label, 0, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self.labels, 1)
        below.addWidget(self.retract_button, 0, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self.undo_button, 0, Qt.AlignmentFlag.AlignTop)
        inside = QVBoxLayout(disputes)
        inside.setContentsMargins(12, 12, 12, 12)
        inside.setSpacing(10)
        inside.addLayout(top)
        inside.addWidget(self.table, 1)
        inside.addLayout(below)
        self.tabs = QTabWidget()
        self.tabs.addTab(disputes, "Clips in dispute")
        self.tabs.addTab(self.pairs, "Annotators")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.cards)
        layout.addWidget(self.tabs, 1)
        return page

    def _make_shortcuts(self) -> None:
        calls: list[tuple[str | QKeySequence.StandardKey, Callable[[], object]]] = [
            (label.key, partial(self.decide, label.name)) for label in self._scheme.labels if label.key
        ]
        for key, call in [*calls, (QKeySequence.StandardKey.Undo, self._undo)]:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(call)

    # What is shown

    def _say(self, sentence: str, look: str = "", *, asking: bool = False) -> None:
        set_look(self.message, look)
        self.message.setText(sentence)
        self.anyway_button.setVisible(asking)
        self.cancel_button.setVisible(asking)
        self.close_button.setVisible(not asking)
        self.pages.setCurrentIndex(0)

    def _say_error(self, sentence: str) -> None:
        self._say(sentence, "error")

    def _complain(self, sentence: str) -> None:
        self.complaint.setText(sentence)
        self.complaint.setVisible(bool(sentence))

    def _on_failed(self, error: MoodlightError) -> None:
        self._complain(str(error))

    def _on_open_counted(self, count: int) -> None:
        if count:
            clips = "a clip" if count == 1 else f"{count:,} clips"
            self._say(f"You have {clips} left; seeing the others’ labels may lead you.", asking=True)
            self.cancel_button.setFocus()
        else:
            self._start()

    def _start(self) -> None:
        if self._findings is None:
            self._say("Comparing the labels…")
        self._generation += 1
        generation = self._generation
        self.ask(
            lambda store: read_answers(store, self._number),
            lambda answers: self._compute(generation, answers),
            self._say_error,
        )

    def _compute(self, generation: int, answers: Answers) -> None:
        if generation != self._generation:
            return

        def done(findings: Findings) -> None:
            if generation == self._generation:
                self._show_findings(answers, findings)

        names = self._scheme.names
        run_in_background(lambda: compute_findings(answers, names), self.if_here(done), self.if_here(self._say_error))

    def _show_findings(self, answers: Answers, findings: Findings) -> None:
        self._findings = findings
        self._votes = {}
        for clip, annotator, label in answers.rows:
            self._votes.setdefault(clip, {})[annotator] = label
        people = findings.figures.annotators
        if len(people) < 2:
            self._say(ALONE.format(who=f"Only {people[0].name}" if people else "Nobody yet"))
            return
        self.close_button.show()
        self.cards.show_figures(findings.figures)
        self.pairs.show_figures(findings.figures)
        self.pages.setCurrentIndex(1)
        self._show_disputes()
        self.table.setFocus()

    def _show_disputes(self, row: int = 0) -> None:
        """The clips that are not hidden; the one that was chosen stays so, or else the one in its row."""
        if self._findings is None:
            return
        hiding, clip = self.hide_decided.isChecked(), self._chosen
        shown = [each for each in self._findings.disputes if not (hiding and each.said.decision)]
        self.model.show_rows(shown, [each.name for each in self._findings.figures.annotators])
        for column, width in WIDTHS.items():
            self.table.setColumnWidth(column, width)
        header = self.table.horizontalHeader()
        for column in range(len(WIDTHS), self.model.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        found = self.model.row_of(clip)
        self._choose(found if found >= 0 else row)

    def _choose(self, row: int) -> None:
        if self.model.rows:
            self.table.setCurrentIndex(self.model.index(min(row, len(self.model.rows) - 1), 0))
        self._refresh()

    def _refresh(self) -> None:
        disputes = self._findings.disputes if self._findings else []
        decided = sum(bool(each.said.decision) for each in disputes)
        self.count.setText(f"{decided:,} of {len(disputes):,} decided" if disputes else UNANIMOUS)
        chosen, state = self._current(), self.session.state
        fixed = self.read_only
        self.labels.setEnabled(chosen is not None and not fixed)
        mine = chosen is not None and state is not None and chosen.said.by == state.annotator
        self.retract_button.setEnabled(mine and not fixed)
        title = state.undo_title if state else ""
        self.undo_button.setEnabled(bool(title) and not fixed)
        self.undo_button.setToolTip(f"Undo: {title}" if title else "There is nothing to undo")

    def _current(self) -> Dispute | None:
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def _on_row(self, current: QModelIndex, _before: QModelIndex) -> None:
        self._refresh()
        if current.isValid() and self.model.rows[current.row()].clip != self._chosen:
            self._chosen = self.model.rows[current.row()].clip
            self.clip_chosen.emit(self._chosen)

    # Deciding

    @property
    def _deciding(self) -> bool:
        return self.pages.currentIndex() == 1 and self.tabs.currentIndex() == 0 and not self.read_only

    def decide(self, label: str) -> None:
        """What shall stand for the clip that is chosen; then the next one."""
        dispute = self._current()
        if dispute is None or not self._deciding:
            return
        clip = dispute.clip

        def done() -> None:
            self._complain("")
            by = self.session.state.annotator if self.session.state else ""
            dispute.said.decision, dispute.said.by = label, by
            self._go_on_from(dispute)

        self.change(
            lambda store: annotate(
                store, [clip], self._number, label=label, adjudicated=True, title=f"Decide a clip: {label}"
            ),
            done,
            self._complain,
        )

    def _go_on_from(self, dispute: Dispute) -> None:
        """To the next clip that is not decided; from the last one to the first that was left out."""
        row = self.model.row_of(dispute.clip)
        if self.hide_decided.isChecked():
            self._show_disputes(max(row, 0))
            return
        self.model.refresh()
        order = [*range(row + 1, len(self.model.rows)), *range(row)]
        self._choose(next((number for number in order if not self.model.rows[number].said.decision), row))

    def _retract(self) -> None:
        dispute = self._current()
        if dispute is not None:
            clip = dispute.clip
            self.change(
                lambda store: clear(store, [clip], self._number, adjudicated=True), lambda: None, self._complain
            )

    def _undo(self) -> None:
        if self._deciding and self.undo_button.isEnabled():
            self.session.undo()

    def _on_changed(self, changed: Changed) -> None:
        """Decisions are read again for the clips that changed; where labels changed, all is counted again."""
        self._refresh()
        if self._findings is None:
            return
        if changed.structure or changed.schemes:
            self._reload()
            return
        clips = sorted(changed.clips)
        if clips:
            self.ask(
                lambda store: annotations_of(store, clips, self._number),
                lambda answers: self._patch(clips, answers),
                self._complain,
            )

    def _reload(self) -> None:
        schemes = self.session.state.schemes if self.session.state else {}
        if schemes.get(self._number) == self._scheme:
            self._start()
        else:  # the labels that this dialog decides by are no more
            self._leave()

    def _patch(self, clips: list[int], answers: list[Annotation]) -> None:
        standing: dict[int, dict[str, str]] = {clip: {} for clip in clips}
        for each in answers:
            if each.label and not each.superseded and not each.adjudicated:
                standing[each.clip][each.annotator] = each.label
        if any(self._votes.get(clip, {}) != votes for clip, votes in standing.items()):
            self._start()
            return
        said = decisions_of(answers)
        for dispute in self._findings.disputes if self._findings else []:
            if dispute.clip in said:
                dispute.said = said[dispute.clip]
        if self.hide_decided.isChecked():
            self._show_disputes(max(self.table.currentIndex().row(), 0))
        else:
            self.model.refresh()
            self._refresh()
