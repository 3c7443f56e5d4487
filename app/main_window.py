"""The window: menus, the five workspaces, the status line. What they do is done elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.actions import ACTIONS, with_keys
from app.analyse.controller import AnalyseController
from app.analyse.panel import AnalysePanel
from app.analyse.recording import Recording
from app.annotate.label_keys import live_labels
from app.annotate.panel import LabelPanel
from app.annotate.predictor import Predictor
from app.annotate.project_menu import ProjectMenu
from app.annotate.session import ProjectSession, ProjectState
from app.dialogs import TextDialog, make_about_dialog, make_keys_dialog
from app.drop_window import DropWindow
from app.engine_client import EngineClient
from app.file_menu import FileMenu
from app.menus import make_action, make_groups, make_menus
from app.settings import THEMES, WORKSPACES, Settings, save_settings
from app.sound.player import Player
from app.sound.player_port import PlayerPort
from app.status_line import StatusLine
from app.teach.least_in_use import LeastInUse
from app.theme import LIGHT, apply_theme, choose_theme
from app.workspace_switch import WorkspaceSwitch

if TYPE_CHECKING:
    from app.live.panel import LivePanel
    from app.score.panel import ScorePanel
    from app.teach.panel import TeachPanel
    from core.audio.capture import InputBackend

PROJECT = ".moodlight"
MARGIN = 8
TEACH_MS = 1000  # after a project was opened: the clips come first


class MainWindow(DropWindow):
    """The methods without an underscore are handlers of actions (`app/actions.py`)."""

    painted = Signal()  # it is on the screen for the first time

    def __init__(
        self,
        client: EngineClient,
        player: Player,
        settings: Settings,
        settings_path: Path,
        inputs: InputBackend | None = None,
    ) -> None:
        super().__init__()
        self._inputs = inputs  # what Live records from; None is PortAudio
        self._client = client
        self._player = player
        self._settings = settings
        self._settings_path = settings_path
        self._was_painted = False
        self._made_later: dict[str, TeachPanel | LivePanel | ScorePanel] = {}  # not made at the start
        self._theme = LIGHT
        self._shown_name = ""  # of the recording in Analyse
        self.setWindowTitle("Moodlight")
        self.setMinimumSize(900, 600)
        self.resize(1280, 800)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.controller = AnalyseController(client, self)
        self.least = LeastInUse(client, settings, self)
        self.session = ProjectSession(self)
        self.predictor = Predictor(self.session, client, lambda: self.controller.unfinished > 0, self)
        self.projects = ProjectMenu(self.session, settings, self)
        self.files = FileMenu(self.controller, client, settings, self)
        self._actions = with_keys(ACTIONS, settings.keys)
        self.actions_by_id = {data.id: make_action(data, self) for data in self._actions}
        self._groups = make_groups(self.actions_by_id, self)
        self._ports = {name: PlayerPort(player, name == "analyse", self) for name in WORKSPACES}
        self.panel = AnalysePanel(self.controller, self._ports["analyse"], self.actions_by_id)
        self.label = LabelPanel(self.session, self._ports["label"], self.predictor, self.actions_by_id, settings)
        self._pages = QStackedWidget()
        self.setCentralWidget(self._make_centre())
        self.status = StatusLine(self.controller, self.actions_by_id["restart-engine"])
        self.setStatusBar(self.status)
        self._connect_actions()
        self._menus = make_menus(self.menuBar(), self.actions_by_id)
        self._connect()
        self._restore()

    def _make_centre(self) -> QWidget:
        self.switch = WorkspaceSwitch([self.actions_by_id[f"work-{name}"] for name in WORKSPACES])
        self._pages.addWidget(self.panel)
        self._pages.addWidget(self.label)
        top = QHBoxLayout()
        top.setContentsMargins(MARGIN, 4, MARGIN, 4)
        top.setSpacing(12)
        top.addWidget(self.switch)
        top.addWidget(self.label.header, 1)
        top.addStretch()
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        return centre

    @cached_property
    def teach(self) -> TeachPanel:
        """Made when it is first wanted, or a project is open: it would slow down every start."""
        from app.teach.panel import TeachPanel

        teach = TeachPanel(self.session, self._client, self._ports["teach"], self.actions_by_id, self._settings)
        teach.clip_chosen.connect(self._on_taught_clip)
        teach.least_changed.connect(self.least.tell)
        self._take_in("teach", teach)
        return teach

    @cached_property
    def live(self) -> LivePanel:
        """Made when it is first wanted, for the same reason."""
        from app.live.panel import LivePanel
        from core.audio.devices import PortAudioInput

        inputs = self._inputs or PortAudioInput()
        live = LivePanel(self.session, self._client, self._ports["live"], inputs, self.actions_by_id, self._settings)
        live.teach_wanted.connect(self.use_teach)
        self._take_in("live", live)
        return live

    @cached_property
    def score(self) -> ScorePanel:
        """Made when it is first wanted, for the same reason."""
        from app.score.panel import ScorePanel

        score = ScorePanel(self._client, self._ports["score"], self.actions_by_id, self._settings)
        score.analyse_wanted.connect(self._on_scored_file)
        score.begun.connect(self._save)
        self.least.changed.connect(score.set_least)
        self.least.tell()
        self._take_in("score", score)
        return score

    def _take_in(self, name: str, panel: TeachPanel | LivePanel | ScorePanel) -> None:
        panel.noted.connect(self.status.show_note)
        panel.set_theme(self._theme)
        self._pages.addWidget(panel)
        self._made_later[name] = panel

    def _do(self, handler: str, *value: int) -> None:
        attrgetter(handler)(self)(*value)

    def _connect_actions(self) -> None:
        for data in ACTIONS:
            later = partial(self._do, data.handler)  # that workspace is made when it is wanted
            lazy = data.panel in ("teach", "live", "score")
            handler: Callable[..., object] = later if lazy else attrgetter(data.handler)(self)
            if data.value is not None:
                handler = partial(handler, data.value)
            # The signal's argument (checked) is not for the handler.
            self.actions_by_id[data.id].triggered.connect(lambda _checked=False, handler=handler: handler())

    def _connect(self) -> None:
        self.dropped.connect(self._on_dropped)
        self.files.chosen.connect(self.open_paths)
        for part in (self.controller, self.projects, self.files, self.label):
            part.noted.connect(self.status.show_note)
        self.label.start.project_chosen.connect(self.projects.open)
        self.projects.clip_chosen.connect(self.label.queue.choose_clip)
        self.session.opened.connect(self._on_project)
        self.session.closed.connect(self._show_title)
        self.panel.files.recording_chosen.connect(self._on_chosen)
        self.panel.files.open_requested.connect(self.files.open_files)
        self.panel.files.samples_requested.connect(self.files.open_samples)
        self.panel.playback.available_changed.connect(self.status.show_sound_problem)
        for set_least in (self.controller.set_least, self.label.set_least, self.panel.emotions.set_least):
            self.least.changed.connect(set_least)
        self.least.tell()
        QApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    def _restore(self) -> None:
        self._use_theme(self._settings.theme)
        if self._settings.geometry:
            self.restoreGeometry(_from_text(self._settings.geometry))
        if self._settings.splitters:
            self.panel.restore_splitters([_from_text(part) for part in self._settings.splitters.split()])
        self.label.restore_splitters([_from_text(part) for part in self._settings.label_splitters.split()])
        for sentence in filter(None, [self.panel.playback.problem]):
            self.panel.playback.available_changed.emit(sentence)
            self.label.sound.playback.available_changed.emit(sentence)
        self._use_workspace(self._settings.workspace)

    def resume(self) -> None:
        """Go on with the project that was open when the window was closed last."""
        if self._settings.workspace != "analyse" and Path(self._settings.project or ".").is_file():
            self.projects.open(Path(self._settings.project))

    def _save(self) -> None:
        self._settings.label_splitters = " ".join(map(_to_text, self.label.save_splitters()))
        self._settings.geometry = _to_text(self.saveGeometry())
        self._settings.splitters = " ".join(map(_to_text, self.panel.save_splitters()))
        save_settings(self._settings, self._settings_path)

    def _on_chosen(self, recording: Recording | None) -> None:
        self._shown_name = recording.name if recording else ""
        self._show_title()

    def _on_project(self, _state: ProjectState) -> None:
        there = self._settings.workspace in ("teach", "live", "score")
        self._use_workspace(self._settings.workspace if there else "label")

    def _on_taught_clip(self, clip: int) -> None:
        self._use_workspace("label")
        self.label.queue.choose_clip(clip)

    def _on_scored_file(self, path: Path) -> None:
        self._use_workspace("analyse")
        self.controller.open([path])

    def _on_dropped(self, paths: Sequence[Path]) -> None:
        if self._settings.workspace == "score":
            self.score.add(paths)
        else:
            self.open_paths(paths)

    def _show_title(self) -> None:
        state = self.session.state
        project = state.path.name if state else ""
        self.setWindowTitle((self._shown_name if self._settings.workspace == "analyse" else project) or "Moodlight")

    # Workspaces

    def use_analyse(self) -> None:
        self._use_workspace("analyse")

    def use_label(self) -> None:
        self._use_workspace("label")

    def use_teach(self) -> None:
        self._use_workspace("teach")

    def use_live(self) -> None:
        self._use_workspace("live")

    def use_score(self) -> None:
        self._use_workspace("score")

    def _use_workspace(self, wanted: str) -> None:
        self._settings.workspace = wanted
        for name in sorted(WORKSPACES, key=lambda name: name == wanted):  # first the one that makes room
            self._ports[name].set_active(name == wanted)
            self._groups[name].setVisible(name == wanted)
        for menu in self._menus:
            menu.menuAction().setVisible(
                any(action.isVisible() and not action.isSeparator() for action in menu.actions())
            )
        self.actions_by_id[f"work-{wanted}"].setChecked(True)
        page: QWidget = getattr(self, {"analyse": "panel"}.get(wanted, wanted))
        for name, panel in self._made_later.items():
            panel.set_front(name == wanted)
        if self.session.is_open and "teach" not in self._made_later:
            QTimer.singleShot(TEACH_MS, self, lambda: self.session.is_open and self.teach)
        self._pages.setCurrentWidget(page)
        self.label.set_front(wanted == "label", with_header=wanted not in ("analyse", "score"))
        self._show_title()

    def open_paths(self, paths: Sequence[Path]) -> None:
        for path in [path for path in paths if path.suffix == PROJECT][:1]:
            self.projects.open(path)
        paths = [path for path in paths if path.suffix != PROJECT]
        if paths and self._settings.workspace != "analyse" and self.session.is_open:
            self.projects.add(paths)
        elif paths:
            self._use_workspace("analyse")
            first = paths[0].absolute()
            self._settings.last_folder = str(first if first.is_dir() else first.parent)
            self.controller.open(paths)

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
        theme = self._theme = choose_theme(app, choice)
        apply_theme(app, theme)
        for panel in (self.panel, self.label, *self._made_later.values()):
            panel.set_theme(theme)

    def _on_system_theme(self) -> None:
        if self._settings.theme == "system":
            self._use_theme("system")

    def show_keys(self) -> None:
        actions = self.label.name_labels(self._actions) + live_labels(self.label.labels, self._settings.keys)
        self._show_dialog("keys", lambda window: make_keys_dialog(window, actions))

    def change_keys(self) -> None:
        from app.annotate.keys_dialog import KeysDialog

        dialog = KeysDialog(self._settings.keys, self, self.label.labels)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.use_keys(dialog.keys)
        dialog.deleteLater()

    def use_keys(self, keys: dict[str, str]) -> None:
        """These keys, in place of those that the program comes with."""
        self._settings.keys = dict(keys)
        self._actions = with_keys(ACTIONS, keys)
        for data in self._actions:
            self.actions_by_id[data.id].setShortcuts(data.shortcuts)
            self.actions_by_id[data.id].setToolTip(data.tooltip())
        self.label.show_scheme()
        if "live" in self._made_later:
            self.live.show_labels()

    def show_about(self) -> None:
        self._show_dialog("about", lambda window: make_about_dialog(self._client.model_dir, window))

    def _show_dialog(self, name: str, make: Callable[[QWidget], TextDialog]) -> None:
        dialog = self.findChild(TextDialog, name) or make(self)
        dialog.setObjectName(name)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)  # when all of the window has been

    def closeEvent(self, event: QCloseEvent) -> None:
        self.label.answers.commit()  # what is being typed counts
        if self.session.refuses(self.close):
            event.ignore()
            return
        self._save()
        self.hide()
        for panel in (self.label, *self._made_later.values()):
            panel.close_parts()
        self.projects.close()
        self.predictor.save()
        self.session.shutdown()
        self.panel.timeline.close()
        self._player.close()
        self._client.shutdown()
        super().closeEvent(event)


def _to_text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _from_text(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", errors="replace"))
