"""The picture of a few-shot curve as SVG: UA against labels a class, a line a system, with its band over the draws."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.markup import Markup, tag

LEFT, TOP, WIDTH, HEIGHT, BOTTOM, LEGEND = 56, 16, 460, 300, 48, 220  # pixels: plot, margins, room for the names
LINE = 20  # between two names
COLOURS = ("#2f6fb3", "#b4502a", "#3b8a4a", "#8338c8", "#b58a12", "#c2417c", "#2a9d9d", "#6b7280")
GREY = "#8a939e"
FONT = "system-ui, sans-serif"

Mark = tuple[float, float, float, float]  # labels a class (0: taught nothing), mean UA, low and high end of the band


def curve_picture(systems: Sequence[tuple[str, Sequence[Mark]]], chance: float) -> Markup:
    """Draw curves; a system that is taught nothing is a level line.

    Args:
        systems: name and points, ascending.
        chance: UA of guessing, drawn as a dashed line.
    """
    marks = [mark for _, points in systems for mark in points]
    labels = sorted({mark[0] for mark in marks if mark[0] > 0}) or [1.0]
    frame = _Frame(labels[0], labels[-1], min([chance, *(mark[2] for mark in marks)]), max(mark[3] for mark in marks))
    parts = [*_axes(frame, labels), _dashed(frame, chance)]
    for number, (_, points) in enumerate(systems):
        parts.append(_curve(frame, points, COLOURS[number % len(COLOURS)]))
    for number, (name, _) in enumerate(systems):
        y = TOP + 10 + number * LINE
        parts.append(_line(LEFT + WIDTH + 18, y, LEFT + WIDTH + 40, y, COLOURS[number % len(COLOURS)], 2.5))
        parts.append(_text(LEFT + WIDTH + 48, y + 4, name, "start"))
    words = "; ".join(f"{name}: " + ", ".join(_told(mark) for mark in points) for name, points in systems)
    height = max(TOP + HEIGHT + BOTTOM, TOP + LINE * len(systems) + BOTTOM)
    return tag(
        "svg",
        tag("title", f"UA against labels a class, mean over the draws and where 95 % of them lie. {words}."),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {LEFT + WIDTH + LEGEND} {height}",
        width=LEFT + WIDTH + LEGEND,
        height=height,
        role="img",
        font_family=FONT,
        style="max-width: 100%; height: auto",
    )


class _Frame:
    """Where a number of labels (by its logarithm) and a UA lie."""

    def __init__(self, fewest: float, most: float, lowest: float, highest: float) -> None:
        self.fewest, self.most = math.log2(fewest), math.log2(max(most, 2 * fewest))
        self.lowest, self.highest = math.floor(10 * lowest) / 10, math.ceil(10 * highest) / 10

    def x(self, labels: float) -> float:
        return LEFT + 12 + (WIDTH - 24) * (math.log2(labels) - self.fewest) / (self.most - self.fewest)

    def y(self, ua: float) -> float:
        return TOP + HEIGHT * (self.highest - ua) / (self.highest - self.lowest)


def _axes(frame: _Frame, labels: Sequence[float]) -> list[Markup]:
    parts = []
    for tenth in range(round(10 * frame.lowest), round(10 * frame.highest) + 1):
        y = frame.y(tenth / 10)
        parts += [_line(LEFT, y, LEFT + WIDTH, y, GREY, 0.4), _text(LEFT - 8, y + 4, f"{tenth / 10:.1f}", "end")]
    free = 0.0
    for value in labels:
        x = frame.x(value)
        parts.append(_line(x, TOP + HEIGHT, x, TOP + HEIGHT + 4, GREY, 1))
        if x >= free:  # numbers that would be written over each other are left out
            parts.append(_text(x, TOP + HEIGHT + 18, f"{value:.0f}", "middle"))
            free = x + 26
    parts.append(_text(LEFT + WIDTH / 2, TOP + HEIGHT + 38, "labels a class", "middle"))
    turned = f"rotate(-90 14 {TOP + HEIGHT / 2:g})"
    parts.append(tag("text", "UA", x=14, y=TOP + HEIGHT / 2, text_anchor="middle", font_size=12, transform=turned))
    return parts


def _dashed(frame: _Frame, chance: float) -> Markup:
    y = frame.y(chance)
    return tag("g", _line(LEFT, y, LEFT + WIDTH, y, GREY, 1.5), stroke_dasharray="4 4")


def _curve(frame: _Frame, points: Sequence[Mark], colour: str) -> Markup:
    if all(mark[0] <= 0 for mark in points):
        y = frame.y(points[0][1])
        return tag("g", _line(LEFT, y, LEFT + WIDTH, y, colour, 2))
    upper = [f"{frame.x(labels):.1f},{frame.y(high):.1f}" for labels, _, _, high in points]
    lower = [f"{frame.x(labels):.1f},{frame.y(low):.1f}" for labels, _, low, _ in reversed(points)]
    middle = " ".join(f"{frame.x(labels):.1f},{frame.y(mean):.1f}" for labels, mean, _, _ in points)
    return tag(
        "g",
        tag("polygon", points=" ".join(upper + lower), fill=colour, fill_opacity=0.08),
        tag("polyline", points=middle, fill="none", stroke=colour, stroke_width=2),
        *(
            tag("circle", tag("title", _told(mark)), cx=frame.x(mark[0]), cy=frame.y(mark[1]), r=3.5, fill=colour)
            for mark in points
        ),
    )


def _told(mark: Mark) -> str:
    labels, mean, low, high = mark
    return f"{labels:.0f} labels: {mean:.3f} [{low:.3f}, {high:.3f}]"


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor=anchor, font_size=12, fill="currentColor")


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=width)
