"""Which recordings of the project are not where it says."""

from __future__ import annotations

import os

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance
from shiboken6 import isValid

from app.annotate.session import ProjectSession
from app.background import run_in_background
from core.project.store import Store

LOOK_MS = 300  # the clips come first, then whether their recordings are there


class MissingFiles(QObject):
    """Looks in the background, and at texts: a project may have a hundred thousand recordings."""

    found = Signal(object)  # list of the numbers of recordings
    failed = Signal(str)

    def __init__(self, session: ProjectSession) -> None:
        super().__init__(session)
        self._session = session
        self._timer = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    def look(self) -> None:
        """Soon; once where it is asked for several times."""
        self._timer.start()

    def _look(self) -> None:
        def check(found: tuple[str, list[tuple[int, str]]]) -> None:
            folder, files = found
            run_in_background(
                lambda: [number for number, path in files if not os.path.exists(os.path.join(folder, path))],  # noqa: PTH110, PTH118
                lambda missing: self._tell(self.found, missing),
                lambda sentence: self._tell(self.failed, sentence),
            )

        if self._session.is_open:
            self._session.ask(_files_of, check)

    def _tell(self, signal: SignalInstance, value: object) -> None:
        if isValid(self):  # the window may be gone by now
            signal.emit(value)


def _files_of(store: Store) -> tuple[str, list[tuple[int, str]]]:
    return str(store.folder), [(number, path) for number, path in store.rows("SELECT id, path FROM recordings")]
