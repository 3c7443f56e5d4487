"""CREMA-D (Cao et al. 2014): `AudioWAV/ACTOR_SENTENCE_EMOTION_LEVEL.wav`, 91 actors, 12 sentences, six emotions."""

from __future__ import annotations

import csv
from pathlib import Path

from core.audio.decode import find_sounds
from core.errors import ManifestError
from training.manifest import Clip

EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}


def read(folder: Path) -> list[Clip]:
    """Every clip with its intended emotion, sentence, and the actor's sex and age."""
    actors = _read_actors(folder / "VideoDemographics.csv")
    return [_clip(path, actors) for path in find_sounds([folder / "AudioWAV"])]


def _clip(path: Path, actors: dict[str, tuple[str, str]]) -> Clip:
    try:
        actor, sentence, emotion, _level = path.stem.split("_")
        label, text = EMOTIONS[emotion], SENTENCES[sentence]
    except (ValueError, KeyError) as error:
        raise ManifestError(f"{path.name} is not named as a CREMA-D clip (ACTOR_SENTENCE_EMOTION_LEVEL).") from error
    age, sex = actors.get(actor, ("", ""))
    return Clip(path, speaker=f"crema-d:{actor}", sex=sex, age=age, emotion=label, transcript=text)


def _read_actors(path: Path) -> dict[str, tuple[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        return {row["ActorID"]: (row["Age"], row["Sex"].lower()) for row in csv.DictReader(file)}
