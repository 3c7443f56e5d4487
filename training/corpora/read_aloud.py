"""Single voices that read sentences aloud: the CMU Arctic prompts of kathleen, LJSpeech, and VCTK's speakers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from core.errors import ManifestError
from training.corpora.layout import Corpus, Problem, read_text, sounds_below
from training.manifest import Clip


def read_kathleen(folder: Path) -> Corpus:
    """A `.txt` beside each recording."""
    texts = {path: path.with_suffix(".txt") for path in sounds_below(folder)}
    return _with_texts(texts, lambda path: Clip(path, speaker="kathleen:kathleen", sex="female"))


def read_ljspeech(folder: Path) -> Corpus:
    """`metadata.csv` with `id|text|normalised text`, recordings in `wavs/`; a line without a recording is left out."""
    rows = _read_metadata(folder / "metadata.csv")
    sounds = {path.stem: path for path in (sounds_below(folder / "wavs") if rows else [])}
    clips = [
        Clip(sounds[row[0]], speaker="ljspeech:LJ", sex="female", transcript=row[-1])
        for row in rows
        if row[0] in sounds
    ]
    silent = sounds.keys() - {row[0] for row in rows}
    problems = tuple(Problem("unlabelled", sounds[name], "no line in metadata.csv") for name in sorted(silent))
    absent = len(rows) - len(clips)
    return Corpus(clips, problems, (f"{absent} lines of metadata.csv have no recording here",) if absent else ())


def _read_metadata(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path} cannot be read: {error}.") from error


def read_vctk(folder: Path) -> Corpus:
    """`wav48/SPEAKER/SPEAKER_NNN.wav` (or `wav48_silence_trimmed`) with `txt/SPEAKER/SPEAKER_NNN.txt`."""
    texts = {
        path: folder / "txt" / path.parent.name / f"{'_'.join(path.stem.split('_')[:2])}.txt"
        for path in sounds_below(folder)
    }
    return _with_texts(texts, lambda path: Clip(path, speaker=f"vctk:{path.parent.name}"))


def _with_texts(texts: Mapping[Path, Path], clip_of: Callable[[Path], Clip]) -> Corpus:
    """Clips with their transcript; a recording without one is a problem."""
    told = {path: text for path, text in texts.items() if text.is_file()}
    clips = [replace(clip_of(path), transcript=read_text(text).strip()) for path, text in told.items()]
    silent = sorted(texts.keys() - told.keys())
    return Corpus(clips, tuple(Problem("unlabelled", path, f"there is no {texts[path].name}") for path in silent))
