"""A scheme with more labels than a hand has fingers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt

from app.dialogs import TextDialog
from core.project.schemes import add_scheme
from core.schemes import Label, Scheme

K, SHIFT = Qt.Key, Qt.KeyboardModifier.ShiftModifier
GROUPS = (
    ("admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire"),
    ("disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy"),
    ("love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral"),
)
NAMES = [name for group in GROUPS for name in group]
Desk = Any  # of conftest.py
MakeDesk = Callable[..., Any]


def use_many(desk: Desk, count: int = len(NAMES)) -> None:
    labels = tuple(
        Label(name, "#3d7ebf", str(number) if number < 10 else "", "")
        for number, name in enumerate(NAMES[:count], start=1)
    )
    desk.window.session.do(lambda store: add_scheme(store, Scheme("many", "Many", labels)))
    desk.window.session.use_scheme(2, desk.label.show_scheme)
    desk.qtbot.waitUntil(lambda: len(desk.label.answers.labels.buttons) == count)
    desk.ask(lambda store: None)  # the table is built anew, and its rows are read again
    desk.qtbot.waitUntil(lambda: all(desk.label.model.row_at(row) for row in range(desk.label.model.rowCount())))
    desk.qtbot.waitUntil(desk.label.answers.labels.buttons[0].isEnabled)


def shown_labels(desk: Desk) -> list[str]:
    actions = (desk.window.actions_by_id[f"label-{number}"] for number in range(1, 31))
    return [action.text() for action in actions if action.isVisible()]


def test_every_label_has_a_key_that_gives_it(desk: Desk) -> None:
    assert shown_labels(desk) == ["&1 anger", "&2 happiness", "&3 neutral", "&4 sadness"]
    use_many(desk)
    keys = [button.key for button in desk.label.answers.labels.buttons]
    assert all(keys) and len(set(keys)) == len(NAMES)
    assert keys[9:13] == ["0", "D", "I", "E"] and keys[-1] == "Shift+N"
    assert shown_labels(desk)[9:11] == ["10 disappointment", "11 disapproval"]
    assert desk.window.actions_by_id["label-28"].shortcut().toString() == "Shift+N"
    desk.press(K.Key_0)
    desk.press(K.Key_D)
    desk.press(K.Key_N, SHIFT)
    assert desk.stored()[:3] == ["disappointment", "disapproval", "neutral"]


def test_the_keys_of_later_labels_can_be_others(desk: Desk) -> None:
    use_many(desk, 12)
    desk.window.use_keys({"label-12": "W", "flag": "D"})
    assert [button.key for button in desk.label.answers.labels.buttons][9:] == ["0", "I", "W"]
    desk.press(K.Key_W)
    assert desk.stored()[0] == "disgust"
    desk.window.show_keys()
    text = desk.window.findChild(TextDialog, "keys").browser.toPlainText()
    assert "Give label 12: disgust" in text and "label 13" not in text


def test_labels_come_and_go_with_the_workspace(desk: Desk) -> None:
    use_many(desk, 12)
    desk.window.use_analyse()
    assert shown_labels(desk) == []
    desk.window.use_label()
    assert len(shown_labels(desk)) == 12


@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_the_words_stay_in_the_window_and_the_labels_scroll(
    size: tuple[int, int], make_desk: MakeDesk, project: Any
) -> None:
    desk = make_desk().open(project)
    desk.window.resize(*size)
    use_many(desk)
    box, area = desk.label.answers, desk.label.answers.label_area
    desk.qtbot.waitUntil(lambda: area.geometry().bottom() < box.note.geometry().top())
    assert (desk.window.width(), desk.window.height()) == size
    below = box.transcript.mapTo(desk.window, QPoint(0, box.transcript.height()))
    assert box.transcript.isVisible() and below.y() < size[1]
    row = box.labels.height_of(1)
    assert area.height() >= (3 if size[1] == 600 else 7) * row
    assert desk.label.sound.timeline.height() >= 104


def test_the_answer_is_scrolled_into_view(make_desk: MakeDesk, project: Any) -> None:
    desk = make_desk().open(project)
    desk.window.resize(900, 600)
    use_many(desk)
    desk.window.actions_by_id["auto-advance"].setChecked(False)
    area, last = desk.label.answers.label_area, desk.label.answers.labels.buttons[-1]
    seen = area.viewport().rect()
    assert not seen.contains(last.mapTo(area.viewport(), last.rect().center()))
    desk.press(K.Key_N, SHIFT)
    desk.qtbot.waitUntil(last.isChecked)
    assert seen.contains(last.mapTo(area.viewport(), last.rect().center()))
    assert last.toolTip().startswith("neutral:"), "a name that is cut stands there"


def test_few_labels_give_the_height_back(make_desk: MakeDesk, project: Any) -> None:
    desk = make_desk().open(project)
    desk.window.resize(1280, 800)
    before = desk.label.view.sizes()[1]
    use_many(desk)
    assert desk.label.view.sizes()[1] > before + 50
    desk.window.session.use_scheme(1, desk.label.show_scheme)
    desk.qtbot.waitUntil(lambda: len(desk.label.answers.labels.buttons) == 4)
    assert desk.label.view.sizes()[1] == pytest.approx(before, abs=12)
