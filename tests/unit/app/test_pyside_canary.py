"""The fault for which PySide6 is pinned (docs/adr/0004): it would abort the process after a thousand signals."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal


class Source(QObject):
    happened = Signal(bool)


def test_a_signal_keeps_its_hands_off_true() -> None:
    source = Source()
    heard: list[bool] = []
    source.happened.connect(heard.append)
    before = sys.getrefcount(True)
    for _ in range(500):
        source.happened.emit(True)
    assert len(heard) == 500
    heard.clear()
    assert abs(sys.getrefcount(True) - before) < 50
