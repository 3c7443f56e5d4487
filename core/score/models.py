"""The models of a plan at work: sound of an item in, what each of them says out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from core.clips import Clip, Listener, file_clips
from core.memory import give_back_free_memory
from core.predictions import Prediction
from core.recognizer import Recognizer
from core.score.items import Item, Plan
from core.score.places import local_file
from core.segment import contain_speech, load_detector

TRIM_S = 240.0  # of sound, after which memory that is free is given back


class Models:
    """One recognizer a model; recordings are decoded, and speech is looked for, once for all of them."""

    def __init__(self, plan: Plan, recognizers: Sequence[Recognizer]) -> None:
        self._plan, self._recognizers = plan, recognizers
        self._since_trim_s = 0.0
        self.device = recognizers[0].device

    def read(self, item: Item, listener: Listener) -> Iterator[Clip]:
        """The clips of an item, under its name; see `core.clips.file_clips`."""
        with local_file(item.file) as path:
            for clip in file_clips(path, item.start_s, item.end_s, self._plan.segmenting, listener):
                yield replace(clip, file=item.file)

    def score(self, clips: Sequence[Clip]) -> list[tuple[Prediction, ...]]:
        """What each model says of each clip."""
        asked = [clip.samples for clip in clips if clip.speech is None]
        answers = iter(contain_speech(asked))
        known = [replace(clip, speech=next(answers)) if clip.speech is None else clip for clip in clips]
        by_model = [recognizer.predict(known) for recognizer in self._recognizers]
        self._since_trim_s += sum(clip.end_s - clip.start_s for clip in clips)
        if self._since_trim_s >= TRIM_S:
            self._since_trim_s = 0.0
            give_back_free_memory()
        return list(zip(*by_model, strict=True))


def load_models(plan: Plan) -> Models:
    """Load the models of a plan, to compute on one core or one device.

    Raises:
        CheckpointError: one of the folders is no model that can be used.
        ConfigError: there is no such device or precision here.
    """
    torch.set_num_threads(1)
    load_detector()
    recognizers = [Recognizer.load(folder, plan.device, plan.precision, plan.beam) for folder in plan.models]
    return Models(plan, recognizers)
