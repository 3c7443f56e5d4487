"""What a project has to teach: its labels as they stand, and the job that teaches them to a model."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import ProjectError
from core.model_folder import fingerprint_of
from core.paths import resources_dir
from core.project.files import explain, now
from core.project.interchange import SAME_S
from core.project.recordings import file_of
from core.project.schemes import schemes_of
from core.project.store import Store
from core.teach_job import Job, JobFacts, TaughtClip, create_job, path_beside

MODELS = ".models"  # what the folder beside a project is called behind the project's name
STANDING = (
    "SELECT clips.uid, path, start_s, end_s, duration_s, coalesce(clips.speaker, recordings.speaker), "
    "label, unsure, adjudicated, transcript FROM annotations "
    "JOIN clips ON clips.id = clip JOIN recordings ON recordings.id = recording "
    "WHERE scheme = ? AND superseded = 0 ORDER BY path, start_s, end_s, clips.id, made"
)


class _Said(NamedTuple):
    label: str | None
    unsure: int
    decided: int
    transcript: str | None


def models_dir(store: Store) -> Path:
    """Where a project keeps its models: beside its file, under its name."""
    return store.folder / f"{store.path.stem}{MODELS}"


def labels_to_teach(store: Store, scheme: int) -> list[TaughtClip]:
    """The labels of a project that can be taught, by recording and time.

    A decision stands above what the annotators said. Where there is none, most annotators are right; where as many say
    one thing as another, nobody is, and the clip is left out. Answers that somebody was unsure of do not count. Flagged
    clips do: they are to be looked at again, but the label is what is known.

    Args:
        store: the project.
        scheme: number of the label set.

    Raises:
        ProjectError: the file cannot be read, or has no such scheme.
    """
    if scheme not in schemes_of(store):
        raise ProjectError(f"The project has no scheme number {scheme} any more.")
    said: dict[str, list[_Said]] = {}
    places: dict[str, TaughtClip] = {}
    for uid, path, start_s, end_s, duration_s, speaker, *answer in store.rows(STANDING, (scheme,)):
        said.setdefault(uid, []).append(_Said(*answer))
        whole = start_s == 0 and abs(end_s - duration_s) < SAME_S
        places[uid] = TaughtClip(file_of(store, path), start_s, None if whole else end_s, speaker, "", clip=uid)
    labels = {uid: _label_of(answers) for uid, answers in said.items()}
    return [
        replace(places[uid], emotion=label, transcript=_words_of(said[uid])) for uid, label in labels.items() if label
    ]


def _label_of(said: Sequence[_Said]) -> str:
    """The label that stands, from answers in the order in which they were given; "" if none does."""
    sure = [each for each in said if each.label and not each.unsure]
    decisions = [each.label for each in sure if each.decided]
    if decisions:
        return decisions[-1] or ""
    ranked = Counter(each.label for each in sure).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0] or ""


def _words_of(said: Sequence[_Said]) -> str:
    """What was written down last, in a decision if there is one; "" where nobody has written."""
    written = [each for each in reversed(said) if each.transcript]
    return max(written, key=lambda each: each.decided).transcript or "" if written else ""


def prepare_job(
    store: Store,
    scheme: int,
    recipe: Mapping[str, Any],
    parent_dir: Path,
    *,
    name: str = "",
    goes_on: bool = False,
) -> Job:
    """Write the folder of a teaching beside the project; no worker is started.

    Args:
        store: the project. Nothing in its file is changed.
        scheme: number of the label set whose labels are taught.
        recipe: how to teach, as plain data; name, labels, scheme and parent are filled in.
        parent_dir: the checkpoint that is taught.
        name: of the folder and the model, if it is not to be "taught-1", "taught-2" and so on.
        goes_on: whether the worker goes on when the window is closed.

    Raises:
        ProjectError: nothing is labelled, there is such a folder already, or it cannot be written.
        CheckpointError: there is no model in the parent's folder.
    """
    labels = labels_to_teach(store, scheme)
    if not labels:
        raise ProjectError("Nothing is labelled yet: there is nothing to teach.")
    facts = JobFacts(
        created=now(),
        goes_on=goes_on,
        annotator=store.annotator,
        parent_fingerprint=fingerprint_of(parent_dir),
    )
    folder = make_model_folder(store, name, "taught")
    try:
        facts = JobFacts(**vars(facts) | {"project": path_beside(folder, store.path)})
        said = dict(recipe) | {"name": folder.name, "parent": _parent_name(folder, parent_dir)}
        return create_job(folder, said, labels, schemes_of(store)[scheme], facts)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise explain(error, store.path, f"The folder {folder}") from error


def make_model_folder(store: Store, name: str, stem: str) -> Path:
    """A new folder for a model beside a project.

    Args:
        store: the project.
        name: of the folder; "" for the first of `stem`-1, `stem`-2, ... that neither is there nor was, as far as the
            project's versions know.
        stem: what its name begins with.

    Raises:
        ProjectError: there is one of that name, or it cannot be made.
    """
    models = models_dir(store)
    try:
        models.mkdir(exist_ok=True)
        if name:
            (models / name).mkdir()
            return models / name
        taken = {row[0] for row in store.rows("SELECT name FROM versions")}
        number = 1
        while True:
            made = f"{stem}-{number}"
            with suppress(FileExistsError):
                if made not in taken:
                    (models / made).mkdir()
                    return models / made
            number += 1
    except FileExistsError as error:
        raise ProjectError(f"There is a model {name!r} beside the project already: give another name.") from error
    except OSError as error:
        raise explain(error, store.path, f"The folder {models}") from error


def _parent_name(folder: Path, parent_dir: Path) -> str:
    """A parent as a recipe in a folder names it: by its name where it ships, else by the way to it."""
    parent = Path(os.path.realpath(parent_dir))
    shipped = Path(os.path.realpath(resources_dir() / "models"))
    return parent.name if parent.parent == shipped else path_beside(Path(os.path.realpath(folder)), parent)
