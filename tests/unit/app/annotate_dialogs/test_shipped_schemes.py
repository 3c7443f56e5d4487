"""The schemes that come with the program."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from app.annotate.scheme_editor_draft import Draft, shipped_schemes
from core.schemes import Scheme

# What a colour looks like without one kind of cone, on linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)
EYES = {
    "all cones": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = 14.0  # in CIE76; about 2.3 can just be told apart side by side
CONTRAST = 2.0  # against the cards of both themes
CARDS = ("#ffffff", "#202329")
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(color: str, eyes: str) -> np.ndarray:
    xyz = XYZ @ np.clip(np.asarray(EYES[eyes]) @ linear(color), 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(first: str, second: str) -> float:
    low, high = sorted(float(XYZ[1] @ linear(color)) for color in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=[scheme.id for scheme in shipped_schemes()])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return next(each for each in shipped_schemes() if each.id == request.param)


def test_all_that_the_issue_asks_for_ship() -> None:
    ids = {each.id for each in shipped_schemes()}
    assert ids >= {"iemocap4", "crema6", "ekman6", "arousal3", "valence3", "dominance3"}


def test_a_scheme_can_be_worked_with_as_it_is(scheme: Scheme) -> None:
    assert Draft.of(scheme).problem() == ""
    assert [label.key for label in scheme.labels] == [str(number + 1) for number in range(len(scheme.labels))]
    assert all(label.instruction.endswith(".") for label in scheme.labels)


@pytest.mark.parametrize("eyes", EYES)
def test_colours_can_be_told_apart_by_everybody(scheme: Scheme, eyes: str) -> None:
    for first, second in combinations(scheme.labels, 2):
        apart = np.linalg.norm(lab(first.color, eyes) - lab(second.color, eyes))
        assert apart > APART, (first.name, second.name)


@pytest.mark.parametrize("card", CARDS)
def test_colours_stand_out_in_both_themes(scheme: Scheme, card: str) -> None:
    assert all(contrast(label.color, card) > CONTRAST for label in scheme.labels)
