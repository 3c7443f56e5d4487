"""The agreement dialog, through its own widgets, on a real project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotate.agreement_view import AgreementDialog
from app.annotate.agreement_view_data import time_text
from app.annotate.session import ProjectSession
from core.project.annotations import annotate, annotations_of, ratings
from core.project.clips import split_clip
from core.project.store import Store

Ask = Callable[[ProjectSession, Callable[[Store], Any]], Any]
ANA, BEN, CLEO, DECISION = 2, 3, 4, 5  # columns


def show(qtbot: QtBot, session: ProjectSession) -> AgreementDialog:
    dialog = AgreementDialog(session)
    dialog.open()
    qtbot.waitUntil(dialog.anyway_button.isVisible)
    qtbot.mouseClick(dialog.anyway_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 1)
    return dialog


def text(dialog: AgreementDialog, row: int, column: int) -> str:
    return str(dialog.model.index(row, column).data())


def decisions(dialog: AgreementDialog) -> list[str]:
    return [each.said.decision for each in dialog.model.rows]


def decide(qtbot: QtBot, dialog: AgreementDialog, key: Qt.Key) -> None:
    with qtbot.waitSignal(dialog.session.changed):
        qtbot.keyClick(dialog.table, key)


def test_who_has_clips_left_is_asked_first(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = AgreementDialog(labelled)
    dialog.open()
    qtbot.waitUntil(dialog.anyway_button.isVisible)
    assert dialog.message.text() == "You have a clip left; seeing the others’ labels may lead you."
    with qtbot.waitSignal(dialog.finished):
        qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)


def test_who_is_done_sees_the_figures_at_once(qtbot: QtBot, labelled: ProjectSession) -> None:
    with qtbot.waitSignal(labelled.changed):
        labelled.do(lambda store: annotate(store, [6], 1, unsure=True))
    dialog = AgreementDialog(labelled)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 1)
    assert dialog.cards.percent.value.text() == "67 %"
    assert (dialog.cards.disputed.value.text(), dialog.count.text()) == ("2", "0 of 2 decided")
    assert dialog.cards.fleiss.value.text() != "–" and "5 clips with 3 labels" in dialog.cards.fleiss.note.text()
    assert dialog.cards.alpha.note.text().startswith("95 %: ")
    dialog.reject()


def test_one_annotator_is_told_what_is_needed(qtbot: QtBot, session: ProjectSession) -> None:
    with qtbot.waitSignal(session.changed):
        session.do(lambda store: annotate(store, [1, 2], 1, label="anger"))
    dialog = AgreementDialog(session)
    dialog.open()
    qtbot.waitUntil(lambda: "a second annotator" in dialog.message.text())
    assert dialog.message.text().startswith("Only ana has labelled") and dialog.close_button.isVisible()
    dialog.reject()


def test_the_most_disputed_clip_comes_first_and_is_told(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = AgreementDialog(labelled)
    chosen: list[int] = []
    dialog.clip_chosen.connect(chosen.append)
    dialog._start()
    qtbot.waitUntil(lambda: bool(chosen))
    assert [each.clip for each in dialog.model.rows] == [2, 4]
    assert [text(dialog, 0, column) for column in (0, ANA, BEN, CLEO)] == ["1.wav", "sadness", "neutral", "happiness"]
    dialog.table.selectRow(1)
    assert chosen == [2, 4]
    dialog.reject()


def test_keys_and_buttons_decide_and_go_on(qtbot: QtBot, labelled: ProjectSession, ask: Ask) -> None:
    dialog = show(qtbot, labelled)
    decide(qtbot, dialog, Qt.Key.Key_3)
    assert decisions(dialog) == ["neutral", ""] and dialog.table.currentIndex().row() == 1
    with qtbot.waitSignal(labelled.changed):
        qtbot.mouseClick(dialog.labels.buttons[0], Qt.MouseButton.LeftButton)
    assert decisions(dialog) == ["neutral", "anger"] and dialog.count.text() == "2 of 2 decided"
    assert text(dialog, 0, DECISION) == "neutral (ana)"
    said = ask(labelled, lambda store: annotations_of(store, [2], 1))
    assert [(each.annotator, each.label, each.adjudicated) for each in said] == [
        ("ana", "sadness", False),
        ("ben", "neutral", False),
        ("cleo", "happiness", False),
        ("ana", "neutral", True),
    ]
    assert len(ask(labelled, lambda store: ratings(store, 1))) == 15
    dialog.reject()


def test_decisions_are_undone_and_taken_back(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = show(qtbot, labelled)
    decide(qtbot, dialog, Qt.Key.Key_1)
    decide(qtbot, dialog, Qt.Key.Key_2)
    with qtbot.waitSignal(labelled.changed):
        qtbot.mouseClick(dialog.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: decisions(dialog) == ["anger", ""])
    dialog.table.selectRow(0)
    qtbot.mouseClick(dialog.retract_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: decisions(dialog) == ["", ""])
    assert not dialog.retract_button.isEnabled()
    with qtbot.waitSignal(labelled.changed):
        qtbot.keyClick(dialog.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: decisions(dialog) == ["anger", ""])
    dialog.reject()


def test_those_that_are_decided_can_be_hidden(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = show(qtbot, labelled)
    dialog.hide_decided.click()
    decide(qtbot, dialog, Qt.Key.Key_1)
    assert [each.clip for each in dialog.model.rows] == [4] and dialog.count.text() == "1 of 2 decided"
    decide(qtbot, dialog, Qt.Key.Key_1)
    assert dialog.model.rows == [] and not dialog.labels.isEnabled()
    dialog.hide_decided.click()
    assert len(dialog.model.rows) == 2
    dialog.reject()


def test_an_earlier_answer_stands_beside_the_one_that_counts(qtbot: QtBot, labelled: ProjectSession) -> None:
    def supersede(store: Store) -> None:
        with store.command("Merge") as connection:
            connection.execute(
                "INSERT INTO annotations (clip, scheme, annotator, label, superseded, made) "
                "VALUES (2, 1, 'ben', 'anger', 1, '2020')"
            )

    with qtbot.waitSignal(labelled.changed):
        labelled.do(supersede)
    dialog = show(qtbot, labelled)
    assert text(dialog, 0, BEN) == "neutral (earlier: anger)"
    dialog.reject()


def test_the_table_follows_when_labels_or_clips_change(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = show(qtbot, labelled)
    labelled.do(lambda store: annotate(store, [1], 1, label="sadness"))
    qtbot.waitUntil(lambda: len(dialog.model.rows) == 3)
    labelled.do(lambda store: split_clip(store, 2, 0.5))
    qtbot.waitUntil(lambda: len(dialog.model.rows) == 4)
    dialog.reject()


def test_two_annotators_are_compared(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = show(qtbot, labelled)
    pairs = dialog.pairs
    dialog.tabs.setCurrentIndex(1)
    assert pairs.pairs.item(1, 2).text().endswith("(5)") and pairs.pairs.item(1, 1).text() == ""
    pairs.pairs.cellClicked.emit(1, 0)
    assert (pairs.first.currentText(), pairs.second.currentText()) == ("ben", "ana")
    assert pairs.confusion.item(2, 3).text() == "1"  # ben said neutral of the clip that ana called sad
    assert pairs.sentence.text().startswith("ben and ana agree on 60 % of 5 clips")
    pairs.first.setCurrentText("ana")
    assert pairs.sentence.text() == "Choose two different annotators."
    dialog.reject()


def test_digits_decide_nothing_where_no_clip_is_shown(qtbot: QtBot, labelled: ProjectSession) -> None:
    dialog = show(qtbot, labelled)
    dialog.tabs.setCurrentIndex(1)
    dialog.decide("anger")
    dialog.tabs.setCurrentIndex(0)
    assert decisions(dialog) == ["", ""]
    dialog.reject()


def test_nothing_is_decided_in_a_project_for_reading(qtbot: QtBot, labelled: ProjectSession) -> None:
    assert labelled.state is not None
    path = labelled.state.path
    with qtbot.waitSignal(labelled.opened):
        labelled.open(path, "ana", read_only=True)
    dialog = show(qtbot, labelled)
    assert not dialog.labels.isEnabled() and not dialog.undo_button.isEnabled()
    with qtbot.waitSignal(dialog.finished):
        labelled.close()


@pytest.mark.parametrize(("span", "shown"), [((0.0, 1.25), "0:00.0 – 0:01.2"), ((59.96, 61), "1:00.0 – 1:01.0")])
def test_times_read_as_clocks(span: tuple[float, float], shown: str) -> None:
    assert time_text(*span) == shown
