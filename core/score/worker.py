"""A process that reads recordings and has models say what is in them; its parent is `core.score.crew`.

Three threads: one hears the parent, one reads ahead, and the main one computes. What the process is at stands in memory
that it shares with its parent (`Signs`), which looks there when the process has died or gone silent. This module
imports no torch, so that the parent can name it; what it loads does.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any, Protocol

from core.clips import Clip, Listener
from core.errors import MoodlightError
from core.predictions import Prediction
from core.score.items import Item, Plan, Result

LOG = logging.getLogger(__name__)

CHUNK_S = 120.0  # of sound that is computed together, at most
FIRST_CHUNK_S = 10.0  # of a worker: the first results come soon
NOTHING = -1
ARENAS = 2  # of glibc: each of many threads would keep freed memory in one of its own
_M_ARENA_MAX = -8


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker does.

    Attributes:
        plan: models, and how recordings are cut.
        scorer: dotted name of a function that takes the plan and gives a `Scorer`.
    """

    plan: Plan
    scorer: str = "core.score.models.load_models"


class Scorer(Protocol):
    """What a worker needs for its work; each of the two methods is called by a thread of its own."""

    device: str

    def read(self, item: Item, listener: Listener) -> Iterator[Clip]:
        """The clips of an item; the listener hears the seconds that are read, up to the end."""

    def score(self, clips: Sequence[Clip]) -> list[tuple[Prediction, ...]]:
        """What each model says of each clip."""


class Signs(ctypes.Structure):
    """What a worker is at, in memory that it shares with its parent."""

    _fields_ = (
        ("reading", ctypes.c_longlong),  # number of the item, or NOTHING
        ("computing", ctypes.c_longlong),  # 1 while models compute
        ("beats", ctypes.c_longlong),  # grows as long as the worker gets on
        ("heard_s", ctypes.c_double),  # of the item that is being read
    )


@dataclass
class _Chunk:
    """Clips that are computed together, each with the number of its item, and the items that end with them."""

    clips: list[tuple[int, Clip]] = field(default_factory=list)
    ended: list[tuple[int, Result]] = field(default_factory=list)
    sound_s: float = 0.0


def work(pipe: Connection, spec: WorkerSpec, signs: Any) -> None:
    """Be a worker until the parent closes the pipe, or is no more.

    Args:
        pipe: brings `("group", [(number, item), ...])` and `("pause", bool)`; takes `("ready", device)`,
            `("results", [(number, result), ...])`, and `("failed", sentence)` where the models cannot be loaded.
        spec: what to do.
        signs: `Signs`, shared with the parent.
    """
    with suppress(ConnectionError):  # the parent is no more
        _work(pipe, spec, signs)
    os._exit(0)


def _work(pipe: Connection, spec: WorkerSpec, signs: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    _prepare_memory()
    inbox: queue.SimpleQueue[list[tuple[int, Item]]] = queue.SimpleQueue()
    going = threading.Event()
    going.set()
    threading.Thread(target=_listen, args=(pipe, inbox, going), daemon=True).start()
    try:
        scorer: Scorer = _load(spec)
    except MoodlightError as error:
        pipe.send(("failed", str(error)))
        return
    except Exception as error:
        LOG.exception("a worker cannot begin")
        pipe.send(("failed", f"The models cannot be loaded: {type(error).__name__}: {error}"))
        return
    pipe.send(("ready", scorer.device))
    chunks: queue.Queue[_Chunk] = queue.Queue(1)
    threading.Thread(target=_Reader(scorer, inbox, chunks, going, signs).run, daemon=True).start()
    computer = _Computer(scorer, signs, spec.plan.embeddings)
    while True:
        if results := computer.results_of(chunks.get()):
            pipe.send(("results", results))


def _prepare_memory() -> None:
    gc.freeze()  # what was loaded before a fork stays shared as long as nobody writes there, as collecting it would
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, ARENAS)


def _load(spec: WorkerSpec) -> Scorer:
    import core.score.one_core  # noqa: F401 before what computes, where nobody has imported that yet

    module, _, name = spec.scorer.rpartition(".")
    scorer: Scorer = getattr(importlib.import_module(module), name)(spec.plan)
    return scorer


def _listen(pipe: Connection, inbox: queue.SimpleQueue[list[tuple[int, Item]]], going: threading.Event) -> None:
    with suppress(EOFError, OSError):
        while True:
            kind, value = pipe.recv()
            if kind == "group":
                inbox.put(value)
            elif value:
                going.clear()
            else:
                going.set()
    os._exit(0)  # the parent has closed the pipe or died: whatever the other threads are at, it is for nobody


