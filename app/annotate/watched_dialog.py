"""The watched folders of a project, to see them and to stop watching one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.annotate.dialog_parts import SessionDialog, make_button, named
from app.annotate.session import ProjectSession
from app.widgets import make_label
from core.project.journal import Changed
from core.project.watching import WatchedFolder, unwatch, watched_folders

NONE = 'No folder is watched. File > Add folder... watches one where "Watch this folder" is ticked.'
SOME = "New sound files in these folders, and in those below, are added to the project."
NUMBER_ROLE = Qt.ItemDataRole.UserRole


class WatchedDialog(SessionDialog):
    def __init__(self, session: ProjectSession, parent: QWidget | None) -> None:
        super().__init__("Watched folders", session, parent)
        self.sentence = make_label("muted", "", wrap=True)
        self.problem = make_label("error", "", wrap=True)
        self.problem.hide()
        self.folders = named(QListWidget(), "Watched folders")
        self.folders.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.stop_button = make_button("Stop watching", self._stop, tip="What was added stays; undo watches it again.")
        self.close_button = make_button("Close", self.accept)
        self._lay_out()
        self.folders.itemSelectionChanged.connect(self._update_button)
        session.changed.connect(self._on_changed)
        self.stop_button.setEnabled(False)
        self._load()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.stop_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        for part in (self.sentence, self.folders, self.problem):
            layout.addWidget(part, 1 if part is self.folders else 0)
        layout.addLayout(buttons)
        self.resize(520, 300)

    def _on_changed(self, _changed: Changed) -> None:
        self._load()

    def _load(self) -> None:
        self.ask(watched_folders, self._show, self._refuse)

    def _show(self, folders: list[WatchedFolder]) -> None:
        chosen = self._chosen()
        self.folders.clear()
        for each in folders:
            item = QListWidgetItem(f"{each.folder} ({each.clips})")
            item.setToolTip(str(each.folder))
            item.setData(NUMBER_ROLE, each.number)
            self.folders.addItem(item)
            item.setSelected(each.number == chosen)
        self.folders.setVisible(bool(folders))
        self.sentence.setText(SOME if folders else NONE)
        self._update_button()

    def _chosen(self) -> int | None:
        items = self.folders.selectedItems()
        return int(items[0].data(NUMBER_ROLE)) if items else None

    def _update_button(self) -> None:
        self.stop_button.setVisible(self.folders.count() > 0)
        self.stop_button.setEnabled(self._chosen() is not None and not self.read_only)

    def _stop(self) -> None:
        number = self._chosen()
        if number is not None:
            self.problem.hide()
            self.change(lambda store: unwatch(store, number), lambda: None, self._refuse)

    def _refuse(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
