"""The parts of a teaching, and what is kept of one that was ended early."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save
from torch import nn

from core.errors import MoodlightError
from core.paths import atomic_write
from training.progress import Progress

KEPT = "kept.safetensors"  # weights of a training that was ended early
BEST = "best.safetensors"  # as `training.loop` keeps them
DIVERGED = "The loss is not finite any more: a lower learning rate may help. The model before is untouched."
READING, FINAL, OLD_TASK = "reading", "final", "old task"


class TeachingStoppedError(MoodlightError):
    """Somebody wants no more passes. What is raised by a progress ends the training; its model is kept as it is."""


@dataclass(frozen=True)
class Stage:
    """A part of a teaching.

    Attributes:
        name: `reading`, `final`, `fold 2 of 4` or `old task`.
        passes: over the clips; 0 where nothing is trained.
        clips: that are learnt from.
        ahead: clips times passes that are learnt from in the stages after it.
    """

    name: str
    passes: int = 0
    clips: int = 0
    ahead: int = 0


class Watched:
    """Passes everything on, and knows how far a training has come.

    Args:
        other: who is told.
        until: passes, whole ones and a part, after which the training ends by `TeachingStoppedError`; None: never.
    """

    def __init__(self, other: Progress, until: float | None = None) -> None:
        self.other, self.until = other, until
        self.passes = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it has come as far as it should."""
        return self.until is not None and self.passes >= self.until

    def note(self, message: str) -> None:
        self.other.note(message)

    def resumed(self, done: int, passes: int) -> None:
        self.passes = done
        self.other.resumed(done, passes)
        self._end_if(done < passes)

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        self.passes = number + step / steps
        self.other.stepped(number, step, steps, losses)
        self._end_if(step < steps)  # a whole pass is measured first

    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None:
        self.passes = done
        self.other.passed(done, passes, figures)
        self._end_if(done < passes)

    def _end_if(self, there_is_more: bool) -> None:
        if self.is_over and there_is_more:
            raise TeachingStoppedError("It has had as many passes as the model that is kept.")


def keep_best(model: nn.Module, folder: Path, passes: float) -> None:
    """Give a model whose training was ended early the best weights it has had, and write them down.

    Args:
        model: changed in place where a pass before was better than what it has come to.
        folder: of its training.
        passes: how far it has come.
    """
    if (folder / BEST).exists():
        _load(model, folder / BEST)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with atomic_write(folder / KEPT) as file:
        file.write(save(weights, {"passes": repr(passes)}))
    model.eval()


def load_kept(model: nn.Module, folder: Path) -> float | None:
    """Give a model the weights that were kept of its training; after how many passes. None where none were."""
    if not (folder / KEPT).exists():
        return None
    passes = float(_load(model, folder / KEPT)["passes"])
    model.eval()
    return passes


def _load(model: nn.Module, path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a dictionary
        return dict(file.metadata() or {})
