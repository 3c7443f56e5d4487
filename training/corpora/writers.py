"""Writers of the tables that `training.corpora.tables` and `training.corpora.audformat` read, and of the clips' sound.

Every writer takes the rows of any annotators, makes them clips (`clips_of`), names recordings by their paths from the
table, and refuses to write over one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.audformat import duration_text
from core.audio.decode import SoundInfo, read_info
from core.exchange.content import refuse_recordings, write_file
from core.exchange.labels import LabelledClip
from core.tables import write_rows
from training.corpora.audformat_writer import write_audformat
from training.corpora.sound_writer import write_class_folders, write_clips
from training.corpora.writing import Written, by_split, clips_of, is_whole
from training.manifest import Clip, relative_to, write_manifest

_NKULULEKO = ("speaker", "gender", "age", "emotion", "text")
_VALID = {"dev": "valid"}  # what EmoBox calls it
# ends of a line for Python, but not for JSON
_LINE_ENDS = str.maketrans({mark: json.dumps(mark)[1:-1] for mark in "\x85\u2028\u2029"})


@dataclass(frozen=True)
class Writer:
    """A form in which clips are written.

    Attributes:
        title: its name for people.
        write: rows to a file or folder.
        makes: `file` or `folder`, which the target of `write` becomes.
    """

    title: str
    write: Callable[[Sequence[LabelledClip], Path], Written]
    makes: str = "folder"


def write_manifest_table(rows: Iterable[LabelledClip], path: Path) -> Written:
    """Write a manifest, Parquet where the name ends in `.parquet`, else CSV.

    It has no place for who gave which vote, nor for notes and the like.

    Raises:
        ManifestError: a row is a point, or a label that has votes has `;` in its name.
        MoodlightError: the table would be a recording.
        OSError: it cannot be written.
    """
    clips = clips_of(rows)
    refuse_recordings([path], (clip.file for clip in clips))
    write_manifest(clips, path)
    return Written((path,))


def write_nkululeko(rows: Iterable[LabelledClip], path: Path) -> Written:
    """Write nkululeko's CSV: a table, or where there are splits one each, `NAME_train.csv` and so on.

    Columns are `file[,start,end],speaker,gender,age,emotion,text`, times as pandas writes them; `start` and `end` are
    left out where all clips are whole recordings. There is no place for weights and votes.

    Args:
        rows: of any recordings.
        path: the table for clips without a split; the others stand beside it.

    Raises:
        ManifestError: a row is a point.
        MoodlightError: a table would be a recording.
        OSError: a table cannot be written.
    """
    clips = clips_of(rows)
    groups = by_split(clips) or {"": []}
    tables = {path.with_stem(f"{path.stem}_{split}") if split else path: group for split, group in groups.items()}
    refuse_recordings(tables, (clip.file for clip in clips))
    times = () if all(map(is_whole, clips)) else ("start", "end")
    for table, group in tables.items():
        write_rows(table, ("file", *times, *_NKULULEKO), _nkululeko_rows(group, table.parent, bool(times)))
    return Written(tuple(tables))


def _nkululeko_rows(clips: Iterable[Clip], folder: Path, with_times: bool) -> Iterator[list[object]]:
    for clip in clips:
        times = [duration_text(clip.start_s), duration_text(clip.end_s)] if with_times else []
        about = [clip.speaker, clip.sex, clip.age, clip.emotion, clip.transcript]
        yield [relative_to(clip.file, folder), *times, *about]


def write_emobox(rows: Iterable[LabelledClip], folder: Path) -> Written:
    """Write a corpus in EmoBox's layout.

    `NAME.jsonl` has all clips and `label_map.json` their labels; where there are splits, so has
    `fold_1/NAME_train_fold_1.jsonl` and so on. A line tells of a recording's rate and length, for which it is looked
    at. There is no place for ages, weights and votes.

    Args:
        rows: of any recordings.
        folder: the corpus's folder, which is called as the corpus is.

    Raises:
        ManifestError: a row is a point.
        AudioError: a recording cannot be read.
        MoodlightError: a table would be a recording.
        OSError: a file cannot be written.
    """
    clips = clips_of(rows)
    name = folder.name
    groups = {folder / f"{name}.jsonl": clips}
    for split, group in by_split(clips).items():
        if split:
            groups[folder / "fold_1" / f"{name}_{_VALID.get(split, split)}_fold_1.jsonl"] = group
    label_map = folder / "label_map.json"
    refuse_recordings([*groups, label_map], (clip.file for clip in clips))
    known = {file: read_info(file) for file in dict.fromkeys(clip.file for clip in clips)}
    for table, group in groups.items():
        records = (
            _emobox_record(clip, number, table.parent, name, known[clip.file]) for number, clip in enumerate(group)
        )
        write_file(
            table, "".join(json.dumps(each, ensure_ascii=False).translate(_LINE_ENDS) + "\n" for each in records)
        )
    labels = sorted({clip.emotion for clip in clips if clip.emotion})
    write_file(label_map, json.dumps(dict(zip(labels, labels, strict=True)), ensure_ascii=False, indent=2) + "\n")
    return Written(tuple(groups))


def _emobox_record(clip: Clip, number: int, folder: Path, name: str, info: SoundInfo) -> dict[str, Any]:
    end_s = info.duration_s if clip.end_s is None else clip.end_s
    times = {} if is_whole(clip) else {"start_time": clip.start_s, "end_time": end_s}
    told = {"emo": clip.emotion, "spk": clip.speaker, "gender": clip.sex, "text": clip.transcript}
    return {
        "key": f"{clip.file.stem}_{number}",
        "dataset": name,
        "wav": relative_to(clip.file, folder),
        "type": "raw",
        "sample_rate": info.sample_rate,
        "length": round(end_s - clip.start_s, 6),
        "task": "category",
        "channel": info.channels,
        **times,
        **{key: text for key, text in told.items() if text},
    }


WRITERS: dict[str, Writer] = {
    "table": Writer("A manifest", write_manifest_table, makes="file"),
    "nkululeko": Writer("nkululeko's CSV", write_nkululeko, makes="file"),
    "emobox": Writer("EmoBox's JSON lines", write_emobox),
    "audformat": Writer("An audformat database", write_audformat),
    "folders": Writer("A folder a class", write_class_folders),
    "clips": Writer("The clips, cut, with a manifest", write_clips),
}
