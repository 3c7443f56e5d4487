from __future__ import annotations

from collections import Counter

from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.dialogs import make_keys_html


def test_no_two_actions_share_an_id_or_a_key(qtbot: QtBot) -> None:
    keys = Counter(key.toString() for action in ACTIONS for key in action.shortcuts)
    ids = Counter(action.id for action in ACTIONS)
    assert [key for key, times in (keys + ids).items() if times > 1] == []
    assert all(keys), "each shortcut is one that Qt knows"


def test_no_two_entries_of_a_menu_share_a_mnemonic() -> None:
    mnemonics = Counter((action.menu, action.text.partition("&")[2][:1].lower()) for action in ACTIONS)
    assert [entry for entry, times in mnemonics.items() if times > 1] == []


def test_tooltips_end_with_the_key(qtbot: QtBot) -> None:
    tooltips = {action.id: action.tooltip() for action in ACTIONS}
    assert tooltips["play"] == "Play or pause (Space)"
    assert tooltips["zoom-in"] == "Zoom in (Ctrl++ or Ctrl+=)"
    assert tooltips["about"] == "The version, and what the model is good for"


def test_the_list_of_keys_has_every_key(qtbot: QtBot) -> None:
    html = make_keys_html()
    native = QKeySequence.SequenceFormat.NativeText
    missing = [action.id for action in ACTIONS for key in action.shortcuts if key.toString(native) not in html]
    assert missing == []
    assert "Wheel" in html
