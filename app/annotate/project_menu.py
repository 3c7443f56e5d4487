"""What the File menu does with projects. Its plain verbs are handlers of actions (`app/actions.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from app.annotate.add_dialog import AddDialog, Adding
from app.annotate.folder_watcher import FolderWatcher
from app.annotate.session import ProjectSession, ProjectState
from app.annotate.speech_cuts import SpeechCutter
from app.background import run_in_background
from app.settings import Settings
from core.counting import counted
from core.errors import MoodlightError, ProjectError
from core.project.copies import save_copy
from core.project.opening import EXTENSION, open_project
from core.project.recordings import Added, Cut, add_found, every, find_missing, look_at_all, whole
from core.project.store import Store
from core.project.watching import add_and_watch, look_below

PROJECTS = f"Moodlight projects (*{EXTENSION});;All files (*)"
NEWS_EVERY = 50  # files
T = TypeVar("T")


if TYPE_CHECKING:
    from app.annotate.agreement_view import AgreementDialog
    from app.annotate.import_dialog import ImportDialog
    from app.annotate.scheme_editor import SchemeEditor
    from app.annotate.watched_dialog import WatchedDialog
    from core.project.merge import Merged

    Dialog = TypeVar("Dialog", AgreementDialog, ImportDialog, SchemeEditor, WatchedDialog)


class ProjectMenu(QObject):
    noted = Signal(str)  # one sentence for the status line
    clip_chosen = Signal(int)  # in a dialog: it wants to be seen and heard
    looked_at = Signal(int, int)  # files, of all: from the store's thread

    def __init__(self, session: ProjectSession, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._settings, self._window = session, settings, window
        self._opening: Path | None = None
        self._cutter = SpeechCutter(self, window)
        self._cutter.noted.connect(self.noted)
        self._cutter.finished.connect(self._on_cut)
        self.watcher = FolderWatcher(session, self)
        self.watcher.noted.connect(self.noted)
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
        self.watcher.close()

    def close_project(self) -> None:
        def close() -> None:
            self._settings.project = ""
            self._session.close()

        self._session.when_saved(close)

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

        if self._session.unsaved:
            self._session.continue_in(target, self.noted.emit)
        else:
            self._session.ask(lambda store: save_copy(store, target), saved)

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
            self._session.when_saved(partial(self._cut_at_speech, state.path, inputs))
            return
        if adding.watch:
            self._add_watched(state.path.parent, inputs, adding.clip_s)
        else:
            self.add_cut(inputs, whole if adding.clip_s is None else every(adding.clip_s))

    def _cut_at_speech(self, project: Path, inputs: Sequence[Path]) -> None:
        if self._cutter.is_busy:
            self.noted.emit("Speech is being looked for already: add these when that is done.")
            return
        self._session.close()  # the other process writes the file
        self._cutter.start(project, inputs)

    def add_cut(self, inputs: Iterable[Path], cut: Cut) -> None:
        self._add_read(partial(look_at_all, inputs, self._tell), lambda store, facts: add_found(store, facts, cut), "")

    def _add_watched(self, project_folder: Path, folders: Sequence[Path], clip_s: float | None) -> None:
        name = folders[0].name if len(folders) == 1 else f"{len(folders):,} folders"
        self._add_read(
            partial(look_below, project_folder, folders, self._tell),
            lambda store, found: add_and_watch(store, folders, found, clip_s),
            f" What comes into {name} later is added, too.",
        )

    def _add_read(self, read: Callable[[], T], add: Callable[[Store, T], Added], more: str) -> None:
        """Files are read beside the session's thread, on which labels are waiting to be written."""
        state = self._session.state
        came: list[Added] = []

        def write(found: T) -> None:
            if state is not None and self._session.state is not None and self._session.state.path == state.path:
                self._session.do(
                    lambda store: came.append(add(store, found)),
                    lambda: self.noted.emit("; ".join(came[0].lines()[:3]) + "." + more),
                )

        run_in_background(read, write, self.noted.emit)

    def _tell(self, done: int, total: int) -> None:
        if done % NEWS_EVERY == 0 or done == total:
            self.looked_at.emit(done, total)

    def _on_looked_at(self, done: int, total: int) -> None:
        self.noted.emit(f"{done:,} of {total:,} files looked at ...")

    def _on_cut(self, project: Path, sentence: str) -> None:
        if not self._session.is_open:  # else somebody went on with another project
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
            self.noted.emit(f"{counted(count, 'recording')} found." if count else "None was found there.")

        self._session.do(work, done)

    def show_watched(self) -> None:
        from app.annotate.watched_dialog import WatchedDialog

        self._show(WatchedDialog)

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
        self._session.ask(work, lambda rows: self.noted.emit(f"{counted(rows, 'row', 'is')} in {out}.{lost}"))

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
