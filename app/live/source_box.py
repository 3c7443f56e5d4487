"""What is recorded from, and how: the row of choices above the picture."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from app.live.options import CUTS, FORMATS, LiveOptions
from core.audio.capture import DEPTHS
from core.audio.decode import SAMPLE_RATE
from core.audio.devices import Device
from core.counting import counted

DEFAULT = "System default"
MANY = 8  # channels that are listed


class SourceBox(QWidget):
    changed = Signal()  # the options are others
    look_again = Signal()
    tone_wanted = Signal()

    def __init__(self, options: LiveOptions, listen: QAction) -> None:
        super().__init__()
        self._options = options
        self._devices: list[Device] | None = None
        self.device, self.channel, self.rate = QComboBox(), QComboBox(), QComboBox()
        self.bits, self.format, self.cut = QComboBox(), QComboBox(), QComboBox()
        self.listen = QToolButton()
        self.listen.setDefaultAction(listen)
        self.again, self.tone = QToolButton(), QToolButton()
        self.again.setText("Look")
        self.tone.setText("Test tone")
        self.again.setToolTip("Look for devices that were plugged in")
        self.tone.setToolTip("Play a tone, to hear whether the sound output works")
        for box, name, tip in (
            (self.device, "Device", "What is recorded from"),
            (self.channel, "Channel", "Which channel of the device is recorded"),
            (self.rate, "Sampling rate", "How many samples a second are recorded"),
            (self.bits, "Depth", "Bits of a sample"),
            (self.format, "Format", "The kind of file"),
            (self.cut, "Clips", "What a recording becomes in the project"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for button in (self.listen, self.again, self.tone):
            button.setObjectName("answer")
        self.device.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.device.setMinimumWidth(110)
        self.rate.addItem("16 kHz", SAMPLE_RATE)
        self.rate.addItem("Device's rate", 0)
        for depth in DEPTHS:
            self.bits.addItem(f"{depth} bit", depth)
        for form in FORMATS:
            self.format.addItem(form.upper(), form)
        for name, text in CUTS.items():
            self.cut.addItem({"pauses": "Cut at pauses", "whole": "Whole"}[name], name)
            self.cut.setItemData(self.cut.count() - 1, text.capitalize(), 3)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.listen)
        layout.addWidget(self.device, 1)
        for box in (self.channel, self.rate, self.bits, self.format, self.cut):
            layout.addWidget(box)
        for button in (self.again, self.tone):
            layout.addWidget(button)
        self._show_options()
        for box in (self.device, self.channel, self.rate, self.bits, self.format, self.cut):
            box.activated.connect(self._on_chosen)
        self.again.clicked.connect(self.look_again)
        self.tone.clicked.connect(self.tone_wanted)

    def _show_options(self) -> None:
        options = self._options
        for box, value in (
            (self.rate, options.rate),
            (self.bits, options.bits),
            (self.format, options.format),
            (self.cut, options.cut),
        ):
            box.setCurrentIndex(max(0, box.findData(value)))

    def show_devices(self, devices: Sequence[Device]) -> None:
        """Those that there are now; the one that was chosen stays in the list while it is away."""
        if list(devices) == self._devices:
            return
        self._devices = list(devices)
        wanted = (self._options.device, self._options.host_api)
        self.device.clear()
        self.device.addItem(DEFAULT, ("", ""))
        for device in devices:
            channels = counted(device.inputs, "channel")
            what = "what the computer plays" if device.loopback else channels
            self.device.addItem(f"{device.name} ({device.host_api}, {what})", (device.name, device.host_api))
        place = self._place_of(wanted)
        if place < 0:
            self.device.addItem(f"{wanted[0]} (not connected)", wanted)
            place = self.device.count() - 1
        self.device.setCurrentIndex(place)
        self._show_channels()

    def _place_of(self, wanted: tuple[str, str]) -> int:
        places = range(self.device.count())
        return next((place for place in places if tuple(self.device.itemData(place)) == wanted), -1)

    def _show_channels(self) -> None:
        name = self._options.device
        wanted = [each for each in self._devices or [] if each.name == name or (not name and each.is_default_input)]
        count = wanted[0].inputs if wanted else 1
        self.channel.clear()
        self.channel.addItem("All" if count > 1 else "Mono", 0)
        for number in range(1, min(count, MANY) + 1) if count > 1 else ():
            self.channel.addItem(f"Channel {number}", number)
        self.channel.setCurrentIndex(max(0, self.channel.findData(self._options.channel)))
        self.channel.setEnabled(count > 1 and self.device.isEnabled())
        self.device.setToolTip(self.device.currentText())

    def _on_chosen(self) -> None:
        options, found = self._options, tuple(self.device.currentData())
        if found != (options.device, options.host_api):
            options.device, options.host_api = found
            options.channel = 0
            self._show_channels()
        options.channel = self.channel.currentData()
        options.rate, options.bits = self.rate.currentData(), self.bits.currentData()
        options.format, options.cut = self.format.currentData(), self.cut.currentData()
        self.changed.emit()

    def set_recording(self, recording: bool) -> None:
        """What the file is like stays as it is until it ends."""
        for box in (self.device, self.rate, self.bits, self.again):
            box.setEnabled(not recording)
        self.channel.setEnabled(not recording and self.channel.count() > 1)
