"""A script in a window's process of its own, after which nothing of torch may be there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEFORE = """
import sys
from pathlib import Path
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication
from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings

class Player(QObject):
    position_changed, state_changed, unavailable, failed = Signal(float), Signal(str), Signal(str), Signal(str)
    unavailable_reason = ""
    def __getattr__(self, name):
        return lambda *_: None

def wait_until(condition):
    loop, poll, limit = QEventLoop(), QTimer(interval=10), QTimer(singleShot=True, interval=60_000)
    poll.timeout.connect(lambda: condition() and loop.quit())
    limit.timeout.connect(loop.quit)
    poll.start()
    limit.start()
    loop.exec()
    assert condition()

folder = Path(sys.argv[1])
"""
AFTER = """
unwanted = {"torch", "torchaudio", "training", "scipy", "sklearn", "pyqtgraph", "pyarrow", "sounddevice"}
print(sorted(unwanted & set(sys.modules)))
"""


def assert_needs_no_torch(script: str, folder: Path) -> None:
    """Run what uses a window; `Player`, `wait_until` and the folder are at hand."""
    run = subprocess.run(
        [sys.executable, "-c", BEFORE + script + AFTER, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
