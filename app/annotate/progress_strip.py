"""How far the work has come: labelled of all, by class, how fast, and how long it will take."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.theme import LIGHT, Theme
from app.widgets import make_label
from core.project.queue import Done
from core.schemes import Scheme

IDLE_S = 120.0  # of a clip that was shown for longer, nobody was there
FEWEST = 3  # clips before a speed is told
MOST_SPEAKERS = 25


class Pace:
    """Clips an hour in this session, counted over the time that was spent on them."""

    def __init__(self) -> None:
        self.clips, self.seconds = 0, 0.0

    def add(self, seconds: float) -> None:
        self.clips += 1
        self.seconds += min(seconds, IDLE_S)

    @property
    def an_hour(self) -> float:
        return 3600 * self.clips / self.seconds if self.clips >= FEWEST and self.seconds > 0 else 0.0

    def text(self, left: int) -> str:
        """`412 clips/h, 1 h 25 min left`."""
        if not self.an_hour:
            return ""
        minutes = round(60 * left / self.an_hour)
        time = f"{minutes // 60:,} h {minutes % 60:02d} min" if minutes >= 60 else f"{max(minutes, 1)} min"
        return f"{self.an_hour:,.0f} clips/h" + (f", {time} left" if left else "")


class ClassBar(QWidget):
    """The classes as parts of all clips, and under each colour's dot how many there are."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._parts: list[tuple[str, str, int]] = []  # label, colour, count
        self._total = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, self.fontMetrics().height() + 6)

    def show_counts(self, parts: list[tuple[str, str, int]], total: int) -> None:
        self._parts, self._total = parts, total
        self.update()

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, middle = self.fontMetrics(), self.rect().center().y() + 1.0
        counts = [f"{count:,}" for _, _, count in self._parts]
        dots = sum(metrics.horizontalAdvance(text) + 26 for text in counts)
        show_dots = dots + 80 <= self.width()
        bar = QRectF(0, middle - 4, self.width() - (dots + 8 if show_dots else 0), 8)
        path = QPainterPath()
        path.addRoundedRect(bar, 4, 4)
        painter.setClipPath(path)
        painter.fillRect(bar, QColor(self._theme.track))
        x = bar.left()
        for _, color, count in self._parts:
            width = bar.width() * count / max(self._total, 1)
            painter.fillRect(QRectF(x, bar.top(), width, bar.height()), QColor(color))
            x += width
        painter.setClipping(False)
        if not show_dots:
            return
        x = bar.right() + 14
        for (_, color, _), text in zip(self._parts, counts, strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawEllipse(QPointF(x + 4, middle), 4.5, 4.5)
            painter.setPen(QColor(self._theme.text))
            width = metrics.horizontalAdvance(text)
            painter.drawText(QRectF(x + 13, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += width + 26


class ProgressStrip(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.pace = Pace()
        self._done: Done | None = None
        self.text = make_label("strong")
        self.bar = ClassBar()
        self.speed = make_label("muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(12)
        layout.addWidget(self.text)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.speed)

    def set_theme(self, theme: Theme) -> None:
        self.bar.set_theme(theme)

    def start_anew(self) -> None:
        """Another project, or another person."""
        self.pace = Pace()

    def show_done(self, done: Done, scheme: Scheme) -> None:
        self._done = done
        finished = done.labelled + done.unsure
        percent = f" ({done.labelled / done.clips:.0%})" if done.clips else ""
        self.text.setText(f"{done.labelled:,} of {done.clips:,} labelled{percent}")
        parts = [(label.name, label.color, done.by_label.get(label.name, 0)) for label in scheme.labels]
        unsure = [("unsure", "#9a8fb0", done.unsure)] if done.unsure else []
        self.bar.show_counts([*parts, *unsure], done.clips)
        self.speed.setText(self.pace.text(done.clips - finished))
        self.setToolTip(_tooltip(done, [*parts, *unsure]))


def _tooltip(done: Done, parts: list[tuple[str, str, int]]) -> str:
    def row(name: str, text: str) -> str:
        return f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td align='right'>{text}</td></tr>"

    classes = "".join(row(name, f"{count:,}") for name, _, count in parts)
    speakers = [(name or "no speaker given", counts) for name, counts in done.by_speaker.items()]
    lines = "".join(row(name, f"{some:,} of {of:,}") for name, (some, of) in speakers[:MOST_SPEAKERS])
    rest = f"<br>and {len(speakers) - MOST_SPEAKERS:,} more speakers" if len(speakers) > MOST_SPEAKERS else ""
    return f"<b>By label</b><table>{classes}</table><b>By speaker</b><table>{lines}</table>{rest}"
