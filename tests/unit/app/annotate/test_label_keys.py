from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS, LABEL_KEYS, with_keys
from app.annotate.label_keys import label_keys, taken_keys, with_labels
from core.schemes import Label

OTHERS = {
    key.toString()
    for action in ACTIONS
    for key in action.shortcuts
    if action.panel not in ("analyse", "live") and action.value is None
}


def keys_of(wished: Sequence[str], keys: Mapping[str, str] | None = None, names: Sequence[str] = ()) -> list[str]:
    names = names or [f"{number}" for number in range(len(wished))]
    return label_keys([Label(name, "#808080", key, "") for name, key in zip(names, wished, strict=True)], keys or {})


def test_a_label_has_the_users_key_or_the_schemes_or_its_digit(qtbot: QtBot) -> None:
    assert keys_of(["1", "2", ""]) == ["1", "2", "3"]
    assert keys_of(["q", "x", "1"]) == ["Q", "2", "1"], "X is what one presses when unsure"
    assert keys_of(["q", "2"], {"label-1": "W"}) == ["W", "2"]
    assert keys_of(["", "1"]) == ["C", "1"], "what a scheme wishes for is not given to another label"
    assert keys_of(["1", "2"], {"label-2": "1"}) == ["C", "1"], "and what the user chose is not either"
    assert keys_of(["1", "2"], {"label-1": ""}) == ["", "2"], "the user wants none"
    assert keys_of(["1"], {"flag": "1"}) == ["C"]


def test_from_the_tenth_label_on_its_name_says_which_key(qtbot: QtBot) -> None:
    names = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "boredom", "relief", "awe", "zeal", "fun"]
    wished = [*"123456789", "", "", "", "", "v"]
    assert keys_of(wished, names=names)[9:] == ["0", "R", "W", "Z", "V"]


def test_every_label_of_a_large_scheme_has_a_key(qtbot: QtBot) -> None:
    found = keys_of([""] * LABEL_KEYS, names=[f"emotion {number}" for number in range(LABEL_KEYS)])
    assert all(found) and len(set(found)) == LABEL_KEYS >= 30
    assert not OTHERS & set(found)
    assert found[-1].startswith("Shift+")
    assert keys_of([""] * (LABEL_KEYS + 1))[-1] == "", "beyond the last action there is none"


@given(
    wished=st.lists(st.sampled_from(["", "1", "5", "q", "Q", "x", "é", "nonsense"]), max_size=40),
    keys=st.dictionaries(st.sampled_from(["label-1", "label-12", "flag", "unsure"]), st.sampled_from(["", "1", "Q"])),
)
def test_no_key_is_given_twice(wished: list[str], keys: dict[str, str]) -> None:
    found = [key for key in keys_of(wished, keys) if key]
    assert len(found) == len(set(found))
    there = [action for action in with_keys(ACTIONS, keys) if action.panel not in ("analyse", "live")]
    others = [action for action in there if action.value is None]
    assert not {key.toString() for action in others for key in action.shortcuts} & set(found)


@pytest.mark.parametrize(("key", "does"), [("x", "Unsure"), ("k", "Split here"), ("t", "Edit the transcript")])
def test_what_no_scheme_should_wish_for(key: str, does: str, qtbot: QtBot) -> None:
    assert taken_keys()[key] == does
    assert "1" not in taken_keys() and "ctrl+a" not in taken_keys()


def test_the_actions_of_a_scheme_are_listed_by_its_labels(qtbot: QtBot) -> None:
    labels = [Label("low", "#808080", "q", ""), Label("high", "#808080", "", "")]
    found = [action for action in with_labels(ACTIONS, labels, {}) if action.value is not None]
    assert [(each.label, each.shortcut) for each in found] == [("Label 1: low", "Q"), ("Label 2: high", "2")]
    assert found[0].tooltip() == f"Give label 1: low ({QKeySequence('Q').toString()})"
    assert with_labels(ACTIONS, (), {}) == ACTIONS
