"""What is recorded in Live, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.live.take_notes import read_notes
from core.audio.take import unfinished_takes
from core.predictions import read_score_table
from tests.fake_source import MICROPHONE, FakeBackend
from tests.unit.app.live.studio import RATE, MakeStudio, Studio, final, speaking


def two_segments(studio: Studio) -> Studio:
    """Three seconds are recorded after one that is not; somebody speaks twice in them."""
    studio.speak(1.0).press(Qt.Key.Key_R).wait(lambda: studio.live.controller.recorder.state == "recording")
    return studio.speak(3.0).hear(final(1.2, 2.2)).hear(final(2.5, 3.5, "sadness", "so be it"))


def test_a_recording_becomes_clips_with_predictions_and_labels(studio: Studio) -> None:
    two_segments(studio)
    studio.press(Qt.Key.Key_2)
    studio.stop()
    assert studio.clips() == [(0.2, 1.2), (1.5, 2.5)]
    assert studio.rows("SELECT label, suggested, annotator FROM annotations") == [("happiness", "sadness", "ana")]
    heard = studio.rows("SELECT prediction, transcript, round(confidence, 2) FROM predictions ORDER BY clip")
    assert heard == [("anger", "hello there", 0.7), ("sadness", "so be it", 0.7)]
    ((path, duration_s),) = studio.rows("SELECT path, duration_s FROM recordings")
    assert path.startswith("recordings/") and duration_s == pytest.approx(3.0)
    folder = studio.live.controller.folder
    assert [file.suffix for file in folder.iterdir()] == [".wav"], "neither a mark nor notes are left"


def test_the_file_holds_what_was_heard_and_undo_takes_the_recording_back(studio: Studio) -> None:
    two_segments(studio).stop()
    (file,) = studio.live.controller.folder.glob("*.wav")
    samples, rate = soundfile.read(file, dtype="float32")
    assert rate == RATE
    np.testing.assert_array_equal(samples, studio.backend.source.ring.read(RATE, 3 * RATE))
    studio.window.session.undo()
    assert studio.clips() == []
    assert studio.rows("SELECT * FROM recordings") == []


def test_a_recording_can_be_one_clip(make_studio: MakeStudio, project: Path) -> None:
    studio = make_studio(cut="whole", format="flac").begin().open(project)
    two_segments(studio).press(Qt.Key.Key_1).stop()
    assert studio.clips() == [(0.0, 3.0), (1.5, 2.5)], "and what was labelled is a clip of its own"
    assert studio.rows("SELECT path FROM recordings")[0][0].endswith(".flac")


def test_what_is_said_while_it_is_stopped_is_a_clip_without_a_prediction(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(2.0).hear(speaking(0.5, 2.0, "hello", "there", anger=1.0))
    studio.press(Qt.Key.Key_1).stop()
    assert studio.clips() == [(0.5, 2.0)]
    assert studio.rows("SELECT label FROM annotations") == [("anger",)]
    assert studio.rows("SELECT * FROM predictions") == []


def test_silence_makes_one_clip_of_the_whole(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(2.0).hear(final(0.5, 0.9, None, "")).stop()
    assert studio.clips() == [(0.0, 2.0)]


def test_a_pause_is_left_out_of_the_file(studio: Studio) -> None:
    recorder = studio.live.controller.recorder
    studio.press(Qt.Key.Key_R).speak(1.0).press(Qt.Key.Key_P)
    assert recorder.state == "paused"
    studio.speak(2.0).press(Qt.Key.Key_P).speak(1.0).hear(final(3.2, 3.9)).stop()
    assert studio.rows("SELECT duration_s FROM recordings") == [(2.0,)]
    assert studio.clips() == [(1.2, 1.9)]


def test_a_segment_of_which_only_a_part_was_recorded_has_no_prediction(studio: Studio) -> None:
    studio.speak(1.0).press(Qt.Key.Key_R).speak(2.0).hear(final(0.5, 2.0)).stop()
    ((start_s, end_s),) = studio.clips()
    assert start_s == pytest.approx(0.0, abs=0.05) and end_s == pytest.approx(1.0, abs=0.05)
    assert studio.rows("SELECT * FROM predictions") == []


@pytest.mark.parametrize("agreed", [True, False])
def test_a_retake_asks_before_labels_are_lost(studio: Studio, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answer = QMessageBox.StandardButton.Yes if agreed else QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda _parent, _title, text: asked.append(text) or answer)
    two_segments(studio).press(Qt.Key.Key_1)
    (first,) = studio.live.controller.recorder.files
    studio.press(Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert asked == ["Throw this recording away, with 1 label, and begin anew?"]
    if agreed:
        assert studio.live.controller.recorder.state == "recording"
        studio.speak(1.0).hear(final(4.2, 4.8)).stop()
        assert studio.clips() == [(0.2, 0.8)]
        assert studio.rows("SELECT * FROM annotations") == []
    else:
        assert studio.live.controller.recorder.files == {first}
        studio.stop()


def test_a_retake_without_labels_does_not_ask(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(1.0)
    studio.press(Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    studio.speak(1.5).stop()
    assert studio.clips() == [(0.0, 1.5)]
    studio.wait(lambda: len(list(studio.live.controller.folder.iterdir())) == 1)


def test_a_device_that_is_unplugged_costs_nothing_and_recording_goes_on_with_the_next(studio: Studio) -> None:
    microphone = studio.live.controller.microphone
    studio.press(Qt.Key.Key_R).speak(2.0).hear(final(0.5, 1.5)).press(Qt.Key.Key_3)
    first = studio.backend.source
    studio.backend.missing = "Sound cannot be recorded: there is no sound device."
    first.unplug("The microphone was unplugged.")
    studio.live.tick()
    assert studio.live.controller.recorder.state == "waiting"
    assert studio.notes[-1].startswith("The microphone was unplugged. The recording up to here is kept")
    studio.wait(lambda: microphone.problem)
    studio.backend.missing = ""
    microphone.look_again()
    studio.wait(lambda: studio.live.controller.recorder.state == "recording")
    assert studio.backend.source is not first
    studio.speak(2.0).hear(final(0.2, 1.2, "sadness")).press(Qt.Key.Key_4)
    studio.stop()
    studio.wait(lambda: len(studio.rows("SELECT id FROM recordings")) == 2)
    studio.wait(lambda: len(studio.rows("SELECT id FROM annotations")) == 2)
    assert studio.clips() == [(0.2, 1.2), (0.5, 1.5)]
    assert {label for (label,) in studio.rows("SELECT label FROM annotations")} == {"neutral", "sadness"}


def test_a_chosen_device_that_is_not_there_is_replaced_by_the_default(make_studio: MakeStudio) -> None:
    studio = make_studio(device="Headset", host_api="Fake").begin()
    assert studio.backend.opened[-1][0].name == ""
    assert "Headset (not connected)" in studio.live.source.device.currentText()


def test_a_killed_process_leaves_a_recording_that_is_offered_with_its_labels(
    make_studio: MakeStudio, project: Path, tmp_path: Path
) -> None:
    folder = project.parent / "recordings"
    folder.mkdir()
    first = make_studio().begin().open(project)
    two_segments(first).press(Qt.Key.Key_4)
    controller = first.live.controller
    (file,) = controller.recorder.files
    first.wait(lambda: [note.label for note in read_notes(file).notes] == ["", "sadness"])
    first.wait(lambda: file.stat().st_size >= 2 * 3 * RATE)
    left = [(path.name, path.read_bytes()) for path in folder.iterdir()]  # as the disk is at that moment
    first.press(Qt.Key.Key_S).wait(lambda: first.rows("SELECT id FROM recordings"))
    first.window.session.undo()
    first.window.close()
    for name, content in left:
        (folder / name).write_bytes(content)

    second = make_studio().begin().open(project)
    second.wait(second.live.banner.isVisible)
    assert second.live.banner.sentence.text() == f"{file.name} is in no project yet."
    second.qtbot.mouseClick(second.live.banner.button, Qt.MouseButton.LeftButton)
    second.wait(lambda: second.clips())
    assert second.clips() == [(0.2, 1.2), (1.5, 2.5)]
    assert second.rows("SELECT label FROM annotations") == [("sadness",)]
    second.wait(lambda: unfinished_takes(folder) == [] and not list(folder.glob("*.json")))
    assert not second.live.banner.isVisible()


def test_without_a_project_recordings_go_to_the_users_folder_and_into_a_project_later(
    make_studio: MakeStudio, project: Path, tmp_path: Path
) -> None:
    studio = make_studio().begin()
    studio.press(Qt.Key.Key_R).speak(2.0).hear(final(0.5, 1.5)).press(Qt.Key.Key_1)
    assert not any(segment.label for segment in studio.live.controller.log.segments), "labels need a project"
    studio.press(Qt.Key.Key_S).wait(studio.live.banner.isVisible)
    assert "Open a project" in studio.live.banner.sentence.text()
    (file,) = (tmp_path / "mine").glob("*.wav")
    assert soundfile.info(file).duration == pytest.approx(2.0)
    studio.open(project).wait(lambda: "Open a project" not in studio.live.banner.sentence.text())
    studio.live.banner.pressed.emit()
    studio.wait(lambda: len(studio.clips()) == 1)
    assert [path.suffix for path in (tmp_path / "mine").iterdir()] == [".wav"], "nobody asks about it again"


def test_nothing_that_is_missing_keeps_live_from_being_shown(make_studio: MakeStudio) -> None:
    backend = FakeBackend()
    backend.missing = "Sound cannot be recorded: the PortAudio library is missing."
    studio = make_studio(backend)
    studio.window.use_live()
    studio.wait(lambda: studio.live.picture.message == backend.missing)
    studio.press(Qt.Key.Key_R)
    assert studio.live.controller.recorder.state == "waiting"
    backend.missing = ""
    studio.live.controller.microphone.look_again()
    studio.wait(lambda: studio.live.controller.recorder.state == "recording")


def test_the_window_that_closes_while_it_records_keeps_what_was_recorded(studio: Studio) -> None:
    two_segments(studio).press(Qt.Key.Key_1)
    folder = studio.live.controller.folder
    studio.window.close()
    (file,) = folder.glob("*.wav")
    assert soundfile.info(file).duration == pytest.approx(3.0)
    assert [note.label for note in read_notes(file).notes] == ["", "anger"]


def test_the_session_is_exported_as_a_score_table(studio: Studio, tmp_path: Path) -> None:
    two_segments(studio).hear(final(3.6, 3.9, None, ""))
    studio.live.write_table(tmp_path / "live.csv")
    rows = read_score_table(tmp_path / "live.csv")
    assert [(row.emotion, row.transcript) for row in rows] == [
        ("anger", "hello there"),
        ("sadness", "so be it"),
        (None, ""),
    ]
    assert [(row.start_s, row.end_s) for row in rows[:2]] == [(0.2, 1.2), (1.5, 2.5)], "seconds of the recording"


def test_a_full_disk_is_a_sentence_and_keeps_what_is_there(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(2.0).hear(final(0.5, 1.5))
    recorder = studio.live.controller.recorder
    recorder.parts[0].take.problem = "take.wav ends at 2.0 s: No space left on device."
    studio.live.tick()
    assert "take.wav ends at 2.0 s: No space left on device. What was recorded is kept." in studio.notes
    assert recorder.state == "idle"
    studio.wait(lambda: any("in the project" in note for note in studio.notes))
    assert studio.clips() == [(0.5, 1.5)]


def test_choices_are_remembered(make_studio: MakeStudio, tmp_path: Path) -> None:
    studio = make_studio().begin()
    source = studio.live.source
    source.device.setCurrentIndex(1)
    source.device.activated.emit(1)
    source.bits.setCurrentIndex(1)
    source.bits.activated.emit(1)
    studio.wait(lambda: studio.backend.opened[-1][0].bits == 24)
    assert studio.backend.opened[-1][0].name == MICROPHONE.name
    studio.window.close()
    saved = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))["live"]
    assert (saved["device"], saved["bits"]) == (MICROPHONE.name, 24)
