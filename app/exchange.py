"""Labels in and out in every form that is known: label files, tables, and corpora. No Qt, no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import MoodlightError
from core.exchange import FORMATS as LABEL_FILES
from core.exchange import detect
from core.exchange.labels import FIELDS, LabelledClip
from training.corpora import READERS, find_reader, read_corpus, writers
from training.manifest import Clip

MANIFEST = "manifest"  # what the table of this program is called, too
TABLES = (".csv", ".parquet", ".pq")


@dataclass(frozen=True)
class Form:
    """A form in which labels are written.

    Attributes:
        title: for people.
        makes_folder: a folder is written, not one file.
        write: rows to it.
        loses: what label files cannot hold of the rows, in words; "" where they hold all.
    """

    title: str
    makes_folder: bool
    write: Callable[[Sequence[LabelledClip], Path], object]
    loses: str = ""


def written_forms() -> dict[str, Form]:
    """Every form that labels can be written in, by its name."""
    tables = {name: Form(each.title, each.makes == "folder", each.write) for name, each in writers.WRITERS.items()}
    files = {
        name: Form(each.title, each.per_recording, each.write, ", ".join(sorted(FIELDS - each.holds)))
        for name, each in LABEL_FILES.items()
    }
    return tables | files


def format_names() -> list[str]:
    """The names of all forms that labels can be read from."""
    return [*LABEL_FILES, *READERS]


def detect_format(path: Path) -> str:
    """The form of labels on disk, by what they look like.

    Raises:
        MoodlightError: it is none that is known.
    """
    if not path.exists():
        raise MoodlightError(f"There is no {path}.")
    if path.suffix.lower() in TABLES:
        return "table"
    if path.suffix.lower() == ".jsonl":
        return "emobox"
    if (path / "db.yaml").exists():
        return "audformat"
    return detect(path).name


def read_labels(source: Path, form: str = "", sounds: Path | None = None) -> list[LabelledClip]:
    """Rows of labels on disk; a corpus's recordings have no annotator.

    Args:
        source: a file or folder.
        form: one of `format_names`; found out if it is empty.
        sounds: folder in which label files' recordings are looked for, beside the places that they name.

    Raises:
        MoodlightError: it is of no form that is known, or damaged.
    """
    form = form or detect_format(source)
    if form in LABEL_FILES:
        return LABEL_FILES[form].read(source, sounds)
    name = "table" if form == MANIFEST else find_reader(form)
    corpus = read_corpus(name, source)
    missing = [LabelledClip(problem.file) for problem in corpus.problems if problem.kind == "missing"]
    return [*map(_row, corpus.clips), *missing]  # whoever takes them in finds that those are not there, and says so


def _row(clip: Clip) -> LabelledClip:
    return LabelledClip(
        clip.file,
        clip.start_s,
        clip.end_s,
        clip.emotion,
        clip.transcript,
        speaker=clip.speaker,
        sex=clip.sex,
        age=clip.age,
        split=clip.split,
        weight=clip.weight,
    )


def write_labels(rows: Sequence[LabelledClip], out: Path, form: str) -> None:
    """Write rows.

    Args:
        rows: what people said.
        out: file or folder, as the form has it.
        form: one of `written_forms`.

    Raises:
        MoodlightError: there is no such form, or it cannot be written.
    """
    form = "table" if form == MANIFEST else form
    forms = written_forms()
    if form not in forms:
        raise MoodlightError(f"Labels cannot be written as {form!r}. Known: {', '.join(forms)}.")
    if not rows:
        raise MoodlightError("There is nothing to write: the project has no clips.")
    try:
        forms[form].write(rows, out)
    except OSError as error:
        raise MoodlightError(f"{out} cannot be written: {error.strerror or error}.") from error
