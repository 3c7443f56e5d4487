"""The real program for tests: `main()` is run, and its window used."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import main
from app.main_window import MainWindow

PATIENCE_MS = 60_000


def use_moodlight(arguments: list[str], act: Callable[[MainWindow], None], qtbot: QtBot) -> None:
    """Run `moodlight ARGUMENTS`, do something with its window, close it; what `act` raises comes out of here."""
    raised: list[BaseException] = []

    def start() -> None:
        windows = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]
        (window,) = [window for window in windows if window.isVisible()]
        try:
            window.activateWindow()
            qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE_MS)  # keys are an active window's
            act(window)
        except BaseException as error:  # noqa: BLE001 - Qt would only report it
            raised.append(error)
        finally:
            window.close()

    QTimer.singleShot(0, start)
    assert main(arguments) == 0
    if raised:
        raise raised[0]
