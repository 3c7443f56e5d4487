"""The options of `moodlight score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.guard import guarded
from app.commands.options import BeamOption, DeviceOption, EventsOption


@guarded
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Sound files, folders of them, manifests, projects, addresses (s3://...), and - for a list on stdin.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="The table to write.")],
    forms: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="csv|parquet|jsonl|audformat|audacity|textgrid|eaf",
            help="Form of the table; repeatable. [default: by OUT's ending, else csv]",
        ),
    ] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option("--model", metavar="DIR", help="Checkpoint folder; repeatable. [default: the bundled model]"),
    ] = None,
    segment: Annotated[
        str,
        typer.Option(
            metavar="auto|none|speech|SECONDS",
            help="One row a file (none), a stretch of speech (speech), or so many seconds; auto is none up to 20 s.",
        ),
    ] = "auto",
    device: DeviceOption = "auto",
    beam: BeamOption = 1,
    least_confidence: Annotated[
        float, typer.Option(metavar="P", help='Below this probability the emotion is "unsure".')
    ] = 0.0,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Of folders, only files like this (*.wav, a/b/*.flac); repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Of folders, no files like this; repeatable.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, metavar="K", help="Columns for the K most probable labels.")] = 0,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Write z_e, the model's own description of each clip, too.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes. [default: one a core]")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume/--no-resume", help="Keep what was scored before with the same models and settings."),
    ] = True,
    compare: Annotated[
        Path | None, typer.Option(metavar="OLD", help="An earlier table: write what is different now.")
    ] = None,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Score on a Ray cluster: its address, or auto or local.")
    ] = "",
    parts: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where a cluster's machines put what is done. [default: OUT.parts]")
    ] = "",
    events: EventsOption = False,
) -> int:
    """Write the emotion and the words of recordings to tables.

    What is scored is kept as it comes: a run that was ended goes on where it was, by the same command. Files that
    cannot be read are listed in OUT.errors.csv, and the exit code is then 1.
    """
    from app.commands.score import Wishes
    from app.commands.score import score as run_score

    wishes = Wishes(
        inputs,
        out,
        formats=forms or (),
        models=models or (),
        segment=segment,
        device=device,
        beam=beam,
        least_confidence=least_confidence,
        include=include or (),
        exclude=exclude or (),
        top=top,
        embeddings=embeddings,
        workers=workers,
        resume=resume,
        compare=compare,
        cluster=cluster,
        parts=parts,
        events=events,
    )
    return run_score(wishes)
