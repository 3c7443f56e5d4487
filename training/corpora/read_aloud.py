"""Single voices that read sentences aloud: the CMU Arctic prompts of kathleen, LJSpeech, and VCTK's speakers."""

from __future__ import annotations

import csv
from pathlib import Path

from core.audio.decode import find_sounds
from training.manifest import Clip


def read_kathleen(folder: Path) -> list[Clip]:
    """A `.txt` beside each recording."""
    return [
        Clip(
            path,
            speaker="kathleen:kathleen",
            sex="female",
            transcript=path.with_suffix(".txt").read_text("utf-8").strip(),
        )
        for path in find_sounds([folder])
        if path.with_suffix(".txt").exists()
    ]


def read_ljspeech(folder: Path) -> list[Clip]:
    """`metadata.csv` with `id|text|normalised text`, recordings in `wavs/`; those that are not there are left out."""
    sounds = {path.stem: path for path in find_sounds([folder / "wavs"])}
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE) if row and row[0] in sounds]
    return [Clip(sounds[row[0]], speaker="ljspeech:LJ", sex="female", transcript=row[-1]) for row in rows]


def read_vctk(folder: Path) -> list[Clip]:
    """`wav48/SPEAKER/SPEAKER_NNN.wav` (or `wav48_silence_trimmed`) with `txt/SPEAKER/SPEAKER_NNN.txt`."""
    clips = []
    for path in find_sounds([folder]):
        speaker = path.parent.name
        text = folder / "txt" / speaker / f"{'_'.join(path.stem.split('_')[:2])}.txt"
        if text.exists():
            clips.append(Clip(path, speaker=f"vctk:{speaker}", transcript=text.read_text("utf-8").strip()))
    return clips
