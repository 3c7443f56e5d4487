"""The pictures of a comparison as SVG, which a page holds and a file of its own can be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.markup import Markup, join, tag
from training.metrics import Figure

CELL, LABELS, TITLE = 76, 92, 44  # pixels: a cell of a confusion matrix, room for the names beside and above it
ROW, NAMES, PLOT = 30, 190, 420  # pixels: a system's row in the chart, room for its name, width of the scale
BLUE, ORANGE, GREY = "#2f6fb3", "#b4502a", "#8a939e"
FONT = "system-ui, sans-serif"


def confusion_picture(name: str, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """A confusion matrix: each row's shares in %, the more the darker.

    Args:
        name: of the system.
        labels: of rows (what was meant) and columns (what was said).
        counts: clips.
    """
    parts = [_text(LABELS, 16, name, "start", bold=True), _text(LABELS - 8, TITLE - 8, "meant \\ said", "end")]
    for number, label in enumerate(labels):
        parts.append(_text(LABELS + (number + 0.5) * CELL, TITLE - 8, label, "middle"))
        parts.append(_text(LABELS - 8, TITLE + (number + 0.5) * CELL + 4, label, "end"))
    for row, meant in enumerate(counts):
        for column, clips in enumerate(meant):
            parts.append(_cell(row, column, clips, sum(meant)))
    side = len(labels) * CELL
    words = "; ".join(
        f"{label}: " + ", ".join(f"{share} as {said}" for said, share in zip(labels, _shares(row), strict=True))
        for label, row in zip(labels, counts, strict=True)
    )
    return _picture(LABELS + side + 4, TITLE + side + 4, f"Confusion of {name}. {words}.", parts)


def _shares(row: Sequence[int]) -> list[str]:
    return [f"{clips / sum(row):.0%}" if sum(row) else "–" for clips in row]


def _cell(row: int, column: int, clips: int, total: int) -> Markup:
    share = clips / total if total else 0.0
    x, y = LABELS + column * CELL, TITLE + row * CELL
    square = tag("rect", x=x + 1, y=y + 1, width=CELL - 2, height=CELL - 2, fill=BLUE, fill_opacity=0.06 + 0.6 * share)
    value = _text(x + CELL / 2, y + CELL / 2 + 2, f"{share:.0%}" if total else "–", "middle", bold=row == column)
    return join([square, value, _text(x + CELL / 2, y + CELL / 2 + 18, str(clips), "middle", size=10)])


def systems_picture(systems: Sequence[tuple[str, Figure, Figure]], chance: float) -> Markup:
    """WA and UA of systems one below the other, a dot each, with its interval.

    Args:
        systems: name, WA and UA, between 0 and 1.
        chance: UA of guessing, drawn as a dashed line.
    """
    figures = [figure for _, *pair in systems for figure in pair]
    ends = [chance, *(end for each in figures for end in (each.value, each.low, each.high) if end is not None)]
    low, high = math.floor(10 * min(ends)) / 10, math.ceil(10 * max(ends)) / 10

    def at(value: float) -> float:
        return NAMES + PLOT * (value - low) / (high - low)

    bottom = TITLE + ROW * len(systems)
    parts = [_line(at(tenth / 10), TITLE, at(tenth / 10), bottom, GREY, 0.4) for tenth in _tenths(low, high)]
    parts += [_text(at(tenth / 10), bottom + 18, f"{10 * tenth} %", "middle") for tenth in _tenths(low, high)]
    parts.append(tag("g", _line(at(chance), TITLE, at(chance), bottom, GREY, 1.5), stroke_dasharray="4 4"))
    parts.append(_text(at(chance), TITLE - 6, "chance", "middle", size=10))
    for row, (name, wa, ua) in enumerate(systems):
        y = TITLE + ROW * (row + 0.5)
        parts.append(_text(NAMES - 12, y + 4, name, "end"))
        for figure, colour, shift in ((ua, BLUE, -5), (wa, ORANGE, 5)):
            if figure.low is not None and figure.high is not None:
                parts.append(_line(at(figure.low), y + shift, at(figure.high), y + shift, colour, 2.5))
            parts.append(tag("circle", cx=at(figure.value), cy=y + shift, r=4, fill=colour))
    for x, label, colour in ((NAMES, "UA", BLUE), (NAMES + 60, "WA", ORANGE)):
        parts += [tag("circle", cx=x, cy=12, r=4, fill=colour), _text(x + 10, 16, label, "start")]
    words = "; ".join(f"{name}: UA {ua}, WA {wa}" for name, wa, ua in systems)
    return _picture(NAMES + PLOT + 30, bottom + 30, f"WA and UA of the systems with 95 % intervals. {words}.", parts)


def _tenths(low: float, high: float) -> range:
    return range(round(10 * low), round(10 * high) + 1)


def _picture(width: float, height: float, label: str, parts: Sequence[str]) -> Markup:
    content = [tag("title", label), *parts]
    return tag(
        "svg",
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
        font_family=FONT,
        style="max-width: 100%; height: auto",
    )


def _text(x: float, y: float, text: str, anchor: str, *, size: int = 12, bold: bool = False) -> Markup:
    weight = "600" if bold else None
    return tag("text", text, x=x, y=y, text_anchor=anchor, font_size=size, font_weight=weight, fill="currentColor")


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=width)
