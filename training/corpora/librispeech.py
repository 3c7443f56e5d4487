"""LibriSpeech (Panayotov et al. 2015): `SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NNNN.flac`, a `.trans.txt` a chapter."""

from __future__ import annotations

from pathlib import Path

from core.audio.decode import find_sounds
from core.errors import ManifestError
from training.manifest import Clip


def read(folder: Path) -> list[Clip]:
    """Every utterance of every subset below the folder (or of one subset, if that is given)."""
    texts = _read_texts(folder)
    sexes = _read_sexes(folder)
    clips = []
    for path in find_sounds([folder]):
        if path.stem not in texts:
            raise ManifestError(f"{path} has no line in its chapter's .trans.txt.")
        speaker = path.stem.split("-")[0]
        clips.append(
            Clip(path, speaker=f"librispeech:{speaker}", sex=sexes.get(speaker, ""), transcript=texts[path.stem])
        )
    return clips


def _read_texts(folder: Path) -> dict[str, str]:
    lines = (line for path in folder.rglob("*.trans.txt") for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split(" ", 1) for line in lines if " " in line)


def _read_sexes(folder: Path) -> dict[str, str]:
    path = folder / "SPEAKERS.TXT"
    if not path.exists():
        return {}
    rows = (line.split("|") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(";"))
    return {row[0].strip(): {"F": "female", "M": "male"}.get(row[1].strip(), "") for row in rows if len(row) > 1}
