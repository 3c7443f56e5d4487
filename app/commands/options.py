"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
DevicesOption = Annotated[
    int, typer.Option(min=1, metavar="N", help="Devices that share the run on each machine; of cpu, processes.")
]
NodesOption = Annotated[int, typer.Option("--num-nodes", min=1, metavar="N", help="Machines that share the run.")]
PrecisionOption = Annotated[
    str, typer.Option(metavar="auto|bf16-mixed|32-true", help="Numbers of the matrix products. [default: the recipe's]")
]
TensorBoardOption = Annotated[
    bool, typer.Option("--tensorboard", help="Curves for TensorBoard too, in the run's folder.")
]
ProcessesOption = Annotated[int, typer.Option(min=0, hidden=True, help="The older name of --device cpu --devices.")]
