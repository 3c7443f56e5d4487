"""The engine, seen from the window: one child process that holds the model, asked over stdin, heard over stdout."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import core
from core.errors import EngineError
from core.events import parse_line
from core.live import LiveUpdate
from core.predictions import Prediction

LOG = logging.getLogger(__name__)

BACKOFF_MS = (200, 1_000, 3_000)  # waits before the first, second and third restart within a minute
DEATH_WINDOW_S = 60.0
MAX_DEATHS_OF_A_REQUEST = 2
STDERR_LINES_KEPT = 20


@dataclass
class Request:
    """An analysis that was asked for and has not been answered to the end."""

    id: int
    file: str
    start_s: float
    end_s: float | None
    segment: str = "speech"
    embed: bool = False
    delivered_until_s: float = float("-inf")  # what a restarted engine repeats is not delivered again
    deaths: int = 0

    def to_json(self) -> dict[str, Any]:
        fields = {"id": self.id, "file": self.file, "start": self.start_s, "end": self.end_s}
        return {"do": "analyse", **fields, "segment": self.segment, "embed": self.embed}


class LineBuffer:
    """Whole lines out of chunks that end anywhere, even inside a character."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line.decode("utf-8", errors="replace") for line in lines if line.strip()]

    def clear(self) -> None:
        self._rest = b""


def engine_command(model_dir: Path) -> list[str]:
    # -P: a folder `core` where the window was started must not take the place of ours.
    return [sys.executable, "-P", "-m", "core.engine", "--model", str(model_dir)]


