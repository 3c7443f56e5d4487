"""The window with an engine that is a real child process without a model, and a player that plays nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.analyse.recording import Recording, State
from app.dialogs import TextDialog
from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings, load_settings

MakeWindow = Callable[..., MainWindow]
MakeWav = Callable[..., Path]


@pytest.fixture
def make_window(
    make_client: Callable[[], EngineClient], player: Any, tmp_path: Path, qtbot: QtBot
) -> Iterator[MakeWindow]:
    windows: list[MainWindow] = []

    def make(start: bool = True, settings: Settings | None = None) -> MainWindow:
        client = make_client()
        window = MainWindow(client, player, settings or Settings(theme="light"), tmp_path / "settings.json")
        windows.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        if start:
            client.start()
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    return make_window()


def wait_until_finished(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.controller.unfinished == 0)


def states(window: MainWindow) -> dict[str, str]:
    return {recording.name: recording.state_text() for recording in window.controller.recordings}


def press(window: MainWindow, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    qtbot.keyClick(window, key, modifier or Qt.KeyboardModifier.NoModifier)


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_an_opened_recording_is_analysed_and_shown(window: MainWindow, make_wav: MakeWav, qtbot: QtBot) -> None:
    window.open_paths([make_wav("speech.wav", 3.0)])
    wait_until_finished(window, qtbot)
    assert states(window) == {"speech.wav": "sadness 46%"}
    assert window.panel.transcript.toPlainText().splitlines() == ["früher war alles", "besser"]
    shown = texts(window.panel.emotions)
    assert "Segment 1 of 2\nAnger\n70% confident, 0:00.0 – 0:01.0" in shown
    assert "Whole recording\nSadness\n46% over 0:02.5 of speech" in shown
    assert window.status.activity.full_text == "Ready."
    assert window.status.model.text() == "Model fake default: 1.5 M parameters, cpu, float32"


def test_files_and_folders_dropped_on_the_window_are_opened(
    window: MainWindow, make_wav: MakeWav, tmp_path: Path, qtbot: QtBot
) -> None:
    alone = make_wav("alone.wav")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    make_wav("a.wav").rename(folder / "a.wav")
    make_wav("b.flac").rename(folder / "sub" / "b.flac")
    (folder / "notes.txt").write_text("not sound")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (alone, folder)])
    action, button, modifier = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, modifier))
    qtbot.waitUntil(lambda: len(window.controller.recordings) == 3)
    assert set(states(window)) == {"alone.wav", "a.wav", "b.flac"}


def test_the_open_dialog_opens_and_remembers_its_folder(
    window: MainWindow, make_wav: MakeWav, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def choose(parent: QWidget, title: str, folder: str, filters: str) -> tuple[list[str], str]:
        asked.extend([folder, filters])
        return [str(make_wav("chosen.wav"))], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", choose)
    press(window, qtbot, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert "*.wav" in asked[1]
    assert "chosen.wav" in states(window)
    press(window, qtbot, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert asked[2] == str(tmp_path)
    assert len(window.controller.recordings) == 1, "a file that is open is shown, not opened twice"


def test_a_file_that_cannot_be_read_is_one_sentence_in_row_and_panel(
    window: MainWindow, make_wav: MakeWav, tmp_path: Path, qtbot: QtBot
) -> None:
    window.open_paths([tmp_path / "missing.wav", make_wav("good.wav"), make_wav("refused.wav")])
    wait_until_finished(window, qtbot)
    qtbot.waitUntil(lambda: states(window)["missing.wav"] not in ("waiting", "analysing"))
    assert states(window)["refused.wav"] == "refused.wav is not a sound file."
    window.panel.files.choose(2)
    assert texts(window.panel.emotions) == "refused.wav is not a sound file."
    assert "could not be read" in window.panel.transcript.empty_text
    assert QApplication.activeModalWidget() is None


def test_a_note_and_a_silent_recording_are_said_in_the_panel(
    window: MainWindow, make_wav: MakeWav, qtbot: QtBot
) -> None:
    window.open_paths([make_wav("truncated.wav", 3.0), make_wav("silence.wav", kind="silence")])
    wait_until_finished(window, qtbot)
    assert "truncated.wav is truncated after 0.5 s." in texts(window.panel.emotions)
    press(window, qtbot, Qt.Key.Key_PageDown)
    assert "No speech" in texts(window.panel.emotions)
    assert states(window)["silence.wav"] == "no speech"


def test_results_of_a_closed_recording_are_dropped_and_those_of_a_hidden_one_kept(
    window: MainWindow, make_wav: MakeWav, engine_folder: Path, qtbot: QtBot
) -> None:
    window.open_paths([make_wav("slow-a.wav", 3.0), make_wav("slow-b.wav", 3.0), make_wav("c.wav", 3.0)])
    closed = window.controller.recordings[0]
    qtbot.waitUntil(lambda: len(closed.predictions) == 1)
    window.panel.files.choose(0)
    press(window, qtbot, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    (engine_folder / "go").touch()
    wait_until_finished(window, qtbot)
    assert len(closed.predictions) == 1
    assert states(window) == {"slow-b.wav": "sadness 46%", "c.wav": "sadness 46%"}
    assert window.panel.shown is window.controller.recordings[0]
    assert len(window.controller.recordings[1].predictions) == 2, "it was never shown, its results wait with its row"


def test_an_analysis_can_be_stopped_and_begun_again(
    window: MainWindow, make_wav: MakeWav, engine_folder: Path, qtbot: QtBot
) -> None:
    window.open_paths([make_wav("slow.wav", 3.0)])
    recording = window.controller.recordings[0]
    qtbot.waitUntil(lambda: len(recording.predictions) == 1)
    assert window.status.activity.full_text == "Analysing slow.wav 0:00 of 0:02."
    press(window, qtbot, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert recording.state_text() == "anger 70%, stopped early"
    (engine_folder / "go").touch()
    press(window, qtbot, Qt.Key.Key_F5)
    wait_until_finished(window, qtbot)
    assert (recording.state, len(recording.predictions)) == (State.DONE, 2)


def test_the_recording_that_is_looked_at_is_analysed_next(
    window: MainWindow, make_wav: MakeWav, engine_folder: Path, qtbot: QtBot
) -> None:
    finished: list[Recording] = []
    window.controller.recording_changed.connect(lambda r: finished.append(r) if r.state is State.DONE else None)
    window.open_paths([make_wav(f"slow-{n}.wav", 3.0) for n in range(5)])
    window.panel.files.choose(4)
    (engine_folder / "go").touch()
    wait_until_finished(window, qtbot)
    order = [recording.name for recording in dict.fromkeys(finished)]
    assert order == ["slow-0.wav", "slow-1.wav", "slow-4.wav", "slow-2.wav", "slow-3.wav"]


def test_an_engine_that_dies_is_said_in_the_status_line(
    window: MainWindow, make_wav: MakeWav, engine_folder: Path, qtbot: QtBot
) -> None:
    said: list[str] = []
    window.controller.status_changed.connect(lambda: said.append(window.status.activity.full_text))
    window.open_paths([make_wav("kills-once-slow.wav", 3.0)])
    qtbot.waitUntil(lambda: "The engine was restarted" in window.status.activity.full_text)
    assert any("It is being started again." in text for text in said)
    (engine_folder / "go").touch()
    wait_until_finished(window, qtbot)
    assert states(window) == {"kills-once-slow.wav": "sadness 46%"}


def test_an_engine_that_will_not_start_can_be_restarted_from_the_status_line(
    make_window: MakeWindow, engine_folder: Path, make_wav: MakeWav, qtbot: QtBot
) -> None:
    (engine_folder / "unloadable").touch()
    window = make_window()
    window.open_paths([make_wav("a.wav", 3.0)])
    qtbot.waitUntil(lambda: window.status.activity.full_text == "model.safetensors is damaged.")
    assert window.status.restart.isVisible()
    assert texts(window.panel.emotions).startswith("model.safetensors is damaged. Nothing is analysed until")
    (engine_folder / "unloadable").unlink()
    qtbot.mouseClick(window.status.restart, Qt.MouseButton.LeftButton)
    wait_until_finished(window, qtbot)
    assert not window.status.restart.isVisible()
    assert states(window) == {"a.wav": "sadness 46%"}


def test_the_keys_move_through_words_segments_and_seconds(
    window: MainWindow, make_wav: MakeWav, player: Any, qtbot: QtBot
) -> None:
    window.open_paths([make_wav("speech.wav", 3.0)])
    wait_until_finished(window, qtbot)
    qtbot.waitUntil(lambda: window.panel.playback.duration_s > 0)
    control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    places = []
    for key, modifier in (
        (Qt.Key.Key_Right, None), (Qt.Key.Key_Right, None), (Qt.Key.Key_Left, None), (Qt.Key.Key_Right, alt),
        (Qt.Key.Key_Left, alt), (Qt.Key.Key_Right, control), (Qt.Key.Key_Right, control), (Qt.Key.Key_Left, control),
        (Qt.Key.Key_End, None), (Qt.Key.Key_Home, None), (Qt.Key.Key_Left, None),
    ):  # fmt: skip
        press(window, qtbot, key, modifier)
        places.append(round(window.panel.playback.position_s, 3))
    assert places == [1.0, 2.0, 1.0, 1.0, 0.0, 0.2, 0.4, 0.2, 3.0, 0.0, 0.0]
    assert player.sought[:2] == [1.0, 2.0]


def test_while_it_plays_the_word_is_lit_and_the_panel_follows(
    window: MainWindow, make_wav: MakeWav, player: Any, qtbot: QtBot
) -> None:
    window.open_paths([make_wav("speech.wav", 3.0)])
    wait_until_finished(window, qtbot)
    press(window, qtbot, Qt.Key.Key_Space)
    assert player.playing
    player.position_changed.emit(0.25)
    assert window.panel.transcript.lit_word.text == "war"
    assert "Segment 1 of 2" in texts(window.panel.emotions)
    player.position_changed.emit(1.1)
    assert window.panel.transcript.lit_word.text == "besser"
    assert "Segment 2 of 2" in texts(window.panel.emotions)
    assert window.panel.transport.time.text() == "0:01.1 / 0:03.0"
    press(window, qtbot, Qt.Key.Key_Space)
    assert not player.playing


def test_a_selection_is_looped(window: MainWindow, make_wav: MakeWav, player: Any, qtbot: QtBot) -> None:
    window.open_paths([make_wav("speech.wav", 3.0)])
    wait_until_finished(window, qtbot)
    qtbot.waitUntil(lambda: window.panel.playback.duration_s > 0)
    press(window, qtbot, Qt.Key.Key_L)
    assert player.loop == (0.0, 1.0), "the segment, where nothing is selected"
    press(window, qtbot, Qt.Key.Key_Right)
    press(window, qtbot, Qt.Key.Key_Right)
    press(window, qtbot, Qt.Key.Key_BracketRight)
    assert player.loop == (0.0, 2.0)
    press(window, qtbot, Qt.Key.Key_Left)
    press(window, qtbot, Qt.Key.Key_BracketLeft)
    assert player.loop == (1.0, 2.0)
    press(window, qtbot, Qt.Key.Key_Escape)
    assert player.loop is None
    assert not window.actions_by_id["loop"].isChecked()


def test_without_a_sound_device_the_buttons_are_off_and_a_sentence_says_why(
    make_window: MakeWindow, make_wav: MakeWav, player: Any, qtbot: QtBot
) -> None:
    player.unavailable_reason = "There is no sound output."
    window = make_window()
    window.open_paths([make_wav("speech.wav", 3.0)])
    wait_until_finished(window, qtbot)
    assert window.panel.transport.problem.text() == "There is no sound output."
    assert window.panel.transport.problem.isVisible()
    assert not window.panel.transport.buttons["play"].isEnabled()
    assert not window.actions_by_id["loop"].isEnabled()
    press(window, qtbot, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert window.panel.playback.position_s == 1.0, "one can still go to a place"
    press(window, qtbot, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)  # a device was plugged in
    assert window.panel.transport.buttons["play"].isEnabled()


def test_the_score_table_of_all_open_recordings_is_saved(
    window: MainWindow, make_wav: MakeWav, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    window.open_paths([make_wav("speech.wav", 3.0), make_wav("silence.wav", 3.0), make_wav("refused.wav")])
    wait_until_finished(window, qtbot)
    press(window, qtbot, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:6] == ["file", "start", "end", "emotion", "confidence", "p_anger"]
    assert [row["emotion"] for row in rows] == ["anger", "sadness", "no speech"]
    assert rows[0]["transcript"] == "früher war alles"
    assert f"3 rows are in {out}.csv." in window.status.activity.full_text
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "folder.csv"), ""))
    press(window, qtbot, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert "The table was not saved" in window.status.activity.full_text


def test_another_model_is_opened_and_judges_the_open_recordings_anew(
    window: MainWindow, make_wav: MakeWav, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.open_paths([make_wav("speech.wav", 3.0)])
    wait_until_finished(window, qtbot)
    [recording] = window.controller.recordings
    first = recording.predictions[0]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "other"))
    press(window, qtbot, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "fake other" in window.status.model.text())
    assert "The model fake other is in use now." in window.status.activity.full_text
    wait_until_finished(window, qtbot)
    assert states(window) == {"speech.wav": "sadness 46%"}
    assert recording.predictions[0] is not first
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "missing"))
    press(window, qtbot, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "There is no model there." in window.status.activity.full_text)
    assert "fake other" in window.status.model.text()


def test_every_empty_part_says_what_to_do(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    assert "Drop sound files or folders" in texts(window.panel.files)
    assert "Choose a recording" in texts(window.panel.emotions)
    assert "Open a recording" in window.panel.transcript.empty_text
    assert window.status.model.text() == "No model is loaded yet"


def test_the_settings_are_there_at_the_next_start(make_window: MakeWindow, make_wav: MakeWav, tmp_path: Path) -> None:
    window = make_window()
    window.resize(900, 640)
    window.use_dark_theme()
    window.open_paths([make_wav("a.wav")])
    window.close()
    settings = load_settings(tmp_path / "settings.json")
    assert (settings.theme, settings.last_folder) == ("dark", str(tmp_path))
    again = make_window(settings=settings)
    assert (again.width(), again.height()) == (900, 640)  # what the test screen has room for
    assert again.actions_by_id["theme-dark"].isChecked()


def test_closing_the_window_ends_the_engine(window: MainWindow, qtbot: QtBot) -> None:
    client = window.controller.client
    qtbot.waitUntil(lambda: client.state == "idle")
    window.close()
    assert client.state == "stopped"


def test_help_lists_the_keys_and_the_models_card(make_window: MakeWindow, engine_folder: Path, qtbot: QtBot) -> None:
    (engine_folder / "default").mkdir()
    (engine_folder / "default" / "README.md").write_text("# Model card\n\nUA 0.71 on the test actors.")
    window = make_window()
    press(window, qtbot, Qt.Key.Key_F1)
    assert "Play or pause" in window.findChild(TextDialog, "keys").browser.toPlainText()
    window.show_keys()
    window.show_about()
    assert len(window.findChildren(TextDialog)) == 2
    about = window.findChild(TextDialog, "about")
    assert "UA 0.71 on the test actors." in about.browser.toPlainText()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_nothing_is_cut_at_any_size(
    theme: str, size: tuple[int, int], make_window: MakeWindow, make_wav: MakeWav, player: Any, qtbot: QtBot
) -> None:
    player.unavailable_reason = "No sound output device was found. Connect one, then start Moodlight again."
    window = make_window(settings=Settings(theme=theme))
    window.open_paths([make_wav("a-recording-with-a-rather-long-name.wav", 3.0)])
    wait_until_finished(window, qtbot)
    window.resize(*size)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    window_rect = window.rect()
    for label in window.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed, label.text()
            text_width = label.fontMetrics().horizontalAdvance(label.text())
            assert label.wordWrap() or label.width() >= text_width, label.text()
    for part in window.findChildren(QToolButton):
        if part.isVisible():
            assert window_rect.contains(part.mapTo(window, part.rect().topLeft()))
            assert window_rect.contains(part.mapTo(window, part.rect().bottomRight()))
