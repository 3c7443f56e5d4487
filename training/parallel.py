"""One run on several processes: each works on its own share of every step, and the gradients are averaged.

On a processor two processes of one thread beat one of two threads: they wait for each other once a step, not at every
matrix product.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing
from torch import distributed, nn

from core.errors import MoodlightError

multiprocessing: Any = torch.multiprocessing  # its stubs leave out what it offers
LONGEST_WAIT = timedelta(hours=12)  # for the first process, while it prepares or measures

# Batches come in many shapes, and oneDNN compiles its kernels for each: its cache must hold them all.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")


@dataclass(frozen=True)
class Team:
    """This process's number among those that share a run."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures, saves and reports."""
        return self.rank == 0

    def share(self, plan: list[list[int]]) -> list[list[int]]:
        """This process's part of a plan; all parts are of one length."""
        whole = len(plan) - len(plan) % self.size
        return plan[self.rank : whole : self.size] if whole else plan

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """What is in the block is done by the first process, then by the others, which find its files there."""
        if self.size > 1 and not self.leads:
            distributed.barrier()
        yield
        if self.size > 1 and self.leads:
            distributed.barrier()

    def average_gradients(self, model: nn.Module) -> None:
        """Replace each gradient by its mean over the processes."""
        if self.size == 1:
            return
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        flat = torch.cat(
            [
                (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).flatten()
                for parameter in parameters
            ]
        )
        distributed.all_reduce(flat)
        flat /= self.size
        for parameter, gradient in zip(
            parameters, torch.split(flat, [parameter.numel() for parameter in parameters]), strict=True
        ):
            parameter.grad = gradient.view_as(parameter)


ALONE = Team()


def run_on(processes: int, work: Callable[..., Any], *arguments: Any) -> None:
    """Call `work(*arguments, team)` in this process, or in several at once.

    Args:
        processes: how many; the processor's cores are divided among them.
        work: a function at the top level of a module.
        *arguments: what can be sent to another process.

    Raises:
        MoodlightError: what one of the processes met.
    """
    if processes <= 1:
        work(*arguments, ALONE)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            multiprocessing.spawn(_member, (processes, folder, work, arguments), nprocs=processes)
        except (multiprocessing.ProcessRaisedException, multiprocessing.ProcessExitedException) as error:
            # One that ends breaks the connection of the others, and theirs may be the error that is seen first.
            reasons = [path.read_text(encoding="utf-8") for path in folder.glob("reason-*")]
            if reasons or isinstance(error, multiprocessing.ProcessExitedException):
                raise MoodlightError(reasons[0] if reasons else f"A training process ended: {error}.") from error
            raise


def _member(rank: int, size: int, folder: Path, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // size))
    distributed.init_process_group(
        "gloo", init_method=(folder / "meet").as_uri(), rank=rank, world_size=size, timeout=LONGEST_WAIT
    )
    try:
        work(*arguments, Team(rank, size))
    except MoodlightError as error:
        (folder / f"reason-{rank}").write_text(str(error), encoding="utf-8")
        sys.exit(1)
    finally:
        distributed.destroy_process_group()
