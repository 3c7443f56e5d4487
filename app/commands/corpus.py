"""`moodlight corpus`: a corpus to a manifest, and what is in it and wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from app.commands.guard import complain
from app.commands.progress import FileProgress
from core.errors import ConfigError
from training.corpora import READERS, find_reader, read_corpus
from training.corpora.checks import Heard, find_problems, group_by_file, hear_clips
from training.corpora.layout import Corpus
from training.corpora.report import count_failures, describe, write_problems
from training.manifest import write_manifest

FAILED = 1


def corpus(name: str, path: Path, out: Path, target: str, check: bool, problems: Path | None) -> int:
    """Write a corpus's manifest and print what is in it. Returns 1 where recordings cannot be used, else 0."""
    for table in (out, problems):
        if table and table.is_dir():
            raise ConfigError(f"{table} is a folder: name the table to write.")
    found = read_corpus(name, path, target)
    heard: list[Heard] = []
    if check:
        heard = _hear(found)
        found = replace(found, problems=(*found.problems, *find_problems(found.clips, heard)))
    write_manifest(found.clips, out)
    typer.echo(describe(READERS[find_reader(name)].title, found, heard, path if path.is_dir() else path.parent))
    typer.echo(f"  written  {out}")
    if problems:
        write_problems(found.problems, problems)
        typer.echo(f"  written  {problems}, all that is wrong")
    failures = count_failures(found.problems)
    if failures:
        complain(f"{failures:,} recording{'s' * (failures > 1)} cannot be used; --problems FILE names all problems.")
    return FAILED if failures else 0


def _hear(found: Corpus) -> list[Heard]:
    with FileProgress(sum(1 for _ in group_by_file(found.clips))) as progress:
        return hear_clips(found.clips, progress.file_done)
