"""The row under the picture: freeze, how much is shown, colours and range, smoothing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QSpinBox, QToolButton, QWidget

from app.colormaps import COLORMAPS
from app.live.options import RANGE_DB, SECONDS, SMOOTHING_S, LiveOptions

LEAST_RANGE_DB = 10


class PictureOptions(QWidget):
    changed = Signal()  # the options are others

    def __init__(self, options: LiveOptions, freeze: QAction) -> None:
        super().__init__()
        self._options = options
        self.freeze = QToolButton()
        self.freeze.setObjectName("answer")
        self.freeze.setDefaultAction(freeze)
        self.seconds = QSpinBox(minimum=SECONDS[0], maximum=SECONDS[1], suffix=" s", value=options.seconds)
        self.seconds.setSingleStep(5)
        self.colours = QComboBox()
        self.colours.addItems([name.capitalize() for name in COLORMAPS])
        self.colours.setCurrentIndex([*COLORMAPS].index(options.colours))
        self.low = QSpinBox(minimum=RANGE_DB[0], maximum=RANGE_DB[1], suffix=" dB", value=options.low_db)
        self.high = QSpinBox(minimum=RANGE_DB[0], maximum=RANGE_DB[1], suffix=" dB", value=options.high_db)
        self.smoothing = QDoubleSpinBox(minimum=SMOOTHING_S[0], maximum=SMOOTHING_S[1], decimals=1, singleStep=0.1)
        self.smoothing.setPrefix("Smooth ")  # no room for a label
        self.smoothing.setSuffix(" s")
        self.smoothing.setSpecialValueText("Raw")
        self.smoothing.setValue(options.smoothing_s)
        for box, tip in (
            (self.seconds, "How many seconds are shown"),
            (self.colours, "Colours of the spectrogram"),
            (self.low, "Drawn in the darkest colour, with all that is less"),
            (self.high, "Drawn in the brightest colour, with all that is more"),
            (self.smoothing, "After so long, half of a change of the emotion is shown"),
        ):
            box.setToolTip(tip)
            box.setAccessibleName(tip)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 4)
        layout.setSpacing(6)
        layout.addWidget(self.freeze)
        layout.addStretch(1)
        for widget in (self.seconds, self.colours, self.low, self.high, self.smoothing):
            layout.addWidget(widget)
        for spin in (self.seconds, self.low, self.high, self.smoothing):
            spin.valueChanged.connect(self._on_changed)
            spin.setKeyboardTracking(False)
        self.colours.activated.connect(self._on_changed)

    def _on_changed(self) -> None:
        options = self._options
        options.seconds = self.seconds.value()
        options.colours = [*COLORMAPS][self.colours.currentIndex()]
        options.low_db = min(self.low.value(), RANGE_DB[1] - LEAST_RANGE_DB)
        options.high_db = max(self.high.value(), options.low_db + LEAST_RANGE_DB)
        options.smoothing_s = round(self.smoothing.value(), 1)
        for spin, value in ((self.low, options.low_db), (self.high, options.high_db)):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
        self.changed.emit()
