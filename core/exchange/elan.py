"""ELAN's annotation documents (EAF): a file a recording, with tiers (see `core.exchange.tiers`), through pympi.

ELAN counts whole milliseconds: times are rounded to them, and a clip that would have no length gets one. The recording
is linked by its path from the document, and a tier's participant is the speaker.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.parsers import expat

from core.exchange.content import read_bytes, reading, refuse_recordings, write_file
from core.exchange.labels import LabelledClip, clean_text
from core.exchange.places import Durations, find_recording, is_there, label_files, path_from, plan_files, with_ends
from core.exchange.tiers import Span, Tier, rows_of, tiers_named, tiers_of

EXTENSIONS = (".eaf",)
HOLDS = frozenset({"file", "start_s", "end_s", "label", "transcript", "annotator", "note", "speaker"})
_FORM = "an annotation document of ELAN"
_ROOT = "ANNOTATION_DOCUMENT"
_MS = 0.001
_Times = dict[str, tuple[float, float]]  # milliseconds by annotation


def looks_like(head: str) -> bool:
    """Whether a text begins as an EAF does."""
    return f"<{_ROOT}" in head


def read(path: Path, sounds: Path | None = None) -> list[LabelledClip]:
    """Labels of an EAF, or of all of a folder.

    Annotations that refer to others have the times of those, and those without times share the stretch between the
    times that are known.

    Args:
        path: a file, or a folder of such files.
        sounds: the folder with the recordings; where there is none, the links of a file tell, or else its name.

    Raises:
        MoodlightError: a file cannot be read, is no EAF, is unsafe, or has no tier that is called after its content.
    """
    rows = []
    for file, relative in label_files(path, EXTENSIONS):
        with reading(file, _FORM):
            _check_xml(read_bytes(file))
            document = _parse(file)
            rows += rows_of(_tiers(document), _recording(document, file, relative, sounds), _MS)
    return rows


def _check_xml(data: bytes) -> None:
    """Refuse what is no EAF before it is built in memory: damaged XML, another document, and entities.

    Entities can name files and grow without bounds. They come with a document type, and ELAN writes none.

    Raises:
        ValueError: says which.
    """

    def refuse(*_: object) -> None:
        raise ValueError("it has a document type, which ELAN never writes and which can do harm")

    def check_root(name: str, _: object) -> None:
        if name != _ROOT:
            raise ValueError(f"it holds <{name}>, not <{_ROOT}>")
        parser.StartElementHandler = None

    parser = expat.ParserCreate(namespace_separator="}")  # as ElementTree does, which reads it then
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = check_root
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that is not known
        raise ValueError(f"its XML is damaged or cut off ({error})") from error


def _parse(file: Path) -> Any:
    from pympi import Eaf  # here: only who reads or writes EAF waits for it

    try:
        return Eaf(file.absolute(), suppress_version_warning=True)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"a part of it is missing ({type(error).__name__}: {error})") from error


def _tiers(document: Any) -> list[Tier | None]:
    """The tiers with their spans in milliseconds."""
    tiers = tiers_named(list(document.tiers))
    times: _Times = {}
    for aligned, _, _, _ in document.tiers.values():
        _add_times(times, aligned, document.timeslots)
    for tier, (aligned, references, attributes, _) in zip(tiers, document.tiers.values(), strict=True):
        if tier:
            tier.annotator = tier.annotator or clean_text(attributes.get("ANNOTATOR") or "")
            tier.speaker = clean_text(attributes.get("PARTICIPANT") or "")
            texts = {name: each[2] for name, each in aligned.items()}
            texts |= {name: each[1] for name, each in references.items()}
            tier.spans = [Span(*_times_of(name, document, times), text) for name, text in texts.items()]
    return tiers


def _add_times(
    times: _Times, aligned: Mapping[str, tuple[str, str, str, Any]], slots: Mapping[str, int | None]
) -> None:
    """Add the times of a tier's annotations; a chain without times in it is divided evenly, as ELAN shows it."""
    chain: list[str] = []
    first: int | None = None
    slot = ""  # where the annotation before ends
    for name, (begin, end, _, _) in aligned.items():
        if begin not in slots or end not in slots:
            raise ValueError(f"the annotation {name} has a time slot that is not there")
        if begin != slot or not chain:
            chain, first = [], slots[begin]
        chain.append(name)
        slot, last = end, slots[end]
        if last is not None:
            if first is None:
                raise ValueError(f"the annotation {name} has no time")
            step = (last - first) / len(chain)
            times |= {each: (first + at * step, first + (at + 1) * step) for at, each in enumerate(chain)}
            chain = []


