"""What is wrong with a project file, in a sentence, and the ways on. It does not block."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from datetime import datetime
from functools import partial
from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QWidget
from shiboken6 import isValid

from app.annotate.session import ProjectSession
from app.background import run_in_background
from core.errors import MoodlightError, ProjectError
from core.project.copies import save_copy
from core.project.files import backups_of, restore_backup
from core.project.opening import EXTENSION, open_project

PROJECT_FILES = f"Moodlight projects (*{EXTENSION})"
ROLE = QMessageBox.ButtonRole
BOX = "problem"  # one at a time
HEADS = {
    "open-elsewhere": "The project is open elsewhere",
    "read-only": "The project may not be written",
    "damaged": "The project is damaged",
    "newer": "The project is from a newer Moodlight",
    "full": "The disk is full",
    "gone": "The project cannot be reached",
    "missing": "The project is not there",
    "not-project": "This is not a project",
    "exists": "The file exists already",
    "unsaved": "Not everything is written yet",
}


def show_problem(
    error: MoodlightError,
    session: ProjectSession,
    parent: QWidget | None = None,
    path: Path | None = None,
    annotator: str = "",
) -> QMessageBox:
    """Show a problem with a project.

    Args:
        error: what the session told.
        session: that ways on are taken with.
        parent: the window.
        path: the file that could not be opened; the open project's if not given.
        annotator: who works, for opening again; the open project's if not given.

    Returns:
        The box, which is shown and closes by itself.
    """
    for shown in parent.findChildren(QMessageBox, BOX) if parent is not None else ():
        if shown.isVisible() and shown.property("asks") and session.unsaved:
            return shown  # it asks what becomes of the changes, whatever else is wrong
        shown.close()
    return _Problem(error, session, parent, path, annotator).show()


class _Problem:
    """One box, its buttons, and what they do. The box's slots keep it alive."""

    def __init__(
        self,
        error: MoodlightError,
        session: ProjectSession,
        parent: QWidget | None,
        path: Path | None,
        annotator: str,
    ) -> None:
        state = session.state
        self.error, self.session = error, session
        self._owner = None if parent is None else weakref.ref(parent)  # it must not die with the box
        self.cause = error.cause if isinstance(error, ProjectError) else "request"
        if self.cause == "unsaved":
            path = None  # it is not about the file that was to be opened
        self.path = path or (state.path if state else None)
        self.annotator = annotator or (state.annotator if state else "")
        self.at_work = state is not None and self.path == state.path  # the project that is open has the problem
        self.box = QMessageBox(QMessageBox.Icon.Warning, "Moodlight", self._head(), parent=parent)
        self.box.setObjectName(BOX)
        self.box.setProperty("asks", self.cause == "unsaved")
        self.box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.box.setInformativeText("\n\n".join(self._sentences()))

    def _head(self) -> str:
        head = HEADS.get(self.cause)
        return f"<b>{head}</b>" if head else escape(str(self.error))

    def _sentences(self) -> list[str]:
        sentences = [str(self.error)] if self.cause in HEADS else []
        if waiting := self.session.unsaved:
            changes = "1 change is" if waiting == 1 else f"{waiting:,} changes are"
            lost = "Whoever goes on without them loses them." if self.cause == "unsaved" else ""
            sentences.append(lost or f"{changes} not written yet. Nothing is lost as long as this window is open.")
        return sentences

    def show(self) -> QMessageBox:
        offers = {
            "open-elsewhere": self._offer_opening,
            "read-only": self._offer_reading,
            "damaged": self._offer_backups,
            "full": self._offer_retry,
            "gone": self._offer_retry,
            "missing": self._offer_retry if self.at_work else self._offer_another,
            "unsaved": self._offer_going_on,
            "not-project": self._offer_another,
            "exists": self._offer_opening_it,
        }
        offers.get(self.cause, lambda: None)()
        waiting = self.session.unsaved > 0
        harmless = self.box.addButton("Keep waiting" if waiting else "Close", ROLE.RejectRole)
        self.box.setEscapeButton(harmless)
        if self.box.defaultButton() is None:
            self.box.setDefaultButton(harmless)
        self.box.open()
        return self.box

    def _offer(self, text: str, call: Callable[[], object], *, default: bool = False) -> QPushButton:
        button = self.box.addButton(text, ROLE.ActionRole)
        button.clicked.connect(lambda: call())
        if default:
            self.box.setDefaultButton(button)
        return button

    def _offer_opening(self) -> None:
        if self.at_work:  # it was open, and another program holds it for a moment
            self._offer_retry()
        elif self.path is not None:
            self._offer("Open for reading only", self._open_to_read)
            self._offer("Try again", self._open_again, default=True)

    def _offer_reading(self) -> None:
        if self.at_work:
            self._offer_retry()
        elif self.path is not None:
            self._offer("Open for reading only", self._open_to_read, default=True)
            self._offer("Save a copy…", self._choose_copy)

    def _offer_backups(self) -> None:
        copies = backups_of(self.path)[:1] if self.path is not None else []
        for copy in copies:
            made = datetime.fromtimestamp(copy.stat().st_mtime)
            self._offer(f"Restore the backup of {made:%d %B %Y, %H:%M}", partial(self._restore, copy))
        self._offer_another()

    def _offer_retry(self) -> None:
        if self.at_work:
            self._offer("Try again", self.session.retry, default=True)
            self._offer("Save a copy…", self._choose_copy)
        elif self.path is not None:
            self._offer("Try again", self._open_again, default=True)

    def _offer_going_on(self) -> None:
        """Something would close the project."""
        self._offer("Try again", lambda: self.session.retry(self.session.go_on), default=True)
        self._offer("Save a copy…", self._choose_copy)
        button = self.box.addButton("Go on without them", ROLE.DestructiveRole)
        button.clicked.connect(lambda: self.session.go_on())

    def _offer_another(self) -> None:
        self._offer("Open another…", self._choose_another)

    def _offer_opening_it(self) -> None:
        if self.path is not None:
            self._offer("Open it", self._open_again)

    # The ways on

    def _open_again(self) -> None:
        self._open(self.path)

    def _open_to_read(self) -> None:
        self._open(self.path, read_only=True)

    def _open(self, path: Path | None, *, read_only: bool = False) -> None:
        if path is not None:
            self.session.open(path, self.annotator, read_only=read_only)

    def _choose_another(self) -> None:
        folder = str(self.path.parent) if self.path is not None else ""
        dialog = QFileDialog(self._parent(), "Open a project", folder, PROJECT_FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._open_file_dialog(dialog, lambda chosen: self._open(chosen))

    def _choose_copy(self) -> None:
        name = self.path.stem if self.path is not None else "project"
        dialog = QFileDialog(
            self._parent(), "Save a copy of the project", str(Path.home() / f"{name}-copy{EXTENSION}"), PROJECT_FILES
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(EXTENSION.removeprefix("."))
        self._open_file_dialog(dialog, self.save_copy)

    def _open_file_dialog(self, dialog: QFileDialog, chosen: Callable[[Path], None]) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: chosen(Path(file)))
        dialog.open()

    def save_copy(self, target: Path) -> None:
        """Copy the project. With changes that wait, or of one that could not be opened, work goes on in the copy."""
        if self.path is not None and target == self.path:
            self._tell("Choose another place: a copy cannot replace the project itself.")
        elif self.at_work and self.session.is_open:
            self._copy_open(target)
        else:
            run_in_background(lambda: self._copy_closed(target), lambda _none: self._open(target), self._tell)

    def _copy_closed(self, target: Path) -> None:
        if self.path is not None:
            with open_project(self.path, self.annotator, read_only=True) as store:
                save_copy(store, target)

    def _copy_open(self, target: Path) -> None:
        def tell(sentence: str) -> None:
            self._tell(sentence, QMessageBox.Icon.Information)

        if self.session.unsaved:
            self.session.continue_in(target, tell, self._again)
        else:
            self.session.ask(
                lambda store: save_copy(store, target), lambda _none: tell(f"The copy is {target}."), self._again
            )

    def _restore(self, copy: Path) -> None:
        path = self.path
        if path is None:
            return

        def tell(kept: Path) -> None:
            self._tell(
                f"The backup is in place. The damaged file is kept as {kept.name}.", QMessageBox.Icon.Information
            )

        def done(kept: Path) -> None:
            self._open(path)
            tell(kept)

        if self.at_work:  # the file must not be open while it is replaced
            self.session.repair(lambda: restore_backup(path, copy), tell)
        else:
            run_in_background(lambda: restore_backup(path, copy), done, self._tell)

    def _again(self, error: MoodlightError) -> None:
        show_problem(error, self.session, self._parent(), self.path, self.annotator)

    def _tell(self, sentence: str, icon: QMessageBox.Icon = QMessageBox.Icon.Warning) -> None:
        box = QMessageBox(icon, "Moodlight", sentence, QMessageBox.StandardButton.Close, self._parent())
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _parent(self) -> QWidget | None:
        owner = self._owner() if self._owner is not None else None
        return owner if owner is not None and isValid(owner) else None
