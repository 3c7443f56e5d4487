"""The learning curve: what it takes, how far it is, the picture, what more labels would bring, and the figures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import ROW_HEIGHT, make_button, named, prepare_table
from app.teach.chart import Axes, Chart, Line
from app.teach.curve_figures import SAME_SPEAKERS, CurveFigures, SystemCurve
from app.teach.curve_form import CurveForm
from app.teach.fold import Fold
from app.teach.scrolling import UprightScroll
from app.theme import LIGHT, Theme
from app.widgets import Card, make_label, set_look
from core.errors import MoodlightError

TITLE = "How many labels are enough?"
WHAT = (
    "Some of the labels teach, the others test, ever more of them and several times over: the curve shows what labels "
    "have brought so far, and estimates what more would bring. The model in use is not changed."
)
READING = "The line is the mean over the draws, the band where 95 % of them lie."
SIZE = QSize(560, 340)
PICTURE = QSize(760, 460)
PIXELS = 2  # of a PNG for each of the picture's


class CurveView(Card):
    draw = Signal()
    stop = Signal()
    open_ = Signal()
    save_picture = Signal()
    save_table = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.figures: CurveFigures | None = None
        self.message = make_label(wrap=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Results of the curve")
        self.draw_button = make_button("Draw the curve", self.draw.emit, primary=True, tip="Of this project’s labels")
        self.stop_button = make_button("Stop", self.stop.emit, tip="What is done stays, and is gone on with later")
        self.open_button = make_button("Open a curve…", self.open_.emit, tip="Of a report.json of moodlight curve")
        self.form = CurveForm()
        self.fold = Fold("Settings", self.form, "What is compared, and how")
        self.source = make_label("heading", wrap=True)
        self.split = make_label("muted", wrap=True)
        self.caution = make_label("error", SAME_SPEAKERS, wrap=True)
        self.chart = Chart(Axes("labels a class", "UA"), size=SIZE)
        self.chart.setMinimumHeight(SIZE.height())
        self.outlook = make_label(wrap=True)
        self.table = named(QTableWidget(), "UA by labels a class")
        prepare_table(self.table)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.picture_button = make_button("Save picture…", self.save_picture.emit, tip="As SVG or PNG")
        self.table_button = make_button("Save table…", self.save_table.emit, tip="As CSV")
        self.notes = make_label("muted", wrap=True)
        self._lay_out()
        self.say("")
        self.show_state(running=False, can=False)
        self.show_figures(None)

    def _lay_out(self) -> None:
        self._drawn = QWidget()
        drawn = QVBoxLayout(self._drawn)
        drawn.setContentsMargins(0, 0, 0, 0)
        drawn.setSpacing(8)
        for widget in (self.source, self.split, self.caution, self.chart, make_label("muted", READING, wrap=True)):
            drawn.addWidget(widget)
        drawn.addWidget(make_label("heading", "What more labels would bring"))
        drawn.addWidget(self.outlook)
        drawn.addWidget(make_label("heading", "UA by labels a class, with its band"))
        drawn.addWidget(self.table)
        drawn.addLayout(_row(self.picture_button, self.table_button))
        drawn.addWidget(self.notes)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        layout.addWidget(make_label("title", TITLE, wrap=True))
        layout.addWidget(make_label("muted", WHAT, wrap=True))
        layout.addLayout(_row(self.draw_button, self.stop_button, self.open_button))
        for part in (self.message, self.bar, self.fold, self._drawn):
            layout.addWidget(part)
        layout.addStretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(UprightScroll(inside))

    def set_theme(self, theme: Theme) -> None:
        self.chart.set_theme(theme)

    # What it does

    def show_state(self, *, running: bool, can: bool, done: int = 0, total: int = 0) -> None:
        self.draw_button.setEnabled(can and not running)
        self.stop_button.setVisible(running)
        self.form.setEnabled(not running)
        self.bar.setVisible(running)
        self.bar.setRange(0, total)  # 0: it only shows that something happens
        self.bar.setValue(done)

    def say(self, sentence: str, *, problem: bool = False) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        set_look(self.message, "error" if problem else "")

    # What came of it

    def show_figures(self, figures: CurveFigures | None, source: str = "") -> None:
        self.figures = figures
        self._drawn.setVisible(figures is not None)
        if figures is None:
            return
        self.source.setText(source)
        self.split.setText(figures.split)
        self.caution.setVisible(figures.same_speakers)
        self.chart.show_lines([_line(system, color) for color, system in enumerate(figures.systems)], _axes(figures))
        self.outlook.setText("\n".join(figures.outlooks) or "It cannot be told from this curve.")
        self.notes.setText("\n".join(figures.notes))
        self._fill(figures)

    def _fill(self, figures: CurveFigures) -> None:
        rows, columns = figures.table(), figures.columns
        names = ["not taught" if each == 0 else str(each) for each in columns]
        self.table.setColumnCount(1 + len(columns))
        self.table.setHorizontalHeaderLabels(["Labels a class", *names])
        self.table.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setFixedHeight(ROW_HEIGHT * (len(rows) + 1) + 24)

    def write_picture(self, path: Path) -> None:
        """The chart on white, as SVG or PNG by the file's name.

        Raises:
            MoodlightError: it cannot be written.
        """
        area = QRectF(0, 0, PICTURE.width(), PICTURE.height())
        if path.suffix.lower() == ".svg":
            from PySide6.QtSvg import QSvgGenerator  # for those who save one

            svg = QSvgGenerator()
            svg.setFileName(str(path))
            svg.setSize(PICTURE)
            svg.setViewBox(area)
            svg.setTitle("UA against labels a class")
            painter = QPainter()
            written = painter.begin(svg)
            if written:
                self._draw_picture(painter, area)
                written = painter.end()
        else:
            image = QImage(PICTURE * PIXELS, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(PIXELS)
            image.fill(QColor(LIGHT.card))
            painter = QPainter(image)
            self._draw_picture(painter, area)
            painter.end()
            written = image.save(str(path))
        if not written:
            raise MoodlightError(f"The picture was not saved: {path} cannot be written.")

    def _draw_picture(self, painter: QPainter, area: QRectF) -> None:
        painter.fillRect(area, QColor(LIGHT.card))
        self.chart.draw(painter, area.adjusted(8, 8, -8, -8), LIGHT)


def _line(system: SystemCurve, color: int) -> Line:
    points = [(point.labels, point.ua) for point in system.points]
    bands = [(point.low, point.high) for point in system.points]
    untaught = system.points[0].labels <= 0
    return Line(system.name, points, () if untaught else bands, color, level=untaught, dashed=untaught)


def _axes(figures: CurveFigures) -> Axes:
    marks = sorted({round(point.labels) for system in figures.systems for point in system.points if point.labels > 0})
    title = "labels a class (mean over the labels)"
    return Axes(title, "UA", x_unit="labels a class", logarithmic=True, x_marks=tuple(map(float, marks)))


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
    row.addStretch()
    return row
