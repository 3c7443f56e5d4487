"""The resident inference process: `python -m core.engine --model DIR` answers requests until its stdin ends.

Requests and events are JSON lines (`core/events.py`). A thread reads requests while the main thread works on them one
after another, so that a cancellation is heard in the middle of an analysis. The end of stdin means that the parent is
gone: the process ends, even from within a long computation.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import torch

from core.audio.decode import read_info
from core.audio.ring import Ring
from core.clips import Listener
from core.errors import EngineError, MoodlightError
from core.events import own_stdout, parse_line, write_event
from core.memory import resident_bytes
from core.paths import default_model_dir
from core.processor import available_cores, give_way
from core.recognizer import Recognizer
from core.segmenting import parse_segmenting
from core.streaming import LiveAnalyser

LOG = logging.getLogger("core.engine")

GRACE_S = 2.0  # between the end of stdin and the end of the process, whatever it is doing
SPEEDS_KEPT = 20  # groups of clips over which the speed is told
TICK_S = 0.05  # between two looks at live sound
NICENESS = 5  # the window goes first
MOST_THREADS = 8  # clips of seconds do not fill more


@dataclass(frozen=True)
class Request:
    """One line of stdin. Its fields are checked when they are asked for."""

    do: str
    id: int | None
    fields: dict[str, Any]

    @classmethod
    def of(cls, message: dict[str, Any]) -> Request:
        """The request in a message; an id that is no whole number counts as none."""
        number = message.get("id")
        whole = isinstance(number, int) and not isinstance(number, bool)
        return cls(str(message.get("do")), number if whole else None, message)

    def text(self, name: str) -> str:
        """A field that must be a text with something in it."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise EngineError(f"A request to {self.do} needs {name!r}, a text.")
        return value

    def seconds(self, name: str) -> float | None:
        """A field that is a number of seconds, or missing."""
        value = self.fields.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise EngineError(f"{name!r} is a number of seconds, not {value!r}.")
        return value


