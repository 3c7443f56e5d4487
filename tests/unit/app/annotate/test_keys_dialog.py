from __future__ import annotations

from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.annotate.keys_dialog import KeysDialog


def make_dialog(qtbot: QtBot, keys: dict[str, str] | None = None) -> KeysDialog:
    dialog = KeysDialog(keys or {}, None)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def use(dialog: KeysDialog, name: str, key: str) -> None:
    dialog.choose(name)
    dialog.edit.setKeySequence(QKeySequence(key))
    dialog.use_button.click()


def test_a_key_is_given(qtbot: QtBot) -> None:
    dialog = make_dialog(qtbot)
    use(dialog, "flag", "Q")
    assert dialog.keys == {"flag": "Q"}
    assert dialog.sentence.text() == ""


def test_a_key_that_another_action_has_is_refused_with_a_sentence(qtbot: QtBot) -> None:
    dialog = make_dialog(qtbot)
    use(dialog, "flag", "X")
    assert dialog.keys == {}
    assert dialog.sentence.text() == "X is the key of “Unsure” already: give that one another key first."
    assert dialog.sentence.objectName() == "error"


def test_what_is_as_it_was_is_not_kept(qtbot: QtBot) -> None:
    dialog = make_dialog(qtbot, {"flag": "Q", "unsure": ""})
    dialog.choose("flag")
    dialog.default_button.click()
    assert dialog.keys == {"unsure": ""}
    dialog.choose("accept")
    dialog.none_button.click()
    assert dialog.keys == {"unsure": "", "accept": ""}
    dialog.reset_button.click()
    assert dialog.keys == {}
