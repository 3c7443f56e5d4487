"""What an emotion layer has learnt from is kept beside the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CheckpointError
from core.examples import FILE, Examples, load_examples, save_examples


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8), st.integers(1, 5))
def test_what_is_kept_is_read_again(tmp_path_factory: pytest.TempPathFactory, labels: list[str], width: int) -> None:
    folder = tmp_path_factory.mktemp("examples")
    values = np.random.default_rng(0).normal(size=(len(labels), width)).astype(np.float32)
    save_examples(Examples(values, tuple(labels)), folder)
    found = load_examples(folder)
    assert found is not None and found.labels == tuple(labels)
    np.testing.assert_array_equal(found.embeddings, values.astype(np.float16).astype(np.float32))


def test_more_are_put_behind() -> None:
    first, second = (Examples(np.full((1, 2), value, np.float32), (name,)) for value, name in ((1, "a"), (2, "b")))
    both = first + second
    assert both.labels == ("a", "b") and both.embeddings.tolist() == [[1, 1], [2, 2]]


def test_none_are_none_and_damaged_ones_are_said(tmp_path: Path) -> None:
    assert load_examples(tmp_path) is None
    save_examples(Examples(np.zeros((3, 2), np.float32), ("a", "b", "a")), tmp_path)
    content = (tmp_path / FILE).read_bytes()
    for damage in (b"", content[:-3], content.replace(b"label 1", b"label 7")):
        (tmp_path / FILE).write_bytes(damage)
        with pytest.raises(CheckpointError, match="damaged"):
            load_examples(tmp_path)
