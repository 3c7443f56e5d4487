"""The process that speaks with Ray: groups of items in, names of finished parts out. Its parent: `core.score.cluster`.

A process of its own, because nothing but its end interrupts Ray at once, and because Ray writes to stdout as it likes.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import threading
import time
import warnings
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from core.errors import MoodlightError
from core.processor import available_cores
from core.score.items import Item, Plan
from core.score.scorer import Scorer, Task, item_table, ship

OBJECT_STORE = 256 << 20  # bytes, of a cluster of this machine: the models, and what of the listing is on its way
KNOCK_S = 10.0
GRACE_S = 1.0  # to end by itself, if it is at nothing

Group = list[tuple[int, Item]]


@dataclass(frozen=True)
class Order:
    """What a driver is to do.

    Attributes:
        address: of the cluster, as `score_on_cluster` takes it.
        workers: actors at most, or None.
        plan: what results depend on.
        parts: address of the folder for results.
        identity: of the plan.
    """

    address: str
    workers: int | None
    plan: Plan
    parts: str
    identity: dict[str, Any]


def drive(pipe: Connection, order: Order) -> None:
    """Be the driver until the parent closes the pipe, or is no more.

    Args:
        pipe: brings groups of items, and the largest size of a group to have those before it scored; takes `("ready",
            actors)`, `("answer", {"part": ..., "error": ...})`, `("over", "")` when all groups of a round had their
            turn, and `("failed", sentence)`.
        order: what to do.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # Ray's own logs say more, and the parent's stdout may be for a machine to read
        os.dup2(silence, stream)
    inbox: queue.SimpleQueue[Group | int | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, inbox), daemon=True).start()
    try:
        _drive(pipe, order, inbox)
    except MoodlightError as error:
        pipe.send(("failed", str(error)))
    except Exception as error:  # noqa: BLE001 told to the parent
        pipe.send(("failed", f"The cluster cannot go on: {_first_line(error)}"))


def _listen(pipe: Connection, inbox: queue.SimpleQueue[Group | int | None]) -> None:
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        inbox.put(None)
    time.sleep(GRACE_S)
    os._exit(0)  # Ray ends what an absent driver has begun


def _drive(pipe: Connection, order: Order, inbox: queue.SimpleQueue[Group | int | None]) -> None:
    ray = _connect(order)
    device, actors = _actors(ray, order.plan.device, order.workers)
    models = tuple(ship(folder, ray.put) for folder in order.plan.models)
    task = Task(replace(order.plan, device=device), models, str(Path.cwd()), order.parts, order.identity)
    pipe.send(("ready", actors))
    blocks: list[Any] = []
    while (sent := inbox.get()) is not None:
        if not isinstance(sent, int):
            blocks.append(ray.put(item_table(sent)))
            continue
        for table in _scored(ray, blocks, sent, actors, task):
            for row in table.to_pylist():
                pipe.send(("answer", row))
        pipe.send(("over", ""))
        blocks = []
    ray.shutdown()


def _scored(ray: Any, blocks: list[Any], size: int, actors: int, task: Task) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of options of actors: pyproject.toml says up to when
        dataset = ray.data.from_arrow_refs(blocks).map_batches(
            Scorer,
            fn_constructor_kwargs={"task": task},
            batch_format="pyarrow",
            batch_size=size,
            num_cpus=1,
            num_gpus=1 if task.plan.device == "cuda" else None,
            concurrency=(1, actors),
            max_restarts=-1,
            max_task_retries=0,  # rounds are what tries again, see `core.score.cluster`
        )
    return dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)


def _connect(order: Order) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray is imported
    import ray
    import ray.data

    _knock(order.address)
    cores = order.workers or available_cores()
    own: dict[str, Any] = {"num_cpus": cores, "object_store_memory": OBJECT_STORE, "include_dashboard": False}
    try:
        ray.init(order.address, log_to_driver=False, **(own if order.address == "local" else {}))
    except Exception as error:
        message = f"There is no cluster to work with at {order.address}: {_first_line(error)}"
        raise MoodlightError(message) from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.max_errored_blocks = -1
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


def _knock(address: str) -> None:
    """Ray would wait for a machine that is not there for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()
    except OSError as error:
        raise MoodlightError(f"There is no cluster to work with at {address}: {error.strerror or error}.") from error


def _actors(ray: Any, device: str, workers: int | None) -> tuple[str, int]:
    """Where an actor computes, and how many of them there are at most."""
    resources = ray.cluster_resources()
    if device == "auto":
        device = "cuda" if resources.get("GPU") else "cpu"
    kind = device.partition(":")[0]
    there = int(resources.get("GPU" if kind == "cuda" else "CPU", 0))
    if not there:
        raise MoodlightError(f"The cluster has no machine that can compute with {kind!r}.")
    return kind, workers or there


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
