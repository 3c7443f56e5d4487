"""The list of keys, and what this program and its model are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTextBrowser, QVBoxLayout, QWidget

from app import version
from app.actions import ACTIONS, Action

WORKSPACES = {
    "": "Everywhere",
    "analyse": "Analyse",
    "label": "Label",
    "teach": "Teach",
    "live": "Live",
    "score": "Score",
}
MOUSE = (
    ("Click in the timeline", "Go there; a click on a segment chooses it"),
    ("Drag in the timeline", "Select a stretch"),
    ("Wheel", "Zoom at the pointer"),
    ("Shift and wheel, or drag with the right button", "Pan"),
    ("Double click in the timeline", "Show the whole recording"),
    ("Click on a word", "Go to the word"),
    ("Drop files or folders", "Open them"),
)


def make_keys_html(actions: Sequence[Action] = ACTIONS) -> str:
    """A table of all actions that have a key, by workspace and menu, and of what the mouse does."""
    sections = []
    for panel, title in WORKSPACES.items():
        there = [action for action in actions if action.panel == panel and action.shortcut]
        sections.append(f"<h2>{title}</h2>")
        for menu, members in groupby(there, key=lambda action: action.menu.partition("/")[0]):
            rows = [(_keys_text(action), action.hint.removesuffix(".") or action.label) for action in members]
            sections.append(_section(menu.replace("&", ""), rows))
    return "".join([*sections, _section("Mouse", MOUSE)])


def _keys_text(action: Action) -> str:
    return " or ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts)


def _section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    cells = (f"<tr><td width='40%'><b>{escape(keys)}</b></td><td>{escape(text)}</td></tr>" for keys, text in rows)
    return f"<h3>{escape(title)}</h3><table width='100%' cellpadding='2'>{''.join(cells)}</table>"


class TextDialog(QDialog):
    """A heading and a text to scroll; it does not keep the window from being used."""

    def __init__(self, title: str, heading: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(600, 540)
        self.heading = QLabel(heading, wordWrap=True)
        self.heading.setVisible(bool(heading))
        self.browser = QTextBrowser(openExternalLinks=True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.heading)
        layout.addWidget(self.browser)
        layout.addWidget(buttons)


def make_keys_dialog(parent: QWidget, actions: Sequence[Action] = ACTIONS) -> TextDialog:
    dialog = TextDialog("Keys", "", parent)
    dialog.browser.setHtml(make_keys_html(actions))
    return dialog


def make_about_dialog(model_dir: Path, parent: QWidget) -> TextDialog:
    heading = (
        f"<b>Moodlight {escape(version())}</b><br>Hears what is said and how it is felt. MIT licence.<br><br>"
        f"The model in use: {escape(str(model_dir))}"
    )
    dialog = TextDialog("About Moodlight", heading, parent)
    card = model_dir / "README.md"
    try:
        dialog.browser.setMarkdown(card.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        dialog.browser.setPlainText(f"This model has no card ({card} cannot be read).")
    return dialog
