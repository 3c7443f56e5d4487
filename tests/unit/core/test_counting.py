"""Counts agree with their nouns and verbs."""

from __future__ import annotations

import pytest

from core.counting import counted


@pytest.mark.parametrize(
    ("count", "verb", "said"),
    [
        (0, "", "0 clips"),
        (1, "", "1 clip"),
        (2000, "", "2,000 clips"),
        (1, "has", "1 clip has"),
        (2, "was", "2 clips were"),
    ],
)
def test_one_is_one_and_more_are_many(count: int, verb: str, said: str) -> None:
    assert counted(count, "clip", verb) == said
