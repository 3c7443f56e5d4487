"""The evaluation of scored recordings of which people have said what is felt or said in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from core.errors import ConfigError
from core.model_folder import ModelFacts
from core.predictions import Prediction
from core.recognizer import ClipResult
from core.score.items import Item, Plan, Result
from training.answers import Answers, answers_of
from training.evaluate import notes_on, speakers_on_two_sides
from training.figures import emotion_figures, word_figures
from training.manifest import Clip
from training.report import Report
from training.report_page import write_report
from training.slices import slicings
from training.worst import wrong_emotions, wrong_words


def write_score_report(results: Iterable[tuple[Item, Result]], plan: Plan, out: Path, folder: Path) -> Path | None:
    """Write the report of `moodlight evaluate --report` for what was scored.

    Args:
        results: of the run; those with labels are held in memory.
        plan: its first model is measured.
        out: the score table, which the report names.
        folder: of the report; made where there is something to write.

    Returns:
        The page; None where no label can be compared with an answer.

    Raises:
        ConfigError: it cannot be written.
    """
    report = score_report(results, plan.facts()[0], out)
    if report is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return write_report(report, Path.cwd(), folder)


def score_report(results: Iterable[tuple[Item, Result]], model: ModelFacts, out: Path) -> Report | None:
    """Compare the answers of a model with the labels of what was scored.

    An item counts that has an emotion which the model gives, or a transcript and no emotion. Its answer is that of its
    clip; of several clips the probabilities are averaged by their lengths, those without speech left out, and the words
    are joined. Levels of the sound are not measured.

    Args:
        results: of any models.
        model: that is measured.
        out: the score table, which the report names.

    Returns:
        The report; None where there is nothing to compare.
    """
    found = _Found()
    for item, result in results:
        if item.emotion in model.scheme.names or (item.transcript and not item.emotion):
            found.add(item, result, model)
    if not found.clips:
        return None
    levels_db = [0.0] * len(found.clips)  # would need the sound; the slices by level are left out below
    answers = answers_of(found.clips, model.scheme.names, found.results, found.durations_s, levels_db)
    felt, said = answers.felt(), answers.said()
    overlap = speakers_on_two_sides(found.clips)
    return Report(
        model=model.name,
        fingerprint=model.fingerprint,
        manifest=out.name,
        split="",
        date=datetime.now().astimezone().isoformat(timespec="minutes"),
        clips=len(answers),
        speakers=answers.speakers,
        seconds=float(answers.durations_s.sum()),
        speaker_overlap=overlap,
        notes=tuple(_notes(found, answers, overlap)),
        emotion=emotion_figures(felt) if len(felt) else None,
        words=word_figures(said) if len(said) else None,
        slicings=tuple(each for each in slicings(answers, {}, ()) if each.by != "level"),
        wrong_emotions=wrong_emotions(felt, Path.cwd()) if len(felt) else (),
        wrong_words=wrong_words(said, Path.cwd()) if len(said) else (),
        unreadable=tuple(found.unanswered),
    )


@dataclass
class _Found:
    """Labelled items with an answer, in columns, and why others have none."""

    clips: list[Clip] = field(default_factory=list)
    results: list[ClipResult] = field(default_factory=list)
    durations_s: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    averaged: int = 0

    def add(self, item: Item, result: Result, model: ModelFacts) -> None:
        """An item and what came of it."""
        theirs = [each for each in result.predictions if each.model == model.name]
        spoken = [each for each in theirs if each.emotion is not None]
        if not spoken:
            self.unanswered.append(result.failure or f"In {item.file} no speech was found: the model gives no answer.")
            return
        self.averaged += len(spoken) > 1
        self.clips.append(_clip(item))
        self.results.append(_joined(spoken, model))
        self.durations_s.append(sum(each.end_s - each.start_s for each in theirs))


def _clip(item: Item) -> Clip:
    return Clip(
        Path(item.file),
        item.start_s,
        item.end_s,
        speaker=item.speaker,
        emotion=item.emotion,
        transcript=item.transcript,
        split=item.split,
    )


def _joined(spoken: list[Prediction], model: ModelFacts) -> ClipResult:
    shares = np.array([[each.probabilities[label] for label in model.scheme.names] for each in spoken])
    lengths_s = np.array([max(each.end_s - each.start_s, 1e-3) for each in spoken])
    words = tuple(word for each in spoken for word in each.words)
    return ClipResult(np.average(shares, axis=0, weights=lengths_s), words, np.zeros(0, np.float32))


def _notes(found: _Found, answers: Answers, overlap: tuple[str, ...]) -> Iterator[str]:
    yield from notes_on(found.clips, answers, "", overlap, None)
    if found.averaged:
        yield (
            f"{found.averaged} of {len(answers)} inputs were cut into several clips: their probabilities are averaged "
            "by the lengths of the clips, and their words joined."
        )
