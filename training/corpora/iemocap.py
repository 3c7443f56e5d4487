"""IEMOCAP (Busso et al. 2008): five sessions of two actors each, a woman and a man, in scripted and free dialogues.

`SessionN/dialog/EmoEvaluation/*.txt` has the labels, `SessionN/dialog/transcriptions/*.txt` the words and
`SessionN/sentences/wav/DIALOGUE/UTTERANCE.wav` the sound. The four emotions of the literature are kept: excitement
counts as happiness, which gives 5,531 utterances.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from core.errors import ManifestError
from training.corpora.layout import SEXES, Corpus, Problem, read_text, sounds_below
from training.manifest import Clip

EMOTIONS = {"ang": "anger", "hap": "happiness", "exc": "happiness", "sad": "sadness", "neu": "neutral"}
UTTERANCES = 5_531
SPLITS = {"Ses04": "dev", "Ses05": "test"}  # one split for who wants no folds; the other sessions are train
PREFIX = "iemocap:"
# [6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
_EVALUATION = re.compile(r"\[[\d.]+ - [\d.]+\]\s+(Ses\w+)\s+(\w+)\s+\[")
# Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
_TRANSCRIPT = re.compile(r"(Ses\w+) \[[\d.]+-[\d.]+\]:(.*)")
_UTTERANCE = re.compile(r"(Ses\d\d)[FM]_\w+_([FM])[A-Z]*\d+")  # session, and who speaks: not whose dialogue it is
_TAG = re.compile(r"\[[A-Z ]+\]")  # [LAUGHTER], [BREATHING]: no words


def read(folder: Path) -> Corpus:
    """The utterances of four emotions with speaker, sex, transcript, and a split by session."""
    clips: list[Clip] = []
    problems: list[Problem] = []
    others: Counter[str] = Counter()
    for session in _sessions(folder):
        sounds = {path.stem: path for path in sounds_below(session / "sentences" / "wav")}
        texts = dict(_read_transcripts(session / "dialog" / "transcriptions"))
        for table, utterance, label in _read_evaluations(session / "dialog" / "EmoEvaluation"):
            if label not in EMOTIONS:
                others[label] += 1
            elif not _UTTERANCE.fullmatch(utterance):
                problems.append(Problem("name", table, f"{utterance} is not named SESSION_DIALOGUE_SPEAKER"))
            elif utterance not in sounds:
                problems.append(Problem("missing", table, f"there is no recording {utterance}"))
            else:
                clips.append(_clip(sounds[utterance], EMOTIONS[label], texts.get(utterance, "")))
    return Corpus(sorted(clips, key=lambda clip: clip.file), tuple(problems), _notes(clips, others))


def session_of(speaker: str) -> str:
    """The session of a speaker (`iemocap:Ses01F` -> `Ses01`), by which folds are made.

    Raises:
        ManifestError: the speaker is not one of IEMOCAP's.
    """
    if not re.fullmatch(rf"{PREFIX}Ses\d\d[FM]", speaker):
        raise ManifestError(f"{speaker!r} is no speaker of IEMOCAP, such as '{PREFIX}Ses01F': it has no session.")
    return speaker.removeprefix(PREFIX)[:-1]


def _sessions(folder: Path) -> list[Path]:
    """The folders of the sessions: in the folder, the folder itself, or in `IEMOCAP_full_release` below it."""
    found = [folder] if _is_session(folder) else [path for path in folder.iterdir() if _is_session(path)]
    return sorted(found or (path for path in folder.glob("*/Session*") if _is_session(path)))


def _is_session(folder: Path) -> bool:
    return re.fullmatch(r"Session\d", folder.name) is not None and (folder / "dialog" / "EmoEvaluation").is_dir()


def _read_evaluations(folder: Path) -> Iterator[tuple[Path, str, str]]:
    for table in _tables(folder):
        for utterance, label in _EVALUATION.findall(read_text(table)):
            yield table, utterance, label


def _read_transcripts(folder: Path) -> Iterator[tuple[str, str]]:
    for table in _tables(folder):
        for utterance, text in _TRANSCRIPT.findall(read_text(table)):
            yield utterance, " ".join(_TAG.sub(" ", text).split())


def _tables(folder: Path) -> list[Path]:
    """Without the hidden copies that the release brings (`._Ses01F_impro01.txt`)."""
    return sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))


def _clip(path: Path, emotion: str, text: str) -> Clip:
    found = _UTTERANCE.fullmatch(path.stem)
    assert found
    session, sex = found.groups()
    return Clip(
        path,
        speaker=f"{PREFIX}{session}{sex}",
        sex=SEXES[sex.lower()],
        emotion=emotion,
        transcript=text,
        split=SPLITS.get(session, "train"),
    )


def _notes(clips: list[Clip], others: Counter[str]) -> tuple[str, ...]:
    notes = ["split by session: 4 is dev, 5 is test, the others are train; folds are made from the speakers' sessions"]
    if others:
        named = ", ".join(f"{label} {number:,}" for label, number in others.most_common())
        notes.append(f"{sum(others.values()):,} utterances of other labels left out: {named}")
    if len(clips) != UTTERANCES and len({session_of(clip.speaker) for clip in clips}) == 5:
        notes.append(f"the five sessions of the literature have {UTTERANCES:,} utterances, not {len(clips):,}")
    return tuple(notes)