class EngineClient(QObject):
    """Starts the engine, keeps it alive, and turns its JSON lines into signals.

    States: `stopped`, `loading`, `idle`, `busy`, `restarting` (it died and will be started again) and `failed` (it died
    too often; `restart` tries again). Requests outlive the process: a new one is given what the old one left undone.
    """

    ready = Signal(dict)  # the loaded model: name, folder, scheme, labels, parameters, precision, device
    item = Signal(int, object)  # request, Prediction
    progress = Signal(int, float, float)  # request, seconds done, seconds in all
    done = Signal(int)
    failed = Signal(int, str)  # request (of analyse or load_model), one sentence
    note = Signal(int, str)
    live = Signal(int, object)  # request of `watch`, LiveUpdate
    state_changed = Signal(str)
    died = Signal(str)  # one sentence; `state` tells whether it is being started again

    def __init__(
        self,
        model_dir: Path,
        command: list[str] | None = None,
        backoff_ms: tuple[int, ...] = BACKOFF_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._model_dir = model_dir
        self._command = command
        self._backoff_ms = backoff_ms
        self._ids = count(1)
        self._requests: dict[int, Request] = {}  # in the order in which the engine works on them
        self._loads: dict[int, Path] = {}
        self._watches: dict[int, Path] = {}
        self._deaths: list[float] = []
        self._lines, self._log_lines = LineBuffer(), LineBuffer()
        self._stderr: list[str] = []
        self._problem = ""
        self._process: QProcess | None = None
        self._restart_timer = QTimer(self, singleShot=True)
        self._restart_timer.timeout.connect(self.start)
        self.state = "stopped"
        self.model: dict[str, Any] | None = None

    @property
    def model_dir(self) -> Path:
        return self._model_dir

    @property
    def process_id(self) -> int:
        return self._process.processId() if self._process else 0

    def start(self) -> None:
        """Start the process if it does not run."""
        if self._process is not None:
            return
        self._restart_timer.stop()
        self._lines.clear()
        self._log_lines.clear()
        self._stderr.clear()
        self._problem = ""
        program, *arguments = self._command or engine_command(self._model_dir)
        process = QProcess(self)
        process.setProgram(program)
        process.setArguments(arguments)
        process.setProcessEnvironment(child_environment())
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_log)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_process_error)
        self._process = process
        self._set_state("loading")
        process.start()

    def restart(self) -> None:
        """Start again after the client gave up, or replace a running engine by a fresh one."""
        self._deaths.clear()
        for request in self._requests.values():
            request.deaths = 0
        self._end_process(patience_ms=0)
        self.start()

    def analyse(
        self,
        path: Path | str,
        start: float = 0.0,
        end: float | None = None,
        *,
        segment: str = "speech",
        embed: bool = False,
    ) -> int:
        """Ask for a file, or a part of it in seconds; the answers carry the number that is returned.

        `segment` is as the engine has it (`none`: all of it is one clip); `embed` asks for z_e with each prediction.
        """
        request = Request(next(self._ids), str(Path(path).absolute()), start, end, segment, embed)
        self._requests[request.id] = request
        if self.state in ("idle", "busy"):
            self._send(request.to_json())
            self._set_state("busy")
        return request.id

    def watch(self, ring: Path) -> int:
        """Listen to live sound, until `unwatch` or its end; `live` tells what is heard.

        A fresh engine is asked again, and may repeat what the one before it had said.
        """
        number = next(self._ids)
        self._watches[number] = ring
        if self.state in ("idle", "busy"):
            self._send_watch(number)
        return number

    def unwatch(self, number: int) -> None:
        """Listen no longer; nothing more is heard of it."""
        if self._watches.pop(number, None) is not None and self.state in ("idle", "busy"):
            self._send({"do": "unwatch", "id": number})

    def _send_watch(self, number: int) -> None:
        self._send({"do": "watch", "id": number, "ring": str(self._watches[number])})

    def cancel(self, request_id: int) -> None:
        """Forget a request; nothing more is heard of it."""
        if self._requests.pop(request_id, None) is None:
            return
        if self.state == "busy":
            self._send({"do": "cancel", "id": request_id})
            self._update_activity()

    def load_model(self, folder: Path) -> int:
        """Switch to another checkpoint; `ready` or `failed` answers."""
        load_id = next(self._ids)
        if self.state in ("idle", "busy"):
            self._loads[load_id] = folder
            self._send({"do": "load", "id": load_id, "model": str(folder.absolute())})
        else:
            self._model_dir = folder
            self.restart()
        return load_id

    def shutdown(self, patience_ms: int = 2_000) -> None:
        """End the process: ask, wait, terminate, kill. Open requests are forgotten."""
        self._restart_timer.stop()
        self._requests.clear()
        self._loads.clear()
        self._watches.clear()
        self._end_process(patience_ms)
        self._set_state("stopped")

    def _end_process(self, patience_ms: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.blockSignals(True)
        if process.state() != QProcess.ProcessState.NotRunning:
            process.write(b'{"do":"stop"}\n')
            process.closeWriteChannel()
            patience_ms = 0 if self.state == "loading" else patience_ms  # it listens only when that is done
            if not process.waitForFinished(patience_ms):
                process.terminate()
                if not process.waitForFinished(1_000):
                    process.kill()
                    process.waitForFinished(1_000)
        process.deleteLater()

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is not None:
            self._process.write(json.dumps(message).encode() + b"\n")

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    def _update_activity(self) -> None:
        self._set_state("busy" if self._requests else "idle")

    # What the process says

    def _on_output(self) -> None:
        process = self._process
        if process is None:
            return
        for line in self._lines.feed(bytes(process.readAllStandardOutput().data())):
            if self._process is not process:  # a listener ended it
                return
            try:
                self._on_event(parse_line(line))
            except (EngineError, KeyError, TypeError, ValueError) as error:
                LOG.error("The engine wrote a line that makes no sense (%s): %.200s", error, line)

    def _on_log(self) -> None:
        if self._process is None:
            return
        lines = self._log_lines.feed(bytes(self._process.readAllStandardError().data()))
        for line in lines:
            LOG.info("engine: %s", line)
        self._stderr = (self._stderr + lines)[-STDERR_LINES_KEPT:]

    def _on_event(self, event: dict[str, Any]) -> None:
        kind, request_id = event["event"], event.get("id")
        if kind == "ready":
            self._on_ready(event["model"], request_id)
        elif request_id in self._watches:
            self._on_live(request_id, event)
        elif kind == "failed" and request_id not in self._requests:
            self._on_other_failure(request_id, event["message"])
        elif request_id in self._requests:  # what was cancelled is no longer there
            self._on_answer(self._requests[request_id], event)

    def _on_ready(self, model: dict[str, Any], load_id: int | None) -> None:
        self.model = model
        if load_id is None:
            for request in self._requests.values():
                self._send(request.to_json())
            for number in self._watches:
                self._send_watch(number)
        else:
            self._model_dir = self._loads.pop(load_id, self._model_dir)
        self._update_activity()
        self.ready.emit(model)

    def _on_live(self, number: int, event: dict[str, Any]) -> None:
        if event["event"] == "live":
            self.live.emit(number, LiveUpdate.from_json(event["update"]))
        elif event["event"] in ("done", "failed", "stopped"):
            del self._watches[number]
            if event["event"] == "failed":
                self.failed.emit(number, event["message"])

    def _on_other_failure(self, request_id: int | None, message: str) -> None:
        if request_id in self._loads:
            del self._loads[request_id]
            self.failed.emit(request_id, message)
        elif request_id is None and self.state == "loading":
            self._problem = message  # its last words: the model cannot be loaded
        else:
            LOG.error("engine: %s", message)

    def _on_answer(self, request: Request, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "item":
            prediction = Prediction.from_json(event["prediction"])
            if prediction.end_s > request.delivered_until_s:
                request.delivered_until_s = prediction.end_s
                self.item.emit(request.id, prediction)
        elif kind == "progress":
            self.progress.emit(request.id, float(event["done"]), float(event["total"]))
        elif kind == "note":
            self.note.emit(request.id, event["message"])
        elif kind in ("done", "failed", "stopped"):
            del self._requests[request.id]
            self._update_activity()
            if kind == "done":
                self.done.emit(request.id)
            elif kind == "failed":
                self.failed.emit(request.id, event["message"])

    # Its end

    def _on_process_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # no `finished` follows
            self._on_death("it could not be started")

    def _on_finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self._on_log()
        crashed = status == QProcess.ExitStatus.CrashExit
        self._on_death(f"killed by signal {exit_code}" if crashed else f"exit code {exit_code}")

    def _on_death(self, how: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.deleteLater()
        LOG.error("The engine ended (%s). Its last lines:\n%s", how, "\n".join(self._stderr))
        suspect = next(iter(self._requests.values()), None) if self.state == "busy" else None
        self._loads.clear()
        self._schedule_restart(self._problem or self._cause(how))
        if suspect is not None:
            self._blame(suspect)

    def _cause(self, how: str) -> str:
        if self.state != "loading":
            return f"The engine stopped unexpectedly ({how})."
        last = next((line.strip() for line in reversed(self._stderr) if line.strip()), "")
        return f"The engine could not start ({how})" + (f": {last}" if last else ".")

    def _schedule_restart(self, cause: str) -> None:
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < DEATH_WINDOW_S] + [now]
        if self._problem or len(self._deaths) > len(self._backoff_ms):  # a model that cannot be loaded will not improve
            self._set_state("failed")
            self.died.emit(cause)
            return
        self._restart_timer.start(self._backoff_ms[len(self._deaths) - 1])
        self._set_state("restarting")
        self.died.emit(cause)

    def _blame(self, request: Request) -> None:
        request.deaths += 1
        if request.deaths >= MAX_DEATHS_OF_A_REQUEST and request.id in self._requests:
            del self._requests[request.id]
            name = Path(request.file).name
            self.failed.emit(request.id, f"{name} was left out: the engine stopped twice while it was analysed.")


def child_environment() -> QProcessEnvironment:
    environment = QProcessEnvironment.systemEnvironment()
    package_root = str(Path(core.__file__).resolve().parent.parent)
    others = environment.value("PYTHONPATH", "")
    separator = ";" if sys.platform == "win32" else ":"
    environment.insert("PYTHONPATH", separator.join(filter(None, [package_root, others])))
    environment.insert("PYTHONUTF8", "1")
    return environment
