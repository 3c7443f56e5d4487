from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS, find_conflict, with_keys
from app.dialogs import make_keys_html
from app.settings import WORKSPACES


def test_no_two_actions_share_an_id(qtbot: QtBot) -> None:
    ids = Counter(action.id for action in ACTIONS)
    assert [name for name, times in ids.items() if times > 1] == []
    assert all(key.toString() for action in ACTIONS for key in action.shortcuts), "each shortcut is one that Qt knows"


@pytest.mark.parametrize("workspace", WORKSPACES)
def test_no_two_actions_of_a_workspace_share_a_key_or_a_mnemonic(workspace: str, qtbot: QtBot) -> None:
    there = [action for action in ACTIONS if action.panel in ("", workspace)]
    keys = Counter(key.toString() for action in there for key in action.shortcuts)
    mnemonics = Counter((action.menu, action.text.partition("&")[2][:1].lower()) for action in there)
    assert [entry for entry, times in (keys + mnemonics).items() if times > 1 and entry[-1]] == []


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
    assert html.index("<h2>Everywhere") < html.index("<h2>Analyse") < html.index("<h2>Label")


def test_keys_are_others_where_the_user_chose_so(qtbot: QtBot) -> None:
    keys = {action.id: action.shortcut for action in with_keys(ACTIONS, {"accept": "Ctrl+Y", "gone": "F9"})}
    assert keys["accept"] == "Ctrl+Y" and keys["flag"] == "F"


def test_a_key_is_taken_only_where_both_can_be_there(qtbot: QtBot) -> None:
    actions = {action.id: action for action in ACTIONS}
    found = find_conflict(ACTIONS, replace(actions["flag"], shortcut="X"))
    assert found is not None and found.id == "unsure"
    assert find_conflict(ACTIONS, replace(actions["flag"], shortcut="S")) is None, "S is a key of the other workspace"
    everywhere = find_conflict(ACTIONS, replace(actions["keys"], shortcut="S"))
    assert everywhere is not None and everywhere.id == "select-segment"
    assert find_conflict(ACTIONS, replace(actions["flag"], shortcut="")) is None
