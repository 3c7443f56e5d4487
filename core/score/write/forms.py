"""The forms in which results are written, where each goes, and whether that is possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.audio.decode import SOUND_EXTENSIONS
from core.errors import ConfigError, MoodlightError
from core.exchange.places import is_there
from core.model_folder import ModelFacts
from core.paths import check_can_be_written
from core.predictions import Prediction, errors_path
from core.score.items import Item
from core.tables import require

TABLES = ("csv", "parquet", "jsonl")
LABEL_FILES = ("audacity", "textgrid", "eaf")
FORMATS = (*TABLES, "audformat", *LABEL_FILES)
HOLD_EMBEDDINGS = ("parquet", "jsonl")
LIBRARIES = {"parquet": ("pyarrow", "pyarrow.parquet"), "audformat": ("yaml",)}
ENDINGS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl"}

Add = Callable[[Item, Sequence[Prediction]], None]  # takes an item's rows, in the order of the listing


@dataclass(frozen=True)
class WriteOptions:
    """What is written of a run.

    Attributes:
        models: that scored; of the first one is what the summary tells by file, folder and speaker.
        formats: of `FORMATS`; none is the form of which the table's ending speaks.
        least_confidence: an emotion less probable than this is "unsure".
        top_k: so many of the most probable labels have columns of their own in CSV and Parquet.
        embeddings: z_e is written where a form can hold it.
        compare: an older score table.
        parameters: what the run depended on, for `STEM.run.json`.
        inputs: what was named to be scored.
        command: that does the same again.
        version: of the program.
    """

    models: Sequence[ModelFacts]
    formats: Sequence[str] = ()
    least_confidence: float = 0.0
    top_k: int = 0
    embeddings: bool = False
    compare: Path | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    command: str = ""
    version: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all models, each once, in their order."""
        return tuple(dict.fromkeys(label for model in self.models for label in model.scheme.names))

    def color(self, label: str) -> str:
        """The colour of a label in the first model that has it."""
        schemes = (model.scheme for model in self.models if label in model.scheme.names)
        scheme = next(schemes, self.models[0].scheme)
        return scheme.color(label)


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        paths: files and folders, the main table first.
        rows: of a table.
        files: inputs, with those that could not be scored.
        failures: inputs that could not be scored.
        errors: where these are listed, None where there are none.
    """

    paths: tuple[Path, ...]
    rows: int
    files: int
    failures: int
    errors: Path | None


@dataclass(frozen=True)
class Places:
    """Where each thing goes.

    Attributes:
        out: as it was asked for.
        forms: form to its file or folder.
    """

    out: Path
    forms: dict[str, Path]

    def beside(self, ending: str) -> Path:
        """A file that is called as the table is, with another ending."""
        return _beside(self.out, ending)

    @property
    def page(self) -> Path:
        """The summary."""
        return self.beside(".html")

    @property
    def facts(self) -> Path:
        """What the run depended on."""
        return self.beside(".run.json")

    @property
    def changes(self) -> Path:
        """What changed since an older table."""
        return self.beside(".changes.csv")

    @property
    def errors(self) -> Path:
        """What failed."""
        return errors_path(self.out)

    def all(self) -> list[Path]:
        """Everything that could be written."""
        return [*self.forms.values(), self.page, self.facts, self.changes, self.errors]


def places(out: Path, formats: Sequence[str]) -> Places:
    """Where each form goes.

    `out` is the table of the form of which its ending speaks, or, where that says nothing, of the first table that is
    asked for. Other forms have its name with their own ending; those of several files are folders.

    Args:
        out: the main table.
        formats: of `FORMATS`; none is the one that the ending speaks of, or CSV.
    """
    named = ENDINGS.get(out.suffix.lower())
    wanted = tuple(dict.fromkeys(formats)) or (named or "csv",)
    main = named or next((form for form in wanted if form in TABLES), "")
    return Places(out, {form: out if form == main else _beside(out, f".{form}") for form in wanted})


def _beside(out: Path, ending: str) -> Path:
    stem = out.name[: -len(out.suffix)] if out.suffix.lower() in ENDINGS else out.name
    return out.with_name(stem + ending)


def check_outputs(out: Path, options: WriteOptions) -> Places:
    """Refuse before the work what could not be written after it.

    Returns:
        Where each form will go.

    Raises:
        ConfigError: a form is unknown or needs a library that is not there, a place cannot be written to, or something
            that is read would be written over.
        MoodlightError: the older table is none.
    """
    unknown = next((form for form in options.formats if form not in FORMATS), "")
    if unknown:
        raise ConfigError(f"Results cannot be written as {unknown!r}. Known: {', '.join(FORMATS)}.")
    if options.top_k < 0:
        raise ConfigError(f"The most probable labels are counted from 1, not {options.top_k}.")
    planned = places(out, options.formats)
    _check_forms(planned, options)
    check_can_be_written(out)
    for form, path in planned.forms.items():
        if path.is_dir() and form in TABLES:
            raise ConfigError(f"{path} is a folder: name the table to write.")
        if path.exists() and not path.is_dir() and form not in TABLES:
            raise ConfigError(f"{path} is a file, where a folder is to be: move it away, or name another table.")
    _check_not_read(planned, options)
    return planned


def _check_forms(planned: Places, options: WriteOptions) -> None:
    for form in planned.forms:
        for library in LIBRARIES.get(form, ()):
            _need(library)
    if options.compare and options.compare.suffix.lower() in (".parquet", ".pq"):
        _need("pyarrow.parquet")
    if options.embeddings and not set(planned.forms) & set(HOLD_EMBEDDINGS):
        raise ConfigError("Embeddings are only written in the forms parquet and jsonl: ask for one of them, too.")
    if options.compare and not options.compare.is_file():
        raise ConfigError(f"There is no table {options.compare} to compare with.")
    if options.compare:
        from core.score.write.changes import check_older  # here: most runs compare nothing

        check_older(options.compare)


def _need(library: str) -> None:
    try:
        require(library)
    except MoodlightError as error:
        raise ConfigError(str(error)) from error


def _check_not_read(planned: Places, options: WriteOptions) -> None:
    """Recordings and lists that were named are never written over, nor is anything that is called as a recording."""
    if planned.out.suffix.lower() in SOUND_EXTENSIONS:
        raise ConfigError(f"{planned.out} is called as a recording is: name a table, such as {planned.out.stem}.csv.")
    for name in options.inputs:
        if is_there(Path(name)):
            for path in planned.all():
                if path.exists() and path.samefile(name):
                    raise ConfigError(f"{name} is read, and would be written over: name another table.")
