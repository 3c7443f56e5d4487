"""A teaching: what a model is to learn from a few labelled clips, and how."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ConfigError
from core.teaching_rules import MEASURED_ON, METHODS
from training.recipe import Augmentation, Data, Optimisation

AUGMENTATION = Augmentation(speeds=(1.0,), low_pass_probability=0.0)
OPTIMISATION = Optimisation(
    passes=10, batch_clips=8, learning_rate=1e-4, optimizer="adamw", warmup_steps=5, schedule="cosine"
)


@dataclass(frozen=True)
class TeachRecipe:
    """Teaching a model (few-shot transfer, Boigne et al. 2020; multi-task, Park and Kim 2021). Defaults by
    measurement: docs/results/teaching.md.

    Attributes:
        name: of the model that comes out.
        manifest: of the labelled clips, relative to the data folder. Its splits are not looked at.
        scheme: label set: an id that ships, or a JSON file relative to the data folder.
        parent: checkpoint that is taught: a folder, a run beside the output, or a model that ships.
        method: what of it changes: "head" (the emotion layers alone, as a logistic regression that starts from what
            the parent says), "blocks:N" (the last N blocks too), "all", "lora:R" (updates of rank R in the attention of
            all blocks), or "scratch" (nothing is kept but the units of the words).
        alpha: weight of the CTC loss on clips with a transcript (equation 8); 0: emotion alone.
        distillation: weight of the divergence from what the parent hears in the same clips: recognition, which a few
            clips would make it forget, and its own emotions where the scheme is a new one (Li and Hoiem 2016).
        balanced: each label weighs the same, however many clips carry it.
        measured_on: who is held out to measure what came of it: "speakers" (a part of them: the model that is kept has
            not heard them), "folds" (cross-validation: the model that is kept learns from all clips), "nothing", or
            "auto": speakers where a part of them can be spared, else folds.
        held_out: speakers to hold out, in place of those that are drawn.
        patience: passes without a better UA on clips set apart for it after which training ends; 0: all passes.
        replay: transcribed or labelled clips of the old task that go on being trained on, where they are at hand.
        replay_batch_s: seconds of sound of them a step.
        seed: of everything random.
    """

    name: str = "taught"
    manifest: str = "labels.csv"
    scheme: str = "iemocap4"
    parent: str = "default"
    method: str = "head"
    alpha: float = 0.0
    distillation: float = 0.3
    balanced: bool = True
    measured_on: str = "auto"
    held_out: tuple[str, ...] = ()
    patience: int = 0
    replay: Data | None = None
    replay_batch_s: float = 30.0
    seed: int = 1
    augmentation: Augmentation = AUGMENTATION
    optimisation: Optimisation = OPTIMISATION

    def __post_init__(self) -> None:
        self.depth()
        if self.measured_on not in MEASURED_ON:
            raise ConfigError(f"measured_on must be one of {', '.join(MEASURED_ON)}, not {self.measured_on!r}.")
        for name in ("alpha", "distillation", "patience"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more, not {getattr(self, name)}.")
        if not self.name or self.name in (".", "..") or set(self.name) & set('/\\:*?"<>|'):
            raise ConfigError(f"name must be a name for a folder, not {self.name!r}.")
        if self.kind == "scratch" and self.distillation:
            raise ConfigError("A model from scratch has no parent to stay close to: set distillation = 0.")

    @property
    def kind(self) -> str:
        """The method without its number."""
        return self.method.partition(":")[0]

    def depth(self) -> int:
        """The number of a method, of blocks or the rank; 0 where it has none.

        Raises:
            ConfigError: there is no such method, or its number is missing or makes no sense.
        """
        kind, colon, number = self.method.partition(":")
        if kind in ("blocks", "lora"):
            if number.isdecimal() and int(number) > 0:
                return int(number)
            raise ConfigError(f"method = {kind!r} needs a number, as in '{kind}:2', not {self.method!r}.")
        if kind not in METHODS or colon:
            raise ConfigError(f"method must be head, blocks:N, all, lora:R or scratch, not {self.method!r}.")
        return 0
