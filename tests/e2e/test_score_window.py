"""A folder scored in the window, by its keys, with the real command in its real process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import default_path as settings_path
from core.predictions import read_score_table
from tests.window import use_moodlight

PATIENCE_MS = 180_000


def test_a_folder_is_scored_stopped_and_gone_on_with(
    samples: list[Path], bundled_model: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "통화 calls 📞"
    folder.mkdir()
    for number in range(120):
        shutil.copy(samples[number % len(samples)], folder / f"call {number:03d}.flac")
    (folder / "broken.wav").write_bytes(b"no sound at all")
    said: list[str] = []

    def wait(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    def act(window: MainWindow) -> None:
        qtbot.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
        score = window.score
        score.add([folder])
        wait(lambda: score.is_settled and score.start_button.isEnabled())
        qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: score.run.progress.done > 0)
        assert folder.name in json.dumps(json.loads(settings_path().read_text(encoding="utf-8")), ensure_ascii=False)
        qtbot.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: not score.run.is_running and score.is_settled)
        assert score.run.finished is None, "it was stopped too late to see it go on"
        said.append(score.start_button.text())
        qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        wait(lambda: score.run.finished is not None and not score.run.is_running and score.is_settled)
        wait(lambda: score.model.rowCount() == 121)
        assert score.run.progress.failed == 1

    use_moodlight([], act, qtbot)
    assert said[0].startswith("Go on")
    (table,) = tmp_path.rglob("*-scores.csv")
    assert len(read_score_table(table)) == 120
    assert table.with_suffix(".html").is_file()
