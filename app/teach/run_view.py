"""A teaching while it runs: where it is, its curves, the recall of each label, and what it says."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import make_button, named
from app.teach.curves import Curves
from app.teach.recall_bars import Recall, RecallBars
from app.teach.run_state import RunState
from app.teach.scrolling import UprightScroll
from app.theme import Theme
from app.widgets import Card, make_label, set_look

LOG_HEIGHT = 110
WAITING = "The recall of each label is shown when it has been measured."


class RunView(Card):
    pause = Signal()
    resume = Signal()
    stop = Signal()
    stop_and_keep = Signal()
    go_on = Signal()  # with a teaching that was stopped
    give_up = Signal()  # what was stopped is removed
    goes_on_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._shown_lines = 0
        self._shown: RunState | None = None
        self.headline = make_label("title", wrap=True)
        self.details = make_label(wrap=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Progress of this part")
        self.pause_button = make_button("Pause", self._on_pause, tip="Hold on between two steps")
        self.keep_button = make_button(
            "Stop and keep", self.stop_and_keep.emit, tip="End the training here, and measure what was learnt so far"
        )
        self.stop_button = make_button("Stop", self.stop.emit, tip="End it; it can be gone on with later")
        self.on_button = make_button("Go on", self.go_on.emit, primary=True, tip="Continue where it was")
        self.remove_button = make_button("Remove…", self.give_up.emit, tip="Forget this teaching")
        self.goes_on = QCheckBox("Go on when the window is closed")
        self.goes_on.toggled.connect(self.goes_on_changed)
        self.curves = Curves()
        self.recall = RecallBars()
        self.recall_hint = make_label("muted", WAITING, wrap=True)
        self.log = named(QPlainTextEdit(readOnly=True, maximumBlockCount=2000), "What the teaching says")
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
        self.log.setMinimumHeight(LOG_HEIGHT)
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.pause_button, self.keep_button, self.stop_button, self.on_button, self.remove_button):
            buttons.addWidget(button)
        buttons.addStretch()
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        for widget in (self.headline, self.details, self.bar):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self.goes_on)
        layout.addSpacing(6)
        layout.addWidget(self.curves)
        layout.addSpacing(6)
        layout.addWidget(make_label("heading", "Recall by label on held-out clips"))
        layout.addWidget(self.recall)
        layout.addWidget(self.recall_hint)
        layout.addSpacing(6)
        layout.addWidget(make_label("heading", "Log"))
        layout.addWidget(self.log, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(UprightScroll(inside))

    def set_theme(self, theme: Theme) -> None:
        self.curves.set_theme(theme)
        self.recall.set_theme(theme)

    def _on_pause(self) -> None:
        (self.resume if self._shown is not None and self._shown.status == "paused" else self.pause).emit()

    def show_goes_on(self, on: bool) -> None:
        self.goes_on.blockSignals(True)
        self.goes_on.setChecked(on)
        self.goes_on.blockSignals(False)

    def show_state(self, state: RunState, colors: dict[str, str], *, read_only: bool = False) -> None:
        if state is not self._shown:
            self.log.clear()
            self._shown, self._shown_lines = state, 0
        self.headline.setText(state.headline())
        self.details.setText(state.details())
        set_look(self.details, "error" if state.status == "failed" else "")
        self._show_bar(state)
        self._show_buttons(state, read_only)
        self.curves.show_curves(state.losses, state.ua, state.wa)
        known = state.recall
        self.recall.show_recalls([Recall(name, colors.get(name, "#808080"), value) for name, value in known.items()])
        self.recall.setVisible(bool(known))
        self.recall_hint.setVisible(not known)
        self._show_log(state)

    def _show_bar(self, state: RunState) -> None:
        share = state.share()
        self.bar.setVisible(not state.is_over)
        paused = state.status == "paused"
        self.bar.setRange(0, 1000 if share is not None or paused else 0)  # 0: it only shows that something happens
        if share is not None:
            self.bar.setValue(round(1000 * share))

    def _show_buttons(self, state: RunState, read_only: bool) -> None:
        over = state.is_over
        self.pause_button.setText("Resume" if state.status == "paused" else "Pause")
        for button in (self.pause_button, self.keep_button, self.stop_button, self.goes_on):
            button.setVisible(not over)
            button.setEnabled(not read_only)
        self.keep_button.setEnabled(not read_only and state.stage == "final")
        for button in (self.on_button, self.remove_button):
            button.setVisible(state.status in ("failed", "stopped"))
            button.setEnabled(not read_only)

    def _show_log(self, state: RunState) -> None:
        for line in state.lines[max(self._shown_lines - state.forgotten, 0) :]:
            self.log.appendPlainText(line)
        self._shown_lines = state.forgotten + len(state.lines)
