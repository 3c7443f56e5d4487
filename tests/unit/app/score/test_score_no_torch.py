"""The window's process stays free of torch when the Score workspace is used, and does not have it at the start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication
from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings
from core.paths import default_model_dir, samples_dir
from core.score.items import Item, Result
from core.score.journal import Journal

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
app = QApplication([])
settings = Settings(score={"inputs": [str(samples_dir())], "out": str(folder / "scores.csv")})
window = MainWindow(EngineClient(default_model_dir()), Player(), settings, folder / "settings.json")
window.show()
assert not [name for name in sys.modules if name.startswith("app.score")], "it is made when it is wanted"
journal = Journal.open(folder / "scores.csv.journal", {})
journal.list([Item("a.wav"), Item("b.wav")], lambda _file: (1, 1))
journal.keep([(0, Result((), "It is empty.", "empty"))])
journal.close()
window.use_score()
score = window.score
wait_until(lambda: score.model.rowCount() == 1 and score.model.row_at(0) is not None)
assert score.start_button.text() == "Go on (1 of 2 done)"
score.rows.play()
window.grab()
window.close()
print(sorted({"torch", "torchaudio", "training", "scipy", "sklearn", "pyqtgraph", "pyarrow"} & set(sys.modules)))
"""


def test_the_windows_process_has_no_torch_after_the_workspace_was_used(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
