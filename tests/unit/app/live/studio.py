"""The whole window, a microphone that is spoken into, and an engine that is told what it hears."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.engine_client import EngineClient
from app.live.panel import LivePanel
from app.main_window import MainWindow
from core.live import LiveUpdate
from core.predictions import Prediction, Word
from core.project.store import Store
from tests.fake_source import FakeBackend

RATE = 16_000
LABELS = ("anger", "happiness", "neutral", "sadness")
NONE = Qt.KeyboardModifier.NoModifier


class ListeningClient(EngineClient):
    """An engine that is there and is told what it hears."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.state = "idle"
        self.model = {
            "name": "small", "folder": str(folder), "scheme": "iemocap4", "labels": list(LABELS),
            "fingerprint": "f1", "parameters": 1, "precision": "float32", "device": "cpu",
        }  # fmt: skip
        self._numbers = count(1)
        self.watching: dict[int, Path] = {}
        self.last = 0

    def watch(self, ring: Path) -> int:
        self.last = next(self._numbers)
        self.watching[self.last] = ring
        return self.last

    def unwatch(self, number: int) -> None:
        self.watching.pop(number, None)

    def analyse(self, path: Path | str, *_: Any, **__: Any) -> int:
        return next(self._numbers)  # what is asked of clips is never answered

    def start(self) -> None:
        return None


def final(start_s: float, end_s: float, emotion: str | None = "anger", text: str = "hello there") -> LiveUpdate:
    """Somebody spoke from `start_s` to `end_s` of the ring."""
    values = {name: 0.7 if name == emotion else 0.1 for name in LABELS} if emotion else {}
    words = tuple(
        Word(word, start_s + 0.2 * place, start_s + 0.2 * place + 0.1, 0.9) for place, word in enumerate(text.split())
    )
    embedding = np.full(4, 0.5, np.float32)
    prediction = Prediction(
        "", start_s, end_s, emotion, 0.7 if emotion else 0.0, values, words, "small", embedding if emotion else None
    )
    start, end = round(start_s * RATE), round(end_s * RATE)
    return LiveUpdate(end, False, start, end, True, values, text, "", prediction)


def speaking(start_s: float, now_s: float, stable: str = "", tail: str = "", **values: float) -> LiveUpdate:
    """Somebody has spoken since `start_s`."""
    now = round(now_s * RATE)
    return LiveUpdate(now, True, round(start_s * RATE), now, False, values, stable, tail)


class Studio:
    """The window as somebody uses it who records."""

    def __init__(self, window: MainWindow, client: ListeningClient, backend: FakeBackend, qtbot: QtBot) -> None:
        self.window, self.client, self.backend, self.qtbot = window, client, backend, qtbot
        self.notes: list[str] = []
        self._rng = np.random.default_rng(0)

    @property
    def live(self) -> LivePanel:
        return self.window.live

    def begin(self) -> Studio:
        """Live comes to the front, and its microphone is open."""
        self.window.use_live()
        self.live.noted.connect(self.notes.append)
        return self.wait(lambda: self.live.controller.microphone.source is not None)

    def wait(self, condition: Callable[[], Any]) -> Studio:
        self.qtbot.waitUntil(lambda: bool(condition()))
        return self

    def speak(self, seconds: float, level: float = 0.3) -> Studio:
        """Sound comes, and is taken in."""
        samples = (level * self._rng.uniform(-1, 1, round(seconds * RATE))).astype(np.float32)
        self.backend.source.push(np.round(samples * 32768) / 32768)
        for _ in range(1 + int(seconds / 2)):
            self.live.tick()
        return self

    def hear(self, update: LiveUpdate, request: int = 0) -> Studio:
        self.client.live.emit(request or self.client.last, update)
        return self

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE, on: QWidget | None = None) -> Studio:
        self.qtbot.keyClick(on or self.window, key, modifier)
        return self

    def open(self, path: Path) -> Studio:
        self.window.open_paths([path])
        return self.wait(lambda: self.window.session.is_open)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the project's file says when everything that was asked for before has been done."""
        found: list[list[tuple[Any, ...]]] = []
        self.window.session.ask(lambda store: store.rows(sql), found.append)
        self.wait(lambda: found)
        return found[0]

    def stop(self) -> Studio:
        """End the recording, and wait until it is in the project."""
        before = len(self.notes)
        self.press(Qt.Key.Key_S)
        return self.wait(lambda: any("in the project" in note for note in self.notes[before:]))

    def clips(self) -> list[tuple[float, float]]:
        return [(start_s, end_s) for start_s, end_s in self.rows("SELECT start_s, end_s FROM clips ORDER BY start_s")]

    def work(self, change: Callable[[Store], object]) -> None:
        self.window.session.do(change)


MakeStudio = Callable[..., Studio]
