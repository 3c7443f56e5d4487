"""How the Live workspace keeps up with sound: frames, from the sound to its column, and what it costs.

    python scripts/bench_live.py [--clips DIR] [--minutes 3]

The real window, with the real engine, records what is played into a PulseAudio null sink in real time. At the end of
each painting it is noted how long the newest column that is shown has been heard: from when its sample was in the ring,
and the device's latency before that. `docs/results/bench-live.json` keeps the figures.
"""

from __future__ import annotations

import argparse
import bisect
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.engine_client import EngineClient
from app.live.picture import LivePicture
from app.main_window import MainWindow
from app.settings import Settings
from app.sound.player import Player
from core.audio.ring import Ring
from core.live_bench import sound_server, write_talk
from core.memory import resident_bytes
from core.paths import default_model_dir, samples_dir
from core.project.opening import create_project

RESULT = Path(__file__).resolve().parent.parent / "docs" / "results" / "bench-live.json"
SOUNDS = {".wav", ".flac", ".opus"}
LOOK_S = 0.002
MOST_CLIPS = 200


class Heard(threading.Thread):
    """When each part of a ring was there."""

    def __init__(self, ring: Ring) -> None:
        super().__init__(daemon=True)
        self._ring, self.written, self.at_s, self.going = ring, [0], [0.0], True

    def run(self) -> None:
        while self.going:
            if (written := self._ring.written) > self.written[-1]:
                self.at_s.append(time.perf_counter())
                self.written.append(written)
            time.sleep(LOOK_S)

    def when(self, sample: int) -> float:
        return self.at_s[min(bisect.bisect_left(self.written, sample), len(self.at_s) - 1)]


class Frames:
    """Paintings of the picture: when each was done, and up to which second of the picture it showed."""

    def __init__(self) -> None:
        self.at_s: list[float] = []
        self.end_s: list[float] = []
        paint, frames = LivePicture.paintEvent, self

        def painted(self: LivePicture, event: Any) -> None:
            paint(self, event)
            frames.at_s.append(time.perf_counter())
            frames.end_s.append(self.end_s)

        LivePicture.paintEvent = painted  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=samples_dir())
    parser.add_argument("--minutes", type=float, default=3.0)
    arguments = parser.parse_args()
    clips = sorted(path for path in arguments.clips.rglob("*") if path.suffix in SOUNDS)
    chosen = [clips[i] for i in sorted(np.random.default_rng(0).permutation(len(clips))[:MOST_CLIPS])]
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as name:
        folder, talk = Path(name), Path(name) / "talk.wav"
        write_talk(talk, chosen, 60 * arguments.minutes)
        with create_project(folder / "bench", annotator="bench") as store:
            project = store.path
        with sound_server(folder) as server:
            figures = measure(application, folder, project, talk, server)
    figures = {
        "command": "python scripts/bench_live.py",
        "minutes": arguments.minutes,
        "cores": os.cpu_count(),
    } | figures
    RESULT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def measure(application: QApplication, folder: Path, project: Path, talk: Path, server: str) -> dict[str, Any]:
    frames = Frames()
    client = EngineClient(default_model_dir(), parent=application)
    client.start()
    window = MainWindow(
        client, Player(), Settings(annotator="bench", live={"folder": str(folder)}), folder / "settings.json"
    )
    window.resize(1280, 800)
    window.show()
    window.projects.open(project)
    while not (window.session.is_open and client.state in ("idle", "busy")):
        QTest.qWait(50)
    window.use_live()
    live = window.live.controller
    while live.microphone.source is None or not live.microphone.source.ring.written:
        QTest.qWait(50)
    source = live.microphone.source
    window.live.record()
    heard = Heard(source.ring)
    heard.start()
    QTest.qWait(2000)
    first, began_s = len(frames.at_s), time.perf_counter()
    computed_s, engine_s, memory = time.process_time(), processor_s(client.process_id), resident_bytes()
    player = subprocess.Popen(["paplay", "--device=moodlight", f"--server={server}", str(talk)])
    while player.poll() is None:
        QTest.qWait(50)
    took_s = time.perf_counter() - began_s
    window_share, engine_share = time.process_time() - computed_s, processor_s(client.process_id) - engine_s
    heard.going = False
    at_s, end_s = np.array(frames.at_s[first:]), frames.end_s[first:]
    gaps_ms = 1000 * np.diff(at_s)
    behind_ms = [
        1000 * (at - heard.when(round(end * source.ring.rate)) + source.latency_s)
        for at, end in zip(at_s, end_s, strict=True)
    ]
    found = {
        "frames a second": round(len(at_s) / took_s, 1),
        "frame median ms": round(float(np.median(gaps_ms)), 1),
        "frame p99 ms": round(float(np.quantile(gaps_ms, 0.99)), 1),
        "frame max ms": round(float(gaps_ms.max()), 1),
        "sound to column median ms": round(float(np.median(behind_ms)), 1),
        "sound to column p95 ms": round(float(np.quantile(behind_ms, 0.95)), 1),
        "of it the device's latency ms": round(1000 * source.latency_s, 1),
        "overflows": live.lost,
        "segments": len(live.log.segments),
        "processor window %": round(100 * window_share / took_s, 1),
        "processor engine %": round(100 * engine_share / took_s, 1),
        "window grown MB": round((resident_bytes() - memory) / 2**20, 1),
    }
    window.live.stop()
    QTest.qWait(500)
    window.close()
    client.shutdown()
    return found


def processor_s(process: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
