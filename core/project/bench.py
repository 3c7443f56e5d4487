"""How fast a large project is: opened, filtered, labelled, in a process without torch as the window's is."""

from __future__ import annotations

import gc
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from core.memory import resident_bytes
from core.project.annotations import annotate
from core.project.opening import create_project, open_project
from core.project.predictions import ClipPrediction, model_number, save_predictions
from core.project.queue import done, open_queue, queue_ids, queue_rows
from core.project.recordings import Found, insert_clips, insert_recording
from core.project.store import Store

CLIPS = 100_000
LABELS = ("anger", "happiness", "neutral", "sadness")
WIDTH = 256  # of z_e
KEYS = 300  # labels that are given one by one
FILTERS = ("state:open", "label:anger confidence<0.4", "clip number 99", "hello 777")
PAGE = 60  # rows that fill a screen
Figures = dict[str, float]


def make_large_project(path: Path, clips: int = CLIPS) -> None:
    """A project of so many clips, each with a prediction, four in ten labelled; its recordings are not there."""
    generator = np.random.default_rng(0)
    with create_project(path, annotator="bench") as store:
        with store.command("Add"):
            for number in range(clips):
                file = path.parent / f"call {number % 100}" / f"clip number {number}.wav"
                fact = Found(file, uuid.uuid4().hex, 96_000, 3.0)
                insert_clips(store, insert_recording(store, fact, f"{number % 91}"), [(0.0, 3.0)])
        model = model_number(store, "0" * 12, "bench", LABELS)
        probabilities = generator.dirichlet([0.5] * len(LABELS), clips)
        save_predictions(
            store,
            model,
            (
                ClipPrediction(number + 1, row, f"HELLO THIS IS CLIP {number}", generator.normal(size=WIDTH))
                for number, row in enumerate(probabilities)
            ),
        )
        annotate(store, list(range(1, 1 + clips * 4 // 10)), 1, label="anger")


def measure_project(path: Path) -> Figures:
    """Milliseconds, and megabytes of memory, of what an annotator waits for."""
    gc.collect()
    before = resident_bytes()
    figures: Figures = {}
    started = time.perf_counter()
    with open_project(path, "bench") as store:
        open_queue(store, 1, 1)
        ids = queue_ids(store)
        queue_rows(store, ids[:PAGE])
        figures["open"] = _since(started)
        figures["filter"] = max(_best(partial(queue_ids, store, text)) for text in FILTERS)
        queue_ids(store, sort="confidence")  # the first time makes the index
        figures["sort"] = _best(lambda: queue_ids(store, sort="confidence"))
        figures["page"] = _best(lambda: queue_rows(store, ids[5000 : 5000 + PAGE]))
        figures["count"] = _best(lambda: done(store))
        keys = list(_key_times(store, ids[-KEYS:]))
        figures["key median"], figures["key p99"] = (float(np.quantile(keys, part)) for part in (0.5, 0.99))
        figures["undo"] = _best(store.undo)
        figures["memory"] = (resident_bytes() - before) / 1e6
    return figures


def _key_times(store: Store, clips: np.ndarray) -> Iterator[float]:
    """From a label to its being on the disk and the next rows being there."""
    for number, clip in enumerate(clips.tolist()):
        started = time.perf_counter()
        annotate(store, [clip], 1, label=LABELS[number % len(LABELS)], seconds=1.0)
        queue_rows(store, clips[number : number + 2])
        yield _since(started)


def _since(started: float) -> float:
    return 1e3 * (time.perf_counter() - started)


def _best(work: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(_since(started))
    return float(np.median(times))


def project_figures(clips: int = CLIPS) -> Figures:
    """Measure a large project in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, get_context("spawn").Pool(1) as pool:
        path = Path(folder) / "large.moodlight"
        make_large_project(path, clips)
        return pool.apply(measure_project, (path,))
