"""The same run on many machines: a listing goes out over Ray Data, results come back as Parquet parts.

What is kept of a run is what is in its parts. Ray sees to where groups of items are scored. A group whose machine went
is left out of its round and belongs to the next one: an actor that waits to be started again, on a cluster that has
become smaller, would keep its groups for ever.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Self

from core.errors import MoodlightError
from core.score.driver import Group, Order, drive
from core.score.items import Item, Plan, Result
from core.score.journal import Journal
from core.score.parts import PartFolder, same_item
from core.score.places import is_remote, stamp
from core.score.run import Control, Meter, Progress

GROUPS_A_WORKER = 16  # so that all end at about the same time
LEAST_GROUP, LARGEST_GROUP = 4, 512  # items: what is lost with a machine, and how small a part may be
PARTS_TOGETHER = 200  # whose rows are compared with the listing in one pass over it
IDLE_ROUNDS = 3  # without a single part: a machine that goes is no longer the reason
LOOK_S = 0.2
END_S = 2.0  # that the driver has to end by itself


def score_on_cluster(
    journal: Journal,
    plan: Plan,
    address: str,
    parts: str,
    workers: int | None = None,
    control: Control | None = None,
    told: Callable[[Progress], None] = lambda progress: None,
    said: Callable[[str], None] = lambda message: None,
    fresh: bool = False,
) -> Progress:
    """Score on a Ray cluster what a journal lists, as `core.score.run.score_items` does on one machine.

    Complete parts of an earlier run whose driver was killed are taken first. A pause gives the machines back.

    Args:
        journal: holds the listing; gets the results.
        plan: what they depend on. `auto` is a GPU an actor where the cluster has any.
        address: `local` (starts a cluster of this machine), `auto`, `host:port` or `ray://host:port`.
        parts: a folder that all machines see under this name, or an address that fsspec opens.
        workers: actors at most; as many as the cluster has processors (or GPUs) if not given.
        control: pauses and stops.
        told: of progress, at most five times a second and at the end.
        said: a sentence for each failure and note.
        fresh: parts of earlier runs do not count.

    Raises:
        MoodlightError: Ray is not installed, there is no cluster, parts cannot be written, or an actor cannot work.
    """
    if find_spec("ray") is None:
        raise MoodlightError("Ray is missing: pip install 'moodlight[cluster]', on all machines.")
    control = control or Control()
    place = parts if is_remote(parts) else str(Path(parts).absolute())
    run = _Run(journal, plan, place, told, said)
    if fresh:
        run.parts.clear()
    run.take_parts()
    while run.left and not control.stopped:
        if control.paused:
            run.meter.tick(working=False, paused=True)
            time.sleep(LOOK_S)
            continue
        with _Driver(Order(address, workers, plan, place, run.parts.identity)) as driver:
            run.go_on(driver, control)
    progress = run.meter.progress(control.paused)
    told(progress)
    return progress


class _Run:
    """What is known of a run by the process that holds the journal."""

    def __init__(
        self,
        journal: Journal,
        plan: Plan,
        parts: str,
        told: Callable[[Progress], None],
        said: Callable[[str], None],
    ) -> None:
        counts = journal.counts()
        self.parts = PartFolder(parts, plan.identity())
        self.meter = Meter(counts, len(plan.models), told)
        self.left = counts.total - counts.done
        self._journal, self._said = journal, said
        self._to_do = bytearray()  # by number: a byte an item, of millions of items
        for number, _ in journal.to_do():
            self._to_do.extend(bytes(number - len(self._to_do)))
            self._to_do.append(1)
        self._taken: set[str] = set()

    def take_parts(self) -> None:
        """Keep what is in parts of which nobody has told: their driver was killed, or their machine went too soon."""
        names = [name for name in self.parts.names() if name not in self._taken]
        for at in range(0, len(names), PARTS_TOGETHER):
            together = names[at : at + PARTS_TOGETHER]
            keys: dict[int, dict[str, dict[str, Any]]] = {}  # by number, then by part
            for name in together:
                for key in self._open_keys(name):
                    keys.setdefault(key["number"], {})[name] = key
            if not keys:
                continue
            same = {
                (name, number)
                for number, item in self._journal.to_do()
                for name, key in keys.get(number, {}).items()
                if same_item(key, item) and _is_unchanged(key, item.file)
            }
            for name in together:
                self._keep([(number, result) for number, result in self.parts.read(name) if (name, number) in same])
        self._taken.update(names)

    def go_on(self, driver: _Driver, control: Control) -> None:
        """Score what is left, in rounds, until all is done or the control wishes otherwise."""
        idle = 0
        while self.left and not _is_to_end(control):
            before = self.left
            self._round(driver, control)
            self.take_parts()
            idle = 0 if self.left < before else idle + 1
            if idle == IDLE_ROUNDS and not _is_to_end(control):
                raise MoodlightError(
                    "The machines of the cluster end before they have scored anything: see Ray's logs."
                )
            if self.left and not _is_to_end(control):
                self._said(f"Machines of the cluster went: {self.left} of {before} files are given out again.")

    def _round(self, driver: _Driver, control: Control) -> None:
        for name in driver.score(self._journal.to_do(), self.left):
            if name:
                self._taken.add(name)
                self._keep(self.parts.read(name))
            self.meter.tick(working=driver.actors > 0)
            if _is_to_end(control):
                return

    def _keep(self, results: list[tuple[int, Result]]) -> None:
        results = [(number, result) for number, result in results if self._is_open(number)]
        self._journal.keep(results)
        self.meter.add(results)
        self.left -= len(results)
        for number, result in results:
            self._to_do[number] = 0
            for sentence in filter(None, (result.failure, result.note)):
                self._said(sentence)

    def _open_keys(self, name: str) -> Iterator[dict[str, Any]]:
        """Of a part's rows those that could stand for an item without a result; what failed is tried again."""
        for key in self.parts.keys(name):
            if self._is_open(key["number"]) and not key["failure"]:
                yield key

    def _is_open(self, number: int) -> bool:
        return number < len(self._to_do) and bool(self._to_do[number])


