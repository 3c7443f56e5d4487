"""Readers of speech corpora in their owners' layouts, each giving the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import ManifestError
from training.corpora import crema_d, emo_db, librispeech, read_aloud
from training.manifest import Clip, with_splits

READERS: dict[str, Callable[[Path], list[Clip]]] = {
    "crema-d": crema_d.read,
    "emo-db": emo_db.read,
    "librispeech": librispeech.read,
    "kathleen": read_aloud.read_kathleen,
    "ljspeech": read_aloud.read_ljspeech,
    "vctk": read_aloud.read_vctk,
}


def read_corpus(name: str, folder: Path) -> list[Clip]:
    """Rows of a corpus, with this project's fixed speaker-independent split filled in where there is one.

    Args:
        name: a key of `READERS`.
        folder: the corpus as its owner ships it.

    Raises:
        ManifestError: the corpus is unknown, or the folder does not hold it.
    """
    if name not in READERS:
        raise ManifestError(f"There is no reader for {name!r}. Known corpora: {', '.join(sorted(READERS))}.")
    if not folder.is_dir():
        raise ManifestError(f"The folder {folder} does not exist.")
    clips = READERS[name](folder)
    if not clips:
        raise ManifestError(f"{folder} holds no recording in the layout of {name}.")
    splits = json.loads((Path(__file__).parent / "splits.json").read_text(encoding="utf-8"))
    if name not in splits:
        return clips
    named: dict[str, Sequence[str]] = {
        split: [f"{name}:{speaker}" for speaker in speakers] for split, speakers in splits[name].items()
    }
    return with_splits(clips, named)
