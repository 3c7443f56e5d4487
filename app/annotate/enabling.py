"""Which actions of the Label workspace can be used, by what is open and shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction

from app.actions import LABEL_KEYS
from app.annotate.clip_commands import ClipCommands
from app.annotate.session import ProjectSession

NEED_PROJECT = (
    "close-project save-copy import-labels export-labels agreement edit-scheme annotator filter reload select-all"
)
NEED_CLIP = "previous-clip next-clip next-unlabelled"
NEED_EDITING = "add-files add-folder watched-folders find-missing merge"
NEED_BOTH = (
    "accept unsure flag clear set-boundaries split-clip join-clips remove-clips edit-note edit-transcript deselect"
)


def update_actions(
    actions: Mapping[str, QAction], session: ProjectSession, commands: ClipCommands, labels: int
) -> None:
    """Something was opened, shown or undone; the scheme has so many labels."""
    there, edits = commands.shown is not None, commands.editable
    for names, on in (
        (NEED_PROJECT, session.is_open),
        (NEED_EDITING, edits),
        (NEED_CLIP, there),
        (NEED_BOTH, there and edits),
    ):
        for name in names.split():
            actions[name].setEnabled(on)
    state = session.state
    actions["undo"].setEnabled(edits and bool(state and state.undo_title))
    actions["redo"].setEnabled(edits and bool(state and state.redo_title))
    for number in range(1, LABEL_KEYS + 1):
        actions[f"label-{number}"].setEnabled(there and edits and number <= labels)
