"""CREMA-D (Cao et al. 2014): `AudioWAV/ACTOR_SENTENCE_EMOTION_LEVEL.wav`, 91 actors, 12 sentences, six emotions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.errors import ManifestError
from training.corpora.layout import Corpus, Problem, find_file, find_part, read_names, read_table, sounds_below
from training.manifest import Clip, Votes

FORM = "ACTOR_SENTENCE_EMOTION_LEVEL"
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
VOTES_TABLE = "tabulatedVotes.csv"
VOICE_ONLY = "1"  # how the ids of rows begin in which the voice was heard and the face not seen
KEY_LENGTH = len("1040_ITH_SAD_X")  # one clip and its votes differ in what follows


def read(folder: Path) -> Corpus:
    """Every clip with its intended emotion, sentence, the actor's sex and age, and listeners' votes where there are."""
    audio = find_part(folder, "AudioWAV")
    actors = _read_actors(find_file(audio.parent, "VideoDemographics.csv") if audio else None)
    votes = _read_votes(audio.parent) if audio else {}
    return read_names(sounds_below(audio), lambda path: _clip(path, actors, votes), FORM)


def read_perceived(folder: Path) -> Corpus:
    """The same, but each clip's emotion is what most of those named who heard the voice alone.

    Where two emotions have as many votes, `emotion` is empty and the votes are kept.

    Raises:
        ManifestError: the table of votes is not there.
    """
    corpus = read(folder)
    if corpus.clips and not any(clip.votes for clip in corpus.clips):
        raise ManifestError(f"{folder} has no {VOTES_TABLE}, which holds what listeners heard.")
    clips = [_perceived(clip) for clip in corpus.clips]
    unheard = tuple(Problem("unlabelled", clip.file, "no votes") for clip in clips if not clip.votes)
    ties = sum(1 for clip in clips if clip.votes and not clip.emotion)
    agree = sum(1 for clip, meant in zip(clips, corpus.clips, strict=True) if clip.emotion == meant.emotion)
    notes = (
        f"emotion is what most listeners of the voice alone heard: {agree} of {len(clips)} as intended, "
        f"{ties} tied and left empty; the votes are in the column votes",
    )
    return Corpus(clips, corpus.problems + unheard, notes)


def _clip(path: Path, actors: Mapping[str, tuple[str, str]], votes: Mapping[str, Votes]) -> Clip:
    actor, sentence, emotion, _level = path.stem.split("_")
    label, text = EMOTIONS[emotion], SENTENCES[sentence]
    age, sex = actors.get(actor, ("", ""))
    heard = votes.get(path.stem[:KEY_LENGTH], ())
    return Clip(path, speaker=f"crema-d:{int(actor)}", sex=sex, age=age, emotion=label, transcript=text, votes=heard)


def _perceived(clip: Clip) -> Clip:
    most = max((number for _, number in clip.votes), default=0.0)
    winners = [label for label, number in clip.votes if number == most]
    return replace(clip, emotion=winners[0] if len(winners) == 1 else "")


def _read_actors(path: Path | None) -> dict[str, tuple[str, str]]:
    return {row["ActorID"]: (row["Age"], row["Sex"].lower()) for row in read_table(path)} if path else {}


def _read_votes(folder: Path) -> dict[str, Votes]:
    """Votes of the voice alone by the beginning of the clip's name; labels with none are left out."""
    path = find_file(folder, VOTES_TABLE, f"processedResults/{VOTES_TABLE}")
    if path is None:
        return {}
    rows = [row for row in read_table(path) if row[""].startswith(VOICE_ONLY)]
    labels = {label[0]: label for label in EMOTIONS}
    return {
        row["fileName"][:KEY_LENGTH]: tuple(
            (EMOTIONS[labels[letter]], float(row[letter])) for letter in labels if float(row[letter]) > 0
        )
        for row in rows
    }
