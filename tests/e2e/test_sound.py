"""What is heard in the Label workspace: the real program plays into a device whose sound is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import main
from app.crash import CrashDialog
from app.main_window import MainWindow
from core.project.opening import create_project, open_project
from core.project.recordings import add_files
from tests.pulse import Pulse, Recorder, sound_server_of_portaudio

pytestmark = pytest.mark.audio

PATIENCE_MS = 60_000
TONES_HZ = (500, 900, 1300, 1700)  # one a clip; whole periods in a block of 10 ms
CLIP_S = 8.0
SOON_S = 1.0  # from a key to its sound
CONTROL = Qt.KeyboardModifier.ControlModifier
Act = Callable[[MainWindow, Recorder], None]


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    with sound_server_of_portaudio(tmp_path, monkeypatch, "output") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Clips that are a tone each."""
    for number, hz in enumerate(TONES_HZ):
        times = np.arange(int(CLIP_S * 16_000)) / 16_000
        soundfile.write(tmp_path / f"{number} 소리 🙂.wav", 0.5 * np.sin(2 * np.pi * hz * times), 16_000)
    with create_project(tmp_path / "work", annotator="ana") as store:
        add_files(store, sorted(tmp_path.glob("*.wav")))
        return store.path


@pytest.fixture
def use_moodlight(
    pulse: Pulse, project: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Act], None]:
    """Run `moodlight PROJECT` and do something while all that it plays is recorded."""
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"workspace": "label", "autoplay": True, "advance": True}), encoding="utf-8")
    monkeypatch.setattr("app.launch.default_path", lambda: settings)

    def use(act: Act) -> None:
        raised: list[BaseException] = []

        def start() -> None:
            windows = [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]
            (window,) = [each for each in windows if each.isVisible()]
            try:
                window.activateWindow()
                qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE_MS)
                qtbot.waitUntil(lambda: window.label.commands.shown is not None, timeout=PATIENCE_MS)
                qtbot.waitUntil(window.actions_by_id["play-clip"].isEnabled, timeout=PATIENCE_MS)
                with pulse.recorded() as recorder:
                    qtbot.waitUntil(lambda: recorder.is_silent(10), timeout=PATIENCE_MS)
                    act(window, recorder)
                assert not window.findChildren(CrashDialog)
            except BaseException as error:  # noqa: BLE001 - Qt would only report it
                raised.append(error)
            finally:
                window.close()

        QTimer.singleShot(0, start)
        assert main([str(project)]) == 0
        if raised:
            raise raised[0]

    return use


def hear(qtbot: QtBot, recorder: Recorder, hz: float, since_s: float = 0.0) -> float:
    """When a tone is heard first; it must go on for a while."""
    qtbot.waitUntil(lambda: len(recorder.loud(hz, since_s)) > 10, timeout=PATIENCE_MS)
    return recorder.loud(hz, since_s)[0]


def test_clips_are_heard_as_they_come(
    use_moodlight: Callable[[Act], None], qtbot: QtBot, project: Path, record_property: Callable[[str, object], None]
) -> None:
    delays_s: list[float] = []

    def act(window: MainWindow, recorder: Recorder) -> None:
        qtbot.keyClick(window, Qt.Key.Key_Space)
        hear(qtbot, recorder, TONES_HZ[0])
        for hz, before_hz in zip(TONES_HZ[1:], TONES_HZ, strict=False):
            pressed_s = recorder.now_s()
            qtbot.keyClick(window, Qt.Key.Key_1)
            delays_s.append(hear(qtbot, recorder, hz, pressed_s) - pressed_s)
            assert recorder.loud(before_hz, pressed_s + delays_s[-1] + 0.1) == [], "only one clip is heard at a time"
        qtbot.keyClick(window, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: recorder.is_silent(30), timeout=PATIENCE_MS)
        assert not window.label.sound.playback.playing
        qtbot.keyClick(window, Qt.Key.Key_Space)
        hear(qtbot, recorder, TONES_HZ[-1], recorder.now_s())

    use_moodlight(act)
    record_property("delays_s", delays_s)
    print("key to sound, ms:", [round(1000 * delay_s) for delay_s in delays_s])
    assert sorted(delays_s)[len(delays_s) // 2] < SOON_S
    with open_project(project) as store:
        assert store.value("SELECT count(*) FROM annotations WHERE label = 'anger'") == len(delays_s)


def test_a_device_that_goes_away_is_one_sentence_and_can_come_back(
    use_moodlight: Callable[[Act], None], qtbot: QtBot, pulse: Pulse
) -> None:
    def act(window: MainWindow, recorder: Recorder) -> None:
        told: list[str] = []
        window.label.sound.playback.available_changed.connect(told.append)
        qtbot.keyClick(window, Qt.Key.Key_Space)
        hear(qtbot, recorder, TONES_HZ[0])
        pulse.unplug()
        qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE_MS)
        assert len(told) == 1 and told[0].startswith("Sound cannot be played: ")
        assert not window.label.sound.playback.playing
        qtbot.keyClick(window, Qt.Key.Key_1)
        qtbot.waitUntil(lambda: window.label.queue.current_row == 1, timeout=PATIENCE_MS)
        pulse.plug_in()
        with pulse.recorded() as again:
            qtbot.keyClick(window, Qt.Key.Key_D, CONTROL)
            qtbot.waitUntil(lambda: told[-1] == "", timeout=PATIENCE_MS)
            qtbot.keyClick(window, Qt.Key.Key_Space)
            hear(qtbot, again, TONES_HZ[1])

    use_moodlight(act)
