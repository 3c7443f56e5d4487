"""The report of a measurement: what it holds, and how it reads as text and as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from training.figures import EmotionFigures, WordFigures
from training.metrics import Figure
from training.slices import Slice, Slicing
from training.worst import WrongEmotion, WrongWords

INTERVAL = "95 % bootstrap interval over speakers"
OVERLAP_MARK = "speaker overlap!"


@dataclass(frozen=True)
class Report:
    """All figures of one checkpoint on one split of one manifest.

    Attributes:
        model: the checkpoint's name.
        fingerprint: of its weights.
        manifest: name of the file.
        split: empty for all of it.
        date: when it was measured, ISO 8601.
        clips: clips that were measured.
        speakers: their speakers.
        seconds: their length together.
        speaker_overlap: speakers on both sides of a split, where that was allowed.
        notes: what a reader must know of these figures, a sentence each.
        emotion: None where no clip has an emotion.
        words: None where no clip has a transcript.
        slicings: figures of parts of the clips, and of all of them under harder conditions.
        wrong_emotions: the worst clips by emotion.
        wrong_words: the worst clips by words.
        unreadable: why clips could not be measured.
        command: what measured it, empty where no command line did.
    """

    model: str
    fingerprint: str
    manifest: str
    split: str
    date: str
    clips: int
    speakers: int
    seconds: float
    speaker_overlap: tuple[str, ...]
    notes: tuple[str, ...]
    emotion: EmotionFigures | None
    words: WordFigures | None
    slicings: tuple[Slicing, ...]
    wrong_emotions: tuple[WrongEmotion, ...]
    wrong_words: tuple[WrongWords, ...]
    unreadable: tuple[str, ...]
    command: str = ""

    def lines(self) -> list[str]:
        """The report as text: the figures of all clips, and those under harder conditions."""
        lines = [f"model {self.model} ({self.fingerprint}), {self.manifest}, split {self.split!r}; {INTERVAL}"]
        lines += [f"note: {note}" for note in self.notes]
        lines += self._emotion_lines(self.emotion) if self.emotion else []
        if self.words:
            lines.append(f"words: {self.words.clips} clips of {self.words.speakers} speakers, {self.words.words} words")
            lines.append(f"  WER {self._text(self.words.wer)}   CER {self._text(self.words.cer)}")
        for slicing in self.slicings:
            if any(each.ua_change or each.wer_change for each in slicing.slices):
                lines.append(f"{slicing.by}:")
                lines += [self._slice_line(each) for each in slicing.slices]
        lines += [f"not measured: {reason}" for reason in self.unreadable]
        return lines

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; where speakers overlap, each figure says so too. What is not known is None."""
        return plain(self, bool(self.speaker_overlap))

    def _text(self, figure: Figure) -> str:
        return f"{figure} {OVERLAP_MARK}" if self.speaker_overlap else str(figure)

    def _slice_line(self, part: Slice) -> str:
        named = {"UA": part.ua, "WER": part.wer}
        return f"  {part.name:<24}" + "   ".join(f"{name} {self._text(f)}" for name, f in named.items() if f)

    def _emotion_lines(self, figures: EmotionFigures) -> Iterator[str]:
        text = self._text
        yield f"emotion: {figures.clips} clips of {figures.speakers} speakers"
        yield f"  UA {text(figures.ua)}   WA {text(figures.wa)}   macro F1 {text(figures.macro_f1)}"
        yield f"  calibration error {text(figures.calibration.error)}   Brier score {text(figures.calibration.brier)}"
        yield from (f"  the surest {each.wanted:4.0%}: WA {text(each.accuracy)}" for each in figures.coverages[1:])
        yield "  meant \\ said " + "".join(f"{name:>12}" for name in figures.recalls) + "    recall"
        for (name, recall), row in zip(figures.recalls.items(), figures.confusion, strict=True):
            counts = "".join(f"{count:>12}" for count in row)
            yield f"  {name:<12}{counts}    {text(recall) if recall else '-'}"


def plain(value: Any, overlap: bool = False) -> Any:
    """Dataclasses as dictionaries, sequences as lists, what is no finite number as None."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: plain(getattr(value, field.name), overlap) for field in fields(value)}
        return found | {"speaker_overlap": True} if overlap and isinstance(value, Figure) else found
    if isinstance(value, dict):
        return {key: plain(each, overlap) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each, overlap) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
