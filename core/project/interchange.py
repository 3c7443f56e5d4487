"""Labels of other programs into a project, and a project's labels out, as rows of the interchange form."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.counting import counted
from core.errors import ProjectError
from core.exchange.labels import LabelledClip
from core.project.annotations import COLUMNS as SAID
from core.project.annotations import Annotation, annotation_of
from core.project.files import now
from core.project.recordings import DIGITS, Found, file_of, insert_clips, insert_recording, look_at_files
from core.project.schemes import schemes_of
from core.project.store import Store

SAME_S = 0.001  # boundaries that differ by less are the same


@dataclass
class Imported:
    """What an import does, or would do.

    Attributes:
        recordings: new ones.
        clips: new ones.
        annotations: new or changed ones.
        kept: rows whose annotator has answered already in the project, whose answer stays.
        speakers: clips and recordings of the project of which nobody had said who speaks.
        foreign: labels that the scheme does not have, and how often they occur.
        failed: files that cannot be read, with the reason.
    """

    recordings: int = 0
    clips: int = 0
    annotations: int = 0
    kept: int = 0
    speakers: int = 0
    foreign: dict[str, int] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """A sentence for each thing that happens."""
        whole = counted(self.annotations, "annotation", "is")
        lines = [f"{counted(self.recordings, 'recording')}, {counted(self.clips, 'clip')} and {whole} new"]
        if self.speakers:
            lines.append(f"{self.speakers:,} recordings or clips that were there have a speaker now")
        if self.kept:
            lines.append(f"{self.kept:,} rows change nothing: the project has those annotators' answers")
        if self.foreign:
            listed = ", ".join(f"{name} ({count:,})" for name, count in self.foreign.items())
            lines.append(f"labels that the scheme does not have, left out: {listed}")
        return [*lines, *(f"left out: {reason}" for reason in self.failed.values())]


def propose_mapping(labels: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """For each foreign label the scheme's label that has the same name but for case, or the same beginning; or ""."""
    folded = {name.casefold(): name for name in names}

    def nearest(label: str) -> str:
        text = label.strip().casefold()
        starts = [name for low, name in folded.items() if len(text) >= 3 and low.startswith(text[:3])]
        return folded.get(text) or (starts[0] if len(starts) == 1 else "")

    return {label: nearest(label) for label in dict.fromkeys(labels) if label}


def foreign_labels(rows: Iterable[LabelledClip]) -> dict[str, int]:
    """The labels in rows, the most frequent first."""
    return dict(Counter(row.label for row in rows if row.label).most_common())


def find_recordings(store: Store, rows: Sequence[LabelledClip]) -> list[LabelledClip]:
    """The rows, those of files that are not there with the project's recording of the same name, if it has just one.

    Label files such as TextGrids do not say where their recording lies; extensions are not compared.
    """
    places: dict[str, list[Path]] = {}
    for (path,) in store.rows("SELECT path FROM recordings"):
        file = file_of(store, path)
        places.setdefault(file.stem, []).append(file)
    there: dict[Path, Path] = {}
    for file in {row.file for row in rows}:
        same = places.get(file.stem, [])
        there[file] = same[0] if len(same) == 1 and not file.exists() else file
    return [replace(row, file=there[row.file]) for row in rows]


def look_at_rows(
    rows: Iterable[LabelledClip], progress: Callable[[int, int], None] = lambda *_: None
) -> dict[Path, Found | str]:
    """The facts of the rows' recordings, or why one cannot be used. It takes long, and needs no project."""
    return look_at_files(list(dict.fromkeys(row.file.absolute() for row in rows)), progress)


