"""What is taught, which models there are, and what becomes of them. The panel shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.annotate.session import ProjectSession
from app.background import run_in_background
from app.teach.changed_table import ChangedRow
from app.teach.figures import Report, changed_clips
from app.teach.job_watcher import JobWatcher
from app.teach.model_in_use import ModelInUse
from app.teach.project_look import Look, clips_of, find_unfinished, look_at, remove_job
from app.teach.worker_start import start_worker
from core.errors import MoodlightError
from core.project.store import Store
from core.project.teaching import prepare_job
from core.project.versions import (
    Version,
    add_taught,
    delete_version,
    describe,
    export_version,
    import_version,
    make_current,
)
from core.teach_job import Job, Wish

LOOK_MS = 300  # after a change: labels come one after the other
NOT_STARTED = "The background process could not be started: the teaching can be gone on with later."


class TeachController(QObject):
    looked = Signal(object)  # Look: what there is, after the project was opened, changed or left
    taught = Signal(object)  # Version: a teaching came to its end
    job_changed = Signal()  # another one is watched, or none
    noted = Signal(str)

    def __init__(
        self,
        session: ProjectSession,
        model: ModelInUse,
        parent: QObject | None = None,
        start: Callable[[Job], bool] = start_worker,
    ) -> None:
        super().__init__(parent)
        self._session, self._model, self._start = session, model, start
        self.look: Look | None = None
        self.watcher = JobWatcher(self)
        self.watcher.ended.connect(self._on_ended)
        self._front = False
        self._preparing = False
        self._is_due = True
        self._timer = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._timer.timeout.connect(self.refresh)
        session.opened.connect(self._on_opened)
        session.closed.connect(self._on_closed)
        session.changed.connect(self._on_changed)

    @property
    def is_busy(self) -> bool:
        """A model is being taught, or will be at once."""
        state = self.watcher.state
        return self._preparing or (state is not None and not state.is_over)

    @property
    def read_only(self) -> bool:
        return self._session.state is not None and self._session.state.read_only

    @property
    def parent_dir(self) -> Path:
        """Folder of the model that would be taught."""
        current = self.look.current if self.look else None
        return current.folder if current is not None and current.is_there else self._model.folder

    # The project

    def _on_opened(self, _state: object) -> None:
        self.begin()

    def begin(self) -> None:
        """A project is open: look at it, and for what is taught there."""
        self._is_due = not self._front
        self._session.ask(find_unfinished, self._on_found, self._say)
        look = partial(look_at, scheme=self._session.scheme, counted=self._front)
        self._session.ask(look, self._on_first_look, self._say)

    def _on_found(self, found: tuple[Job | None, bool]) -> None:
        job, _runs = found
        if job is not None and self.watcher.job is None:
            self.watcher.watch(job, anew=False)
            if self.watcher.state is not None and not self.watcher.state.is_over:
                self.watcher.look_for_life()
            self.job_changed.emit()

    def _on_first_look(self, look: Look) -> None:
        if look.current is not None:
            self._model.use(look.current)
        else:
            self._model.leave()
        self._show(look)

    def _on_closed(self) -> None:
        self.watcher.stop()
        self._timer.stop()
        self._preparing = False
        self.look = None
        self.job_changed.emit()

    def _on_changed(self, _changed: object) -> None:
        self._is_due = True
        if self._front:
            self._timer.start()

    def set_front(self, front: bool) -> None:
        """Counting labels takes its time in a large project: it is done while somebody looks."""
        self._front = front
        if front and self._is_due:
            self.refresh()

    def refresh(self) -> None:
        if self._session.is_open:
            self._is_due = False
            self._session.ask(partial(look_at, scheme=self._session.scheme), self._show, self._say)

    def _show(self, look: Look) -> None:
        self.look = look
        self.looked.emit(look)

    def _say(self, error: MoodlightError) -> None:
        self.noted.emit(str(error))

    # Teaching

    def teach(self, recipe: Mapping[str, Any], *, goes_on: bool) -> None:
        if self.is_busy or not self._session.is_open:
            return
        self._preparing = True
        work = partial(
            prepare_job, scheme=self._session.scheme, recipe=recipe, parent_dir=self.parent_dir, goes_on=goes_on
        )
        self._session.ask(work, self._on_prepared, self._on_unprepared)
        self.job_changed.emit()

    def _on_prepared(self, job: Job) -> None:
        self._preparing = False
        self._work(job)

    def _on_unprepared(self, error: MoodlightError) -> None:
        self._preparing = False
        self._say(error)
        self.job_changed.emit()

    def _work(self, job: Job) -> None:
        self.watcher.watch(job, anew=True)
        if not self._start(job):
            self.watcher.give_up(NOT_STARTED)
        self.job_changed.emit()

    def go_on(self) -> None:
        """With what was stopped."""
        job = self.watcher.job
        if job is not None and not self.is_busy and self._ask(job, ""):
            self._work(job)

    def ask(self, wish: Wish) -> None:
        """Of the worker: pause, stop, keep; "": go on."""
        if self.watcher.job is not None and self._ask(self.watcher.job, wish):
            words = {"stop": "It stops after this step.", "keep": "It ends after this step, and is then measured."}
            if wish in words:
                self.noted.emit(words[wish])

    def _ask(self, job: Job, wish: Wish) -> bool:
        try:
            job.ask(wish)
        except OSError as error:
            self.noted.emit(f"The teaching cannot be told: {error}")
            return False
        return True

    def set_goes_on(self, goes_on: bool) -> None:
        """Whether what is taught now goes on when the window is closed."""
        if self.watcher.job is not None:
            try:
                self.watcher.job.set_goes_on(goes_on)
            except (OSError, MoodlightError) as error:
                self.noted.emit(f"The teaching cannot be told: {error}")

    def give_up(self) -> None:
        """Remove what was stopped."""
        job = self.watcher.job
        if job is None or self.is_busy:
            return
        self.watcher.stop()
        self.job_changed.emit()
        run_in_background(partial(remove_job, job), lambda _none: None, self.noted.emit)

    def _on_ended(self, status: str) -> None:
        job = self.watcher.job
        if status == "done" and job is not None and self._session.is_open:
            self._session.ask(lambda store: add_taught(store, job), self._on_taught, self._say)
        self.job_changed.emit()

    def _on_taught(self, version: Version) -> None:
        self.watcher.stop()
        self.refresh()
        self.job_changed.emit()
        self.taught.emit(version)

    # Versions

    def keep(self, version: Version | None) -> None:
        """Use a model from now on; None: the one that comes with Moodlight."""
        number = version.number if version is not None else None

        def done(_none: None) -> None:
            self._model.use(version)
            name = version.name if version is not None else "The model that comes with Moodlight"
            self.noted.emit(f"{name} is in use now: it hears the clips anew.")
            self.refresh()

        self._change(lambda store: make_current(store, number), done)

    def delete(self, version: Version) -> None:
        def done(_none: None) -> None:
            self.noted.emit(f"{version.name} is deleted.")
            self.refresh()

        self._change(lambda store: delete_version(store, version.number), done)

    def set_note(self, number: int, note: str) -> None:
        self._change(lambda store: describe(store, number, note=note), lambda _none: self.refresh())

    def import_model(self, path: Path) -> None:
        def done(version: Version) -> None:
            self.noted.emit(f"{version.name} is one of the project's models now. Make it current to use it.")
            self.refresh()

        self._change(lambda store: import_version(store, path), done)

    def export_model(self, version: Version, target: Path) -> None:
        run_in_background(
            lambda: export_version(version.folder, target),
            lambda _none: self.noted.emit(f"{version.name} is in {target}."),
            self.noted.emit,
        )

    def _change(self, work: Callable[[Store], Any], done: Callable[[Any], None]) -> None:
        """Models are in no journal, so that no change of the session's tells of them."""
        if self._session.is_open:
            self._session.ask(work, done, self._say)

    def find_changed(self, report: Report, done: Callable[[list[ChangedRow]], None]) -> None:
        """The project's clips behind those that a report says have changed."""
        changed = changed_clips(report)
        if changed and self._session.is_open:
            self._session.ask(partial(clips_of, scheme=self._session.scheme, changed=changed), done, self._say)
