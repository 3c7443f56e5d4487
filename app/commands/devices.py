"""`moodlight devices`: what can compute, record and play."""

from __future__ import annotations

import contextlib

import torch
import typer

from core.audio.devices import Direction, explain_missing_device, list_devices
from core.errors import ConfigError
from core.processor import available_cores
from core.recognizer import choose_device, choose_precision


def show() -> int:
    """Print the devices."""
    typer.echo("Computing")
    for name, about in _computing().items():
        mark = "*" if name == choose_device("auto") else " "
        typer.echo(f"{mark} {name:<8} {about}, {choose_precision('auto', name)}")
    typer.echo("\nSound")
    for device in list_devices():
        marks = ("i" if device.is_default_input else " ") + ("o" if device.is_default_output else " ")
        channels = f"{device.inputs} in, {device.outputs} out, {device.default_rate} Hz"
        typer.echo(f"{marks} {device.name} ({device.host_api}): {channels}")
    directions: tuple[Direction, ...] = ("output", "input")
    for direction in directions:
        if missing := explain_missing_device(direction):
            typer.echo(f"   {missing}")
    return 0


def _computing() -> dict[str, str]:
    found = {"cpu": f"{available_cores()} cores, {torch.backends.cpu.get_cpu_capability()}"}
    found |= {f"cuda:{i}": torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}
    with contextlib.suppress(ConfigError):
        found[choose_device("mps")] = "Apple GPU"
    return found