def import_rows(
    store: Store,
    rows: Sequence[LabelledClip],
    scheme: int,
    mapping: Mapping[str, str] | None = None,
    *,
    title: str = "Import labels",
    facts: Mapping[Path, Found | str] | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Imported:
    """Take rows into the project as one command.

    A row belongs to the clip that the project has in its place; else a clip is made. An annotator's answer that stands
    in the project is never overwritten, nor is a speaker. Rows without an annotator are the store's.

    Args:
        store: the project.
        rows: what somebody said of stretches of recordings; files that the project does not have are added.
        scheme: number of the label set.
        mapping: foreign label to one of the scheme's, "" to leave it out; others must be the scheme's.
        title: of the command.
        facts: of the files, if `look_at_rows` has been asked before.
        progress: told how many of how many files were looked at.

    Raises:
        ProjectError: there is no such scheme, or the project cannot be written.
    """
    names = schemes_of(store)[scheme].names
    mapping = {name: name for name in names} | dict(mapping or {})
    result = Imported()
    facts = look_at_rows(rows, progress) if facts is None else facts
    result.failed = {file: fact for file, fact in facts.items() if isinstance(fact, str)}
    found = {file: fact for file, fact in facts.items() if not isinstance(fact, str)}
    with store.command(title):
        into = _Import(store, scheme, mapping, result)
        for row in rows:
            if row.file.absolute() in found:
                into.take(row, found[row.file.absolute()])
    return result


class _Import:
    """Within a command: finds or makes what a row speaks of."""

    def __init__(self, store: Store, scheme: int, mapping: Mapping[str, str], result: Imported) -> None:
        self.store, self.scheme, self.mapping, self.result = store, scheme, mapping, result
        self.recordings = dict(store.rows("SELECT hash, id FROM recordings"))
        self.nobody = {number for (number,) in store.rows("SELECT id FROM recordings WHERE speaker = ''")}
        self.clips: dict[int, list[tuple[float, float, int]]] = {}
        for number, recording, start_s, end_s in store.rows("SELECT id, recording, start_s, end_s FROM clips"):
            self.clips.setdefault(recording, []).append((start_s, end_s, number))
        self.answered = {
            tuple(row)
            for row in store.rows(
                "SELECT clip, annotator, adjudicated FROM annotations WHERE scheme = ? AND superseded = 0", (scheme,)
            )
        }

    def take(self, row: LabelledClip, fact: Found) -> None:
        clip = self._clip(row, self._recording(row, fact), fact.duration_s)
        label = self.mapping.get(row.label) or None
        if row.label and label is None:
            self.result.foreign[row.label] = self.result.foreign.get(row.label, 0) + 1
        if not (label or row.transcript or row.note or row.unsure or row.flagged):
            return
        annotator = row.annotator or self.store.annotator
        if (clip, annotator, int(row.adjudicated)) in self.answered:
            self.result.kept += 1
            return
        self.answered.add((clip, annotator, int(row.adjudicated)))
        insert_annotation(
            self.store,
            Annotation(
                clip,
                self.scheme,
                annotator,
                row.adjudicated,
                label=label,
                unsure=row.unsure,
                flagged=row.flagged,
                note=row.note,
                transcript=row.transcript or None,
                made=row.made or now(),
            ),
        )
        self.result.annotations += 1

    def _recording(self, row: LabelledClip, fact: Found) -> int:
        number = self.recordings.get(fact.hash)
        if number is None:
            number = insert_recording(self.store, fact, row.speaker, row.sex, row.age)
            self.recordings[fact.hash] = number
            self.result.recordings += 1
        elif number in self.nobody and row.speaker:
            filled = self.store.connection.execute(
                "UPDATE recordings SET speaker = ?, sex = coalesce(nullif(sex, ''), ?), "
                "age = coalesce(nullif(age, ''), ?) WHERE id = ? AND speaker = ''",
                (row.speaker, row.sex, row.age, number),
            )
            self.result.speakers += filled.rowcount
        return number

    def _clip(self, row: LabelledClip, recording: int, duration_s: float) -> int:
        start_s, end_s = round(row.start_s, DIGITS), round(min(row.end_s or duration_s, duration_s), DIGITS)
        of_recording = self.clips.setdefault(recording, [])
        for start, end, number in of_recording:
            if abs(start - start_s) < SAME_S and abs(end - end_s) < SAME_S:
                if recording in self.nobody:
                    self._fill_in_speaker(number, row.speaker)
                return number
        insert_clips(self.store, recording, [(start_s, max(end_s, start_s + SAME_S))])
        number = int(self.store.value("SELECT max(id) FROM clips"))
        extra = {"weight": row.weight} if row.weight != 1.0 else {}
        self.store.connection.execute(
            "UPDATE clips SET split = ?, extra = ?, speaker = (SELECT CASE WHEN speaker = ? THEN NULL ELSE ? END "
            "FROM recordings WHERE id = recording) WHERE id = ? AND (? <> '' OR ? <> '{}' OR ? <> '')",
            (row.split, json.dumps(extra), row.speaker, row.speaker, number, row.split, json.dumps(extra), row.speaker),
        )
        of_recording.append((start_s, end_s, number))
        self.result.clips += 1
        return number

    def _fill_in_speaker(self, clip: int, speaker: str) -> None:
        """The recording has the speaker of the first row; this clip may have another one."""
        filled = self.store.connection.execute(
            "UPDATE clips SET speaker = ? WHERE id = ? AND speaker IS NULL AND ? <> '' "
            "AND ? <> (SELECT speaker FROM recordings WHERE id = recording)",
            (speaker, clip, speaker, speaker),
        )
        self.result.speakers += filled.rowcount


def insert_annotation(store: Store, said: Annotation) -> None:
    """Within a command: a new annotation."""
    marks = ", ".join("?" for _ in SAID)
    values = [getattr(said, name) for name in SAID]
    store.connection.execute(f"INSERT INTO annotations ({', '.join(SAID)}) VALUES ({marks})", values)


def export_rows(
    store: Store, scheme: int, clips: Sequence[int] | None = None, *, open_too: bool = True
) -> list[LabelledClip]:
    """What everybody said, a row for each clip and annotator, by recording and time.

    Args:
        store: the project.
        scheme: number of the label set.
        clips: which; all of them if not given.
        open_too: also the clips of which nobody has said anything, as rows without an annotator.
    """
    wanted = "" if clips is None else "WHERE clips.id IN (SELECT value FROM json_each(?))"
    places = store.rows(
        "SELECT clips.id, path, start_s, end_s, duration_s, coalesce(clips.speaker, recordings.speaker), sex, age, "
        f"split, extra FROM clips JOIN recordings ON recordings.id = recording {wanted} "
        "ORDER BY path, start_s, end_s, clips.id",
        () if clips is None else (json.dumps([int(clip) for clip in clips]),),
    )
    said: dict[int, list[Annotation]] = {}
    standing = f"SELECT {', '.join(SAID)} FROM annotations WHERE scheme = ? AND superseded = 0"
    for row in store.rows(f"{standing} ORDER BY annotator, adjudicated", (scheme,)):
        each = annotation_of(row)
        said.setdefault(each.clip, []).append(each)
    rows = []
    for number, path, start_s, end_s, duration_s, speaker, sex, age, split, extra in places:
        whole = start_s == 0 and abs(end_s - duration_s) < SAME_S
        place = LabelledClip(
            file_of(store, path),
            start_s,
            None if whole else end_s,
            speaker=speaker,
            sex=sex,
            age=age,
            split=split,
            weight=json.loads(extra).get("weight", 1.0),
        )
        rows += [_with(place, each) for each in said.get(number, [])] or ([place] if open_too else [])
    return rows


def _with(place: LabelledClip, said: Annotation) -> LabelledClip:
    return replace(
        place,
        label=said.label or "",
        transcript=said.transcript or "",
        annotator=said.annotator,
        note=said.note,
        unsure=said.unsure,
        flagged=said.flagged,
        adjudicated=said.adjudicated,
        made=said.made,
    )


def one_scheme(store: Store, name: str = "") -> int:
    """The number of a scheme by its name, or of the only or first one.

    Raises:
        ProjectError: there is none of that name.
    """
    schemes = schemes_of(store)
    for number, scheme in schemes.items():
        if name in ("", scheme.id):
            return number
    raise ProjectError(f"The project has no scheme {name!r}. It has: {', '.join(s.id for s in schemes.values())}.")
