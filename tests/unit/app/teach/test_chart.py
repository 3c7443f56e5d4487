"""The chart that Teach draws itself: its axes, and what is read under the mouse."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.teach.chart import Axes, Chart, Line
from app.teach.chart_scale import Scale, round_outwards, scale_of, tick_text, ticks
from app.theme import DARK, LIGHT, Theme

numbers = st.floats(-1e6, 1e6, allow_nan=False)
AXES = Axes("labels a class", "UA", x_unit="labels", logarithmic=True)


@given(st.lists(numbers, min_size=1), st.integers(2, 9))
def test_rounded_scales_hold_all_values_and_their_ticks_are_few_and_even(values: list[float], most: int) -> None:
    scale = round_outwards(scale_of(values), most)
    slack = 1e-6 * max(1.0, max(map(abs, values)))
    assert scale.low <= min(values) + slack and scale.high >= max(values) - slack
    marks = ticks(scale, most + 2)
    assert 1 <= len(marks) <= most + 2
    steps = [after - before for before, after in pairwise(marks)]
    assert all(step == pytest.approx(steps[0]) for step in steps)


def test_ticks_are_round_numbers_with_the_decimals_that_they_need() -> None:
    assert ticks(Scale(0.0, 1.0), 6) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [tick_text(value, 0.2) for value in (0.0, 0.2)] == ["0.0", "0.2"]
    assert tick_text(1500, 500) == "1,500"


def test_a_logarithmic_scale_gives_each_doubling_as_much_room() -> None:
    scale = scale_of([4, 64], logarithmic=True)
    assert [scale.share(value) for value in (4, 8, 16, 64)] == pytest.approx([0, 0.25, 0.5, 1])


def make_chart(qtbot: QtBot) -> Chart:
    chart = Chart(AXES, size=QSize(500, 300))
    qtbot.addWidget(chart)
    chart.resize(500, 300)
    chart.show_lines(
        [
            Line("parent", [(0.0, 0.4)], level=True, dashed=True),
            Line("head", [(4.0, 0.5), (8.0, 0.61), (16.0, 0.72)], [(0.4, 0.6), (0.5, 0.7), (0.6, 0.8)], color=1),
        ]
    )
    return chart


def test_no_labels_at_all_have_a_place_on_a_logarithmic_scale() -> None:
    for values in ([0.0], [0.0, 4.0], [0.0, 4.0, 8.0]):
        assert 0.0 <= scale_of(values, logarithmic=True).share(0.0) <= 0.5


def test_what_is_under_the_mouse_is_read_of_all_lines(qtbot: QtBot) -> None:
    chart = make_chart(qtbot)
    chart.show()
    qtbot.waitExposed(chart)
    assert chart.reading == []
    qtbot.mouseMove(chart, QPoint(490, 150))
    qtbot.waitUntil(lambda: chart.reading == ["16 labels", "parent: 0.40", "head: 0.72 [0.60, 0.80]"])
    qtbot.mouseMove(chart, QPoint(60, 150))
    qtbot.waitUntil(lambda: chart.reading[:1] == ["4 labels"])


def colors_of(chart: Chart, theme: Theme) -> set[str]:
    chart.set_theme(theme)
    image = QImage(chart.size(), QImage.Format.Format_RGB32)
    image.fill(theme.card)
    chart.render(image)
    return {image.pixelColor(x, y).name() for x in range(0, 500, 2) for y in range(300)}


def test_lines_have_colours_of_their_own_in_each_theme(qtbot: QtBot) -> None:
    chart = make_chart(qtbot)
    light, dark = colors_of(chart, LIGHT), colors_of(chart, DARK)
    assert {"#2f6fb3", "#b4502a"} <= light and {"#5b9bdc", "#e8845c"} <= dark
    chart.show_lines([])
    assert not {"#5b9bdc", "#e8845c"} & colors_of(chart, DARK)


@pytest.mark.parametrize("points", [[(1.0, 2.0)], [(1.0, 0.0), (2.0, 0.0)], [(0.5, -3.0), (1.0, 4e7)]])
def test_curves_of_any_values_are_drawn(points: list[tuple[float, float]], qtbot: QtBot) -> None:
    chart = Chart(Axes("pass", "Loss"), size=QSize(320, 190))
    qtbot.addWidget(chart)
    chart.resize(320, 190)
    chart.show_lines([Line("", points)])
    assert not chart.grab().isNull()
