"""Which model the engine holds: the open project's own where it has one, else the one that was there before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app.annotate.session import ProjectSession
from app.engine_client import EngineClient
from core.paths import default_model_dir
from core.project.versions import Version


class ModelInUse(QObject):
    """The engine loads another model; its `ready` then renames the predictions that the session shows."""

    def __init__(self, session: ProjectSession, client: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._client = session, client
        self._before: Path | None = None  # the engine's model before a project brought its own
        self._is_over = False
        self._closed = QTimer(self, singleShot=True, interval=0)  # a project that is shown again is closed and opened
        self._closed.timeout.connect(self._on_closed)
        session.closed.connect(self._closed.start)

    @property
    def folder(self) -> Path:
        """What would be taught where the project has no model of its own."""
        return self._client.model_dir

    def use(self, version: Version | None) -> None:
        """The project's model in use, None for the one that comes with Moodlight."""
        if version is None:
            self._before = None
            self._load(default_model_dir())
        elif version.is_there:
            self.follow(version)

    def follow(self, version: Version) -> None:
        """A project that was opened brings this model."""
        if self._before is None:
            self._before = self._client.model_dir
        self._load(version.folder)

    def close(self) -> None:
        """The window closes: no model is needed any more."""
        self._is_over = True

    def leave(self) -> None:
        """The open project has no model of its own: another one's is not its."""
        before, self._before = self._before, None
        if before is not None:
            self._load(before)

    def _on_closed(self) -> None:
        if not self._session.is_open and not self._is_over:
            self.leave()

    def _load(self, folder: Path) -> None:
        if folder != self._client.model_dir:
            self._client.load_model(folder)
