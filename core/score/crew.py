"""Worker processes that are kept at work, watched, and replaced when they die.

An item that kills the process that works on it, or brings it to a halt, costs itself and no other: where it is not
clear which item it was, those that the process had are given out again one by one.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from multiprocessing import connection
from multiprocessing.context import BaseContext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.errors import MoodlightError
from core.processor import available_cores
from core.score.items import Item, Result
from core.score.places import is_remote, remove_copies
from core.score.worker import NOTHING, Signs, WorkerSpec, work

PATIENCE_S = 120.0
START_PATIENCE_S = 300.0  # for the models of a slow disk
REMOTE_PATIENCE = 10  # times as much: a file that is being fetched gives no sign
ASLEEP_S = 10.0  # not looked at for so long: this process stood still, too
END_S = 1.0  # that workers have to end by themselves
GROUP_ITEMS = 64
FIRST_ITEMS = 8  # of a worker: the first results come soon
GPU_WORKERS = 2  # on one device: one reads while the other one computes
FAILED_STARTS = 3  # in a row
FORKS = sys.platform == "linux"  # elsewhere libraries do not outlive a fork, or there is none

Job = tuple[int, Item]


def begin_loading(spec: WorkerSpec) -> None:
    """Have what workers import loaded in the background, where they are forked; of use before a crew has work."""
    if FORKS:
        from multiprocessing import forkserver

        _context(spec)
        with _interrupt_held_back():
            forkserver.ensure_running()


class Crew:
    """Workers and what they have to do. To be used by one thread; ends its workers when left.

    Attributes:
        begun: a worker has loaded its models.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        workers: int | None = None,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start no worker yet: that happens when there is something to do.

        Args:
            spec: what a worker does.
            workers: how many at most; a core each if not given, or two where a graphics card computes.
            patience_s: after so many seconds without a sign of life a worker is given up.
            clock: tells the seconds.
        """
        self._spec, self._patience_s, self._clock = spec, patience_s, clock
        self._fixed = workers is not None
        self._wanted = workers or _likely_workers(spec.plan.device)
        self._items: Iterator[Job] = iter(())
        self._next: deque[Job] = deque()  # those of `_items` that come first
        self._alone: deque[Job] = deque()  # one of them may have killed a worker
        self._left = 0  # not given out
        self._workers: list[_Worker] = []
        self._failed_starts = 0
        self._paused = False
        self._looked = clock()
        self.begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def feed(self, items: Iterable[Job], count: int) -> None:
        """Add to what there is to do.

        Args:
            items: each with a number of its own; taken one after the other as workers need them.
            count: how many they are, roughly.
        """
        self._items = chain(self._items, items)
        self._left += count
        self._look_ahead()

    @property
    def done(self) -> bool:
        """Every item has a result."""
        return not (self._next or self._alone or any(worker.jobs for worker in self._workers))

    @property
    def heard_s(self) -> float:
        """Seconds of sound that were read of items without a result so far."""
        return sum(worker.signs.heard_s for worker in self._workers if worker.signs.reading in worker.jobs)

    def pause(self, paused: bool) -> None:
        """Give out nothing and have nothing read, or go on."""
        if paused != self._paused:
            self._paused = paused
            for worker in self._workers:
                worker.tell("pause", paused)

    def wait(self, timeout_s: float) -> list[tuple[int, Result]]:
        """Keep the workers at work until there are results, or the time is over.

        Raises:
            MoodlightError: the models cannot be loaded.
        """
        self._staff()
        for worker in self._workers:
            self._supply(worker)
        if not self._workers:
            return []
        ready = connection.wait([worker.pipe for worker in self._workers], timeout_s)
        results: list[tuple[int, Result]] = []
        for worker in [worker for worker in self._workers if worker.pipe in ready]:
            results += self._hear(worker)
        return results + self._watch()

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._workers:
            worker.pipe.close()
        end = time.monotonic() + END_S
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            worker.end()
        self._workers.clear()

    def _look_ahead(self) -> None:
        self._next.extend(islice(self._items, max(0, GROUP_ITEMS - len(self._next))))

    def _staff(self) -> None:
        """Start workers as long as there is more to do than workers that wait for it."""
        waiting = sum(not worker.jobs for worker in self._workers)
        to_do = max(self._left, len(self._next)) + len(self._alone)
        for _ in range(min(self._wanted - len(self._workers), to_do - waiting)):
            self._workers.append(_Worker(self._spec, self._clock()))

    def _supply(self, worker: _Worker) -> None:
        """One group is worked on, and one is there when it is done."""
        if not worker.ready or worker.alone or self._paused:
            return
        if self._alone:
            if not worker.jobs:
                worker.give([self._alone.popleft()])
                worker.alone = True
            return
        while self._next and len(worker.jobs) <= (size := self._group_size(worker)):
            worker.give([self._next.popleft() for _ in range(min(size, len(self._next)))])
            self._left = max(0, self._left - size)
            self._look_ahead()

    def _group_size(self, worker: _Worker) -> int:
        """Smaller at the end, so that all workers end together."""
        most = GROUP_ITEMS if worker.fed else FIRST_ITEMS
        return max(1, min(most, self._left // (2 * self._wanted)))

    def _hear(self, worker: _Worker) -> list[tuple[int, Result]]:
        results: list[tuple[int, Result]] = []
        try:
            while worker.pipe.poll():
                kind, value = worker.pipe.recv()
                if kind == "failed":
                    raise MoodlightError(value)
                if kind == "ready":
                    self._welcome(worker, value)
                else:
                    results += value
                    worker.take_back(number for number, _ in value)
        except (EOFError, OSError):
            results += self._bury(worker, "crashed")
        return results

    def _welcome(self, worker: _Worker, device: str) -> None:
        worker.ready = self.begun = True
        self._failed_starts = 0
        if not self._fixed:
            self._wanted = available_cores() if device == "cpu" else GPU_WORKERS
        if self._paused:
            worker.tell("pause", True)

    def _watch(self) -> list[tuple[int, Result]]:
        """Give up workers that are silent for too long."""
        now = self._clock()
        asleep = now - self._looked > ASLEEP_S
        self._looked = now
        results: list[tuple[int, Result]] = []
        for worker in list(self._workers):
            idle = worker.ready and (self._paused or not worker.jobs)
            if worker.beats != worker.signs.beats or idle or asleep:
                worker.beats, worker.seen = worker.signs.beats, now
            elif now - worker.seen > self._patience_with(worker):
                results += self._bury(worker, "hung")
        return results

    def _patience_with(self, worker: _Worker) -> float:
        if not worker.ready:
            return max(START_PATIENCE_S, self._patience_s)
        item = worker.jobs.get(worker.signs.reading)
        return self._patience_s * (REMOTE_PATIENCE if item and is_remote(item.file) else 1)

    def _bury(self, worker: _Worker, cause: str) -> list[tuple[int, Result]]:
        """End a worker; the result of the item that is to blame for it, where that is known."""
        worker.end()
        self._workers.remove(worker)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise MoodlightError(
                    f"The processes that score end before they have begun (exit code {worker.exit_code}): "
                    "is there memory enough for so many of them? --workers 1 needs the least."
                )
        jobs, reading = worker.jobs, worker.signs.reading
        if worker.alone:
            ((number, item),) = jobs.items()
        elif reading in jobs and not worker.signs.computing:
            number, item = reading, jobs.pop(reading)
            self._next.extendleft(reversed(jobs.items()))
            self._left += len(jobs)
        else:
            if reading in jobs:  # the first to be suspected
                self._alone.append((reading, jobs.pop(reading)))
            self._alone.extend(jobs.items())
            return []
        name = Path(item.file).name
        what = "died" if cause == "crashed" else f"gave no sign of life for {self._patience_with(worker):.0f} s"
        return [(number, Result(failure=f"{name} cannot be scored: the process that read it {what}.", cause=cause))]


class _Worker:
    """A process and what it has to do."""

    def __init__(self, spec: WorkerSpec, now: float) -> None:
        context = _context(spec)
        self.pipe, theirs = context.Pipe()
        self.signs: Any = context.RawValue(Signs)
        self.signs.reading = NOTHING
        self.process = context.Process(target=work, args=(theirs, spec, self.signs), daemon=True)  # type: ignore[attr-defined]
        try:
            with _interrupt_held_back():
                self.process.start()
        except (EOFError, OSError) as error:  # there is no process left for it, or it cannot import what it needs
            reason = str(error) or "it ended at once"
            raise MoodlightError(f"A process that scores cannot be started: {reason}.") from error
        theirs.close()
        self.jobs: dict[int, Item] = {}
        self.ready = self.alone = self.fed = False
        self.beats, self.seen = 0, now
        self.exit_code: int | None = None

    def give(self, jobs: list[Job]) -> None:
        self.jobs.update(jobs)
        self.fed = True
        self.tell("group", [(number, Item(item.file, item.start_s, item.end_s)) for number, item in jobs])

    def take_back(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.jobs.pop(number, None)
        self.alone = self.alone and bool(self.jobs)

    def tell(self, kind: str, value: Any) -> None:
        if self.ready:
            with suppress(OSError):  # it has died, which is found out where it is heard
                self.pipe.send((kind, value))

    def end(self) -> None:
        pid = self.process.pid or 0
        self.process.kill()
        self.process.join()
        self.exit_code = self.process.exitcode
        remove_copies(pid)
        self.process.close()
        self.pipe.close()


def _context(spec: WorkerSpec) -> BaseContext:
    """Where it can be, workers are forked from a process that has imported what they need: they share it."""
    context = multiprocessing.get_context("forkserver" if FORKS else "spawn")
    if FORKS:
        context.set_forkserver_preload(["core.score.one_core", spec.scorer.rpartition(".")[0]])
    return context


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Ctrl-C comes to this process a moment later, and never to one that is started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _likely_workers(device: str) -> int:
    """How many to start with; where the models are loaded, it is known better."""
    graphics = device.startswith(("cuda", "mps")) or (device == "auto" and shutil.which("nvidia-smi") is not None)
    return GPU_WORKERS if graphics else available_cores()
