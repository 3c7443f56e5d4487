"""The models that were taught from a project's labels, or brought along: which there are, and which is used.

They are in no journal: weights are not undone by the keys for undo. Each lies in a folder of its own beside the project
(`core.project.teaching.models_dir`) and stays there until it is deleted; to roll back is to use another one.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import CheckpointError, ProjectError
from core.model_folder import copy_model, look_at_model, pack_model
from core.project.files import explain, now
from core.project.recordings import file_of, path_in_project
from core.project.schemes import schemes_of
from core.project.store import Store
from core.project.teaching import labels_to_teach, make_model_folder, models_dir
from core.teach_job import RECIPE, Job, TaughtClip, read_toml

COLUMNS = "id, fingerprint, name, folder, parent, scheme, made, labels_taught, recipe, report, note, current, kept"


@dataclass(frozen=True)
class Version:
    """A model of a project.

    Attributes:
        number: of its row.
        fingerprint: of its weights.
        name: what it is called.
        folder: of the checkpoint, in full.
        parent: fingerprint of the model that was taught; "" where that is not known.
        scheme: name of its label set.
        made: when its labels were taken, or it was imported; UTC.
        labels_taught: how many labels of this project it has learnt.
        recipe: how it was taught, as plain data.
        report: what came of it (`training.teaching.teach.Taught`); None where that is not known.
        note: free text.
        is_current: it is the one in use.
        is_kept: somebody has decided to keep it.
    """

    number: int
    fingerprint: str
    name: str
    folder: Path
    parent: str
    scheme: str
    made: str
    labels_taught: int
    recipe: dict[str, Any]
    report: dict[str, Any] | None
    note: str
    is_current: bool
    is_kept: bool

    @property
    def is_there(self) -> bool:
        """Whether its folder still holds a model."""
        return (self.folder / "config.json").is_file()


def versions(store: Store) -> list[Version]:
    """All models of a project, the newest first.

    Raises:
        ProjectError: the file cannot be read.
    """
    return [_version_of(store, row) for row in store.rows(f"SELECT {COLUMNS} FROM versions ORDER BY id DESC")]


def version(store: Store, number: int) -> Version:
    """One of them.

    Raises:
        ProjectError: there is none of that number.
    """
    rows = store.rows(f"SELECT {COLUMNS} FROM versions WHERE id = ?", (number,))
    if not rows:
        raise ProjectError("That model is not one of the project's any more.")
    return _version_of(store, rows[0])


def current_version(store: Store) -> Version | None:
    """The model in use; None where the project uses none of its own."""
    rows = store.rows(f"SELECT {COLUMNS} FROM versions WHERE current = 1")
    return _version_of(store, rows[0]) if rows else None


def _version_of(store: Store, row: tuple[Any, ...]) -> Version:
    number, fingerprint, name, folder, parent, scheme, made, taught, recipe, report, note, current, kept = row
    return Version(
        number,
        fingerprint,
        name,
        file_of(store, folder),
        parent,
        scheme,
        made,
        taught,
        json.loads(recipe),
        json.loads(report) if report else None,
        note,
        bool(current),
        bool(kept),
    )


def add_version(
    store: Store,
    folder: Path,
    *,
    name: str = "",
    parent: str = "",
    made: str = "",
    taught: Mapping[str, str] | None = None,
    recipe: Mapping[str, Any] | None = None,
    report: Mapping[str, Any] | None = None,
    note: str = "",
    kept: bool = False,
) -> Version:
    """Note a model that lies beside the project; it is not in use by that. One that is noted already stays as it is.

    Args:
        store: the project.
        folder: of the checkpoint.
        name: what it is called, if not as its configuration says.
        parent: fingerprint of the model that was taught.
        made: when, UTC; now if it is not given.
        taught: label of each clip it has learnt, by `uid`.
        recipe: how it was taught.
        report: what came of it.
        note: free text.
        kept: somebody has decided to keep it.

    Raises:
        CheckpointError: there is no model in the folder.
        ProjectError: the project cannot be written.
    """
    place = path_in_project(store, folder)
    known = store.value("SELECT id FROM versions WHERE folder = ?", (place,))
    if known is not None:
        return version(store, known)
    facts = look_at_model(folder)
    taught = dict(taught or {})
    values = {
        "fingerprint": facts.fingerprint,
        "name": name or facts.name,
        "folder": place,
        "parent": parent,
        "scheme": facts.scheme.id,
        "made": made or now(),
        "labels_taught": len(taught),
        "taught": _json(taught),
        "recipe": _json(dict(recipe or {})),
        "report": None if report is None else _json(dict(report)),
        "note": note,
        "kept": kept,
    }
    sql = f"INSERT INTO versions ({', '.join(values)}) VALUES ({', '.join('?' for _ in values)})"
    with store.unjournaled() as connection:
        number = int(connection.execute(sql, list(values.values())).lastrowid or 0)
    return version(store, number)


def add_taught(store: Store, job: Job) -> Version:
    """Note the model of a teaching that is done; it is neither in use nor kept by that.

    Raises:
        CheckpointError: it has left no model.
        ProjectError: the job cannot be read, or the project not be written.
    """
    facts = job.facts
    try:
        taught, recipe = job.taught(), read_toml(job.folder / RECIPE)
    except OSError as error:
        raise explain(error, store.path, f"The folder {job.folder}") from error
    return add_version(
        store,
        job.model_dir,
        name=job.name,
        parent=facts.parent_fingerprint,
        made=facts.created,
        taught=taught,
        recipe=recipe,
        report=job.report(),
    )


def make_current(store: Store, number: int | None) -> None:
    """Use a model from now on, which is kept by that; None: none of the project's own.

    Raises:
        CheckpointError: its folder is not there any more, or damaged.
        ProjectError: there is none of that number, or the project cannot be written.
    """
    if number is not None:
        look_at_model(version(store, number).folder)
    with store.unjournaled() as connection:
        connection.execute("UPDATE versions SET current = 0 WHERE current = 1")
        if number is not None:
            connection.execute("UPDATE versions SET current = 1, kept = 1 WHERE id = ?", (number,))


def describe(
    store: Store, number: int, *, name: str | None = None, note: str | None = None, kept: bool | None = None
) -> None:
    """Change what is said of a model; what is not given stays.

    Args:
        store: the project.
        number: of the model.
        name: what it is called.
        note: free text.
        kept: somebody has decided to keep it.

    Raises:
        ProjectError: there is none of that number, the name is empty, or the project cannot be written.
    """
    version(store, number)
    if name is not None and not name.strip():
        raise ProjectError("A model needs a name.")
    said = {"name": name and name.strip(), "note": note, "kept": kept}
    changes = {column: value for column, value in said.items() if value is not None}
    if not changes:
        return
    marks = ", ".join(f"{column} = ?" for column in changes)
    with store.unjournaled() as connection:
        connection.execute(f"UPDATE versions SET {marks} WHERE id = ?", [*changes.values(), number])


def delete_version(store: Store, number: int) -> None:
    """Remove a model, then its folder with all that its teaching has left. What it said of clips stays.

    Folders that do not lie among the project's models are left alone.

    Raises:
        ProjectError: it is in use, there is none of that number, or the project cannot be written.
    """
    found = version(store, number)
    if found.is_current:
        raise ProjectError(f"{found.name} is in use: use another model before you delete it.")
    own = _own_folder(store, found.folder)
    if own is not None and Job(own).is_running:
        raise ProjectError(f"{found.name} is still being taught: stop that before you delete it.")
    with store.unjournaled() as connection:
        connection.execute("DELETE FROM versions WHERE id = ? AND current = 0", (number,))
        others = [file_of(store, row[0]) for row in connection.execute("SELECT folder FROM versions")]
    if own is None or any(other.is_relative_to(own) for other in others):
        return
    away = own.with_name(f".{own.name}.{secrets.token_hex(4)}.deleted")
    try:
        own.rename(away)  # at once: half a folder must not be taken for a model
    except OSError:
        return  # gone already, or open in another program: no row speaks of it any more
    shutil.rmtree(away, ignore_errors=True)


def _own_folder(store: Store, folder: Path) -> Path | None:
    """The folder right below the project's models in which a checkpoint lies; None where it lies elsewhere."""
    models = models_dir(store)
    if folder == models or not folder.is_relative_to(models):
        return None
    return models / folder.relative_to(models).parts[0]


