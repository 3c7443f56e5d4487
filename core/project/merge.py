"""Two copies of a project become one, and neither side loses anything."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from core.counting import counted
from core.project.annotations import COLUMNS as SAID
from core.project.annotations import Annotation, annotation_of
from core.project.interchange import SAME_S, insert_annotation
from core.project.recordings import file_of, path_in_project
from core.project.schemes import schemes_of
from core.project.store import Store
from core.schemes import Scheme


@dataclass
class Merged:
    """What a merge has brought.

    Attributes:
        recordings: new ones.
        clips: new ones.
        schemes: new ones, and those that got labels.
        annotations: new ones.
        moved: of the new clips, those that lie elsewhere here: both are kept.
        conflicts: clips of which one person had said different things in the two copies; the later answer stands, the
            other is kept as superseded.
    """

    recordings: int = 0
    clips: int = 0
    schemes: int = 0
    annotations: int = 0
    moved: int = 0
    conflicts: int = 0

    def lines(self) -> list[str]:
        """What a person wants to know of it."""
        whole = counted(self.annotations, "annotation", "was")
        lines = [f"{counted(self.recordings, 'recording')}, {counted(self.clips, 'clip')} and {whole} new"]
        if self.schemes:
            lines.append(f"{counted(self.schemes, 'scheme', 'was')} added or got labels")
        if self.moved:
            lines.append(f"{counted(self.moved, 'clip')} had other boundaries in the two copies: both are kept")
        if self.conflicts:
            twice = counted(self.conflicts, "time")
            lines.append(f"{twice} one person had answered twice: the later answer stands, the other is kept")
        return lines


def merge(store: Store, other: Store) -> Merged:
    """Take everything into `store` that `other` has and it does not, as one command.

    Recordings are the same by their content, clips by their identity or their place, schemes by their name.

    Args:
        store: open for editing.
        other: open, for reading suffices.

    Raises:
        ProjectError: the project cannot be written.
    """
    result = Merged()
    with store.command(f"Merge {other.path.stem}"):
        recordings = _merge_recordings(store, other, result)
        clips = _merge_clips(store, other, recordings, result)
        schemes = _merge_schemes(store, other, result)
        _merge_annotations(store, other, clips, schemes, result)
    _merge_predictions(store, other, clips)
    return result


def _merge_recordings(store: Store, other: Store, result: Merged) -> dict[int, int]:
    """Numbers of the other's recordings in this one."""
    known = dict(store.rows("SELECT hash, id FROM recordings"))
    taken = {row[0] for row in store.rows("SELECT path FROM recordings")}
    names = ("path", "hash", "size", "duration_s", "speaker", "sex", "age")
    numbers = {}
    for number, *values in other.rows(f"SELECT id, {', '.join(names)} FROM recordings"):
        row = dict(zip(names, values, strict=True))
        if row["hash"] not in known:
            path = path_in_project(store, file_of(other, row["path"]))
            # where another sound has its place, it is missing until somebody says where it lies
            row["path"] = path if path not in taken else f"{path}#{row['hash'][:8]}"
            known[row["hash"]] = _insert(store, "recordings", row)
            result.recordings += 1
        numbers[number] = known[row["hash"]]
    return numbers


def _merge_clips(store: Store, other: Store, recordings: dict[int, int], result: Merged) -> dict[int, int]:
    """Numbers of the other's clips in this one."""
    ours = store.rows("SELECT uid, id, recording, start_s, end_s FROM clips")
    known = {uid: (number, _place(*place)) for uid, number, *place in ours}
    places = {_place(*place): number for _, number, *place in ours}
    names = ("uid", "recording", "start_s", "end_s", "speaker", "split", "extra")
    numbers = {}
    for number, *values in other.rows(f"SELECT id, {', '.join(names)} FROM clips"):
        row = dict(zip(names, values, strict=True))
        row["recording"] = recordings[row["recording"]]
        place = _place(row["recording"], row["start_s"], row["end_s"])
        if row["uid"] in known and known[row["uid"]][1] != place:
            row["uid"] = f"{row['uid']}@{row['start_s']:g}-{row['end_s']:g}"  # its boundaries were moved: both are kept
            result.moved += row["uid"] not in known and place not in places
        found = known[row["uid"]][0] if row["uid"] in known else places.get(place)
        if found is None:
            found = _insert(store, "clips", row)
            result.clips += 1
        numbers[number] = found
    return numbers


