"""Which emotion, how sure, and how likely each class is: of the segment at the cursor, and of the whole recording."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.analyse.recording import Recording, State, format_time
from app.theme import LIGHT, Theme
from app.widgets import Card, make_label, set_look
from core.predictions import Prediction
from core.schemes import Scheme


class ProbabilityBars(QWidget):
    """One bar a class, in the scheme's colour and order, with its name and percentage."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self._scheme: Scheme | None = None
        self._probabilities: dict[str, float] = {}
        self._chosen: str | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_scheme(self, scheme: Scheme | None) -> None:
        self._scheme = scheme
        self.updateGeometry()
        self.update()

    def show_probabilities(self, probabilities: dict[str, float], chosen: str | None) -> None:
        self._probabilities, self._chosen = probabilities, chosen
        spoken = ", ".join(f"{name} {value:.0%}" for name, value in probabilities.items())
        self.setAccessibleDescription(spoken or "no probabilities")
        self.updateGeometry()
        self.update()

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 19

    def _names(self) -> list[str]:
        return list(self._probabilities) or (list(self._scheme.names) if self._scheme else [])

    def sizeHint(self) -> QSize:
        return QSize(200, self._row_height() * len(self._names()))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, name in enumerate(self._names()):
            self._paint_row(painter, row * self._row_height(), name)

    def _paint_row(self, painter: QPainter, top: int, name: str) -> None:
        value = self._probabilities.get(name)
        font = QFont(self.font())
        font.setBold(name == self._chosen)
        painter.setFont(font)
        line = QRectF(0, top, self.width(), QFontMetrics(font).height())
        painter.setPen(QColor(self._theme.text if name == self._chosen else self._theme.muted))
        percentage = "" if value is None else f"{value:.0%}"
        room = int(line.width()) - QFontMetrics(font).horizontalAdvance(percentage) - 8
        text = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, text)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, percentage)
        bar = QRectF(0, line.bottom() + 3, self.width(), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.track))
        painter.drawRoundedRect(bar, 4, 4)
        if value and value >= 0.005:  # what reads 0 % has no bar
            bar.setWidth(max(bar.width() * value, bar.height()))
            painter.setBrush(QColor(self._scheme.color(name) if self._scheme else self._theme.accent))
            painter.drawRoundedRect(bar, 4, 4)


class EmotionSection(QWidget):
    """A heading, the chosen emotion large with its confidence, and the bars."""

    def __init__(self, large: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = make_label("heading", wrap=True)
        self.emotion = make_label(wrap=True)
        font = self.emotion.font()
        font.setPointSizeF(font.pointSizeF() * (1.9 if large else 1.25))
        font.setWeight(QFont.Weight.DemiBold)
        self.emotion.setFont(font)
        self.detail = make_label("muted", wrap=True)
        self.bars = ProbabilityBars()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.heading)
        layout.addWidget(self.emotion)
        layout.addWidget(self.detail)
        layout.addSpacing(8)
        layout.addWidget(self.bars)

    def show_result(
        self, emotion: str | None, detail: str, probabilities: dict[str, float], *, sure: bool = True
    ) -> None:
        self.emotion.setText((emotion or "no speech").capitalize() if sure else "Unsure")
        self.detail.setText(detail if sure else f"{emotion} {detail}")
        self.bars.show_probabilities(probabilities, emotion)
        self.bars.setVisible(emotion is not None)
        self.bars.setAccessibleName(self.heading.text())


class EmotionPanel(Card):
    def __init__(self) -> None:
        super().__init__()
        self._least = 0.0  # confidence of an answer that is shown as such
        self._shown: tuple[Recording | None, int | None, str] = (None, None, "")
        self.message = make_label("muted", wrap=True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note = make_label("muted", wrap=True)
        self.segment = EmotionSection(large=True)
        self.whole = EmotionSection(large=False)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(14)
        for widget in (self.message, self.segment, self.whole, self.note):
            layout.addWidget(widget)
        layout.addStretch()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        scroll.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(scroll)
        self.show_recording(None, None)

    def set_theme(self, theme: Theme) -> None:
        for section in (self.segment, self.whole):
            section.bars.set_theme(theme)

    def set_scheme(self, scheme: Scheme | None) -> None:
        for section in (self.segment, self.whole):
            section.bars.set_scheme(scheme)

    def set_least(self, least: float) -> None:
        """How sure the model must be for its answer to be more than "unsure"."""
        self._least = least
        self.show_recording(*self._shown)

    def show_recording(self, recording: Recording | None, segment: int | None, problem: str = "") -> None:
        """Show a recording's results, and those of one of its segments; or why none are to be expected."""
        self._shown = (recording, segment, problem)
        predictions = recording.predictions if recording else []
        chosen = predictions[segment] if segment is not None else None
        waits = recording is not None and recording.state is State.WAITING and not recording.predictions
        if problem and waits:
            self._show_message(f"{problem} Nothing is analysed until the engine runs: Ctrl+R starts it again.", True)
        else:
            self._show_message(_message(recording), recording is not None and recording.state is State.ERROR)
        self.note.setText("\n".join(recording.notes) if recording else "")
        self.note.setVisible(bool(self.note.text()))
        self.segment.setVisible(chosen is not None)
        if chosen is not None:
            self._show_segment(chosen, only=len(predictions) == 1, number=(segment or 0) + 1, of=len(predictions))
        summary = recording.summary if recording and len(predictions) > 1 else None
        self.whole.setVisible(summary is not None)
        if summary is not None:
            self.whole.heading.setText("Whole recording")
            speech = format_time(summary.speech_s, tenths=summary.speech_s < 60)
            detail = f"{summary.confidence:.0%} over {speech} of speech"
            sure = summary.emotion is None or summary.confidence >= self._least
            self.whole.show_result(summary.emotion, detail, summary.probabilities, sure=sure)

    def _show_message(self, text: str, is_error: bool) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))
        set_look(self.message, "error" if is_error else "muted")

    def _show_segment(self, prediction: Prediction, only: bool, number: int, of: int) -> None:
        span = f"{format_time(prediction.start_s, tenths=True)} – {format_time(prediction.end_s, tenths=True)}"
        self.segment.heading.setText("Speech" if only else f"Segment {number} of {of}")
        found = f"{prediction.confidence:.0%} confident" if prediction.emotion else "nobody speaks"
        detail = f"{found}, {span}"
        sure = prediction.emotion is None or prediction.confidence >= self._least
        self.segment.show_result(prediction.emotion, detail, prediction.probabilities, sure=sure)


def _message(recording: Recording | None) -> str:
    """What stands in the panel besides the results, or in their place."""
    if recording is None:
        return "Choose a recording on the left to see the emotion in it."
    if recording.state is State.ERROR:
        return recording.error
    if recording.predictions:
        return ""
    return {
        State.WAITING: "Waiting for its turn. The emotion appears here.",
        State.ANALYSING: "Analysing. The emotion appears here.",
        State.STOPPED: "The analysis was stopped. F5 starts it again.",
    }.get(recording.state, "No speech was found in this recording.")
