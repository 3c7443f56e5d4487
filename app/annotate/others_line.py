"""What the other annotators say of the clip, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import LIGHT, Theme, text_on
from core.project.annotations import Others
from core.schemes import Scheme

NOBODY = "Nobody else has said anything."
BLIND = "Others’ labels are hidden (blind)."
DECIDED = "decided:"
GAP = 5  # pixels between the parts of what one person says
BETWEEN = 17  # pixels between two people, with a dot in the middle
WIDEST = 120  # pixels of a name or a label
LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


@dataclass(frozen=True)
class Saying:
    """What one annotator says; `label` is "" for somebody who is only unsure or has flagged the clip."""

    who: str
    label: str
    color: str = "#808080"
    marks: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """In words, with the note."""
        return f"{self.head} {self.said}" + (f" (“{self.note}”)" if self.note else "")

    @property
    def head(self) -> str:
        return self.who if self.who.endswith(":") else f"{self.who}:"

    @property
    def said(self) -> str:
        return ", ".join(filter(None, [self.label, self.marks]))


def sayings_of(others: Others, scheme: Scheme) -> tuple[list[Saying], Saying | None]:
    """What each of the others says, and the decision."""
    sayings = [
        Saying(
            each.annotator,
            each.label or "",
            scheme.color(each.label or ""),
            ", ".join(filter(None, ["unsure" if each.unsure else "", "flagged" if each.flagged else ""])),
            each.note,
        )
        for each in others.answers
    ]
    made = others.decision
    label = made.label if made is not None and made.label else ""
    return sayings, Saying(DECIDED, label, scheme.color(label)) if label else None


def count_fitting(widths: Sequence[float], room: float, between: float, rest: float) -> int:
    """How many of the first stand side by side, where those that do not are told in `rest` pixels."""
    if sum(widths) + between * (len(widths) - 1) <= room:
        return len(widths)
    used, count = rest, 0
    for width in widths:
        used += width + between
        if used > room:
            break
        count += 1
    return count


class OthersLine(QWidget):
    """Names and labels side by side. Those that have no room are counted; the tooltip has everybody."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._sayings: list[Saying] = []
        self._decision: Saying | None = None
        self._sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 10)

    @property
    def text(self) -> str:
        """What stands there, in words."""
        return " · ".join(each.text for each in self._everything) or self._sentence

    @property
    def _everything(self) -> list[Saying]:
        return [*self._sayings, *([self._decision] if self._decision else [])]

    def show_sentence(self, sentence: str) -> None:
        self._sayings, self._decision, self._sentence = [], None, sentence
        self._tell()

    def show_others(self, others: Others, scheme: Scheme) -> None:
        self._sayings, self._decision = sayings_of(others, scheme)
        self._sentence = NOBODY
        self._tell()

    def _tell(self) -> None:
        self.setAccessibleName(self.text)
        lines = "<br>".join(escape(each.text) for each in self._everything)
        self.setToolTip(f"<p style='white-space: pre'>{lines}</p>" if lines else "")
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._everything:
            painter.setPen(QColor(self._theme.muted))
            sentence = self.fontMetrics().elidedText(self._sentence, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(QRectF(self.rect()), LEFT, sentence)
            return
        decided = self._width_of(self._decision) + BETWEEN if self._decision else 0.0
        widths = [self._width_of(each) for each in self._sayings]
        rest = self.fontMetrics().horizontalAdvance(f"+{len(widths)}")
        count = count_fitting(widths, self.width() - decided, BETWEEN, rest)
        x = 0.0
        for each in self._sayings[:count]:
            x = self._paint_saying(painter, x, each)
        if count < len(widths):
            x = self._paint_text(painter, x + (BETWEEN if x else 0), f"+{len(widths) - count}", self._theme.muted)
        if self._decision is not None:
            self._paint_saying(painter, x, self._decision)

    def _cut(self, text: str) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, WIDEST)

    def _width_of(self, saying: Saying) -> float:
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self._cut(saying.who))
        if saying.label:
            width += GAP + self._chip_width(saying.label)
        return width + (GAP + metrics.horizontalAdvance(saying.marks) if saying.marks else 0)

    def _chip_width(self, label: str) -> int:
        return self.fontMetrics().horizontalAdvance(self._cut(label)) + 16

    def _paint_saying(self, painter: QPainter, x: float, saying: Saying) -> float:
        """A dot if it is not the first, the name, the label on its colour, the doubts; where they end."""
        if x:
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(QRectF(x, 0, BETWEEN, self.height()), Qt.AlignmentFlag.AlignCenter, "·")
            x += BETWEEN
        decided = saying.who == DECIDED
        x = self._paint_text(painter, x, self._cut(saying.who), self._theme.muted if decided else self._theme.text)
        if saying.label:
            x = self._paint_chip(painter, x + GAP, saying)
        return self._paint_text(painter, x + GAP, saying.marks, self._theme.muted) if saying.marks else x

    def _paint_text(self, painter: QPainter, x: float, text: str, color: str) -> float:
        width = self.fontMetrics().horizontalAdvance(text)
        painter.setPen(QColor(color))
        painter.drawText(QRectF(x, 0, width + 2, self.height()), LEFT, text)
        return x + width

    def _paint_chip(self, painter: QPainter, x: float, saying: Saying) -> float:
        height = min(self.height(), QFontMetrics(self.font()).height() + 4)
        chip = QRectF(x, (self.height() - height) / 2, self._chip_width(saying.label), height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(saying.color))
        painter.drawRoundedRect(chip, chip.height() / 2, chip.height() / 2)
        painter.setPen(QColor(text_on(saying.color)))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, self._cut(saying.label))
        return chip.right()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        super().changeEvent(event)