class Engine:
    """Works on requests in the order in which they come; every answer is one line on `out`."""

    def __init__(self, out: IO[str], device: str = "auto") -> None:
        self._out = out
        self._out_lock = threading.Lock()  # both threads answer
        self._device = device
        self._recognizer: Recognizer | None = None
        self._waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._open: set[int | None] = set()  # requests that wait or are worked on
        self._cancelled: set[int | None] = set()
        self._busy: int | None = None
        self._speeds: deque[tuple[float, float]] = deque(maxlen=SPEEDS_KEPT)  # seconds of sound, seconds they took
        self._stopping = threading.Event()
        self._arrived: queue.SimpleQueue[tuple[int | None, Ring, int]] = queue.SimpleQueue()
        self._watching: dict[int | None, tuple[LiveAnalyser, Ring]] = {}
        self._watched: set[int | None] = set()  # rings that are followed, or will be; others may take them out

    def hear(self, lines: Iterable[str]) -> None:
        """Take requests until `stop` or the end: what is quick is answered at once, what is work is queued."""
        for line in lines:
            if not line.strip():
                continue
            try:
                request = Request.of(parse_line(line))
                self._take(request)
            except EngineError as error:
                self._answer("failed", id=None, message=str(error))
            if self._stopping.is_set():
                return
        self.stop()

    def stop(self) -> None:
        """Drop what waits, end what runs at the next clip, and let `work` return."""
        self._stopping.set()
        self._waiting.put(None)

    def work(self, model_dir: Path) -> int:
        """Load the first model, then do what is queued until `stop`. Returns the process's exit code."""
        try:
            self._load(model_dir)
        except Exception as error:  # noqa: BLE001 - without a model there is nothing to live on for
            self._answer("failed", id=None, message=_explain(error))
            return 1
        self._answer("ready", model=self._described())
        try:
            with contextlib.suppress(BrokenPipeError):  # nobody listens any more
                self._work_on_requests()
        finally:
            self._drop_watches()
        return 0

    def _work_on_requests(self) -> None:
        while (request := self._next_request()) is not None and not self._stopping.is_set():
            self._busy = request.id
            try:
                end = self._do(request)
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001 - one request fails, the engine lives on
                end = {"event": "failed", "id": request.id, "message": _explain(error)}
            self._busy = None
            self._open.discard(request.id)
            self._cancelled.discard(request.id)
            self._answer(**end)

    def _next_request(self) -> Request | None:
        """The next one that is work, or None at the end. While it waits for one, live sound is followed."""
        while True:
            self._follow_live_sound()
            try:
                request = self._waiting.get(timeout=TICK_S if self._watched or self._watching else None)
            except queue.Empty:
                continue
            if request is None or request.do != "watch":
                return request

    def _take(self, request: Request) -> None:
        if request.do in ("analyse", "load"):
            self._open.add(request.id)
            self._waiting.put(request)
        elif request.do == "watch":
            self._take_watch(request)
        elif request.do == "unwatch":
            self._watched.discard(request.id)
        elif request.do == "cancel":
            if request.id in self._open:  # what is done needs no cancelling, and its number may be used again
                self._cancelled.add(request.id)
        elif request.do == "status":
            self._answer("status", id=request.id, model=self._described(), busy=self._busy, **self._load_figures())
        elif request.do == "stop":
            self.stop()
        else:
            message = (
                f"There is no request {request.do!r}: do is analyse, watch, unwatch, cancel, load, status or stop."
            )
            self._answer("failed", id=request.id, message=message)

    def _take_watch(self, request: Request) -> None:
        """Attach to a ring: what comes from now on is heard, however busy the other thread is."""
        try:
            ring = Ring.attach(Path(request.text("ring")))
        except MoodlightError as error:
            self._answer("failed", id=request.id, message=str(error))
            return
        self._watched.add(request.id)
        self._arrived.put((request.id, ring, ring.written))
        self._waiting.put(request)  # wakes the other thread

    def _follow_live_sound(self) -> None:
        """Tell what is new in each ring; to be called often, also in the middle of other work."""
        if self._recognizer is None:
            return
        while not self._arrived.empty():
            request_id, ring, start = self._arrived.get()
            self._watching[request_id] = (LiveAnalyser(self._recognizer, ring, start), ring)
        for request_id, (analyser, ring) in list(self._watching.items()):
            end = self._tick(request_id, analyser)
            if end is not None:
                del self._watching[request_id]
                self._watched.discard(request_id)
                ring.close()
                self._answer(**end)

    def _tick(self, request_id: int | None, analyser: LiveAnalyser) -> dict[str, Any] | None:
        """Tell what is new in one ring; its last event, where it was that."""
        if request_id not in self._watched:
            return {"event": "stopped", "id": request_id}
        assert self._recognizer is not None
        analyser.recognizer = self._recognizer
        try:
            for update in analyser.tick():
                self._answer("live", id=request_id, update=update.to_json())
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - one ring fails, the engine lives on
            return {"event": "failed", "id": request_id, "message": _explain(error)}
        return {"event": "done", "id": request_id} if analyser.finished else None

    def _drop_watches(self) -> None:
        while not self._arrived.empty():
            self._arrived.get()[1].close()
        for _, ring in self._watching.values():
            ring.close()
        self._watching.clear()

    def _do(self, request: Request) -> dict[str, Any]:
        """Work on a request; returns its last event."""
        if self._is_cancelled(request.id):
            return {"event": "stopped", "id": request.id}
        if request.do == "load":
            self._load(Path(request.text("model")))
            return {"event": "ready", "id": request.id, "model": self._described()}
        self._analyse(request)
        return {"event": "stopped" if self._is_cancelled(request.id) else "done", "id": request.id}

    def _load(self, model_dir: Path) -> None:
        recognizer = Recognizer.load(model_dir, self._device)
        recognizer.warm_up()
        self._recognizer = recognizer  # only now: where loading fails, the old model stays
        self._speeds.clear()

    def _analyse(self, request: Request) -> None:
        assert self._recognizer is not None  # `work` loads before it takes requests
        file = request.text("file")
        segmenting = parse_segmenting(str(request.fields.get("segment", "speech")))
        start_s, end_s = request.seconds("start") or 0.0, request.seconds("end")
        total_s = max(min(read_info(file).duration_s, float("inf") if end_s is None else end_s) - start_s, 0.0)
        clock = _Clock()

        def progress(done_s: float) -> None:
            self._speeds.append(clock.lap(done_s))
            done, total = round(min(done_s, total_s), 3), round(total_s, 3)
            self._answer("progress", id=request.id, done=done, total=total)

        def note(message: str) -> None:
            self._answer("note", id=request.id, message=message)

        def cancelled() -> bool:  # asked before each block that is read and each group of clips
            self._follow_live_sound()
            return self._is_cancelled(request.id)

        listener = Listener(progress, note, cancelled)
        for prediction in self._recognizer.analyse_file(file, start_s, end_s, segmenting, listener):
            if self._is_cancelled(request.id):
                return
            if not request.fields.get("embed"):
                prediction = replace(prediction, embedding=None)
            self._answer("item", id=request.id, prediction=prediction.to_json())
        progress(total_s)

    def _is_cancelled(self, request_id: int | None) -> bool:
        return self._stopping.is_set() or request_id in self._cancelled

    def _answer(self, event: str, **fields: Any) -> None:
        with self._out_lock:
            write_event(self._out, event, **fields)

    def _described(self) -> dict[str, Any] | None:
        return self._recognizer.describe() if self._recognizer else None

    def _load_figures(self) -> dict[str, Any]:
        laps = list(self._speeds)
        sound_s, took_s = sum(lap[0] for lap in laps), sum(lap[1] for lap in laps)
        return {"memory_mb": round(resident_bytes() / 2**20), "speed": round(sound_s / took_s, 1) if took_s else None}


def _explain(error: Exception) -> str:
    """One sentence for the window; what nobody foresaw goes to the log in full."""
    if isinstance(error, MoodlightError):
        return str(error)
    LOG.error("a request failed", exc_info=error)
    cause = " ".join(f"{type(error).__name__}: {error}".split())
    return f"Something unexpected went wrong ({cause}); the log has the details."


class _Clock:
    """How much sound was done in how long since the last lap."""

    def __init__(self) -> None:
        self._done_s = 0.0
        self._at = time.perf_counter()

    def lap(self, done_s: float) -> tuple[float, float]:
        now = time.perf_counter()
        sound_s, took_s = done_s - self._done_s, now - self._at
        self._done_s, self._at = done_s, now
        return sound_s, took_s


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engine on stdin and stdout."""
    parser = argparse.ArgumentParser(prog="python -m core.engine", description=__doc__)
    parser.add_argument("--model", type=Path, default=None, help="checkpoint folder; the bundled one if not given")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the parent's terminal reaches us too; the parent decides
    _give_way()
    engine = Engine(own_stdout(), options.device)
    threading.Thread(target=_listen, args=(engine,), daemon=True).start()
    return engine.work(options.model or default_model_dir())


def _give_way() -> None:
    """Leave a core to the window: with all of them, threads that wait for one another stall when it takes one."""
    torch.set_num_threads(max(1, min(available_cores() - 1, MOST_THREADS, torch.get_num_threads())))
    give_way(NICENESS)


def _listen(engine: Engine) -> None:
    engine.hear(open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False))  # noqa: SIM115
    engine.stop()
    time.sleep(GRACE_S)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
