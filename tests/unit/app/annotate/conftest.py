"""The whole window with a real project, the engine without a model, and a player that plays nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings
from core.project.opening import create_project
from core.project.recordings import add_files
from core.project.store import Store

NAMES = ("a anger.wav", "b happiness.wav", "c neutral.wav", "d sadness.wav", "e silence.wav", "f anger.wav")
NONE = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def write_project(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    """A project of short recordings, each one clip; the fake engine hears what their names say."""
    for number, name in enumerate(names):
        samples = np.random.default_rng(number).normal(0, 0.1, 4000).astype(np.float32)
        soundfile.write(folder / name, samples, 8000)
    with create_project(folder / "work", annotator="ana") as store:
        add_files(store, [folder / name for name in names])
        return store.path


class Desk:
    """The window as an annotator uses it."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.label, self.qtbot = window, window.label, qtbot

    def open(self, path: Path, clips: int = len(NAMES)) -> Desk:
        self.window.open_paths([path])
        self.qtbot.waitUntil(lambda: self.label.model.rowCount() == clips)
        self.qtbot.waitUntil(lambda: not clips or self.label.commands.shown is not None)
        return self

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE, on: QWidget | None = None) -> None:
        self.qtbot.keyClick(on or self.window, key, modifier)

    def ask(self, work: Callable[[Store], Any]) -> Any:
        """What the project's file says when everything that was asked for before has been done."""
        found: list[Any] = []
        self.window.session.ask(work, found.append)
        self.qtbot.waitUntil(lambda: bool(found))
        return found[0]

    def stored(self, column: str = "label") -> list[Any]:
        """By clip, what the annotator's answers hold; None where there is none."""
        said = "LEFT JOIN annotations ON clip = clips.id AND annotator = 'ana'"
        sql = f"SELECT {column} FROM clips {said} ORDER BY clips.id"
        return [row[0] for row in self.ask(lambda store: store.rows(sql))]

    def wait_for_suggestions(self, clips: int = len(NAMES)) -> None:
        self.qtbot.waitUntil(lambda: self.ask(lambda store: store.value("SELECT count(*) FROM predictions")) == clips)
        self.ask(lambda store: None)
        self.qtbot.wait(1)

    @property
    def row(self) -> int:
        return self.label.queue.current_row

    @property
    def note(self) -> str:
        return self.window.status.activity.full_text


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(make_client: Callable[[], EngineClient], player: Any, tmp_path: Path, qtbot: QtBot) -> Iterator[MakeDesk]:
    windows: list[MainWindow] = []

    def make(start: bool = False, settings: Settings | None = None) -> Desk:
        client = make_client()
        settings = settings or Settings(theme="light", annotator="ana", autoplay=False)
        window = MainWindow(client, player, settings, tmp_path / "settings.json")
        windows.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        if start:
            client.start()
        return Desk(window, qtbot)

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


@pytest.fixture
def make_project() -> Callable[..., Path]:
    return write_project


@pytest.fixture
def desk(make_desk: MakeDesk, project: Path) -> Desk:
    return make_desk().open(project)
