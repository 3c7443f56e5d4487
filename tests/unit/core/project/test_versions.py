"""A project's models: noted, used, rolled back, described, deleted, given away and taken in."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from core.errors import CheckpointError, ProjectError
from core.project.annotations import annotate, clear
from core.project.opening import open_project
from core.project.schema import APPLICATION_ID, VERSION_1, VERSION_2
from core.project.schemes import add_scheme
from core.project.store import Store
from core.project.teaching import models_dir, prepare_job
from core.project.versions import (
    Version,
    add_taught,
    add_version,
    current_version,
    delete_version,
    describe,
    export_version,
    import_version,
    labels_not_taught,
    make_current,
    version,
    versions,
)
from core.schemes import Scheme, load_scheme
from core.teach_job import Job
from tests.unit.core.project.conftest import clips_of, dump


def other_weights(model: Path, seed: int) -> None:
    path = model / "model.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[0]
    tensors[name] = tensors[name] + seed
    save_file(tensors, path)


def teach(store: Store, model: Path, seed: int = 1) -> tuple[Job, Version]:
    """As a worker does it: a model and a report in the job's folder."""
    job = prepare_job(store, 1, {"method": "head"}, model)
    shutil.copytree(model, job.model_dir)
    other_weights(job.model_dir, seed)
    (job.run_dir / "report.json").write_text(json.dumps({"plan": "p", "seed": seed}), encoding="utf-8")
    return job, add_taught(store, job)


@pytest.fixture
def labelled(store: Store) -> Store:
    annotate(store, clips_of(store), 1, label="anger")
    return store


def test_what_was_taught_is_noted_once_and_not_used_by_that(labelled: Store, untrained_model: Path) -> None:
    job, made = teach(labelled, untrained_model)
    assert (made.name, made.scheme, made.labels_taught) == ("taught-1", "iemocap4", 3)
    assert made.folder == job.model_dir and made.is_there
    assert made.recipe["method"] == "head" and made.report == {"plan": "p", "seed": 1}
    assert made.parent == job.facts.parent_fingerprint != made.fingerprint and made.made == job.facts.created
    assert not made.is_current and not made.is_kept and current_version(labelled) is None
    assert add_taught(labelled, job) == made and versions(labelled) == [made]
    assert labelled.value("SELECT folder FROM versions") == "work.models/taught-1/run/model"


def test_a_job_that_is_not_done_has_no_version(labelled: Store, untrained_model: Path) -> None:
    with pytest.raises(CheckpointError, match="not a model"):
        add_taught(labelled, prepare_job(labelled, 1, {}, untrained_model))
    assert versions(labelled) == []


def test_one_model_is_in_use_and_can_be_rolled_back(labelled: Store, untrained_model: Path) -> None:
    (_, first), (_, second) = teach(labelled, untrained_model, 1), teach(labelled, untrained_model, 2)
    make_current(labelled, first.number)
    make_current(labelled, second.number)
    now = current_version(labelled)
    assert now is not None and (now.number, now.is_kept) == (second.number, True)
    assert [each.is_current for each in versions(labelled)] == [True, False]
    labelled.undo()  # the labels, and not the model
    assert current_version(labelled) == now and dump(labelled)["annotations"] == []
    make_current(labelled, first.number)
    labelled.close()
    with open_project(labelled.path) as again:
        found = current_version(again)
        assert found is not None and found.number == first.number and found.folder == first.folder
        make_current(again, None)
        assert current_version(again) is None


def test_a_model_that_is_gone_is_not_taken_into_use(labelled: Store, untrained_model: Path) -> None:
    (_, first), (other, second) = teach(labelled, untrained_model, 1), teach(labelled, untrained_model, 2)
    make_current(labelled, first.number)
    shutil.rmtree(other.folder)
    assert not version(labelled, second.number).is_there
    with pytest.raises(CheckpointError):
        make_current(labelled, second.number)
    found = current_version(labelled)
    assert found is not None and found.number == first.number
    delete_version(labelled, second.number)
    assert len(versions(labelled)) == 1


def test_it_is_described(labelled: Store, untrained_model: Path) -> None:
    _, made = teach(labelled, untrained_model)
    describe(labelled, made.number, name=" quiet rooms ", note="감정 🙂", kept=True)
    describe(labelled, made.number)
    found = version(labelled, made.number)
    assert (found.name, found.note, found.is_kept) == ("quiet rooms", "감정 🙂", True)
    with pytest.raises(ProjectError, match="needs a name"):
        describe(labelled, made.number, name=" ")
    with pytest.raises(ProjectError, match="not one of"):
        describe(labelled, 99, note="x")


