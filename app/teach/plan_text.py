"""What a teaching will do, in sentences, before anything is started; no model is needed for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.teach.figures import Report
from app.teach.recipe_settings import TeachSettings, settings_of
from core.counting import counted
from core.errors import ConfigError
from core.teach_job import TaughtClip
from core.teaching_rules import FEWEST_HELD, FOLDS, HELD_SHARE, missing_labels, shortages

START_S = 6.0  # to start the worker and load the model
HEAR_S = 0.08  # a clip: read it, and say what is in it before and after
OLD_TASK_S = 16.0  # the clips that ship, heard by both models
PASS_S = {"head": 0.0, "blocks": 0.07, "all": 0.11, "lora": 0.09, "scratch": 0.11}  # a clip and pass
WORDS_SHARE = 0.4  # more, where words are read or distilled
MOST_SPEAKERS = 4  # that are named


@dataclass(frozen=True)
class Material:
    """What there is to teach.

    Attributes:
        labels: clips of each label of the scheme, in its order.
        speakers: clips of each speaker, the most first; "" where nobody has said.
        transcribed: clips with a transcript that an annotator wrote.
        news: labels that the current version was not taught.
    """

    labels: tuple[tuple[str, int], ...] = ()
    speakers: tuple[tuple[str, int], ...] = ()
    transcribed: int = 0
    news: int = 0

    @property
    def clips(self) -> int:
        return sum(count for _, count in self.labels)

    @property
    def known_speakers(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, _ in self.speakers if name))


def material_of(clips: Sequence[TaughtClip], names: Sequence[str], news: int) -> Material:
    by_label = Counter(clip.emotion for clip in clips)
    by_speaker = Counter(clip.speaker for clip in clips)
    return Material(
        tuple((name, by_label[name]) for name in names),
        tuple(by_speaker.most_common()),
        sum(bool(clip.transcript) for clip in clips),
        news,
    )


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def button_text(material: Material) -> str:
    return f"Teach with {counted(material.clips, 'label')}" if material.clips else "Teach"


def news_text(material: Material) -> str:
    if not material.clips:
        return ""
    return f"{counted(material.news, 'label')} not yet taught" if material.news else "All of them are taught already"


def obstacles(material: Material) -> list[str]:
    """Why it cannot be taught yet, in sentences; none if it can."""
    return shortages(material.labels)


def material_text(material: Material) -> str:
    """`It learns from 43 clips: 12 anger, 11 neutral. They are of 5 speakers.`"""
    labels = listed([f"{count:,} {name}" for name, count in material.labels if count])
    sentences = [f"It learns from {counted(material.clips, 'clip')}: {labels}."]
    known, unknown = len(material.known_speakers), dict(material.speakers).get("", 0)
    if known:
        rest = f", and of {counted(unknown, 'clip')} nobody has said who speaks" if unknown else ""
        sentences.append(f"They are of {counted(known, 'speaker')}{rest}.")
    else:
        sentences.append("Nobody has said who speaks in them.")
    if missing := missing_labels(material.labels):
        it = "it" if len(missing) == 1 else "them"
        sentences.append(f"No clip carries {listed(missing)}: what the model knew of {it} stays.")
    return " ".join(sentences)


def measures_on(material: Material, settings: TeachSettings) -> str:
    """`speakers`, `folds` or `nothing`: what `auto` comes to, as far as the counts tell."""
    if settings.measured_on == "nothing":
        return "nothing"
    if settings.held_out:
        return "speakers"
    if settings.measured_on != "auto":
        return settings.measured_on
    known = material.known_speakers
    enough = len(known) >= FOLDS and "" not in dict(material.speakers)
    return "speakers" if enough and HELD_SHARE * material.clips >= FEWEST_HELD else "folds"


def measuring_text(material: Material, settings: TeachSettings) -> str:
    how = measures_on(material, settings)
    if how == "nothing":
        return "Nothing is held out: you will not see whether it helped."
    if how == "folds":
        return (
            f"It is measured in {FOLDS} folds: each clip is judged by a model that has not heard it. The one that is "
            "kept learns from all of them."
        )
    if settings.held_out:
        return f"It is measured on {_names(settings.held_out)}, whom the model does not hear."
    held = max(2, round(HELD_SHARE * len(material.known_speakers)))
    return f"It is measured on {counted(held, 'speaker')} that are drawn, whom the model does not hear."


def _names(speakers: Sequence[str]) -> str:
    if len(speakers) > MOST_SPEAKERS:
        return counted(len(speakers), "speaker")
    return listed(list(speakers))


def estimate_s(material: Material, settings: TeachSettings) -> float:
    """Seconds that a teaching takes on a machine like those it was tried on."""
    how = measures_on(material, settings)
    return _seconds(material.clips, how, settings)


def _seconds(clips: int, how: str, settings: TeachSettings) -> float:
    share = 1 - 1 / FOLDS
    trainings = {"folds": 1 + FOLDS * share, "speakers": share, "nothing": 1.0}[how]
    a_pass = PASS_S[settings.method] * (1 + WORDS_SHARE * bool(settings.alpha or settings.distillation))
    heard = HEAR_S * clips * (1 + trainings)
    return START_S + OLD_TASK_S + heard + clips * settings.passes * a_pass * trainings


def pace_of(report: Report) -> float:
    """How much longer a teaching took here than was estimated; 1 where a report does not tell."""
    comparison, recipe = report.get("comparison"), report.get("recipe")
    if not comparison or not isinstance(recipe, Mapping):
        return 1.0
    how = "folds" if "folds" in str(report.get("plan", "")) else "speakers"
    clips = comparison["clips"] if how == "folds" else round(comparison["clips"] / HELD_SHARE)
    try:
        expected = _seconds(clips, how, settings_of(recipe))
    except ConfigError:
        return 1.0
    return min(max(float(report.get("seconds", expected)) / expected, 0.2), 10.0)


def duration_text(seconds: float) -> str:
    """`about 20 s`, `about 3 min`, `about 1 h 10 min`: not more exact than it is known."""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"about {minutes} min"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    return f"about {hours} h {rest:02d} min" if rest else f"about {hours} h"


def time_text(seconds: float) -> str:
    return f"It takes {duration_text(seconds)}. You can go on labelling meanwhile."
