"""What each method of teaching changes of its parent, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.checkpoint import Checkpoint, load_checkpoint
from core.errors import ConfigError
from core.examples import Examples
from core.schemes import Label, Scheme, load_scheme
from tests.unit.training.teaching.conftest import QUICK
from training.feature_store import FeatureStore, open_features
from training.manifest import Clip
from training.progress import LineProgress
from training.recipe import build
from training.teaching.lessons import Material, answers, clip_weights, train, with_examples
from training.teaching.recipe import TeachRecipe
from training.teaching.student import Student, make_student, with_labels

SCHEME = load_scheme("iemocap4")


@pytest.fixture
def parent(untrained_model: Path) -> Checkpoint:
    return load_checkpoint(untrained_model)


@pytest.fixture
def store(spoken: list[Clip], heard: Path) -> FeatureStore:
    return open_features(spoken, (1.0,), heard, "stored")


def recipe_of(**settings: Any) -> TeachRecipe:
    return build(TeachRecipe, {"optimisation": QUICK | {"passes": 1}} | settings)


def taught(parent: Checkpoint, store: FeatureStore, folder: Path, recipe: TeachRecipe) -> Student:
    student = make_student(parent, SCHEME, recipe)
    chosen = np.arange(len(store.clips))
    train(student, Material(store, SCHEME, parent.tokenizer), chosen, chosen[:0], recipe, folder, LineProgress())
    return student


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("head", ("emotion_head.",)),
        ("blocks:1", ("emotion_head.", "blocks.1.", "final_norm.")),
        ("lora:2", ("emotion_head.", "blocks.0.", "blocks.1.")),
        ("all", ("emotion_head.", "blocks.0.", "blocks.1.", "final_norm.", "subsampling.", "ctc_head.")),
    ],
)
def test_a_method_changes_what_it_names(
    parent: Checkpoint, store: FeatureStore, tmp_path: Path, method: str, expected: tuple[str, ...]
) -> None:
    before = {name: value.clone() for name, value in parent.model.state_dict().items()}
    student = taught(parent, store, tmp_path, recipe_of(method=method))
    found = changed(before, student.finished().state_dict())
    for prefix in expected:
        assert any(name.startswith(prefix) for name in found), prefix
    assert method == "all" or all(name.startswith(expected) for name in found), found
    if method.startswith("lora"):
        assert all(name.endswith(("qkv.weight", "out.weight")) for name in found if name.startswith("blocks"))
    assert not changed(before, parent.model.state_dict())


def test_from_scratch_nothing_is_kept_but_the_size(parent: Checkpoint) -> None:
    student = make_student(parent, SCHEME, recipe_of(method="scratch", distillation=0.0))
    assert student.model.dims == parent.model.dims and student.parent is None
    weights = {name for name, value in parent.model.state_dict().items() if value.std() > 0 and "norm" not in name}
    assert changed(parent.model.state_dict(), student.model.state_dict()) >= weights


def test_updates_of_low_rank_begin_as_the_parent_and_leave_its_form(parent: Checkpoint, store: FeatureStore) -> None:
    student = make_student(parent, SCHEME, recipe_of(method="lora:2"))
    chosen = np.arange(len(store.clips))
    before = answers(parent.model, store, chosen)
    np.testing.assert_array_equal(before.logits, answers(student.model, store, chosen).logits)
    assert not changed(parent.model.state_dict(), student.finished().state_dict())


def test_a_method_that_does_not_fit_its_parent_is_refused(parent: Checkpoint) -> None:
    with pytest.raises(ConfigError, match="2 blocks"):
        make_student(parent, SCHEME, recipe_of(method="blocks:3"))
    with pytest.raises(ConfigError, match="rank is at most"):
        make_student(parent, SCHEME, recipe_of(method="lora:33"))
    for method in ("blocks", "blocks:0", "head:2", "other"):
        with pytest.raises(ConfigError, match="method"):
            recipe_of(method=method)


def test_a_new_scheme_keeps_what_is_known_of_the_labels_both_have(parent: Checkpoint) -> None:
    calm = Label("calm", "#123456", "c", "")
    labels = (calm, SCHEME.labels[3], SCHEME.labels[0])
    scheme = Scheme("other", "Other", labels)
    old, new = parent.model.emotion_head, with_labels(parent, scheme).emotion_head
    for place, name in enumerate(scheme.names):
        if name in SCHEME.names:
            assert torch.equal(new.weight[place], old.weight[SCHEME.names.index(name)])
            assert torch.equal(new.bias[place], old.bias[SCHEME.names.index(name)])
    assert not new.weight[0].any() and not new.bias[0].any()
    student = make_student(parent, scheme, recipe_of())
    assert student.old_head is not None and torch.equal(student.old_head.weight, old.weight)
    assert student.on_old_task().dims.classes == 4
    assert make_student(parent, replace(SCHEME, title="Same"), recipe_of()).old_head is None


def test_labels_weigh_the_same_however_often_they_were_given() -> None:
    truth = np.array([0, 0, 0, 2, 2, 1])
    chosen = np.arange(5)
    weights = clip_weights(truth, chosen, 4, balanced=True)
    assert weights[chosen].mean() == pytest.approx(1.0)
    assert weights[:3].sum() == pytest.approx(weights[3:5].sum())
    assert (clip_weights(truth, chosen, 4, balanced=False) == 1).all()


def test_examples_of_the_labels_that_are_taught_weigh_as_much_as_the_clips(store: FeatureStore) -> None:
    examples = Examples(np.arange(6.0, dtype=np.float32).reshape(3, 2), ("sadness", "boredom", "anger"))
    material = Material(store, SCHEME, None, examples=examples)  # type: ignore[arg-type]
    clips = np.zeros((2, 2), np.float32), np.array([1, 1]), np.array([1.5, 0.5])
    embeddings, truth, weights = with_examples(material, *clips)
    assert embeddings[2:].tolist() == [[0, 1], [4, 5]]
    assert [SCHEME.names[number] for number in truth[2:]] == ["sadness", "anger"]
    assert weights.tolist() == [1.5, 0.5, 1.0, 1.0]
    alone = with_examples(replace(material, examples=None), *clips)
    assert all(given is kept for given, kept in zip(clips, alone, strict=True))