def test_it_is_deleted_with_its_folder_but_not_while_it_is_used(labelled: Store, untrained_model: Path) -> None:
    job, made = teach(labelled, untrained_model)
    make_current(labelled, made.number)
    with pytest.raises(ProjectError, match="in use"):
        delete_version(labelled, made.number)
    assert made.is_there
    make_current(labelled, None)
    with job.lock(), pytest.raises(ProjectError, match="still being taught"):
        delete_version(labelled, made.number)
    delete_version(labelled, made.number)
    assert versions(labelled) == [] and list(models_dir(labelled).iterdir()) == []
    assert teach(labelled, untrained_model)[1].number > made.number


def test_a_folder_elsewhere_is_left_alone(labelled: Store, untrained_model: Path, tmp_path: Path) -> None:
    shutil.copytree(untrained_model, tmp_path / "elsewhere")
    made = add_version(labelled, tmp_path / "elsewhere")
    delete_version(labelled, made.number)
    assert (tmp_path / "elsewhere" / "config.json").exists()


def test_a_project_that_cannot_be_written_keeps_row_and_folder(
    labelled: Store, untrained_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = teach(labelled, untrained_model)
    monkeypatch.setattr(labelled, "read_only", True)
    with pytest.raises(ProjectError, match="reading only"):
        delete_version(labelled, made.number)
    assert made.is_there and versions(labelled) == [made]


def test_labels_are_to_be_taught_until_the_model_in_use_has_learnt_them(labelled: Store, untrained_model: Path) -> None:
    def left() -> list[str]:
        return [clip.file.name for clip in labels_not_taught(labelled, 1)]

    first, second, third = clips_of(labelled)
    clear(labelled, [third], 1)
    _, made = teach(labelled, untrained_model)
    assert left() == ["a.wav", "b 소리 🙂.wav"]
    make_current(labelled, made.number)
    assert left() == []
    annotate(labelled, [first], 1, label="sadness")
    annotate(labelled, [second], 1, note="no other label")
    assert left() == ["a.wav"]
    labelled.undo()
    labelled.undo()
    assert left() == []
    labelled.undo()  # the third has its label again
    assert left() == ["c.wav"]
    add_scheme(labelled, Scheme("other", "Other", load_scheme("iemocap4").labels[:2]))
    annotate(labelled, [first], 2, label="anger")
    assert len(labels_not_taught(labelled, 2)) == 1
    make_current(labelled, None)
    assert len(left()) == 3


@pytest.mark.parametrize("name", ["감정 model.zip", "a folder"])
def test_it_is_given_away_and_taken_in(labelled: Store, untrained_model: Path, tmp_path: Path, name: str) -> None:
    _, made = teach(labelled, untrained_model)
    export_version(made.folder, tmp_path / name)
    assert import_version(labelled, tmp_path / name).number == made.number  # the project has it
    assert [path.name for path in models_dir(labelled).iterdir()] == ["taught-1"]
    delete_version(labelled, made.number)
    taken = import_version(labelled, tmp_path / name)
    assert taken.fingerprint == made.fingerprint and taken.folder == models_dir(labelled) / "imported-1" / "model"
    assert taken.is_kept and taken.scheme == "iemocap4" and name in taken.note and taken.report is None
    make_current(labelled, taken.number)
    assert len(labels_not_taught(labelled, 1)) == 3
    if not name.endswith(".zip"):
        with pytest.raises(CheckpointError, match="there already"):
            export_version(taken.folder, tmp_path / name)


def test_what_is_not_sound_is_not_taken_in(labelled: Store, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK")
    for path in (tmp_path / "bad.zip", tmp_path / "sounds", tmp_path / "nowhere"):
        with pytest.raises(CheckpointError):
            import_version(labelled, path)
    assert versions(labelled) == []
    assert not models_dir(labelled).exists() or not list(models_dir(labelled).iterdir())


def test_a_project_of_version_2_gets_its_table(tmp_path: Path) -> None:
    path = tmp_path / "옛 project 🙂.moodlight"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1 + VERSION_2)
    scheme = json.dumps(load_scheme("iemocap4").to_json())
    connection.execute("INSERT INTO schemes VALUES (1, 'iemocap4', ?)", (scheme,))
    connection.execute("INSERT INTO watched_folders VALUES (1, 'calls', 2.0)")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    with open_project(path) as store:
        assert store.value("PRAGMA user_version") == 3
        assert versions(store) == [] and store.rows("SELECT path, clip_s FROM watched_folders") == [("calls", 2.0)]
    copy = sqlite3.connect(path.with_name(f"{path.name}.version-2.backup"))
    assert copy.execute("PRAGMA user_version").fetchone() == (2,)
    assert copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'versions'").fetchone() is None
    copy.close()
