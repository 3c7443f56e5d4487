"""What the File menu does with projects. Its plain verbs are handlers of actions (`app/actions.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from app.annotate.add_dialog import AddDialog, Adding
from app.annotate.session import ProjectSession, ProjectState
from app.annotate.speech_cuts import SpeechCutter
from app.background import run_in_background
from app.settings import Settings
from core.errors import MoodlightError, ProjectError
from core.project.opening import EXTENSION, open_project
from core.project.recordings import Added, Cut, Found, add_found, every, find_missing, look_at_all, whole
from core.project.store import Store

PROJECTS = f"Moodlight projects (*{EXTENSION});;All files (*)"
NEWS_EVERY = 50  # files


if TYPE_CHECKING:
    from app.annotate.agreement_view import AgreementDialog
    from app.annotate.import_dialog import ImportDialog
    from app.annotate.scheme_editor import SchemeEditor
    from core.project.merge import Merged

    Dialog = TypeVar("Dialog", AgreementDialog, ImportDialog, SchemeEditor)


class ProjectMenu(QObject):
    noted = Signal(str)  # one sentence for the status line
    clip_chosen = Signal(int)  # in a dialog: it wants to be seen and heard
    looked_at = Signal(int, int)  # files, of all: from the store's thread

    def __init__(self, session: ProjectSession, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._settings, self._window = session, settings, window
        self._opening: Path | None = None
        self._cutter = SpeechCutter(self)
        self._cutter.noted.connect(self.noted)
        self._cutter.finished.connect(self._on_cut)
        self.looked_at.connect(self._on_looked_at)
        session.opened.connect(self._on_opened)
        session.failed.connect(self._on_failed)

    # The file

    def new_project(self) -> None:
        name = self._ask_target("New project", f"project{EXTENSION}")
        if name is not None:
            self._opening = name
            self._session.create(name, annotator=self._settings.annotator)

    def open_project(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, "Open project", self._settings.last_folder, PROJECTS)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Open a project; `session.opened` or `session.failed` tells what came of it."""
        path = path.expanduser().absolute()
        self._settings.last_folder = str(path.parent)
        self._opening = path
        self._session.open(path, self._settings.annotator)

    def _on_opened(self, _state: ProjectState) -> None:
        self._opening = None

    def close(self) -> None:
        """The window closes."""
        self._cutter.close()

    def close_project(self) -> None:
        self._settings.project = ""
        self._session.close()

    def save_copy(self) -> None:
        state = self._session.state
        if state is None:
            return
        target = self._ask_target("Save a copy", f"{state.path.stem} copy{EXTENSION}")
        if target is None:
            return
        if target.absolute() == state.path.absolute():
            self.noted.emit("The copy needs another name than the project itself.")
            return

        def saved(_none: None) -> None:
            self.noted.emit(f"The copy is in {target}.")
            if state.read_only:
                self.open(target)

        self._session.ask(lambda store: store.back_up(target), saved)

    def _ask_target(self, title: str, name: str) -> Path | None:
        proposal = str(Path(self._settings.last_folder) / name)
        chosen, _ = QFileDialog.getSaveFileName(self._window, title, proposal, PROJECTS)
        if not chosen:
            return None
        path = Path(chosen)
        self._settings.last_folder = str(path.parent)
        return path if path.suffix else path.with_suffix(EXTENSION)

    # Recordings

    def add_files(self) -> None:
        from core.audio.decode import SOUND_EXTENSIONS  # brings the sound libraries along

        patterns = " ".join(f"*{extension}" for extension in sorted(SOUND_EXTENSIONS))
        filters = f"Sound ({patterns});;All files (*)"
        files, _ = QFileDialog.getOpenFileNames(self._window, "Add sound files", self._settings.last_folder, filters)
        self.add([Path(file) for file in files])

    def add_folder(self) -> None:
        title = "Add all sound files of a folder"
        folder = QFileDialog.getExistingDirectory(self._window, title, self._settings.last_folder)
        self.add([Path(folder)] if folder else [])

    def add(self, inputs: Sequence[Path]) -> None:
        """Ask how recordings become clips, and add them."""
        if not inputs:
            return
        self._settings.last_folder = str(inputs[0] if inputs[0].is_dir() else inputs[0].parent)
        adding = AddDialog.ask(inputs, self._window)
        if adding is not None:
            self._add(inputs, adding)

    def _add(self, inputs: Sequence[Path], adding: Adding) -> None:
        state = self._session.state
        if state is None:
            return
        self.noted.emit("Looking for sound files ...")
        if adding.kind == "speech":
            self._session.close()  # the other process writes the file
            self._cutter.start(state.path, inputs)
            return
        cut = whole if adding.kind == "whole" else every(adding.seconds)
        self.add_cut(inputs, cut)

    def add_cut(self, inputs: Iterable[Path], cut: Cut) -> None:
        state = self._session.state
        came: list[Added] = []

        def add(facts: dict[Path, Found | str]) -> None:
            if state is not None and self._session.state is not None and self._session.state.path == state.path:
                self._session.do(
                    lambda store: came.append(add_found(store, facts, cut)),
                    lambda: self.noted.emit("; ".join(came[0].lines()[:3]) + "."),
                )

        # files are read beside the session's thread, on which labels are waiting to be written
        run_in_background(partial(look_at_all, inputs, self._tell), add, self.noted.emit)

    def _tell(self, done: int, total: int) -> None:
        if done % NEWS_EVERY == 0 or done == total:
            self.looked_at.emit(done, total)

    def _on_looked_at(self, done: int, total: int) -> None:
        self.noted.emit(f"{done:,} of {total:,} files looked at ...")

    def _on_cut(self, project: Path, sentence: str) -> None:
        self.open(project)
        self.noted.emit(sentence)

    def find_missing(self) -> None:
        title = "Look for missing recordings in a folder"
        folder = QFileDialog.getExistingDirectory(self._window, title, self._settings.last_folder)
        if not folder:
            return
        self.noted.emit(f"Looking for missing recordings in {folder} ...")
        found: list[int] = []

        def work(store: Store) -> None:
            found.append(len(find_missing(store, [Path(folder)])))

        def done() -> None:
            count = found[0]
            self.noted.emit(
                f"{count:,} recording{'' if count == 1 else 's'} found." if count else "None was found there."
            )

        self._session.do(work, done)

    # Labels in and out

    def merge(self) -> None:
        from core.project.merge import merge

        title = "Merge a copy of this project"
        name, _ = QFileDialog.getOpenFileName(self._window, title, self._settings.last_folder, PROJECTS)
        if not name:
            return
        came: list[Merged] = []

        def work(store: Store) -> None:
            with open_project(Path(name), read_only=True) as other:
                came.append(merge(store, other))

        self._session.do(work, lambda: self.noted.emit("; ".join(came[0].lines()) + "."))

    def import_labels(self) -> None:
        from app.annotate.import_dialog import ImportDialog

        self._show(ImportDialog)

    def export_labels(self) -> None:
        """Ask for the form and the place, and write there what was said under the scheme that is shown."""
        from app import exchange
        from core.project.interchange import export_rows

        state, number = self._session.state, self._session.scheme
        if state is None:
            return
        names = {form.title: name for name, form in exchange.written_forms().items()}
        title, agreed = QInputDialog.getItem(self._window, "Export labels", "Write the labels as", [*names], 0, False)
        if not agreed:
            return
        name = names[title]
        form = exchange.written_forms()[name]
        out = self._ask_out(title, form.makes_folder, state.path.stem)
        if out is None:
            return

        def work(store: Store) -> int:
            rows = export_rows(store, number)
            exchange.write_labels(rows, out, name)
            return len(rows)

        lost = f" This form has no room for: {form.loses}." if form.loses else ""
        self._session.ask(work, lambda rows: self.noted.emit(f"{rows:,} rows are in {out}.{lost}"))

    def _ask_out(self, title: str, folder: bool, stem: str) -> Path | None:
        if folder:
            chosen = QFileDialog.getExistingDirectory(self._window, f"{title}: the folder", self._settings.last_folder)
        else:
            proposal = str(Path(self._settings.last_folder) / stem)
            chosen, _ = QFileDialog.getSaveFileName(self._window, title, proposal)
        if not chosen:
            return None
        self._settings.last_folder = str(Path(chosen) if folder else Path(chosen).parent)
        return Path(chosen)

    def show_agreement(self) -> None:
        from app.annotate.agreement_view import AgreementDialog

        dialog = self._show(AgreementDialog)
        dialog.clip_chosen.connect(self.clip_chosen, Qt.ConnectionType.UniqueConnection)

    def edit_scheme(self) -> None:
        from app.annotate.scheme_editor import SchemeEditor

        self._show(SchemeEditor)

    def _show(self, kind: type[Dialog]) -> Dialog:
        """The dialog that is open already comes to the front."""
        found = next((each for each in self._window.findChildren(kind) if each.isVisible()), None)
        dialog = found or kind(self._session, self._window)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return dialog

    # What went wrong

    def _on_failed(self, error: MoodlightError) -> None:
        """A request that makes no sense is a sentence; a file that cannot be used needs a way on."""
        path, self._opening = self._opening, None
        if not isinstance(error, ProjectError) or error.cause == "request":
            self.noted.emit(str(error))
            return
        from app.annotate.problem_dialog import show_problem

        show_problem(error, self._session, self._window, path, self._settings.annotator)
