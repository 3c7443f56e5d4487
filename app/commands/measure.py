"""`moodlight evaluate`: a model's figures on labelled clips."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from core.errors import ConfigError
from core.paths import atomic_write, default_model_dir
from training.evaluate import evaluate as measure


def evaluate(
    manifest: Path, model: Path | None, split: str, report_dir: Path | None, device: str, beam: int = 1
) -> int:
    """Print the figures, and write them to a folder where one is named."""
    if report_dir:
        _make_folder(report_dir)  # before the work, not after it
    report = measure(model or default_model_dir(), manifest, split, device, beam)
    text = "\n".join(report.lines()) + "\n"
    typer.echo(text, nl=False)
    if report_dir:
        with atomic_write(report_dir / "report.txt", "w") as file:
            file.write(text)
        with atomic_write(report_dir / "report.json", "w") as file:
            json.dump(report.to_json(), file, indent=2, ensure_ascii=False)
    return 1 if report.unreadable else 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be made: {error.strerror}.") from error
