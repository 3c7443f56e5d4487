"""The labels of the project's scheme, for the segment that is chosen; without a project, the way to one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.annotate.buttons import make_action_button
from app.annotate.label_buttons import LabelArea, LabelButtons
from app.annotate.label_keys import NATIVE, live_keys
from app.live.segments import Segment
from app.theme import Theme
from app.widgets import make_label
from core.errors import MoodlightError
from core.schemes import Label, Scheme, load_scheme

SENTENCE_PX = 110  # room for the sentence and its buttons
DEFAULT = "iemocap4"  # where neither a project nor a model says which labels there are
NO_PROJECT = "To label what you hear, open a project or make a new one. Recordings become its clips."


class LabelBox(QStackedWidget):
    chosen = Signal(int)  # 1 for the scheme's first label

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        buttons = LabelButtons()
        buttons.chosen.connect(self.chosen)
        self.area = LabelArea(buttons)
        buttons.arranged.connect(self._fit)
        self._labels: tuple[Label, ...] = ()
        self._keys: list[QAction] = []
        missing, row = QWidget(), QHBoxLayout()
        for name in ("new-project", "open-project"):
            row.addWidget(make_action_button(actions[name]))
        layout = QVBoxLayout(missing)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(make_label("muted", NO_PROJECT, wrap=True))
        layout.addLayout(row)
        self.addWidget(missing)
        self.addWidget(self.area)

    def set_labels(self, labels: Iterable[Label], keys: Mapping[str, str], theme: Theme) -> None:
        """Of the project that is open; none where there is none."""
        self._labels = tuple(labels)
        found = live_keys(self._labels, keys)
        for action in self._keys:
            self.removeAction(action)
            action.deleteLater()
        self._keys = [QAction(label.name, self) for label in self._labels]
        for number, (action, key) in enumerate(zip(self._keys, found, strict=True), start=1):
            action.setShortcut(key)
            action.triggered.connect(lambda _checked=False, number=number: self.chosen.emit(number))
            self.addAction(action)
        self.area.set_labels(self._labels, [QKeySequence(key).toString(NATIVE) for key in found], theme)
        self.setCurrentIndex(1 if self._labels else 0)
        self._fit()

    def _fit(self) -> None:
        """As high as the buttons need in their columns now."""
        height = self.area.labels.minimumHeight() if self._labels else SENTENCE_PX
        self.setMaximumHeight(height)
        self.setMinimumHeight(min(height, self.area.minimumSizeHint().height()) if self._labels else 0)

    def show_answer(self, segment: Segment | None, enabled: bool) -> None:
        if self._labels:
            self.area.show_answer(segment.label if segment is not None else "", enabled)


def colors_of(scheme: Scheme | None, model: Mapping[str, Any] | None) -> tuple[dict[str, str], list[str]]:
    """The colours of all labels that can be shown, the project's first; and which of them have a bar: the model's."""
    own = {label.name: label.color for label in (scheme or load_scheme(DEFAULT)).labels}
    if model is None:
        return own, [*own]
    try:
        known = load_scheme(str(model["scheme"]))
    except MoodlightError:
        known = load_scheme(DEFAULT)
    names = [str(name) for name in model["labels"]]
    return {name: known.color(name) for name in names} | own, names
