"""Measure a checkpoint on a manifest: emotion and words, each figure with its interval."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import numpy as np

from core.audio.decode import SAMPLE_RATE, read_sound
from core.checkpoint import fingerprint
from core.errors import AudioError, ManifestError
from core.recognizer import ClipResult, Recognizer
from core.tokenizer import normalise_text
from training.answers import Answers, answers_of
from training.conditions import CONDITIONS, Condition, seed_of, speech_level_db
from training.figures import emotion_figures, word_figures
from training.manifest import Clip, check_speaker_independent, of_split, read_manifest
from training.report import OVERLAP_MARK, Report
from training.slices import slicings
from training.worst import wrong_emotions, wrong_words

CLIPS_AT_ONCE = 64
FEW_SPEAKERS = 10
KNOWN_SENTENCES = 0.1  # share of the clips from which it is said that their sentences are not new
SILENT_DB = -70.0


def evaluate(
    model_dir: Path,
    manifest: Path,
    split: str = "test",
    device: str = "auto",
    beam: int = 1,
    *,
    conditions: Sequence[Condition] = (),
    allow_speaker_overlap: bool = False,
) -> Report:
    """Score a split of a manifest with a checkpoint and compare with what is written there.

    Emotion is measured on the clips whose emotion the checkpoint's scheme has, words on those with a transcript.

    Args:
        model_dir: checkpoint folder.
        manifest: CSV; refused if a speaker stands on two sides of its splits.
        split: which rows; empty for all of them.
        device: as for `Recognizer.load`.
        beam: hypotheses kept while the words are searched for; 1 is the greedy path.
        conditions: under which the clips are scored again, see `training.conditions`.
        allow_speaker_overlap: mark the figures of such a manifest instead of refusing it.

    Raises:
        MoodlightError: model or manifest cannot be used, or nothing in it can be measured.
    """
    rows = read_manifest(manifest)
    if not rows:
        raise ManifestError(f"The manifest {manifest} holds no clips.")
    if not allow_speaker_overlap:
        check_speaker_independent(rows)
    clips = of_split(rows, split) if split else rows
    recognizer = Recognizer.load(model_dir, device, beam=beam)
    labels = recognizer.scheme.names
    wanted = [clip for clip in clips if clip.emotion in labels or (clip.transcript and not clip.emotion)]
    if not wanted:
        raise ManifestError(
            f"No clip of {manifest} has a transcript or an emotion that {recognizer.name} gives ({', '.join(labels)})."
        )
    answers, changed, unreadable = _score(recognizer, wanted, conditions)
    if not answers:
        raise ManifestError(f"None of the clips of {manifest} can be read: {unreadable[0]}")
    felt, said = answers.felt(), answers.said()
    overlap = speakers_on_two_sides(rows)
    return Report(
        model=recognizer.name,
        fingerprint=fingerprint(model_dir),
        manifest=manifest.name,
        split=split,
        date=datetime.now().astimezone().isoformat(timespec="minutes"),
        clips=len(answers),
        speakers=answers.speakers,
        seconds=float(answers.durations_s.sum()),
        speaker_overlap=overlap,
        notes=tuple(notes_on(rows, answers, split, overlap, recognizer.checkpoint.temperature)),
        emotion=emotion_figures(felt) if len(felt) else None,
        words=word_figures(said) if len(said) else None,
        slicings=slicings(answers, changed, CONDITIONS),
        wrong_emotions=wrong_emotions(felt, manifest.parent) if len(felt) else (),
        wrong_words=wrong_words(said, manifest.parent) if len(said) else (),
        unreadable=tuple(unreadable),
    )


def speakers_on_two_sides(clips: Iterable[Clip]) -> tuple[str, ...]:
    """Speakers who have clips in more than one split, by name."""
    sides: dict[str, set[str]] = {}
    for clip in clips:
        if clip.speaker and clip.split:
            sides.setdefault(clip.speaker, set()).add(clip.split)
    return tuple(sorted(speaker for speaker, found in sides.items() if len(found) > 1))


def notes_on(
    rows: Sequence[Clip], answers: Answers, split: str, overlap: Sequence[str], temperature: float | None
) -> Iterator[str]:
    """What a reader must know of the figures.

    Args:
        rows: of the whole manifest.
        answers: that are measured.
        split: to which they belong, empty for all of them.
        overlap: speakers on two sides of a split.
        temperature: of the checkpoint's probabilities, None where it is not known.
    """
    if overlap:
        yield (
            f"{OVERLAP_MARK} These speakers stand on both sides of a split: {_some(overlap)}. "
            "The figures say nothing about new speakers."
        )
    else:
        yield _independence(rows, answers, split)
    yield from _caveats_of_words(rows, answers.said(), split)
    silent = int((answers.levels_db < SILENT_DB).sum())
    if silent:
        yield f"{silent} of the clips {'is' if silent == 1 else 'are'} silent (below {SILENT_DB:.0f} dBFS)."
    if answers.speakers < 2:
        yield "One speaker was measured: there are no intervals."
    elif answers.speakers < FEW_SPEAKERS:
        yield f"{answers.speakers} speakers were measured: the intervals are rough."
    if temperature == 1.0:
        yield "The checkpoint holds no fitted temperature: its probabilities are as the network gave them."


def _independence(rows: Sequence[Clip], answers: Answers, split: str) -> str:
    """What the manifest tells of whether the model has heard the speakers."""
    nameless = sum(not clip.speaker for clip in answers.clips)
    if nameless:
        return (
            f"{nameless} of {len(answers)} clips have no speaker: they count as one, and whether the model heard "
            "their speakers in training cannot be checked."
        )
    sides = sorted({clip.split for clip in rows if clip.split})
    if len(sides) < 2:
        return "The manifest holds no other split: whether its speakers were heard in training cannot be checked."
    if not split:
        return f"All splits were measured together ({', '.join(sides)}), also what the model may have learnt from."
    return f"Speaker-independent: no speaker stands in two of the manifest's splits ({', '.join(sides)})."


def _caveats_of_words(rows: Sequence[Clip], said: Answers, split: str) -> Iterator[str]:
    elsewhere = {normalise_text(clip.transcript) for clip in rows if split and clip.split not in ("", split)}
    known = sum(normalise_text(clip.transcript) in elsewhere for clip in said.clips)
    if known > KNOWN_SENTENCES * len(said):
        yield (
            f"{known} of {len(said)} transcribed clips say a sentence that stands in another split too: "
            "WER and CER say little about new sentences."
        )


def _some(names: Sequence[str], count: int = 5) -> str:
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more


def _score(
    recognizer: Recognizer, clips: Sequence[Clip], conditions: Sequence[Condition]
) -> tuple[Answers | None, dict[Condition, Answers], list[str]]:
    """Answers for the clips that can be read, as they are and under each condition, and why others cannot be read."""
    heard: list[Clip] = []
    results: list[list[ClipResult]] = [[] for _ in range(len(conditions) + 1)]
    durations_s: list[float] = []
    levels_db: list[float] = []
    unreadable: list[str] = []
    for readable, sounds in _readable(clips, unreadable):
        heard += readable
        durations_s += [len(sound) / SAMPLE_RATE for sound in sounds]
        levels_db += [speech_level_db(sound) for sound in sounds]
        results[0] += recognizer.analyse_clips(sounds)
        for condition, found in zip(conditions, results[1:], strict=True):
            pairs = zip(readable, sounds, strict=True)
            found += recognizer.analyse_clips([condition.change(sound, seed_of(clip)) for clip, sound in pairs])
        _show_progress(len(heard) + len(unreadable), len(clips))
    if not heard:
        return None, {}, unreadable
    plain, *changed = (answers_of(heard, recognizer.scheme.names, each, durations_s, levels_db) for each in results)
    return plain, dict(zip(conditions, changed, strict=True)), unreadable


def _readable(clips: Sequence[Clip], unreadable: list[str]) -> Iterator[tuple[list[Clip], list[np.ndarray]]]:
    """Groups of clips with their sound; files are decoded ahead while the model works."""
    with ThreadPoolExecutor(2) as pool:
        groups = [clips[start : start + CLIPS_AT_ONCE] for start in range(0, len(clips), CLIPS_AT_ONCE)]
        ahead = [pool.map(_read_or_reason, group) for group in groups[:2]]
        for number, group in enumerate(groups):
            sounds = list(ahead.pop(0))
            if number + 2 < len(groups):
                ahead.append(pool.map(_read_or_reason, groups[number + 2]))
            unreadable += [sound for sound in sounds if isinstance(sound, str)]
            readable = [(c, s) for c, s in zip(group, sounds, strict=True) if not isinstance(s, str)]
            yield [clip for clip, _ in readable], [sound for _, sound in readable]


def _read_or_reason(clip: Clip) -> np.ndarray | str:
    try:
        return read_sound(clip.file, clip.start_s, clip.end_s).samples
    except AudioError as error:
        return str(error)


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {total} clips" + ("\n" if done == total else ""))
