"""The training loop: passes over batches, with checkpoints from which a killed run goes on to the same result."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from core.errors import CheckpointError, MoodlightError
from core.paths import atomic_write
from training.parallel import ALONE, Team, autocast
from training.progress import Progress
from training.recipe import Optimisation

B = TypeVar("B")
MOST_BAD_STEPS = 5  # losses in a row that may be not finite before the run stops


@dataclass
class TrainingState:
    """What is known of a run besides its weights."""

    passes_done: int = 0
    steps: int = 0
    best: float = -math.inf
    skipped: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Task(Generic[B]):
    """What a recipe trains: its batches, its loss, and how it is measured.

    Attributes:
        batches: this process's batches of a pass, by its number: for each step as many as the settings accumulate.
        losses: the loss terms of a batch with their names, each to be followed by its own backward pass. Averaged over
            a step's batches, in all processes, they are the step's loss.
        validate: figures on the dev split; higher `score` is better. Without one the last weights are the best.
    """

    batches: Callable[[int], list[Callable[[], B]]]
    losses: Callable[[B], Iterable[tuple[str, Tensor]]]
    validate: Callable[[], dict[str, float]]


class Trainer:
    """Runs a task on a model and keeps its state in a folder.

    Args:
        model: changed in place, and moved to the team's device; after `fit` it holds the best weights seen.
        settings: passes, rates, batches.
        folder: where `state.safetensors`, `best.safetensors` and `history.csv` are kept.
        seed: of everything random; a pass draws from the seed and its number alone, so that a resumed run repeats it.
        progress: told of every step and pass.
        team: the processes that share the run; the first one measures and saves.
        patience: passes without a better score after which training ends; 0: all passes.
        save_every_s: seconds that a killed run may lose, besides the pass it was in; after the last pass it is saved.
    """

    def __init__(
        self,
        model: nn.Module,
        settings: Optimisation,
        folder: Path,
        seed: int,
        progress: Progress,
        team: Team = ALONE,
        *,
        patience: int = 0,
        save_every_s: float = 0.0,
    ) -> None:
        self.model, self.settings, self.folder, self.seed = model.to(team.device), settings, folder, seed
        self.progress, self.team = progress, team
        self.state = TrainingState()
        self._bad = 0  # steps in a row that have changed nothing; a pass over a few clips has few steps
        self._patience, self._save_every_s, self._saved = patience, save_every_s, time.monotonic()
        kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
        self.optimizer = kind(
            model.parameters(),
            settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.98),
            fused=True,
        )
        folder.mkdir(parents=True, exist_ok=True)

    def fit(self, task: Task[Any]) -> TrainingState:
        """Train to the end, from the last finished pass if the folder holds one.

        Raises:
            MoodlightError: the loss stayed not finite; the last good pass is kept.
        """
        if (self.folder / "state.safetensors").exists():
            self._resume()
        self.team.check_same(
            self.state.passes_done,
            f"Not all processes find the same run in {self.folder}: it must be a folder that all machines share.",
        )
        while self.state.passes_done < self.settings.passes and not self._is_patience_over():
            started = time.monotonic()
            losses = self._run_pass(task)
            self.state.passes_done += 1
            if self.team.leads:
                self._finish_pass(task, losses, started)
        if self.team.leads and self.state.best > -math.inf:
            self._load_weights(self.folder / "best.safetensors")
        self.model.eval()
        return self.state

    def _is_patience_over(self) -> bool:
        scores = [row["score"] for row in self.state.history if "score" in row]
        return bool(self._patience and scores) and len(scores) - 1 - scores.index(max(scores)) >= self._patience

    def _finish_pass(self, task: Task[Any], losses: dict[str, float], started: float) -> None:
        self.model.eval()
        figures = losses | task.validate() | {"minutes": (time.monotonic() - started) / 60}
        figures |= {"skipped": float(self.state.skipped)} if self.state.skipped else {}
        self.state.history.append({"pass": self.state.passes_done} | figures)
        if figures.get("score", -math.inf) > self.state.best:
            self.state.best = figures["score"]
            _save(self.folder / "best.safetensors", self.model.state_dict(), {})
        is_last = self.state.passes_done == self.settings.passes or self._is_patience_over()
        if is_last or time.monotonic() - self._saved >= self._save_every_s:
            self._save_state()
            self._saved = time.monotonic()
        self.progress.passed(self.state.passes_done, self.settings.passes, figures)

    def _run_pass(self, task: Task[Any]) -> dict[str, float]:
        number = self.state.passes_done
        torch.manual_seed((self.seed * 1_000_003 + number) * 1009 + self.team.rank)
        self.model.train()
        batches, each = task.batches(number), self.settings.accumulate
        steps = [batches[start : start + each] for start in range(0, len(batches), each)]
        sums: dict[str, float] = {}
        for index, makes in enumerate(steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate((number + index / len(steps)) / self.settings.passes)
            losses = self._step(task, makes)
            self._bad = self._bad + 1 if losses is None else 0
            if self._bad >= MOST_BAD_STEPS:
                raise MoodlightError(
                    f"The loss was not finite {self._bad} times in a row, the last in pass {number + 1}. "
                    f"The weights after pass {number} are kept; a lower learning rate or more warm-up steps may help."
                )
            for name, value in (losses or {}).items():
                sums[name] = sums.get(name, 0.0) + value
            if self.team.leads:
                self.progress.stepped(number, index + 1, len(steps), losses or {})
        return {name: value / len(steps) for name, value in sums.items()}

    def _step(self, task: Task[Any], batches: Sequence[Callable[[], Any]]) -> dict[str, float] | None:
        """One change of the weights; None where a loss or gradient was not finite and nothing was changed."""
        self.optimizer.zero_grad(set_to_none=True)
        losses: dict[str, Tensor] = {}
        for make in batches:
            batch = _moved(make(), self.team.device)
            # A list would keep every graph alive: each term is made, followed back, and freed before the next.
            with autocast(self.team.device, self.settings.precision):
                for name, term in task.losses(batch):
                    loss = term / len(batches)
                    loss.backward()  # type: ignore[no-untyped-call]
                    losses[name] = losses.get(name, torch.zeros_like(loss)) + loss.detach()
        losses = self.team.average_gradients(self.model, losses)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        *values, length = torch.stack([*losses.values(), norm]).tolist()  # one wait for the device, not one a value
        if not math.isfinite(length):
            self.state.skipped += 1
            return None
        self.optimizer.step()
        self.state.steps += 1
        return dict(zip(losses, values, strict=True))

    def _rate(self, share: float) -> float:
        """Learning rate at a share of the run: linear warm-up by steps, then constant or a cosine down to zero."""
        warm = min(1.0, (self.state.steps + 1) / max(self.settings.warmup_steps, 1))
        cosine = 0.5 * (1.0 + math.cos(math.pi * share)) if self.settings.schedule == "cosine" else 1.0
        return self.settings.learning_rate * warm * cosine

    def _save_state(self) -> None:
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for number, values in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in values.items()}
        _save(self.folder / "state.safetensors", tensors, {"state": json.dumps(asdict(self.state))})
        names = list(dict.fromkeys(name for row in self.state.history for name in row))
        with atomic_write(self.folder / "history.csv", "w") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.state.history)

    def _resume(self) -> None:
        path = self.folder / "state.safetensors"
        with safe_open(path, framework="pt") as file:
            self.state = TrainingState(**json.loads(file.metadata()["state"]))
            state = self.optimizer.state_dict()
            state["state"] = {}
            for name in file.keys():  # noqa: SIM118 - not a dictionary
                kind, rest = name.split(".", 1)
                if kind == "optimizer":
                    number, key = rest.split(".", 1)
                    state["state"].setdefault(int(number), {})[key] = file.get_tensor(name)
        self.optimizer.load_state_dict(state)
        self._load_weights(path, "model.")
        if self.team.leads:
            self.progress.resumed(self.state.passes_done, self.settings.passes)

    def _load_weights(self, path: Path, prefix: str = "") -> None:
        with safe_open(path, framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - not a dictionary
            weights = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
        try:
            self.model.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"{path} belongs to a run with another model; choose another --out folder."
            ) from error


def _moved(batch: Any, device: torch.device) -> Any:
    """A batch, or a named tuple of batches, on a device."""
    if isinstance(batch, tuple) and hasattr(batch, "_make"):
        return type(batch)._make(_moved(item, device) for item in batch)
    return batch.to(device) if hasattr(batch, "to") else batch


def _save(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    with atomic_write(path) as file:
        file.write(save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata))
