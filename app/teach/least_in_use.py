"""How sure the model in use must be for its answer to count: from the settings, for all workspaces."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.engine_client import EngineClient
from app.settings import Settings


class LeastInUse(QObject):
    changed = Signal(float)

    def __init__(self, client: EngineClient, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client, self._settings = client, settings
        client.ready.connect(self.tell)

    def tell(self) -> None:
        fingerprint = str((self._client.model or {}).get("fingerprint", ""))
        self.changed.emit(self._settings.sureness.get(fingerprint, 0.0))
