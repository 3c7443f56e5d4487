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
from core.errors import CheckpointError, ConfigError
from core.examples import Examples
from core.model import HEADS
from core.schemes import Label, Scheme, load_scheme
from tests.unit.training.teaching.conftest import QUICK
from training.feature_store import FeatureStore, open_features
from training.manifest import Clip
from training.progress import LineProgress
from training.recipe import build
from training.teaching.lessons import Material, Said, answers, clip_weights, train, with_examples
from training.teaching.recipe import TeachRecipe
from training.teaching.student import Student, make_student

SCHEME = load_scheme("iemocap4")


@pytest.fixture
def parent(untrained_model: Path) -> Checkpoint:
    return load_checkpoint(untrained_model)


@pytest.fixture
def store(spoken: list[Clip], heard: Path) -> FeatureStore:
    return open_features(spoken, (1.0,), heard, "stored")


def recipe_of(**settings: Any) -> TeachRecipe:
    return build(TeachRecipe, {"optimisation": QUICK | {"passes": 1}} | settings)


def taught(
    parent: Checkpoint, store: FeatureStore, folder: Path, recipe: TeachRecipe, examples: Examples | None = None
) -> Student:
    student = make_student(parent, SCHEME, recipe, examples)
    chosen = np.arange(len(store.clips))
    material = Material(store, SCHEME, parent.tokenizer, examples=examples)
    train(student, material, chosen, chosen[:0], recipe, folder, LineProgress())
    return student


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """Weights that are others, or new and not zero."""
    assert before.keys() <= after.keys()
    return {name for name, value in after.items() if not torch.equal(before.get(name, torch.zeros_like(value)), value)}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("head", HEADS),
        ("blocks:1", (*HEADS, "blocks.1.", "final_norm.")),
        ("lora:2", (*HEADS, "blocks.0.", "blocks.1.")),
        ("all", (*HEADS, "blocks.0.", "blocks.1.", "final_norm.", "subsampling.", "ctc_head.")),
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
    parent.model = parent.model.with_side([1])
    assert make_student(parent, SCHEME, recipe_of(method="scratch", distillation=0.0)).model.dims.side_blocks == ()


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


@pytest.mark.parametrize("has_side", [False, True])
def test_a_new_scheme_keeps_what_is_known_of_the_labels_both_have(
    parent: Checkpoint, store: FeatureStore, has_side: bool
) -> None:
    if has_side:
        parent.model = parent.model.with_side([1]).eval()
        torch.nn.init.normal_(parent.model.side_head.weight)
    labels = (Label("calm", "#123456", "c", ""), SCHEME.labels[3], SCHEME.labels[0])
    scheme, chosen = Scheme("other", "Other", labels), np.arange(len(store.clips))
    before, student = answers(parent.model, store, chosen), make_student(parent, scheme, recipe_of())
    assert student.model.dims.side_blocks == ((1,) if has_side else (2,))
    now = answers(student.model, store, chosen).logits
    np.testing.assert_allclose(now[:, 1:], before.logits[:, [3, 0]], atol=1e-5)
    assert not now[:, 0].any()
    with torch.no_grad():
        student.model.side_head.weight.add_(1.0)
    old = student.on_old_task()
    np.testing.assert_allclose(answers(old, store, chosen).logits, before.logits, atol=1e-5)
    assert not make_student(parent, replace(SCHEME, title="Same"), recipe_of()).is_new_scheme


def examples_of(parent: Checkpoint, store: FeatureStore, blocks: tuple[int, ...]) -> Examples:
    """The clips themselves, all of them labelled neutral; without side inputs for no blocks."""
    model = parent.model.with_side(blocks) if blocks else parent.model
    said = answers(model, store, np.arange(len(store.clips)))
    return Examples(said.embeddings, ("neutral",) * len(store.clips), said.side, blocks)


def test_a_side_layer_reads_where_its_parents_examples_come_from(parent: Checkpoint, store: FeatureStore) -> None:
    chosen, recipe = np.arange(len(store.clips)), recipe_of()
    before = answers(parent.model, store, chosen)
    for blocks in ((), (1,), (1, 2)):
        student = make_student(parent, SCHEME, recipe, examples_of(parent, store, blocks))
        assert student.model.dims.side_blocks == blocks
        np.testing.assert_array_equal(answers(student.model, store, chosen).logits, before.logits)
    parent.model = parent.model.with_side([1])
    assert make_student(parent, SCHEME, recipe).model.dims.side_blocks == (1,)
    with pytest.raises(CheckpointError, match="those of another model"):
        make_student(parent, SCHEME, recipe, Examples(before.embeddings, ("neutral",) * len(chosen)))


def test_without_side_inputs_of_examples_the_layer_on_z_e_is_taught(
    parent: Checkpoint, store: FeatureStore, tmp_path: Path
) -> None:
    before = {name: value.clone() for name, value in parent.model.state_dict().items()}
    student = taught(parent, store, tmp_path, recipe_of(method="head"), examples_of(parent, store, ()))
    assert changed(before, student.finished().state_dict()) == {"emotion_head.weight", "emotion_head.bias"}


def test_examples_hold_a_side_layer_back(parent: Checkpoint, store: FeatureStore, tmp_path: Path) -> None:
    chosen, names = np.arange(len(store.clips)), SCHEME.names
    truth = np.array([names.index(clip.emotion) for clip in store.clips])
    alone = taught(parent, store, tmp_path / "a", recipe_of(method="head"))
    held = taught(parent, store, tmp_path / "b", recipe_of(method="head"), examples_of(parent, store, (1,)))
    said, less = (answers(student.model, store, chosen).logits.argmax(axis=1) for student in (alone, held))
    assert (said == truth).mean() > 0.9  # 24 clips, 112 inputs
    assert (less == names.index("neutral")).sum() > (said == names.index("neutral")).sum()


def test_labels_weigh_the_same_however_often_they_were_given() -> None:
    truth = np.array([0, 0, 0, 2, 2, 1])
    chosen = np.arange(5)
    weights = clip_weights(truth, chosen, 4, balanced=True)
    assert weights[chosen].mean() == pytest.approx(1.0)
    assert weights[:3].sum() == pytest.approx(weights[3:5].sum())
    assert (clip_weights(truth, chosen, 4, balanced=False) == 1).all()


def test_examples_of_the_labels_that_are_taught_weigh_as_much_as_the_clips(store: FeatureStore) -> None:
    rows = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    examples = Examples(rows, ("sadness", "boredom", "anger"), -rows, 1)
    material = Material(store, SCHEME, None, examples=examples)  # type: ignore[arg-type]
    said = Said(np.zeros((2, 4)), np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32))
    clips = np.array([1, 1]), np.array([1.5, 0.5])
    embeddings, side, truth, weights = with_examples(material, said, *clips)
    assert side is not None
    assert embeddings[2:].tolist() == [[0, 1], [4, 5]] and side.tolist() == [[1, 1], [1, 1], [0, -1], [-4, -5]]
    assert [SCHEME.names[number] for number in truth[2:]] == ["sadness", "anger"]
    assert weights.tolist() == [1.5, 0.5, 1.0, 1.0]
    alone = with_examples(replace(material, examples=None), said, *clips)
    assert all(given is kept for given, kept in zip((said.embeddings, said.side, *clips), alone, strict=True))
