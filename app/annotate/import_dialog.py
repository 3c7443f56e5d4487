"""Labels of other programs into the project: looked at, mapped, then taken in as one command."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app import exchange
from app.annotate.dialog_parts import SessionDialog, make_button, named
from app.annotate.import_dialog_source import Source, read_source
from app.annotate.import_dialog_tables import MappingTable, PreviewTable
from app.annotate.session import ProjectSession
from app.background import run_in_background
from app.widgets import make_label, set_look
from core.errors import MoodlightError
from core.exchange.labels import LabelledClip
from core.project.interchange import Imported, import_rows, look_at_rows, propose_mapping
from core.project.recordings import Found
from core.project.store import Store

FIND_OUT = "Find out by itself"
LISTED = 500  # problems that are written out
START = "Choose a label file or a folder. Nothing is changed before Import is pressed."
READ_ONLY = "The project is open for reading only: nothing can be imported."


class _StoppedError(MoodlightError):
    """The import was cancelled before it changed anything."""


class _Progress(QObject):
    """Tells from the project's thread how many files were looked at; it outlives the dialog."""

    moved = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.stopping = threading.Event()

    def tell(self, number: int, total: int) -> None:
        if self.stopping.is_set():
            raise _StoppedError("The import was cancelled. Nothing was changed.")
        self.moved.emit(number, total)


