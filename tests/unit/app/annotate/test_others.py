"""What an annotator sees of the others' labels: nothing, unless they ask for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotate.others_line import BLIND, NOBODY, OthersLine, count_fitting
from app.settings import Settings, load_settings
from core.project.annotations import Annotation, Others, annotate
from core.project.opening import open_project
from core.project.store import Store
from core.schemes import load_scheme

K, CONTROL = Qt.Key, Qt.KeyboardModifier.ControlModifier
Desk = Any  # of conftest.py
MakeDesk = Callable[..., Any]


def seeing() -> Settings:
    return Settings(theme="light", annotator="ana", autoplay=False, blind=False)


def say(store: Store, who: str, clip: int, **said: Any) -> None:
    before, store.annotator = store.annotator, who
    annotate(store, [clip], 1, **said)
    store.annotator = before


@pytest.fixture
def rated(project: Path) -> Path:
    """Of the first clip, Mina and Jun say something, and it is decided; of the second, Jun does."""
    with open_project(project) as store:
        say(store, "Mina", 1, label="anger", note="a <door>")
        say(store, "Jun", 1, label="neutral", unsure=True)
        say(store, "Mina", 1, label="anger", adjudicated=True)
        say(store, "Jun", 2, label="sadness")
    return project


def text_of(desk: Desk) -> str:
    return desk.label.answers.others.text


def test_one_works_blind_at_first(make_desk: MakeDesk, rated: Path) -> None:
    asked: list[int | None] = []
    desk = make_desk()
    desk.label.view.others.found.connect(asked.append)
    desk.open(rated)
    desk.ask(lambda store: None)
    assert text_of(desk) == BLIND and not desk.label.answers.others.toolTip()
    assert desk.label.answers.blind_button.text() == "Show  Ctrl+B"
    assert desk.window.actions_by_id["blind"].isChecked() and not asked, "nor is it read"


def test_a_key_shows_what_the_others_said_and_hides_it_again(make_desk: MakeDesk, rated: Path, tmp_path: Path) -> None:
    desk = make_desk().open(rated)
    desk.press(K.Key_B, CONTROL)
    desk.qtbot.waitUntil(lambda: text_of(desk) == "Jun: neutral, unsure · Mina: anger (“a <door>”) · decided: anger")
    assert "a &lt;door&gt;" in desk.label.answers.others.toolTip()
    assert desk.label.answers.blind_button.text() == "Hide  Ctrl+B"
    desk.label.answers.blind_button.click()
    assert text_of(desk) == BLIND
    desk.press(K.Key_B, CONTROL)
    desk.window.close()
    assert load_settings(tmp_path / "settings.json").blind is False


def test_each_clip_has_its_own_others(make_desk: MakeDesk, rated: Path) -> None:
    desk = make_desk(settings=seeing()).open(rated)
    desk.qtbot.waitUntil(lambda: text_of(desk).startswith("Jun: neutral"))
    desk.press(K.Key_1)
    assert text_of(desk) == "", "those of the clip before are gone at once"
    desk.qtbot.waitUntil(lambda: text_of(desk) == "Jun: sadness")
    desk.press(K.Key_Right)
    desk.qtbot.waitUntil(lambda: text_of(desk) == NOBODY)


def test_an_answer_that_comes_too_late_is_dropped(make_desk: MakeDesk, rated: Path) -> None:
    desk = make_desk(settings=seeing()).open(rated)
    desk.qtbot.waitUntil(lambda: text_of(desk).startswith("Jun: neutral"))
    lookup, seen = desk.label.view.others, []
    lookup.found.connect(lambda others: seen.append(others))
    lookup.look(1)
    lookup._timer.stop()
    lookup._ask()  # the answer is on its way ...
    desk.press(K.Key_Right)  # ... and the next clip is shown
    desk.qtbot.waitUntil(lambda: text_of(desk) == "Jun: sadness")
    assert len(seen) == 1
    lookup._ask()
    desk.press(K.Key_B, CONTROL)
    desk.ask(lambda store: None)
    assert text_of(desk) == BLIND and len(seen) == 1


def test_others_are_read_again_when_they_change(make_desk: MakeDesk, rated: Path) -> None:
    desk = make_desk(settings=seeing()).open(rated)
    desk.qtbot.waitUntil(lambda: text_of(desk).startswith("Jun: neutral"))
    desk.window.session.do(lambda store: say(store, "Cleo", 1, unsure=True))
    desk.qtbot.waitUntil(lambda: text_of(desk).startswith("Cleo: unsure · Jun: neutral"))
    desk.window.session.use_annotator("Jun")
    desk.qtbot.waitUntil(lambda: text_of(desk).startswith("Cleo: unsure · Mina: anger"))


def make_line(qtbot: QtBot, width: int, others: Others) -> OthersLine:
    line = OthersLine()
    qtbot.addWidget(line)
    line.resize(width, line.sizeHint().height())
    line.show_others(others, load_scheme("iemocap4"))
    line.show()
    return line


def test_a_long_line_is_painted_at_any_width_and_told_whole(qtbot: QtBot) -> None:
    names = [f"annotator number {number} of the second group" for number in range(9)]
    answers = tuple(Annotation(1, 1, name, label="happiness", unsure=True) for name in names)
    for width in (1, 40, 120, 300, 900):
        line = make_line(qtbot, width, Others(answers, Annotation(1, 1, "ana", label="gone from the scheme")))
        assert not line.grab().isNull()
        assert all(name in line.toolTip() and name in line.accessibleName() for name in names)
    assert line.toolTip().count("<br>") == 9


def test_those_who_fit_stand_there() -> None:
    assert count_fitting([], 10, 5, 8) == 0
    assert count_fitting([30, 30], 65, 5, 8) == 2, "all of them: nothing has to be told of the rest"
    assert count_fitting([30, 30, 30], 80, 5, 8) == 2
    assert count_fitting([30, 30, 30], 77, 5, 8) == 1
    assert count_fitting([30], 20, 5, 8) == 0
