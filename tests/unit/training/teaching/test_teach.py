"""A teaching from its recipe to its checkpoint, by each method and each way to measure it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoint import load_checkpoint
from core.examples import Examples, load_examples, save_examples
from core.schemes import Scheme, load_scheme
from tests.unit.training.teaching.conftest import QUICK, MakeJob
from training.manifest import read_manifest, write_manifest
from training.progress import LineProgress
from training.recipe import load_recipe
from training.teaching.old_task import manifest_path, open_old_task
from training.teaching.recipe import TeachRecipe
from training.teaching.teach import Taught, find_model, teach

pytestmark = pytest.mark.usefixtures("one_thread")


def run(make_job: MakeJob, **recipe: Any) -> tuple[Taught, Path]:
    job = make_job(**recipe)
    found = teach(load_recipe(TeachRecipe, str(job.folder / "recipe.toml")), job.folder, job.run_dir, LineProgress())
    report = json.loads((job.run_dir / "report.json").read_text(encoding="utf-8"))
    assert report["plan"] == found.plan and report["recipe"]["method"] == recipe.get("method", "all")
    return found, job.run_dir


@pytest.mark.parametrize("method", ["head", "blocks:1", "lora:2", "all", "scratch"])
def test_each_method_leaves_a_model_with_its_figures(make_job: MakeJob, untrained_model: Path, method: str) -> None:
    rest = {"distillation": 0.0} if method == "scratch" else {}
    found, out = run(make_job, method=method, **rest)
    model = load_checkpoint(out / "model")
    blocks = () if method == "scratch" else (2,)  # of two, of the side layer that a parent without one is given
    assert model.model.dims == replace(load_checkpoint(untrained_model).model.dims, side_blocks=blocks)
    assert found.comparison is not None and found.comparison.clips == 24 and len(found.files) == 24
    assert (found.old_before is None) == (method == "scratch") and found.lines()[0] == found.plan
    assert (model.temperature, model.notes["method"]) == (found.temperature, method)
    assert found.comparison.sentence in model.card
    kept = load_examples(out / "model")
    assert (kept is not None) == (method == "head")


def test_examples_are_handed_on_from_teaching_to_teaching(make_job: MakeJob) -> None:
    _, first = run(make_job, method="head")
    _, second = run(make_job, name="again", method="head", parent=str(first / "model"))
    once, twice = load_examples(first / "model"), load_examples(second / "model")
    assert once is not None and twice is not None
    assert twice.labels == once.labels * 2 and twice.side_blocks == once.side_blocks == (2,)
    assert twice.side is not None and once.side is not None
    np.testing.assert_allclose(twice.embeddings[24:], once.embeddings, atol=1e-2)
    np.testing.assert_allclose(twice.side[24:], once.side, atol=1e-2)


def test_examples_without_side_inputs_stay_without(make_job: MakeJob, untrained_model: Path, tmp_path: Path) -> None:
    parent = tmp_path / "older"
    shutil.copytree(untrained_model, parent)
    save_examples(Examples(np.random.default_rng(0).normal(size=(9, 32)), ("neutral",) * 9), parent)
    _, out = run(make_job, method="head", parent=str(parent))
    kept = load_examples(out / "model")
    assert kept is not None and len(kept.labels) == 9 + 24 and kept.side is None
    assert load_checkpoint(out / "model").model.side_head is None


def test_two_more_labels_are_taught_to_a_taught_model(make_job: MakeJob) -> None:
    _, first = run(make_job, method="head")
    job = make_job("six", method="head", parent=str(first / "model"))
    (job.folder / "scheme.json").write_text(json.dumps(load_scheme("crema6").to_json()), encoding="utf-8")
    clips = read_manifest(job.folder / "labels.csv")
    other = {"anger": "disgust", "sadness": "fear"}
    write_manifest(
        [replace(clip, emotion=other.get(clip.emotion, clip.emotion)) for clip in clips], job.folder / "labels.csv"
    )
    found = teach(load_recipe(TeachRecipe, str(job.folder / "recipe.toml")), job.folder, job.run_dir, LineProgress())
    assert found.old_before == found.old_after  # of the four labels: their layers are those of before
    model, kept = load_checkpoint(job.model_dir), load_examples(job.model_dir)
    assert model.model.dims.classes == 6 and model.model.side_head is not None
    assert kept is not None and {"anger", "fear"} < set(kept.labels) and kept.side is not None


def test_speakers_that_are_held_out_are_never_learnt_from(make_job: MakeJob) -> None:
    found, out = run(make_job, method="head", held_out=["crema-d:1069"])
    assert found.comparison is not None and found.comparison.clips == 8
    assert all("1069" in Path(name).name for name, _, _ in found.files)
    kept = load_examples(out / "model")
    assert kept is not None and len(kept.labels) == 16


def test_nothing_need_be_measured(make_job: MakeJob) -> None:
    found, _ = run(make_job, method="all", measured_on="nothing")
    assert found.comparison is None and found.files == () and "not measured" in found.plan
    assert found.old_after is not None  # what was forgotten is known all the same


def test_words_are_learnt_where_they_were_written_down(make_job: MakeJob) -> None:
    job = make_job(alpha=0.5, patience=1, optimisation=QUICK | {"passes": 3})
    clips = read_manifest(job.folder / "labels.csv")
    half = [replace(clip, transcript="" if number % 2 else clip.transcript) for number, clip in enumerate(clips)]
    write_manifest(half, job.folder / "labels.csv")
    found = teach(load_recipe(TeachRecipe, str(job.folder / "recipe.toml")), job.folder, job.run_dir, LineProgress())
    assert found.comparison is not None and (job.run_dir / "final" / "best.safetensors").exists()


def test_a_new_scheme_is_learnt_beside_what_is_known(make_job: MakeJob) -> None:
    job = make_job(method="head")
    old = load_scheme("iemocap4")
    mine = Scheme("mine", "Mine", (replace(old.labels[0], name="rage"), *old.labels[1:]))
    (job.folder / "scheme.json").write_text(json.dumps(mine.to_json()), encoding="utf-8")
    clips = read_manifest(job.folder / "labels.csv")
    write_manifest(
        [replace(clip, emotion="rage" if clip.emotion == "anger" else clip.emotion) for clip in clips],
        job.folder / "labels.csv",
    )
    found = teach(load_recipe(TeachRecipe, str(job.folder / "recipe.toml")), job.folder, job.run_dir, LineProgress())
    assert any("does not know rage" in note for note in found.notes)
    assert found.comparison is not None and found.comparison.before.recall[0] == 0.0
    assert load_checkpoint(job.model_dir).scheme.names == ("rage", "happiness", "neutral", "sadness")


def test_a_model_beside_the_data_comes_first(tmp_path: Path, untrained_model: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "near").symlink_to(untrained_model)
    assert find_model("near", tmp_path / "data", tmp_path / "out") == tmp_path / "data" / "near"
    assert find_model(str(untrained_model), tmp_path / "data", tmp_path / "out") == untrained_model


def test_the_old_task_leaves_out_what_is_taught(tmp_path: Path) -> None:
    rows = read_manifest(manifest_path())
    moved = replace(rows[0], file=tmp_path / rows[0].file.name, speaker="")
    store = open_old_task(tmp_path, [moved, replace(rows[-1], file=tmp_path / "another.wav")])
    left = [(clip.file, clip.speaker) for clip in store.clips]
    assert left == [(row.file, row.speaker) for row in rows[1:] if row.speaker != rows[-1].speaker]
