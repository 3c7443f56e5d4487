"""An open project on the thread of its file: what cannot be written waits, in its order, and can go on elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import MoodlightError, ProjectError
from core.project.copies import copy_file, save_copy
from core.project.files import backups_of
from core.project.journal import Changed
from core.project.opening import open_project, reopen_project
from core.project.place import place_of
from core.project.queue import open_queue
from core.project.store import Store

Work = Callable[[Store], object]
PASSING = ("full", "gone", "missing", "read-only", "open-elsewhere", "damaged")  # what somebody can mend


@dataclass(frozen=True)
class Change:
    """What somebody did; it can be done again, in another copy too."""

    annotator: str
    work: Work

    def do(self, store: Store) -> None:
        here, store.annotator = store.annotator, self.annotator
        try:
            self.work(store)
        finally:
            store.annotator = here


@dataclass(frozen=True)
class Outcome:
    """What came of writing.

    Attributes:
        changed: what is in the file now, None where nothing was written.
        error: what went wrong.
        joined: the new change waits behind others that had to wait before.
    """

    changed: Changed | None = None
    error: MoodlightError | None = None
    joined: bool = False


class ProjectFile:
    """Used by one thread; `unsaved` may be read by any.

    A copy on this computer is kept of a project that lies on another disk or a share, from which work goes on where
    the disk or the share can no longer be read.
    """

    def __init__(self, store: Store, scheme: int, model: int, rescue_folder: Path) -> None:
        self.store = store
        self.unsaved = 0  # changes that failed and wait; not the one that is being written
        self._queue = (scheme, model)
        self._waiting: deque[Change] = deque()
        self._rescue_folder = rescue_folder
        self._rescue: Path | None = None
        self._since: list[Change] = []  # what was written since the rescue was made
        open_queue(store, scheme, model)

    def use_queue(self, scheme: int, model: int) -> Changed:
        self._queue = (scheme, model)
        open_queue(self.store, scheme, model)
        return Changed(structure=True)

    # Writing

    def write(self, work: Work) -> Outcome:
        """Do what waits, then this."""
        before = len(self._waiting)
        self._waiting.append(Change(self.store.annotator, work))
        outcome = self._write_waiting()
        joined = before > 0 and len(self._waiting) > before
        return Outcome(outcome.changed, outcome.error, joined)

    def retry(self) -> Outcome:
        """Do what waits; a file that was away and is back is opened anew."""
        opened = None
        try:
            if self.store.needs_reopening:
                self._use(reopen_project(self.store))
                opened = Changed(structure=True)
        except ProjectError as error:
            return Outcome(error=error)
        outcome = self._write_waiting()
        return Outcome(_together(opened, outcome.changed), outcome.error)

    def undo(self) -> Outcome:
        return self._go_back(Store.undo)

    def redo(self) -> Outcome:
        return self._go_back(Store.redo)

    def _go_back(self, work: Callable[[Store], Changed]) -> Outcome:
        outcome = self._write_waiting()
        if outcome.error is not None:
            return outcome
        try:
            changed = work(self.store)
        except ProjectError as error:
            return Outcome(outcome.changed, error)
        self._note(Change(self.store.annotator, work))
        return Outcome(_together(outcome.changed, changed) if outcome.changed else changed)

    def _write_waiting(self) -> Outcome:
        """In order. What can never be done is left out, and told."""
        changed, wrong = None, None
        try:
            while self._waiting:
                change = self._waiting.popleft()
                try:
                    change.do(self.store)
                except MoodlightError as error:
                    if self._can_pass(error):
                        self._waiting.appendleft(change)
                        return Outcome(changed, error)
                    wrong = wrong or error
                else:
                    self._note(change)
                    changed = _together(changed, self.store.changed)
            return Outcome(changed, wrong)
        finally:
            self.unsaved = len(self._waiting)

    def _can_pass(self, error: MoodlightError) -> bool:
        """Whether the fault is the file's, not the change's: then the change is worth keeping."""
        return error is self.store.failure and self.store.failure.cause in PASSING

    def _note(self, change: Change) -> None:
        if self._rescue is not None:
            self._since.append(change)

    def give_up(self) -> int:
        """Forget what waits; how many changes that were."""
        lost = len(self._waiting)
        self._waiting.clear()
        self.unsaved = 0
        return lost

    # Copies

    def back_up(self) -> None:
        """The copy of today, and the one on this computer.

        Raises:
            ProjectError: today's cannot be written.
        """
        if self.store.read_only:
            return
        with suppress(ProjectError, OSError):  # one safety more: work goes on without it
            self._make_rescue()
        self.store.back_up_daily()

    def _make_rescue(self) -> None:
        self._rescue_folder.mkdir(parents=True, exist_ok=True)
        here, there = place_of(self._rescue_folder), place_of(self.store.folder)
        if here is None or there is None or here.disk == there.disk:
            return
        target = self._rescue_folder / f"{self.store.fact('project', 'project')}.rescue"
        self.store.back_up(target)
        self._rescue, self._since = target, []

    def continue_in(self, target: Path) -> str:
        """Copy the project, do in the copy what waits, and work on there.

        Returns:
            A sentence on what the copy holds.

        Raises:
            ProjectError: the copy cannot be written, or nothing can be read any more that a copy could be made of.
        """
        changes, holds = list(self._waiting), "everything"
        try:
            save_copy(self.store, target)
        except ProjectError:
            if self.store.can_be_read():  # the fault is with the place of the copy
                raise
            since, holds = self._copy_something_else(target)
            changes = [*since, *changes]
        copy = open_project(target, self.store.annotator)
        try:
            wrong = _do_all(changes, copy)
            open_queue(copy, *self._queue)
        except BaseException:
            copy.close()
            raise
        count = self.give_up()
        old, self.store = self.store, copy
        old.close()
        self._drop_rescue()
        waited = f", with the {_changes(count)} that waited" if count else ""
        left_out = f" Left out: {'; '.join(wrong)}" if wrong else ""
        return f"Work goes on in {target}. It holds {holds}{waited}.{left_out}"

    def _copy_something_else(self, target: Path) -> tuple[list[Change], str]:
        """The file cannot be read: what was done since, and what the copy holds."""
        if self._rescue is not None:
            copy_file(self._rescue, self.store.folder, target)
            return self._since, "everything, from the copy that was kept on this computer"
        for backup in backups_of(self.store.path):
            with suppress(ProjectError, OSError):
                made = datetime.fromtimestamp(backup.stat().st_mtime)
                copy_file(backup, self.store.folder, target)
                return [], f"what the backup of {made:%d %B %Y, %H:%M} holds, not what was written after it"
        raise ProjectError(
            f"{self.store.path} cannot be read any more, and neither can a backup: there is nothing to copy. Keep this "
            "window open until the disk or the share is back, then try again.",
            cause="gone",
        )

    def _drop_rescue(self) -> None:
        if self._rescue is not None:
            with suppress(OSError):
                self._rescue.unlink()
        self._rescue, self._since = None, []

    # Opening and closing

    def repair(self, fix: Callable[[], object]) -> Outcome:
        """Do something to the file while it is closed, open it again, and do what waits."""
        path, annotator = self.store.path, self.store.annotator
        self.store.close()
        try:
            fix()
        finally:
            self._use(open_project(path, annotator))
        return self._write_waiting()

    def _use(self, store: Store) -> None:
        self.store = store
        open_queue(store, *self._queue)

    def close(self) -> None:
        """Close the file.

        Raises:
            ProjectError: a change could not be written; it is lost.
        """
        path, lost = self.store.path, self.give_up()
        self.store.close()
        self._drop_rescue()
        if lost:
            raise ProjectError(f"{_changes(lost)} could not be written into {path} before it was closed: lost.")


def _do_all(changes: Iterable[Change], copy: Store) -> list[str]:
    """What could not be done there, in sentences."""
    wrong = []
    for change in changes:
        try:
            change.do(copy)
        except MoodlightError as error:
            if error is copy.failure and copy.failure.cause in PASSING:
                raise
            wrong.append(str(error))
    return wrong


def _together(first: Changed | None, second: Changed | None) -> Changed | None:
    if first is None or second is None:
        return first or second
    return Changed(
        second.title or first.title,
        first.clips | second.clips,
        first.structure or second.structure,
        first.schemes or second.schemes,
    )


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count:,} changes"
