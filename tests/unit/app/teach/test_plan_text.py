"""What a teaching will do, and what came of it, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.teach.figures import at_threshold, changes_of, ua_change, verdict_of
from app.teach.plan_text import (
    Material,
    button_text,
    duration_text,
    estimate_s,
    material_text,
    measures_on,
    measuring_text,
    obstacles,
)
from app.teach.recipe_settings import DEFAULTS
from core.teaching_rules import FEWEST_HELD, FOLDS

SPEAKERS = tuple((f"s{number}", 50) for number in range(FOLDS))
MANY = Material((("anger", 100), ("sadness", 100)), SPEAKERS)
FEW = Material((("anger", 6), ("sadness", 6)), (("s1", 6), ("s2", 6)))


def test_labels_are_counted_and_what_lacks_is_said() -> None:
    assert button_text(Material((("anger", 1),))) == "Teach with 1 label"
    assert obstacles(Material()) == ["Nothing is labelled yet."]
    assert obstacles(replace(FEW, labels=(("anger", 5), ("sadness", 2)))) == [
        "sadness has 2 clips: at least 4 are needed, about 10 more would help most."
    ]
    assert obstacles(FEW) == []
    assert "of 1 clip nobody has said who speaks" in material_text(replace(FEW, speakers=(("s1", 11), ("", 1))))


def test_speakers_are_held_out_where_a_part_of_them_can_be_spared() -> None:
    assert MANY.clips / 4 >= FEWEST_HELD
    assert measures_on(MANY, DEFAULTS) == "speakers"
    assert measures_on(FEW, DEFAULTS) == "folds"
    assert measures_on(replace(MANY, speakers=(*SPEAKERS, ("", 1))), DEFAULTS) == "folds"
    assert measures_on(FEW, replace(DEFAULTS, held_out=("s1",))) == "speakers"
    assert "you will not see" in measuring_text(FEW, replace(DEFAULTS, measured_on="nothing"))


def test_more_clips_and_passes_take_longer_and_the_head_least() -> None:
    every_layer = replace(DEFAULTS, method="all")
    whole = estimate_s(FEW, every_layer)
    assert estimate_s(FEW, replace(every_layer, passes=20)) > whole
    assert estimate_s(MANY, replace(every_layer, measured_on="folds")) > whole
    assert estimate_s(FEW, DEFAULTS) < whole / 1.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2, "about 5 s"), (18, "about 20 s"), (57, "about 1 min"), (170, "about 3 min"), (4300, "about 1 h 10 min"),
     (7190, "about 2 h")],
)  # fmt: skip
def test_times_are_not_more_exact_than_they_are_known(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_how_many_clips_are_answered_lies_between_the_points_that_were_measured() -> None:
    points = [(0.0, 1.0, 0.6), (0.5, 0.5, 0.8), (0.8, 0.2, 1.0)]
    assert at_threshold(points, 0.0) == (1.0, 0.6)
    assert at_threshold(points, 0.4)[0] == pytest.approx(0.6)
    assert at_threshold(points, 0.8) == (pytest.approx(0.2), 1.0)
    assert at_threshold(points, 0.9) == (0.0, None)
    assert at_threshold([], 0.5) == (0.0, None)


def test_a_report_without_a_measurement_says_so() -> None:
    report = {"comparison": None, "old_before": None, "old_after": None}
    assert changes_of(report) == []
    assert ua_change(report) == ua_change(None) == "–"
    assert verdict_of(report).startswith("It was not measured")


def test_one_speaker_has_no_interval() -> None:
    figure = {"value": 0.5, "low": None, "high": None}
    side = {"ua": figure, "wa": figure, "ece": 0.1}
    changes = changes_of({"comparison": {"before": side, "after": side}})
    assert changes[0].note == "one speaker: no interval"
