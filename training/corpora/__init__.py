"""Readers of speech corpora in their owners' layouts, each giving the same rows."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import ManifestError
from training.corpora import (
    audformat,
    class_folders,
    crema_d,
    emo_db,
    iemocap,
    librispeech,
    msp_podcast,
    ravdess,
    read_aloud,
    tables,
    tess,
)
from training.corpora.layout import Corpus, Reader
from training.manifest import with_splits

INTENDED, PERCEIVED = "intended", "perceived"
READERS: dict[str, Reader] = {
    "crema-d": Reader(
        "CREMA-D", "AudioWAV/ACTOR_SENTENCE_EMOTION_LEVEL.wav", crema_d.read, read_perceived=crema_d.read_perceived
    ),
    "emo-db": Reader("Emo-DB", "wav/03a01Wa.wav and the like", emo_db.read),
    "iemocap": Reader("IEMOCAP", "Session1/dialog/EmoEvaluation/*.txt and Session1/sentences/wav", iemocap.read),
    "msp-podcast": Reader("MSP-Podcast", "Labels/labels_consensus.csv and Audios/*.wav", msp_podcast.read),
    "ravdess": Reader("RAVDESS", "Actor_01/03-01-01-01-01-01-01.wav and the like", ravdess.read),
    "tess": Reader("TESS", "OAF_angry/OAF_back_angry.wav and the like", tess.read),
    "librispeech": Reader(
        "LibriSpeech", "SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NNNN.flac and a .trans.txt beside", librispeech.read
    ),
    "kathleen": Reader("kathleen", "recordings with a .txt beside each", read_aloud.read_kathleen),
    "ljspeech": Reader("LJSpeech", "metadata.csv and wavs/LJ001-0001.wav and the like", read_aloud.read_ljspeech),
    "vctk": Reader("VCTK", "wav48/p225/p225_001.wav and txt/p225/p225_001.txt and the like", read_aloud.read_vctk),
    "folders": Reader("A folder a class", "a folder for each class with recordings in it", class_folders.read),
    "table": Reader("A manifest", "a column file, and recordings that are there", tables.read_own, takes="file"),
    "nkululeko": Reader(
        "nkululeko's CSV",
        "*.csv with a column file, and recordings that are there",
        tables.read_nkululeko,
        takes="both",
    ),
    "emobox": Reader("EmoBox's JSON lines", "*.jsonl, and recordings that are there", tables.read_emobox, takes="both"),
    "audformat": Reader("An audformat database", "db.yaml, db.*.parquet or .csv, and the recordings", audformat.read),
}


def find_reader(name: str) -> str:
    """The key of `READERS` that is meant: letters and figures count (`CREMA_D`, `cremad`).

    Raises:
        ManifestError: there is none; names the nearest.
    """
    plain = {re.sub(r"[^a-z0-9]", "", key): key for key in READERS}
    given = re.sub(r"[^a-z0-9]", "", name.lower())
    if given in plain:
        return plain[given]
    near = difflib.get_close_matches(given, plain, n=1, cutoff=0.5)
    advice = f"Did you mean {plain[near[0]]}? " if near else ""
    raise ManifestError(f"There is no reader for {name!r}. {advice}Known: {', '.join(READERS)}.")


def read_corpus(name: str, path: Path, target: str = INTENDED) -> Corpus:
    """Rows of a corpus, each with a split.

    The split is this project's own where it fixes one for every speaker that is there, else the corpus's, else every
    row is `train` and a note says so.

    Args:
        name: a key of `READERS`, or nearly.
        path: the corpus as its owner ships it: a folder, for tables a file.
        target: `intended`, what was meant, or `perceived`, what listeners heard, as votes.

    Raises:
        ManifestError: the corpus is unknown, or the folder does not hold it, or there are no votes.
    """
    name = find_reader(name)
    reader = READERS[name]
    _check_kind(reader, path)
    corpus = _read(name, reader, path, target)
    if not corpus.clips:
        first = corpus.problems[0] if corpus.problems else None
        more = f" The first of {len(corpus.problems):,} problems: {first.file}: {first.detail}." if first else ""
        raise ManifestError(f"{path} holds nothing in the layout of {name}, which is {reader.looks_for}.{more}")
    return _with_splits(name, corpus)


def _check_kind(reader: Reader, path: Path) -> None:
    if not path.exists():
        raise ManifestError(f"{path} does not exist.")
    if path.is_dir() and reader.takes == "file":
        raise ManifestError(f"{path} is a folder, and {reader.title.lower()} is one file: name the file.")
    if not path.is_dir() and reader.takes == "folder":
        raise ManifestError(f"{path} is a file, and {reader.title} is a folder with {reader.looks_for}.")


def _read(name: str, reader: Reader, path: Path, target: str) -> Corpus:
    if target == INTENDED:
        return reader.read(path)
    if target != PERCEIVED:
        raise ManifestError(f"The target is {INTENDED} or {PERCEIVED}, not {target!r}.")
    if reader.read_perceived is None:
        able = ", ".join(key for key, each in READERS.items() if each.read_perceived)
        raise ManifestError(f"What listeners heard is read of {able} only, not of {name}.")
    return reader.read_perceived(path)


def _with_splits(name: str, corpus: Corpus) -> Corpus:
    own = _own_splits(name)
    named = {speaker for speakers in own.values() for speaker in speakers}
    if all(clip.speaker in named for clip in corpus.clips):
        own_note = f"split as {Path(__file__).parent.name}/splits.json fixes it"
        return replace(corpus, clips=with_splits(corpus.clips, own), notes=(*corpus.notes, own_note))
    if any(clip.split for clip in corpus.clips):
        return corpus
    clips = [replace(clip, split="train") for clip in corpus.clips]
    return replace(corpus, clips=clips, notes=(*corpus.notes, "no split is known: all rows are train"))


def _own_splits(name: str) -> dict[str, Sequence[str]]:
    splits = json.loads((Path(__file__).parent / "splits.json").read_text(encoding="utf-8"))
    return {split: [f"{name}:{speaker}" for speaker in speakers] for split, speakers in splits.get(name, {}).items()}
