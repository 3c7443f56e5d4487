"""LibriSpeech (Panayotov et al. 2015): `SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NNNN.flac`, a `.trans.txt` a chapter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from training.corpora.layout import SEXES, Corpus, Problem, find_file, read_text, sounds_below
from training.manifest import Clip

SPEAKERS = "SPEAKERS.TXT"
SUBSET_DEPTH = 4  # SUBSET/SPEAKER/CHAPTER/file
SPLITS = ("train", "dev", "test")


def read(folder: Path) -> Corpus:
    """Every utterance of every subset below the folder (or of one subset, if that is given)."""
    texts = _read_texts(folder)
    sexes = _read_sexes(find_file(folder, SPEAKERS, f"../{SPEAKERS}", f"LibriSpeech/{SPEAKERS}"))
    clips, problems = [], []
    for path in sounds_below(folder):
        if path.stem in texts:
            clips.append(_clip(path, texts[path.stem], sexes))
        else:
            problems.append(Problem("unlabelled", path, "no line in its chapter's .trans.txt"))
    return Corpus(clips, tuple(problems))


def _clip(path: Path, text: str, sexes: dict[str, str]) -> Clip:
    speaker = path.stem.split("-")[0]
    return Clip(
        path,
        speaker=f"librispeech:{speaker}",
        sex=sexes.get(speaker, ""),
        transcript=text,
        split=subset_split(path),
    )


def subset_split(path: Path) -> str:
    """The split that a recording's subset belongs to: `train-clean-100` to train; "" for a subset of another name."""
    subset = path.absolute().parts[-SUBSET_DEPTH:][0]
    return subset.split("-")[0] if subset.startswith(tuple(f"{split}-" for split in SPLITS)) else ""


def _read_texts(folder: Path) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in _lines(sorted(folder.rglob("*.trans.txt"))) if " " in line)


def _lines(paths: Iterable[Path]) -> Iterable[str]:
    return (line for path in paths for line in read_text(path).splitlines())


def _read_sexes(path: Path | None) -> dict[str, str]:
    rows = [line.split("|") for line in _lines([path] if path else []) if not line.startswith(";")]
    return {row[0].strip(): SEXES.get(row[1].strip().lower(), "") for row in rows if len(row) > 1}
