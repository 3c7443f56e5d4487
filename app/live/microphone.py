"""The device that is recorded from: opened and looked for off the window's thread, and missed when it goes away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.background import run_in_background
from core.audio.capture import InputBackend, InputChoice, Source
from core.audio.devices import Device
from core.errors import MoodlightError

LOOK_S = 2.0  # between two looks for devices while none is open


@dataclass(frozen=True)
class Found:
    """What came of looking: the devices, the one that was opened for what was asked, or why none was."""

    devices: list[Device]
    source: Source | None
    asked: InputChoice
    choice: InputChoice
    problem: str


class Microphone(QObject):
    """At most one device is open. `look` is to be called now and then; it does what is due."""

    opened = Signal(object)  # Source
    lost = Signal(str)  # why: it was open, and went away by itself
    changed = Signal()  # devices, source or problem

    def __init__(
        self, backend: InputBackend, clock: Callable[[], float] = time.monotonic, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._backend, self._clock = backend, clock
        self._choice = InputChoice()
        self._wanted = self._busy = self._closed = False
        self._again = True  # look at once
        self._looked_s = 0.0
        self._leaving: list[Source] = []  # to be closed, which takes a moment
        self.source: Source | None = None
        self.devices: list[Device] = []
        self.used = InputChoice()  # what `source` was opened for
        self.problem = ""  # why none is open

    @property
    def name(self) -> str:
        """Of the device that is open, or would be."""
        wanted = self.used if self.source is not None else self._choice
        if wanted.name:
            return wanted.name
        return next((device.name for device in self.devices if device.is_default_input), "the default device")

    def want(self, choice: InputChoice, wanted: bool) -> None:
        """Have a device open, or none; another one in its place where the choice is another."""
        if self.source is not None and (not wanted or choice != self._choice):
            self.drop()
        self._again = self._again or (wanted, choice) != (self._wanted, self._choice)
        self._choice, self._wanted = choice, wanted
        self.look()

    def look_again(self) -> None:
        """Something was plugged in: close what is open, look for devices, and open again."""
        self.drop()
        self._again = True
        self.look()

    def look(self) -> None:
        """Miss the device that went away; look for devices where none is open."""
        source = self.source
        if source is not None and not source.active:
            problem = source.problem or "The sound device stopped."
            self.drop()
            self._again = True
            self.lost.emit(problem)
        if self.source is not None or self._busy or self._closed:
            return
        now_s = self._clock()
        if self._again or self._leaving or now_s - self._looked_s >= LOOK_S:
            self._again, self._looked_s, self._busy = False, now_s, True
            backend, leaving, choice, wanted = self._backend, self._leaving, self._choice, self._wanted
            self._leaving = []
            run_in_background(lambda: _find(backend, leaving, choice, wanted), self._on_found, self._on_failed)

    def drop(self) -> None:
        """Close the device that is open."""
        source, self.source = self.source, None
        if source is not None:
            self._leaving.append(source)
            self.changed.emit()

    def close(self) -> None:
        """The window closes."""
        self._closed, self._wanted = True, False
        self.drop()
        for source in self._leaving:
            source.close()
        self._leaving = []

    def _on_found(self, found: Found) -> None:
        self._busy = False
        if self._closed:
            if found.source is not None:
                found.source.close()
            return
        self.devices, self.problem = found.devices, found.problem
        if found.source is not None:
            if not self._wanted or found.asked != self._choice:  # it was chosen otherwise meanwhile
                self._leaving.append(found.source)
                self.look()
            else:
                self.source, self.used = found.source, found.choice
                self.changed.emit()
                self.opened.emit(found.source)
                return
        self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self._busy = False
        if not self._closed:
            self.problem = sentence
            self.changed.emit()


def _find(backend: InputBackend, leaving: list[Source], choice: InputChoice, wanted: bool) -> Found:
    """Runs on a worker thread. Where the device that was chosen is gone, the system's default takes its place."""
    for source in leaving:
        source.close()
    backend.refresh()
    devices, problem = backend.devices(), backend.explain()
    if problem or not wanted:
        return Found(devices, None, choice, choice, problem)
    default = InputChoice(rate=choice.rate, bits=choice.bits)
    for each in [choice, default] if choice.name else [default if choice.channel == 0 else choice]:
        try:
            return Found(devices, backend.open(each), choice, each, "")
        except MoodlightError as error:
            problem = problem or str(error)
    return Found(devices, None, choice, choice, problem)
