"""The window: menus, the panel, the status line. What they do is done elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMainWindow, QMenu, QWidget

from app.actions import ACTIONS
from app.analyse.controller import AnalyseController
from app.analyse.panel import AnalysePanel
from app.analyse.player import Player
from app.analyse.recording import Recording
from app.dialogs import TextDialog, make_about_dialog, make_keys_dialog
from app.engine_client import EngineClient
from app.settings import THEMES, Settings, save_settings
from app.status_line import StatusLine
from app.theme import apply_theme, choose_theme
from core.errors import MoodlightError
from core.paths import default_model_dir, samples_dir


class MainWindow(QMainWindow):
    """The methods without an underscore are handlers of actions (`app/actions.py`)."""

    painted = Signal()  # it is on the screen for the first time

    def __init__(self, client: EngineClient, player: Player, settings: Settings, settings_path: Path) -> None:
        super().__init__()
        self._client = client
        self._player = player
        self._settings = settings
        self._settings_path = settings_path
        self._was_painted = False
        self.setWindowTitle("Moodlight")
        self.setMinimumSize(900, 600)
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.controller = AnalyseController(client, self)
        self.actions_by_id = {action.id: self._make_action(number) for number, action in enumerate(ACTIONS)}
        self.panel = AnalysePanel(self.controller, player, self.actions_by_id)
        self.setCentralWidget(self.panel)
        self.status = StatusLine(self.controller, self.actions_by_id["restart-engine"])
        self.setStatusBar(self.status)
        self._drop_hint = self._make_drop_hint()
        self._connect_actions()
        self._make_menus()
        self._connect()
        self._restore()

    def _make_action(self, number: int) -> QAction:
        data = ACTIONS[number]
        action = QAction(data.text, self, checkable=data.checkable)
        action.setShortcuts(data.shortcuts)
        action.setToolTip(data.tooltip())
        action.setStatusTip("")
        return action

    def _connect_actions(self) -> None:
        for data in ACTIONS:
            handler: Callable[[], object] = attrgetter(data.handler)(self)
            # The signal's argument (checked) is not for the handler.
            self.actions_by_id[data.id].triggered.connect(lambda _checked=False, handler=handler: handler())

    def _make_menus(self) -> None:
        menus: dict[str, QMenu] = {}
        for data in ACTIONS:
            top, _, sub = data.menu.partition("/")
            menu = menus.get(top) or menus.setdefault(top, self.menuBar().addMenu(top))
            if sub:
                menu = menus.get(data.menu) or menus.setdefault(data.menu, menu.addMenu(sub))
            if data.separated:
                menu.addSeparator()
            menu.addAction(self.actions_by_id[data.id])
        themes = QActionGroup(self)
        for theme in THEMES:
            themes.addAction(self.actions_by_id[f"theme-{theme}"])

    def _make_drop_hint(self) -> QLabel:
        hint = QLabel("Drop to open", self)
        hint.setObjectName("drop")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.hide()
        hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return hint

    def _connect(self) -> None:
        self.controller.noted.connect(self.status.show_note)
        self.panel.files.recording_chosen.connect(self._on_chosen)
        self.panel.files.open_requested.connect(self.open_files)
        self.panel.files.samples_requested.connect(self.open_samples)
        self.panel.playback.available_changed.connect(self.status.show_sound_problem)
        QApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    def _restore(self) -> None:
        self._use_theme(self._settings.theme)
        if self._settings.geometry:
            self.restoreGeometry(_from_text(self._settings.geometry))
        if self._settings.splitters:
            self.panel.restore_splitters([_from_text(part) for part in self._settings.splitters.split()])
        for sentence in filter(None, [self.panel.playback.problem]):
            self.panel.playback.available_changed.emit(sentence)

    def _save(self) -> None:
        self._settings.geometry = _to_text(self.saveGeometry())
        self._settings.splitters = " ".join(map(_to_text, self.panel.save_splitters()))
        save_settings(self._settings, self._settings_path)

    def _on_chosen(self, recording: Recording | None) -> None:
        self.setWindowTitle(recording.name if recording else "Moodlight")

    # Opening and saving

    def open_paths(self, paths: Sequence[Path]) -> None:
        if paths:
            first = paths[0].absolute()
            self._settings.last_folder = str(first if first.is_dir() else first.parent)
            self.controller.open(paths)

    def open_files(self) -> None:
        from core.audio.decode import SOUND_EXTENSIONS  # brings the sound libraries along

        patterns = " ".join(f"*{extension}" for extension in sorted(SOUND_EXTENSIONS))
        filters = f"Sound ({patterns});;All files (*)"
        files, _ = QFileDialog.getOpenFileNames(self, "Open sound files", self._settings.last_folder, filters)
        self.open_paths([Path(file) for file in files])

    def open_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open all sound files of a folder", self._settings.last_folder)
        if folder:
            self.open_paths([Path(folder)])

    def open_samples(self) -> None:
        self.controller.open([samples_dir()])

    def open_model(self) -> None:
        beside = str(self._client.model_dir.parent)
        folder = QFileDialog.getExistingDirectory(self, "Use the checkpoint in a folder", beside)
        if folder:
            self._use_model(Path(folder))

    def use_bundled_model(self) -> None:
        self._use_model(default_model_dir())

    def _use_model(self, folder: Path) -> None:
        self.status.show_note(f"Loading the model in {folder} ...")
        self._client.load_model(folder)

    def save_table(self) -> None:
        proposal = str(Path(self._settings.last_folder) / "moodlight.csv")
        name, _ = QFileDialog.getSaveFileName(self, "Save the results", proposal, "Table (*.csv)")
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name + ".csv")
        try:
            rows = self.controller.save_table(path)
        except (MoodlightError, OSError) as error:
            self.status.show_note(f"The table was not saved: {error}")
        else:
            self.status.show_note(f"{rows:,} rows are in {path}.")

    def restart_engine(self) -> None:
        self._client.restart()

    # Theme and help

    def use_system_theme(self) -> None:
        self._use_theme("system")

    def use_light_theme(self) -> None:
        self._use_theme("light")

    def use_dark_theme(self) -> None:
        self._use_theme("dark")

    def next_theme(self) -> None:
        self._use_theme(THEMES[(THEMES.index(self._settings.theme) + 1) % len(THEMES)])

    def _use_theme(self, choice: str) -> None:
        self._settings.theme = choice
        self.actions_by_id[f"theme-{choice}"].setChecked(True)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme = choose_theme(app, choice)
        apply_theme(app, theme)
        self.panel.set_theme(theme)

    def _on_system_theme(self) -> None:
        if self._settings.theme == "system":
            self._use_theme("system")

    def show_keys(self) -> None:
        self._show_dialog("keys", make_keys_dialog)

    def show_about(self) -> None:
        self._show_dialog("about", lambda window: make_about_dialog(self._client.model_dir, window))

    def _show_dialog(self, name: str, make: Callable[[QWidget], TextDialog]) -> None:
        dialog = self.findChild(TextDialog, name) or make(self)
        dialog.setObjectName(name)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    # Events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drop_hint.setGeometry(self.rect().adjusted(24, 24, -24, -24))
            self._drop_hint.raise_()
            self._drop_hint.show()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        event.acceptProposedAction()
        self.open_paths([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)  # when all of the window has been

    def closeEvent(self, event: QCloseEvent) -> None:
        self._save()
        self.hide()
        self.panel.timeline.close()
        self._player.close()
        self._client.shutdown()
        super().closeEvent(event)


def _to_text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _from_text(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", errors="replace"))
