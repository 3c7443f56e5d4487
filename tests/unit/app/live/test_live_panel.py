"""What somebody sees and does in Live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel

from app.annotate.label_keys import live_keys
from app.dialogs import TextDialog
from app.live.options import LiveOptions
from core.live import LiveUpdate
from core.schemes import Label
from tests.fake_source import FakeBackend
from tests.no_torch import assert_needs_no_torch
from tests.unit.app.live.studio import RATE, MakeStudio, Studio, final, speaking

SCRIPT = """
from tests.fake_source import FakeBackend

app = QApplication([])
backend = FakeBackend()
settings = Settings(live={"folder": str(folder)})
window = MainWindow(EngineClient(folder), Player(), settings, folder / "settings.json", inputs=backend)
window.show()
assert "app.live.panel" not in sys.modules, "it is for those who use it"
window.use_live()
while not backend.opened or window.live.controller.microphone.source is None:
    app.processEvents()
window.live.record()
for _ in range(30):
    backend.source.push([0.1] * 1600)
    window.live.tick()
    window.live.grab()
window.live.stop()
window.close()
"""


def test_bars_words_and_list_follow_what_is_said(studio: Studio) -> None:
    studio.speak(3.0)
    card, rows = studio.live.emotion, studio.live.list.segments
    assert card.emotion.text() == "No speech"
    studio.hear(speaking(1.0, 2.0, "hello", "the", anger=0.2, sadness=0.8))
    assert card.emotion.text() == "Sadness" and card.detail.text() == "80%"
    assert card.bars.values == {"anger": 0.2, "sadness": 0.8}
    assert "hello" in card.words.text() and "the" in card.words.text()
    assert rows.rowCount() == 1
    studio.hear(final(1.0, 2.5, "anger")).hear(LiveUpdate(3 * RATE))
    assert card.emotion.text() == "No speech" and card.bars.values == {}
    assert rows.data(rows.index(0), Qt.ItemDataRole.DisplayRole) == "hello there"
    assert "anger 100%" in card.share.toolTip()


def test_late_answers_of_another_watch_are_dropped(studio: Studio) -> None:
    studio.speak(2.0).hear(final(0.5, 1.5), request=studio.client.last + 7)
    assert studio.live.controller.log.segments == []
    before = studio.client.last
    studio.press(Qt.Key.Key_L)
    studio.hear(final(0.5, 1.5), request=before)
    assert studio.live.controller.log.segments == [] and studio.client.watching == {}


def test_a_label_goes_to_what_is_being_said_or_was_said_last_or_is_chosen(studio: Studio) -> None:
    log = studio.live.controller.log
    studio.press(Qt.Key.Key_R).speak(6.0).hear(final(0.5, 1.5)).hear(speaking(2.0, 3.0, anger=1.0))
    studio.press(Qt.Key.Key_1)
    assert [segment.label for segment in log.segments] == ["", "anger"]
    studio.hear(final(2.0, 3.5)).press(Qt.Key.Key_2)
    assert [segment.label for segment in log.segments] == ["", "happiness"]
    studio.press(Qt.Key.Key_2)
    assert log.segments[1].label == "", "the same label again takes it away"
    studio.live.list.select(log.segments[0])
    studio.hear(speaking(4.0, 5.0, anger=1.0)).press(Qt.Key.Key_3)
    assert [segment.label for segment in log.segments] == ["neutral", "", ""]
    studio.press(Qt.Key.Key_Escape).press(Qt.Key.Key_4)
    assert [segment.label for segment in log.segments] == ["neutral", "", "sadness"]


def test_labels_and_words_are_changed_in_the_project_once_it_is_there(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(3.0).hear(final(0.5, 1.5)).hear(final(1.8, 2.8))
    studio.press(Qt.Key.Key_1).stop()
    studio.live.list.select(studio.live.controller.log.segments[0])
    studio.press(Qt.Key.Key_4)
    assert studio.rows("SELECT label FROM annotations ORDER BY clip") == [("sadness",), ("anger",)]
    index = studio.live.list.currentIndex()
    studio.live.list.segments.setData(index, "hello you there")
    assert studio.rows("SELECT transcript, label FROM annotations ORDER BY clip")[0] == ("hello you there", "sadness")
    studio.press(Qt.Key.Key_4)
    assert studio.rows("SELECT transcript, label FROM annotations ORDER BY clip")[0] == ("hello you there", None)
    studio.wait(lambda: studio.live.segments.teach_button.text() == "Teach with 1 label")
    studio.qtbot.mouseClick(studio.live.segments.teach_button, Qt.MouseButton.LeftButton)
    assert studio.window.actions_by_id["work-teach"].isChecked()


def test_words_are_corrected_before_the_recording_ends(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(3.0).hear(final(0.5, 1.5))
    studio.live.list.segments.setData(studio.live.list.segments.index(0), "  good day ")
    studio.stop()
    assert studio.rows("SELECT transcript, label FROM annotations") == [("good day", None)]


def test_only_what_is_recorded_can_be_labelled(studio: Studio) -> None:
    studio.speak(3.0).hear(final(0.5, 1.5)).press(Qt.Key.Key_1)
    assert studio.live.controller.log.segments[0].label == ""
    assert studio.notes[-1] == "Only what is recorded can be labelled: press R first."


def test_a_segment_is_played_while_recording_goes_on(studio: Studio, player: object) -> None:
    studio.speak(1.0).hear(final(0.2, 0.9)).press(Qt.Key.Key_Return)
    first = player.source  # type: ignore[attr-defined]
    assert first is not None and first.suffix == ".wav", "what is in no file is played from memory"
    studio.press(Qt.Key.Key_R).speak(3.0).hear(final(1.5, 2.5)).press(Qt.Key.Key_Return)
    (file,) = studio.live.controller.recorder.files
    assert player.source == file and player.sought[-1] == 0.5  # type: ignore[attr-defined]
    assert studio.live.controller.recorder.state == "recording"


def test_the_picture_is_frozen_and_goes_on(studio: Studio) -> None:
    picture = studio.live.picture
    studio.speak(30.0).press(Qt.Key.Key_F)
    assert picture.frozen and studio.window.actions_by_id["live-freeze"].isChecked()
    studio.press(Qt.Key.Key_Left).press(Qt.Key.Key_Left)
    assert picture.behind_s == pytest.approx(2 * 15 / 4, abs=0.1)
    studio.press(Qt.Key.Key_Space)
    assert not picture.frozen and not studio.window.actions_by_id["live-freeze"].isChecked()


def test_options_change_the_picture_and_are_kept(studio: Studio) -> None:
    view, options = studio.live.view, studio.live.options
    view.seconds.setValue(30)
    view.low.setValue(-20)
    view.smoothing.setValue(0.0)
    assert (options.seconds, options.low_db, options.high_db, options.smoothing_s) == (30, -20, -10, 0.0)
    assert view.high.value() == -10, "there is always a range"
    assert studio.live.controller.log.smoothing.half_life_s == 0.0
    assert LiveOptions.from_json(options.to_json()) == options
    assert LiveOptions.from_json({"seconds": "many", "colours": "no", "bits": 7, "gone": 1}) == LiveOptions()


def test_without_a_project_a_sentence_says_how_to_label(make_studio: MakeStudio, project: Path) -> None:
    studio = make_studio().begin()
    assert studio.live.labels.currentIndex() == 0
    studio.open(project)
    assert studio.live.labels.currentIndex() == 1 and studio.window.actions_by_id["work-live"].isChecked()


def test_without_listening_nothing_is_heard_and_a_sentence_says_how(make_studio: MakeStudio) -> None:
    studio = make_studio(listen=False)
    studio.window.use_live()
    assert studio.live.picture.message.startswith("Press L to listen, or R to record.")
    assert studio.backend.opened == []
    studio.press(Qt.Key.Key_R).wait(lambda: studio.live.controller.recorder.state == "recording")
    studio.live.stop()
    studio.wait(lambda: not studio.backend.source.active)


def test_the_microphone_is_let_go_of_behind_another_workspace_but_for_a_recording(studio: Studio) -> None:
    studio.press(Qt.Key.Key_R).speak(0.5)
    studio.window.use_label()
    assert studio.live.controller.microphone.source is not None
    studio.speak(0.5)
    studio.window.use_live()
    studio.stop()
    assert studio.rows("SELECT duration_s FROM recordings") == [(1.0,)]
    studio.window.use_label()
    studio.wait(lambda: not studio.backend.source.active)


def test_lost_sound_is_counted_and_shown(studio: Studio) -> None:
    studio.backend.source.ring.add_overflow()
    studio.speak(0.2)
    studio.wait(lambda: "lost 1 time" in studio.live.transport.meter.sentence.full_text)


def test_a_key_of_live_is_given_way_for_the_labels_digit() -> None:
    labels = tuple(Label(name, "#808080", key, "") for name, key in (("sad", "s"), ("warm", "w"), ("rage", "r")))
    assert live_keys(labels, {}) == ["1", "W", "3"]
    assert live_keys(labels, {"label-2": "Q"}) == ["1", "Q", "3"]
    assert live_keys(labels, {"live-stop": "1", "live-listen": "W"}) == ["S", "2", "3"]


def test_other_keys_give_labels_at_once_and_are_listed(studio: Studio) -> None:
    studio.speak(1.0).hear(final(0.0, 1.0)).press(Qt.Key.Key_R).speak(1.0).hear(final(1.0, 2.0))
    studio.window.use_keys({"label-2": "Q", "live-freeze": "4"})
    (segment,) = studio.live.controller.log.segments[1:]
    studio.wait(lambda: studio.live.controller.recorder.state == "recording")
    studio.press(Qt.Key.Key_Q)
    assert segment.label == "happiness"
    studio.window.show_keys()
    text = studio.window.findChild(TextDialog, "keys").browser.toPlainText()
    of_live = text[text.index("\nLive\n") :]
    assert "Q\nGive label 2: happiness" in of_live and "4\nHold the picture" in of_live


def test_a_tone_tells_whether_sound_is_heard(studio: Studio, player: Any) -> None:
    studio.qtbot.mouseClick(studio.live.source.tone, Qt.MouseButton.LeftButton)
    assert player.playing
    sound, rate = soundfile.read(player.source)
    assert len(sound) == rate and np.abs(np.fft.rfft(sound)).argmax() == 440
    assert 0.2 < np.abs(sound).max() < 0.4 and abs(sound[0]) < 1e-3 and abs(sound[-1]) < 1e-3
    player.unavailable_reason = "There is no device that plays sound."
    studio.qtbot.mouseClick(studio.live.source.tone, Qt.MouseButton.LeftButton)
    assert studio.notes[-1] == player.unavailable_reason


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_in_the_smallest_window(make_studio: MakeStudio, project: Path, theme: str) -> None:
    studio = make_studio().begin().open(project)
    studio.window._use_theme(theme)
    studio.window.resize(900, 600)
    studio.press(Qt.Key.Key_R).speak(2.0).hear(final(0.5, 1.5))
    studio.wait(lambda: studio.window.width() == 900)
    cut = []
    for button in studio.live.findChildren(QAbstractButton):
        if button.isVisible() and button.text() and button.width() < button.minimumSizeHint().width():
            cut.append(button.text())
    for box in studio.live.findChildren(QComboBox):
        if box.isVisible() and box is not studio.live.source.device and box.width() < box.minimumSizeHint().width():
            cut.append(box.currentText())
    for label in studio.live.findChildren(QLabel):
        room = label.fontMetrics().horizontalAdvance(label.text())
        if label.isVisible() and not label.wordWrap() and label.objectName() != "" and label.width() < room:
            cut.append(label.text())
    assert cut == []
    assert studio.live.labels.height() == studio.live.labels.area.labels.height(), "all labels are seen"
    assert studio.live.list.height() > 60 and studio.live.picture.lanes.mel_height > 100


def test_the_windows_process_has_no_torch_after_live_was_used(tmp_path: Path) -> None:
    assert_needs_no_torch(SCRIPT, tmp_path)


def test_a_device_that_is_plugged_in_is_listed(make_studio: MakeStudio) -> None:
    backend = FakeBackend()
    backend.missing = "Sound cannot be recorded: there is no sound device."
    found, backend.found = backend.found, []
    studio = make_studio(backend)
    studio.window.use_live()
    studio.wait(lambda: studio.live.controller.microphone.problem)
    assert studio.live.source.device.count() == 1
    backend.missing, backend.found = "", found
    studio.qtbot.mouseClick(studio.live.source.again, Qt.MouseButton.LeftButton)
    studio.wait(lambda: studio.live.source.device.count() == 3)
    assert "what the computer plays" in studio.live.source.device.itemText(2)
