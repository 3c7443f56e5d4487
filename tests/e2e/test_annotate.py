"""What an annotator does, through the real program: `main()`, its own engine, real recordings and the keyboard."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot

from app.annotate.add_dialog import AddDialog, Adding
from app.annotate.import_dialog import ImportDialog
from app.main_window import MainWindow
from core.project.annotations import annotate, ratings
from core.project.opening import open_project
from tests.window import PATIENCE_MS, use_moodlight

CLIPS = 36
LABELS = {"ANG": Qt.Key.Key_1, "HAP": Qt.Key.Key_2, "NEU": Qt.Key.Key_3, "SAD": Qt.Key.Key_4}
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    """Real recordings in folders, as people keep them."""
    recordings = sorted((shared_data / "crema-d" / "AudioWAV").iterdir())
    known = [path for path in recordings if path.stem.split("_")[2] in LABELS]
    if len(known) < CLIPS:
        pytest.skip("needs more of CREMA-D than is here")
    for path in known[:CLIPS]:
        target = tmp_path / "recordings" / path.stem.split("_")[0] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path / "recordings"


def test_an_annotator_labels_undoes_restarts_goes_on_and_merges(
    folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, colleague, other = (tmp_path / f"{name}.moodlight" for name in ("work", "of a colleague", "other 다른"))
    labels = tmp_path / "labels.json"
    monkeypatch.setattr("app.launch.default_path", lambda: tmp_path / "settings.json")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(project), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    monkeypatch.setattr(AddDialog, "ask", lambda *_: Adding("whole"))

    def wait_for_clips(window: MainWindow) -> None:
        qtbot.waitUntil(lambda: window.label.model.rowCount() == CLIPS, timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: window.label.answers.labels.buttons[0].isEnabled(), timeout=PATIENCE_MS)

    def label(window: MainWindow, clips: int) -> None:
        """Press the key of what the file's name says, and see that the next clip is shown."""
        for _ in range(clips):
            row = window.label.queue.current_row
            shown = window.label.model.row_at(row)
            assert shown is not None
            qtbot.keyClick(window, LABELS[Path(shown.path).stem.split("_")[2]])
            assert window.label.queue.current_row == min(row + 1, CLIPS - 1)

    def first_day(window: MainWindow) -> None:
        qtbot.keyClick(window, Qt.Key.Key_2, CONTROL)
        qtbot.keyClick(window, Qt.Key.Key_N, CONTROL)
        qtbot.waitUntil(lambda: window.session.is_open, timeout=PATIENCE_MS)
        qtbot.keyClick(window, Qt.Key.Key_O, CONTROL | SHIFT)
        wait_for_clips(window)
        label(window, 30)
        undo = window.actions_by_id["undo"]
        for left in (29, 28, 27):
            qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
            qtbot.waitUntil(lambda left=left: window.label.queue.current_row == left, timeout=PATIENCE_MS)
        qtbot.waitUntil(undo.isEnabled, timeout=PATIENCE_MS)

    def second_day(window: MainWindow) -> None:
        wait_for_clips(window)
        qtbot.keyClick(window, Qt.Key.Key_Right, CONTROL | SHIFT)
        qtbot.waitUntil(lambda: window.label.queue.current_row == 27, timeout=PATIENCE_MS)
        qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
        qtbot.waitUntil(lambda: window.label.queue.current_row == 26, timeout=PATIENCE_MS)
        label(window, CLIPS - 26)

    def third_day(window: MainWindow) -> None:
        """A colleague's copy is merged, everything is written for Label Studio, and read into another project."""
        wait_for_clips(window)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(colleague), ""))
        window.projects.merge()
        qtbot.waitUntil(lambda: title_of(window).startswith("Merge"), timeout=PATIENCE_MS)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(labels), ""))
        monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("Label Studio's JSON", True))
        window.projects.export_labels()
        qtbot.waitUntil(labels.exists, timeout=PATIENCE_MS)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(other), ""))
        window.projects.new_project()
        qtbot.waitUntil(
            lambda: window.session.state is not None and window.session.state.path == other, timeout=PATIENCE_MS
        )
        window.projects.import_labels()
        (dialog,) = window.findChildren(ImportDialog)
        dialog.read(labels)
        qtbot.waitUntil(dialog.import_button.isEnabled, timeout=PATIENCE_MS)
        qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: title_of(window).startswith("Import"), timeout=PATIENCE_MS)
        dialog.reject()
        wait_for_clips(window)

    def title_of(window: MainWindow) -> str:
        return window.session.state.undo_title if window.session.state else ""

    use_moodlight([], first_day, qtbot)
    with open_project(project) as store:
        assert len(ratings(store, 1)) == 27
        store.back_up(colleague)
    use_moodlight([], second_day, qtbot)
    with open_project(project) as store:
        rows = store.rows(
            "SELECT path, label FROM annotations JOIN clips ON clips.id = clip JOIN recordings ON "
            "recordings.id = recording"
        )
        names = {"ANG": "anger", "HAP": "happiness", "NEU": "neutral", "SAD": "sadness"}
        assert len(rows) == CLIPS
        assert all(label == names[Path(path).stem.split("_")[2]] for path, label in rows)
    with open_project(colleague, "ben") as store:
        clips = [row[0] for row in store.rows("SELECT id FROM clips")]
        annotate(store, clips, 1, label="anger")
    use_moodlight([], third_day, qtbot)
    with open_project(project) as mine, open_project(other) as theirs:
        assert len(ratings(mine, 1)) == 2 * CLIPS
        assert sorted(row[1:] for row in ratings(theirs, 1)) == sorted(row[1:] for row in ratings(mine, 1))
