"""How far the run is, what was heard so far, and in the end what was written and where it is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout

from app.annotate.dialog_parts import make_button, named
from app.score.histogram import Histogram
from app.score.sentences import failed_text, progress_text
from app.score.state import Progress
from app.status_line import ElidedLabel
from app.theme import Theme
from app.widgets import Card, make_label, set_look

LINK = """
    QPushButton { background: transparent; border: 1px solid transparent; color: palette(link); padding: 3px 0;
        text-decoration: underline; }
    QPushButton:hover { background: palette(midlight); }
    QPushButton:focus { border-color: palette(link); }
"""
BAR = """
    QProgressBar { background: palette(midlight); border: none; border-radius: 4px; }
    QProgressBar::chunk { background: palette(highlight); border-radius: 4px; }
"""
STEPS = 1000  # of the bar
PAUSE, GO_ON = "Pause", "Go on"


class RunView(Card):
    failed_wanted = Signal()

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.title = make_label("strong", wrap=True)
        self.bar = named(QProgressBar(textVisible=False), "Files that are done")
        self.bar.setFixedHeight(8)
        self.bar.setStyleSheet(BAR)
        self.sentence = make_label(wrap=True)
        self.note = ElidedLabel()
        self.note.setObjectName("muted")
        self.failed = _link("", self.failed_wanted.emit, "Show the files that failed, and why")
        pause, stop = actions["score-pause"], actions["score-stop"]
        self.pause_button = make_button(PAUSE, pause.trigger, tip=pause.toolTip())
        self.stop_button = make_button("Stop", stop.trigger, tip=stop.toolTip())
        self.links = {
            name: _link(actions[f"score-{name}"].text().replace("&", ""), actions[f"score-{name}"].trigger)
            for name in ("table", "summary", "folder")
        }
        self.histogram = Histogram()
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.title, 1)
        top.addWidget(self.pause_button)
        top.addWidget(self.stop_button)
        links = QHBoxLayout()
        links.setSpacing(16)
        links.addWidget(self.failed)
        for link in self.links.values():
            links.addWidget(link)
        links.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.sentence)
        layout.addWidget(self.note)
        layout.addLayout(links)
        layout.addSpacing(2)
        layout.addWidget(self.histogram)

    def set_look(self, theme: Theme, colors: Mapping[str, str]) -> None:
        self.histogram.set_look(theme, colors)

    def show_running(self, title: str, progress: Progress, note: str, *, stopping: bool) -> None:
        self.title.setText(title)
        self._show_share(progress.done, progress.total)
        self._say(progress_text(progress) if progress.total else note)
        self.note.show_text(note if progress.total else "")
        self.note.setVisible(bool(progress.total))
        self.pause_button.setText(GO_ON if progress.paused else PAUSE)
        self.pause_button.setEnabled(not stopping and progress.total > 0)
        self.stop_button.setEnabled(not stopping)
        self._show_parts(running=True, links=False)
        self._show_failed(progress.failed)

    def show_still(
        self,
        title: str,
        sentence: str,
        done: int,
        total: int,
        failed: int,
        *,
        problem: bool = False,
        links: bool = False,
    ) -> None:
        """Nothing is running."""
        self.title.setText(title)
        self.bar.setRange(0, STEPS)
        self._show_share(done, max(total, 1))
        self._say(sentence, problem)
        self.note.hide()
        self._show_parts(running=False, links=links)
        self._show_failed(failed)

    def _show_share(self, done: int, total: int) -> None:
        if total:
            self.bar.setRange(0, STEPS)
            self.bar.setValue(STEPS * done // total)
        else:
            self.bar.setRange(0, 0)  # nobody knows yet

    def _say(self, sentence: str, problem: bool = False) -> None:
        self.sentence.setText(sentence)
        set_look(self.sentence, "error" if problem else "")

    def _show_parts(self, *, running: bool, links: bool) -> None:
        self.pause_button.setVisible(running)
        self.stop_button.setVisible(running)
        for link in self.links.values():
            link.setVisible(links)

    def _show_failed(self, failed: int) -> None:
        self.failed.setText(failed_text(failed))
        self.failed.setVisible(failed > 0)


def _link(text: str, clicked: object, tip: str = "") -> QPushButton:
    button = make_button(text, clicked, tip=tip)  # type: ignore[arg-type]
    button.setStyleSheet(LINK)
    button.setFlat(True)
    return button
