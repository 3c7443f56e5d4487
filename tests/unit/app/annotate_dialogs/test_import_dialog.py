"""The import dialog, through its own widgets, on a real project and real files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app import exchange
from app.annotate import import_dialog
from app.annotate.import_dialog import ImportDialog
from app.annotate.session import ProjectSession
from core.errors import MoodlightError
from core.exchange.labels import LabelledClip
from core.project.annotations import annotate, annotators, ratings
from core.project.store import Store

Ask = Callable[[ProjectSession, Callable[[Store], Any]], Any]


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LabelledClip]:
    """What any file is read as; one recording is missing."""
    labels = ("ANGER", "hap", "hap", "frustration")
    made = [LabelledClip(tmp_path / f"{number}.wav", label=label) for number, label in enumerate(labels)]
    made += [LabelledClip(tmp_path / "gone.wav", label="hap", annotator="zoe")]
    made += [LabelledClip(tmp_path / "4.wav", label="sadness", annotator="zoe")]
    monkeypatch.setattr(exchange, "read_labels", lambda *_: made)
    monkeypatch.setattr(exchange, "detect_format", lambda _path: "audacity")
    return made


def show(qtbot: QtBot, session: ProjectSession, path: Path) -> ImportDialog:
    dialog = ImportDialog(session)
    dialog.open()
    dialog.read(path)
    qtbot.waitUntil(lambda: not dialog.message.text().startswith("Reading"))
    return dialog


def run(qtbot: QtBot, dialog: ImportDialog) -> None:
    with qtbot.waitSignal(dialog.session.changed):
        qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)


def test_labels_are_looked_at_mapped_imported_and_undone(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path, ask: Ask
) -> None:
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    assert dialog.preview.rowCount() == 6 and dialog.preview.item(0, 3).text() == "ANGER"
    assert dialog.mapping.mapping == {"hap": "happiness", "ANGER": "anger", "frustration": "", "sadness": "sadness"}
    assert dialog.mapping.item(0, 1).text() == "3"
    assert "6 rows of 6 clips in 6 recordings: 5 found, 1 missing." in dialog.message.text()
    assert "4 of 6 labels are taken. Left out: frustration." in dialog.message.text()
    assert "gone.wav is missing" in dialog.problems.toPlainText()
    dialog.mapping.choices["frustration"].setCurrentText("anger")
    assert "5 of 6 labels are taken." in dialog.message.text()
    dialog.annotator.setText("max")
    run(qtbot, dialog)
    assert "5 annotations are new" in dialog.message.text() and not dialog.import_button.isVisible()
    assert ask(session, annotators) == ["max", "zoe"]
    assert (4, "max", "anger") in ask(session, lambda store: ratings(store, 1))
    with qtbot.waitSignal(session.changed):
        qtbot.mouseClick(dialog.undo_button, Qt.MouseButton.LeftButton)
    assert ask(session, annotators) == []
    assert dialog.import_button.isVisible() and dialog.import_button.isEnabled()
    dialog.reject()


def test_a_real_table_is_read(qtbot: QtBot, session: ProjectSession, tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "labels.csv").write_text("file,emotion\n0.wav,sadness\n1.wav,neutral\n", encoding="utf-8")
    dialog = show(qtbot, session, tmp_path / "labels.csv")
    assert dialog.form.currentText() == "Find out by itself (table)"
    run(qtbot, dialog)
    assert ask(session, lambda store: ratings(store, 1)) == [(1, "ana", "sadness"), (2, "ana", "neutral")]
    dialog.reject()


def test_an_import_that_changes_nothing_cannot_be_undone(
    qtbot: QtBot, session: ProjectSession, tmp_path: Path, ask: Ask
) -> None:
    (tmp_path / "labels.csv").write_text("file,emotion\n0.wav,sadness\n", encoding="utf-8")
    with qtbot.waitSignal(session.changed):
        session.do(lambda store: annotate(store, [1], 1, label="anger"))
    dialog = show(qtbot, session, tmp_path / "labels.csv")
    run(qtbot, dialog)
    assert "1 rows change nothing" in dialog.message.text() and not dialog.undo_button.isVisible()
    assert ask(session, lambda store: ratings(store, 1)) == [(1, "ana", "anger")]
    dialog.reject()


def test_a_folder_is_chosen_and_a_format_set(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(exchange, "read_labels", lambda _path, form, _sounds: asked.append(form) or rows)
    dialog = ImportDialog(session)
    dialog.open()
    assert not dialog.import_button.isEnabled()
    qtbot.mouseClick(dialog.folder_button, Qt.MouseButton.LeftButton)
    chooser = dialog.findChild(QFileDialog)
    assert chooser.fileMode() == QFileDialog.FileMode.Directory
    chooser.fileSelected.emit(str(tmp_path))
    qtbot.waitUntil(dialog.import_button.isEnabled)
    dialog.form.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(asked) == 2 and dialog.import_button.isEnabled())
    assert asked == ["audacity", dialog.form.currentText()]
    dialog.reject()


def test_missing_recordings_are_looked_for_in_another_folder(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    monkeypatch.setattr(exchange, "read_labels", lambda _path, _form, sounds: asked.append(sounds) or rows[:4])
    qtbot.mouseClick(dialog.sounds_button, Qt.MouseButton.LeftButton)
    dialog.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "sounds"))
    qtbot.waitUntil(lambda: "4 rows of 4 clips in 4 recordings: 4 found." in dialog.message.text())
    assert asked == [tmp_path / "sounds"] and not dialog.sounds_button.isVisible()
    dialog.reject()


def test_another_scheme_gets_another_mapping(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path
) -> None:
    from core.project.schemes import add_scheme
    from core.schemes import load_scheme

    with qtbot.waitSignal(session.changed):
        session.do(lambda store: add_scheme(store, load_scheme("valence3")))
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    dialog.scheme.setCurrentIndex(1)
    assert set(dialog.mapping.mapping.values()) == {""}
    dialog.reject()


def test_what_cannot_be_read_is_said(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MoodlightError("labels.txt is of no known form.")

    monkeypatch.setattr(exchange, "read_labels", refuse)
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    assert dialog.message.text() == "labels.txt is of no known form." and dialog.message.objectName() == "error"
    assert not dialog.import_button.isEnabled()
    dialog.reject()


def test_rows_that_name_nobody_need_a_name(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path
) -> None:
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    dialog.annotator.clear()
    assert "Say who labelled" in dialog.message.text() and not dialog.import_button.isEnabled()
    dialog.reject()


def test_problems_are_copied(qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path) -> None:
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert "gone.wav is missing" in QGuiApplication.clipboard().text()
    dialog.reject()


def test_an_import_that_is_cancelled_changes_nothing(
    qtbot: QtBot,
    session: ProjectSession,
    rows: list[LabelledClip],
    tmp_path: Path,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going, real = threading.Event(), import_dialog.import_rows

    def wait_and_import(*values: Any, **names: Any) -> Any:
        going.wait(30)
        return real(*values, **names)

    monkeypatch.setattr(import_dialog, "import_rows", wait_and_import)
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    assert dialog.bar.isVisible() and not dialog.mapping.isEnabled()
    qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    going.set()
    qtbot.waitUntil(lambda: "cancelled" in dialog.message.text())
    assert ask(session, annotators) == []
    with qtbot.waitSignal(dialog.finished):
        qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)


def test_a_full_disk_is_said_here_too_and_the_import_is_kept(
    qtbot: QtBot, session: ProjectSession, rows: list[LabelledClip], tmp_path: Path, ask: Ask
) -> None:
    rows[:] = [LabelledClip(row.file, label="hap", note="x" * 20_000) for row in rows]
    dialog = show(qtbot, session, tmp_path / "labels.txt")
    ask(session, lambda store: store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}"))
    with qtbot.waitSignal(session.failed):
        qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    assert "full" in dialog.message.text() and session.unsaved == 1
    ask(session, lambda store: store.rows("PRAGMA max_page_count = 100000"))
    with qtbot.waitSignal(session.changed):
        session.retry()
    assert len(ask(session, lambda store: ratings(store, 1))) == 5
    dialog.reject()
