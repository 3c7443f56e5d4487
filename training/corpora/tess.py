"""TESS (Pichora-Fuller and Dupuis 2010): `OAF_angry/OAF_back_angry.wav`, two actresses, 200 words, seven emotions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from training.corpora.labels import standard_label
from training.corpora.layout import Corpus, Problem, read_names, sounds_below
from training.manifest import Clip

FORM = "SPEAKER_WORD_EMOTION with the speakers OAF and YAF"
EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "ps": "surprise",
    "sad": "sadness",
}
AGES = {"OAF": "64", "YAF": "26"}
MISSPELT = {"OA": "OAF", "YA": "YAF"}  # OA_bite_neutral.wav


def read(folder: Path) -> Corpus:
    """Every clip with its emotion, speaker, age and words; one that lies in another emotion's folder is a problem too.

    A folder that holds the whole corpus a second time, as one copy of it does, is read once.
    """
    sounds: dict[str, Path] = {}
    copies = 0
    for path in sounds_below(folder):
        key = f"{path.parent.name}/{path.stem}".lower()
        copies += key in sounds
        sounds.setdefault(key, path)
    corpus = read_names(sounds.values(), _clip, FORM)
    astray = tuple(Problem("label", clip.file, detail) for clip in corpus.clips if (detail := _contradiction(clip)))
    notes = (f"{copies:,} further copies of a recording left out",) if copies else ()
    return replace(corpus, problems=corpus.problems + astray, notes=notes)


def _clip(path: Path) -> Clip:
    name, word, emotion = path.stem.split("_")
    speaker = MISSPELT.get(name.upper(), name.upper())
    return Clip(
        path,
        speaker=f"tess:{speaker}",
        sex="female",
        age=AGES[speaker],
        emotion=EMOTIONS[emotion.lower()],
        transcript=f"Say the word {word}",
    )


def _contradiction(clip: Clip) -> str:
    """What the folder says, where it says something else than the name."""
    speaker, separator, label = clip.file.parent.name.partition("_")
    folder_emotion = standard_label(label)
    if not separator or speaker.upper() not in AGES or folder_emotion == clip.emotion:
        return ""
    return f"named {clip.emotion} in the folder of {folder_emotion}; the name counts"
