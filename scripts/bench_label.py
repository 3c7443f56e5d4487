"""How fast the Label workspace answers in a project of 100,000 clips, through the real window, off the screen.

    python scripts/bench_label.py

From a key press until the next clip is painted; scrolling, a frame at a time; opening; the memory of the process.
There is no engine and no sound device: clips have predictions, and nothing is played.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.annotate.panel import LabelPanel
from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings
from app.sound.player import Player
from core.errors import MoodlightError
from core.memory import resident_bytes
from core.project.bench import CLIPS, LABELS, make_large_project
from core.project.opening import open_project
from core.project.queue import open_queue, queue_ids, queue_rows

KEYS = 200
FRAMES = 300
PAUSE_S = 0.08  # between two keys: nobody labels faster
PATIENCE_S = 60.0


def main() -> None:
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "large.moodlight"
        make_large_project(path)
        make_sounds(path)
        client = EngineClient(Path(name), ["true"])
        settings = Settings(annotator="bench", workspace="label")
        window = MainWindow(client, Player(), settings, Path(name) / "settings.json")
        window.resize(1280, 800)
        window.show()
        application.processEvents()
        figures = measure(application, window, path)
        window.close()
    print(json.dumps(figures, indent=2))


def make_sounds(path: Path) -> None:
    """Recordings for the clips that will be gone through."""
    samples = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    with open_project(path, "bench") as store:
        open_queue(store, 1)
        first = queue_ids(store)[: KEYS + 20]
        for row in queue_rows(store, first).values():
            file = store.folder / row.path
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, samples, 16_000)


def measure(application: QApplication, window: MainWindow, path: Path) -> dict[str, float]:
    """Milliseconds, and megabytes."""
    label = window.label
    window.session.name_model("0" * 12, "bench", LABELS)
    started = time.perf_counter()
    window.projects.open(path)
    wait(application, lambda: label.commands.shown is not None)
    figures = {"clips": CLIPS, "open_ms": since(started)}
    keys = []
    for number in range(KEYS):
        before = label.commands.shown
        started = time.perf_counter()
        QTest.keyClick(window, (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_A)[number % 3])
        wait(application, partial(is_another, label, before))
        application.processEvents()
        keys.append(since(started))
        pause(application, PAUSE_S)
    figures |= {"key_median_ms": float(np.median(keys)), "key_p99_ms": float(np.quantile(keys, 0.99))}
    bar = label.queue.table.verticalScrollBar()
    frames = []
    for number in range(FRAMES):
        started = time.perf_counter()
        bar.setValue(100_000 + 40 * number)
        application.processEvents()
        frames.append(since(started))
    figures |= {"frame_median_ms": float(np.median(frames)), "frame_max_ms": max(frames)}
    return figures | {"memory_mb": resident_bytes() / 1e6}


def is_another(label: LabelPanel, before: object) -> bool:
    return label.commands.shown != before


def wait(application: QApplication, condition: Callable[[], bool]) -> None:
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        application.processEvents()
        if time.perf_counter() > end:
            raise MoodlightError("The window does not answer.")


def pause(application: QApplication, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        application.processEvents()


def since(started: float) -> float:
    return 1e3 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
