"""An engine without a model: a real child process that speaks its language and does what a file's name says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.engine_client import EngineClient

PATIENCE_MS = 60_000

ENGINE = """
import base64, json, os, struct, sys, threading, time
from functools import partial
from pathlib import Path

labels = ["anger", "happiness", "neutral", "sadness"]
marks = Path(sys.argv[0]).parent
lock, cancelled, requests, more = threading.Lock(), set(), [], threading.Semaphore(0)

def say(event, **fields):
    data = json.dumps({"event": event, **fields}, ensure_ascii=False).encode() + b"\\n"
    with lock:  # in two pieces, which may cut a character
        for piece in (data[:41], data[41:]):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()

def ready(folder, **fields):
    say("ready", model={"name": "fake " + Path(folder).name, "folder": folder, "scheme": "iemocap4", "labels": labels,
                        "fingerprint": "fingerprint of " + Path(folder).name,
                        "parameters": 1_500_000, "precision": "float32", "device": "cpu"}, **fields)

def item(request, start, end, emotion, words=()):
    values = {name: 0.7 if name == emotion else 0.1 for name in labels} if emotion else {}
    words = [[word, start + 0.2 * n, start + 0.2 * n + 0.15, 0.9] for n, word in enumerate(words)]
    say("item", id=request["id"], prediction={"file": request["file"], "start": start, "end": end, "emotion": emotion,
        "confidence": 0.7 if emotion else 0.0, "probabilities": values, "words": words, "model": "fake"})

def hear(request):
    # one clip: the name of its file says what is heard in it
    name, start, end = Path(request["file"]).name, request["start"], request["end"]
    emotion = None if "silence" in name else next((label for label in labels if label in name), "anger")
    values = {name: 0.7 if name == emotion else 0.1 for name in labels} if emotion else {}
    said = {"file": request["file"], "start": start, "end": end, "emotion": emotion,
            "confidence": 0.7 if emotion else 0.0, "probabilities": values,
            "words": [["as", start, end, 0.9], ["heard", start, end, 0.9]] if emotion else [], "model": "fake"}
    if emotion and request["embed"]:
        place = [labels.index(emotion) + 1.0, sum(map(ord, name)) % 97 / 97, start, end]
        said["embedding"] = base64.b64encode(struct.pack("<4e", *place)).decode()
    say("item", id=request["id"], prediction=said)
    say("done", id=request["id"])

def first_time(what):
    mark = marks / (what + ".mark")
    seen = mark.exists()
    mark.touch()
    return not seen

def analyse(request):
    name = Path(request["file"]).name
    if "refused" in name:
        return say("failed", id=request["id"], message=f"{name} is not a sound file.")
    if request["segment"] == "none":
        return hear(request)
    if "truncated" in name:
        say("note", id=request["id"], message=f"{name} is truncated after 0.5 s.")
    if "silence" in name:
        item(request, 0.0, 1.0, None)
        return say("done", id=request["id"])
    say("progress", id=request["id"], done=0.0, total=2.0)
    item(request, 0.0, 1.0, "anger", ["früher", "war", "alles"])
    if "kills-always" in name or "kills-once" in name and first_time("died"):
        os._exit(9)
    while "slow" in name and request["id"] not in cancelled and not (marks / "go").exists():
        time.sleep(0.005)
    if request["id"] in cancelled:
        return say("stopped", id=request["id"])
    item(request, 1.0, 2.5, "sadness", ["besser"])
    say("progress", id=request["id"], done=2.0, total=2.0)
    say("done", id=request["id"])

def work():
    while True:
        more.acquire()
        request = requests.pop(0)
        if request["do"] == "load" and "missing" in request["model"]:
            say("failed", id=request["id"], message="There is no model there.")
        elif request["do"] == "load":
            ready(request["model"], id=request["id"])
        elif request["id"] not in cancelled:
            analyse(request)

if (marks / "broken").exists():
    print("no luck today", file=sys.stderr, flush=True)
    sys.exit(3)
if (marks / "unloadable").exists():
    say("failed", message="model.safetensors is damaged.")
    sys.exit(2)
ready(str(marks / "default"))
threading.Thread(target=work, daemon=True).start()
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "stop" and not (marks / "stubborn").exists():
        break
    if request["do"] == "cancel":
        cancelled.add(request["id"])
    elif request["do"] in ("analyse", "load"):
        requests.append(request)
        more.release()
while (marks / "stubborn").exists():
    time.sleep(0.05)
os._exit(0)
"""


@pytest.fixture
def qtbot(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QtBot:
    """Waits longer than usual before it gives up: child processes are slow to start where the machine is busy."""
    for name in ("waitUntil", "waitSignal"):
        monkeypatch.setattr(qtbot, name, partial(getattr(qtbot, name), timeout=PATIENCE_MS))
    return qtbot


@pytest.fixture
def engine_folder(tmp_path: Path) -> Path:
    """Where the engine's script lies; a file `go`, `broken`, `unloadable` or `stubborn` in it changes what it does."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "engine.py").write_text(ENGINE, encoding="utf-8")
    return folder


@pytest.fixture
def make_client(engine_folder: Path, qtbot: QtBot) -> Iterator[Callable[[], EngineClient]]:
    clients: list[EngineClient] = []

    def make() -> EngineClient:
        command = [sys.executable, str(engine_folder / "engine.py")]
        clients.append(EngineClient(engine_folder / "default", command, backoff_ms=(1, 1, 1)))
        return clients[-1]

    yield make
    for client in clients:
        client.shutdown(patience_ms=500)


class SilentPlayer(QObject):
    """A player that plays nothing and remembers what it was asked; the position is moved by the test."""

    position_changed = Signal(float)
    state_changed = Signal(str)
    unavailable = Signal(str)
    failed = Signal(str)

    def __init__(self, unavailable_reason: str = "") -> None:
        super().__init__()
        self.unavailable_reason = unavailable_reason
        self.source: Path | None = None
        self.loop: tuple[float, float] | None = None
        self.playing = False
        self.sought: list[float] = []

    def set_source(self, path: Path | None) -> None:
        self.source = path

    def toggle(self) -> None:
        self.playing = not self.playing
        self.state_changed.emit("playing" if self.playing else "paused")

    def pause(self) -> None:
        self.playing = False
        self.state_changed.emit("paused")

    def seek(self, time_s: float) -> None:
        self.sought.append(time_s)

    def set_loop(self, span: tuple[float, float] | None) -> None:
        self.loop = span

    def refresh(self) -> None:
        self.unavailable_reason = ""
        self.unavailable.emit("")

    def close(self) -> None:
        self.playing = False


@pytest.fixture
def player() -> SilentPlayer:
    return SilentPlayer()