class _Reader:
    """Reads items ahead of the computation, as far as the queue lets it."""

    def __init__(
        self,
        scorer: Scorer,
        inbox: queue.SimpleQueue[list[tuple[int, Item]]],
        chunks: queue.Queue[_Chunk],
        going: threading.Event,
        signs: Any,
    ) -> None:
        self._scorer, self._inbox, self._chunks, self._going, self._signs = scorer, inbox, chunks, going, signs
        self._listener = Listener(progress=self._hear, ended=self._hear)
        self._chunk = _Chunk()
        self._most_s = FIRST_CHUNK_S

    def run(self) -> None:
        try:
            while True:
                for number, item in self._inbox.get():
                    self._going.wait()
                    self._read(number, item)
                self._hand_on()
        except BaseException:  # the parent must see that nobody reads any more
            LOG.exception("a worker cannot read")
            os._exit(1)

    def _read(self, number: int, item: Item) -> None:
        notes: list[str] = []
        self._hear(0.0)
        self._signs.reading = number
        try:
            for clip in self._scorer.read(item, replace(self._listener, note=notes.append)):
                self._going.wait()
                self._add(number, clip)
            result = Result(note=" ".join(notes), sound_s=self._signs.heard_s)
        except MoodlightError as error:
            result = Result(failure=str(error), cause=getattr(error, "cause", "") or "unexpected")
        except Exception as error:  # one recording of many; the others go on
            LOG.exception("%s failed", item.file)
            result = Result(failure=f"Unexpected {type(error).__name__}: {error}", cause="unexpected")
        self._signs.reading = NOTHING
        self._chunk.ended.append((number, result))

    def _hear(self, done_s: float) -> None:
        self._signs.heard_s = done_s
        self._signs.beats += 1

    def _add(self, number: int, clip: Clip) -> None:
        self._signs.beats += 1
        seconds = clip.end_s - clip.start_s
        if self._chunk.clips and self._chunk.sound_s + seconds > self._most_s:
            self._hand_on()
        self._chunk.clips.append((number, clip))
        self._chunk.sound_s += seconds

    def _hand_on(self) -> None:
        reading, self._signs.reading = self._signs.reading, NOTHING  # waiting for the computation is not reading
        self._chunks.put(self._chunk)
        self._signs.reading = reading
        self._chunk, self._most_s = _Chunk(), CHUNK_S


class _Computer:
    """Has the models say something of chunks, and puts the predictions of each item together."""

    def __init__(self, scorer: Scorer, signs: Any, embeddings: bool) -> None:
        self._scorer, self._signs, self._embeddings = scorer, signs, embeddings
        self._open: dict[int, list[tuple[Prediction, ...]]] = {}  # clip by clip, of items that have not ended
        self._failed: dict[int, Result] = {}

    def results_of(self, chunk: _Chunk) -> list[tuple[int, Result]]:
        self._signs.computing = 1
        self._compute(chunk.clips)
        results = [(number, self._result(number, read)) for number, read in chunk.ended]
        self._signs.computing = 0
        self._signs.beats += 1
        return results

    def _compute(self, clips: list[tuple[int, Clip]]) -> None:
        clips = [(number, clip) for number, clip in clips if number not in self._failed]
        if not clips:
            return
        try:
            answers = self._scorer.score([clip for _, clip in clips])
        except Exception as error:  # of one clip, or of too many at once: each item by itself tells
            numbers = list(dict.fromkeys(number for number, _ in clips))
            if len(numbers) == 1:
                LOG.exception("clips could not be computed")
                sentence = f"Unexpected {type(error).__name__}: {error}"
                self._failed[numbers[0]] = Result(failure=sentence, cause="unexpected")
                return
            for each in numbers:
                self._compute([(number, clip) for number, clip in clips if number == each])
            return
        for (number, _), answer in zip(clips, answers, strict=True):
            self._open.setdefault(number, []).append(answer if self._embeddings else tuple(map(_bare, answer)))

    def _result(self, number: int, read: Result) -> Result:
        by_clip = self._open.pop(number, [])
        failed = self._failed.pop(number, None)
        if failed or read.failure:
            return failed or read
        by_model = zip(*by_clip, strict=True)
        return replace(read, predictions=tuple(one for model in by_model for one in model))


def _bare(prediction: Prediction) -> Prediction:
    return replace(prediction, embedding=None)
