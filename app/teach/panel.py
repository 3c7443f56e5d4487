"""The Teach workspace: what will be taught on the left; what came of it, versions and sureness on the right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMessageBox,
    QStackedLayout,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from app.annotate.session import ProjectSession
from app.engine_client import EngineClient
from app.settings import Settings
from app.sound.playback import ClipPlayback
from app.sound.player_port import PlayerPort
from app.teach.changed_table import ChangedRow
from app.teach.compare_dialog import CompareDialog
from app.teach.controller import TeachController
from app.teach.curve_controller import CurveController
from app.teach.curve_view import CurveView
from app.teach.empty_page import EmptyPage
from app.teach.figures import ChangedClip, coverage_of
from app.teach.history import HistoryView, rows_of
from app.teach.model_in_use import ModelInUse
from app.teach.plan_text import pace_of
from app.teach.project_look import Look
from app.teach.recipe_settings import recipe_of
from app.teach.result_view import ResultView
from app.teach.run_view import RunView
from app.teach.sureness import SurenessView
from app.teach.teach_card import TeachCard
from app.theme import LIGHT, Theme
from app.widgets import Card
from core.errors import MoodlightError
from core.project.versions import Version

MARGIN = 8
CARD_WIDTHS = (300, 390)
UNTAUGHT = (
    "The button on the left teaches the model your labels. It is then measured on clips that it has not heard, and you "
    "decide whether to keep it. What you labelled, and the model before, stay as they are."
)
UNLABELLED = (
    "No clip of this project is labelled yet under this scheme. Label some: a dozen of each label is a good beginning. "
    "Then come back, and the model can learn from them."
)
NO_PROJECT = (
    "The model learns from the labels of a project. Open one, or make a new one, and label some clips in it: a dozen "
    "of each label is a good beginning."
)
MODELS = "Models (*.zip config.json);;All files (*)"
ARCHIVE, FOLDER = "Zip archive (*.zip)", "Folder (*)"
NO_END_S = 3600.0  # of a clip that goes on to the recording's end
EMPTY, RUN, RESULT = range(3)


class TeachPanel(QWidget):
    noted = Signal(str)
    clip_chosen = Signal(int)  # it wants to be seen in Label
    least_changed = Signal()  # how sure a model must be, in the settings

    def __init__(
        self,
        session: ProjectSession,
        client: EngineClient,
        player: PlayerPort,
        actions: Mapping[str, QAction],
        settings: Settings,
    ) -> None:
        super().__init__()
        self._session, self._client, self._settings, self._actions = session, client, settings, actions
        self._theme: Theme = LIGHT
        self._shown: Version | None = None  # whose result is shown
        self._dialog: CompareDialog | None = None
        self._model = ModelInUse(session, client, self)
        self.controller = TeachController(session, self._model, self)
        self.playback = ClipPlayback(player, self)
        self.card = TeachCard(actions["teach"], settings)
        self.empty = EmptyPage("Teach the model", UNTAUGHT, [actions["work-label"]])
        self.run, self.result = RunView(), ResultView()
        self.history, self.sureness, self.curve_view = HistoryView(), SurenessView(), CurveView()
        self.curve = CurveController(session, self.curve_view, settings, lambda: self.controller.parent_dir, self)
        self.start = EmptyPage("Teach the model", NO_PROJECT, [actions["new-project"], actions["open-project"]])
        self._lay_out()
        self._connect()
        self._show_job()
        if session.is_open:  # it was opened before this was made
            self.controller.begin()
            self.curve.begin()
            self._on_opened(session.state)

    def _lay_out(self) -> None:
        nothing = Card()
        QHBoxLayout(nothing).addWidget(self.empty)
        self.now = QStackedWidget()
        for now in (nothing, self.run, self.result):
            self.now.addWidget(now)
        self.tabs = QTabWidget(documentMode=True)
        pages = (self.now, self.history, self.sureness, self.curve_view)
        for page, title in zip(pages, ("Teaching", "Versions", "How sure?", "Curve"), strict=True):
            self.tabs.addTab(page, title)
        self.card.setMinimumWidth(CARD_WIDTHS[0])
        self.card.setMaximumWidth(CARD_WIDTHS[1])
        work = QWidget()
        layout = QHBoxLayout(work)
        layout.setContentsMargins(MARGIN, 2, MARGIN, 6)
        layout.setSpacing(MARGIN)
        layout.addWidget(self.card, 3)
        layout.addWidget(self.tabs, 6)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.start)
        self._pages.addWidget(work)

    def _connect(self) -> None:
        controller, run, history = self.controller, self.run, self.history
        for part in (controller, self.card, self.curve):
            part.noted.connect(self.noted)
        self._session.opened.connect(self._on_opened)
        self._session.closed.connect(self._on_closed)
        self.curve.changed.connect(self._show_actions)
        controller.looked.connect(self._on_looked)
        controller.taught.connect(self.show_version)
        controller.job_changed.connect(self._show_job)
        controller.watcher.changed.connect(self._show_run)
        run.pause.connect(lambda: controller.ask("pause"))
        run.resume.connect(lambda: controller.ask(""))
        run.stop.connect(lambda: controller.ask("stop"))
        run.stop_and_keep.connect(lambda: controller.ask("keep"))
        run.go_on.connect(controller.go_on)
        run.give_up.connect(self._on_give_up)
        run.goes_on_changed.connect(self._on_goes_on)
        self.result.keep.connect(self.keep)
        self.result.discard.connect(self.discard)
        self.result.clip_chosen.connect(self.clip_chosen)
        self.result.play_wanted.connect(self._play)
        history.chosen.connect(self.show_version)
        history.make_current.connect(self._make_current)
        history.note_changed.connect(controller.set_note)
        history.delete.connect(self._delete)
        history.export.connect(self._export)
        history.import_.connect(self.import_model)
        history.compare.connect(self._compare)
        self.sureness.chosen.connect(self._on_sureness)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for part in (self.run, self.result, self.sureness, self.curve_view):
            part.set_theme(theme)

    def close_parts(self) -> None:
        """The window closes: a teaching goes on or ends by what its job says, the engine ends with the window."""
        self.playback.pause()
        self.curve.close()
        self._model.close()

    def set_front(self, front: bool) -> None:
        if not front:
            self.playback.pause()
        self.controller.set_front(front)

    @property
    def colors(self) -> dict[str, str]:
        """Of the labels of all schemes; those of the one that is worked with win."""
        state = self._session.state
        if state is None:
            return {}
        schemes = [scheme for number, scheme in state.schemes.items() if number != self._session.scheme]
        schemes += [state.schemes[self._session.scheme]] if self._session.scheme in state.schemes else []
        return {label.name: label.color for scheme in schemes for label in scheme.labels}

    # The project

    def _on_opened(self, _state: object) -> None:
        self._shown = None
        self.card.set_read_only(self.controller.read_only)
        self._pages.setCurrentIndex(1)
        self.tabs.setCurrentIndex(0)
        self._show_job()

    def _on_closed(self) -> None:
        self._shown = None
        if self._dialog is not None:
            self._dialog.close()
        self._pages.setCurrentIndex(0)
        self._show_actions()

    def _on_looked(self, look: Look) -> None:
        facts = look.bundled
        self.card.pace = next((pace_of(each.report) for each in look.versions if each.report), 1.0)
        if look.material is not None:
            self.card.show_material(look.material)
            there = look.material.clips > 0
            self.empty.show_sentence(UNTAUGHT if there else UNLABELLED, with_buttons=not there)
        rows = rows_of(look.versions, facts.name if facts else "Bundled", facts.fingerprint if facts else "")
        self.history.show_rows(rows)
        self._show_sureness(look)
        if self._shown is not None:  # it may be kept or gone meanwhile
            number = self._shown.number
            self._shown = next((each for each in look.versions if each.number == number), None)
        if self._shown is None and look.undecided is not None and look.undecided.report is not None:
            self._shown = look.undecided
        self._show_job()

    def _show_sureness(self, look: Look) -> None:
        current = look.current
        if current is None:
            self.sureness.show_model("", "", [], 0.0)
            return
        least = self._settings.sureness.get(current.fingerprint, 0.0)
        self.sureness.show_model(current.fingerprint, current.name, coverage_of(current.report), least)

    def _on_sureness(self, fingerprint: str, least: float) -> None:
        self._settings.sureness[fingerprint] = least
        self.least_changed.emit()

    # What is shown

    def _show_job(self) -> None:
        busy, state = self.controller.is_busy, self.controller.watcher.state
        self.card.set_busy(busy)
        self.history.set_limits(read_only=self.controller.read_only, busy=busy)
        job = self.controller.watcher.job
        if job is not None and state is not None and not state.is_over:
            try:
                self.run.show_goes_on(job.facts.goes_on)
            except MoodlightError:
                self.run.show_goes_on(False)
        self._show_run()

    def _show_run(self) -> None:
        state = self.controller.watcher.state
        if state is not None:
            self.run.show_state(state, self.colors, read_only=self.controller.read_only)
            if state.is_over and self.controller.is_busy is False:
                self.card.set_busy(False)
        if state is not None and state.status != "done":
            self.now.setCurrentIndex(RUN)
        elif self._shown is not None:
            self._show_result(self._shown)
            self.now.setCurrentIndex(RESULT)
        else:
            self.now.setCurrentIndex(RUN if state is not None else EMPTY)
        self._show_actions()

    def _show_result(self, version: Version) -> None:
        report = version.report or {}
        undecided = not version.is_kept and not version.is_current and not self.controller.read_only
        question = f"Use {version.name} from now on?" if undecided else ""
        if self.result.report is report:
            self.result.ask(question)
            return
        self.result.show_report(report, self.colors, question)
        self.controller.find_changed(report, lambda rows: self._on_changed_found(version, rows))

    def _on_changed_found(self, version: Version, rows: list[ChangedRow]) -> None:
        if self._shown is version:
            self.result.show_changed(rows)

    def show_version(self, version: Version) -> None:
        """What came of a teaching; one that is running is shown again when it says something."""
        self._shown = version
        self._show_result(version)
        self.now.setCurrentIndex(RESULT)
        self.tabs.setCurrentIndex(0)
        self._show_actions()

    def _show_actions(self) -> None:
        state = self.controller.watcher.state
        runs = state is not None and not state.is_over and self._session.is_open and not self.controller.read_only
        asking = self.now.currentIndex() == RESULT and bool(self.result.question.text()) and self._session.is_open
        for names, on in (
            ("teach-pause teach-stop", runs),
            ("teach-keep teach-discard", asking),
            ("teach-import", self._session.is_open and not self.controller.read_only),
            ("teach-close", self._session.is_open),
            ("curve", self.curve.can_draw),
            ("curve-stop", self.curve.run.is_running),
            ("curve-open", self._session.is_open),
            ("curve-picture curve-table", self._session.is_open and self.curve_view.figures is not None),
        ):
            for name in names.split():
                self._actions[name].setEnabled(on)
        if not self._session.is_open:
            self._actions["teach"].setEnabled(False)

    # What is pressed

    def draw_curve(self) -> None:
        self.tabs.setCurrentWidget(self.curve_view)
        self.curve.draw()

    def open_curve(self) -> None:
        self.tabs.setCurrentWidget(self.curve_view)
        self.curve.open()

    def teach(self) -> None:
        self._shown = None
        self.tabs.setCurrentIndex(0)
        self.controller.teach(recipe_of(self.card.form.settings()), goes_on=self._settings.teach_goes_on)

    def toggle_pause(self) -> None:
        state = self.controller.watcher.state
        self.controller.ask("" if state is not None and state.status == "paused" else "pause")

    def stop(self) -> None:
        self.controller.ask("stop")

    def _on_goes_on(self, on: bool) -> None:
        self.card.goes_on.setChecked(on)
        self.controller.set_goes_on(on)

    def _on_give_up(self) -> None:
        job = self.controller.watcher.job
        if job is not None and self._agrees(f"Remove {job.name}? What it has learnt so far is lost."):
            self.controller.give_up()

    def keep(self) -> None:
        if self._shown is not None:
            self.controller.keep(self._shown)

    def discard(self) -> None:
        shown = self._shown
        if shown is not None and self._agrees(f"Discard {shown.name}? The model is deleted; your labels stay."):
            self._shown = None
            self.controller.delete(shown)

    def _make_current(self, number: int | None) -> None:
        look = self.controller.look
        found = next((each for each in look.versions if each.number == number), None) if look else None
        if found is not None or number is None:
            self.controller.keep(found)

    def _delete(self, version: Version) -> None:
        if self._agrees(f"Delete {version.name}? Its folder is removed from the disk; your labels stay."):
            self.controller.delete(version)

    def _agrees(self, question: str) -> bool:
        yes = QMessageBox.StandardButton.Yes
        return QMessageBox.question(self, "Moodlight", question) == yes

    def _export(self, version: Version) -> None:
        proposal = str(Path(self._settings.last_folder) / f"{version.name}.zip")
        name, kind = QFileDialog.getSaveFileName(self, "Export the model", proposal, f"{ARCHIVE};;{FOLDER}")
        if not name:
            return
        path = Path(name)
        if kind == ARCHIVE and path.suffix.lower() != ".zip":
            path = path.with_name(path.name + ".zip")
        elif kind == FOLDER and path.suffix.lower() == ".zip":
            path = path.with_suffix("")
        self._settings.last_folder = str(path.parent)
        self.controller.export_model(version, path)

    def import_model(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Import a model", self._settings.last_folder, MODELS)
        if name:
            path = Path(name)
            self._settings.last_folder = str(path.parent)
            self.controller.import_model(path.parent if path.name == "config.json" else path)

    def _compare(self, version: Version) -> None:
        look = self.controller.look
        others = [each for each in look.versions if each.report and each.number != version.number] if look else []
        names = [f"{each.name} ({each.number})" for each in others]
        if not others:
            return
        name, agreed = QInputDialog.getItem(self, "Compare", f"Compare {version.name} with", names, 0, False)
        if agreed:
            self._dialog = CompareDialog(version, others[names.index(name)], self.colors, self._theme, self)
            self._dialog.show()

    def _play(self, clip: ChangedClip) -> None:
        end_s = clip.start_s + NO_END_S if clip.end_s is None else clip.end_s
        self.playback.set_clip(Path(clip.file), (clip.start_s, end_s))
        if self.playback.problem:
            self.noted.emit(self.playback.problem)
        self.playback.play()
