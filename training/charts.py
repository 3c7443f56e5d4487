"""The drawings of a report as inline SVG: reliability, coverage, and an interval in a table's cell.

They are drawn in classes that the page's style colours, so that they follow its light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.markup import Markup, join, tag
from training.figures import Bin, Coverage
from training.metrics import Figure

LEFT, TOP, SIDE, BOTTOM = 46, 12, 280, 44  # pixels: margins around a square plot
COUNTS = 46  # height of the bars that count clips under the reliability diagram
ROW_WIDTH, ROW_HEIGHT = 120, 14


def reliability_diagram(bins: Sequence[Bin]) -> Markup:
    """Accuracy against confidence: a bar a bin, the diagonal of a calibrated model, and the clips of each bin below."""
    most = max((each.clips for each in bins), default=0) or 1
    bars = [_accuracy_bar(each) for each in bins if each.clips]
    counts = [_count_bar(each, most) for each in bins if each.clips]
    diagonal = _line(0, 0, 1, 1, "ideal")
    base = TOP + SIDE + BOTTOM + COUNTS
    legend = _text(LEFT + SIDE / 2, base + 32, "clips in each bin", "middle")
    words = "; ".join(
        f"confidence {each.low:.1f} to {each.high:.1f}: {each.clips} clips, accuracy {each.accuracy:.3f}"
        for each in bins
        if each.accuracy is not None
    )
    axes = _axes("confidence", "accuracy", 0.0)
    return _svg(base + 40, f"Reliability diagram. {words}.", [*axes, *bars, diagonal, *counts, legend])


def _accuracy_bar(each: Bin) -> Markup:
    accuracy, confidence = each.accuracy or 0.0, each.confidence or 0.0
    title = tag("title", f"{each.clips} clips: confidence {confidence:.3f}, accuracy {accuracy:.3f}")
    left, right, top = _x(each.low), _x(each.high), _y(accuracy)
    bar = tag("rect", x=left + 1, y=top, width=right - left - 2, height=_y(0) - top, class_="bar")
    gap = tag("line", x1=_x(confidence), y1=_y(confidence), x2=_x(confidence), y2=top, class_="gap")
    dot = tag("circle", cx=_x(confidence), cy=top, r=3.5, class_="dot")
    return tag("g", title, bar, gap, dot)


def _count_bar(each: Bin, most: int) -> Markup:
    height = max(COUNTS * each.clips / most, 1.0)
    base = TOP + SIDE + BOTTOM + COUNTS
    left, right = _x(each.low), _x(each.high)
    bar = tag("rect", x=left + 1, y=base - height, width=right - left - 2, height=height, class_="count")
    return join([bar, _text((left + right) / 2, base + 13, str(each.clips), "middle")])


def coverage_diagram(curve: Sequence[tuple[float, float]], marked: Sequence[Coverage], clips: int) -> Markup:
    """Accuracy against the share of the clips that are answered, surest first; the table's rows as dots."""
    lowest = max(math.floor(10 * min(accuracy for _, accuracy in curve) - 0.5) / 10, 0.0)
    points = " ".join(f"{_x(share):.1f},{_y(accuracy, lowest):.1f}" for share, accuracy in curve)
    dots = [
        tag("circle", cx=_x(each.clips / clips), cy=_y(each.accuracy.value, lowest), r=3.5, class_="dot")
        for each in marked
    ]
    words = ", ".join(f"{each.clips / clips:.0%} answered: {each.accuracy.value:.3f}" for each in marked)
    line = tag("polyline", points=points, class_="curve")
    axes = _axes("share of the clips answered", "accuracy", lowest)
    return _svg(TOP + SIDE + BOTTOM, f"Accuracy against coverage. {words}.", [*axes, line, *dots])


def interval_bar(figure: Figure) -> Markup:
    """A figure between 0 and 1 as a dot, its interval as a line through it."""
    middle = ROW_HEIGHT / 2
    at = [
        min(max(value, 0.0), 1.0) * ROW_WIDTH for value in (figure.value, figure.low, figure.high) if value is not None
    ]
    rail = tag("line", x1=0, y1=middle, x2=ROW_WIDTH, y2=middle, class_="rail")
    span = [tag("line", x1=at[1], y1=middle, x2=at[2], y2=middle, class_="span")] if len(at) == 3 else []
    dot = tag("circle", cx=at[0], cy=middle, r=3.5, class_="dot")
    box = f"-4 0 {ROW_WIDTH + 8} {ROW_HEIGHT}"
    return tag("svg", rail, *span, dot, viewBox=box, class_="interval", aria_hidden="true")


def _svg(height: float, label: str, parts: Sequence[Markup]) -> Markup:
    box = f"0 0 {LEFT + SIDE + 14} {height:g}"
    return tag("svg", *parts, viewBox=box, role="img", aria_label=label, class_="chart")


def _axes(below: str, beside: str, lowest: float) -> list[Markup]:
    """Grid, numbers and names of a plot from 0 to 1 across, and from `lowest` to 1 upwards."""
    step = 0.2 if lowest < 0.5 else 0.1
    across = [number / 5 for number in range(6)]
    upwards = [value for number in range(11) if (value := round(1 - number * step, 3)) >= lowest - 1e-9]
    parts = [_line(0, value, 1, value, "grid", lowest) for value in upwards]
    parts += [_text(_x(value), TOP + SIDE + 15, f"{value:g}", "middle") for value in across]
    parts += [_text(LEFT - 6, _y(value, lowest) + 4, f"{value:g}", "end") for value in upwards]
    parts.append(_text(_x(0.5), TOP + SIDE + 32, below, "middle"))
    turned = f"rotate(-90 12 {TOP + SIDE / 2:g})"
    parts.append(tag("text", beside, x=12, y=TOP + SIDE / 2, text_anchor="middle", transform=turned))
    parts.append(tag("rect", x=LEFT, y=TOP, width=SIDE, height=SIDE, class_="frame"))
    return parts


def _x(value: float) -> float:
    return LEFT + SIDE * value


def _y(value: float, lowest: float = 0.0) -> float:
    return TOP + SIDE * (1 - (value - lowest) / (1 - lowest))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str, lowest: float = 0.0) -> Markup:
    return tag("line", x1=_x(x1), y1=_y(y1, lowest), x2=_x(x2), y2=_y(y2, lowest), class_=kind)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor=anchor)
