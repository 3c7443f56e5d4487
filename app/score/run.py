"""The process that scores, and what it has told. It ends with the window; what is done is kept, and gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

from app.child_command import ChildCommand
from app.score.sentences import GO_ON
from app.score.state import Finished, Progress, Started

PATIENCE_MS = 10_000  # for it to stop when it is asked to
LEAVING_MS = 3_000
STARTING = "The background process is started, and lists the files."
OUTSIDE = "The background process was ended from outside. What is done is kept. " + GO_ON


class ScoreRun(ChildCommand):
    """Files are scored. `ended` is the last signal of a run; its stdin takes wishes."""

    started = Signal(object)  # Started

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent, PATIENCE_MS)
        self.progress = Progress()
        self.message = ""
        self.finished: Finished | None = None
        self._status, self._why = "", ""

    def start(self, command: Sequence[str], folder: Path) -> None:
        """Start the command in a folder."""
        self.leave()
        self.progress, self.message, self.finished = Progress(), STARTING, None
        self._status, self._why = "", ""
        self._launch(command, folder, listens=True)

    def toggle_pause(self) -> None:
        if self._process is not None:
            _ask(self._process, "go-on" if self.progress.paused else "pause")

    def stop(self) -> None:
        """What is done is kept, and is gone on with by the next start."""
        if self.is_running and not self.stopping:
            self.message = "It is being stopped."
            self._begin_to_stop()

    def leave(self) -> None:
        """Nobody is interested any more: end it, and say nothing."""
        self._leave(LEAVING_MS)

    def _ask_to_end(self, process: QProcess) -> None:
        _ask(process, "stop")

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        if kind == "started":
            self.progress, self.message = Progress.of(event), ""
            self.started.emit(Started.of(event))
        elif kind == "progress":
            self.progress = Progress.of(event)
        elif kind == "note":
            self.message = str(event["message"])
        elif kind == "writing":
            self.message = "All files are scored. The table is being written."
        elif kind == "done":
            self.finished, self._status = Finished.of(event), "done"
        elif kind == "stopped":
            self._status = "stopped"
        elif kind == "failed":
            self._status, self._why = "failed", str(event["message"])

    def _shown(self) -> tuple[Progress, str, str]:
        return self.progress, self.message, self._status

    def _how_it_ended(self, _code: int, *, crashed: bool) -> tuple[str, str]:
        self.message = ""
        if self._status:
            return self._status, self._why
        if self.stopping:
            return "stopped", ""
        return "failed", OUTSIDE if crashed else self._complaint()


def _ask(process: QProcess, what: str) -> None:
    process.write(json.dumps({"do": what}).encode("ascii") + b"\n")
