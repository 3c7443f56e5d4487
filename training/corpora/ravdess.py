"""RAVDESS (Livingstone and Russo 2018): `Actor_NN/03-01-05-02-01-01-NN.wav`, 24 actors, two sentences, eight emotions.

The seven numbers are modality, channel, emotion, intensity, statement, repetition and actor. Speech is read, song is
not, and of a recording that is there with and without picture the sound alone.
"""

from __future__ import annotations

from pathlib import Path

from training.corpora.layout import Corpus, read_names, sounds_below
from training.manifest import Clip

FORM = "MODALITY-CHANNEL-EMOTION-INTENSITY-STATEMENT-REPETITION-ACTOR, two figures each"
AUDIO, VIDEO_ONLY = "03", "02"
SONG = "02"
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}


def read(folder: Path) -> Corpus:
    """Every spoken clip with its emotion, sentence, actor and sex (odd actors are men)."""
    chosen: dict[str, Path] = {}
    songs = pictures = copies = 0
    for path in sounds_below(folder):
        parts = path.stem.split("-")
        if len(parts) != 7:
            chosen[str(path)] = path  # which `read_names` will complain of
            continue
        recording = "-".join(parts[1:])
        if parts[1] == SONG:
            songs += 1
        elif parts[0] == VIDEO_ONLY:
            pictures += 1
        elif recording in chosen and (parts[0] != AUDIO or chosen[recording].stem.startswith(AUDIO)):
            copies += 1
        else:
            copies += recording in chosen
            chosen[recording] = path
    corpus = read_names(sorted(chosen.values()), _clip, FORM)
    left_out = ((songs, "songs"), (pictures, "films without sound"), (copies, "further copies of a recording"))
    notes = tuple(f"{number:,} {what} left out" for number, what in left_out if number)
    return Corpus(corpus.clips, corpus.problems, notes)


def _clip(path: Path) -> Clip:
    _modality, _channel, emotion, _intensity, statement, _repetition, actor = path.stem.split("-")
    number = int(actor)
    return Clip(
        path,
        speaker=f"ravdess:{number}",
        sex="male" if number % 2 else "female",
        emotion=EMOTIONS[emotion],
        transcript=STATEMENTS[statement],
    )
