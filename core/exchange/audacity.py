r"""Audacity's label tracks: a text file a recording, a line a label (`START\tEND\tTEXT`, seconds).

A track holds one text a label. Emotions are written to `NAME.txt`, and where there are transcripts, these to
`NAME.words.txt`. A point is a label whose end is its start. Tabs and line ends inside a text become spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from core.exchange.content import read_text, reading, refuse_recordings, write_file
from core.exchange.labels import LabelledClip
from core.exchange.places import Durations, find_recording, label_files, plan_files, with_ends

EXTENSIONS = (".txt",)
HOLDS = frozenset({"file", "start_s", "end_s", "label", "transcript"})
Content = Literal["label", "transcript", "both"]
_WORDS = ".words.txt"
_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?\s*")  # older versions wrote the locale's decimal comma
_SPACES = str.maketrans("\t\n", "  ")
_SPECTRAL = "\\"  # begins the line with a label's frequencies
_Label = tuple[float, float, str]


def looks_like(head: str) -> bool:
    """Whether a text begins as a label track does."""
    first = next((line for line in head.split("\n") if line.strip() and not line.startswith(_SPECTRAL)), "")
    start, tab, _ = first.partition("\t")
    return bool(tab) and _NUMBER.fullmatch(start) is not None


def read(path: Path, sounds: Path | None = None) -> list[LabelledClip]:
    """Labels of a track, or of all tracks of a folder.

    Args:
        path: `NAME.txt`, with which `NAME.words.txt` is read where it is there; or a folder of such files.
        sounds: the folder with the recordings; the tracks' own where there is none.

    Raises:
        MoodlightError: a file cannot be read or is no label track.
    """
    files = label_files(path, EXTENSIONS)
    given = {file for file, _ in files}
    rows = []
    for file, relative in files:
        words = _words_file(file)
        if _is_words(file):
            if _label_file(file) not in given:
                rows += _rows(file, _label_file(relative), sounds, [], _read_track(file))
        else:
            rows += _rows(file, relative, sounds, _read_track(file), _read_track(words) if words.is_file() else [])
    return rows


def _rows(
    file: Path, relative: Path, sounds: Path | None, labels: list[_Label], words: list[_Label]
) -> list[LabelledClip]:
    folder = sounds or file.parents[len(relative.parts) - 1]
    with reading(file, "a label track of Audacity"):
        recording = find_recording(relative.with_suffix(""), folder)
        return [LabelledClip(recording, *times, *texts) for times, texts in _joined(labels, words)]


def _joined(labels: list[_Label], words: list[_Label]) -> list[tuple[tuple[float, float], tuple[str, str]]]:
    """Each label with the words that have its times, and then the words that have no label's."""
    waiting: dict[tuple[float, float], list[str]] = {}
    for start_s, end_s, text in words:
        waiting.setdefault((start_s, end_s), []).append(text)
    found = []
    for start_s, end_s, label in labels:
        texts = waiting.get((start_s, end_s))
        found.append(((start_s, end_s), (label, texts.pop(0) if texts else "")))
    return found + [(times, ("", text)) for times, texts in waiting.items() for text in texts]


def _read_track(path: Path) -> list[_Label]:
    labels = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip() and not line.startswith(_SPECTRAL):
            with reading(path, f"a label track of Audacity (line {number})"):
                labels.append(_parse(line.rstrip("\r")))
    return labels


def _parse(line: str) -> _Label:
    """A line with two times, or, as older versions wrote points, with one."""
    cells = line.split("\t")
    if not _NUMBER.fullmatch(cells[0]) or len(cells) < 2:
        raise ValueError(f"{line[:80]!r} is not START, END and TEXT with tabs between them")
    start_s = _seconds(cells[0])
    if _NUMBER.fullmatch(cells[1]):
        return start_s, _seconds(cells[1]), " ".join(cells[2:])
    return start_s, start_s, " ".join(cells[1:])


def _seconds(cell: str) -> float:
    return float(cell.replace(",", "."))


def write(
    rows: Sequence[LabelledClip], target: Path, durations: Durations | None = None, *, content: Content = "both"
) -> list[Path]:
    """Write label tracks: one file a recording, two where there are transcripts.

    Args:
        rows: of any recordings; annotators and all else but label, transcript and times are left out.
        target: a folder, or a `.txt` for the labels of one recording.
        durations: seconds by recording; the others are looked at where a clip runs to the end.
        content: `label`, `transcript`, or `both` tracks.

    Returns:
        The files.

    Raises:
        MoodlightError: the length of a recording is needed and cannot be read, or a file would be a recording.
        OSError: a file cannot be written.
    """
    tracks: dict[Path, str] = {}
    for file, group in plan_files(rows, target, EXTENSIONS[0]).items():
        # of clips with the same times those with a transcript come first: in that order reading joins them again
        clips = sorted(
            with_ends(group, durations), key=lambda clip: (clip.start_s, clip.end_s or 0, not clip.transcript)
        )
        spoken = [clip for clip in clips if clip.transcript]
        if content != "transcript":
            tracks[file] = _track((clip, clip.label) for clip in clips)
        if content != "label" and spoken:
            tracks[_words_file(file)] = _track((clip, clip.transcript) for clip in spoken)
    refuse_recordings(tracks, (row.file for row in rows))
    return [write_file(file, track) for file, track in tracks.items()]


def _track(labels: Iterable[tuple[LabelledClip, str]]) -> str:
    return "".join(f"{clip.start_s:.6f}\t{clip.end_s:.6f}\t{text.translate(_SPACES)}\n" for clip, text in labels)


def _words_file(file: Path) -> Path:
    return file.with_name(file.name[: -len(file.suffix)] + _WORDS)


def _label_file(words: Path) -> Path:
    return words.with_name(words.name[: -len(_WORDS)] + EXTENSIONS[0])


def _is_words(file: Path) -> bool:
    return file.name.lower().endswith(_WORDS)
