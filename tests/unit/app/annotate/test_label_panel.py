"""What an annotator gets: one key a clip, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QDialog, QInputDialog, QLabel

from app.settings import Settings, load_settings
from core.project.opening import open_project
from core.project.recordings import every
from core.project.schemes import add_scheme
from core.schemes import Label, Scheme

K = Qt.Key
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NAMES = ("a anger.wav", "b happiness.wav", "c neutral.wav", "d sadness.wav", "e silence.wav", "f anger.wav")
Desk = Any  # of conftest.py
MakeDesk = Callable[..., Any]
MakeProject = Callable[..., Path]


def test_one_key_gives_a_label_and_the_next_clip(desk: Desk) -> None:
    desk.press(K.Key_1)
    assert desk.row == 1, "the next clip is there at once"
    assert desk.label.queue._model.row_at(0).label == "anger", "and so is the label, before it is written"
    desk.press(K.Key_4)
    desk.press(K.Key_X)
    assert desk.stored() == ["anger", "sadness", None, None, None, None]
    assert desk.stored("unsure") == [0, 0, 1, None, None, None]
    desk.press(K.Key_Left)
    assert desk.row == 2
    desk.press(K.Key_Left, CONTROL)
    desk.press(K.Key_Backspace)
    assert desk.stored() == ["anger", None, None, None, None, None]
    desk.press(K.Key_Right, CONTROL | SHIFT)
    desk.qtbot.waitUntil(lambda: desk.row == 3)


def test_a_digit_beyond_the_scheme_says_nothing(desk: Desk) -> None:
    desk.press(K.Key_5)
    assert desk.row == 0 and desk.stored() == [None] * 6


def test_without_advance_the_clip_stays(desk: Desk) -> None:
    desk.window.actions_by_id["auto-advance"].trigger()
    desk.press(K.Key_2)
    assert desk.row == 0
    assert [button.isChecked() for button in desk.label.answers.labels.buttons] == [False, True, False, False]
    assert not desk.window._settings.advance


def test_everything_that_is_selected_gets_the_label(desk: Desk) -> None:
    desk.press(K.Key_A, CONTROL)
    desk.press(K.Key_3)
    assert desk.stored() == ["neutral"] * 6
    assert desk.window.session.state.undo_title == "Label 6 clips neutral"
    desk.press(K.Key_Z, CONTROL)
    assert desk.stored() == [None] * 6


def test_undo_and_redo_go_back_to_the_clip(desk: Desk) -> None:
    for key in (K.Key_1, K.Key_2, K.Key_F):
        desk.press(key)
    desk.qtbot.waitUntil(lambda: desk.window.actions_by_id["undo"].text() == "&Undo Flag a clip")
    desk.press(K.Key_Z, CONTROL)
    desk.press(K.Key_Z, CONTROL)
    desk.qtbot.waitUntil(lambda: desk.row == 1)
    assert desk.stored() == ["anger", None, None, None, None, None]
    desk.press(K.Key_Z, CONTROL | SHIFT)
    assert desk.stored()[1] == "happiness"
    desk.qtbot.waitUntil(lambda: desk.label.commands.shown.label == "happiness")


def test_a_restart_goes_on_where_one_was_and_can_undo(make_desk: MakeDesk, project: Path, tmp_path: Path) -> None:
    first = make_desk().open(project)
    first.press(K.Key_1)
    first.press(K.Key_2)
    first.window.close()
    settings = load_settings(tmp_path / "settings.json")
    assert (settings.workspace, settings.project, settings.recent) == ("label", str(project), [str(project)])
    again = make_desk(settings=settings)
    again.window.resume()
    again.qtbot.waitUntil(lambda: again.label.commands.shown is not None)
    assert again.stored() == ["anger", "happiness", None, None, None, None]
    again.qtbot.waitUntil(again.window.actions_by_id["undo"].isEnabled)
    again.press(K.Key_Z, CONTROL)
    assert again.stored() == ["anger", None, None, None, None, None]


def test_the_suggestion_is_accepted_by_a_key_and_that_is_recorded(make_desk: MakeDesk, project: Path) -> None:
    desk = make_desk(start=True).open(project)
    desk.wait_for_suggestions()
    desk.qtbot.waitUntil(lambda: desk.label.answers.suggestion.text == "anger 70% A accepts")
    desk.press(K.Key_A)
    desk.press(K.Key_Return)
    desk.press(K.Key_1)
    assert desk.stored()[:3] == ["anger", "happiness", "anger"]
    assert desk.stored("accepted")[:3] == [1, 1, 0]
    assert desk.stored("suggested")[:3] == ["anger", "happiness", "neutral"]
    desk.press(K.Key_H)
    assert desk.label.answers.suggestion.text == "The suggestion is hidden."
    desk.press(K.Key_A)
    assert desk.row == 3 and desk.note.startswith("There is no suggestion to accept.")
    desk.press(K.Key_4)
    assert desk.stored("suggested")[3] is None, "what was not seen has not been suggested"


def test_the_time_that_was_spent_is_kept(desk: Desk) -> None:
    now = [100.0]
    desk.label.labelling._clock = lambda: now[0]
    desk.label.labelling.begin()
    now[0] += 4.5
    desk.press(K.Key_1)
    now[0] += 2.0
    desk.press(K.Key_2)
    assert desk.stored("seconds")[:2] == [4.5, 2.0]


def test_keys_type_text_in_the_transcript_and_enter_keeps_it(desk: Desk) -> None:
    desk.press(K.Key_T)
    field = desk.label.answers.transcript
    assert field.hasFocus()
    desk.qtbot.keyClicks(field, "1 fax x")
    assert field.toPlainText() == "1 fax x" and desk.stored() == [None] * 6
    desk.press(K.Key_Return, on=field)
    assert desk.label.queue.table.hasFocus()
    assert desk.stored("transcript")[0] == "1 fax x" and desk.stored() == [None] * 6
    desk.press(K.Key_N)
    desk.qtbot.keyClicks(desk.label.answers.note, "door")
    desk.press(K.Key_Escape, on=desk.label.answers.note)
    assert desk.stored("note")[0] == "door"
    desk.press(K.Key_1)
    assert desk.stored()[0] == "anger"


def test_the_models_capitals_are_not_shown_but_those_that_somebody_typed_are(desk: Desk) -> None:
    answers, row = desk.label.answers, desk.label.model.row_at(0)
    answers.show_row(replace(row, transcript="I'M HERE"), True, False)
    assert answers.transcript.toPlainText() == "I'm here"
    answers.transcript.commit()
    assert desk.stored("transcript")[0] is None, "showing it otherwise changes nothing"
    desk.press(K.Key_T)
    answers.transcript.setPlainText("NATO")
    desk.press(K.Key_Return, on=answers.transcript)
    assert answers.transcript.toPlainText() == "NATO", "at once, before the project has it"
    desk.label.queue.choose_row(2)
    desk.label.queue.choose_row(0)
    desk.qtbot.waitUntil(lambda: answers.transcript.toPlainText() == "NATO")


def test_what_is_typed_stays_with_its_clip(desk: Desk) -> None:
    desk.press(K.Key_N)
    desk.qtbot.keyClicks(desk.label.answers.note, "first")
    desk.label.queue.choose_row(2)  # as a click does
    assert desk.stored("note")[:3] == ["first", None, None]


def test_a_filter_as_one_types(desk: Desk) -> None:
    desk.press(K.Key_1)
    desk.stored()
    desk.press(K.Key_F, CONTROL)
    field = desk.label.queue.filter
    desk.qtbot.keyClicks(field, "state:open anger")
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 1)
    assert desk.label.queue.count.text() == "1 clip"
    desk.qtbot.keyClicks(field, " colour:red")
    desk.qtbot.waitUntil(desk.label.queue.problem.isVisible)
    assert "There is no column 'colour'" in desk.label.queue.problem.text()
    assert desk.label.model.rowCount() == 1, "the table stays"
    field.setText("nobody")
    desk.qtbot.waitUntil(lambda: desk.label.queue.empty.isVisible())
    assert desk.label.queue.empty.text() == "No clip passes this filter."
    field.clear()
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 6)


def test_a_click_on_a_header_sorts_and_the_same_clip_stays(desk: Desk) -> None:
    desk.label.queue.choose_row(1)
    desk.label.queue._on_header(1)
    desk.qtbot.waitUntil(lambda: desk.label.queue.order.currentText() == "By file")
    desk.label.queue._on_header(1)
    desk.qtbot.waitUntil(lambda: desk.row == 4)
    assert desk.label.commands.clip == 2


def test_the_orders_of_work(make_desk: MakeDesk, project: Path) -> None:
    desk = make_desk().open(project)
    order, items = desk.label.queue.order, desk.label.queue.order.model()
    assert [items.item(place).isEnabled() for place in range(5)] == [True, True, False, False, False]
    assert "has not heard" in items.item(2).toolTip()
    desk.window._client.start()
    desk.wait_for_suggestions()
    desk.qtbot.waitUntil(lambda: items.item(2).isEnabled())
    desk.label.queue.choose_row(1)
    order.setCurrentIndex(4)
    order.activated.emit(4)
    desk.qtbot.waitUntil(lambda: desk.label.model.query.sort == "rank")
    desk.qtbot.waitUntil(lambda: desk.label.model.key_at(0) == 2)
    desk.press(K.Key_4)  # the model says happiness
    desk.stored()
    order.activated.emit(3)
    desk.qtbot.waitUntil(lambda: desk.label.order.name == "suspect" or "contradicts none" in desk.note)
    order.activated.emit(2)
    desk.qtbot.waitUntil(lambda: desk.label.order.name == "useful")
    order.activated.emit(0)
    desk.qtbot.waitUntil(lambda: desk.label.model.query.sort == "file")


def test_a_project_that_is_read_only_says_so(
    make_desk: MakeDesk, project: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    desk = make_desk()
    desk.window.session.open(project, read_only=True)
    desk.qtbot.waitUntil(lambda: desk.label.commands.shown is not None)
    assert "reading only" in desk.label.banner.sentence.text() and desk.label.banner.isVisible()
    assert not any(button.isEnabled() for button in desk.label.answers.labels.buttons)
    assert desk.label.answers.note.isReadOnly()
    desk.press(K.Key_1)
    assert desk.row == 0 and desk.stored() == [None] * 6
    copy = tmp_path / "copy.moodlight"
    monkeypatch.setattr("app.annotate.project_menu.QFileDialog.getSaveFileName", lambda *_: (str(copy), ""))
    desk.label.banner.button.click()
    desk.qtbot.waitUntil(lambda: desk.window.session.state is not None and desk.window.session.state.path == copy)
    desk.qtbot.waitUntil(lambda: not desk.label.banner.isVisible())


def test_a_missing_recording_is_said_and_its_clip_can_be_labelled(
    make_desk: MakeDesk, project: Path, monkeypatch: Any
) -> None:
    away = project.parent / "moved"
    away.mkdir()
    (project.parent / NAMES[0]).rename(away / NAMES[0])
    desk = make_desk().open(project)
    desk.qtbot.waitUntil(lambda: len(desk.label.model.missing) == 1)
    assert desk.label.sound.timeline._message == "a anger.wav is missing: File > Find missing recordings..."
    assert not desk.window.actions_by_id["play-clip"].isEnabled()
    desk.press(K.Key_1)
    assert desk.stored()[0] == "anger"
    monkeypatch.setattr("app.annotate.project_menu.QFileDialog.getExistingDirectory", lambda *_: str(away))
    desk.window.projects.find_missing()
    desk.qtbot.waitUntil(lambda: not desk.label.model.missing)
    assert "1 recording found." in desk.note


def test_the_clip_is_played_and_nothing_around_it(make_desk: MakeDesk, project: Path, player: Any) -> None:
    settings = Settings(theme="light", annotator="ana", autoplay=True)
    desk = make_desk(settings=settings).open(project)
    assert not player.playing, "opening a project makes no noise"
    desk.press(K.Key_1)
    desk.qtbot.waitUntil(lambda: player.playing)
    assert player.source.name == NAMES[1] and player.sought[-1] == 0.0
    player.position_changed.emit(0.6)
    assert not player.playing, "the clip lasts half a second"
    desk.press(K.Key_Space)
    assert player.playing and player.sought[-1] == 0.0
    desk.press(K.Key_L)
    assert player.loop == (0.0, 0.5)


def test_boundaries_are_moved_split_and_joined(make_desk: MakeDesk, make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project(tmp_path, NAMES[:2])
    desk = make_desk().open(project, 2)

    def spans() -> Any:
        return desk.ask(
            lambda store: store.rows("SELECT start_s, end_s FROM clips WHERE recording = 1 ORDER BY start_s")
        )

    desk.press(K.Key_B)
    assert "press B" in desk.note
    desk.label.sound.timeline.set_selection((0.1, 0.4))
    assert desk.label.sound.hint.isVisible()
    desk.press(K.Key_B)
    assert spans() == [(0.1, 0.4)]
    desk.qtbot.waitUntil(lambda: desk.label.sound.playback.span == (0.1, 0.4))
    desk.label.sound.playback.seek(0.25)
    desk.press(K.Key_K)
    assert spans() == [(0.1, 0.25), (0.25, 0.4)]
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 3)
    desk.press(K.Key_J)
    assert spans() == [(0.1, 0.4)]
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 2)
    for _ in range(3):
        desk.press(K.Key_Z, CONTROL)
    assert spans() == [(0.0, 0.5)]


def test_nothing_clashes_between_the_workspaces(desk: Desk, player: Any) -> None:
    analyse = desk.window.actions_by_id["play"]
    assert not analyse.isEnabled() and not analyse.isVisible()
    desk.press(K.Key_1, CONTROL)
    assert desk.window._settings.workspace == "analyse"
    desk.press(K.Key_2)
    assert desk.stored() == [None] * 6, "2 is no key of this workspace"
    titles = [menu.title() for menu in desk.window._menus if menu.menuAction().isVisible()]
    assert "&Clip" not in titles and "&Recording" in titles
    desk.press(K.Key_2, CONTROL)
    desk.press(K.Key_2)
    assert desk.stored()[0] == "happiness"


def test_the_keys_can_be_others(desk: Desk) -> None:
    desk.window.use_keys({"label-1": "Q", "accept": "1"})
    assert desk.label.answers.labels.buttons[0].key == "Q"
    desk.press(K.Key_Q)
    assert desk.stored()[0] == "anger"
    assert "Q" in desk.window.actions_by_id["label-1"].toolTip()


def test_another_annotator_starts_afresh(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.press(K.Key_1)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("ben", True))
    desk.label.header.annotator.click()
    desk.qtbot.waitUntil(lambda: desk.label.header.annotator.text() == "ben")
    desk.qtbot.waitUntil(lambda: desk.label.strip.text.text() == "0 of 6 labelled (0%)")


def test_the_strip_counts(desk: Desk) -> None:
    for key in (K.Key_1, K.Key_1, K.Key_3):
        desk.press(key)
    desk.qtbot.waitUntil(lambda: desk.label.strip.text.text() == "3 of 6 labelled (50%)")
    assert "clips/h" in desk.label.strip.speed.text()
    assert "no speaker given" in desk.label.strip.toolTip()


def test_a_project_dropped_on_the_window_opens(make_desk: MakeDesk, project: Path) -> None:
    desk = make_desk()
    assert desk.label.start.isVisible() is False
    desk.press(K.Key_2, CONTROL)
    assert desk.label.start.isVisible()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(project))])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    desk.window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, Qt.KeyboardModifier.NoModifier))
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 6)
    desk.press(K.Key_W, CONTROL)
    desk.qtbot.waitUntil(desk.label.start.isVisible)
    desk.label.start.recent_buttons[0].click()
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 6)


def test_a_folder_is_added_in_clips_of_a_fixed_length(
    make_desk: MakeDesk, make_project: MakeProject, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    make_wav("long.wav", 3.0).rename(folder / "long.wav")
    desk = make_desk().open(make_project(tmp_path, NAMES[:1]), 1)
    desk.window.projects.add_cut([folder], every(1.0))
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 4)
    assert "1 recording added, 3 clips" in desk.note
    desk.press(K.Key_Z, CONTROL)
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == 1)


def test_a_project_that_is_open_elsewhere_is_a_problem_with_a_way_on(
    desk: Desk, make_desk: MakeDesk, monkeypatch: Any
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("app.annotate.problem_dialog.show_problem", lambda error, *_: shown.append(error.cause))
    path = desk.window.session.state.path
    other = make_desk()
    other.window.projects.open(path)
    other.qtbot.waitUntil(lambda: shown == ["open-elsewhere"])
    assert other.label._pages.currentIndex() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_nothing_is_cut_at_any_size(
    theme: str, size: tuple[int, int], make_desk: MakeDesk, project: Path, player: Any
) -> None:
    player.unavailable_reason = "No sound output device was found. Connect one, then start Moodlight again."
    desk = make_desk(settings=Settings(theme=theme, annotator="ana")).open(project)
    desk.press(K.Key_1)
    desk.window.resize(*size)
    buttons = desk.label.answers.labels.buttons
    desk.qtbot.waitUntil(lambda: all(button.height() >= button.sizeHint().height() for button in buttons))
    assert (desk.window.width(), desk.window.height()) == size
    for label in desk.window.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed, label.text()
            text_width = label.fontMetrics().horizontalAdvance(label.text())
            assert label.wordWrap() or label.width() >= text_width, label.text()
    assert all(desk.label.answers.labels.rect().contains(button.geometry()) for button in buttons)


def test_another_window_finds_every_label_when_this_one_is_closed(desk: Desk, project: Path) -> None:
    for key in (K.Key_1, K.Key_2, K.Key_3, K.Key_4):
        desk.press(key)
    desk.window.close()  # at once
    with open_project(project, "ana") as store:
        assert store.value("SELECT count(*) FROM annotations") == 4


def test_a_clip_is_labelled_under_another_scheme_with_its_own_keys(desk: Desk) -> None:
    labels = (Label("low", "#3d7ebf", "Q", ""), Label("high", "#d1495b", "W", ""))
    desk.window.session.do(lambda store: add_scheme(store, Scheme("arousal", "Arousal", labels)))
    desk.press(K.Key_1)
    desk.qtbot.waitUntil(lambda: desk.label.header.scheme.count() == 2)
    desk.label.header.scheme.activated.emit(1)
    desk.qtbot.waitUntil(lambda: [b.key for b in desk.label.answers.labels.buttons] == ["Q", "W"])
    desk.label.queue.choose_row(0)
    desk.press(K.Key_W)
    sql = "SELECT scheme, label FROM annotations WHERE clip = 1 ORDER BY scheme"
    assert desk.ask(lambda store: store.rows(sql)) == [(1, "anger"), (2, "high")]


def test_many_labels_have_room(make_desk: MakeDesk, project: Path, player: Any) -> None:
    player.unavailable_reason = "No sound output device was found. Connect one, then start Moodlight again."
    desk = make_desk().open(project)
    labels = tuple(Label(f"a long label {n}", "#3d7ebf", str(n), "") for n in range(1, 10))
    desk.window.session.do(lambda store: add_scheme(store, Scheme("nine", "Nine", labels)))
    desk.window.session.use_scheme(2, desk.label.show_scheme)
    desk.window.resize(900, 600)
    desk.qtbot.waitUntil(lambda: len(desk.label.answers.labels.buttons) == 9)
    box = desk.label.answers
    desk.qtbot.waitUntil(lambda: box.label_area.geometry().bottom() < box.note.geometry().top())
    assert (desk.window.width(), desk.window.height()) == (900, 600)


@pytest.mark.parametrize("name", ["agreement", "edit-scheme", "import-labels"])
def test_the_dialogs_open_once(name: str, desk: Desk) -> None:
    for _ in range(2):
        desk.window.actions_by_id[name].trigger()
    dialogs = [dialog for dialog in desk.window.findChildren(QDialog) if dialog.isVisible()]
    assert len(dialogs) == 1
    desk.ask(lambda store: None)
    desk.window.actions_by_id["close-project"].trigger()
    desk.qtbot.waitUntil(lambda: not desk.window.session.is_open)
    visible = [dialog for dialog in desk.window.findChildren(QDialog) if dialog.isVisible()]
    assert visible == [], "it closes with the project"


def test_labels_are_exported(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app import exchange

    forms = exchange.written_forms()
    name = next(name for name, form in forms.items() if not form.makes_folder)
    out = tmp_path / "out.csv"
    monkeypatch.setattr("app.annotate.project_menu.QInputDialog.getItem", lambda *_: (forms[name].title, True))
    monkeypatch.setattr("app.annotate.project_menu.QFileDialog.getSaveFileName", lambda *_: (str(out), ""))
    desk.press(K.Key_1)
    desk.press(K.Key_E, CONTROL)
    desk.qtbot.waitUntil(lambda: f"rows are in {out}." in desk.note or "cannot" in desk.note)
    assert out.exists(), desk.note


def test_undoing_the_scheme_that_is_worked_with_goes_back_to_the_first(desk: Desk) -> None:
    labels = (Label("low", "#3d7ebf", "1", ""), Label("high", "#d1495b", "2", ""))
    desk.window.session.do(lambda store: add_scheme(store, Scheme("arousal", "Arousal", labels)))
    desk.window.session.use_scheme(2, desk.label.show_scheme)
    desk.qtbot.waitUntil(lambda: len(desk.label.answers.labels.buttons) == 2)
    desk.qtbot.waitUntil(desk.window.actions_by_id["undo"].isEnabled)
    desk.press(K.Key_Z, CONTROL)
    desk.qtbot.waitUntil(lambda: len(desk.label.answers.labels.buttons) == 4)
    assert desk.label.header.scheme.currentText() == "Four emotions (IEMOCAP)"
