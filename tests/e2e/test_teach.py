"""Teaching as somebody does it: labels by keys, the button, the comparison, Keep, and back; and what kills do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from core.paths import resources_dir
from core.project.opening import create_project
from core.project.recordings import add_files
from core.teach_job import Job, find_jobs
from tests.window import PATIENCE_MS, use_moodlight

CLIPS = 24
LABELS = {"ANG": Qt.Key.Key_1, "HAP": Qt.Key.Key_2, "NEU": Qt.Key.Key_3, "SAD": Qt.Key.Key_4}
CONTROL = Qt.KeyboardModifier.ControlModifier
TEACHING_MS = 300_000  # two processes load torch one after the other


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of real speech by three speakers, without a label."""
    monkeypatch.setattr("app.launch.default_path", lambda: tmp_path / "settings.json")
    clips = tmp_path / "aufnahmen 녹음"
    clips.mkdir()
    for clip in sorted((resources_dir() / "old-task" / "clips").glob("1*_*.opus"))[:CLIPS]:
        shutil.copy(clip, clips)
    with create_project(tmp_path / "voices.moodlight", annotator="ana") as store:
        add_files(store, [clips])
        return store.path


def label_all(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.label.model.rowCount() == CLIPS, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.label.answers.labels.buttons[0].isEnabled(), timeout=PATIENCE_MS)
    for row in range(CLIPS):
        shown = window.label.model.row_at(row)
        assert shown is not None
        qtbot.keyClick(window, LABELS[Path(shown.path).stem.split("_")[2]])
    qtbot.keyClick(window, Qt.Key.Key_3, CONTROL)
    qtbot.waitUntil(lambda: f"Teach with {CLIPS} labels" in window.teach.card.button.text(), timeout=PATIENCE_MS)


def choose_method(window: MainWindow, method: str, passes: int) -> None:
    form = window.teach.card.form
    form.method.setCurrentIndex(form.method.findData(method))
    form.passes.setValue(passes)


def wait_for_result(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(window.teach.result.deciding.isVisible, timeout=TEACHING_MS)


def the_job(project: Path) -> Job:
    (job,) = find_jobs(project.with_suffix(".models"))
    return job


def test_clips_are_labelled_taught_kept_and_rolled_back(project: Path, tmp_path: Path, qtbot: QtBot) -> None:
    def act(window: MainWindow) -> None:
        label_all(window, qtbot)
        qtbot.mouseClick(window.teach.card.button, Qt.MouseButton.LeftButton)
        wait_for_result(window, qtbot)
        teach, bundled = window.teach, window.teach.controller.look
        assert bundled is not None and bundled.current is None
        assert "24 held-out clips" in teach.result.verdict.text()
        qtbot.mouseClick(teach.result.keep_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "taught-1" in window.status.model.text(), timeout=TEACHING_MS)
        assert "taught already" in teach.card.news.text()
        assert teach.controller.look is not None and teach.controller.look.current is not None
        assert teach.controller.look.current.labels_taught == CLIPS
        teach.history.make_current.emit(None)
        qtbot.waitUntil(lambda: "moodlight-small" in window.status.model.text(), timeout=TEACHING_MS)

    use_moodlight([str(project)], act, qtbot)
    folder = project.with_suffix(".models") / "taught-1"
    again = tmp_path / "again"
    command = [sys.executable, "-m", "app", "teach", str(folder / "recipe.toml"), "--data", str(folder)]
    subprocess.run([*command, "--out", str(again), "--device", "cpu"], check=True, timeout=TEACHING_MS / 1000)
    here, there = (json.loads((run / "report.json").read_text("utf-8")) for run in (folder / "run", again))
    assert there["comparison"]["after"] == here["comparison"]["after"]
    assert there["old_after"] == here["old_after"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_child_goes_on_and_is_found_by_the_next_window(project: Path, qtbot: QtBot) -> None:
    def begin_and_kill(window: MainWindow) -> None:
        label_all(window, qtbot)
        choose_method(window, "blocks", 3)
        qtbot.mouseClick(window.teach.card.button, Qt.MouseButton.LeftButton)
        watcher = window.teach.controller.watcher
        qtbot.waitUntil(lambda: watcher.state is not None and watcher.state.stage == "final", timeout=TEACHING_MS)
        events, _ = the_job(project).read_events(0)
        os.kill(next(event["pid"] for event in events if event["event"] == "started"), signal.SIGKILL)
        qtbot.waitUntil(window.teach.run.on_button.isVisible, timeout=TEACHING_MS)
        qtbot.mouseClick(window.teach.run.on_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: the_job(project).is_running, timeout=TEACHING_MS)

    use_moodlight([str(project)], begin_and_kill, qtbot)  # the child's parent is this process, which lives on

    def find_again(window: MainWindow) -> None:
        qtbot.keyClick(window, Qt.Key.Key_3, CONTROL)
        wait_for_result(window, qtbot)
        assert "24 held-out clips" in window.teach.result.verdict.text()

    use_moodlight([str(project)], find_again, qtbot)
    assert the_job(project).is_done
