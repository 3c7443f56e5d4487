"""Tasks with annotations as Label Studio imports them; `core.exchange.label_studio` reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import MoodlightError
from core.exchange.content import refuse_recordings, write_file
from core.exchange.labels import LabelledClip, by_recording
from core.exchange.places import Durations, path_from, with_ends

LOCAL_FILES = "/data/local-files/"
KEPT = ("speaker", "sex", "age", "split", "weight", "unsure", "flagged", "made")  # in a region's meta, if not as usual
USUAL = {field.name: field.default for field in fields(LabelledClip) if field.name != "file"}
Json = dict[str, Any]


def write(
    rows: Sequence[LabelledClip],
    target: Path,
    durations: Durations | None = None,
    *,
    document_root: Path | None = None,
) -> list[Path]:
    """Write a file that Label Studio imports into a project with the labels of `labelling_config`.

    Args:
        rows: of any recordings.
        target: the file.
        durations: seconds by recording; the others are looked at where a part runs to the end.
        document_root: Label Studio's `LOCAL_FILES_DOCUMENT_ROOT`, from which it serves the recordings; where there is
            none, they are named by their paths from the file, and Label Studio cannot play them.

    Returns:
        The file.

    Raises:
        MoodlightError: a recording lies outside the root, its length is needed and cannot be read, or the file would be
            a folder or a recording.
        OSError: the file cannot be written.
    """
    if target.is_dir():
        raise MoodlightError(f"{target} is a folder: name the file to write, such as {target / 'tasks.json'}.")
    refuse_recordings([target], (row.file for row in rows))
    tasks = [
        {
            "data": {"audio": _address(recording, target.parent, document_root)},
            "annotations": [_annotation(group) for group in _groups(of_one, durations)],
        }
        for recording, of_one in by_recording(rows).items()
    ]
    return [write_file(target, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")]


def _address(recording: Path, folder: Path, root: Path | None) -> str:
    path = path_from(root or folder, recording)
    if root is None:
        return path
    if path.startswith("../") or Path(path).is_absolute():
        raise MoodlightError(f"{recording} is not below {root}, from where Label Studio would serve it.")
    return f"{LOCAL_FILES}?d={quote(path)}"


def _groups(rows: Iterable[LabelledClip], durations: Durations | None) -> Iterator[list[LabelledClip]]:
    """Rows that make an annotation: of one annotator, with one row at most of the whole recording."""
    groups: dict[tuple[str, bool, int], list[LabelledClip]] = {}
    whole: dict[tuple[str, bool], int] = {}
    for row in rows:
        who = (row.annotator, row.adjudicated)
        if _is_whole(row):
            whole[who] = whole.get(who, 0) + 1
        clip = row if _is_whole(row) else with_ends([row], durations)[0]
        groups.setdefault((*who, max(1, whole.get(who, 1))), []).append(clip)
    yield from groups.values()


def _is_whole(row: LabelledClip) -> bool:
    return row.start_s == 0.0 and row.end_s is None


def _annotation(rows: Sequence[LabelledClip]) -> Json:
    user = _user(rows[0].annotator)
    together = {row.made for row in rows} == {rows[0].made}
    left_out = {name for name, known in (("made", together), ("annotator", user)) if known}
    return {
        "result": [result for number, row in enumerate(rows) for result in _results(row, number, left_out)],
        "was_cancelled": False,
        "ground_truth": rows[0].adjudicated,
        **({"completed_by": user} if user else {}),
        **({"created_at": rows[0].made} if together and rows[0].made else {}),
    }


def _user(annotator: str) -> int | Json | None:
    if re.fullmatch(r"[1-9][0-9]{0,17}", annotator):
        return int(annotator)
    return {"email": annotator} if re.fullmatch(r"\S+@\S+", annotator) else None


def _results(row: LabelledClip, number: int, left_out: set[str]) -> Iterator[Json]:
    kept = [name for name in (*KEPT, "annotator") if name not in left_out and getattr(row, name) != USUAL[name]]
    meta = {name: getattr(row, name) for name in kept} | ({"text": [row.note]} if row.note else {})
    times = {} if _is_whole(row) else {"start": row.start_s, "end": row.end_s}
    kind, ending = ("choices", "_whole") if _is_whole(row) else ("labels", "")
    base = {"id": f"row{number}", "to_name": "audio"}
    value = {**times, kind: [row.label] if row.label else []}
    yield {**base, "type": kind, "from_name": f"emotion{ending}", "value": value, **({"meta": meta} if meta else {})}
    if row.transcript:
        value = {**times, "text": [row.transcript]}
        yield {**base, "type": "textarea", "from_name": f"transcript{ending}", "value": value}


def labelling_config(labels: Iterable[str]) -> str:
    """The labelling interface, as XML, that Label Studio needs for what `write` writes.

    Args:
        labels: the emotions to choose from.
    """
    names = [escape(label) for label in labels]
    return "\n".join(
        [
            "<View>",
            '  <Audio name="audio" value="$audio"/>',
            '  <Labels name="emotion" toName="audio">',
            *(f'    <Label value="{name}"/>' for name in names),
            "  </Labels>",
            '  <TextArea name="transcript" toName="audio" perRegion="true" editable="true"/>',
            '  <Choices name="emotion_whole" toName="audio">',
            *(f'    <Choice value="{name}"/>' for name in names),
            "  </Choices>",
            '  <TextArea name="transcript_whole" toName="audio" editable="true"/>',
            "</View>\n",
        ]
    )
