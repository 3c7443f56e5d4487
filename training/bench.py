"""Benchmarks of training: what the loader costs, and what a large manifest takes of the memory."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from pathlib import Path

from core.bench import Benchmark, Result
from core.checkpoint import load_checkpoint
from core.features import FRAMES_PER_SECOND
from core.memory import give_back_free_memory, resident_bytes
from core.paths import default_model_dir, samples_dir
from training.batches import Batch, ClipDataset, load_batches, loader_workers, plan_batches, split_plan
from training.feature_store import FeatureStore, open_features, open_stream
from training.loop import Task, Trainer
from training.manifest import Clip, of_split, read_manifest, write_manifest
from training.parallel import ALONE
from training.pretrain import ctc_loss, encode_all, train_tokenizer
from training.progress import LineProgress
from training.recipe import Augmentation, Data, Optimisation, PretrainRecipe

ROUNDS = 3
STEPS = 8  # a round
STEP_S = 30.0  # seconds of sound a step
TEXT = "IT WAS A SENTENCE OF SOME THIRTY WORDS AS THEY STAND IN BOOKS THAT ARE READ ALOUD "
ROWS = 300_000
LOADERS = 2  # processes, while the memory is measured


@dataclass(frozen=True)
class Source:
    """Where the batches of a benchmark come from."""

    dataset: ClipDataset
    plan: list[list[int]]
    workers: int

    def batches(self) -> Iterator[Batch]:
        """The batches of a round, made by the loader."""
        return load_batches(self.dataset, split_plan(self.plan, self.dataset, ALONE), 1, 0, self.workers)


def training(clips: Sequence[Path]) -> Iterator[Result]:
    """Steps of the bundled model on batches from the loader, against the same steps on batches already in memory.

    Args:
        clips: recordings of a few seconds.
    """
    parent = load_checkpoint(default_model_dir())
    model = parent.model
    with tempfile.TemporaryDirectory() as name:
        trainer = Trainer(model, Optimisation(learning_rate=1e-6), Path(name), 1, LineProgress())
        task: Task[Batch] = Task(
            batches=lambda number: [],
            losses=lambda batch: [("ctc", ctc_loss(model, batch))],
            validate=dict,
        )

        def step(batch: Batch) -> None:
            trainer._step(task, [lambda: batch])

        for form in ("stored", "streamed"):
            rows = [Clip(path, transcript="A SENTENCE OF FEW WORDS") for path in clips]
            store = open_features(rows, Augmentation().speeds, Path(name), form)
            dataset = ClipDataset(store, encode_all(store, parent.tokenizer), augmentation=Augmentation())
            source = Source(dataset, _plan(store), loader_workers(store, ALONE))
            speed, share = _compare(source, step)
            where = f"{form}, {source.workers} loader processes"
            yield Result(f"training on {where}", speed, "s/s", "-")
            yield Result("  of the speed on batches in memory", 100 * share, "%", ">= 95")


def _plan(store: FeatureStore) -> list[list[int]]:
    plan = plan_batches(store.lengths(), STEP_S * FRAMES_PER_SECOND, 1)
    return (plan * (1 + (STEPS + 1) // len(plan)))[: STEPS + 1]


def _compare(source: Source, step: Callable[[Batch], None]) -> tuple[float, float]:
    """Seconds of sound a second from the loader, and that speed's share of the speed from memory."""
    held = list(source.batches())
    seconds = sum(batch.seconds for batch in held[1:])
    loaded: list[float] = []
    kept: list[float] = []
    for number in range(ROUNDS + 1):
        for times, batches in ((loaded, source.batches()), (kept, iter(held))):
            elapsed = _time_steps(batches, step)
            if number:  # the first round does not count
                times.append(elapsed)
    shares = [memory / loader for memory, loader in zip(kept, loaded, strict=True)]
    return seconds / statistics.median(loaded), statistics.median(shares)


def _time_steps(batches: Iterator[Batch], step: Callable[[Batch], None]) -> float:
    """Seconds of all steps but the first: a pass has thousands, and loader processes start once in it."""
    step(next(batches))
    started = time.perf_counter()
    for batch in batches:
        step(batch)
    return time.perf_counter() - started


def memory(clips: Iterable[Path] = (), rows: int = ROWS) -> Iterator[Result]:
    """What a run with a manifest of many rows and streamed features holds, its loader processes included.

    The network, which is the same for any manifest, is not counted.

    Args:
        clips: not used; the rows name parts of the bundled samples.
        rows: of the manifest.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as name:
        manifest = write_many(Path(name), rows)
        worker = context.Process(target=_report_memory, args=(manifest, there))
        worker.start()
        there.close()
        try:
            empty, peak, loaders = here.recv()
        finally:
            worker.join()
            here.close()
    yield Result("memory before the manifest is read", empty / 1e6, "MB", "-")
    yield Result(f"memory of {rows:,} rows, {LOADERS} loader processes", (peak + loaders) / 1e6, "MB", "<= 2000")


def write_many(folder: Path, rows: int) -> Path:
    """A manifest of many rows in `folder`, as a large corpus of read books has them: parts of the bundled samples."""
    samples = sorted(samples_dir().glob("*.flac"))
    for number in range(min(rows, 1_000)):
        (folder / f"speaker-{number:04}").symlink_to(samples_dir().resolve(), target_is_directory=True)
    clips = (
        Clip(
            folder / f"speaker-{number % 1_000:04}" / samples[number % len(samples)].name,
            number % 100 / 100,
            number % 100 / 100 + 1 + number % 7,
            speaker=f"corpus:{number % 2_000}",
            transcript=f"{TEXT}{TEXT}NUMBER {number}",
            split="dev" if number % 2_000 == 0 else "train",
        )
        for number in range(rows)
    )
    write_manifest(clips, folder / "many.csv")
    return folder / "many.csv"


def _report_memory(manifest: Path, pipe: Connection) -> None:
    empty = resident_bytes()
    recipe = PretrainRecipe("many", Data((manifest.name,), features="streamed"))
    store = open_stream(of_split(read_manifest(manifest), "train"), recipe.augmentation.speeds, manifest.parent)
    tokenizer = train_tokenizer(recipe, store, manifest.parent)
    dataset = ClipDataset(store, encode_all(store, tokenizer), augmentation=recipe.augmentation)
    give_back_free_memory()
    plan = plan_batches(store.lengths(), recipe.optimisation.batch_s * FRAMES_PER_SECOND, 1)
    batches = load_batches(dataset, split_plan(plan, dataset, ALONE), 1, 0, LOADERS)
    for _ in range(10 * LOADERS):
        next(batches)
    loaders = sum(_own_bytes(child.pid or 0) for child in active_children())
    del batches  # ends the loader processes
    pipe.send((empty, _peak_bytes(), loaders))
    pipe.close()


def _own_bytes(process: int) -> int:
    """Memory of a process, of what it shares with others its part (Linux)."""
    return 1024 * _field(Path(f"/proc/{process}/smaps_rollup"), "Pss:")


def _peak_bytes() -> int:
    """The most that this process has held (Linux)."""
    return 1024 * _field(Path(f"/proc/{os.getpid()}/status"), "VmHWM:")


def _field(path: Path, name: str) -> int:
    return next((int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(name)), 0)


BENCHMARKS: dict[str, Benchmark] = {"training": training, "memory": memory}
