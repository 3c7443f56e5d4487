"""The window of Live, with and without a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import Settings
from core.project.opening import create_project
from tests.fake_source import FakeBackend
from tests.unit.app.live.studio import ListeningClient, MakeStudio, Studio


@pytest.fixture
def make_studio(player: Any, tmp_path: Path, qtbot: QtBot) -> Iterator[MakeStudio]:
    windows: list[MainWindow] = []

    def make(backend: FakeBackend | None = None, **live: Any) -> Studio:
        client, backend = ListeningClient(tmp_path), backend or FakeBackend()
        live.setdefault("folder", str(tmp_path / "mine"))
        settings = Settings(theme="light", annotator="ana", autoplay=False, workspace="live", live=live)
        window = MainWindow(client, player, settings, tmp_path / "settings.json", inputs=backend)
        windows.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return Studio(window, client, backend, qtbot)

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with create_project(tmp_path / "work", annotator="ana") as store:
        return store.path


@pytest.fixture
def studio(make_studio: MakeStudio, project: Path) -> Studio:
    """A project is open, and the microphone too."""
    return make_studio().begin().open(project)
