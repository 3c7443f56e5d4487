"""What a clip is taught, from its label, its votes and its weight."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import ManifestError
from training.manifest import Clip
from training.targets import emotion_targets, taught

NAMES = ("anger", "neutral")
VOTES = (("anger", 1.0), ("neutral", 3.0), ("fear", 6.0))


def row(votes_share: float, **clip: object) -> list[float]:
    values: np.ndarray = emotion_targets([Clip(Path("a.wav"), **clip)], NAMES, votes_share)[0]  # type: ignore[arg-type]
    return [round(float(value), 4) for value in values]


def test_a_label_alone_is_taught_as_it_is() -> None:
    assert row(0.0, emotion="anger", votes=VOTES) == [1.0, 0.0]
    assert row(1.0, emotion="anger") == [1.0, 0.0]


def test_votes_for_other_emotions_do_not_count() -> None:
    assert row(1.0, emotion="anger", votes=VOTES) == [0.25, 0.75]
    assert row(0.4, emotion="anger", votes=VOTES) == [0.7, 0.3]


def test_a_tie_is_taught_by_its_votes_and_another_emotion_not_at_all() -> None:
    assert row(0.5, votes=VOTES) == [0.25, 0.75]
    assert row(0.5, emotion="fear", votes=VOTES) == [0.0, 0.0]
    assert row(0.0, votes=VOTES) == [0.0, 0.0]


def test_a_weight_makes_the_whole_row_count_more() -> None:
    assert row(0.4, emotion="anger", votes=VOTES, weight=2.0) == [1.4, 0.6]
    assert row(0.0, emotion="anger", weight=0.0) == [0.0, 0.0]


def test_only_clips_of_which_something_is_known_are_chosen() -> None:
    clips = [Clip(Path("a"), emotion="anger"), Clip(Path("b"), emotion="fear"), Clip(Path("c"), votes=VOTES)]
    assert taught(clips, NAMES) == clips[:1]
    assert taught(clips, NAMES, 0.5) == [clips[0], clips[2]]
    with pytest.raises(ManifestError, match="anger, neutral"):
        taught(clips[1:2], NAMES)
