"""The open project, seen from the window: all that touches its file is done on one thread, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, QTimer, Signal

from core.errors import MoodlightError, ProjectError
from core.project.journal import Changed
from core.project.opening import create_project, open_project
from core.project.predictions import model_number
from core.project.queue import open_queue
from core.project.schemes import schemes_of
from core.project.store import Store
from core.schemes import Scheme

T = TypeVar("T")
ModelFacts = tuple[str, str, tuple[str, ...]]  # fingerprint, name, labels
BACKUP_MS = 20_000  # after opening: the clips come first
PASSING = ("full", "gone", "open-elsewhere")  # causes that somebody can mend: what failed is worth keeping


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

    A change that failed (a full disk, a share that is gone) is kept: `retry` does it again, in its turn.
    """

    opened = Signal(object)  # ProjectState
    closed = Signal()
    changed = Signal(object)  # Changed: what a command, undo or redo has changed; `state` is up to date
    failed = Signal(object)  # MoodlightError: of opening, or of a change

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(-1)  # the store stays on its thread
        self._backup_timer = QTimer(self, singleShot=True, interval=BACKUP_MS)
        self._backup_timer.timeout.connect(self._back_up)
        self._store: Store | None = None
        self._answers: set[_Answer] = set()
        self._generation = 0  # answers that were asked of an earlier project are dropped
        self._unsaved: list[Callable[[Store], object]] = []
        self.state: ProjectState | None = None
        self.scheme = 0  # number of the label set that is worked with
        self.model = 0  # number of the model whose predictions are shown
        self._model_facts: ModelFacts | None = None

    @property
    def is_open(self) -> bool:
        return self.state is not None

    @property
    def unsaved(self) -> int:
        """Changes that failed and wait for `retry`."""
        return len(self._unsaved)

    # Opening and closing

    def create(self, path: Path, scheme: Scheme | None = None, annotator: str = "") -> None:
        self._open(lambda: create_project(path, scheme, annotator))

    def open(self, path: Path, annotator: str = "", *, read_only: bool = False) -> None:
        self._open(lambda: open_project(path, annotator, read_only=read_only))

    def _open(self, opening: Callable[[], Store]) -> None:
        """The project that is open stays open until the new one is."""
        facts = self._model_facts

        def work() -> tuple[Store, ProjectState, int, int]:
            store = opening()
            scheme, model = next(iter(schemes_of(store))), _number_of(store, facts)
            open_queue(store, scheme, model)
            return store, _state_of(store), scheme, model

        def done(found: tuple[Store, ProjectState, int, int]) -> None:
            self.close()
            self._store, self.state, self.scheme, self.model = found
            self.opened.emit(self.state)
            if self._model_facts is not None and self._model_facts != facts:  # the engine came up meanwhile
                self.name_model(*self._model_facts)
            self._backup_timer.start()

        self._submit(work, done, self.failed.emit)

    def _back_up(self) -> None:
        if self._store is not None and not self._store.read_only:
            self._submit(self._store.back_up_daily, lambda _path: None, self.failed.emit)

    def close(self) -> None:
        """Close the project when what is under way is done; nothing of it is answered any more."""
        self._backup_timer.stop()
        store, self._store, self.state = self._store, None, None
        self._unsaved.clear()
        if store is not None:
            self._generation += 1
            self._submit(store.close, lambda _none: None, self.failed.emit)
            self.closed.emit()

    def shutdown(self) -> None:
        """Close, and wait until everything is in the file."""
        self.close()
        self._pool.waitForDone()

    # Working with it

    def ask(
        self,
        work: Callable[[Store], T],
        done: Callable[[T], None],
        failed: Callable[[MoodlightError], None] | None = None,
    ) -> None:
        """Read from the project; `done` is called in the window's thread, unless the project was closed meanwhile."""
        store, generation = self._need(), self._generation

        def answer(value: T) -> None:
            if generation == self._generation:
                done(value)

        def fail(error: MoodlightError) -> None:
            if generation == self._generation:
                (failed or self.failed.emit)(error)

        self._submit(lambda: work(store), answer, fail)

    def do(self, work: Callable[[Store], object], done: Callable[[], None] = lambda: None) -> None:
        """Change the project by one command; `changed` tells what came of it, after `done`."""

        def run(store: Store) -> tuple[Changed, ProjectState]:
            work(store)
            return store.changed, _state_of(store)

        self._change(run, work, done)

    def undo(self, done: Callable[[], None] = lambda: None) -> None:
        self._change(lambda store: (store.undo(), _state_of(store)), None, done)

    def redo(self, done: Callable[[], None] = lambda: None) -> None:
        self._change(lambda store: (store.redo(), _state_of(store)), None, done)

    def retry(self) -> None:
        """Do again what failed, in its order."""
        waiting, self._unsaved = self._unsaved, []
        for work in waiting:
            self.do(work)

    def give_up(self) -> int:
        """Forget what failed; how many changes are lost by that."""
        lost, self._unsaved = len(self._unsaved), []
        return lost

    def _change(
        self,
        run: Callable[[Store], tuple[Changed, ProjectState]],
        again: Callable[[Store], object] | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        def succeed(found: tuple[Changed, ProjectState]) -> None:
            changed, self.state = found
            done()
            self.changed.emit(changed)

        def fail(error: MoodlightError) -> None:
            if again is not None and isinstance(error, ProjectError) and error.cause in PASSING:
                self._unsaved.append(again)
            self.failed.emit(error)

        self.ask(run, succeed, fail)

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

        def work(store: Store) -> tuple[Changed, ProjectState]:
            open_queue(store, scheme, model)
            return Changed(structure=True), _state_of(store)

        self._change(work, None, done)

    def _need(self) -> Store:
        if self._store is None:
            raise ProjectError("No project is open.")
        return self._store

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


def _state_of(store: Store) -> ProjectState:
    return ProjectState(
        store.path, store.annotator, store.read_only, schemes_of(store), store.undo_title, store.redo_title
    )