def _times_of(name: str, document: Any, times: _Times) -> tuple[float, float]:
    """Milliseconds of an annotation, or of the one that it refers to in the end."""
    passed: dict[str, None] = {}
    while name not in times:
        references = document.tiers[document.annotations[name]][1] if name in document.annotations else {}
        if name in passed or name not in references:
            raise ValueError(f"the annotation {name} has no time")
        passed[name] = None
        name = references[name][0]
    times |= dict.fromkeys(passed, times[name])
    return times[name]


def _recording(document: Any, file: Path, relative: Path, sounds: Path | None) -> Path:
    """The recording of a document: what it links to, or what is called so or as the document in the folder."""
    keys = ("RELATIVE_MEDIA_URL", "MEDIA_URL")
    links = [link for media in document.media_descriptors for key in keys if (link := media.get(key))]
    linked = [place for link in links for each in (link, unquote(link)) if (place := _place(each, file.parent))]
    folder = sounds or file.parents[len(relative.parts) - 1]
    named = [find_recording(Path(place.name), folder, Path) for place in linked if place.name]
    named.append(find_recording(relative.with_suffix(""), folder))
    places = [*named, *linked] if sounds else [*linked, *named]
    return next(filter(is_there, places), places[0])


def _place(link: str, folder: Path) -> Path | None:
    """The local file that a link names; None for one in a network, which nobody shall be made to call up."""
    link = link.replace("\\", "/")
    path = re.sub("^/{3,}", "/", link.removeprefix("file:"))
    if path.startswith("//") or "://" in path:
        return None
    return Path(os.path.normpath(folder / re.sub("^/(?=[A-Za-z]:)", "", path)))


def write(
    rows: Sequence[LabelledClip],
    target: Path,
    durations: Durations | None = None,
    *,
    words: Mapping[LabelledClip, Sequence[Span]] | None = None,
) -> list[Path]:
    """Write EAF documents, one a recording.

    Args:
        rows: of any recordings.
        target: a folder, or an `.eaf` for one recording.
        durations: seconds by recording; the others are looked at where a clip runs to the end.
        words: of rows whose words have times, in seconds; they are a tier of their own.

    Returns:
        The files.

    Raises:
        MoodlightError: the length of a recording is needed and cannot be read, or a file would be a recording.
        OSError: a file cannot be written.
    """
    planned = plan_files(rows, target, EXTENSIONS[0])
    refuse_recordings(planned, (row.file for row in rows))
    spans = {row: [_in_ms(span) for span in spoken] for row, spoken in (words or {}).items()}
    return [
        write_file(file, _document(with_ends(group, durations), file.parent, spans)) for file, group in planned.items()
    ]


def _document(rows: Sequence[LabelledClip], folder: Path, words: Mapping[LabelledClip, Sequence[Span]]) -> str:
    from pympi import Eaf
    from pympi.Elan import to_string

    document = Eaf(author="Moodlight")
    document.adocument["DATE"] = datetime.now().astimezone().isoformat(timespec="seconds")
    document.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    document.properties = []
    document.remove_tier("default")
    link = _link(rows[0].file, folder)
    kind = "audio/x-wav" if rows[0].file.suffix.lower() == ".wav" else "audio/*"
    document.add_linked_file(link, relpath=link, mimetype=kind)
    for tier in tiers_of(rows, _times, apart=lambda row: row.speaker, keep_empty=True, words=words):
        document.add_tier(tier.name, part=tier.speaker or None, ann=tier.annotator or None)
        for span in tier.spans:
            document.add_annotation(tier.name, int(span.start), int(span.end), span.text)
    _sort_slots(document)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{to_string(document)}\n'


def _link(recording: Path, folder: Path) -> str:
    path = path_from(folder, recording)
    if Path(path).is_absolute():
        return f"file:///{path.removeprefix('/')}"
    return path if path.startswith("../") else f"./{path}"


def _times(row: LabelledClip) -> tuple[int, int]:
    return _ms(row.start_s, row.end_s or 0.0)


def _in_ms(span: Span) -> Span:
    return Span(*_ms(span.start, span.end), span.text)


def _ms(start_s: float, end_s: float) -> tuple[int, int]:
    start, end = round(start_s / _MS), round(end_s / _MS)
    return start, max(end, start + 1)


def _sort_slots(document: Any) -> None:
    """Give the time slots names in the order of time, in which ELAN wants them."""
    slots = document.timeslots
    names = {slot: f"ts{number}" for number, slot in enumerate(sorted(slots, key=slots.__getitem__), start=1)}
    document.timeslots = {name: slots[slot] for slot, name in names.items()}
    for aligned, _, _, _ in document.tiers.values():
        for annotation, (begin, end, text, picture) in aligned.items():
            aligned[annotation] = (names[begin], names[end], text, picture)
