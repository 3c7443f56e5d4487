from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.annotate.keys_dialog import KeysDialog
from core.schemes import Label

TWELVE = tuple(Label(f"c{number}", "#808080", str(number) if number < 10 else "", "") for number in range(1, 13))


def make_dialog(qtbot: QtBot, keys: dict[str, str] | None = None, labels: Sequence[Label] = ()) -> KeysDialog:
    dialog = KeysDialog(keys or {}, None, labels)
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


def shown_key(dialog: KeysDialog, name: str) -> str:
    dialog.choose(name)
    item = dialog.tree.currentItem()
    assert item is not None
    return item.text(1)


def test_labels_are_listed_by_name_with_the_keys_that_they_have(qtbot: QtBot) -> None:
    dialog = make_dialog(qtbot, labels=TWELVE)
    assert shown_key(dialog, "label-12") == "D" and dialog.chosen is not None
    assert dialog.chosen.label == "Label 12: c12"
    use(dialog, "label-12", "W")
    assert dialog.keys == {"label-12": "W"} and shown_key(dialog, "label-12") == "W"
    dialog.none_button.click()
    assert dialog.keys == {"label-12": ""} and shown_key(dialog, "label-12") == ""
    dialog.default_button.click()
    assert dialog.keys == {} and shown_key(dialog, "label-12") == "D"


def test_the_key_that_a_label_was_given_is_taken(qtbot: QtBot) -> None:
    dialog = make_dialog(qtbot, labels=TWELVE)
    use(dialog, "flag", "D")
    assert dialog.sentence.text().startswith("D is the key of “Label 12: c12” already")
    use(dialog, "label-12", "W")
    use(dialog, "flag", "D")
    assert dialog.keys == {"label-12": "W", "flag": "D"}


def test_without_a_scheme_the_nine_digits_are_listed(qtbot: QtBot) -> None:
    listed = [action.id for action in make_dialog(qtbot, {"label-14": "W"}).actions_now if action.value is not None]
    assert listed == [*(f"label-{number}" for number in range(1, 10)), "label-14"]
