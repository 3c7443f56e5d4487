"""The window's process stays free of torch, and quick, when the Teach workspace is used."""

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
from core.project.annotations import annotate
from core.project.opening import create_project
from core.project.recordings import add_files

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
with create_project(folder / "work", annotator="ana") as store:
    add_files(store, sorted(samples_dir().glob("*.flac")))
    for clip in range(1, 5):
        annotate(store, [clip], 1, label="anger" if clip % 2 else "sadness")
    path = store.path
app = QApplication([])
window = MainWindow(EngineClient(default_model_dir()), Player(), Settings(workspace="teach"), folder / "settings.json")
window.show()
window.open_paths([path])
teach = window.teach
wait_until(lambda: teach.controller.look is not None)
teach.card.fold.click()
teach.card.form.show_settings(teach.card.form.settings())
teach.run.curves.show_curves([(0.5, 1.0), (1.0, 0.8)], [(1.0, 0.5)], [(1.0, 0.6)])
teach.curve.draw()
wait_until(lambda: "labels a class needs 4 clips of each" in teach.curve_view.message.text())
window.close()
print(sorted({"torch", "torchaudio", "training", "scipy", "sklearn", "pyqtgraph"} & set(sys.modules)))
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
