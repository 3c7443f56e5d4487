"""The Score workspace: what is scored on the left; on the right how far it is, and the rows as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.annotate.dialog_parts import make_button
from app.background import run_in_background
from app.engine_client import EngineClient
from app.live.label_box import colors_of
from app.score import sentences
from app.score.form import ScoreForm
from app.score.look import Look, look_at
from app.score.options import ScoreOptions, journal_of, summary_of
from app.score.row_model import RowModel
from app.score.row_view import RowView
from app.score.rows import FAILED, Row
from app.score.run import ScoreRun
from app.score.run_view import RunView
from app.score.state import Started
from app.settings import Settings
from app.sound.playback import ClipPlayback
from app.sound.player_port import PlayerPort
from app.teach.empty_page import EmptyPage
from app.teach.scrolling import UprightScroll
from app.theme import LIGHT, Theme
from app.widgets import Card
from core.model_folder import ModelFacts, look_at_model

MARGIN, SIDE_PX = 8, (292, 340)
TITLE = "Score folders"
NOTHING = "Drop folders or sound files anywhere here, or add them. A table says what was felt and said in each of them."
READY = "The button on the left starts it. The emotions, and the rows of the table, appear here as they come."
NO_FORM = "Tick at least one form of the table."
REMOTE = "This recording is not on this machine: it cannot be heard here."
GONE = "This recording is not there any more."
LISTS = "*.csv *.parquet *.moodlight"


class ScorePanel(QWidget):
    noted = Signal(str)  # one sentence for the status line
    analyse_wanted = Signal(object)  # Path
    begun = Signal()  # a run: what it is about must outlive the window

    def __init__(
        self, client: EngineClient, player: PlayerPort, actions: Mapping[str, QAction], settings: Settings
    ) -> None:
        super().__init__()
        self._client, self._actions, self._settings = client, actions, settings
        self._theme: Theme = LIGHT
        self._least = 0.0
        self._looks = 0  # grows with each: an answer to an earlier one is dropped
        self._answered = 0
        self._look = Look()
        self._shown: Path | None = None  # the journal whose rows are shown
        self._labels: tuple[str, ...] = ()
        self._chosen: ModelFacts | None = None
        self._playing: Row | None = None
        self._ended = ("", "")  # how the last run ended, and why it failed
        self.options = ScoreOptions.from_json(settings.score)
        self.run = ScoreRun(self)
        self.playback = ClipPlayback(player, self)
        self.form = ScoreForm(self.options, actions["score-add"], actions["score-add-folder"])
        self.start_button = make_button("Score", self.start, primary=True, tip=actions["score-start"].toolTip())
        self.empty = EmptyPage(TITLE, NOTHING, [actions["score-add-folder"], actions["score-add"]])
        self.view = RunView(actions)
        self.model = RowModel(self)
        self.rows = RowView(self.model, [actions["score-play"], actions["score-analyse"]])
        self.pages = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_colors()
        self._on_options()

    def _lay_out(self) -> None:
        side = Card()
        side.setMinimumWidth(SIDE_PX[0])
        side.setMaximumWidth(SIDE_PX[1])
        left = QVBoxLayout(side)
        left.setContentsMargins(1, 1, 1, 1)
        left.setSpacing(0)
        left.addWidget(UprightScroll(self.form), 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 8, 12, 12)
        foot.addWidget(self.start_button)
        left.addLayout(foot)
        there = QWidget()
        right = QVBoxLayout(there)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(6)
        right.addWidget(self.view)
        right.addWidget(self.rows, 1)
        empty = Card()
        QVBoxLayout(empty).addWidget(self.empty)
        self.pages.addWidget(empty)
        self.pages.addWidget(there)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MARGIN, 2, MARGIN, 4)
        layout.setSpacing(MARGIN)
        layout.addWidget(side, 3)
        layout.addWidget(self.pages, 7)

    def _connect(self) -> None:
        self.form.changed.connect(self._on_options)
        self.form.table_wanted.connect(self.choose_table)
        self.form.model_wanted.connect(self.choose_model)
        self.view.failed_wanted.connect(lambda: self.rows.show_emotion(FAILED))
        self.run.started.connect(self._on_started)
        self.run.changed.connect(self._show_state)
        self.run.ended.connect(self._on_ended)
        self.rows.play_wanted.connect(self._play)
        self.rows.analyse_wanted.connect(self._analyse)
        self.model.failed.connect(self.noted)
        self.playback.playing_changed.connect(self.rows.show_playing)
        self.playback.failed.connect(self.noted)
        self._client.ready.connect(lambda _model: self._show_colors())
        play = self._actions["score-play"]
        # Elsewhere the space bar presses buttons and ticks boxes.
        play.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.rows.table.addAction(play)

    # The window

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._show_colors()

    def set_front(self, front: bool) -> None:
        if front:
            self._look_again()
        else:
            self.playback.pause()

    def set_least(self, least: float) -> None:
        """How sure the model in use must be, for all workspaces."""
        self._least = least
        self.form.set_least(least)
        self.model.ask(least=self.options.sure(least))

    def close_parts(self) -> None:
        """The window closes: what is done is kept, and gone on with when it is started again."""
        self._looks += 1
        self._save()
        self.playback.pause()
        self.model.close()
        self.run.leave()

    def _save(self) -> None:
        self._settings.score = self.options.to_json()

    # What is chosen

    def add(self, paths: Sequence[Path]) -> None:
        """These files and folders are to be scored, too."""
        if self.run.is_running:
            self.noted.emit("It is being scored: stop first, or wait until it is done.")
        elif paths:
            first = paths[0].absolute()
            self._settings.last_folder = str(first if first.is_dir() else first.parent)
            self.form.inputs.add(paths)

    def add_files(self) -> None:
        from core.audio.decode import SOUND_EXTENSIONS  # brings the sound libraries along

        sounds = " ".join(f"*{extension}" for extension in sorted(SOUND_EXTENSIONS))
        filters = f"Sound ({sounds});;Lists and projects ({LISTS});;All files (*)"
        files, _ = QFileDialog.getOpenFileNames(self, "Score files", self._settings.last_folder, filters)
        self.add([Path(file) for file in files])

    def add_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Score a folder", self._settings.last_folder)
        if folder:
            self.add([Path(folder)])

    def clear(self) -> None:
        if not self.run.is_running:
            self.form.inputs.clear()

    def choose_table(self) -> None:
        proposal = str(self.options.table or Path(self._settings.last_folder) / "scores.csv")
        kinds = "Tables (*.csv *.parquet *.jsonl)"
        name, _ = QFileDialog.getSaveFileName(self, "Where the table goes", proposal, kinds)
        if name:
            path = Path(name)
            self.options.out = str(path if path.suffix else path.with_suffix(".csv"))
            self.form.show_options()
            self._on_options()

    def choose_model(self) -> None:
        beside = str(Path(self.options.model or self._client.model_dir).parent)
        folder = QFileDialog.getExistingDirectory(self, "Score with the checkpoint in a folder", beside)
        if folder:
            run_in_background(partial(look_at_model, Path(folder)), partial(self._on_model, folder), self.noted.emit)

    def _on_model(self, folder: str, facts: ModelFacts) -> None:
        self._chosen = facts
        self.options.model = folder
        self._show_colors()
        self._on_options()

    def _on_options(self) -> None:
        self._save()
        self._ended = ("", "")
        self.model.ask(least=self.options.sure(self._least))
        self._look_again()

    # How things stand

    @property
    def is_settled(self) -> bool:
        """Whether the disk has answered."""
        return self._answered == self._looks

    def _look_again(self) -> None:
        self._looks += 1
        work = partial(look_at, tuple(self.options.inputs), self.options.table)
        run_in_background(work, partial(self._on_look, self._looks), self.noted.emit)
        self._show_state()

    def _on_look(self, number: int, look: Look) -> None:
        if number != self._looks:
            return
        self._look, self._answered = look, number
        if not self.run.is_running:
            table = self.options.table
            self._show_rows(journal_of(table) if table is not None and look.counts is not None else None)
        self._show_state()

    def _show_rows(self, journal: Path | None) -> None:
        if journal != self._shown:
            self._shown = journal
            self.model.show_journal(journal, self.options.inputs)

    def _show_colors(self) -> None:
        own, names = colors_of(None, self._client.model)
        facts = self._chosen if self.options.model else None
        if facts is not None:
            own |= {label.name: label.color for label in facts.scheme.labels}
            names = list(facts.scheme.names)
        if not self.run.is_running:
            self._labels = tuple(names)
        self.view.set_look(self._theme, own)
        self.rows.set_look(self._theme, own)
        self.rows.set_labels(self._labels)
        self.form.show_model(str((self._client.model or {}).get("name", "")))
        self._show_state()

    def _show_state(self) -> None:
        running, inputs = self.run.is_running, self.options.inputs
        self.form.setEnabled(not running)
        unfinished = None if running else self._look.unfinished
        self.start_button.setText(sentences.start_text(inputs, self._look.folders, unfinished))
        can = bool(inputs) and bool(self.options.formats) and not running
        self.start_button.setEnabled(can)
        self.start_button.setToolTip(NO_FORM if not self.options.formats else self._actions["score-start"].toolTip())
        self._actions["score-start"].setEnabled(can)
        for name in ("add", "add-folder", "clear"):
            self._actions[f"score-{name}"].setEnabled(not running)
        self._actions["score-pause"].setEnabled(running and not self.run.stopping)
        self._actions["score-stop"].setEnabled(running and not self.run.stopping)
        self._show_links()
        there = running or bool(self._ended[0]) or self._look.counts is not None
        self.pages.setCurrentIndex(1 if there else 0)
        self.empty.show_sentence(READY if inputs else NOTHING, with_buttons=not inputs)
        for name in ("play", "analyse"):
            self._actions[f"score-{name}"].setEnabled(there)
        if running:
            self._show_running()
        elif there:
            self._show_still()

    def _show_links(self) -> None:
        table = self.options.table
        done = self._look.has_table and not self.run.is_running
        self._actions["score-table"].setEnabled(done)
        self._actions["score-summary"].setEnabled(done)
        self._actions["score-folder"].setEnabled(table is not None)

    def _show_running(self) -> None:
        progress, inputs = self.run.progress, self.options.inputs
        title = "Paused" if progress.paused else f"Scoring {sentences.inputs_text(inputs, self._look.folders)}"
        title = "Stopping" if self.run.stopping else title
        self.view.show_running(title, progress, self.run.message, stopping=self.run.stopping)
        self.view.histogram.show_clips(self._labels, progress.emotions)

    def _show_still(self) -> None:
        counts, (status, why) = self._look.counts, self._ended
        progress, finished = self.run.progress, self.run.finished
        done, total, failed = (counts.done, counts.total, counts.failed) if counts else (0, 0, 0)
        if status:
            done, total, failed = progress.done, progress.total, progress.failed
        show = partial(self.view.show_still, done=done, total=total, failed=failed)
        if status == "failed":
            show("It could not be finished", why, problem=True)
        elif status == "stopped":
            show("Stopped", sentences.stopped_text(done))
        elif status == "done" and finished is not None:
            show("Done", sentences.finished_text(finished), links=True)
        elif self._look.unfinished is not None:
            show("Not finished", sentences.unfinished_text(done, total))
        else:
            table = self.options.table
            show("Done", sentences.earlier_text(total, table.name if table else ""), links=True)
        emotions = progress.emotions if status and progress.total else self._look.emotions
        self.view.histogram.show_clips(self._labels, emotions)

    # The run

    def start(self) -> None:
        table = self.options.table
        if self.run.is_running or table is None or not self.options.formats:
            return
        self._ended = ("", "")
        self._shown = None
        self.model.show_journal(None)
        afresh = self.form.afresh.isChecked()
        self.form.afresh.setChecked(False)
        # A folder that is gone is the command's to complain of.
        folder = table.parent if table.parent.is_dir() else Path.home()
        self.run.start(self.options.command(self._client.model_dir, self._least, afresh=afresh), folder)
        self.begun.emit()

    def toggle_pause(self) -> None:
        self.run.toggle_pause()

    def stop(self) -> None:
        self.run.stop()

    def _on_started(self, started: Started) -> None:
        self._labels = started.labels or self._labels
        self.rows.set_labels(self._labels)
        self._show_rows(started.journal)
        self.model.follow(True)

    def _on_ended(self, status: str, why: str) -> None:
        self._ended = (status, why)
        self.model.follow(False)
        self._look_again()

    # Rows and what was written

    def play(self) -> None:
        self.rows.play()

    def analyse(self) -> None:
        self.rows.analyse()

    def _file_of(self, row: Row) -> Path | None:
        path = Path(row.file)
        if "://" in row.file or not path.is_file():
            self.noted.emit(REMOTE if "://" in row.file else GONE)
            return None
        return path

    def _play(self, row: Row) -> None:
        path = self._file_of(row)
        if path is None or row.start_s is None or row.end_s is None:
            return
        if self.playback.problem:
            self.noted.emit(self.playback.problem)
        elif self.playback.playing and self._playing == row:
            self.playback.pause()
        else:
            self._playing = row
            self.playback.set_clip(path, (row.start_s, row.end_s))
            self.playback.play()

    def _analyse(self, row: Row) -> None:
        path = self._file_of(row)
        if path is not None:
            self.analyse_wanted.emit(path)

    def open_table(self) -> None:
        if self.options.table is not None:
            self._open(self.options.table)

    def open_summary(self) -> None:
        if self.options.table is not None:
            self._open(summary_of(self.options.table))

    def show_folder(self) -> None:
        if self.options.table is not None:
            self._open(self.options.table.parent)

    def _open(self, path: Path) -> None:
        if not path.exists():
            self.noted.emit(f"{path} is not there any more.")
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.noted.emit(f"Nothing here opens {path.name}: it is in {path.parent}.")
