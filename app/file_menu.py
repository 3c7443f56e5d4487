"""The verbs of the file menu that ask for files: recordings, checkpoints, the table of results."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.analyse.controller import AnalyseController
from app.engine_client import EngineClient
from app.settings import Settings
from core.counting import counted
from core.errors import MoodlightError
from core.paths import default_model_dir, samples_dir


class FileMenu(QObject):
    """The public methods are handlers of actions (`app/actions.py`)."""

    noted = Signal(str)  # one sentence for the status line
    chosen = Signal(object)  # list of paths

    def __init__(
        self, controller: AnalyseController, client: EngineClient, settings: Settings, window: QWidget
    ) -> None:
        super().__init__(window)
        self._controller, self._client, self._settings, self._window = controller, client, settings, window

    def open_files(self) -> None:
        from core.audio.decode import SOUND_EXTENSIONS  # brings the sound libraries along

        patterns = " ".join(f"*{extension}" for extension in sorted(SOUND_EXTENSIONS))
        filters = f"Sound ({patterns});;All files (*)"
        files, _ = QFileDialog.getOpenFileNames(self._window, "Open sound files", self._settings.last_folder, filters)
        self.chosen.emit([Path(file) for file in files])

    def open_folder(self) -> None:
        title = "Open all sound files of a folder"
        folder = QFileDialog.getExistingDirectory(self._window, title, self._settings.last_folder)
        if folder:
            self.chosen.emit([Path(folder)])

    def open_samples(self) -> None:
        self._controller.open([samples_dir()])

    def open_model(self) -> None:
        beside = str(self._client.model_dir.parent)
        folder = QFileDialog.getExistingDirectory(self._window, "Use the checkpoint in a folder", beside)
        if folder:
            self._use_model(Path(folder))

    def use_bundled_model(self) -> None:
        self._use_model(default_model_dir())

    def _use_model(self, folder: Path) -> None:
        self.noted.emit(f"Loading the model in {folder} ...")
        self._client.load_model(folder)

    def save_table(self) -> None:
        proposal = str(Path(self._settings.last_folder) / "moodlight.csv")
        name, _ = QFileDialog.getSaveFileName(self._window, "Save the results", proposal, "Table (*.csv)")
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name + ".csv")
        try:
            rows = self._controller.save_table(path)
        except (MoodlightError, OSError) as error:
            self.noted.emit(f"The table was not saved: {error}")
        else:
            self.noted.emit(f"{counted(rows, 'row', 'is')} in {path}.")
