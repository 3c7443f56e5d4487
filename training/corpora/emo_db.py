"""Berlin Emo-DB (Burkhardt et al. 2005): `wav/SSTTTEV.wav` = speaker 2, text 3, emotion 1, version 1; German."""

from __future__ import annotations

from pathlib import Path

from training.corpora.layout import Corpus, find_part, read_names, sounds_below
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


def read(folder: Path) -> Corpus:
    """Every clip with its emotion, sentence, speaker and sex."""
    return read_names(sounds_below(find_part(folder, "wav") or folder), _clip, "SPEAKER(2) TEXT(3) EMOTION(1) VERSION")


def _clip(path: Path) -> Clip:
    name = path.stem
    speaker, text, emotion = int(name[:2]), SENTENCES[name[2:5]], EMOTIONS[name[5]]
    sex = "female" if name[:2] in FEMALE else "male"
    return Clip(path, speaker=f"emo-db:{speaker}", sex=sex, emotion=emotion, transcript=text)
