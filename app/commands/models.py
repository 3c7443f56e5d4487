"""`moodlight models`: what there is, and what is in it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from core.checkpoint import fingerprint, read_config
from core.errors import CheckpointError
from core.paths import default_model_dir, resources_dir
from core.recognizer import Recognizer


def show(folder: Path | None) -> int:
    """Print a model's description and its card."""
    recognizer = Recognizer.load(folder or default_model_dir())
    checkpoint, facts = recognizer.checkpoint, recognizer.describe()
    rows = {
        "model": f"{checkpoint.name} ({fingerprint(recognizer.folder)})",
        "folder": str(recognizer.folder.resolve()),
        "parameters": f"{facts['parameters']:,}",
        "labels": f"{', '.join(facts['labels'])} ({facts['scheme']})",
        "computes in": f"{facts['precision']} on {facts['device']}",
        "temperature": f"{checkpoint.temperature:.3f}",
        "dimensions": ", ".join(f"{name} {value}" for name, value in asdict(checkpoint.model.dims).items()),
        "notes": ", ".join(f"{name} {value}" for name, value in checkpoint.notes.items()) or "none",
    }
    for name, value in rows.items():
        typer.echo(f"{name:<12} {value}")
    typer.echo(f"\n{checkpoint.card.strip() or 'It has no model card.'}")
    return 0


def list_models() -> int:
    """Print a line a model; the one used when none is named has a star."""
    default = default_model_dir()
    folders = {folder.parent.resolve() for folder in (resources_dir() / "models").glob("*/config.json")}
    for folder in sorted(folders | {default.resolve()}):
        mark = "*" if folder == default.resolve() else " "
        try:
            typer.echo(f"{mark} {read_config(folder).get('name', folder.name):<24} {folder}")
        except CheckpointError as error:
            typer.echo(f"{mark} {'(cannot be used)':<24} {error}")
    return 0
