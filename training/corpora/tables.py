"""Corpora that are tables already: manifests in CSV or Parquet, nkululeko's CSV, and EmoBox's JSON lines."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import ManifestError
from core.tables import PARQUET, read_rows
from training.corpora.class_folders import SPLITS
from training.corpora.labels import standard_label
from training.corpora.layout import SEXES, Corpus, Problem, find_file
from training.manifest import Clip, clip_of_row, read_manifest

LEVELS_UP = 4  # from EmoBox/data/NAME/fold_1 to EmoBox, below which `downloads/` lies
# what other tables call a manifest's columns
_ALIASES = {
    "speaker": ("speaker", "speaker_id", "spk"),
    "sex": ("sex", "gender"),
    "emotion": ("emotion", "class_label", "label"),
    "transcript": ("transcript", "transcription", "text"),
}


def read_own(path: Path) -> Corpus:
    """A manifest of this program, CSV or Parquet; labels get the names that the schemes use."""
    return _existing([_with_own_labels(clip) for clip in read_manifest(path)], path)


def _with_own_labels(clip: Clip) -> Clip:
    votes = tuple((standard_label(label), number) for label, number in clip.votes)
    return replace(clip, emotion=standard_label(clip.emotion), votes=votes)


def read_nkululeko(path: Path) -> Corpus:
    """Nkululeko's CSV: `file[,start,end]` and any of `speaker,gender,age,emotion`; a folder gives all its tables.

    The split is read from the table's name (`polish_train.csv`). Files are looked for beside the table, then, as
    nkululeko does, from the current folder.

    Raises:
        ManifestError: a table has no column `file`, or a row makes no sense.
    """
    return _join(_nkululeko_table(table) for table in _tables(path, (".csv", *PARQUET)))


def _nkululeko_table(table: Path) -> Corpus:
    split = _split_in_name(table)
    clips = [_nkululeko_clip(row, table, line, split) for line, row in enumerate(read_rows(table), start=2)]
    return _existing(clips, table)


def _nkululeko_clip(row: Mapping[str, str], table: Path, line: int, split: str) -> Clip:
    clip = clip_of_row({**row, **canonical_columns(row)}, table, line)
    here = Path(os.path.normpath(row["file"]))
    file = here if not clip.file.exists() and here.exists() else clip.file
    return replace(clip, file=file, split=clip.split or split)


def canonical_columns(row: Mapping[str, str]) -> dict[str, str]:
    """The columns of a manifest from those of another table, with labels and sexes named as they are here."""
    cells = {name: next((row[alias] for alias in names if row.get(alias)), "") for name, names in _ALIASES.items()}
    sex = cells["sex"].lower()
    return cells | {"sex": SEXES.get(sex, sex), "emotion": standard_label(cells["emotion"])}


def read_emobox(path: Path) -> Corpus:
    """EmoBox's metadata: one `.jsonl`, a fold's folder (train, valid and test), or a corpus's folder (the whole of it).

    Raises:
        ManifestError: a line is no JSON object, or names no recording.
    """
    return _join(_emobox_table(table) for table in _emobox_tables(path))


def _emobox_tables(path: Path) -> list[Path]:
    """A corpus's folder has one table of the whole, and folders of folds below it."""
    if path.is_dir():
        return sorted(path.glob("*.jsonl"))
    return [path]


def _emobox_table(table: Path) -> Corpus:
    labels = _read_label_map(table)
    split = _split_in_name(table)
    clips = []
    for line, record in _read_lines(table):
        row = {name: str(value) for name, value in record.items() if value is not None}
        row = {"file": row.get("wav", ""), "start": row.get("start_time", ""), "end": row.get("end_time", "")} | {
            "emotion": labels.get(row.get("emo", ""), row.get("emo", "")),
            "speaker": row.get("spk") or row.get("speaker", ""),
            "sex": row.get("gender", ""),
            "transcript": row.get("text") or row.get("transcript", ""),
        }
        clip = clip_of_row(row | canonical_columns(row), table, line)
        clips.append(replace(clip, file=_find_upwards(Path(row["file"]), table.parent), split=split))
    return _existing(clips, table)


def _read_lines(table: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        for number, line in enumerate(table.read_text(encoding="utf-8-sig").splitlines(), start=1):
            if line.strip():
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ManifestError(f"{table}, line {number}: not a JSON object.")
                yield number, record
    except (OSError, ValueError) as error:
        raise ManifestError(f"{table} cannot be read as JSON lines: {error}.") from error


def _read_label_map(table: Path) -> dict[str, str]:
    """`label_map.json` of the corpus, beside the table or above its fold; EmoBox merges labels by it."""
    path = find_file(table.parent, "label_map.json", "../label_map.json")
    try:
        return {str(key): str(value) for key, value in json.loads(path.read_text("utf-8")).items()} if path else {}
    except (OSError, ValueError, AttributeError) as error:
        raise ManifestError(f"{path} cannot be read: {error}.") from error


def _find_upwards(file: Path, folder: Path) -> Path:
    """A file below the folder or one of those above it; as it is named where it is not found."""
    above = [folder, *folder.absolute().parents[:LEVELS_UP]]
    return next((place / file for place in above if (place / file).is_file()), folder / file)


def _tables(path: Path, extensions: tuple[str, ...]) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(child for child in path.iterdir() if child.suffix.lower() in extensions and child.is_file())


def _split_in_name(table: Path) -> str:
    """`iemocap_valid_fold_1.jsonl` -> `dev`."""
    return next((SPLITS[part] for part in re.split(r"[^a-z]+", table.stem.lower()) if part in SPLITS), "")


def _existing(clips: list[Clip], table: Path) -> Corpus:
    """The clips, with a problem for each recording that is not there."""
    known: dict[Path, bool] = {}
    for clip in clips:
        if clip.file not in known:
            known[clip.file] = clip.file.is_file()
    gone = tuple(Problem("missing", file, f"named in {table.name}") for file, there in known.items() if not there)
    return Corpus([clip for clip in clips if known[clip.file]], gone)


def _join(corpora: Iterator[Corpus]) -> Corpus:
    clips: list[Clip] = []
    problems: list[Problem] = []
    for corpus in corpora:
        clips += corpus.clips
        problems += corpus.problems
    return Corpus(clips, tuple(problems))
