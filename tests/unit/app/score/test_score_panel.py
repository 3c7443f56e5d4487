"""The Score workspace: from dropped folders to the table, with all that comes in between."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDropEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QFileDialog, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.score.options import journal_of
from app.score.panel import NO_FORM, NOTHING, READY
from app.score.run import OUTSIDE
from core.score.items import Item, Result
from core.score.journal import Journal
from tests.unit.app.score.scorer import MakeScorer, Scorer, texts

FAILURE = "03 bad.wav is not a sound file."


def test_folders_that_are_dropped_are_scored_into_a_table_beside_them(scorer: Scorer, calls: Path) -> None:
    panel = scorer.panel
    assert NOTHING in texts(panel) and not panel.start_button.isEnabled()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(calls))])
    action, button, modifier = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    scorer.window.dropEvent(QDropEvent(QPointF(50, 50), action, data, button, modifier))
    scorer.wait(lambda: panel.start_button.text() == "Score 1 folder")
    assert READY in texts(panel)
    scorer.start().go(2)
    scorer.wait(lambda: panel.model.rowCount() == 2)
    assert "2 of 6 files, 61 files/s, 148 times real time, 1 min 40 s left" in texts(panel.view)
    assert panel.view.histogram.clips == {"anger": 1, "sadness": 1}
    assert not panel.form.isEnabled() and panel.view.stop_button.isVisible()
    scorer.finish()
    table = calls.parent / "calls-scores.csv"
    assert table.is_file()
    assert "5 rows are in calls-scores.csv; 1 file failed. Also written: calls-scores.html." in texts(panel.view)
    scorer.wait(lambda: len(scorer.rows()) == 6)
    names = [row[0] for row in scorer.rows()]
    assert names == [str(Path("calls", name)) for name in (
        "monday/01 anger.wav", "monday/02 sadness unsure.wav", "tuesday/03 bad.wav", "tuesday/04 anger.wav",
        "tuesday/05 silence.wav", "wednesday/06 happiness.wav",
    )]  # fmt: skip
    assert scorer.rows()[0][1:] == ["0:00.0", "0:02.5", "anger", "80%", "it is 01 anger"]
    assert scorer.rows()[2][3:] == ["failed", "", FAILURE]
    assert scorer.rows()[4][3:] == ["no speech", "", ""]


def test_the_command_is_given_what_is_set(scorer: Scorer, calls: Path) -> None:
    scorer.add(calls)
    form = scorer.panel.form
    form.forms["textgrid"].click()
    form.forms["parquet"].click()
    form.include.setText("*.wav *.flac")
    form.exclude.setText("draft/*")
    form.exclude.editingFinished.emit()
    form.cut.setCurrentIndex(form.cut.findData("step"))
    form.cut.activated.emit(form.cut.currentIndex())
    form.step.setValue(3)
    form.sure.setValue(55)
    form.embeddings.click()
    form.workers.setValue(2)
    scorer.settle().start().finish()
    given = [str(calls), "-o", str(calls.parent / "calls-scores.csv"), "--events"]
    given += ["--format", "csv", "--format", "parquet", "--format", "textgrid"]
    given += ["--model", str(scorer.window.controller.client.model_dir), "--segment", "3"]
    given += ["--least-confidence", "0.55", "--include", "*.wav", "--include", "*.flac", "--exclude", "draft/*"]
    given += ["--embeddings", "--workers", "2"]
    assert scorer.arguments == given
    assert scorer.rows()[1][3] == "unsure", "as it will be in the table"
    form.afresh.click()
    scorer.start().finish()
    assert scorer.arguments == [*given, "--no-resume"]
    assert not form.afresh.isChecked(), "once is enough"


def test_it_is_paused_stopped_and_gone_on_with(scorer: Scorer, calls: Path) -> None:
    panel = scorer.add(calls).start().go(2).panel
    scorer.wait(lambda: panel.run.progress.done == 2)
    scorer.press(Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    scorer.wait(lambda: panel.view.pause_button.text() == "Go on")
    assert "2 of 6 files, paused" in texts(panel.view)
    panel.view.pause_button.click()
    scorer.wait(lambda: panel.view.pause_button.text() == "Pause").go(3)
    scorer.wait(lambda: panel.run.progress.done == 3)
    panel.view.stop_button.click()
    scorer.wait(lambda: not panel.run.is_running)
    assert "Stopped\n3 are done and are not scored again. “Go on” scores the others." in texts(panel.view)
    scorer.wait(lambda: panel.start_button.text() == "Go on (3 of 6 done)")
    assert panel.form.isEnabled()
    scorer.start().finish()
    assert "5 rows are in calls-scores.csv" in texts(panel.view)
    scorer.wait(lambda: panel.start_button.text() == "Score 1 folder")


def test_it_ends_with_the_window_and_the_next_one_offers_to_go_on(make_scorer: MakeScorer, calls: Path) -> None:
    scorer = make_scorer().add(calls).start().go(2)
    run = scorer.panel.run
    scorer.wait(lambda: run.progress.done == 2)
    scorer.window.close()
    assert not run.is_running
    saved = json.loads((scorer.marks.parent / "settings.json").read_text(encoding="utf-8"))["score"]
    later = make_scorer(**saved)
    later.wait(lambda: later.panel.start_button.text() == "Go on (2 of 6 done)").wait_rows()
    assert "Not finished\n2 of 6 files are done. “Go on” scores the others." in texts(later.panel.view)
    assert later.panel.view.histogram.clips == {"anger": 1, "sadness": 1}
    assert len(later.rows()) == 2


def test_a_table_of_an_earlier_day_is_shown(make_scorer: MakeScorer, calls: Path) -> None:
    table = calls.parent / "calls-scores.csv"
    journal = Journal.open(journal_of(table), {})
    journal.list([Item("x.wav")], lambda _file: (1, 1))
    journal.keep([(0, Result((), "x.wav is empty.", "empty"))])
    journal.close()
    table.touch()
    scorer = make_scorer(inputs=[str(calls)]).wait_rows()
    assert "1 file was scored; the table is calls-scores.csv." in texts(scorer.panel.view)
    assert scorer.panel.view.links["table"].isVisible() and scorer.panel.start_button.text() == "Score 1 folder"


def test_files_that_failed_are_listed_with_their_reasons(scorer: Scorer, calls: Path) -> None:
    panel = scorer.add(calls).start().finish().panel
    assert panel.view.failed.text() == "1 file failed"
    panel.view.failed.click()
    scorer.wait(lambda: [row[5] for row in scorer.rows()] == [FAILURE])
    assert panel.rows.emotion.currentText() == "Failed"


def test_rows_are_filtered_and_sorted(scorer: Scorer, calls: Path) -> None:
    rows = scorer.add(calls).start().finish().panel.rows
    rows.emotion.setCurrentIndex(rows.emotion.findData("anger"))
    rows.emotion.activated.emit(rows.emotion.currentIndex())
    scorer.wait(lambda: rows.model.rowCount() == 2)
    rows.show_emotion("")
    rows.filter.setText("tuesday")
    scorer.wait(lambda: rows.model.rowCount() == 3)
    rows.filter.setText("")
    scorer.wait(lambda: rows.model.rowCount() == 6)
    rows.table.selectRow(1)
    header = rows.table.horizontalHeader()
    header.sectionClicked.emit(4)
    scorer.wait(lambda: [row[4] for row in scorer.rows()] == ["80%", "80%", "80%", "45%", "", ""])
    assert rows.table.currentIndex().row() == 3, "the row that was chosen stays so"
    header.sectionClicked.emit(4)
    scorer.wait(lambda: scorer.rows()[-1][4] == "80%")
    header.sectionClicked.emit(1)
    assert rows.model.query.sort == "confidence", "times are not sorted by"


def test_a_row_is_heard_and_opened_in_analyse(scorer: Scorer, calls: Path, player: Any) -> None:
    panel = scorer.add(calls).start().finish().panel
    table = panel.rows.table
    table.setFocus()
    table.selectRow(0)
    scorer.press(Qt.Key.Key_Space, on=table)
    assert player.playing and player.source == calls / "monday" / "01 anger.wav"
    scorer.press(Qt.Key.Key_Space, on=table)
    assert not player.playing
    table.doubleClicked.emit(panel.model.index(3, 0))
    assert player.playing and player.source == calls / "tuesday" / "04 anger.wav"
    (calls / "monday" / "01 anger.wav").unlink()
    panel.play()
    assert scorer.notes[-1] == "This recording is not there any more."
    table.selectRow(5)
    scorer.window.actions_by_id["score-analyse"].trigger()
    assert scorer.window._settings.workspace == "analyse" and not player.playing
    assert [each.path.name for each in scorer.window.controller.recordings] == ["06 happiness.wav"]


def test_space_ticks_a_box_where_the_focus_is_on_one(scorer: Scorer, calls: Path) -> None:
    box = scorer.add(calls).panel.form.forms["eaf"]
    box.setFocus()
    scorer.press(Qt.Key.Key_Space, on=box)
    assert scorer.panel.options.formats == ["csv", "eaf"]


def test_what_was_written_is_opened(scorer: Scorer, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())) or True)
    panel = scorer.add(calls).start().finish().settle().panel
    for link in panel.view.links.values():
        link.click()
    assert opened == [calls.parent / "calls-scores.csv", calls.parent / "calls-scores.html", calls.parent]
    (calls.parent / "calls-scores.html").unlink()
    panel.open_summary()
    assert "calls-scores.html is not there any more." in scorer.notes[-1]


def test_a_refusal_of_the_command_is_its_sentence(scorer: Scorer, calls: Path) -> None:
    (scorer.marks / "refuses").touch()
    panel = scorer.add(calls).start().panel
    assert "It could not be finished\nThere is no sound file in there." in texts(panel.view)
    assert panel.start_button.isEnabled() and panel.form.isEnabled()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_process_that_is_ended_from_outside_is_gone_on_with(scorer: Scorer, calls: Path) -> None:
    panel = scorer.add(calls).start().go(1).panel
    scorer.wait(lambda: panel.run.progress.done == 1)
    os.kill(panel.run.process_id, signal.SIGKILL)
    scorer.wait(lambda: not panel.run.is_running)
    assert OUTSIDE in texts(panel.view)
    scorer.wait(lambda: panel.start_button.text() == "Go on (1 of 6 done)").start().finish()
    assert "5 rows are in calls-scores.csv" in texts(panel.view)


def test_inputs_are_taken_out_again(scorer: Scorer, calls: Path) -> None:
    inputs = scorer.add(calls, calls / "monday" / "01 anger.wav", calls).panel.form.inputs
    scorer.wait(lambda: scorer.panel.start_button.text() == "Score 1 folder and 1 file")
    inputs.list.setCurrentRow(0)
    scorer.press(Qt.Key.Key_Delete, on=inputs.list)
    scorer.wait(lambda: scorer.panel.start_button.text() == "Score 1 file")
    inputs.clear_button.click()
    assert scorer.panel.start_button.text() == "Score" and not scorer.panel.start_button.isEnabled()
    assert NOTHING in texts(scorer.panel)


def test_nothing_is_added_while_it_runs(scorer: Scorer, calls: Path) -> None:
    scorer.add(calls).start()
    scorer.panel.add([calls.parent])
    assert scorer.panel.options.inputs == [str(calls)]
    assert "stop first" in scorer.notes[-1]


def test_a_table_needs_a_form_and_may_go_elsewhere(
    scorer: Scorer, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = scorer.add(calls).panel
    panel.form.forms["csv"].click()
    assert not panel.start_button.isEnabled() and panel.start_button.toolTip() == NO_FORM
    panel.form.forms["parquet"].click()
    assert panel.options.table == calls.parent / "calls-scores.parquet"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "best.csv"), ""))
    panel.form.change.click()
    assert panel.options.table == tmp_path / "best.parquet"
    assert panel.form.table.full_text.endswith("best.parquet")


def test_another_model_is_chosen_and_no_other_folder(
    scorer: Scorer, bundled_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = scorer.panel
    assert panel.form.model.currentText() == "In use: small"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    panel.form.choose.click()
    scorer.wait(lambda: scorer.notes)
    assert "is not a model" in scorer.notes[-1] and not panel.options.model
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(bundled_model))
    panel.form.choose.click()
    scorer.wait(lambda: panel.options.model == str(bundled_model))
    assert panel.form.model.currentText() == bundled_model.name
    panel.form.model.setCurrentIndex(0)
    panel.form.model.activated.emit(0)
    assert not panel.options.model


def test_how_sure_it_must_be_is_as_elsewhere_until_it_is_set_here(scorer: Scorer) -> None:
    panel = scorer.panel
    panel.set_least(0.6)
    assert panel.form.sure.value() == 60
    panel.form.sure.setValue(70)
    panel.set_least(0.5)
    assert panel.form.sure.value() == 70
    panel.form.sure.setValue(50)
    panel.set_least(0.4)
    assert panel.form.sure.value() == 40, "it follows again"


def test_a_hundred_thousand_rows_are_held_as_numbers_and_read_as_they_are_seen(scorer: Scorer, calls: Path) -> None:
    table = calls.parent / "calls-scores.csv"
    many = 100_000
    journal = Journal.open(journal_of(table), {})
    journal.list((Item(f"{number}.wav") for number in range(many)), lambda _file: (1, 1))
    journal.close()
    with closing(sqlite3.connect(journal_of(table))) as connection, connection:
        connection.execute("UPDATE items SET state = 2, failure = 'It is empty.'")
    model = scorer.add(calls).panel.model
    scorer.wait(lambda: model.rowCount() == many)
    scorer.wait(lambda: model.row_at(0) is not None)
    assert len(model._rows) < 1000
    scorer.panel.rows.table.scrollToBottom()
    scorer.wait(lambda: model.row_at(many - 1) is not None)
    assert model.row_at(many - 1).file == f"{many - 1}.wav"


def test_everything_has_a_name_and_is_reached_by_keys(scorer: Scorer, calls: Path) -> None:
    panel = scorer.add(calls).start().finish().panel
    for widget in panel.findChildren(QWidget):
        if not widget.isVisible() or widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            continue
        if isinstance(widget, QLineEdit) and isinstance(widget.parent(), QAbstractSpinBox):
            continue  # the spin box has the name
        text = widget.text() if hasattr(widget, "text") else ""
        assert widget.accessibleName() or text, widget
    reached, start = set(), panel.form.inputs.files_button
    start.setFocus()
    while True:
        reached.add(QApplication.focusWidget())
        scorer.press(Qt.Key.Key_Tab, on=QApplication.focusWidget())
        if QApplication.focusWidget() in reached:
            break
    wanted = [panel.start_button, panel.rows.table, panel.rows.filter, panel.form.change, panel.view.failed]
    assert set(wanted) <= reached


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_nothing_is_cut_at_any_size(
    theme: str, size: tuple[int, int], make_scorer: MakeScorer, calls: Path, qtbot: QtBot
) -> None:
    scorer = make_scorer(theme)
    scorer.window.resize(*size)
    _check_room(scorer)
    scorer.add(calls).start().go(3)
    scorer.wait(lambda: scorer.panel.run.progress.done == 3)
    _check_room(scorer)
    scorer.finish()
    for fold in scorer.panel.form.findChildren(QPushButton):
        assert fold.isVisible()
    _check_room(scorer)


def _check_room(scorer: Scorer) -> None:
    QApplication.processEvents()
    panel = scorer.panel
    for label in panel.findChildren(QLabel):
        if label.isVisible() and label.text() and label is not panel.form.table and label is not panel.view.note:
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed, label.text()
            width = label.fontMetrics().horizontalAdvance(label.text())
            assert label.wordWrap() or label.width() >= width, label.text()
    for button in panel.findChildren(QPushButton):
        if button.isVisible():
            assert button.width() >= button.fontMetrics().horizontalAdvance(button.text()), button.text()
    assert panel.form.width() <= panel.form.parentWidget().width(), "the settings are not cut at the side"
