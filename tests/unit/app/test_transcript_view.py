from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from app.analyse.transcript_view import TranscriptView
from core.predictions import Prediction, Word

WORDS = (Word("it's", 1.0, 1.3, 0.9), Word("eleven", 1.3, 1.8, 0.9), Word("o'clock", 2.6, 3.0, 0.9))


def segment(start_s: float, end_s: float, words: tuple[Word, ...]) -> Prediction:
    return Prediction("a.wav", start_s, end_s, "anger", 1.0, {"anger": 1.0}, words, "m")


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    view = TranscriptView()
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    view.show_predictions([segment(1.0, 3.0, WORDS), segment(4.0, 5.0, (Word("early", 4.2, 4.6, 0.9),))], "")
    return view


def lit(view: TranscriptView, time_s: float) -> str:
    view.set_position(time_s, follow=True)
    marked = [selection.cursor.selectedText() for selection in view.extraSelections()]
    return marked[0] if marked else ""


def test_the_word_that_is_being_spoken_is_lit(view: TranscriptView) -> None:
    assert [lit(view, time_s) for time_s in (0.5, 1.0, 1.5, 2.0, 2.5, 2.7, 4.3)] == [
        "", "it's", "eleven", "eleven", "", "o'clock", "early",
    ]  # fmt: skip


def click(view: TranscriptView, qtbot: QtBot, point: QPoint) -> float:
    with qtbot.waitSignal(view.seek_requested) as sought:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=point)
    return sought.args[0]


def middle_of(view: TranscriptView, text: str) -> QPoint:
    found = view.document().find(text)
    cursor = QTextCursor(view.document())
    cursor.setPosition((found.selectionStart() + found.selectionEnd()) // 2)
    return view.cursorRect(cursor).center()


def test_a_click_on_a_word_goes_to_it(view: TranscriptView, qtbot: QtBot) -> None:
    assert click(view, qtbot, middle_of(view, "eleven")) == 1.3
    assert click(view, qtbot, middle_of(view, "o'clock")) == 2.6
    assert click(view, qtbot, middle_of(view, "early")) == 4.2


def test_a_click_beside_the_words_goes_to_the_segment(view: TranscriptView, qtbot: QtBot) -> None:
    row = middle_of(view, "early").y()
    assert click(view, qtbot, QPoint(12, row)) == 4.0
    assert click(view, qtbot, QPoint(390, row)) == 4.0


def test_words_before_and_after_a_time(view: TranscriptView) -> None:
    after = [word.text if (word := view.word_after(time_s)) else None for time_s in (0.0, 1.0, 3.9, 4.2)]
    before = [word.text if (word := view.word_before(time_s)) else None for time_s in (1.0, 1.4, 4.2, 9.0)]
    assert after == ["it's", "eleven", "early", None]
    assert before == [None, "eleven", "o'clock", "early"]


def test_new_segments_are_added_and_another_recording_replaces_them(view: TranscriptView) -> None:
    first = [segment(1.0, 3.0, WORDS), segment(4.0, 5.0, (Word("early", 4.2, 4.6, 0.9),))]
    view.show_predictions([*first, Prediction.no_speech("a.wav", 5, 6, "m")], "")
    assert view.toPlainText().splitlines() == ["it's eleven o'clock", "early", "no speech"]
    view.show_predictions([segment(0, 1, (Word("other", 0.2, 0.4, 0.9),))], "")
    assert view.toPlainText() == "other"
    assert lit(view, 0.3) == "other"
    view.show_predictions([], "Nothing here.")
    assert view.toPlainText() == ""


def test_a_model_that_knows_capitals_only_does_not_shout(view: TranscriptView) -> None:
    words = tuple(Word(text, n, n + 0.5, 0.9) for n, text in enumerate(["I'M", "HERE", "AND", "I", "KNOW", "IT"]))
    view.show_predictions([segment(0, 6, words)], "")
    assert view.toPlainText() == "I'm here and I know it"
    assert lit(view, 3.1) == "I"


def test_two_hours_of_words_are_followed_without_losing_a_frame(view: TranscriptView) -> None:
    from time import perf_counter

    segments = []
    for start_s in range(0, 7200, 10):
        words = tuple(Word(f"word{k}", start_s + k / 3, start_s + k / 3 + 0.3, 0.9) for k in range(27))
        segments.append(segment(start_s, start_s + 9, words))
    view.show_predictions(segments, "")
    lit(view, 7000.0)
    started = perf_counter()
    for step in range(10):
        view.set_position(7000.0 + step / 3, follow=True)
        view.grab()
    assert (perf_counter() - started) / 10 < 0.02
    assert view.viewport().rect().contains(view.cursorRect(view._word_cursor(view._lit or 0)).center())
