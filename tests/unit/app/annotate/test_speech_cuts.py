"""Recordings are cut at speech by a real child process, which may be ended at any time."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
from PySide6.QtWidgets import QProgressDialog
from pytestqt.qtbot import QtBot

from app.annotate.add_dialog import AddDialog, Adding
from app.annotate.speech_cuts import SpeechCutter
from core.project.opening import create_project, open_project
from core.project.recordings import file_of

MakeDesk = Any  # of conftest.py
CLIPS = "SELECT path, start_s, end_s, duration_s FROM clips JOIN recordings ON recordings.id = recording"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with create_project(tmp_path / "작업 work 🙂", annotator="ana") as store:
        return store.path


@pytest.fixture
def cutter(qtbot: QtBot) -> Iterator[SpeechCutter]:
    made = SpeechCutter()
    yield made
    made.close()


@pytest.fixture
def long_recording(samples: list[Path], tmp_path: Path) -> Path:
    """Twenty minutes of speech: there is time to do something meanwhile."""
    sound, rate = soundfile.read(next(path for path in samples if path.stem == "two-moods"), dtype="float32")
    file = tmp_path / "long call.wav"
    soundfile.write(file, np.tile(sound, 20 * 60 * rate // len(sound)), rate)
    return file


def child_at_work(cutter: SpeechCutter, project: Path) -> psutil.Process | None:
    """The process, once it has opened the project."""
    try:
        child = psutil.Process(cutter.process_id) if cutter.is_busy else None
        opened = {Path(file.path) for file in child.open_files()} if child else set()
    except psutil.Error:
        return None
    return child if project in opened else None


def clips_of(project: Path) -> list[tuple[Any, ...]]:
    with open_project(project) as store:
        return [(file_of(store, path).name, *times) for path, *times in store.rows(CLIPS)]


def start_in_window(desk: Any, inputs: list[Path], monkeypatch: pytest.MonkeyPatch) -> SpeechCutter:
    monkeypatch.setattr(AddDialog, "ask", lambda *_: Adding("speech"))
    desk.qtbot.waitUntil(lambda: desk.window.session.is_open)
    desk.window.projects.add(inputs)
    cutter: SpeechCutter = desk.window.projects._cutter
    desk.qtbot.waitUntil(lambda: cutter.is_busy)
    assert not desk.window.session.is_open and desk.window.findChildren(QProgressDialog)
    return cutter


def test_a_folder_with_damaged_and_silent_files_is_cut_and_the_project_opens_again(
    make_desk: MakeDesk, project: Path, samples: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "녹음 of calls 🙂"
    folder.mkdir()
    moods, happy = (next(path for path in samples if path.stem == name) for name in ("two-moods", "happy"))
    shutil.copy(moods, folder / "두 기분 🙂.flac")
    shutil.copy(happy, tmp_path / "--watch.flac")
    content = bytearray(happy.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = b"\xff" * 4000
    (folder / "damaged in the middle.flac").write_bytes(content)
    (folder / "no sound.wav").write_text("hello", encoding="utf-8")
    soundfile.write(folder / "silent.wav", np.zeros(32_000, np.float32), 16_000)
    monkeypatch.chdir(tmp_path)
    desk = make_desk().open(project, clips=0)
    cutter = start_in_window(desk, [folder, Path("--watch.flac")], monkeypatch)
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 4)
    assert not cutter.is_busy and desk.window.session.state.path == project
    assert desk.note.startswith("3 recordings added, 4 clips; left out: ")
    assert "no sound.wav" in desk.note and "damaged in the middle.flac" in desk.note
    desk.window.close()
    found = clips_of(project)
    spoken = [clip for clip in found if clip[0] == "두 기분 🙂.flac"]
    assert len(spoken) == 2 and all(0 <= start < end < length for _, start, end, length in spoken)
    assert ("silent.wav", 0.0, 2.0, 2.0) in found and "--watch.flac" in {clip[0] for clip in found}


def test_the_button_ends_it_in_the_middle_and_the_project_opens_again(
    make_desk: MakeDesk, project: Path, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk().open(project, clips=0)
    cutter = start_in_window(desk, [long_recording], monkeypatch)
    desk.qtbot.waitUntil(lambda: child_at_work(cutter, project) is not None)
    child = child_at_work(cutter, project)
    desk.window.findChildren(QProgressDialog)[0].canceled.emit()
    assert child is not None and not child.is_running()
    desk.qtbot.waitUntil(lambda: desk.window.session.is_open)
    assert desk.note.startswith("Cancelled: nothing was added.") and desk.stored() == []


def test_closing_the_window_ends_it(
    make_desk: MakeDesk, project: Path, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk().open(project, clips=0)
    cutter = start_in_window(desk, [long_recording], monkeypatch)
    desk.qtbot.waitUntil(lambda: child_at_work(cutter, project) is not None)
    child = child_at_work(cutter, project)
    desk.window.close()
    assert child is not None and not child.is_running() and clips_of(project) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_that_is_killed_from_outside_adds_nothing_and_says_so(
    qtbot: QtBot, cutter: SpeechCutter, project: Path, long_recording: Path
) -> None:
    cutter.start(project, [long_recording])
    qtbot.waitUntil(lambda: child_at_work(cutter, project) is not None)
    with qtbot.waitSignal(cutter.finished) as told:
        os.kill(cutter.process_id, signal.SIGKILL)
    assert "ended from outside" in told.args[1] and "nothing was added" in told.args[1]
    assert clips_of(project) == [] and not cutter.is_busy
