"""HTML and SVG elements, with all text in them escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

_PAGE = Path(__file__).with_name("page.html")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Attribute = str | float | bool | None


def escape(text: str) -> Markup:
    """Text as HTML. What is no valid text, such as the odd bytes of a file name, becomes a question mark."""
    return text if isinstance(text, Markup) else Markup(html.escape(text.encode("utf-8", "replace").decode("utf-8")))


def tag(name: str, /, *content: str, **attributes: Attribute) -> Markup:
    """An element.

    Args:
        name: of the element.
        content: text, which is escaped, and elements.
        attributes: None and False leave one out, True writes its name alone; `class_` is `class`, and an underscore
            within a name a hyphen.
    """
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    return Markup(f"<{name}{written}>{join(content)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Text and elements one after the other."""
    return Markup("".join(escape(part) for part in parts))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table whose first column heads the rows."""
    head = tag("tr", *(tag("th", name, scope="col") if name else tag("td") for name in columns))
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    return tag("table", tag("thead", head), tag("tbody", *body))


def page(title: str, body: Markup) -> str:
    """A whole page that needs nothing but itself, with the style that all pages have, light and dark."""
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(title=escape(title), body=body)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    return f' {name}="{escape(f"{value:.6g}" if isinstance(value, float) else str(value))}"'
