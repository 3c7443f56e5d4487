from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.crash import CrashHandler


@pytest.fixture
def handler(qtbot: QtBot, tmp_path: Path) -> Iterator[CrashHandler]:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    handler = CrashHandler(tmp_path / "moodlight.log", window)
    yield handler
    handler.uninstall()


def raise_and_handle(handler: CrashHandler, message: str) -> None:
    try:
        raise ZeroDivisionError(message)
    except ZeroDivisionError:
        kind, error, trace = sys.exc_info()
        assert kind is not None
        handler.handle(kind, error, trace)


def test_an_exception_shows_a_report_to_copy_and_the_window_lives_on(
    handler: CrashHandler, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    raise_and_handle(handler, "the first")
    qtbot.waitUntil(lambda: handler.dialog is not None and handler.dialog.isVisible())
    dialog = handler.dialog
    assert dialog is not None
    dialog.copy_button.click()
    report = QApplication.clipboard().text()
    assert "ZeroDivisionError: the first" in report
    assert "raise_and_handle" in report
    assert "Moodlight" in report
    dialog.reject()
    assert handler.parent().isVisible()


def test_more_exceptions_are_added_to_the_open_dialog(handler: CrashHandler, qtbot: QtBot) -> None:
    raise_and_handle(handler, "the first")
    raise_and_handle(handler, "the second")
    qtbot.waitUntil(lambda: handler.dialog is not None and "the second" in handler.dialog.text.toPlainText())
    assert handler.dialog is not None
    assert "the first" in handler.dialog.text.toPlainText()
    assert [type(widget).__name__ for widget in QApplication.topLevelWidgets()].count("CrashDialog") == 1
    handler.dialog.reject()


def test_an_exception_in_a_thread_is_shown_too(handler: CrashHandler, qtbot: QtBot) -> None:
    thread = threading.Thread(target=raise_and_handle, args=(handler, "beside"))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: handler.dialog is not None and handler.dialog.isVisible())
    assert handler.dialog is not None
    assert "ZeroDivisionError: beside" in handler.dialog.text.toPlainText()
    handler.dialog.reject()


def test_the_hooks_are_ours_while_installed(handler: CrashHandler) -> None:
    before = sys.excepthook
    handler.install()
    assert sys.excepthook == handler.handle
    handler.uninstall()
    assert sys.excepthook == before
