"""The command line: verbs that hand over to core and training. Neither Qt nor, for `--help`, torch is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app import version as installed_version
from app.commands.guard import guarded

app = typer.Typer(
    name="moodlight",
    help="Hears what is said and how it is felt. Without a verb, the window opens; with files, it opens on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models = typer.Typer(help="Models on this machine.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(models, name="models")

ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="DIR", help="Checkpoint folder. [default: the bundled model]")
]
DeviceOption = Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")]
BeamOption = Annotated[
    int,
    typer.Option(min=1, help="Search for the words with so many hypotheses; 1 is the greedy path, much faster."),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting of the recipe; repeatable.")
]
RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe that ships, or a TOML file.")]
DataOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the recipe's manifests.")]
RunOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder of the run. [default: runs/RECIPE]")
]
EventsOption = Annotated[bool, typer.Option("--events", help="JSON lines on stdout, for programs.")]


def run(arguments: Sequence[str]) -> int:
    """Run a command line (without the program's name) and return the exit code."""
    try:
        app(args=list(arguments), prog_name="moodlight")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"moodlight {installed_version()}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: moodlight score recordings/ -o table.csv")
@guarded
def score(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help="Sound files, and folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="The table to write.")],
    forms: Annotated[list[str] | None, typer.Option("--format", metavar="csv", help="Form of the table.")] = None,
    model: ModelOption = None,
    segment: Annotated[
        str,
        typer.Option(
            metavar="auto|none|speech|SECONDS",
            help="One row a file (none), a stretch of speech (speech), or so many seconds; auto is none up to 20 s.",
        ),
    ] = "auto",
    device: DeviceOption = "auto",
    beam: BeamOption = 1,
) -> int:
    """Write the emotion and the words of recordings to a table.

    Files that cannot be read are listed in OUT.errors.csv, and the exit code is then 1.
    """
    from app.commands.score import score as run_score

    return run_score(inputs, out, forms or ["csv"], model, segment, device, beam)


@app.command(epilog="Example: moodlight evaluate --manifest crema-d.csv --report figures/")
@guarded
def evaluate(
    manifest: Annotated[Path, typer.Option(metavar="CSV", help="Clips with their emotion or transcript.")],
    model: ModelOption = None,
    split: Annotated[str, typer.Option(help="Which rows of the manifest; '' for all.")] = "test",
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to write the figures to.")] = None,
    device: DeviceOption = "auto",
    beam: BeamOption = 1,
) -> int:
    """Measure a model on labelled clips: UA, WA and WER with their intervals."""
    from app.commands.measure import evaluate as run_evaluate

    return run_evaluate(manifest, model, split, report, device, beam)


@models.command("show", epilog="Example: moodlight models show")
@guarded
def models_show(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Checkpoint folder. [default: the bundled model]")
    ] = None,
) -> int:
    """Show a model: sizes, labels, precision here, and its card."""
    from app.commands.models import show

    return show(folder)


@models.command("list", epilog="Example: moodlight models list")
@guarded
def models_list() -> int:
    """List the models that ship, and the one that is used when none is named."""
    from app.commands.models import list_models

    return list_models()


@app.command(epilog="Example: moodlight devices")
@guarded
def devices() -> int:
    """List what can compute, record and play."""
    from app.commands.devices import show

    return show()


@app.command(epilog="Example: moodlight bench speed")
@guarded
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="window, engine, encoder, speed. [default: all]")
    ] = None,
    clips: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Recordings for `speed`. [default: the bundled samples]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="JSON", help="File for the figures.")] = None,
) -> int:
    """Measure how fast this machine works."""
    from core.bench import run as run_bench

    return run_bench(names or (), clips, out)


@app.command(epilog="Example: moodlight corpus crema-d ~/corpora/CREMA-D -o data/crema-d.csv")
@guarded
def corpus(
    name: Annotated[str, typer.Argument(metavar="NAME", help="crema-d, emo-db, librispeech, ...")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The corpus as its owner ships it.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="CSV", help="The manifest to write.")],
) -> int:
    """Write the manifest of a speech corpus."""
    from app.commands.train import corpus as run_corpus

    return run_corpus(name, folder, out)


@app.command(epilog="Example: moodlight pretrain bundled-pretrain --data data --set optimisation.passes=3")
@guarded
def pretrain(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that share the run.")] = 1,
    events: EventsOption = False,
) -> int:
    """Teach a model to recognise words. A run that was ended goes on where it was."""
    from app.commands.train import pretrain as run_pretrain

    return run_pretrain(recipe, settings or [], data, out, processes, events)


@app.command(epilog="Example: moodlight finetune bundled-finetune --data data")
@guarded
def finetune(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that share the run.")] = 1,
    events: EventsOption = False,
) -> int:
    """Teach a pre-trained model emotions. A run that was ended goes on where it was."""
    from app.commands.train import finetune as run_finetune

    return run_finetune(recipe, settings or [], data, out, processes, events)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
