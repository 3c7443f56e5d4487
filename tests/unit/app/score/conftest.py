"""The whole window in Score, and a child process without a model that keeps a real journal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.score.options import ScoreOptions
from app.settings import Settings
from tests.unit.app.live.studio import ListeningClient
from tests.unit.app.score.scorer import CHILD, MODEL, MakeScorer, Scorer


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the child's script lies; a file `go` or `refuses` in it changes what it does."""
    folder = tmp_path / "child"
    folder.mkdir()
    script = folder / "score.py"
    script.write_text(CHILD, encoding="utf-8")
    real = ScoreOptions.command

    def command(self: ScoreOptions, *values: Any, **more: Any) -> list[str]:
        whole = real(self, *values, **more)
        assert whole[:5] == [sys.executable, "-P", "-m", "app", "score"]
        return [sys.executable, str(script), *whole[5:]]

    monkeypatch.setattr(ScoreOptions, "command", command)
    return folder


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A folder of recordings whose names say what is heard in them."""
    folder = tmp_path / "season" / "calls"
    for name in ("monday/01 anger.wav", "monday/02 sadness unsure.wav", "tuesday/03 bad.wav", "tuesday/04 anger.wav",
                 "tuesday/05 silence.wav", "wednesday/06 happiness.wav"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"sound")
    return folder


@pytest.fixture
def make_scorer(player: Any, marks: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[MakeScorer]:
    windows: list[MainWindow] = []

    def make(theme: str = "light", **score: Any) -> Scorer:
        settings = Settings(theme=theme, annotator="ana", autoplay=False, workspace="score", score=score)
        window = MainWindow(ListeningClient(tmp_path / MODEL), player, settings, tmp_path / "settings.json")
        windows.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return Scorer(window, marks, qtbot)

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def scorer(make_scorer: MakeScorer) -> Scorer:
    return make_scorer()
