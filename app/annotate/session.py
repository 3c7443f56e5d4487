"""The open project, seen from the window: all that touches its file is done on one thread, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, QTimer, Signal

from app.annotate.project_file import Outcome, ProjectFile
from core.errors import MoodlightError, ProjectError
from core.project.opening import create_project, open_project
from core.project.predictions import model_number
from core.project.schemes import schemes_of
from core.project.store import Store
from core.schemes import Scheme

T = TypeVar("T")
ModelFacts = tuple[str, str, tuple[str, ...]]  # fingerprint, name, labels
BACKUP_MS = 20_000  # after opening: the clips come first
Found = tuple[ProjectFile, "ProjectState", int, int]  # with the numbers of label set and model


@dataclass(frozen=True)
class ProjectState:
    """What the window shows of a project, read again after every change.

    Attributes:
        path: the file.
        annotator: who works.
        read_only: nothing can be changed.
        schemes: label sets by their number.
        undo_title: what undo would take back, or "".
        redo_title: what redo would do, or "".
    """

    path: Path
    annotator: str
    read_only: bool
    schemes: dict[int, Scheme]
    undo_title: str
    redo_title: str


class _Answer(QObject):
    given = Signal(object, object)  # value, error


class _Work(QRunnable):
    def __init__(self, work: Callable[[], Any], answer: _Answer) -> None:
        super().__init__()
        self._work, self._answer = work, answer

    def run(self) -> None:
        try:
            value = self._work()
        except Exception as error:  # noqa: BLE001 - a worker's top: it is raised again in the window's thread
            self._answer.given.emit(None, error)
        else:
            self._answer.given.emit(value, None)


class ProjectSession(QObject):
    """At most one project is open. Its methods return at once; what they find comes by call or signal.

    A change that failed (a full disk, a share that is gone) waits, and later ones behind it. As long as any waits, the
    project is not left without a question: `failed` tells of it with the cause `unsaved`, and `go_on` leaves it anyway.
    """

    opened = Signal(object)  # ProjectState
    closed = Signal()
    changed = Signal(object)  # Changed: what a command, undo or redo has changed; `state` is up to date
    failed = Signal(object)  # MoodlightError: of opening, or of a change
    kept = Signal(int)  # one more change waits behind others, of which `failed` has told; how many wait now

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(-1)  # the store stays on its thread
        self._backup_timer = QTimer(self, singleShot=True, interval=BACKUP_MS)
        self._backup_timer.timeout.connect(self._back_up)
        self._file: ProjectFile | None = None
        self._answers: set[_Answer] = set()
        self._generation = 0  # answers that were asked of an earlier project are dropped
        self._refused: Callable[[], object] = lambda: None  # what would have lost changes that wait
        self.state: ProjectState | None = None
        self.scheme = 0  # number of the label set that is worked with
        self.model = 0  # number of the model whose predictions are shown
        self._model_facts: ModelFacts | None = None

    @property
    def is_open(self) -> bool:
        return self.state is not None

    @property
    def unsaved(self) -> int:
        """Changes that failed and wait."""
        return self._file.unsaved if self._file is not None else 0

    # Opening and closing

    def create(self, path: Path, scheme: Scheme | None = None, annotator: str = "") -> None:
        self._open(lambda: create_project(path, scheme, annotator))

    def open(self, path: Path, annotator: str = "", *, read_only: bool = False) -> None:
        self._open(lambda: open_project(path, annotator, read_only=read_only))

    def _open(self, opening: Callable[[], Store]) -> None:
        """The project that is open stays open until the new one is."""
        facts, before = self._model_facts, self._file

        def work() -> Found:
            if before is not None and before.unsaved:
                raise _unsaved(before)
            store = opening()
            try:
                scheme, model = next(iter(schemes_of(store))), _number_of(store, facts)
                return ProjectFile(store, scheme, model, rescue_folder()), _state_of(store), scheme, model
            except BaseException:
                store.close()
                raise

        def done(found: Found) -> None:
            self.close()
            self._take(found)
            if self._model_facts is not None and self._model_facts != facts:  # the engine came up meanwhile
                self.name_model(*self._model_facts)
            self._backup_timer.start()

        def fail(error: MoodlightError) -> None:
            if isinstance(error, ProjectError) and error.cause == "unsaved":
                self._refused = lambda: self._open(opening)
            self.failed.emit(error)

        self._submit(work, done, fail)

    def _take(self, found: Found) -> None:
        self._file, self.state, self.scheme, self.model = found
        self.opened.emit(self.state)

    def _back_up(self) -> None:
        if self._file is not None:
            self._submit(self._file.back_up, lambda _none: None, self.failed.emit)

    def when_saved(self, then: Callable[[], object]) -> None:
        """Do what ends the work on this project as soon as everything is in the file."""
        file = self._file

        def answer(unsaved: int) -> None:
            if file is not None and unsaved and file is self._file:
                self._refuse(file, then)
            else:
                then()

        self._submit(lambda: file.unsaved if file is not None else 0, answer, self.failed.emit)

    def refuses(self, then: Callable[[], object]) -> bool:
        """Waits until all is written that can be; whether something cannot, and `failed` has asked what to do."""
        self._pool.waitForDone()
        if self._file is None or not self._file.unsaved:
            return False
        self._refuse(self._file, then)
        return True

    def _refuse(self, file: ProjectFile, then: Callable[[], object]) -> None:
        self._refused = then
        self.failed.emit(_unsaved(file))

    def go_on(self) -> None:
        """Do what was refused because changes wait; where they still do, they are lost."""
        self.give_up()
        refused, self._refused = self._refused, lambda: None
        refused()

    def close(self) -> None:
        """Close the project when what is under way is done; nothing of it is answered any more."""
        self._backup_timer.stop()
        file, self._file, self.state = self._file, None, None
        if file is not None:
            self._generation += 1
            self._submit(file.close, lambda _none: None, self.failed.emit)
            self.closed.emit()

    def shutdown(self) -> None:
        """Close, and wait until everything is in the file."""
        self.close()
        self._pool.waitForDone()

    # Where the file cannot be written

    def retry(self, done: Callable[[], None] = lambda: None) -> None:
        """Do again what failed, in its order; `done` is called when nothing waits any more."""
        self._change(lambda file: file.retry(), done)

    def give_up(self) -> int:
        """Forget what failed; how many changes are lost by that."""
        return self._file.give_up() if self._file is not None else 0

    def continue_in(
        self, target: Path, done: Callable[[str], None], failed: Callable[[MoodlightError], object] | None = None
    ) -> None:
        """Go on in a copy that has what waits, too; `done` is told in a sentence what it holds."""
        file = self._need()

        def work() -> tuple[str, ProjectState]:
            return file.continue_in(target), _state_of(file.store)

        def answer(found: tuple[str, ProjectState]) -> None:
            sentence, state = found
            if self._show_again(file, state):
                done(sentence)

        self._submit(work, answer, failed or self.failed.emit)

    def repair(self, fix: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do something to the file while it is closed, and go on with it; what waits is then written."""
        file = self._need()
        came: list[T] = []

        def work() -> tuple[Outcome, ProjectState]:
            return file.repair(lambda: came.append(fix())), _state_of(file.store)

        def answer(found: tuple[Outcome, ProjectState]) -> None:
            outcome, state = found
            if self._show_again(file, state):
                done(came[0])
                if outcome.error is not None:
                    self.failed.emit(outcome.error)

        self._submit(work, answer, self.failed.emit)

    def _show_again(self, file: ProjectFile, state: ProjectState) -> bool:
        """The same project out of another file: views begin anew."""
        if file is not self._file:
            return False
        self.state = None
        self.closed.emit()
        self._take((file, state, self.scheme, self.model))
        self._backup_timer.start()
        return True

    # Working with it

    def ask(
        self,
        work: Callable[[Store], T],
        done: Callable[[T], None],
        failed: Callable[[MoodlightError], object] | None = None,
    ) -> None:
        """Read from the project; `done` is called in the window's thread, unless the project was closed meanwhile."""
        self._ask(lambda file: work(file.store), done, failed)

    def _ask(
        self,
        work: Callable[[ProjectFile], T],
        done: Callable[[T], None],
        failed: Callable[[MoodlightError], object] | None = None,
    ) -> None:
        file, generation = self._need(), self._generation

        def answer(value: T) -> None:
            if generation == self._generation:
                done(value)

        def fail(error: MoodlightError) -> None:
            if generation == self._generation:
                (failed or self.failed.emit)(error)

        self._submit(lambda: work(file), answer, fail)

    def do(self, work: Callable[[Store], object], done: Callable[[], None] = lambda: None) -> None:
        """Change the project by one command; `changed` tells what came of it, after `done`."""
        self._change(lambda file: file.write(work), done)

    def undo(self, done: Callable[[], None] = lambda: None) -> None:
        self._change(lambda file: file.undo(), done)

    def redo(self, done: Callable[[], None] = lambda: None) -> None:
        self._change(lambda file: file.redo(), done)

    def _change(self, write: Callable[[ProjectFile], Outcome], done: Callable[[], None]) -> None:
        def run(file: ProjectFile) -> tuple[Outcome, ProjectState | None]:
            outcome = write(file)
            return outcome, _state_of(file.store) if outcome.error is None or outcome.changed else None

        def answer(found: tuple[Outcome, ProjectState | None]) -> None:
            outcome, state = found
            self.state = state or self.state
            if outcome.error is None:
                done()
            if outcome.changed is not None:
                self.changed.emit(outcome.changed)
            if outcome.joined:
                self.kept.emit(self.unsaved)
            elif outcome.error is not None:
                self.failed.emit(outcome.error)

        self._ask(run, answer)

    def use_scheme(self, number: int, done: Callable[[], None] = lambda: None) -> None:
        """Work with another label set; the queue is built anew."""
        self.scheme = number
        self._rebuild(done)

    def use_model(self, number: int, done: Callable[[], None] = lambda: None) -> None:
        """Show another model's predictions; the queue is built anew."""
        self.model = number
        self._rebuild(done)

    def name_model(self, fingerprint: str, name: str, labels: Sequence[str]) -> None:
        """Show this model's predictions, in the project that is open and in those that will be."""
        facts = self._model_facts = (fingerprint, name, tuple(labels))

        def use(number: int) -> None:
            if number != self.model:
                self.use_model(number)

        if self.is_open:
            self.ask(lambda store: _number_of(store, facts), use)

    def use_annotator(self, name: str, done: Callable[[], None] = lambda: None) -> None:
        """Somebody else works; the queue is built anew."""

        def rename(store: Store) -> None:
            store.annotator = name

        self.ask(rename, lambda _none: None)
        self._rebuild(done)

    def _rebuild(self, done: Callable[[], None]) -> None:
        scheme, model = self.scheme, self.model
        self._change(lambda file: Outcome(file.use_queue(scheme, model)), done)

    def _need(self) -> ProjectFile:
        if self._file is None:
            raise ProjectError("No project is open.")
        return self._file

    def _submit(
        self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[MoodlightError], object]
    ) -> None:
        answer = _Answer()
        self._answers.add(answer)  # kept alive until it has been given

        def give(value: T, error: BaseException | None) -> None:
            self._answers.discard(answer)
            if error is None:
                done(value)
            elif isinstance(error, MoodlightError):
                failed(error)
            else:
                raise error

        answer.given.connect(give, Qt.ConnectionType.QueuedConnection)
        self._pool.start(_Work(work, answer))


def _number_of(store: Store, facts: ModelFacts | None) -> int:
    """The number of a model in a project, 0 where there is none and none can be added."""
    if facts is None:
        return 0
    if store.read_only:
        return int(store.value("SELECT id FROM models WHERE fingerprint = ?", facts[:1]) or 0)
    return model_number(store, *facts)


def _unsaved(file: ProjectFile) -> ProjectError:
    what = "A change is" if file.unsaved == 1 else f"{file.unsaved:,} changes are"
    return ProjectError(f"{what} not in {file.store.path.name} yet.", cause="unsaved")


def rescue_folder() -> Path:
    """Where copies are kept of projects on other disks and shares while they are open."""
    return Path(platformdirs.user_state_dir("moodlight", appauthor=False)) / "rescue"


def _state_of(store: Store) -> ProjectState:
    return ProjectState(
        store.path, store.annotator, store.read_only, schemes_of(store), store.undo_title, store.redo_title
    )
