"""What becomes of the Curve tab: what is drawn of the open project, opened and saved."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.annotate.session import ProjectSession
from app.background import run_in_background
from app.child_command import CLOSING_MS
from app.settings import Settings
from app.teach.curve_figures import CurveFigures, load_curve, save_curve_table
from app.teach.curve_job import CurveJob, Drawn, find_drawn, prepare_curve
from app.teach.curve_run import CurveRun
from app.teach.curve_settings import settings_of
from app.teach.curve_view import CurveView
from core.errors import ConfigError, MoodlightError

OURS = "Of this project’s labels"
REPORTS = "Reports of a curve (*.json);;All files (*)"
PICTURES, TABLES = "SVG picture (*.svg);;PNG picture (*.png)", "Table (*.csv)"
STOPPED = "It was stopped. What is done stays: draw again, and it goes on."
READ_ONLY = "This project is open for reading only: no curve can be drawn beside it."


class CurveController(QObject):
    noted = Signal(str)
    changed = Signal()  # what can be done now

    def __init__(
        self,
        session: ProjectSession,
        view: CurveView,
        settings: Settings,
        parent_dir: Callable[[], Path],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self.view, self._settings, self._parent_dir = session, view, settings, parent_dir
        self._preparing = False
        self._shown = 0  # grows with each curve: one that was read too late is not shown
        self.run = CurveRun(self)
        self.run.changed.connect(self._show_state)
        self.run.ended.connect(self._on_ended)
        session.opened.connect(self._on_opened)
        session.closed.connect(self._on_closed)
        view.draw.connect(self.draw)
        view.stop.connect(self.run.stop)
        view.open_.connect(self.open)
        view.save_picture.connect(self.save_picture)
        view.save_table.connect(self.save_table)

    @property
    def can_draw(self) -> bool:
        state = self._session.state
        return state is not None and not state.read_only and not self.run.is_running and not self._preparing

    def close(self) -> None:
        """The window closes."""
        self.run.leave(CLOSING_MS)

    def _on_opened(self, _state: object) -> None:
        self.begin()

    def begin(self) -> None:
        """A project is open: show the curve that was drawn of it."""
        self._leave()
        self.view.say(READ_ONLY if self._session.state is not None and self._session.state.read_only else "")
        self._session.ask(find_drawn, self._on_found, self._say)
        self._show_state()

    def _leave(self) -> None:
        self.run.leave()
        self._preparing = False
        self._shown += 1
        self.view.show_figures(None)

    def _on_found(self, drawn: Drawn) -> None:
        if drawn.recipe is not None:
            with suppress(ConfigError, TypeError, ValueError):  # somebody has written in it: they stay as they are
                self.view.form.show_settings(settings_of(drawn.recipe))
        if drawn.report is not None:
            self.show_report(drawn.report, OURS)

    def _on_closed(self) -> None:
        self._leave()
        self._show_state()

    # Drawing

    def draw(self) -> None:
        if not self.can_draw:
            return
        try:
            settings = self.view.form.settings()
        except ConfigError as error:
            self.view.say(str(error), problem=True)
            return
        self._preparing = True
        self.view.say("")
        work = partial(prepare_curve, scheme=self._session.scheme, settings=settings, parent=self._parent_dir())
        self._session.ask(work, self._on_prepared, self._on_refused)
        self._show_state()

    def _on_prepared(self, job: CurveJob) -> None:
        self._preparing = False
        self.run.start(job)

    def _on_refused(self, error: MoodlightError) -> None:
        self._preparing = False
        self.view.say(str(error), problem=True)
        self._show_state()

    def _on_ended(self, status: str, why: str) -> None:
        job = self.run.job
        sentence = " ".join(job.notes) if status == "done" and job is not None else ""
        self.view.say({"stopped": STOPPED, "failed": why}.get(status, sentence), problem=status == "failed")
        self._show_state()
        if job is not None and status != "failed" and job.report.is_file():
            self.show_report(job.report, OURS)

    def _show_state(self) -> None:
        running, progress = self.run.is_running, self.run.progress
        done, total = (progress.done, progress.total) if running else (0, 0)
        self.view.show_state(running=running, can=self.can_draw, done=done, total=total)
        if running:
            self.view.say(progress.text(self.run.clock()))
        self.changed.emit()

    # Files

    def open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self.view, "Open a curve", self._settings.last_folder, REPORTS)
        if name:
            self._settings.last_folder = str(Path(name).parent)
            self.show_report(Path(name))

    def show_report(self, path: Path, source: str = "") -> None:
        """The curve in a `report.json`."""
        self._shown += 1
        number = self._shown

        def show(figures: CurveFigures) -> None:
            if number != self._shown:
                return
            self.view.show_figures(figures, source or f"{figures.name}, from {path.name}")
            self.changed.emit()

        run_in_background(partial(load_curve, path), show, self.noted.emit)

    def save_picture(self) -> None:
        path = self._ask_where("Save the picture", "curve.svg", PICTURES)
        if path is not None:
            self._save(path, partial(self.view.write_picture, path))

    def save_table(self) -> None:
        path, figures = self._ask_where("Save the table", "curve.csv", TABLES), self.view.figures
        if path is not None and figures is not None:
            self._save(path, partial(save_curve_table, figures, path))

    def _ask_where(self, title: str, name: str, kinds: str) -> Path | None:
        if self.view.figures is None:
            return None
        proposal = str(Path(self._settings.last_folder) / name)
        chosen, kind = QFileDialog.getSaveFileName(self.view, title, proposal, kinds)
        if not chosen:
            return None
        self._settings.last_folder = str(Path(chosen).parent)
        ending = ".png" if "png" in kind else Path(name).suffix
        return Path(chosen) if Path(chosen).suffix else Path(chosen + ending)

    def _save(self, path: Path, write: Callable[[], None]) -> None:
        try:
            write()
        except (OSError, MoodlightError) as error:
            self.noted.emit(str(error))
        else:
            self.noted.emit(f"It is saved: {path}.")

    def _say(self, error: MoodlightError) -> None:
        self.noted.emit(str(error))