class ImportDialog(SessionDialog):
    """Choose, look, map, import; one undo takes all of it back."""

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("Import labels", session, parent)
        self._source: Source | None = None
        self._path: Path | None = None
        self._sounds = session.state.path.parent if session.state else None  # where recordings are looked for
        self._generation = 0  # a file that was read for an earlier choice is dropped
        self._progress: _Progress | None = None  # while it imports
        self._finished = False
        self._title = ""  # of the command, as undo names it
        self._make_widgets()
        self._lay_out()
        session.failed.connect(self._on_failed)
        self._say(READ_ONLY if self.read_only else START)
        self.file_button.setFocus()
        self._refresh()

    def _make_widgets(self) -> None:
        self.path = named(QLineEdit(readOnly=True, placeholderText="No file chosen"), "Label file")
        self.file_button = make_button("File…", self._choose_file)
        self.folder_button = make_button("Folder…", self._choose_folder)
        self.form = named(QComboBox(), "Format")
        self.form.addItem(FIND_OUT, "")
        for name in exchange.format_names():
            self.form.addItem(name, name)
        self.form.currentIndexChanged.connect(lambda _index: self._read())
        self.scheme = named(QComboBox(), "Scheme")
        for number, scheme in (self.session.state.schemes if self.session.state else {}).items():
            self.scheme.addItem(scheme.title, number)
        self.scheme.setCurrentIndex(self.scheme.findData(self.session.scheme))
        self.scheme.currentIndexChanged.connect(lambda _index: self._show_mapping())
        self.annotator = QLineEdit(self.session.state.annotator if self.session.state else "")
        self.annotator.textChanged.connect(lambda _text: self._refresh())
        self.annotator_label = make_label(text="Annotator")
        self.preview, self.mapping = PreviewTable(), MappingTable()
        self.mapping.edited.connect(self._refresh)
        self.message = make_label(wrap=True)
        self.problems = named(QPlainTextEdit(readOnly=True), "Problems")
        self.problems.setMaximumHeight(90)
        self.problems.hide()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setMaximumHeight(8)
        self.sounds_button = make_button(
            "Look for recordings in…", self._choose_sounds, tip="Choose the folder that the missing recordings are in"
        )
        self.copy_button = make_button("Copy the list", self._copy, tip="Copy the problems to the clipboard")
        self.undo_button = make_button("Undo the import", self._undo)
        self.cancel_button = make_button("Cancel", self.reject)
        self.import_button = make_button("Import", self._import, primary=True)

    def _lay_out(self) -> None:
        self.resize(1000, 640)
        source = QHBoxLayout()
        for widget, stretch in ((self.path, 1), (self.file_button, 0), (self.folder_button, 0)):
            source.addWidget(widget, stretch)
        choices = QHBoxLayout()
        choices.addWidget(self.form, 1)
        choices.addSpacing(12)
        choices.addWidget(make_label(text="Scheme"))
        choices.addWidget(self.scheme, 1)
        choices.addSpacing(12)
        choices.addWidget(self.annotator_label)
        choices.addWidget(self.annotator, 1)
        top = QFormLayout()
        top.addRow("From", source)
        top.addRow("Format", choices)
        left, right = QVBoxLayout(), QVBoxLayout()
        self.preview_head = make_label("heading", "Preview")
        for layout, head, table in (
            (left, self.preview_head, self.preview),
            (right, make_label("heading", "Labels"), self.mapping),
        ):
            layout.addWidget(head)
            layout.addWidget(table)
        tables = QHBoxLayout()
        tables.setSpacing(16)
        tables.addLayout(left, 5)
        tables.addLayout(right, 3)
        foot = QHBoxLayout()
        foot.addWidget(self.sounds_button)
        foot.addWidget(self.copy_button)
        foot.addStretch()
        for button in (self.undo_button, self.cancel_button, self.import_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addLayout(tables, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.message)
        layout.addWidget(self.problems)
        layout.addLayout(foot)
        keep = self.bar.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(keep)
        self.bar.hide()

    # Choosing and reading

    def _choose_file(self) -> None:
        self._open_chooser(QFileDialog.FileMode.ExistingFile, "Import labels from a file", self.read)

    def _choose_folder(self) -> None:
        self._open_chooser(QFileDialog.FileMode.Directory, "Import labels from a folder", self.read)

    def _choose_sounds(self) -> None:
        self._open_chooser(QFileDialog.FileMode.Directory, "Look for recordings in a folder", self.look_in)

    def _open_chooser(self, mode: QFileDialog.FileMode, title: str, chosen: Callable[[str], None]) -> None:
        state = self.session.state
        dialog = QFileDialog(self, title, str(state.path.parent) if state else "")
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(chosen)
        dialog.open()

    def read(self, path: str | Path) -> None:
        """Read labels from a file or folder, and show what they are."""
        self._path = Path(path)
        self.path.setText(str(path))
        self._read()

    def look_in(self, folder: str | Path) -> None:
        """Read again, with a folder in which recordings are looked for."""
        self._sounds = Path(folder)
        self._read()

    def _read(self) -> None:
        if self._path is None:
            return
        self._generation += 1
        generation, path, form, sounds = self._generation, self._path, self.form.currentData(), self._sounds
        self._source = None
        self._show_source()
        self._say(f"Reading {path.name}…")
        self.bar.setRange(0, 0)
        self.bar.show()

        def done(source: Source) -> None:
            if generation == self._generation:
                self._source = source
                self._show_source()

        def failed(sentence: str) -> None:
            if generation == self._generation:
                self.bar.hide()
                self._say(sentence, "error")

        run_in_background(lambda: read_source(path, form, sounds), self.if_here(done), self.if_here(failed))

    # What is shown

    def _show_source(self) -> None:
        source = self._source
        rows = source.rows if source else []
        self.bar.hide()
        self.preview.show_rows(rows)
        shown = self.preview.rowCount()
        self.preview_head.setText(f"The first {shown:,} of {len(rows):,} rows" if len(rows) > shown else "Preview")
        if source and not self.form.currentData():
            self.form.setItemText(0, f"{FIND_OUT} ({source.form})")
        else:
            self.form.setItemText(0, FIND_OUT)
        self._list_problems(f"{file} is missing: its rows are left out." for file in (source.missing if source else []))
        self._show_mapping()

    def _show_mapping(self) -> None:
        state, number = self.session.state, self.scheme.currentData()
        if state is not None and number in state.schemes:
            scheme, counts = state.schemes[number], self._source.labels if self._source else {}
            self.mapping.show_labels(counts, scheme, propose_mapping(counts, scheme.names))
        self._refresh()

    def _refresh(self) -> None:
        """What would happen, as the choices are now."""
        source, busy = self._source, self._progress is not None
        unnamed = source.unnamed if source else 0
        self.annotator_label.setText(f"Annotator of {unnamed:,} rows" if unnamed else "Annotator")
        self.annotator.setEnabled(bool(unnamed) and not busy)
        named = not unnamed or bool(self.annotator.text().strip())
        possible = source is not None and len(source.missing) < source.recordings and named
        self.import_button.setEnabled(possible and not busy and not self._finished and not self.read_only)
        self.import_button.setVisible(not self._finished)
        self.undo_button.setVisible(self._finished and self._can_undo())
        self.cancel_button.setText("Close" if self._finished else "Cancel")
        for widget in (self.file_button, self.folder_button, self.form, self.scheme, self.mapping):
            widget.setEnabled(not busy and not self._finished)
        self.copy_button.setVisible(bool(self.problems.toPlainText()))
        self.sounds_button.setVisible(bool(source and source.missing) and not busy and not self._finished)
        if source is not None and not busy and not self._finished:
            self._say(self._forecast(source, named), "" if possible else "error")

    def _forecast(self, source: Source, named: bool) -> str:
        if not source.rows:
            return f"There are no labels in {source.path}."
        mapping, labels = self.mapping.mapping, sum(source.labels.values())
        taken = source.labels_taken(mapping)
        sentences = [source.sentence(), f"{taken:,} of {labels:,} labels are taken."]
        if out := [label for label, target in mapping.items() if not target]:
            sentences.append(f"Left out: {', '.join(out)}.")
        if not named:
            sentences.append("Say who labelled the rows that name nobody.")
        return " ".join(sentences)

    def _say(self, sentence: str, look: str = "") -> None:
        set_look(self.message, look)
        self.message.setText(sentence)

    def _list_problems(self, sentences: Iterable[str]) -> None:
        lines = list(sentences)
        rest = [f"and {len(lines) - LISTED:,} more."] if len(lines) > LISTED else []
        self.problems.setPlainText("\n".join([*lines[:LISTED], *rest]))
        self.problems.setVisible(bool(lines))
        self.copy_button.setVisible(bool(lines))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.problems.toPlainText())

    # Importing

    def _rows(self, source: Source) -> list[LabelledClip]:
        annotator, state = self.annotator.text().strip(), self.session.state
        if state is None or annotator == state.annotator:
            return source.rows
        return [row if row.annotator else replace(row, annotator=annotator) for row in source.rows]

    def _import(self) -> None:
        source = self._source
        if source is None:
            return
        rows, scheme, mapping = self._rows(source), self.scheme.currentData(), self.mapping.mapping
        progress, results = _Progress(), list[Imported]()
        progress.moved.connect(self._on_progress)
        self._progress = progress
        self.bar.setRange(0, source.recordings)
        self.bar.setValue(0)
        self.bar.show()
        self._say("Importing…")
        self._refresh()
        title = self._title = f"Import labels from {source.path.name}"

        def write(facts: dict[Path, Found | str]) -> None:
            def work(store: Store) -> None:
                results[:] = [import_rows(store, rows, scheme, mapping, title=title, facts=facts)]

            self.change(work, lambda: self._on_imported(results[0]), self._on_refused)

        # recordings are read beside the session's thread, on which labels are waiting to be written
        look = partial(look_at_rows, rows, progress.tell)
        run_in_background(look, self.if_here(write), self.if_here(self._on_refused))

    def _on_progress(self, number: int, total: int) -> None:
        if self._progress is not None:
            self.bar.setRange(0, total)
            self.bar.setValue(number)

    def _on_imported(self, result: Imported) -> None:
        self._stop_showing_progress()
        self._finished = True
        self._list_problems(result.failed.values())
        self._refresh()
        self.cancel_button.setFocus()
        self._say("; ".join(result.lines()[: len(result.lines()) - len(result.failed)]) + ".")

    def _on_refused(self, sentence: str) -> None:
        self._stop_showing_progress()
        self._refresh()
        self._say(sentence, "error")

    def _on_failed(self, error: MoodlightError) -> None:
        if self._progress is not None:
            self._on_refused(str(error))

    def _stop_showing_progress(self) -> None:
        self._progress = None
        self.bar.hide()

    def _can_undo(self) -> bool:
        """Whether the import is what undo would take back: one that changed nothing is not, nor one before others."""
        return self.session.state is not None and self.session.state.undo_title == self._title

    def _undo(self) -> None:
        if self._can_undo():
            self.session.undo()
            self._finished = False
        self._refresh()

    def reject(self) -> None:
        if self._progress is not None:
            self._progress.stopping.set()
            self._say("Cancelling…")
        else:
            super().reject()