def _place(recording: int, start_s: float, end_s: float) -> tuple[int, int, int]:
    return recording, round(start_s / SAME_S), round(end_s / SAME_S)


def _merge_schemes(store: Store, other: Store, result: Merged) -> dict[int, int]:
    """A scheme of the same name gets the labels that it lacks."""
    ours = {scheme.id: (number, scheme) for number, scheme in schemes_of(store).items()}
    numbers = {}
    for number, scheme in schemes_of(other).items():
        if scheme.id not in ours:
            values = {"name": scheme.id, "data": _data(scheme)}
            numbers[number] = _insert(store, "schemes", values)
            result.schemes += 1
            continue
        own, mine = ours[scheme.id]
        numbers[number] = own
        further = tuple(label for label in scheme.labels if label.name not in mine.names)
        if further:
            data = _data(replace(mine, labels=(*mine.labels, *further)))
            store.connection.execute("UPDATE schemes SET data = ? WHERE id = ?", (data, own))
            result.schemes += 1
    return numbers


def _data(scheme: Scheme) -> str:
    return json.dumps(scheme.to_json(), ensure_ascii=False)


def _merge_annotations(
    store: Store, other: Store, clips: dict[int, int], schemes: dict[int, int], result: Merged
) -> None:
    columns = ", ".join(SAID)
    ours = [annotation_of(row) for row in store.rows(f"SELECT {columns} FROM annotations")]
    kept = {_said(each) for each in ours}
    standing = {_whose(each): each for each in ours if not each.superseded}
    for row in other.rows(f"SELECT {columns} FROM annotations ORDER BY id"):
        theirs = annotation_of(row)
        theirs = replace(theirs, clip=clips[theirs.clip], scheme=schemes[theirs.scheme])
        if _said(theirs) in kept:
            continue
        mine = None if theirs.superseded else standing.get(_whose(theirs))
        if mine is not None:
            result.conflicts += 1
            if (theirs.made, theirs.label or "") > (mine.made, mine.label or ""):
                _supersede(store, mine)
            else:
                theirs = replace(theirs, superseded=True)
        if not theirs.superseded:
            standing[_whose(theirs)] = theirs
        if _said(theirs) not in kept:
            kept.add(_said(theirs))
            insert_annotation(store, theirs)
            result.annotations += 1


def _said(each: Annotation) -> Annotation:
    """The same answer, whether or not it stands."""
    return replace(each, superseded=False)


def _whose(each: Annotation) -> tuple[int, int, str, bool]:
    return each.clip, each.scheme, each.annotator, each.adjudicated


def _supersede(store: Store, mine: Annotation) -> None:
    store.connection.execute(
        "UPDATE annotations SET superseded = 1 WHERE clip = ? AND scheme = ? AND annotator = ? AND adjudicated = ? "
        "AND superseded = 0",
        _whose(mine),
    )


def _merge_predictions(store: Store, other: Store, clips: dict[int, int]) -> None:
    with store.unjournaled() as connection:
        for number, fingerprint, name, labels in other.rows("SELECT id, fingerprint, name, labels FROM models"):
            connection.execute(
                "INSERT OR IGNORE INTO models (fingerprint, name, labels) VALUES (?, ?, ?)", (fingerprint, name, labels)
            )
            model = store.value("SELECT id FROM models WHERE fingerprint = ?", (fingerprint,))
            columns = "prediction, confidence, margin, probabilities, transcript, embedding"
            connection.executemany(
                f"INSERT OR IGNORE INTO predictions (model, clip, {columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (model, clips[clip], *rest)
                    for clip, *rest in other.each(f"SELECT clip, {columns} FROM predictions WHERE model = ?", (number,))
                ),
            )


def _insert(store: Store, table: str, values: dict[str, Any]) -> int:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    cursor = store.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
    return int(cursor.lastrowid or 0)
