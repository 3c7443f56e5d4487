"""Which emotion is heard now: its name, a bar for each label, the words; and the share of each in the session."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.live.segments import Segment
from app.theme import LIGHT, Theme
from app.widgets import Card, make_label
from core.predictions import NO_SPEECH

ROW_PX, BAR_PX = 20, 8
NAME_SHARE = 0.34


class Bars(QWidget):
    """A line for each label: its name, a bar, the percentage."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._colors: dict[str, str] = {}
        self._values: dict[str, float] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Emotion now")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_colors(self, colors: Mapping[str, str]) -> None:
        """Of the labels that have a bar, in their order."""
        self._colors = dict(colors)
        self.updateGeometry()
        self.update()

    def show_values(self, values: Mapping[str, float]) -> None:
        if dict(values) != self._values:
            self._values = dict(values)
            self.setAccessibleDescription(", ".join(f"{name} {value:.0%}" for name, value in values.items()))
            self.update()

    @property
    def values(self) -> dict[str, float]:
        return dict(self._values)

    def sizeHint(self) -> QSize:
        return QSize(220, ROW_PX * max(1, len(self._colors)))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        best = max(self._values, key=lambda name: self._values[name], default="")
        metrics = QFontMetrics(self.font())
        percent_px = metrics.horizontalAdvance("100%") + 6
        name_px = int(self.width() * NAME_SHARE)
        for row, (name, color) in enumerate(self._colors.items()):
            top, value = row * ROW_PX, self._values.get(name)
            font = QFont(self.font())
            font.setBold(name == best)
            painter.setFont(font)
            painter.setPen(QColor(self._theme.text if name == best else self._theme.muted))
            text = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, name_px - 6)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, name_px, ROW_PX), middle | Qt.AlignmentFlag.AlignLeft, text)
            if value is not None:
                end = QRectF(self.width() - percent_px, top, percent_px, ROW_PX)
                painter.drawText(end, middle | Qt.AlignmentFlag.AlignRight, f"{value:.0%}")
            bar = QRectF(name_px, top + (ROW_PX - BAR_PX) / 2, self.width() - name_px - percent_px - 4, BAR_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.track))
            painter.drawRoundedRect(bar, 4, 4)
            if value and value >= 0.005:
                bar.setWidth(max(bar.width() * value, BAR_PX))
                painter.setBrush(QColor(color))
                painter.drawRoundedRect(bar, 4, 4)


class ShareBar(QWidget):
    """One bar, divided among the emotions that were heard."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._colors: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self.setFixedHeight(10)
        self.setAccessibleName("Share of each emotion in the session")

    def set_look(self, theme: Theme, colors: Mapping[str, str]) -> None:
        self._theme, self._colors = theme, dict(colors)
        self.update()

    def show_seconds(self, seconds: Mapping[str, float]) -> None:
        self._seconds = dict(seconds)
        text = share_text(seconds)
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, total = QPainter(self), sum(self._seconds.values())
        painter.fillRect(self.rect(), QColor(self._theme.track))
        left = 0.0
        order = [*self._colors, *(name for name in self._seconds if name not in self._colors)]
        for name in (name for name in order if name in self._seconds):
            width = self._seconds[name] / max(total, 1e-9) * self.width()
            painter.fillRect(QRectF(left, 0, width, self.height()), QColor(self._colors.get(name, "#808080")))
            left += width


def share_text(seconds: Mapping[str, float]) -> str:
    """`anger 60%, sadness 40%`, the largest first."""
    total = sum(seconds.values())
    ranked = sorted(seconds.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value / total:.0%}" for name, value in ranked if total)


class EmotionCard(Card):
    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._colors: dict[str, str] = {}
        self.emotion = QLabel(textFormat=Qt.TextFormat.PlainText)
        font = self.emotion.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setWeight(QFont.Weight.DemiBold)
        self.emotion.setFont(font)
        self.detail = make_label("muted")
        self.bars, self.share = Bars(), ShareBar()
        self.words = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.words.setFixedHeight(2 * self.words.fontMetrics().lineSpacing() + 2)
        self.words.setAccessibleName("What is being said")
        top = QHBoxLayout()
        top.addWidget(self.emotion, 1)
        top.addWidget(self.detail)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.words)
        layout.addWidget(self.bars)
        layout.addSpacing(4)
        layout.addWidget(self.share)
        self.show_now(None, {})

    def set_look(self, theme: Theme, colors: Mapping[str, str]) -> None:
        self._theme, self._colors = theme, dict(colors)
        self.bars.set_theme(theme)
        self.bars.set_colors(colors)
        self.share.set_look(theme, colors)

    def show_now(self, segment: Segment | None, seconds: Mapping[str, float], silent: str = NO_SPEECH) -> None:
        """The open segment, or none: nobody speaks."""
        values = segment.shown if segment is not None else {}
        best = max(values, key=lambda name: values[name], default="")
        text = best or ("Listening" if segment is not None else silent)
        self.emotion.setText(text.capitalize())
        self.detail.setText(f"{values[best]:.0%}" if best else "")
        self.bars.show_values(values)
        self.share.show_seconds(seconds)
        self._show_words(segment)

    def _show_words(self, segment: Segment | None) -> None:
        """The newest of them, in two lines."""
        stable, tail = (segment.stable, segment.tail) if segment is not None else ("", "")
        room = 2 * max(self.words.width(), 160) - 30
        metrics = self.words.fontMetrics()
        words = stable.split()
        while words and metrics.horizontalAdvance(" ".join([*words, tail])) > room:
            words.pop(0)
        shown = " ".join(words)
        self.words.setText(f"{escape(shown)} <span style='color:{self._theme.muted}'>{escape(tail)}</span>")
