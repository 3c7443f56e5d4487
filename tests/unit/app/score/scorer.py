"""The window as somebody uses it who scores folders, and the child process that does so without a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.score.panel import ScorePanel

NONE = Qt.KeyboardModifier.NoModifier
MODEL = "small"
CHILD = """
import json, sys, threading, time
from pathlib import Path
from core.predictions import Prediction, Word
from core.score.items import Item, Result
from core.score.journal import Journal

marks, arguments, asked = Path(sys.argv[0]).parent, sys.argv[1:], []
(marks / "arguments.json").write_text(json.dumps(arguments), encoding="utf-8")
labels = ["anger", "happiness", "neutral", "sadness"]

def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)

def listen():
    for line in sys.stdin:
        asked.append(json.loads(line)["do"])
    asked.append("stop")

def result_of(file):
    if "bad" in file.name:
        return Result((), f"{file.name} is not a sound file.", "damaged")
    emotion = next((label for label in labels if label in file.name), None)
    sure = 0.45 if "unsure" in file.name else 0.8
    values = {label: sure if label == emotion else (1 - sure) / 3 for label in labels} if emotion else {}
    words = tuple(Word(word, 0.2 * n, 0.2 * n + 0.1, 0.9) for n, word in enumerate(("it", "is", file.stem)))
    said = Prediction(str(file), 0.0, 2.5, emotion, sure if emotion else 0.0, values, words if emotion else (), "small")
    return Result((said,), sound_s=2.5)

def wait():
    # the test says in a file `go` how many files may be done
    while "stop" not in asked:
        paused = bool(asked) and asked[-1] == "pause"
        if paused != state["paused"]:
            state["paused"] = paused
            show()
        go = marks / "go"
        if not paused and go.exists() and state["done"] < int(go.read_text() or 10**9):
            return
        time.sleep(0.01)

def show():
    counts = journal.counts()
    tell("progress", total=counts.total, done=counts.done, failed=counts.failed, clips=counts.clips,
         sound_s=counts.sound_s, rate_files=61.2, rate_sound=148.3, left_s=100.0, emotions=counts.emotions,
         paused=state["paused"])

if (marks / "refuses").exists():
    sys.stderr.write("a library warns\\nmoodlight: There is no sound file in there.\\n")
    sys.exit(2)
threading.Thread(target=listen, daemon=True).start()
end = arguments.index("-o")
out = Path(arguments[end + 1])
files = []
for each in map(Path, arguments[:end]):
    files += sorted(each.rglob("*.wav")) if each.is_dir() else [each]
journal = Journal.open(out.with_name(out.name + ".journal"), {"models": ["small"]}, fresh="--no-resume" in arguments)
journal.list((Item(str(file)) for file in files), lambda file: (1, 1))
counts = journal.counts()
state = {"paused": False, "done": counts.done}
print("a library says hello")
tell("started", out=str(out), journal=str(journal.path), total=counts.total, done=counts.done, failed=counts.failed,
     models=["small"], labels=labels)
for number, item in journal.to_do():
    wait()
    if "stop" in asked:
        tell("stopped", done=state["done"], total=counts.total)
        sys.exit(130)
    result = result_of(Path(item.file))
    if result.failure:
        tell("note", message=result.failure)
    journal.keep([(number, result)])
    state["done"] += 1
    show()
tell("writing")
counts = journal.counts()
journal.close()
out.write_text("file,start\\n")
summary = out.with_suffix(".html")
summary.write_text("<html></html>")
tell("done", out=str(out), outputs=[str(out), str(summary)], rows=counts.done - counts.failed, failed=counts.failed,
     errors="")
sys.exit(1 if counts.failed else 0)
"""


class Scorer:
    """The window as somebody uses it who scores folders."""

    def __init__(self, window: MainWindow, marks: Path, qtbot: QtBot) -> None:
        self.window, self.marks, self.qtbot = window, marks, qtbot
        self.notes: list[str] = []
        self.panel.noted.connect(self.notes.append)

    @property
    def panel(self) -> ScorePanel:
        return self.window.score

    def wait(self, condition: Callable[[], Any]) -> Scorer:
        self.qtbot.waitUntil(lambda: bool(condition()))
        return self

    def add(self, *paths: Path) -> Scorer:
        self.panel.add(paths)
        return self.settle()

    def settle(self) -> Scorer:
        """Until the disk has been asked."""
        return self.wait(lambda: self.panel.is_settled)

    def go(self, files: int | None = None) -> Scorer:
        """Let the child do so many files in all."""
        part = self.marks / "go.part"
        part.write_text("" if files is None else str(files))
        part.replace(self.marks / "go")
        return self

    def start(self) -> Scorer:
        self.panel.start_button.click()
        return self.wait(lambda: self.panel.run.progress.total or not self.panel.run.is_running)

    def finish(self) -> Scorer:
        """Let it do all of them, and wait until the table has them."""
        self.go().wait(lambda: not self.panel.run.is_running)
        return self.wait(lambda: self.panel.model.rowCount() == self.panel.run.progress.done).wait_rows()

    def wait_rows(self) -> Scorer:
        return self.wait(lambda: self.panel.model.rowCount() and self.panel.model.row_at(0) is not None)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE, on: QWidget | None = None) -> Scorer:
        self.qtbot.keyClick(on or self.window, key, modifier)
        return self

    def rows(self) -> list[list[str]]:
        """What the table shows, once it has been read."""
        model = self.panel.model
        self.wait(lambda: all(model.row_at(row) is not None for row in range(model.rowCount())))
        return [
            [str(model.index(row, column).data()) for column in range(model.columnCount())]
            for row in range(model.rowCount())
        ]

    def shows(self, files: list[str]) -> bool:
        return [row[0] for row in self.rows()] == files

    @property
    def arguments(self) -> list[str]:
        found: list[str] = json.loads((self.marks / "arguments.json").read_text(encoding="utf-8"))
        return found


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


MakeScorer = Callable[..., Scorer]
