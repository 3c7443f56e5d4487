"""The real program as a user meets it: `main()` with its own engine, the model that ships, a clip, and the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.__main__ import main
from app.analyse.recording import State
from app.crash import CrashDialog
from app.dialogs import TextDialog
from app.main_window import MainWindow

PATIENCE_MS = 180_000  # a model is loaded, perhaps on a busy machine
NONE, CONTROL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
Act = Callable[[MainWindow], None]


def use_moodlight(arguments: list[str], act: Act) -> int:
    """Run `moodlight ARGUMENTS`, do something with its window, close it; what `act` raises comes out of here."""
    raised: list[BaseException] = []

    def start() -> None:
        windows = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]
        (window,) = [window for window in windows if window.isVisible()]
        try:
            act(window)
        except BaseException as error:  # noqa: BLE001 - Qt would only report it
            raised.append(error)
        finally:
            window.close()

    QTimer.singleShot(0, start)
    code = main(arguments)
    if raised:
        raise raised[0]
    return code


def wait_until_ready(window: MainWindow, qtbot: QtBot) -> None:
    controller = window.controller
    qtbot.waitUntil(lambda: controller.unfinished == 0 or controller.client.state == "failed", timeout=PATIENCE_MS)
    assert controller.client.state == "idle", controller.status_text()
    qtbot.waitUntil(lambda: window.panel.playback.duration_s > 0, timeout=PATIENCE_MS)


@pytest.fixture
def clip(samples: list[Path]) -> Path:
    return next(path for path in samples if path.stem == "angry")


def test_a_clip_is_heard_and_explored_with_the_keyboard(bundled_model: Path, clip: Path, qtbot: QtBot) -> None:
    places: list[float] = []

    def act(window: MainWindow) -> None:
        wait_until_ready(window, qtbot)
        (recording,) = window.controller.recordings
        assert recording.state is State.DONE
        assert recording.summary is not None
        assert sum(recording.summary.probabilities.values()) == pytest.approx(1.0, abs=1e-3)
        assert window.panel.emotions.segment.emotion.text() == recording.predictions[0].emotion.capitalize()
        assert recording.predictions[0].model in window.status.model.text()
        for key, modifiers in (
            (Qt.Key.Key_Right, NONE),
            (Qt.Key.Key_Right, CONTROL),
            (Qt.Key.Key_Left, ALT),
            (Qt.Key.Key_Home, NONE),
            (Qt.Key.Key_End, NONE),
        ):
            qtbot.keyClick(window, key, modifiers)
            places.append(window.panel.playback.position_s)
        assert places[0] == 1.0
        assert places[-2:] == [0.0, pytest.approx(window.panel.playback.duration_s)]
        before = window.panel.timeline.view
        qtbot.keyClick(window, Qt.Key.Key_Plus, CONTROL)
        after = window.panel.timeline.view
        assert after[1] - after[0] < before[1] - before[0]
        qtbot.keyClick(window, Qt.Key.Key_S)
        assert window.panel.timeline.selection is not None
        qtbot.keyClick(window, Qt.Key.Key_F1)
        qtbot.waitUntil(lambda: window.findChild(TextDialog, "keys") is not None)
        qtbot.keyClick(window.findChild(TextDialog, "keys"), Qt.Key.Key_Escape)

    assert use_moodlight([str(clip)], act) == 0


@pytest.mark.parametrize("pattern", ["crema-d/AudioWAV/1001_IEO_ANG_HI.*", "librispeech/test-clean/1089/*/*-0000.*"])
def test_real_speech_gets_an_emotion_and_words(
    pattern: str, bundled_model: Path, shared_data: Path, qtbot: QtBot
) -> None:
    def act(window: MainWindow) -> None:
        wait_until_ready(window, qtbot)
        assert window.controller.recordings[0].summary is not None
        assert len(window.panel.transcript.toPlainText().split()) >= 2

    path = next(shared_data.glob(pattern))
    assert use_moodlight([str(path)], act) == 0


def test_an_engine_that_is_killed_comes_back_and_the_window_says_so(
    bundled_model: Path, clip: Path, qtbot: QtBot
) -> None:
    def act(window: MainWindow) -> None:
        wait_until_ready(window, qtbot)
        client = window.controller.client
        first = client.process_id
        psutil.Process(first).kill()
        qtbot.waitUntil(lambda: client.state != "idle", timeout=PATIENCE_MS)
        qtbot.keyClick(window, Qt.Key.Key_F5)
        qtbot.waitUntil(lambda: client.state in ("idle", "busy"), timeout=PATIENCE_MS)
        assert "restarted" in window.status.activity.full_text
        wait_until_ready(window, qtbot)
        assert client.process_id != first
        assert window.controller.recordings[0].state is State.DONE

    assert use_moodlight([str(clip)], act) == 0


def test_an_error_in_the_program_is_a_report_and_the_window_goes_on(
    clip: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(window: MainWindow) -> None:
        raise ZeroDivisionError("a mistake of ours")

    def act(window: MainWindow) -> None:
        QTimer.singleShot(0, lambda: fail(window))
        qtbot.waitUntil(lambda: window.findChild(CrashDialog) is not None, timeout=PATIENCE_MS)
        dialog = window.findChild(CrashDialog)
        assert "ZeroDivisionError: a mistake of ours" in dialog.text.toPlainText()
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not dialog.isVisible())
        qtbot.keyClick(window, Qt.Key.Key_Right)
        assert window.isVisible()
        assert len(window.controller.recordings) == 1

    assert use_moodlight([str(clip)], act) == 0


def test_the_samples_open_with_one_option(qtbot: QtBot, samples: list[Path]) -> None:
    def act(window: MainWindow) -> None:
        recordings = window.controller.recordings
        qtbot.waitUntil(lambda: len(recordings) == len(samples), timeout=PATIENCE_MS)
        assert "Drop sound files" not in "".join(
            label.text() for label in window.panel.files.findChildren(QLabel) if label.isVisible()
        )

    assert use_moodlight(["--samples"], act) == 0


def test_a_snapshot_shows_the_results(bundled_model: Path, clip: Path, tmp_path: Path, qtbot: QtBot) -> None:
    out = tmp_path / "window.png"
    assert main(["--snapshot", str(out), str(clip)]) == 0
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (1280, 800)
    colors = {picture.pixel(x, y) for x in range(0, 1280, 4) for y in range(0, 800, 4)}
    assert len(colors) > 50
