"""What people say of clips: labels, doubts, flags, words and notes, each given as a command."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.errors import ProjectError
from core.project.files import now
from core.project.schemes import schemes_of
from core.project.store import Store


@dataclass(frozen=True)
class Annotation:
    """What one annotator says of one clip under one scheme.

    Attributes:
        clip: number of the clip.
        scheme: number of the scheme.
        annotator: who.
        adjudicated: a decision, which stands beside what the annotators said.
        superseded: the same person's other answer, from a copy of the project or a clip that was joined.
        label: None where none was chosen.
        unsure: the annotator cannot tell.
        flagged: to be looked at again.
        note: free text.
        transcript: None where nobody has touched the model's words.
        seconds: spent on it.
        suggested: what the model had said when the label was given.
        accepted: the label was taken over from the model by the key for that.
        made: when it was last changed, UTC.
    """

    clip: int
    scheme: int
    annotator: str
    adjudicated: bool = False
    superseded: bool = False
    label: str | None = None
    unsure: bool = False
    flagged: bool = False
    note: str = ""
    transcript: str | None = None
    seconds: float = 0.0
    suggested: str | None = None
    accepted: bool = False
    made: str = ""


COLUMNS = tuple(item.name for item in fields(Annotation))
_VERBS = {"unsure": "Unsure about", "flagged": "Flag", "transcript": "Transcribe", "note": "Note on"}
_FLAGS = ("adjudicated", "superseded", "unsure", "flagged", "accepted")
SETTABLE = ("label", "unsure", "flagged", "note", "transcript", "suggested", "accepted")


def annotate(
    store: Store,
    clips: Sequence[int],
    scheme: int,
    *,
    seconds: float = 0.0,
    adjudicated: bool = False,
    title: str = "",
    **said: Any,
) -> None:
    """Say something of clips, as the store's annotator; what is not said stays as it was.

    Args:
        store: the project.
        clips: their numbers.
        scheme: number of the label set.
        seconds: spent, added to what was spent before, divided among the clips.
        adjudicated: it is a decision and stands beside what the annotators said.
        title: of the command; one is made if it is empty.
        **said: any of `label` (which ends a doubt), `unsure`, `flagged`, `note`, `transcript`, `suggested`, `accepted`.

    Raises:
        ProjectError: the scheme has no such label, a clip is gone, or the project cannot be written.
    """
    unknown = set(said) - set(SETTABLE)
    if unknown:
        raise TypeError(f"annotate() knows no {', '.join(sorted(unknown))}")
    _check_label(store, scheme, said.get("label"))
    if said.get("label") is not None:
        said.setdefault("unsure", False)
    spent = round(seconds / max(len(clips), 1), 3)
    with store.command(title or _title(clips, said)):
        _write(store, clips, scheme, {"seconds": spent, "adjudicated": adjudicated} | said)


def accept_suggestions(store: Store, suggested: Mapping[int, str], scheme: int) -> None:
    """Take over what a model said of several clips, as one command.

    Args:
        store: the project.
        suggested: label of each clip.
        scheme: number of the label set.

    Raises:
        ProjectError: the scheme has no such label, or the project cannot be written.
    """
    groups: dict[str, list[int]] = {}
    for clip, label in suggested.items():
        _check_label(store, scheme, label)
        groups.setdefault(label, []).append(clip)
    with store.command(f"Accept the suggestion for {_count(list(suggested))}"):
        for label, clips in groups.items():
            _write(store, clips, scheme, {"label": label, "unsure": False, "suggested": label, "accepted": True})


def _write(store: Store, clips: Sequence[int], scheme: int, said: Mapping[str, Any]) -> None:
    """Within a command: what the store's annotator says now of clips, over what they had said."""
    values: dict[str, Any] = {"seconds": 0.0, "adjudicated": False, "made": now(), **said}
    columns = ("clip", "scheme", "annotator", *values)
    updates = [f"{name} = excluded.{name}" for name in values if name not in ("seconds", "adjudicated")]
    sql = (
        f"INSERT INTO annotations ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)}) "
        "ON CONFLICT (clip, scheme, annotator, adjudicated) WHERE superseded = 0 "
        f"DO UPDATE SET seconds = round(seconds + excluded.seconds, 3), {', '.join(updates)}"
    )
    store.connection.executemany(sql, [(clip, scheme, store.annotator, *values.values()) for clip in clips])


