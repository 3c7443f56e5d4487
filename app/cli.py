"""The command line: verbs that hand over to core and training. Neither Qt nor, for `--help`, torch is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app import version as installed_version
from app.commands.guard import guarded
from app.commands.options import (
    BeamOption,
    DataOption,
    DeviceOption,
    DevicesOption,
    EventsOption,
    ModelOption,
    NodesOption,
    PrecisionOption,
    ProcessesOption,
    RecipeArgument,
    RunOption,
    SetOption,
    TensorBoardOption,
)
from app.commands.project_verbs import project
from app.commands.score_verb import score

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
app.add_typer(project, name="project")


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


app.command(epilog="Example: moodlight score recordings/ -o table.csv --format csv --format textgrid")(score)


@app.command(epilog="Example: moodlight evaluate --manifest crema-d.csv --report figures/")
@guarded
def evaluate(
    manifest: Annotated[Path, typer.Option(metavar="CSV", help="Clips with their emotion or transcript.")],
    model: ModelOption = None,
    split: Annotated[str, typer.Option(help="Which rows of the manifest; '' for all.")] = "test",
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for report.html, report.json and report.txt.")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Leave the narrow bands and the noise out of the report: a fifth of the time."),
    ] = False,
    allow_speaker_overlap: Annotated[
        bool,
        typer.Option(
            "--allow-speaker-overlap",
            help="Measure where a speaker stands on both sides of a split, and mark every figure.",
        ),
    ] = False,
    device: DeviceOption = "auto",
    beam: BeamOption = 1,
) -> int:
    """Measure a model on labelled clips: UA, WA, F1, calibration, WER and CER, with their intervals.

    A report also has the worst clips to listen to, and figures by speaker, sex, age, level, duration, band and noise.
    """
    from app.commands.measure import Wishes
    from app.commands.measure import evaluate as run_evaluate

    return run_evaluate(Wishes(manifest, model, split, report, device, beam, quick, allow_speaker_overlap))


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


@app.command(epilog="Example: moodlight listen --save take.wav -o table.csv")
@guarded
def listen(
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="What to record from. [default: the system's]")
    ] = "",
    list_only: Annotated[bool, typer.Option("--list", help="List what can be recorded from.")] = False,
    loopback: Annotated[
        bool, typer.Option("--loopback", help="Listen to what the computer plays, where the system offers that.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(metavar="S", help="Stop after so long.")] = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="WAV", help="Record to this file.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="CSV", help="Score table of the segments heard.")
    ] = None,
    rate: Annotated[int, typer.Option(metavar="HZ", help="Rate of the recording; 0 is the device's own.")] = 16_000,
    bits: Annotated[int, typer.Option(metavar="16|24", help="Bits of a recorded sample.")] = 16,
    model: ModelOption = None,
    compute: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")] = "auto",
    events: EventsOption = False,
) -> int:
    """Listen to the microphone: the level, the emotion and the words while they are spoken, until Ctrl-C."""
    from app.commands.listen import Wishes, list_inputs
    from app.commands.listen import listen as run_listen
    from core.audio.capture import InputChoice

    if list_only:
        return list_inputs()
    choice = InputChoice(name=device, rate=rate, bits=bits)
    return run_listen(Wishes(choice, loopback, seconds, save, out, model, compute, events))


@app.command(epilog="Example: moodlight bench speed")
@guarded
def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="window, engine, encoder, speed, project, training, memory, live, score, score-many, score-long. "
            "[default: the first 4]",
        ),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Recordings for `speed`, `training`, `live` and `score`. [default: the bundled samples]"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="JSON", help="File for the figures.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, metavar="M", help="`live`: minutes of sound.")] = 10.0,
    speed: Annotated[
        float, typer.Option(min=0.1, metavar="X", help="`live`: so many times as fast, without a device.")
    ] = 1.0,
) -> int:
    """Measure how fast this machine works."""
    from app.commands.bench import bench as run_bench

    return run_bench(names or (), clips, out, minutes, speed)


@app.command(epilog="Example: moodlight corpus crema-d ~/corpora/CREMA-D -o data/crema-d.csv")
@guarded
def corpus(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of the names above.")],
    path: Annotated[Path, typer.Argument(metavar="DIR", help="The corpus as its owner ships it, or a table.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="CSV", help="The manifest to write: .csv or .parquet.")],
    target: Annotated[
        str,
        typer.Option(metavar="intended|perceived", help="Labels as they were meant, or listeners' votes."),
    ] = "intended",
    check: Annotated[bool, typer.Option("--check/--no-check", help="Listen to each recording for faults.")] = True,
    problems: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Table for all that is wrong; the report names the first few.")
    ] = None,
) -> int:
    """Write the manifest of a speech corpus; say what is in it and what is wrong with it.

    \b
    NAME is one of
      crema-d      CREMA-D (also --target perceived)
      emo-db       Berlin Emo-DB
      iemocap      IEMOCAP, four emotions
      msp-podcast  MSP-Podcast with its partitions
      ravdess      RAVDESS, speech
      tess         TESS
      librispeech  LibriSpeech, all of it or any subset
      kathleen     CMU Arctic prompts, a .txt beside each
      ljspeech     LJSpeech
      vctk         VCTK
      folders      a folder a class
      table        a manifest, CSV or Parquet
      nkululeko    nkululeko's CSV
      emobox       EmoBox's JSON lines
      audformat    an audformat database

    The exit code is 1 where recordings cannot be used.
    """
    from app.commands.corpus import corpus as run_corpus

    return run_corpus(name, path, out, target, check, problems)


@app.command(epilog="Example: moodlight pretrain bundled-pretrain --data data --set optimisation.passes=3")
@guarded
def pretrain(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    device: DeviceOption = "auto",
    devices: DevicesOption = 1,
    num_nodes: NodesOption = 1,
    precision: PrecisionOption = "",
    tensorboard: TensorBoardOption = False,
    events: EventsOption = False,
    processes: ProcessesOption = 0,
) -> int:
    """Teach a model to recognise words. A run that was ended goes on where it was.

    torchrun may start the processes too; their number is then torchrun's.
    """
    from app.commands.train import Wishes
    from app.commands.train import pretrain as run_pretrain

    device, devices = ("cpu", processes) if processes else (device, devices)
    return run_pretrain(
        Wishes(recipe, settings or [], data, out, device, devices, num_nodes, precision, tensorboard, events)
    )


@app.command(epilog="Example: moodlight finetune bundled-finetune --data data --device cpu --devices 2")
@guarded
def finetune(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    device: DeviceOption = "auto",
    devices: DevicesOption = 1,
    num_nodes: NodesOption = 1,
    precision: PrecisionOption = "",
    tensorboard: TensorBoardOption = False,
    events: EventsOption = False,
    processes: ProcessesOption = 0,
) -> int:
    """Teach a pre-trained model emotions. A run that was ended goes on where it was.

    torchrun may start the processes too; their number is then torchrun's.
    """
    from app.commands.train import Wishes
    from app.commands.train import finetune as run_finetune

    device, devices = ("cpu", processes) if processes else (device, devices)
    return run_finetune(
        Wishes(recipe, settings or [], data, out, device, devices, num_nodes, precision, tensorboard, events)
    )


@app.command(epilog="Example: moodlight teach labels/teach.toml --data labels")
@guarded
def teach(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    device: DeviceOption = "auto",
    events: EventsOption = False,
) -> int:
    """Teach a model a few labelled clips, and measure whether it helped and what it forgot.

    The run's folder ends with the checkpoint `model` and `report.json`. A run that was ended goes on where it was.
    """
    from app.commands.train import Wishes
    from app.commands.train import teach as run_teach

    return run_teach(Wishes(recipe, settings or [], data, out, device, 1, 1, "", False, events))


@app.command(epilog="Example: moodlight crossval crema-table1 --data data --dry-run")
@guarded
def crossval(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    devices: Annotated[
        str, typer.Option(metavar="DEVICE,...", help="One job at a time on each: auto, cpu, or cuda:0,cuda:1.")
    ] = "auto",
    processes: Annotated[int, typer.Option(min=1, help="Processes that share a job, on one device.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")] = False,
    events: EventsOption = False,
) -> int:
    """Compare systems over folds and seeds, and write one report. What was ended goes on where it was."""
    from app.commands.crossval import crossval as run_crossval

    return run_crossval(recipe, settings or [], data, out, devices, processes, dry_run, events)


@app.command(epilog="Example: moodlight curve curve-emo-db --data data --dry-run")
@guarded
def curve(
    recipe: RecipeArgument,
    settings: SetOption = None,
    data: DataOption = Path("data"),
    out: RunOption = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Write RECIPE.json, .md and .svg there, too.")
    ] = None,
    device: DeviceOption = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")] = False,
    events: EventsOption = False,
) -> int:
    """Draw UA against labels a class, for several ways of teaching. What was ended goes on where it was."""
    from app.commands.curve import curve as run_curve

    return run_curve(recipe, settings or [], data, out, keep, device, dry_run, events)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
