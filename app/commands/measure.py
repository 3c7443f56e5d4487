"""`moodlight evaluate`: a model's figures on labelled clips."""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from core.errors import ConfigError
from core.paths import default_model_dir
from training.conditions import CONDITIONS
from training.evaluate import evaluate as measure
from training.report_page import text_of, write_report


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line."""

    manifest: Path
    model: Path | None
    split: str
    report_dir: Path | None
    device: str
    beam: int
    quick: bool
    allow_speaker_overlap: bool


def evaluate(wishes: Wishes) -> int:
    """Print the figures, and write them to a folder where one is named."""
    if wishes.report_dir:
        _make_folder(wishes.report_dir)  # before the work, not after it
    report = measure(
        wishes.model or default_model_dir(),
        wishes.manifest,
        wishes.split,
        wishes.device,
        wishes.beam,
        conditions=CONDITIONS if wishes.report_dir and not wishes.quick else (),
        allow_speaker_overlap=wishes.allow_speaker_overlap,
    )
    report = replace(report, command=command_of(wishes))
    typer.echo(text_of(report), nl=False)
    if wishes.report_dir:
        page = write_report(report, wishes.manifest.parent, wishes.report_dir)
        typer.echo(f"Written: {page}", err=True)
    return 1 if report.unreadable else 0


def command_of(wishes: Wishes) -> str:
    """The command line that measures the same again."""
    options: list[object] = ["--manifest", wishes.manifest]
    options += ["--model", wishes.model] if wishes.model else []
    options += ["--split", wishes.split] if wishes.split != "test" else []
    options += ["--report", wishes.report_dir] if wishes.report_dir else []
    options += ["--device", wishes.device] if wishes.device != "auto" else []
    options += ["--beam", wishes.beam] if wishes.beam != 1 else []
    options += ["--quick"] if wishes.quick else []
    options += ["--allow-speaker-overlap"] if wishes.allow_speaker_overlap else []
    return shlex.join(["moodlight", "evaluate", *map(str, options)])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"Nothing can be written to the folder {folder}: {error.strerror}.") from error
