"""The learning curve as a researcher draws it: the tab, the real process, a stop in the middle, and the same again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from core.paths import resources_dir
from core.project.annotations import annotate
from core.project.opening import create_project
from core.project.recordings import add_files
from tests.window import PATIENCE_MS, use_moodlight

OLD_TASK = resources_dir() / "old-task"
DRAWING_MS = 300_000  # a process loads torch and listens
EACH = 6
DRAWS = 60  # enough to be stopped in the middle of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two emotions of several speakers, labelled."""
    monkeypatch.setattr("app.launch.default_path", lambda: tmp_path / "settings.json")
    with (OLD_TASK / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    chosen = [
        row for name in ("anger", "sadness") for row in [row for row in rows if row["emotion"] == name][::4][:EACH]
    ]
    with create_project(tmp_path / "voices.moodlight", annotator="ana") as store:
        add_files(store, [OLD_TASK / row["file"] for row in chosen])
        places = store.rows("SELECT clips.id, path FROM clips JOIN recordings ON recordings.id = recording")
        numbers = {Path(path).name: clip for clip, path in places}
        for row in chosen:
            clip = numbers[Path(row["file"]).name]
            annotate(store, [clip], 1, label=row["emotion"])
            with store.command("Speaker") as connection:
                connection.execute("UPDATE clips SET speaker = ? WHERE id = ?", (row["speaker"], clip))
        return store.path


def test_a_curve_is_drawn_in_the_background_stopped_and_gone_on_with(project: Path, qtbot: QtBot) -> None:
    run_dir = project.with_suffix(".models") / "curve" / "run"

    def draw(window: MainWindow) -> None:
        qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: "12 labels" in window.teach.card.button.text(), timeout=PATIENCE_MS)
        curve, view = window.teach.curve, window.teach.curve_view
        window.teach.tabs.setCurrentWidget(view)
        for name, box in view.form.systems.items():
            box.setChecked(name in ("none", "logistic"))
        view.form.shots.setText("1, 2")
        view.form.draws.setValue(DRAWS)
        view.draw_button.click()
        qtbot.waitUntil(lambda: curve.run.progress.total == 3 * DRAWS, timeout=DRAWING_MS)
        view.stop_button.click()
        qtbot.waitUntil(lambda: not curve.run.is_running, timeout=DRAWING_MS)
        assert "draw again, and it goes on" in view.message.text()
        view.draw_button.click()
        qtbot.waitUntil(lambda: curve.run.is_running, timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: not curve.run.is_running, timeout=DRAWING_MS)
        assert view.message.text() == ""
        qtbot.waitUntil(lambda: view.figures is not None, timeout=PATIENCE_MS)
        assert "nobody is heard on both sides" in view.split.text()

    use_moodlight([str(project)], draw, qtbot)
    results = {path: path.stat().st_mtime_ns for path in run_dir.glob("*/*.json")}
    assert len(results) == 3 * DRAWS
    report = json.loads((run_dir / "report.json").read_text(encoding="utf-8"))
    assert [curve["system"] for curve in report["curves"]] == ["Not taught", "Logistic layer on z_e"]

    def look_again(window: MainWindow) -> None:
        qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        view = window.teach.curve_view
        qtbot.waitUntil(lambda: view.figures is not None, timeout=PATIENCE_MS)
        assert view.form.draws.value() == DRAWS and view.table.rowCount() == 2

    use_moodlight([str(project)], look_again, qtbot)
    assert results == {path: path.stat().st_mtime_ns for path in run_dir.glob("*/*.json")}
