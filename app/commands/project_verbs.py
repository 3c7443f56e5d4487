"""The verbs of `moodlight project`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.guard import guarded

project = typer.Typer(
    help="Projects: recordings, clips and what people say of them.", no_args_is_help=True, rich_markup_mode=None
)

ProjectArgument = Annotated[Path, typer.Argument(metavar="PROJECT", help="A .moodlight file.")]
SchemeOption = Annotated[str, typer.Option("--scheme", metavar="NAME", help="Label set. [default: the first one]")]
AnnotatorOption = Annotated[str, typer.Option("--annotator", metavar="NAME", help="Who works. [default: you]")]


@project.command(epilog="Example: moodlight project new calls.moodlight --scheme iemocap4")
@guarded
def new(
    path: ProjectArgument,
    scheme: Annotated[str, typer.Option(metavar="NAME", help="A label set that ships, or a JSON file.")] = "iemocap4",
) -> int:
    """Make an empty project."""
    from app.commands.project import make

    return make(path, scheme)


@project.command(epilog="Example: moodlight project add calls.moodlight recordings/ --segment speech")
@guarded
def add(
    path: ProjectArgument,
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help="Sound files, and folders of them.")],
    segment: Annotated[
        str, typer.Option(metavar="none|speech|SECONDS", help="What becomes a clip: a recording, a stretch of it.")
    ] = "none",
    watch: Annotated[
        bool, typer.Option("--watch", help="Watch the folders: what comes later is added by the window or `refresh`.")
    ] = False,
) -> int:
    """Add recordings; one that the project has already, under whatever name, is not added again.

    Files that cannot be read are told of, and the exit code is then 1.
    """
    from app.commands.project import add_recordings, watch_folders

    return watch_folders(path, inputs, segment) if watch else add_recordings(path, inputs, segment)


@project.command(epilog="Example: moodlight project refresh calls.moodlight")
@guarded
def refresh(path: ProjectArgument) -> int:
    """Add what has come into the watched folders since the last look.

    A file that is still being written is left for the next look; one that was taken out by undo does not come back.
    """
    from app.commands.project import look_again

    return look_again(path)


@project.command(epilog="Example: moodlight project info calls.moodlight")
@guarded
def info(path: ProjectArgument) -> int:
    """Say what is in a project, who has labelled how much, and what is missing."""
    from app.commands.project import describe

    return describe(path)


@project.command(name="import", epilog="Example: moodlight project import calls.moodlight labels.json --map joy=anger")
@guarded
def import_(
    path: ProjectArgument,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A file or folder of labels.")],
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="[default: found out]")] = "",
    scheme: SchemeOption = "",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="THEIRS=OURS", help="What a foreign label means; repeatable.")
    ] = None,
    annotator: AnnotatorOption = "",
    sounds: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the recordings lie. [default: beside the labels]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be taken in.")] = False,
) -> int:
    """Take in labels of another program, all in one step that can be undone. What people said here stays."""
    from app.commands.project import take_in

    return take_in(path, source, form, scheme, mapping or [], annotator, sounds, dry_run)


@project.command(epilog="Example: moodlight project export calls.moodlight -o labels/ --format textgrid")
@guarded
def export(
    path: ProjectArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="The file or folder to write.")],
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="[default: manifest]")] = "manifest",
    scheme: SchemeOption = "",
) -> int:
    """Write what people said, in the form of another program."""
    from app.commands.project import give_out

    return give_out(path, out, form, scheme)


@project.command(epilog="Example: moodlight project merge calls.moodlight calls-of-ben.moodlight")
@guarded
def merge(
    path: ProjectArgument,
    others: Annotated[list[Path], typer.Argument(metavar="OTHER", help="Copies to take everything from.")],
) -> int:
    """Take everything from other copies of a project; neither side loses anything."""
    from app.commands.project import merge_in

    return merge_in(path, others)


@project.command(epilog="Example: moodlight project agreement calls.moodlight")
@guarded
def agreement(
    path: ProjectArgument,
    scheme: SchemeOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """Say how far the annotators agree: percent, kappa, alpha, and the clips they differ on."""
    from app.commands.project import agree

    return agree(path, scheme, as_json)


@project.command(epilog="Example: moodlight project find calls.moodlight /media/backup")
@guarded
def find(
    path: ProjectArgument,
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Where to look, with all below.")],
) -> int:
    """Look for recordings that are not where they were, by what is in them."""
    from app.commands.project import find_again

    return find_again(path, folders)
