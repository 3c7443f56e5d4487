"""A picture of the window with results in it, where there is no screen."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QTimer

from app.engine_client import EngineClient
from app.main_window import MainWindow
from core.errors import EngineError
from core.paths import atomic_write

SIZE = (1280, 800)
POLL_MS = 50
SETTLE_MS = 800  # for the spectrogram, which is drawn in the background


def save_snapshot(window: MainWindow, client: EngineClient, files: list[Path], out: Path, limit_s: float) -> int:
    """Open the files, wait for their results, choose the first, write a PNG; returns the exit code."""
    try:
        window.show()
        window.resize(*SIZE)
        window.open_paths(files)
        _wait_for_results(window, client, limit_s)
        window.panel.files.choose(0)
        _process_events(SETTLE_MS)
        _save_png(window, out)
    except (EngineError, OSError) as error:
        sys.stderr.write(f"moodlight: {error}\n")
        return 1
    finally:
        window.close()
    sys.stdout.write(f"{out}\n")
    return 0


def _wait_for_results(window: MainWindow, client: EngineClient, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    controller = window.controller
    while controller.unfinished:
        if client.state == "failed":
            raise EngineError(controller.status_text())
        if time.monotonic() > deadline:
            raise EngineError(f"After {limit_s:.0f} s there is no result yet ({controller.status_text()})")
        _process_events(POLL_MS)


def _process_events(duration_ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(duration_ms, loop.quit)
    loop.exec()


def _save_png(window: MainWindow, out: Path) -> None:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    with atomic_write(out) as stream:
        stream.write(buffer.data().data())
