"""What is played into a null sink is recorded, heard by the bundled model, and becomes clips of a project."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from core.audio.decode import read_sound
from core.paths import resources_dir
from core.predictions import readable
from core.project.opening import create_project, open_project
from tests.pulse import Pulse, sound_server_of_portaudio
from tests.window import use_moodlight

pytestmark = pytest.mark.audio

PATIENCE_MS = 120_000
CONTROL = Qt.KeyboardModifier.ControlModifier
SAID = {"IEO": "it's eleven o'clock", "TSI": "the surface is slick", "IWL": "I would like a new alarm clock"}
MEANT = {"ANG": "anger", "HAP": "happiness", "NEU": "neutral", "SAD": "sadness"}
PAUSE_S = 1.0


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    with sound_server_of_portaudio(tmp_path, monkeypatch, "input") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with create_project(tmp_path / "work", annotator="ana") as store:
        return store.path


@pytest.fixture
def use_live(pulse: Pulse, project: Path, qtbot: QtBot) -> Callable[[Callable[[MainWindow], None]], None]:
    """Run the program with the project; `act` begins when its microphone is open and the model loaded."""

    def run(act: Callable[[MainWindow], None]) -> None:
        def begin(window: MainWindow) -> None:
            wait(qtbot, lambda: window.session.is_open and window._client.state in ("idle", "busy"))
            qtbot.keyClick(window, Qt.Key.Key_4, CONTROL)
            wait(qtbot, lambda: window.live.controller.microphone.source is not None)
            act(window)

        use_moodlight([str(project)], begin, qtbot)

    return run


def wait(qtbot: QtBot, condition: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)


def four_clips() -> list[Path]:
    """Four clips of known words, each meant differently."""
    found = sorted((resources_dir() / "old-task" / "clips").glob("1*_*.opus"))
    chosen = {}
    for clip in found:
        _, sentence, emotion, *_ = clip.stem.split("_")
        if sentence in SAID and emotion in MEANT:
            chosen.setdefault(emotion, clip)
    assert len(chosen) == len(MEANT)
    return list(chosen.values())


def joined(clips: list[Path], out: Path) -> Path:
    pause = np.zeros(round(PAUSE_S * 16_000), np.float32)
    soundfile.write(out, np.concatenate([part for clip in clips for part in (read_sound(clip).samples, pause)]), 16_000)
    return out


def test_what_is_played_is_found_as_segments_with_predictions_in_the_project(
    pulse: Pulse,
    use_live: Callable[..., None],
    qtbot: QtBot,
    project: Path,
    tmp_path: Path,
    bundled_model: Path,
) -> None:
    clips = four_clips()
    heard: list[tuple[str, str]] = []

    def act(window: MainWindow) -> None:
        live = window.live
        qtbot.keyClick(window, Qt.Key.Key_R)
        wait(qtbot, lambda: live.controller.recorder.state == "recording")
        playing = pulse.play(joined(clips, tmp_path / "all.wav"))
        log = live.controller.log
        wait(qtbot, lambda: playing.poll() is not None and len(log.segments) >= 4 and log.open is None)
        qtbot.keyClick(window, Qt.Key.Key_2)
        heard.extend((segment.emotion or "", segment.text) for segment in log.segments)
        qtbot.keyClick(window, Qt.Key.Key_S)
        wait(qtbot, lambda: all(segment.clip for segment in log.segments))
        assert live.controller.lost == 0

    use_live(act)
    wanted = [SAID[clip.stem.split("_")[1]] for clip in clips]
    assert len(heard) == len(clips)
    assert sum(text == said for (_, text), said in zip(heard, wanted, strict=True)) >= 3
    with open_project(project) as store:
        sql = "SELECT prediction, transcript FROM predictions JOIN clips ON clips.id = clip ORDER BY start_s"
        assert [(emotion, readable(words)) for emotion, words in store.rows(sql)] == heard
        assert store.rows("SELECT label FROM annotations") == [("happiness",)]
        spans = store.rows("SELECT start_s, end_s FROM clips ORDER BY start_s")
        assert all(end_s <= start_s for (_, end_s), (start_s, _) in itertools.pairwise(spans))


def test_a_device_that_is_unplugged_while_it_records_loses_nothing_that_was_heard(
    use_live: Callable[..., None], qtbot: QtBot, pulse: Pulse, tmp_path: Path
) -> None:
    told: list[str] = []

    def act(window: MainWindow) -> None:
        live = window.live
        live.noted.connect(told.append)
        recorder = live.controller.recorder
        qtbot.keyClick(window, Qt.Key.Key_R)
        wait(qtbot, lambda: recorder.recorded_s > 1.5)
        pulse.unplug()
        wait(qtbot, lambda: recorder.state == "waiting")
        first_s = recorder.recorded_s
        pulse.plug_in()
        pulse.record_what_is_played()
        wait(qtbot, lambda: recorder.state == "recording")
        wait(qtbot, lambda: recorder.recorded_s > first_s + 1.0)
        assert len(recorder.files) == 2
        qtbot.keyClick(window, Qt.Key.Key_S)
        wait(qtbot, lambda: sum("in the project" in note for note in told) == 2)

    use_live(act)
    assert any("The recording up to here is kept" in note for note in told)
    lengths_s = [soundfile.info(file).duration for file in (tmp_path / "recordings").glob("*.wav")]
    assert len(lengths_s) == 2 and min(lengths_s) > 1.0
