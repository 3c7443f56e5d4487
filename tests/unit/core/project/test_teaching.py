"""Which labels of a project are taught, and the folder that asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import CheckpointError, ProjectError
from core.model_folder import fingerprint_of
from core.paths import resources_dir
from core.project.annotations import annotate
from core.project.store import Store
from core.project.teaching import labels_to_teach, models_dir, prepare_job
from core.teach_job import read_toml
from tests.unit.core.project.conftest import clips_of


def says(store: Store, who: str, clip: int, **said: object) -> None:
    before, store.annotator = store.annotator, who
    annotate(store, [clip], 1, **said)  # type: ignore[arg-type]
    store.annotator = before


def labels(store: Store) -> dict[str, str]:
    return {clip.file.name: clip.emotion for clip in labels_to_teach(store, 1)}


def test_a_label_comes_with_its_place_and_its_speaker(store: Store) -> None:
    first, second, _ = clips_of(store)
    annotate(store, [first, second], 1, label="anger")
    with store.command("Speakers") as connection:
        connection.execute("UPDATE recordings SET speaker = 'eva'")
        connection.execute("UPDATE clips SET speaker = 'bob', end_s = 0.5 WHERE id = ?", (second,))
    clips = labels_to_teach(store, 1)
    assert [(clip.file.name, clip.start_s, clip.end_s, clip.speaker) for clip in clips] == [
        ("a.wav", 0.0, None, "eva"),
        ("b 소리 🙂.wav", 0.0, 0.5, "bob"),
    ]
    assert all(clip.file.is_file() for clip in clips)
    assert {clip.clip for clip in clips} <= {row[0] for row in store.rows("SELECT uid FROM clips")}


def test_unsure_answers_do_not_count_and_flagged_ones_do(store: Store) -> None:
    first, second, third = clips_of(store)
    annotate(store, [first], 1, label="anger")
    annotate(store, [first], 1, unsure=True)
    annotate(store, [second], 1, label="sadness", flagged=True)
    annotate(store, [third], 1, note="loud")
    assert labels(store) == {"b 소리 🙂.wav": "sadness"}


def test_most_are_right_a_draw_says_nothing_and_a_decision_stands_above(store: Store) -> None:
    first, second, third = clips_of(store)
    for who, label in (("ana", "anger"), ("ben", "sadness"), ("eva", "sadness")):
        says(store, who, first, label=label)
    says(store, "ana", second, label="anger")
    says(store, "ben", second, label="sadness")
    says(store, "ana", third, label="anger")
    assert labels(store) == {"a.wav": "sadness", "c.wav": "anger"}
    says(store, "eva", first, label="neutral", adjudicated=True)
    says(store, "eva", second, label="neutral", adjudicated=True)
    assert labels(store) == {"a.wav": "neutral", "b 소리 🙂.wav": "neutral", "c.wav": "anger"}
    store.undo()
    assert "b 소리 🙂.wav" not in labels(store)


def test_the_words_are_those_written_last_or_decided_on(store: Store) -> None:
    first = clips_of(store)[0]
    says(store, "ana", first, label="anger", transcript="one")
    says(store, "ben", first, label="anger", transcript="two")
    assert labels_to_teach(store, 1)[0].transcript == "two"
    says(store, "ana", first, adjudicated=True, transcript="three", label="anger")
    says(store, "ben", first, transcript="four")
    assert labels_to_teach(store, 1)[0].transcript == "three"


def test_a_job_is_written_beside_the_project(store: Store, untrained_model: Path) -> None:
    annotate(store, clips_of(store), 1, label="anger")
    before = store.value("SELECT count(*) FROM commands")
    job = prepare_job(store, 1, {"method": "head", "name": "ignored"}, untrained_model, goes_on=True)
    assert job.folder == models_dir(store) / "taught-1" and job.folder.parent.name == "work.models"
    facts = job.facts
    assert (facts.annotator, facts.goes_on, facts.labels) == ("ana", True, {"anger": 3})
    assert (job.folder / facts.project).resolve() == store.path.resolve()
    assert facts.parent_fingerprint == fingerprint_of(untrained_model)
    recipe = read_toml(job.folder / "recipe.toml")
    assert recipe["name"] == "taught-1"
    assert (job.folder / recipe["parent"]).resolve() == untrained_model.resolve()
    assert store.value("SELECT count(*) FROM commands") == before
    assert prepare_job(store, 1, {}, untrained_model).name == "taught-2"
    assert prepare_job(store, 1, {}, untrained_model, name="mine").name == "mine"
    with pytest.raises(ProjectError, match="already"):
        prepare_job(store, 1, {}, untrained_model, name="mine")


def test_a_model_that_ships_goes_by_its_name(store: Store) -> None:
    annotate(store, clips_of(store), 1, label="anger")
    job = prepare_job(store, 1, {}, resources_dir() / "models" / "default")
    assert job.facts.parent == "default"


def test_nothing_to_teach_is_said_and_leaves_nothing(store: Store, tmp_path: Path, untrained_model: Path) -> None:
    with pytest.raises(ProjectError, match="Nothing is labelled"):
        prepare_job(store, 1, {}, untrained_model)
    with pytest.raises(ProjectError, match="no scheme"):
        labels_to_teach(store, 9)
    annotate(store, clips_of(store), 1, label="anger")
    with pytest.raises(CheckpointError, match="no model"):
        prepare_job(store, 1, {}, tmp_path)
    assert not models_dir(store).exists()


def test_a_full_disk_leaves_no_half_job(store: Store, untrained_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotate(store, clips_of(store), 1, label="anger")

    @contextmanager
    def full(*_: object) -> object:  # type: ignore[misc]
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr("core.teach_job.atomic_write", full)
    with pytest.raises(ProjectError, match="disk is full") as caught:
        prepare_job(store, 1, {}, untrained_model)
    assert caught.value.cause == "full" and not list(models_dir(store).iterdir())


def test_a_job_moves_with_its_project(
    store: Store, untrained_model: Path, tmp_path: Path, make_wav: Callable[..., Path]
) -> None:
    annotate(store, clips_of(store), 1, label="anger")
    job = prepare_job(store, 1, {}, untrained_model)
    store.close()
    moved = tmp_path / "moved" / "away"
    moved.mkdir(parents=True)
    for path in (store.path, models_dir(store), tmp_path / "sounds"):
        shutil.move(path, moved / path.name)
    from training.manifest import read_manifest

    folder = moved / "work.models" / job.name
    assert all(clip.file.is_file() for clip in read_manifest(folder / "labels.csv"))
