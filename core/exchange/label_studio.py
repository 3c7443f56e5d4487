"""Label Studio's JSON, which it exports as 'JSON' and imports: a task a recording, in it an annotation a person.

A clip is a region with `labels`, a whole recording has `choices`, and a `textarea` of the same region is the
transcript. What Label Studio has no place for stands in the region's `meta`, which it keeps. Its own users are known by
e-mail or number (`completed_by`); other annotators stand in `meta` too, since it imports nothing of a user that it does
not know.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from core.audio.decode import SOUND_EXTENSIONS
from core.exchange.content import read_text, reading
from core.exchange.label_studio_tasks import KEPT, LOCAL_FILES, USUAL, Json, labelling_config, write
from core.exchange.labels import FIELDS, LabelledClip
from core.exchange.places import find_recording, is_there, label_files
from core.exchange.tiers import kind_named

__all__ = ["EXTENSIONS", "HOLDS", "labelling_config", "looks_like", "read", "write"]

EXTENSIONS = (".json",)
HOLDS = FIELDS
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")  # what Label Studio calls a file that was uploaded
_SPEAKER = ("speaker", "sex", "age", "split")  # of these a task's data may tell, too


def looks_like(head: str) -> bool:
    """Whether a text begins as such an export does."""
    return bool(re.match(r"\s*\[?\s*\{", head)) and any(f'"{key}"' in head for key in ("annotations", "data"))


def read(path: Path, sounds: Path | None = None) -> list[LabelledClip]:
    """What people said in an export; predictions, drafts and skipped tasks are passed over.

    Args:
        path: a file, or a folder of such files.
        sounds: the folder with the recordings; the file's own where there is none. What Label Studio serves
            (`/data/local-files/?d=...`, uploads, addresses) is looked for below it, and nowhere else.

    Raises:
        MoodlightError: a file cannot be read or is no such export.
    """
    rows: list[LabelledClip] = []
    for file, _ in label_files(path, EXTENSIONS):
        text = read_text(file)
        with reading(file, "an export of Label Studio"):
            tasks = json.loads(text)
            for task in tasks if isinstance(tasks, list) else [tasks]:
                rows += _rows_of_task(_dict(task), file.parent, sounds or file.parent)
    return rows


def _rows_of_task(task: Json, folder: Path, sounds: Path) -> Iterator[LabelledClip]:
    if "annotations" not in task or "data" not in task:
        raise ValueError("a task has no 'annotations' or no 'data'; export it as JSON, not as JSON-MIN")
    data = _dict(task["data"])
    recording = _recording(_reference(data), folder, sounds)
    known = {name: str(data[name]) for name in _SPEAKER if data.get(name)}
    for annotation in map(_dict, _list(task["annotations"])):
        if not annotation.get("was_cancelled"):
            about = known | {
                "annotator": _annotator(annotation.get("completed_by")),
                "made": annotation.get("created_at") or "",
                "adjudicated": bool(annotation.get("ground_truth")),
            }
            for region in _regions(_list(annotation.get("result") or [])):
                yield from _rows_of_region(region, recording, about)


def _regions(results: Iterable[object]) -> Iterable[list[Json]]:
    """The results of each stretch of time, and those of the whole recording."""
    regions: dict[str, list[Json]] = {}
    for result in map(_dict, results):
        value = _dict(result.get("value") or {})
        if any(key in value for key in ("labels", "choices", "text")):
            regions.setdefault(f"at {result.get('id')}" if "start" in value else "", []).append(result)
    return regions.values()


def _rows_of_region(results: Sequence[Json], recording: Path, about: Mapping[str, Any]) -> Iterator[LabelledClip]:
    """A row for each label. Where a region has both, its choices are the emotion and its labels the speaker."""
    labels, choices = _emotions(results, "labels"), _emotions(results, "choices")
    texts = [
        (kind_named(str(each.get("from_name"))), text) for each in results for text in _texts(each["value"], "text")
    ]
    meta: Json = {}
    for result in results:
        meta |= _dict(result.get("meta") or {})
    said = {
        **about,
        **({"speaker": labels[0]} if labels and choices else {}),
        **{name: meta[name] for name in (*KEPT, "annotator") if name in meta},
        "transcript": "\n".join(text for kind, text in texts if kind != "note"),
        "note": "\n".join([*_texts(meta, "text"), *(text for kind, text in texts if kind == "note")]),
    }
    for label in choices or labels or [""]:
        yield _row(recording, results[0]["value"], said | {"label": label})


def _emotions(results: Iterable[Json], key: str) -> list[str]:
    """The labels or choices of a region: of several questions, the answers to the one about emotion."""
    answers = [(str(result.get("from_name")), text) for result in results for text in _texts(result["value"], key)]
    emotions = [text for name, text in answers if kind_named(name) == "emotion"]
    return emotions or [text for _, text in answers]


def _row(recording: Path, value: Json, said: Json) -> LabelledClip:
    for name, given in said.items():
        usual = USUAL[name]
        if not isinstance(given, type(usual)) and not (isinstance(usual, float) and _is_number(given)):
            raise ValueError(f"the {name} is {str(given)[:80]!r}")
    times = [value.get("start", 0.0), value.get("end")]
    if not _is_number(times[0]) or not (times[1] is None or _is_number(times[1])):
        raise ValueError(f"a region has the times {str(times)[:80]}")
    return LabelledClip(recording, *times, **said)


def _annotator(user: object) -> str:
    if isinstance(user, dict):
        names = " ".join(str(user[key]) for key in ("first_name", "last_name") if user.get(key))
        return str(user.get("email") or names or user.get("id") or "")
    return "" if user is None else str(user)


def _reference(data: Json) -> str:
    """What names the recording among a task's data."""
    texts = [text for text in (data.get("audio"), *data.values()) if isinstance(text, str) and text]
    ending = (text for text in texts if PurePosixPath(_served(text) or text).suffix.lower() in SOUND_EXTENSIONS)
    reference = texts[0] if data.get("audio") else next(ending, None)
    if reference is None or "\0" in reference:
        raise ValueError("a task names no recording in its 'data'")
    return reference


def _recording(reference: str, folder: Path, sounds: Path) -> Path:
    """A path from the file, or what Label Studio serves, by as much of its name as is there below `sounds`."""
    served = _served(reference)
    plain = Path(os.path.normpath(folder / reference))
    if served is None and (is_there(plain) or ".." in PurePosixPath(reference).parts):
        return plain
    name = PurePosixPath((served or reference).replace("\\", "/"))
    found = find_recording(name, sounds, Path)
    uploaded = _UPLOADED.fullmatch(name.name)
    if uploaded and not is_there(found):
        return find_recording(PurePosixPath(uploaded[1]), sounds, Path)
    return found


def _served(reference: str) -> str | None:
    """The path in an address that Label Studio would fetch; None where it is a plain path."""
    if not reference.startswith(("/data/", "//", "\\\\")) and "://" not in reference:
        return None
    address = urlsplit(reference)
    if address.path.endswith(LOCAL_FILES):
        return parse_qs(address.query).get("d", [""])[0]
    return unquote(address.path)


def _dict(value: object) -> Json:
    if not isinstance(value, dict):
        raise ValueError(f"{str(value)[:80]!r} stands where an object should")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{str(value)[:80]!r} stands where a list should")
    return value


def _texts(value: Json, key: str) -> list[str]:
    found = value.get(key) or []
    return [str(text) for text in ([found] if isinstance(found, str) else _list(found))]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
