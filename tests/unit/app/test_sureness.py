"""How sure the model must be is followed by Analyse from the start, though Teach is never opened."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.analyse.recordings import STATE_ROLE, UNSURE_ROLE
from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings

FINGERPRINT = "fingerprint of default"  # of the engine's model
OpenWith = Callable[..., MainWindow]


@pytest.fixture
def open_with(make_client: Callable[[], EngineClient], player: Any, tmp_path: Path, qtbot: QtBot) -> Iterator[OpenWith]:
    windows: list[MainWindow] = []

    def make(sureness: dict[str, float]) -> MainWindow:
        """A window with one analysed recording: anger 70 % for a second, sadness 70 % for 1.5 s, 46 % as a whole."""
        client = make_client()
        settings = Settings(theme="light", sureness=sureness)
        windows.append(MainWindow(client, player, settings, tmp_path / "settings.json"))
        window = windows[-1]
        window.show()
        client.start()
        soundfile.write(tmp_path / "voice.wav", [0.0] * 40_000, 16_000)
        window.open_paths([tmp_path / "voice.wav"])
        qtbot.waitUntil(lambda: bool(window.controller.recordings) and window.controller.unfinished == 0)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


def row_of(window: MainWindow) -> tuple[str, bool]:
    index = window.controller.recordings.index(0)
    return index.data(STATE_ROLE), index.data(UNSURE_ROLE)


def emotions_saved(window: MainWindow, tmp_path: Path) -> list[str]:
    window.controller.save_table(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(encoding="utf-8", newline="") as stream:
        return [row["emotion"] for row in csv.DictReader(stream)]


@pytest.mark.parametrize(
    ("sureness", "text", "saved"),
    [
        ({}, "sadness 46%", ["anger", "sadness"]),
        ({"another": 0.9}, "sadness 46%", ["anger", "sadness"]),
        ({FINGERPRINT: 0.6}, "unsure: sadness 46%", ["anger", "sadness"]),
        ({FINGERPRINT: 0.8}, "unsure: sadness 46%", ["unsure", "unsure"]),
    ],
)
def test_the_list_and_the_saved_table_follow_it(
    sureness: dict[str, float], text: str, saved: list[str], open_with: OpenWith, tmp_path: Path
) -> None:
    window = open_with(sureness)
    assert row_of(window) == (text, text.startswith("unsure"))
    assert emotions_saved(window, tmp_path) == saved
    assert text in window.controller.recordings.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert (window.panel.emotions.whole.emotion.text() == "Unsure") == text.startswith("unsure")
    assert "teach" not in window._made_later


def test_moving_the_slider_changes_what_is_shown(open_with: OpenWith, tmp_path: Path) -> None:
    window = open_with({})
    window.teach.sureness.chosen.emit(FINGERPRINT, 0.8)
    assert row_of(window) == ("unsure: sadness 46%", True)
    assert emotions_saved(window, tmp_path) == ["unsure", "unsure"]
    window.teach.sureness.chosen.emit(FINGERPRINT, 0.0)
    assert row_of(window) == ("sadness 46%", False)
