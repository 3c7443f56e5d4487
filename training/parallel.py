"""One run on several processes: each works on its own share of every step, and the gradients are averaged.

A process has a device: a share of the processor's cores, or a GPU. lightning-fabric finds the devices, starts the
processes or finds those that torchrun or SLURM have started, and connects them. The averaging is this module's own: one
message a step carries all gradients and losses, so that a step may have any number of backward passes. On a processor
two processes of one thread beat one of two threads: they wait for each other once a step, not at every matrix product.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.multiprocessing
from torch import Tensor, distributed, nn

from core.errors import ConfigError, MoodlightError
from core.processor import available_cores
from core.recognizer import choose_device, choose_precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric

multiprocessing: Any = torch.multiprocessing  # its stubs leave out what it offers
LONGEST_WAIT = timedelta(hours=12)  # for the first process, while it prepares or measures
CPU = torch.device("cpu")
Work = Callable[..., Any]  # called with the run's arguments and the team

# Batches come in many shapes, and oneDNN compiles its kernels for each: its cache must hold them all.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")


@dataclass(frozen=True)
class Hardware:
    """What a run computes on.

    Attributes:
        device: `cpu`, `cuda`, `mps`, or `auto` for the fastest that is there.
        devices: how many on each machine; of `cpu` processes, among which the cores are divided.
        nodes: machines.
    """

    device: str = "auto"
    devices: int = 1
    nodes: int = 1

    def checked(self) -> Hardware:
        """The same with the device chosen; under torchrun, whose processes are there already, with their number.

        Raises:
            ConfigError: this machine does not have it.
        """
        device = choose_device(self.device)
        if ":" in device:
            raise ConfigError(f"Name the kind of device, not {device!r}: CUDA_VISIBLE_DEVICES chooses among them.")
        devices, nodes = self.devices, self.nodes
        if distributed.is_torchelastic_launched():
            devices = int(os.environ["LOCAL_WORLD_SIZE"])
            nodes = int(os.environ["WORLD_SIZE"]) // devices
        if devices < 1 or nodes < 1:
            raise ConfigError(f"There must be at least one device on one machine, not {devices} on {nodes}.")
        there = {"cuda": torch.cuda.device_count(), "mps": 1}.get(device, devices)
        if devices > there:
            raise ConfigError(f"{devices} devices are asked for, and this machine has {there} of the kind {device!r}.")
        return Hardware(device, devices, nodes)


@dataclass(frozen=True)
class Team:
    """This process's number among those that share a run, and what it computes on.

    Attributes:
        rank: number of this process.
        size: processes in all.
        device: where its model and batches are.
        neighbours: processes on this machine, this one included.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = CPU
    neighbours: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures, saves and reports."""
        return self.rank == 0

    @property
    def cores(self) -> int:
        """This process's share of the cores that the run may use."""
        return max(1, available_cores() // self.neighbours)

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """What is in the block is done by the first process, then by the others, which find its files there."""
        if self.size > 1 and not self.leads:
            distributed.barrier()
        yield
        if self.size > 1 and self.leads:
            distributed.barrier()

    def average_gradients(self, model: nn.Module, losses: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Replace each gradient by its mean over the processes.

        Args:
            model: its gradients are changed; one that no process has stays None.
            losses: scalars of this process, the same names in all.

        Returns:
            The losses' means over the processes.
        """
        losses = losses or {}
        if self.size == 1:
            return dict(losses)
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        present = torch.tensor([float(parameter.grad is not None) for parameter in parameters], device=self.device)
        parts = [
            *((torch.zeros_like(it) if it.grad is None else it.grad).flatten() for it in parameters),
            *(loss.reshape(1).to(parameters[0].dtype) for loss in losses.values()),
            present.to(parameters[0].dtype),
        ]
        flat = torch.cat(parts)
        distributed.all_reduce(flat)
        flat /= self.size
        means = torch.split(flat, [part.numel() for part in parts])
        for parameter, gradient, has in zip(parameters, means, means[-1].tolist(), strict=False):
            parameter.grad = gradient.view_as(parameter) if has else None
        return {name: mean[0] for name, mean in zip(losses, means[len(parameters) :], strict=False)}

    def check_same(self, number: int, sentence: str) -> None:
        """Compare a number that all processes must agree on.

        Raises:
            MoodlightError: with the sentence, where they do not.
        """
        if self.size == 1:
            return
        ends = torch.tensor([number, -number], device=self.device)
        distributed.all_reduce(ends, distributed.ReduceOp.MAX)
        if int(ends[0]) != -int(ends[1]):
            raise MoodlightError(sentence)


ALONE = Team()


def autocast(device: torch.device, precision: str = "auto") -> torch.autocast:
    """The context in which a model computes: matrix products in bfloat16, or everything in float32.

    Args:
        device: where the model is.
        precision: `bfloat16`, `float32`, or `auto` for bfloat16 where the device has instructions for it.
    """
    bfloat16 = choose_precision(precision, str(device)) == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)


def run_on(hardware: int | Hardware, work: Work, *arguments: Any) -> None:
    """Call `work(*arguments, team)` in this process, or in several at once.

    Args:
        hardware: what to compute on; a number is that of processes on this machine's processor.
        work: a function at the top level of a module.
        *arguments: what can be sent to another process.

    Raises:
        ConfigError: the hardware is not there.
        MoodlightError: what one of the processes met.
    """
    wanted = (Hardware("cpu", hardware) if isinstance(hardware, int) else hardware).checked()
    if wanted == Hardware("cpu"):
        work(*arguments, ALONE)
        return
    fabric = _connect(wanted)
    given_port = "MASTER_PORT" in os.environ
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            # as one object: Fabric looks into what it passes on, and cannot look into a frozen dataclass
            member: Any = partial(_member, neighbours=wanted.devices, folder=folder, caller=os.getpid())
            fabric.launch(member, partial(work, *arguments))
        except (multiprocessing.ProcessRaisedException, multiprocessing.ProcessExitedException) as error:
            # One that ends breaks the connection of the others, and theirs may be the error that is seen first.
            reasons = [path.read_text(encoding="utf-8") for path in folder.glob("reason-*")]
            if reasons or isinstance(error, multiprocessing.ProcessExitedException):
                raise MoodlightError(reasons[0] if reasons else f"A training process ended: {error}.") from error
            raise
        finally:
            if not given_port:
                os.environ.pop("MASTER_PORT", None)  # where these processes met is not where the next ones will


def _connect(hardware: Hardware) -> Fabric:
    """Fabric for this hardware, which starts processes of its own unless torchrun or SLURM have done it."""
    import lightning_fabric  # takes a second: only where it is needed
    from lightning_fabric.strategies.ddp import DDPStrategy

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)

    def build(start: Any) -> Fabric:
        strategy: Any = "auto"
        if hardware.devices * hardware.nodes > 1:
            strategy = DDPStrategy(timeout=LONGEST_WAIT, start_method=start)
        return lightning_fabric.Fabric(
            accelerator=hardware.device, devices=hardware.devices, num_nodes=hardware.nodes, strategy=strategy
        )

    try:
        fabric = build("spawn")
        cluster = getattr(fabric.strategy, "cluster_environment", None)
        return build("popen") if cluster is not None and cluster.creates_processes_externally else fabric
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"The devices cannot be used: {error}") from error


def _member(fabric: Fabric, work: Callable[[Team], Any], neighbours: int, folder: Path, caller: int) -> None:
    team = Team(fabric.global_rank, fabric.world_size, fabric.device, neighbours)
    if team.device == CPU:
        torch.set_num_threads(team.cores)
    try:
        work(team)
    except MoodlightError as error:
        if os.getpid() == caller:
            raise
        (folder / f"reason-{team.rank}").write_text(str(error), encoding="utf-8")
        sys.exit(1)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
