"""The whole window with a project whose clips are labelled, and a teaching that is told by writing its events."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings
from core.paths import resources_dir
from core.project.annotations import annotate
from core.project.opening import create_project
from core.project.recordings import add_files
from core.project.store import Store
from core.teach_job import Job

OLD_TASK = resources_dir() / "old-task"
LABELS = ("anger", "happiness", "neutral", "sadness")
Ask = Callable[[Callable[[Store], Any]], Any]


def write_project(path: Path, each: int = 5, labels: tuple[str, ...] = LABELS) -> Path:
    """A project of bundled clips of several speakers, so many of each label, all labelled but one."""
    with (OLD_TASK / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["emotion"] in labels]
    chosen = [row for name in labels for row in [row for row in rows if row["emotion"] == name][:each]]
    with create_project(path, annotator="ana") as store:
        add_files(store, [OLD_TASK / row["file"] for row in chosen] or [OLD_TASK / "clips" / "1048_IEO_ANG_LO.opus"])
        for row in chosen:
            clip = clip_named(store, row["file"])
            annotate(store, [clip], 1, label=row["emotion"])
            with store.command("Speaker") as connection:
                connection.execute("UPDATE clips SET speaker = ? WHERE id = ?", (row["speaker"], clip))
        return store.path


def clip_named(store: Store, file: str) -> int:
    sql = "SELECT clips.id FROM clips JOIN recordings ON recordings.id = recording WHERE path LIKE ?"
    return int(store.value(sql, (f"%{Path(file).name}",)))


def make_report(job: Job, *, measured: bool = True) -> dict[str, Any]:
    """What a teaching leaves, with invented figures."""
    with (job.folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        files = [[str(job.folder / row["file"]), float(row["start"]), None] for row in csv.DictReader(stream)][:8]

    def side(ua: float, recall: list[float], coverage: list[list[float]]) -> dict[str, Any]:
        figure = {"value": ua, "low": ua - 0.1, "high": ua + 0.1}
        confusion = [[2 if row == column else 0 for column in range(4)] for row in range(4)]
        return {
            "ua": figure, "wa": figure, "recall": recall, "confusion": confusion, "ece": 0.1, "coverage": coverage
        }  # fmt: skip

    comparison = {
        "labels": list(LABELS), "clips": 8, "speakers": 2, "gained": [0, 1], "lost": [2], "p": 0.01,
        "before": side(0.4, [0.5, 0.2, 0.9, 0.0], [[0.0, 1.0, 0.4]]),
        "after": side(0.7, [0.7, 0.6, 0.9, 0.6], [[0.0, 1.0, 0.7], [0.5, 0.5, 0.8], [0.8, 0.2, 1.0]]),
        "change": {"value": 0.3, "low": 0.1, "high": 0.5},
        "sentence": "Better: 2 of 8 held-out clips gained, 1 lost, p = 0.01.",
    }  # fmt: skip
    kept = {"ua": {"value": 0.74, "low": 0.7, "high": 0.8}, "wer": {"value": 0.67, "low": 0.6, "high": 0.7}}
    kept |= {"emotion_clips": 136, "word_clips": 30}
    return {
        "recipe": {"method": "all"}, "parent": "", "comparison": comparison if measured else None, "files": files,
        "plan": "Measured by cross-validation in 4 folds, by speaker.", "old_before": kept, "old_after": kept,
        "temperature": 1.0, "seconds": 12.0, "notes": ["One clip could not be read and taught nothing."],
    }  # fmt: skip


class FakeWorker:
    """In place of the process that teaches: the test says what it tells."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.starts = 0
        self._lock: FileLock | None = None

    def start(self, job: Job) -> bool:
        self.job, self.starts = job, self.starts + 1
        self._lock = job.lock()
        self._lock.acquire()
        return True

    def tell(self, event: str, **fields: Any) -> None:
        assert self.job is not None
        with (self.job.folder / "events.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"event": event, **fields}) + "\n")

    def die(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def finish(self, *, measured: bool = True) -> None:
        assert self.job is not None
        self.job.run_dir.mkdir()
        shutil.copytree(resources_dir() / "models" / "default", self.job.model_dir)
        weights = self.job.model_dir / "model.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= self.starts  # another fingerprint
        weights.write_bytes(bytes(content))
        report = make_report(self.job, measured=measured)
        (self.job.run_dir / "report.json").write_text(json.dumps(report), encoding="utf-8")
        self.tell("done", name=self.job.name, sentence="Better.")
        self.die()


class Teacher:
    """The window as somebody who teaches uses it."""

    def __init__(self, window: MainWindow, worker: FakeWorker, qtbot: QtBot) -> None:
        self.window, self.panel, self.worker, self.qtbot = window, window.teach, worker, qtbot

    def open(self, path: Path) -> Teacher:
        self.window.open_paths([path])
        self.wait(lambda: self.panel.controller.look is not None)
        return self

    def wait(self, condition: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()))

    def ask(self, work: Callable[[Store], Any]) -> Any:
        found: list[Any] = []
        self.window.session.ask(work, found.append)
        self.wait(lambda: found)
        return found[0]

    def teach(self) -> Job:
        before = self.worker.starts
        self.panel.card.button.click()
        self.wait(lambda: self.worker.starts > before)
        assert self.worker.job is not None
        return self.worker.job

    def teach_to_the_end(self, *, measured: bool = True) -> None:
        self.teach()
        self.worker.finish(measured=measured)
        self.wait(lambda: self.panel.result.isVisible() and self.panel.result.deciding.isVisible())

    @property
    def note(self) -> str:
        return self.window.status.activity.full_text


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


MakeTeacher = Callable[..., Teacher]


@pytest.fixture
def make_teacher(
    engine_folder: Path, bundled_model: Path, player: Any, tmp_path: Path, qtbot: QtBot
) -> Iterator[MakeTeacher]:
    made: list[Teacher] = []

    def make(settings: Settings | None = None) -> Teacher:
        client = EngineClient(bundled_model, [sys.executable, str(engine_folder / "engine.py")], backoff_ms=(1, 1, 1))
        settings = settings or Settings(theme="light", annotator="ana", autoplay=False, workspace="teach")
        window = MainWindow(client, player, settings, tmp_path / "settings.json")
        worker = FakeWorker()
        window.teach.controller._start = worker.start
        made.append(Teacher(window, worker, qtbot))
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return made[-1]

    yield make
    for teacher in made:
        teacher.worker.die()
        teacher.window.close()
        teacher.window.controller.client.shutdown(patience_ms=500)
        teacher.window.deleteLater()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "work")


@pytest.fixture
def make_project() -> Callable[..., Path]:
    return write_project


@pytest.fixture
def teacher(make_teacher: MakeTeacher, project: Path) -> Teacher:
    return make_teacher().open(project)


@pytest.fixture
def say() -> Callable[[QWidget], str]:
    """What a widget says at the moment."""
    return texts
