"""What an actor on a machine of a cluster does: a group of items in, a Parquet part out. It imports no torch itself."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
import pyarrow as pa

from core.errors import MoodlightError
from core.model_folder import NEEDED, copy_model, pack_model
from core.score.crew import GPU_WORKERS, Crew
from core.score.items import Item, Plan, Result
from core.score.parts import PartFolder, PartRow
from core.score.places import stamp
from core.score.worker import WorkerSpec

WAIT_S = 1.0  # for results, until the worker is looked at again


@dataclass(frozen=True)
class ShippedModel:
    """A model on its way to machines that may not have it.

    Attributes:
        folder: where it is on the machine that sends it.
        digest: of its files.
        archive: Ray's reference to a zip archive of it, as bytes.
    """

    folder: str
    digest: str
    archive: Any


@dataclass(frozen=True)
class Task:
    """What is the same for all groups of a run.

    Attributes:
        plan: what results depend on; its device is that of one actor, `cpu` or `cuda`.
        models: those of the plan.
        folder: relative files are looked for from here.
        parts: address of the folder for results.
        identity: of the plan, see `Plan.identity`.
    """

    plan: Plan
    models: tuple[ShippedModel, ...]
    folder: str
    parts: str
    identity: dict[str, Any]


def ship(folder: Path, put: Any) -> ShippedModel:
    """Hand a model to a cluster, with `ray.put` as `put`.

    Raises:
        CheckpointError: there is no model in the folder.
    """
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "model.zip"
        pack_model(folder, archive)
        return ShippedModel(str(folder.absolute()), _digest(folder), put(archive.read_bytes()))


def unpack(model: ShippedModel, get: Any) -> Path:
    """The model's folder on this machine: where the sender has it if the same is there, else in the user's cache."""
    there = Path(model.folder)
    if _digest(there) == model.digest:
        return there
    # The name goes with it: a model that has none in its configuration is called after its folder.
    kept = platformdirs.user_cache_path("moodlight") / "models" / model.digest / there.name
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            archive = Path(scratch, "model.zip")
            archive.write_bytes(get(model.archive))
            copy_model(archive, Path(scratch, "model"))
            _move(Path(scratch, "model"), kept)
    return kept


def item_table(items: Sequence[tuple[int, Item]]) -> pa.Table:
    """A group of items as a block that travels to an actor."""
    return pa.table(
        {
            "number": [number for number, _ in items],
            "item": [json.dumps(asdict(item)) for _, item in items],  # escapes what is no valid text in a file's name
        },
        pa.schema([("number", pa.int64()), ("item", pa.string())]),
    )


class Scorer:
    """A class of actors for `ray.data.Dataset.map_batches`: each has one worker process, which holds the models."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._crew: Crew | None = None

    def __call__(self, table: pa.Table) -> pa.Table:
        """Score a group and write its part.

        Args:
            table: see `item_table`.

        Returns:
            One row: `part`, the name of the part, and `error`, why there is none, or "".
        """
        # Whatever Ray sees of an error it takes for a machine that went: so it is told as a result.
        try:
            part, error = self._score(_items(table)), ""
        except MoodlightError as told:
            part, error = "", str(told)
        except Exception as unexpected:  # noqa: BLE001 told, see above
            part, error = "", f"A machine of the cluster failed: {type(unexpected).__name__}: {unexpected}"
        return pa.table({"part": [part], "error": [error]})

    def _score(self, items: list[tuple[int, Item]]) -> str:
        self._crew = self._crew or self._start()
        stamps = {number: stamp(item.file) for number, item in items}
        results: dict[int, Result] = {}
        self._crew.feed(items, len(items))
        while not self._crew.done:
            results.update(self._crew.wait(WAIT_S))
        name = f"part-{items[0][0]:010d}-{items[-1][0]:010d}-{len(items)}.parquet"
        rows = [PartRow(number, item, stamps[number], results[number]) for number, item in items]
        PartFolder(self._task.parts, self._task.identity).write(name, rows)
        return name

    def _start(self) -> Crew:
        import ray

        if Path(self._task.folder).is_dir():
            os.chdir(self._task.folder)
        models = tuple(unpack(model, ray.get) for model in self._task.models)
        plan = replace(self._task.plan, models=models)
        return Crew(WorkerSpec(plan), GPU_WORKERS if plan.device == "cuda" else 1)


def _items(table: pa.Table) -> list[tuple[int, Item]]:
    return [(row["number"], Item(**json.loads(row["item"]))) for row in table.to_pylist()]


def _digest(folder: Path) -> str:
    """Of the files that a model needs; "" where one of them is not there."""
    digest = hashlib.sha256()
    try:
        for name in NEEDED:
            with (folder / name).open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError:
        return ""
    return digest.hexdigest()[:16]


def _move(folder: Path, target: Path) -> None:
    """Rename a folder, unless another actor of this machine was quicker."""
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():
            raise