def labels_not_taught(store: Store, scheme: int) -> list[TaughtClip]:
    """The labels that were given or changed since the model in use was taught; all where it was taught none of them.

    They are compared one by one, so that undoing and merging count as well.

    Args:
        store: the project.
        scheme: number of the label set.

    Raises:
        ProjectError: the file cannot be read, or has no such scheme.
    """
    clips = labels_to_teach(store, scheme)
    found = store.value("SELECT taught FROM versions WHERE current = 1 AND scheme = ?", (schemes_of(store)[scheme].id,))
    taught = json.loads(found) if found else {}
    return [clip for clip in clips if taught.get(clip.clip) != clip.emotion]


def export_version(folder: Path, target: Path) -> None:
    """Copy a model to where others can take it from. It needs no project.

    Args:
        folder: of the checkpoint.
        target: an archive where it ends in `.zip`, one that is there is replaced; else a folder that is not there yet.

    Raises:
        CheckpointError: there is no model in the folder, the target is there, or it cannot be written.
    """
    if target.suffix.lower() == ".zip":
        pack_model(folder, target)
        return
    if target.exists():
        raise CheckpointError(f"{target} is there already: choose another name.")
    copy_model(folder, target)


def import_version(store: Store, path: Path, name: str = "") -> Version:
    """Copy a model from elsewhere beside the project, and note it; it is not in use by that.

    It is checked and only read, never executed; see `core/model_folder.py`. A model that the project has already is not
    copied again.

    Args:
        store: the project.
        path: a model's folder, or a zip archive of one.
        name: what it is called, if not as its configuration says.

    Raises:
        CheckpointError: there is no model in it, it is damaged, or not safe.
        ProjectError: the project or its folder cannot be written.
    """
    if not path.exists():
        raise CheckpointError(f"There is no {path}.")
    folder = make_model_folder(store, "", "imported")
    try:
        facts = copy_model(path, folder / "model")
        known = [each for each in versions(store) if each.fingerprint == facts.fingerprint and each.is_there]
        if not known:
            return add_version(store, folder / "model", name=name, note=f"Imported from {path.name}.", kept=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return known[0]


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)