def _is_to_end(control: Control) -> bool:
    return control.stopped or control.paused


def _is_unchanged(key: dict[str, Any], file: str) -> bool:
    return (key["size"], key["mtime_ns"]) == stamp(file)


class _Driver:
    """The process that speaks with Ray, see `core.score.driver`. It ends with the block, whatever it is at."""

    def __init__(self, order: Order) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=drive, args=(theirs, order), daemon=True)
        self._process.start()
        theirs.close()
        self.actors = 0  # as soon as it is known

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(END_S)
        self._process.kill()
        self._process.join()
        self._process.close()

    def score(self, items: Iterator[tuple[int, Item]], count: int) -> Iterator[str]:
        """Have items scored once.

        Yields:
            The names of their parts; "" where there is none for a moment.

        Raises:
            MoodlightError: there is no cluster, it cannot go on, or an actor cannot work.
        """
        while not self.actors:
            kind, value = self._hear()
            self.actors = value if kind == "ready" else 0
            yield ""
        size = min(max(count // (self.actors * GROUPS_A_WORKER), LEAST_GROUP), LARGEST_GROUP)
        while group := list(islice(items, size)):
            self._tell(group)
        self._tell(size)
        while True:
            kind, value = self._hear()
            if kind == "over":
                return
            yield value["part"] if kind == "answer" else ""

    def _tell(self, what: Group | int) -> None:
        with suppress(OSError):  # it has died, which is found out where it is heard
            self._pipe.send(what)

    def _hear(self) -> tuple[str, Any]:
        heard: tuple[str, Any] = ("", None)
        try:
            if self._pipe.poll(LOOK_S):
                heard = self._pipe.recv()
        except (EOFError, OSError):
            raise MoodlightError("The process that spoke with the cluster died: the same command goes on.") from None
        kind, value = heard
        error = value if kind == "failed" else value["error"] if kind == "answer" else ""
        if error:
            raise MoodlightError(error)
        return heard
