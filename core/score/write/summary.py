"""What a run tells in sum, counted row by row in memory that does not grow with them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from core.predictions import NO_SPEECH, Prediction
from core.score.items import Item, Result

BINS = 20  # of confidence, equally wide
GROUPS_KEPT = 20_000  # folders, speakers or files: when there are more, those with the fewest clips are forgotten
LONGEST_KEPT = 10
SENTENCES_KEPT = 20
Stretch = tuple[float, float, str]  # start and end in seconds, what was heard


@dataclass
class Group:
    """Rows that belong together.

    Attributes:
        clips: label, "no speech" or "unsure" to the number of clips.
        seconds: the same to their length.
        confidence: summed over the clips in which somebody speaks.
    """

    clips: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    confidence: float = 0.0

    def add(self, prediction: Prediction) -> None:
        """Count a row."""
        said = prediction.emotion or NO_SPEECH
        self.clips[said] += 1
        self.seconds[said] += prediction.end_s - prediction.start_s  # type: ignore[assignment]
        self.confidence += prediction.confidence if prediction.emotion else 0.0

    @property
    def total(self) -> int:
        """All clips."""
        return self.clips.total()

    @property
    def mean_confidence(self) -> float | None:
        """Of the clips in which somebody speaks."""
        spoken = self.total - self.clips[NO_SPEECH]
        return self.confidence / spoken if spoken else None


class Groups:
    """Groups by name, the largest where there are too many: these are exact where a name's rows follow each other."""

    def __init__(self, kept: int = GROUPS_KEPT) -> None:
        self._kept = kept
        self._groups: dict[str, Group] = {}
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._groups) + self.forgotten

    def group(self, name: str) -> Group:
        """The group of that name, a new one where there is none."""
        if name not in self._groups:
            if len(self._groups) >= self._kept:
                self._forget()
            self._groups[name] = Group()
        return self._groups[name]

    def _forget(self) -> None:
        kept = heapq.nlargest(max(1, self._kept // 2), self._groups.items(), key=lambda pair: pair[1].total)
        self.forgotten += len(self._groups) - len(kept)
        self._groups = dict(kept)

    def largest(self, number: int) -> list[tuple[str, Group]]:
        """Names and groups, those with the most clips first, and of those with as many the first by name."""
        return heapq.nsmallest(number, self._groups.items(), key=lambda pair: (-pair[1].total, pair[0]))

    def names(self) -> list[str]:
        """Of all groups that are kept."""
        return list(self._groups)


@dataclass(frozen=True)
class Course:
    """A recording of several clips, and what was heard along it."""

    file: str
    length_s: float
    stretches: tuple[Stretch, ...]


class Summary:
    """Counts rows and failures as they come.

    Attributes:
        models: model to all of its rows.
        histograms: model to clips by confidence, `BINS` of them.
        folders: rows of the first model by folder.
        speakers: by speaker.
        speaker_known: whether any is.
        files: by recording.
        items: inputs, with those that failed.
        failed: of them.
        sound_s: seconds of sound.
        causes: failures by their cause.
        failures: the first of them, file and reason.
        notes: the first sentences on what could not be read, and how many there were: `noted`.
    """

    def __init__(self, models: Sequence[str], kept: int = GROUPS_KEPT) -> None:
        self.models = {model: Group() for model in models}
        self.histograms = {model: [0] * BINS for model in models}
        self.folders, self.speakers, self.files = Groups(kept), Groups(kept), Groups(kept)
        self.speaker_known = False
        self.items = self.failed = self.noted = 0
        self.sound_s = 0.0
        self.causes: Counter[str] = Counter()
        self.failures: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self._first = next(iter(models))
        self._courses: list[tuple[float, int, Course]] = []
        self._number = count()
        self._current: tuple[str, list[Stretch]] = ("", [])

    def add(self, item: Item, result: Result, predictions: Sequence[Prediction]) -> None:
        """Count what came of an item, its rows as they are written."""
        self.items += 1
        self.sound_s += result.sound_s
        if result.failure:
            self.failed += 1
            self.causes[result.cause or "unexpected"] += 1
            _keep(self.failures, (item.file, result.failure))
        if result.note:
            self.noted += 1
            _keep(self.notes, (item.file, result.note))
        groups: list[Group] | None = None
        for each in predictions:
            self.models[each.model].add(each)
            if each.emotion:
                place = min(int(each.confidence * BINS), BINS - 1)
                self.histograms[each.model][place] += 1
            if each.model == self._first:
                groups = groups or self._groups_of(item)
                for group in groups:
                    group.add(each)
                self._follow(item.file, (each.start_s, each.end_s, each.emotion or NO_SPEECH))

    def _groups_of(self, item: Item) -> list[Group]:
        self.speaker_known = self.speaker_known or bool(item.speaker)
        return [
            self.files.group(item.file),
            self.folders.group(folder_of(item.file)),
            self.speakers.group(item.speaker),
        ]

    def _follow(self, file: str, stretch: Stretch) -> None:
        if self._current[0] != file:
            self._close()
            self._current = (file, [])
        self._current[1].append(stretch)

    def _close(self) -> None:
        file, stretches = self._current
        if len(stretches) > 1:
            length_s = max(end_s for _, end_s, _ in stretches)
            heapq.heappush(self._courses, (length_s, -next(self._number), Course(file, length_s, tuple(stretches))))
            if len(self._courses) > LONGEST_KEPT:
                heapq.heappop(self._courses)
        self._current = ("", [])

    def courses(self) -> list[Course]:
        """The longest recordings of several clips, the longest first."""
        self._close()
        return [course for _, _, course in sorted(self._courses, key=lambda each: each[:2], reverse=True)]


def folder_of(file: str) -> str:
    """The folder of a recording; `.` where its name says nothing of one."""
    folder, slash, _ = file.rpartition("/")
    return (folder or "/") if slash else str(Path(file).parent)


def _keep(sentences: list[tuple[str, str]], sentence: tuple[str, str]) -> None:
    if len(sentences) < SENTENCES_KEPT:
        sentences.append(sentence)
