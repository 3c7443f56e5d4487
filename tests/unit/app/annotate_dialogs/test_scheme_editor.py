"""The scheme editor, through its own widgets, on a real project."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QColorDialog, QFileDialog, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from app.annotate.scheme_editor import SchemeEditor
from app.annotate.scheme_editor_table import COLOR, INSTRUCTION, KEY, NAME
from app.annotate.session import ProjectSession
from core.project.annotations import annotate, ratings
from core.schemes import Scheme

Ask = Callable[[ProjectSession, Callable[..., Any]], Any]


@pytest.fixture
def editor(qtbot: QtBot, session: ProjectSession) -> Iterator[SchemeEditor]:
    made = SchemeEditor(session)
    made.open()
    yield made
    made.if_here(made._leave)()


def scheme_of(session: ProjectSession, number: int = 1) -> Scheme:
    assert session.state is not None
    return session.state.schemes[number]


def put(editor: SchemeEditor, row: int, column: int, text: str) -> None:
    editor.form.model.setData(editor.form.model.index(row, column), text)


def click(qtbot: QtBot, session: ProjectSession, button: Any) -> None:
    """Press a button and wait for what it changes."""
    with qtbot.waitSignal(session.changed):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for(qtbot: QtBot, editor: SchemeEditor, sentence: str) -> None:
    qtbot.waitUntil(lambda: sentence in editor.message.text())


def add(qtbot: QtBot, editor: SchemeEditor, title: str) -> None:
    with qtbot.waitSignal(editor.session.changed):
        next(action for action in editor.add_menu.actions() if action.text().startswith(title)).trigger()


def box_of(editor: SchemeEditor) -> QMessageBox:
    return editor.findChildren(QMessageBox)[-1]


def press(box: QMessageBox, text: str) -> None:
    next(button for button in box.buttons() if text in button.text().replace("&", "")).click()


def test_a_label_is_renamed_with_what_was_said_and_back_by_undo(
    qtbot: QtBot, session: ProjectSession, editor: SchemeEditor, ask: Ask
) -> None:
    with qtbot.waitSignal(session.changed):
        session.do(lambda store: annotate(store, [1], 1, label="anger"))
    put(editor, 0, NAME, "rage")
    put(editor, 1, INSTRUCTION, "Listen for a smile.")
    click(qtbot, session, editor.save_button)
    assert scheme_of(session).names[0] == "rage"
    assert scheme_of(session).labels[1].instruction == "Listen for a smile."
    assert ask(session, lambda store: ratings(store, 1)) == [(1, "ana", "rage")]
    assert not editor.save_button.isEnabled() and editor.list.item(0).text() == "Four emotions (IEMOCAP)"
    with qtbot.waitSignal(session.changed):
        session.undo()
    assert ask(session, lambda store: ratings(store, 1)) == [(1, "ana", "anger")]
    assert editor.form.model.draft.rows[0].name == "anger"


def test_two_labels_change_places(qtbot: QtBot, labelled: ProjectSession, ask: Ask) -> None:
    editor = SchemeEditor(labelled)
    editor.open()
    put(editor, 0, NAME, "sadness")
    assert "'sadness'" in editor.message.text() and not editor.save_button.isEnabled()
    put(editor, 3, NAME, "anger")
    click(qtbot, labelled, editor.save_button)
    assert (2, "ana", "anger") in ask(labelled, lambda store: ratings(store, 1))
    editor.reject()


def test_a_label_in_use_stays_and_the_draft_too(qtbot: QtBot, labelled: ProjectSession) -> None:
    editor = SchemeEditor(labelled)
    editor.open()
    qtbot.mouseClick(editor.form.remove_button, Qt.MouseButton.LeftButton)
    click(qtbot, labelled, editor.save_button)
    wait_for(qtbot, editor, "'anger' has been given 6 times")
    assert len(editor.form.model.draft.rows) == 3 and editor.save_button.isEnabled()
    assert len(scheme_of(labelled).labels) == 4
    qtbot.mouseClick(editor.revert_button, Qt.MouseButton.LeftButton)
    assert len(editor.form.model.draft.rows) == 4 and editor.message.text() == ""
    editor.reject()


@pytest.mark.parametrize(
    ("row", "column", "text", "sentence"),
    [
        (1, NAME, "anger", "Two labels are called 'anger'"),
        (1, NAME, "", "Label 2 needs a name"),
        (1, KEY, "1", "Two labels have the key 1"),
        (1, KEY, "X", "The key X is that of “Unsure”"),
        (1, KEY, "k", "The key K is that of “Split here”"),
    ],
)
def test_what_is_wrong_is_said_at_once(editor: SchemeEditor, row: int, column: int, text: str, sentence: str) -> None:
    put(editor, row, column, text)
    assert sentence in editor.message.text()
    assert not editor.save_button.isEnabled() and not editor.export_button.isEnabled()


def test_a_label_without_a_key_gets_one_that_is_free(
    qtbot: QtBot, session: ProjectSession, editor: SchemeEditor
) -> None:
    model = editor.form.model
    put(editor, 1, KEY, "")
    assert model.data(model.index(1, KEY)) == "2" and not model.draft.rows[1].key
    put(editor, 0, KEY, "2")
    assert model.data(model.index(1, KEY)) == "P", "the first letter of happiness that no other action has"
    click(qtbot, session, editor.save_button)
    assert [label.key for label in scheme_of(session).labels] == ["2", "", "3", "4"]


def test_a_scheme_of_thirty_labels_is_made(qtbot: QtBot, session: ProjectSession, editor: SchemeEditor) -> None:
    for _ in range(26):
        editor.form.model.add()
    assert editor.message.text() == "" and editor.save_button.isEnabled()
    assert all(editor.form.model.keys) and len(set(editor.form.model.keys)) == 30
    assert [row.key for row in editor.form.model.draft.rows[8:11]] == ["9", "0", ""]
    click(qtbot, session, editor.save_button)
    assert len(scheme_of(session).labels) == 30


def test_names_of_the_scheme_are_checked(qtbot: QtBot, session: ProjectSession, editor: SchemeEditor) -> None:
    add(qtbot, editor, "Six emotions")
    editor.form.name.selectAll()
    qtbot.keyClicks(editor.form.name, "iemocap4")
    assert "Another scheme is called 'iemocap4'" in editor.message.text()
    editor.form.title.selectAll()
    qtbot.keyClick(editor.form.title, Qt.Key.Key_Delete)
    assert "needs a title" in editor.message.text()


def test_rows_are_added_moved_and_removed(qtbot: QtBot, session: ProjectSession, editor: SchemeEditor) -> None:
    form = editor.form
    qtbot.mouseClick(form.add_button, Qt.MouseButton.LeftButton)
    field = form.table.findChild(QLineEdit)
    qtbot.keyClicks(field, "boredom")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.model.draft.rows[4].name == "boredom")
    assert form.model.draft.rows[4].key == "5"
    qtbot.mouseClick(form.up_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(form.down_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(form.up_button, Qt.MouseButton.LeftButton)
    assert [button.text().strip() for button in form.preview.buttons][3:] == ["boredom", "sadness"]
    click(qtbot, session, editor.save_button)
    assert scheme_of(session).names == ("anger", "happiness", "neutral", "boredom", "sadness")
    for _ in range(4):
        qtbot.mouseClick(form.remove_button, Qt.MouseButton.LeftButton)
    assert "at least two labels" in editor.message.text()


def test_a_click_on_a_colour_lets_one_choose_another(qtbot: QtBot, editor: SchemeEditor) -> None:
    editor.form.table.clicked.emit(editor.form.model.index(0, COLOR))
    dialog = editor.findChild(QColorDialog)
    assert dialog.currentColor().name() == "#d1495b"
    dialog.setCurrentColor("#123456")
    dialog.accept()
    assert editor.form.model.draft.rows[0].color == "#123456" and editor.save_button.isEnabled()


def test_the_preview_chooses_a_label(qtbot: QtBot, editor: SchemeEditor) -> None:
    qtbot.mouseClick(editor.form.preview.buttons[2], Qt.MouseButton.LeftButton)
    assert editor.form.instruction.text().startswith("neutral: No emotion")


def test_schemes_are_added_copied_and_removed(
    qtbot: QtBot, session: ProjectSession, editor: SchemeEditor, tmp_path: Path
) -> None:
    add(qtbot, editor, "Six emotions (CREMA-D)")
    assert editor.form.name.text() == "crema6"
    add(qtbot, editor, "Six emotions (CREMA-D)")
    wait_for(qtbot, editor, "has a scheme 'crema6' already")
    click(qtbot, session, editor.duplicate_button)
    assert editor.form.name.text() == "crema6-2" and editor.list.count() == 3
    add(qtbot, editor, "An empty one")
    assert scheme_of(session, 4).names == ("first", "second")
    click(qtbot, session, editor.remove_button)
    assert editor.list.count() == 3
    with qtbot.waitSignal(session.changed):
        session.undo()
    assert editor.list.count() == 4


def test_a_scheme_with_labels_is_removed_only_when_confirmed(qtbot: QtBot, labelled: ProjectSession) -> None:
    editor = SchemeEditor(labelled)
    editor.open()
    add(qtbot, editor, "Six emotions")
    editor.list.setCurrentRow(0)
    qtbot.mouseClick(editor.remove_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(editor.findChildren(QMessageBox)))
    assert "15 annotations" in box_of(editor).informativeText()
    with qtbot.waitSignal(labelled.changed):
        press(box_of(editor), "Remove")
    qtbot.waitUntil(lambda: labelled.scheme == 2)
    assert editor.list.count() == 1
    editor.reject()


def test_the_last_scheme_stays(qtbot: QtBot, session: ProjectSession, editor: SchemeEditor) -> None:
    click(qtbot, session, editor.remove_button)
    wait_for(qtbot, editor, "A project needs a scheme")
    assert editor.list.count() == 1


def test_a_scheme_goes_to_a_file_and_comes_back(
    qtbot: QtBot, session: ProjectSession, editor: SchemeEditor, tmp_path: Path
) -> None:
    put(editor, 0, NAME, "Wut")
    editor.form.name.setText("")
    qtbot.keyClicks(editor.form.name, "german")
    qtbot.mouseClick(editor.export_button, Qt.MouseButton.LeftButton)
    editor.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "german.json"))
    qtbot.waitUntil((tmp_path / "german.json").exists)
    assert json.loads((tmp_path / "german.json").read_text(encoding="utf-8"))["labels"][0]["name"] == "Wut"
    with qtbot.waitSignal(session.changed):
        editor.add_file(tmp_path / "german.json")
    assert scheme_of(session, 2).names[0] == "Wut"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "a", "title": "b", "labels": [{"name": 3}]}', "\xff"])
def test_a_file_that_is_no_scheme_is_refused_with_a_sentence(
    qtbot: QtBot, editor: SchemeEditor, tmp_path: Path, text: str
) -> None:
    (tmp_path / "bad.json").write_bytes(text.encode("latin-1"))
    editor.add_file(tmp_path / "bad.json")
    qtbot.waitUntil(lambda: "label scheme" in editor.message.text())
    assert editor.list.count() == 1


def test_what_was_edited_is_not_lost_by_closing(qtbot: QtBot, session: ProjectSession, editor: SchemeEditor) -> None:
    add(qtbot, editor, "Six emotions")
    put(editor, 1, NAME, "loathing")
    editor.list.setCurrentRow(0)
    put(editor, 0, NAME, "rage")
    assert [editor.list.item(row).text()[-1] for row in range(2)] == ["•", "•"]
    editor.close_button.click()
    press(box_of(editor), "Keep editing")
    assert editor.isVisible()
    editor.close_button.click()
    with qtbot.waitSignals([session.changed, editor.finished]):
        press(box_of(editor), "Save")
    assert scheme_of(session).names[0] == "rage" and scheme_of(session, 2).names[1] == "loathing"


def test_a_project_for_reading_can_only_be_looked_at(qtbot: QtBot, session: ProjectSession) -> None:
    assert session.state is not None
    path = session.state.path
    with qtbot.waitSignal(session.opened):
        session.open(path, read_only=True)
    editor = SchemeEditor(session)
    assert "for reading only" in editor.message.text()
    assert not any(button.isEnabled() for button in (editor.add_button, editor.remove_button, editor.form.add_button))
    editor.reject()
