"""What an emotion layer has learnt from is kept beside the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from core.errors import CheckpointError
from core.examples import FILE, Examples, load_examples, save_examples


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8), st.integers(1, 5))
def test_what_is_kept_is_read_again(tmp_path_factory: pytest.TempPathFactory, labels: list[str], width: int) -> None:
    folder = tmp_path_factory.mktemp("examples")
    values = np.random.default_rng(0).normal(size=(len(labels), width)).astype(np.float32)
    for kept in (Examples(values, tuple(labels)), Examples(values, tuple(labels), -values, (2, 3))):
        save_examples(kept, folder)
        found = load_examples(folder)
        assert found is not None and (found.labels, found.side_blocks) == (kept.labels, kept.side_blocks)
        np.testing.assert_array_equal(found.embeddings, values.astype(np.float16).astype(np.float32))
        assert (found.side is None) == (kept.side is None)
        assert found.side is None or np.array_equal(found.side, -found.embeddings)


def test_a_file_from_before_there_were_side_inputs_is_read(tmp_path: Path) -> None:
    tensors = {"embeddings": np.ones((2, 3), np.float16), "labels": np.array([0, 0], np.int32)}
    (tmp_path / FILE).write_bytes(save(tensors, {"label 0": "calm"}))
    found = load_examples(tmp_path)
    assert found is not None and found.labels == ("calm", "calm") and found.side is None and found.side_blocks == ()


def example(value: float, label: str, *blocks: int) -> Examples:
    rows = np.full((1, 2), value, np.float32)
    return Examples(rows, (label,), -rows if blocks else None, blocks)


def test_more_are_put_behind() -> None:
    both = example(1, "a") + example(2, "b")
    assert both.labels == ("a", "b") and both.embeddings.tolist() == [[1, 1], [2, 2]]
    both = example(1, "a", 3) + example(2, "b", 3)
    assert both.side is not None and both.side.tolist() == [[-1, -1], [-2, -2]] and both.side_blocks == (3,)
    for other in (example(2, "b"), example(2, "b", 2)):
        mixed = example(1, "a", 3) + other
        assert len(mixed.labels) == 2 and mixed.side is None and mixed.side_blocks == ()


def test_none_are_none_and_damaged_ones_are_said(tmp_path: Path) -> None:
    assert load_examples(tmp_path) is None
    rows = np.zeros((3, 2), np.float32)
    save_examples(Examples(rows, ("a", "b", "a")), tmp_path)
    content = (tmp_path / FILE).read_bytes()
    for damage in (b"", content[:-3], content.replace(b"label 1", b"label 7")):
        (tmp_path / FILE).write_bytes(damage)
        with pytest.raises(CheckpointError, match="damaged"):
            load_examples(tmp_path)
    save_examples(Examples(rows, ("a", "b", "a"), rows[:2], (1,)), tmp_path)
    with pytest.raises(CheckpointError, match="do not belong together"):
        load_examples(tmp_path)
