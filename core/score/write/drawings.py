"""The drawings of a summary as inline SVG. What is no emotion is coloured by the page's style, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from core.markup import Attribute, Markup, join, tag
from core.predictions import NO_SPEECH, UNSURE
from core.score.write.summary import BINS, Course

STACK_WIDTH = 240
STRIP_WIDTH, STRIP_HEIGHT = 1000, 26
CELLS = 500  # of a strip: what is shorter is not seen
LEFT, TOP, WIDTH, HEIGHT = 52, 10, 420, 150  # pixels: margins and size of the histogram
_CLASSES = {NO_SPEECH: "silent", UNSURE: "unsure"}

Color = Callable[[str], str]


def paint(label: str, color: Color) -> dict[str, Attribute]:
    """The attributes that colour a shape as a label."""
    return {"class_": _CLASSES[label]} if label in _CLASSES else {"fill": color(label)}


def legend(labels: Sequence[str], color: Color) -> Markup:
    """What the colours mean."""
    swatch = (
        tag("svg", tag("rect", width=10, height=10, **paint(label, color)), viewBox="0 0 10 10", class_="swatch")
        for label in labels
    )
    items = [tag("li", mark, label) for mark, label in zip(swatch, labels, strict=True)]
    return tag("ul", *items, class_="legend")


def share_bar(share: float, label: str, color: Color) -> Markup:
    """A share of all as a bar, from 0 to 1."""
    track = tag("rect", x=0, y=2, width=1000, height=14, rx=3, class_="track")
    bar = tag("rect", x=0, y=2, width=1000 * share, height=14, rx=3, **paint(label, color))
    box = {"viewBox": "0 0 1000 18", "preserveAspectRatio": "none", "class_": "share", "aria_hidden": "true"}
    return tag("svg", track, bar, **box)


def stack(clips: Mapping[str, int], labels: Sequence[str], color: Color) -> Markup:
    """Shares of labels side by side in a table's cell."""
    total = sum(clips.values()) or 1
    parts: list[Markup] = []
    at = 0.0
    for label in labels:
        width = STACK_WIDTH * clips.get(label, 0) / total
        if width:
            title = tag("title", f"{label}: {clips[label]:,} clips, {clips[label] / total:.0%}")
            parts.append(tag("rect", title, x=at, y=0, width=width, height=14, **paint(label, color)))
            at += width
    words = ", ".join(f"{label} {clips[label] / total:.0%}" for label in labels if clips.get(label))
    box = {"viewBox": f"0 0 {STACK_WIDTH} 14", "preserveAspectRatio": "none", "class_": "stack"}
    return tag("svg", *parts, role="img", aria_label=words, **box)


def strip(course: Course, labels: Sequence[str], color: Color) -> Markup:
    """A recording from its beginning to its end, coloured by what was heard; what was not scored stays empty."""
    track = tag("rect", x=0, y=0, width=STRIP_WIDTH, height=STRIP_HEIGHT, class_="track")
    parts = [
        tag(
            "rect",
            tag("title", f"{clock(start_s)} to {clock(end_s)}: {label}"),
            x=STRIP_WIDTH * start_s / course.length_s,
            y=0,
            width=max(STRIP_WIDTH * (end_s - start_s) / course.length_s, 0.5),
            height=STRIP_HEIGHT,
            **paint(label, color),
        )
        for start_s, end_s, label in _cells(course, labels)
    ]
    box = {"viewBox": f"0 0 {STRIP_WIDTH} {STRIP_HEIGHT}", "preserveAspectRatio": "none", "class_": "strip"}
    words = f"What was heard along {clock(course.length_s)}"
    return tag("svg", track, *parts, role="img", aria_label=words, **box)


def _cells(course: Course, labels: Sequence[str]) -> Iterator[tuple[float, float, str]]:
    """The stretches of a recording; of one with many the label that fills most of each cell, neighbours joined."""
    if len(course.stretches) <= CELLS:
        yield from course.stretches
        return
    cell_s = course.length_s / CELLS
    filled: list[dict[str, float]] = [{} for _ in range(CELLS)]
    for start_s, end_s, label in course.stretches:
        for number in range(int(start_s / cell_s), min(int(end_s / cell_s) + 1, CELLS)):
            inside = min(end_s, (number + 1) * cell_s) - max(start_s, number * cell_s)
            filled[number][label] = filled[number].get(label, 0.0) + max(inside, 0.0)
    begin, before = 0, ""
    for number, shares in enumerate([*filled, {}]):
        most = max(shares, key=lambda label: (shares[label], -labels.index(label))) if shares else ""
        if most != before or number == CELLS:
            if before:
                yield begin * cell_s, number * cell_s, before
            begin, before = number, most


def histogram(counts: Sequence[int]) -> Markup:
    """Clips by confidence, in bins of equal width from 0 to 1."""
    most = max(counts) or 1
    base = TOP + HEIGHT
    step = WIDTH / BINS
    parts = []
    for share in (0.5, 1.0):
        y = base - HEIGHT * share
        parts.append(tag("line", x1=LEFT, y1=y, x2=LEFT + WIDTH, y2=y, class_="grid"))
        parts.append(tag("text", f"{most * share:,.0f}", x=LEFT - 6, y=y + 4, text_anchor="end"))
    for number, clips in enumerate(counts):
        height = HEIGHT * clips / most
        title = tag("title", f"{number / BINS:.2f} to {(number + 1) / BINS:.2f}: {clips:,} clips")
        x, y = LEFT + number * step + 1, base - height
        parts.append(tag("rect", title, x=x, y=y, width=step - 2, height=height, class_="bar"))
    for tick in range(6):
        parts.append(tag("text", f"{tick / 5:g}", x=LEFT + WIDTH * tick / 5, y=base + 15, text_anchor="middle"))
    parts.append(tag("line", x1=LEFT, y1=base, x2=LEFT + WIDTH, y2=base, class_="frame"))
    parts.append(tag("text", "confidence", x=LEFT + WIDTH / 2, y=base + 33, text_anchor="middle"))
    box = f"0 0 {LEFT + WIDTH + 14} {base + 40}"
    return tag("svg", join(parts), viewBox=box, role="img", aria_label="Clips by confidence", class_="chart")


def clock(seconds: float) -> str:
    """A time of day's form: `1:02:03`, or `2:03`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
