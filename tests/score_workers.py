"""What a worker of a scoring run may work with instead of models: a file's text says what happens to who reads it."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.clips import Clip, Listener
from core.errors import AudioError, CheckpointError
from core.predictions import Prediction
from core.score.items import Item, Plan
from core.score.places import local_file
from core.score.worker import WorkerSpec

NAME = "tests.score_workers"
LABELS = ("anger", "sadness")
SPEC = WorkerSpec(Plan((Path("model"),)), f"{NAME}.load")


class Fake:
    """Reads two clips of a second from each file."""

    device = "cpu"

    def __init__(self, plan: Plan) -> None:
        self._models = [folder.name for folder in plan.models]

    def read(self, item: Item, listener: Listener) -> Iterator[Clip]:
        path = Path(item.file)
        text = path.read_text(encoding="utf-8")
        with (path.parent / "read.log").open("a", encoding="utf-8") as log:
            log.write(f"{path.name}\n")
        if text == "crash":
            os._exit(7)
        if text == "hang":
            (path.parent / "hangs").touch()
            threading.Event().wait()
        if text == "hang with a copy":
            with local_file(f"zip://sound.wav::file://{path.parent / 'sounds.zip'}") as copy:
                (path.parent / "copy").write_text(str(copy))
                (path.parent / "hangs").touch()
                threading.Event().wait()
        if text == "damaged":
            raise AudioError(f"{path.name} is damaged.", path=item.file, cause="damaged")
        if text == "unknown":
            raise ValueError("nobody thought of this")
        for start_s in (0.0, 1.0):
            yield Clip(item.file, start_s, start_s + 1.0, np.array([text == "crash in the model"], np.float32), None)
            listener.progress(start_s + 1.0)
        if text == "noted":
            listener.note(f"{path.name} is truncated.")
        listener.ended(2.0)

    def score(self, clips: Sequence[Clip]) -> list[tuple[Prediction, ...]]:
        if any(clip.samples.any() for clip in clips):
            os._exit(8)
        if any("bad clip" in clip.file for clip in clips):
            raise RuntimeError("out of memory")
        return [tuple(said_of(clip.file, clip.start_s, model) for model in self._models) for clip in clips]


def said_of(file: str, start_s: float, model: str = "model") -> Prediction:
    """What the model of this name says of a second of a file."""
    sure = 0.5 + zlib.crc32(f"{file} {start_s}".encode()) / 2**33
    probabilities = dict(zip(LABELS, (sure, 1 - sure), strict=True))
    return Prediction(file, start_s, start_s + 1.0, "anger", sure, probabilities, (), model, np.ones(3, np.float32))


def load(plan: Plan) -> Fake:
    return Fake(plan)


def refuse(plan: Plan) -> Fake:
    raise CheckpointError("There is no model in here.")


def die(plan: Plan) -> Fake:
    os._exit(9)
