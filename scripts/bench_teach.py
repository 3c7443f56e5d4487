"""Whether the window stays quick while a model is taught: the longest time in which it does nothing else.

    python scripts/bench_teach.py

A project of 300 labelled clips is opened in the real window, with the real engine. A teaching is started by its
button, in its real process, and labelling goes on by keys meanwhile; the Teach workspace is looked at in between. A
timer of 5 ms tells how long the window's thread was away: `clock`, and `own`, which is that without the time in which
it could have gone on but other processes had the cores. `docs/results/bench-teach.json` keeps the figures.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import soundfile
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings
from app.sound.player import Player
from core.audio.decode import read_sound
from core.errors import MoodlightError
from core.paths import default_model_dir, resources_dir
from core.project.annotations import annotate
from core.project.opening import create_project
from core.project.recordings import add_files

OLD_TASK = resources_dir() / "old-task"
RESULT = Path(__file__).resolve().parent.parent / "docs" / "results" / "bench-teach.json"
LABELLED, UNLABELLED = 300, 300
TICK_MS = 5
KEY_S, LOOK_S = 0.3, 8.0  # between two keys; between two looks at the Teach workspace, each of a third of that
KEYS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)
PATIENCE_S = 580.0
LONGEST_SHOWN = 8


@dataclass(frozen=True)
class Gap:
    """A time, in milliseconds, in which the window's thread was away from its event loop.

    Attributes:
        clock: how long.
        computed: of it, what the thread computed.
        queued: of it, what the thread waited for a core that others had; 0 where the system does not tell (Linux does).
        doing: what the bench did then.
    """

    clock: float
    computed: float
    queued: float
    doing: str

    @property
    def own(self) -> float:
        """What the window is to blame for: its work, and its waiting for its own threads and files."""
        return max(self.clock - self.queued, self.computed)


class Gaps(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Gap] = []
        self.doing = ""
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._last = self._now()

    def start(self) -> None:
        self.found.clear()
        self._last = self._now()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @staticmethod
    def _now() -> tuple[float, float, float]:
        try:
            queued = float(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e6
        except OSError:
            queued = 0.0
        return 1e3 * time.perf_counter(), 1e3 * time.thread_time(), queued

    def _tick(self) -> None:
        now = self._now()
        clock, computed, queued = (after - before for after, before in zip(now, self._last, strict=True))
        self.found.append(Gap(clock, computed, queued, self.doing))
        self._last = now

    def figures(self) -> dict[str, Any]:
        figures: dict[str, Any] = {}
        for name in ("own", "clock"):
            values = [getattr(gap, name) for gap in self.found]
            figures |= {
                f"{name}_p99_ms": round(float(np.quantile(values, 0.99)), 1),
                f"{name}_max_ms": round(max(values), 1),
                f"{name}_above_50_ms": sum(value > 50 for value in values),
            }
        longest = sorted(self.found, key=lambda gap: gap.own, reverse=True)[:LONGEST_SHOWN]
        shown = [{"own_ms": round(gap.own, 1), **asdict(gap)} for gap in longest]
        rounded = [{key: round(v, 1) if isinstance(v, float) else v for key, v in each.items()} for each in shown]
        return figures | {"longest": rounded}


def main() -> None:
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as name:
        path = make_project(Path(name))
        client = EngineClient(default_model_dir(), parent=application)
        client.start()
        settings = Settings(annotator="bench", workspace="label", autoplay=False)
        window = MainWindow(client, Player(), settings, Path(name) / "settings.json")
        window.resize(1280, 800)
        window.show()
        window.projects.open(path)
        wait(lambda: window.label.commands.shown is not None and client.state == "idle")
        gaps = Gaps()
        figures: dict[str, Any] = {"command": "python scripts/bench_teach.py", "cores": os.cpu_count()}
        figures["at rest"] = label_for(window, gaps, 15.0)
        for method in ("head", "blocks"):
            figures[method] = teach_meanwhile(window, gaps, method)
        window.close()
        client.shutdown()
    RESULT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def make_project(folder: Path) -> Path:
    """The clips that ship, several times over; the second half is not labelled."""
    with (OLD_TASK / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["emotion"]]
    clips = folder / "clips"
    clips.mkdir()
    labels = []
    for number in range(LABELLED + UNLABELLED):
        row = rows[number % len(rows)]
        samples = read_sound(OLD_TASK / row["file"]).samples[80 * (number // len(rows)) :]  # no two are the same
        soundfile.write(clips / f"{number:04d}.flac", samples, 16_000)
        labels.append(row["emotion"])
    with create_project(folder / "bench", annotator="bench") as store:
        add_files(store, [clips])
        names = store.rows("SELECT clips.id, path FROM clips JOIN recordings ON recordings.id = recording")
        numbers = {int(Path(path).stem): clip for clip, path in names}
        for label in sorted(set(labels)):
            annotate(store, [numbers[n] for n in range(LABELLED) if labels[n] == label], 1, label=label)
        return store.path


def label_for(window: MainWindow, gaps: Gaps, seconds: float) -> dict[str, Any]:
    end = time.perf_counter() + seconds
    return label_while(window, gaps, lambda: time.perf_counter() < end)


def teach_meanwhile(window: MainWindow, gaps: Gaps, method: str) -> dict[str, Any]:
    """From the press of the button until the result is shown."""
    window.use_teach()
    teach = window.teach
    wait(teach.card.button.isEnabled)
    form = teach.card.form
    form.method.setCurrentIndex(form.method.findData(method))
    form.passes.setValue(2)
    form.measured_on.setCurrentIndex(form.measured_on.findData("nothing"))
    started, shown = time.perf_counter(), teach.result.report
    gaps.doing = "button"
    gaps.start()
    teach.card.button.click()
    figures = label_while(window, gaps, lambda: teach.controller.is_busy or teach.result.report is shown)
    return {"seconds": round(time.perf_counter() - started, 1)} | figures


def label_while(window: MainWindow, gaps: Gaps, goes_on: Callable[[], bool]) -> dict[str, Any]:
    """Press label keys, and look at the Teach workspace now and then."""
    gaps.start()
    pressed, began = 0, time.perf_counter()
    while goes_on():
        looks = (time.perf_counter() - began) % LOOK_S > LOOK_S * 2 / 3
        name = "teach" if looks else "label"
        if window.actions_by_id[f"work-{name}"].isChecked() is False:
            gaps.doing = f"to {name}"
            window._use_workspace(name)
            pause(KEY_S)
        gaps.doing = name
        if not looks:
            gaps.doing = "key"
            QTest.keyClick(window, KEYS[pressed % len(KEYS)])
            pressed += 1
        pause(KEY_S)
        if time.perf_counter() - began > PATIENCE_S:
            raise MoodlightError("The teaching does not come to an end.")
    gaps.stop()
    return {"keys": pressed} | gaps.figures()


def wait(condition: Callable[[], bool]) -> None:
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        pause(0.02)
        if time.perf_counter() > end:
            raise MoodlightError("The window does not get that far.")


def pause(seconds: float) -> None:
    QTest.qWait(round(1e3 * seconds))


if __name__ == "__main__":
    main()
