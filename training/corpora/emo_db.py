"""Berlin Emo-DB (Burkhardt et al. 2005): `wav/SSTTTEV.wav` = speaker 2, text 3, emotion 1, version 1; German."""

from __future__ import annotations

from pathlib import Path

from core.audio.decode import find_sounds
from core.errors import ManifestError
from training.manifest import Clip

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank",
    "a02": "Das will sie am Mittwoch abgeben",
    "a04": "Heute abend könnte ich es ihm sagen",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück",
    "a07": "In sieben Stunden wird es soweit sein",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen",
}
FEMALE = {"08", "09", "13", "14", "16"}


def read(folder: Path) -> list[Clip]:
    """Every clip with its emotion, sentence, speaker and sex."""
    return [_clip(path) for path in find_sounds([folder / "wav"])]


def _clip(path: Path) -> Clip:
    name = path.stem
    try:
        speaker, text, emotion = name[:2], SENTENCES[name[2:5]], EMOTIONS[name[5]]
    except (KeyError, IndexError) as error:
        raise ManifestError(f"{path.name} is not named as an Emo-DB clip (speaker, text, emotion, version).") from error
    sex = "female" if speaker in FEMALE else "male"
    return Clip(path, speaker=f"emo-db:{int(speaker)}", sex=sex, emotion=emotion, transcript=text)
