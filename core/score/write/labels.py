"""Results as label files of Audacity, Praat and ELAN: one of each recording, in folders like those of the recordings.

The rows of a recording need not follow each other, and the folder that all have in common is known at the end: they
wait in a temporary database beside the folders, so that memory does not grow with them.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from core.exchange import audacity, elan, textgrid
from core.exchange.labels import LabelledClip
from core.exchange.tiers import Span
from core.predictions import NO_SPEECH, Prediction, Word
from core.score.items import Item
from core.score.write.forms import Add, WriteOptions
from core.score.write.names import common_folder, is_address, label_path, place_of, valid_text

EXTENSIONS = {"audacity": ".txt", "textgrid": ".TextGrid", "eaf": ".eaf"}
_SHORTEST_S = 0.001  # of a word: ELAN counts milliseconds


@contextmanager
def open_label_files(folders: Mapping[str, Path], options: WriteOptions) -> Iterator[Add]:
    """Label files of each recording, written when the block ends.

    A tier of emotions and one of words is called after its model; so are Audacity's labels, where there are several.
    Where nobody speaks the label says so.

    Args:
        folders: form to folder.
        options: of the run.
    """
    place = next(iter(folders.values()))
    database = place.with_name(f".moodlight-{secrets.token_hex(8)}.tmp")
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as waiting:
            waiting.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;")
            waiting.execute("CREATE TABLE waiting (place BLOB, remote INTEGER, data TEXT)")

            def add(item: Item, predictions: Sequence[Prediction]) -> None:
                data = json.dumps([item.file, item.speaker, [_data(each) for each in predictions]])
                key = place_of(item.file).encode("utf-8", "surrogatepass")
                waiting.execute("INSERT INTO waiting VALUES (?, ?, ?)", (key, is_address(item.file), data))

            yield add
            _write_all(waiting, folders, several=len(options.models) > 1)
    finally:
        database.unlink(missing_ok=True)


def _data(prediction: Prediction) -> dict[str, Any]:
    return {name: value for name, value in prediction.to_json().items() if name not in ("embedding", "probabilities")}


def _write_all(waiting: sqlite3.Connection, folders: Mapping[str, Path], *, several: bool) -> None:
    first, last = waiting.execute("SELECT min(place), max(place) FROM waiting WHERE NOT remote").fetchone()
    root = common_folder(_text(first), _text(last)) if first else ""
    rows = waiting.execute("SELECT place, data FROM waiting ORDER BY place, rowid")
    for key, group in groupby(rows, key=lambda row: row[0]):
        recording = _Recording(_text(key), [json.loads(data) for _, data in group])
        for form, folder in folders.items():
            target = folder / label_path(recording.file, recording.place, root, EXTENSIONS[form])
            recording.write(form, target, several=several)


def _text(place: bytes) -> str:
    return place.decode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class _Recording:
    """All that was said of a recording: `[file, speaker, predictions]` of each part of it that was scored."""

    place: str
    parts: Sequence[tuple[str, str, Sequence[dict[str, Any]]]]

    @property
    def file(self) -> str:
        return self.parts[0][0]

    def write(self, form: str, target: Path, *, several: bool) -> None:
        # A recording that is no local file is looked for beside its labels.
        there = target.parent / Path(self.place).name if is_address(self.file) else Path(self.file)
        there = Path(valid_text(str(there))) if form == "eaf" else there  # the link to it is part of a text
        words: dict[LabelledClip, list[Span]] = {}
        rows = []
        for _, speaker, found in self.parts:
            for data in found:
                row = _row(there, speaker, data, form, several=several)
                rows.append(row)
                words[row] = list(_spans(data["words"], row))
        lengths = {there: max((row.end_s or 0.0 for row in rows), default=0.0)}
        if form == "audacity":
            audacity.write(rows, target, lengths)
        elif form == "textgrid":
            textgrid.write(rows, target, lengths, words=words)
        else:
            elan.write(rows, target, lengths, words=words)


def _row(recording: Path, speaker: str, data: dict[str, Any], form: str, *, several: bool) -> LabelledClip:
    emotion, model = data["emotion"] or NO_SPEECH, data["model"]
    tracks = form == "audacity"  # which know neither annotators nor the times of words
    return LabelledClip(
        recording,
        data["start"],
        max(data["start"], data["end"]),
        label=f"{emotion} ({model})" if tracks and several else emotion,
        transcript=" ".join(word[0] for word in data["words"]) if tracks else "",
        annotator="" if tracks else model,
        speaker=speaker,
    )


def _spans(words: Iterable[Sequence[Any]], row: LabelledClip) -> Iterator[Span]:
    """Words one after the other within the row, a millisecond or longer; one for which there is no room is lost."""
    at, until = row.start_s, row.end_s or 0.0
    for word in (Word(*each) for each in words):
        start = round(max(word.start_s, at), 3)
        end = min(round(max(word.end_s, start + _SHORTEST_S), 3), until)
        if end - start >= _SHORTEST_S / 2:
            yield Span(start, end, word.text)
            at = end