def clear(store: Store, clips: Sequence[int], scheme: int, *, adjudicated: bool = False) -> None:
    """Take back what the store's annotator said of clips."""
    with store.command(f"Clear {_count(clips)}") as connection:
        connection.execute(
            "DELETE FROM annotations WHERE clip IN (SELECT value FROM json_each(?)) AND scheme = ? AND annotator = ? "
            "AND adjudicated = ? AND superseded = 0",
            (json.dumps(list(clips)), scheme, store.annotator, adjudicated),
        )


def annotations_of(store: Store, clips: Iterable[int], scheme: int) -> list[Annotation]:
    """What everybody said of clips under a scheme, superseded answers too, by clip and annotator."""
    rows = store.rows(
        f"SELECT {', '.join(COLUMNS)} FROM annotations WHERE scheme = ? AND clip IN (SELECT value FROM json_each(?)) "
        "ORDER BY clip, adjudicated, annotator, superseded, made",
        (scheme, json.dumps(list(clips))),
    )
    return [annotation_of(row) for row in rows]


@dataclass(frozen=True)
class Others:
    """What is said of a clip besides the store's annotator's own answer.

    Attributes:
        answers: the others' labels, doubts and flags that stand, by name.
        decision: what was decided on the clip, by whomever; None where nothing was.
    """

    answers: tuple[Annotation, ...] = ()
    decision: Annotation | None = None


def others_of(store: Store, clip: int, scheme: int) -> Others:
    """What the others say of one clip under a scheme; notes and words alone do not count.

    Args:
        store: the project; its annotator is the one who is left out.
        clip: number of the clip; one that is gone has no answers.
        scheme: number of the label set.

    Returns:
        Their answers, and the newest decision.

    Raises:
        ProjectError: the file cannot be read.
    """
    rows = store.rows(
        f"SELECT {', '.join(COLUMNS)} FROM annotations WHERE clip = ? AND scheme = ? AND superseded = 0 "
        "ORDER BY annotator, made",
        (clip, scheme),
    )
    said = [annotation_of(row) for row in rows]
    others = [each for each in said if not each.adjudicated and each.annotator != store.annotator]
    decisions = [each for each in said if each.adjudicated and each.label]
    return Others(
        tuple(each for each in others if each.label or each.unsure or each.flagged),
        max(decisions, key=lambda each: each.made, default=None),
    )


def annotation_of(row: Sequence[Any]) -> Annotation:
    """An annotation from a row of `COLUMNS`."""
    values = dict(zip(COLUMNS, row, strict=True))
    return Annotation(**values | {name: bool(values[name]) for name in _FLAGS})


def ratings(store: Store, scheme: int) -> list[tuple[int, str, str]]:
    """Clip, annotator and label of all labels that stand, for the agreement between annotators; no decisions."""
    return [
        (clip, annotator, label)
        for clip, annotator, label in store.rows(
            "SELECT clip, annotator, label FROM annotations WHERE scheme = ? AND label NOT NULL AND superseded = 0 "
            "AND adjudicated = 0 ORDER BY clip, annotator",
            (scheme,),
        )
    ]


def annotators(store: Store) -> list[str]:
    """Everybody who has said something."""
    return [row[0] for row in store.rows("SELECT DISTINCT annotator FROM annotations ORDER BY annotator")]


def _check_label(store: Store, scheme: int, label: str | None) -> None:
    schemes = schemes_of(store)
    if scheme not in schemes:
        raise ProjectError(f"The project has no scheme number {scheme} any more.")
    if label is not None and label not in schemes[scheme].names:
        raise ProjectError(f"{label!r} is no label of {schemes[scheme].title}: {', '.join(schemes[scheme].names)}.")


def _title(clips: Sequence[int], said: dict[str, Any]) -> str:
    what = _count(clips)
    if "label" in said:
        return f"Label {what} {said['label']}" if said["label"] else f"Take the label off {what}"
    for name, verb in _VERBS.items():
        if name in said:
            return f"{verb} {what}" if said[name] else f"{verb} {what}: no more"
    return f"Annotate {what}"


def _count(clips: Sequence[int]) -> str:
    return "a clip" if len(clips) == 1 else f"{len(clips):,} clips"
