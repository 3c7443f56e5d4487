"""The label sets of a project: added, copied, edited, removed and written to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import SessionDialog, make_button, named
from app.annotate.scheme_editor_draft import Draft, copy_of, new_scheme, read_scheme, shipped_schemes
from app.annotate.scheme_editor_form import SchemeForm
from app.annotate.scheme_editor_table import COLOR
from app.annotate.session import ProjectSession
from app.background import run_in_background
from app.widgets import make_label
from core.errors import MoodlightError
from core.paths import atomic_write
from core.project.journal import Changed
from core.project.schemes import add_scheme, edit_scheme, remove_scheme
from core.project.store import Store
from core.schemes import Scheme

JSON_FILES = "Label schemes (*.json)"
READ_ONLY = "The project is open for reading only: its schemes can be looked at and saved as files."


class SchemeEditor(SessionDialog):
    """What is edited is kept, scheme by scheme, until it is saved or the dialog is closed."""

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("Label schemes", session, parent)
        self._drafts: dict[int, Draft] = {}
        self._bases: dict[int, Draft] = {}  # what each was when its editing began
        self._current = 0
        self._make_widgets()
        self._lay_out()
        session.changed.connect(self._on_changed)
        session.failed.connect(self._on_failed)
        self._reload(session.scheme)
        self.form.title.setFocus()

    def _make_widgets(self) -> None:
        self.list = named(QListWidget(), "Schemes of the project")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setStyleSheet("QListWidget::item { padding: 6px; }")
        self.list.currentItemChanged.connect(self._on_chosen)
        self.form = SchemeForm()
        self.form.edited.connect(self._on_edited)
        self.form.table.clicked.connect(self._on_cell)
        self.form.table.activated.connect(self._on_cell)
        self.message = make_label("error", wrap=True)
        self.add_menu = QMenu(self)
        self._fill_menu()
        self.add_button = make_button("Add", lambda: None, tip="Add a scheme to the project")
        self.add_button.setMenu(self.add_menu)
        self.duplicate_button = make_button("Duplicate", self._duplicate)
        self.remove_button = make_button("Remove", self._remove)
        self.export_button = make_button("Save as file…", self._export, tip="Write this scheme for other projects")
        self.revert_button = make_button("Revert", self._revert, tip="Forget what was edited in this scheme")
        self.close_button = make_button("Close", self.close)
        self.save_button = make_button("Save", self._save, primary=True)
        self.save_button.setShortcut("Ctrl+S")

    def _fill_menu(self) -> None:
        for scheme in shipped_schemes():
            names = ", ".join(scheme.names)
            action = self.add_menu.addAction(f"{scheme.title}: {names}".replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, scheme=scheme: self._add(scheme))
        self.add_menu.addSeparator()
        self.add_menu.addAction("From a file…").triggered.connect(self._choose_file)
        self.add_menu.addAction("An empty one").triggered.connect(lambda: self._add(new_scheme(self._names())))

    def _lay_out(self) -> None:
        self.resize(960, 600)
        side = QVBoxLayout()
        side.addWidget(make_label("heading", "Schemes of this project"))
        side.addWidget(self.list)
        side_buttons = QHBoxLayout()
        for button in (self.add_button, self.duplicate_button, self.remove_button):
            side_buttons.addWidget(button)
        side.addLayout(side_buttons)
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addLayout(side, 2)
        body.addWidget(self.form, 5)
        foot = QHBoxLayout()
        foot.addWidget(self.export_button)
        foot.addWidget(self.message, 1)
        for button in (self.revert_button, self.close_button, self.save_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(body, 1)
        layout.addLayout(foot)

    # What is shown

    @property
    def _schemes(self) -> dict[int, Scheme]:
        return self.session.state.schemes if self.session.state else {}

    def _names(self, but: int = 0) -> set[str]:
        return {scheme.id for number, scheme in self._schemes.items() if number != but}

    def _is_edited(self, number: int) -> bool:
        return number in self._schemes and self._drafts[number] != self._bases[number]

    def _edited(self) -> list[int]:
        return [number for number in self._drafts if self._is_edited(number)]

    def _reload(self, choose: int = 0) -> None:
        """Show the project's schemes; drafts that were edited stay as they are."""
        edited = set(self._edited())
        kept = {number: (self._drafts[number], self._bases[number]) for number in edited}
        pairs = {
            number: kept.get(number) or (Draft.of(scheme), Draft.of(scheme)) for number, scheme in self._schemes.items()
        }
        self._drafts = {number: draft for number, (draft, _) in pairs.items()}
        self._bases = {number: base for number, (_, base) in pairs.items()}
        choose = next((number for number in (choose, self._current) if number in self._drafts), min(self._drafts))
        self.list.blockSignals(True)
        self.list.clear()
        for number in self._drafts:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, number)
            self.list.addItem(item)
            if number == choose:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self._show_scheme(choose)

    def _show_scheme(self, number: int) -> None:
        self._current = number
        self.form.show_draft(self._drafts[number], fixed=self.read_only)
        self._refresh()

    def _refresh(self, message: str = "") -> None:
        """Bring buttons, list and the sentence up to what is edited."""
        draft, number = self._drafts[self._current], self._current
        problem = draft.problem(self._names(but=number))
        edited, fixed = self._is_edited(number), self.read_only
        self.message.setText(message or problem or (READ_ONLY if fixed else ""))
        self.save_button.setEnabled(edited and not problem and not fixed)
        self.revert_button.setEnabled(edited)
        self.export_button.setEnabled(not problem)
        for button in (self.add_button, self.duplicate_button):
            button.setEnabled(not fixed)
        self.remove_button.setEnabled(not fixed)
        for row in range(self.list.count()):
            self._refresh_item(self.list.item(row))

    def _refresh_item(self, item: QListWidgetItem) -> None:
        number = item.data(Qt.ItemDataRole.UserRole)
        draft = self._drafts[number]
        item.setText(f"{draft.title or 'Untitled'}{' •' if self._is_edited(number) else ''}")
        in_use = ", the one that is worked with" if number == self.session.scheme else ""
        item.setToolTip(f"{draft.id}{in_use}: {', '.join(label.name for label in draft.labels)}")
        font = item.font()
        font.setBold(number == self.session.scheme)
        item.setFont(font)

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._show_scheme(item.data(Qt.ItemDataRole.UserRole))

    def _on_edited(self) -> None:
        self._refresh()

    def _on_changed(self, changed: Changed) -> None:
        if changed.schemes:
            self._reload()

    def _on_failed(self, error: MoodlightError) -> None:
        """The project could not be written: what was edited is still here."""
        if self._drafts:
            self._refresh(str(error))

    def _say(self, message: str) -> None:
        self._refresh(message)

    def _on_cell(self, index: QModelIndex) -> None:
        if index.column() != COLOR or self.read_only:
            return
        row = self._drafts[self._current].rows[index.row()]
        dialog = QColorDialog(QColor(row.color), self)
        dialog.setWindowTitle(f"The colour of {row.name}")
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda color: self.form.set_color(index.row(), color.name()))
        dialog.open()

    # What is done with schemes

    def _change(self, work: Callable[[Store], object], done: Callable[[], None]) -> None:
        self.change(work, done, self._say)

    def _add(self, scheme: Scheme) -> None:
        self._change(lambda store: add_scheme(store, scheme), lambda: self._reload(max(self._schemes)))

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, "Add a scheme from a file", "", JSON_FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.add_file)
        dialog.open()

    def add_file(self, path: str | Path) -> None:
        run_in_background(lambda: read_scheme(Path(path)), self.if_here(self._add), self.if_here(self._say))

    def _duplicate(self) -> None:
        draft = self._drafts[self._current]
        if problem := draft.problem(self._names(but=self._current)):
            self._say(problem)
        else:
            self._add(copy_of(draft.scheme(), self._names()))

    def _remove(self) -> None:
        number = self._current
        self.ask(
            lambda store: int(store.value("SELECT count(*) FROM annotations WHERE scheme = ?", (number,))),
            lambda count: self._confirm_removal(number, count),
            self._say,
        )

    def _confirm_removal(self, number: int, count: int) -> None:
        if not count or len(self._schemes) < 2:
            self._do_remove(number)
            return
        title = self._schemes[number].title
        box = QMessageBox(QMessageBox.Icon.Question, "Remove a scheme", f"Remove {title}?", parent=self)
        box.setInformativeText(
            f"What was said under it ({count:,} annotations) goes with it. Undo in the Edit menu brings both back."
        )
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        remove.clicked.connect(lambda: self._do_remove(number))
        box.open()

    def _do_remove(self, number: int) -> None:
        def done() -> None:
            if self.session.scheme not in self._schemes:
                self.session.use_scheme(min(self._schemes))

        self._change(lambda store: remove_scheme(store, number), done)

    def _revert(self) -> None:
        scheme = self._schemes[self._current]
        self._drafts[self._current], self._bases[self._current] = Draft.of(scheme), Draft.of(scheme)
        self._show_scheme(self._current)

    def _save(self) -> None:
        self._save_all([self._current])

    def _save_all(self, numbers: list[int], then: Callable[[], None] = lambda: None) -> None:
        """Save drafts as they are now, one command each; what is edited meanwhile stays edited."""
        self.save_button.setEnabled(False)
        for number in numbers:
            self._save_one(number, then if number == numbers[-1] else lambda: None)

    def _save_one(self, number: int, then: Callable[[], None]) -> None:
        draft = self._drafts[number]
        scheme, renamed, names = draft.scheme(), draft.renamed, [row.name for row in draft.rows]

        def done() -> None:
            for row, name in zip(draft.rows, names, strict=False):
                if row.name == name:
                    row.was = name.strip()
            self._bases[number] = Draft.of(scheme)
            if draft.labels == scheme.labels and (draft.id, draft.title) == (scheme.id, scheme.title):
                self._drafts[number] = Draft.of(scheme)
            self._reload()
            then()

        self._change(lambda store: edit_scheme(store, number, scheme, renamed), done)

    def _export(self) -> None:
        draft = self._drafts[self._current]
        dialog = QFileDialog(self, "Save the scheme as a file", f"{draft.id}.json", JSON_FILES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write_file)
        dialog.open()

    def write_file(self, path: str | Path) -> None:
        """Write the scheme as it is edited."""
        text = json.dumps(self._drafts[self._current].scheme().to_json(), ensure_ascii=False, indent=2) + "\n"

        def write() -> None:
            with atomic_write(Path(path)) as stream:
                stream.write(text.encode())

        run_in_background(write, lambda _none: None, self.if_here(self._say))

    # Leaving

    def reject(self) -> None:
        edited = [] if self._left else self._edited()
        if edited:
            self._ask_to_leave(edited)
        else:
            super().reject()

    def _ask_to_leave(self, edited: list[int]) -> None:
        titles = ", ".join(self._schemes[number].title for number in edited)
        box = QMessageBox(QMessageBox.Icon.Question, "Label schemes", f"Save what was edited in {titles}?", parent=self)
        save = box.addButton(QMessageBox.StandardButton.Save)
        box.addButton(QMessageBox.StandardButton.Discard).clicked.connect(self._leave)
        box.addButton("Keep editing", QMessageBox.ButtonRole.RejectRole)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        save.clicked.connect(lambda: self._save_and_leave(edited))
        box.open()

    def _save_and_leave(self, edited: list[int]) -> None:
        for number in edited:
            if problem := self._drafts[number].problem(self._names(but=number)):
                self._reload(number)
                self._say(problem)
                return
        self._save_all(edited, self._leave_if_saved)

    def _leave_if_saved(self) -> None:
        if not self._edited():
            self._leave()
