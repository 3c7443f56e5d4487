"""Which key gives which label of a scheme.

The user's choice comes first, then what the scheme wishes. A label that has neither gets the first of these that is
free: its digit (0 for the tenth), a letter of its name, any letter, Shift and a letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase

from PySide6.QtGui import QAction, QKeySequence

from app.actions import ACTIONS, LABEL_DIGITS, LABEL_KEYS, Action, with_keys
from core.schemes import Label

NATIVE = QKeySequence.SequenceFormat.NativeText
DIGITS = 10


def label_keys(labels: Sequence[Label], keys: Mapping[str, str]) -> list[str]:
    """The key of each label, "" where it has none: the user wants none, or it stands beyond the labels with an action.

    No key is given twice, and what another action has is no label's. `keys` are those that the user chose.
    """
    taken = {key.toString() for action in _others(keys) for key in action.shortcuts}
    found = [""] * len(labels)

    def give(place: int, wanted: Iterable[str]) -> None:
        found[place] = next((key for key in wanted if key and key not in taken), "")
        taken.add(found[place])

    places = range(min(len(labels), LABEL_KEYS))
    chosen = {place: keys[f"label-{place + 1}"] for place in places if f"label-{place + 1}" in keys}
    for place, key in chosen.items():
        give(place, [_portable(key)])
    for place in places:
        if place not in chosen:
            give(place, [_portable(labels[place].key)])
    for place in places:
        if place not in chosen and not found[place]:
            give(place, _spare_keys(place, labels[place].name))
    return found


def live_keys(labels: Sequence[Label], keys: Mapping[str, str]) -> list[str]:
    """As in Label; a label whose key means something else in Live has its digit there."""
    there = [action for action in with_keys(ACTIONS, keys) if action.panel in ("", "live")]
    taken = {key.toString() for action in there for key in action.shortcuts}
    found = [key if key not in taken else "" for key in label_keys(labels, keys)]
    for place in range(min(len(found), LABEL_DIGITS)):
        digit = str(place + 1)
        if not found[place] and digit not in taken | set(found):
            found[place] = digit
    return found


def live_labels(labels: Sequence[Label], keys: Mapping[str, str]) -> tuple[Action, ...]:
    """How labels are given in Live, for those who list the keys."""
    found = zip(labels, live_keys(labels, keys), strict=True)
    return tuple(
        Action(f"live-label-{number}", label.name, key, "", "&Label", hint=f"Give label {number}: {label.name}.",
               panel="live")
        for number, (label, key) in enumerate(found, start=1)
    )  # fmt: skip


def _others(keys: Mapping[str, str]) -> list[Action]:
    """All that can be done while one labels, but for giving a label. Live sees to its own keys."""
    return [
        action
        for action in with_keys(ACTIONS, keys)
        if action.panel not in ("analyse", "live") and action.value is None
    ]


def _portable(key: str) -> str:
    return QKeySequence(key).toString()


def _spare_keys(place: int, name: str) -> Iterator[str]:
    letters = [*(letter for letter in name.upper() if letter in ascii_uppercase), *ascii_uppercase]
    if place < DIGITS:
        yield str((place + 1) % DIGITS)
    yield from letters
    yield from (f"Shift+{letter}" for letter in letters)


def taken_keys() -> dict[str, str]:
    """Single keys that no scheme should wish for, in small letters, and what they do."""
    return {
        key.toString().lower(): action.label
        for action in _others({})
        for key in action.shortcuts
        if len(key.toString()) == 1
    }


def with_labels(actions: Iterable[Action], labels: Sequence[Label], keys: Mapping[str, str]) -> tuple[Action, ...]:
    """The actions as they are for a scheme: its labels by name, with their keys; those that it lacks are left out.

    Without a scheme they are as they were.
    """
    found = label_keys(labels, keys)

    def named(action: Action, number: int) -> Action:
        name = labels[number - 1].name
        return replace(
            action, text=f"Label {number}: {name}", shortcut=found[number - 1], hint=f"Give label {number}: {name}."
        )

    return tuple(
        action if action.value is None or not labels else named(action, action.value)
        for action in actions
        if action.value is None or not labels or action.value <= len(labels)
    )


def show_label_actions(actions: Mapping[str, QAction], labels: Sequence[Label], keys: Mapping[str, str]) -> list[str]:
    """Give the menu's actions the names and keys of a scheme's labels; the keys as this system writes them."""
    found = label_keys(labels, keys)
    for number in range(1, LABEL_KEYS + 1):
        action, there = actions[f"label-{number}"], number <= len(labels)
        action.setVisible(there)
        action.setShortcut(found[number - 1] if there else "")
        if there:
            name = labels[number - 1].name
            key = action.shortcut().toString(NATIVE)
            action.setText(f"{'&' if number <= LABEL_DIGITS else ''}{number} {name.replace('&', '&&')}")
            action.setToolTip(f"{name} ({key})" if key else name)
    return [QKeySequence(key).toString(NATIVE) for key in found]
