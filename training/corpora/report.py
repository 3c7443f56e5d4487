"""What a corpus holds and what is wrong with it, for people and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.counting import counted
from core.tables import write_rows
from training.corpora.checks import Heard
from training.corpora.layout import Corpus, Problem
from training.manifest import Clip, relative_to

NAMED = 3  # problems of a kind that are named in the report
KINDS = {
    "name": "names that do not parse, left out",
    "missing": "named in a table and not there, left out",
    "unlabelled": "without a label or transcript, left out",
    "label": "labels that contradict each other or are not known",
    "unreadable": "unreadable",
    "damaged": "damaged",
    "silent": "silent (no sample reaches -60 dBFS)",
    "clipped": "clipped (0.1 % of the samples or more at full scale)",
    "duplicate": "duplicates with different labels",
    "repeated": "the same recording again with the same label",
}
FAILURES = frozenset({"name", "missing", "unreadable"})  # a recording that the manifest has not, or has in vain


def describe(title: str, corpus: Corpus, heard: Sequence[Heard], folder: Path) -> str:
    """A few lines: clips, hours, speakers, classes, splits, notes and problems.

    Args:
        title: the corpus's name.
        corpus: its clips, with all problems.
        heard: what was heard of each clip; empty where none was.
        folder: recordings are named from here.
    """
    clips = corpus.clips
    lines = [f"{title}: {counted(len(clips), 'clip')}, {_hours(clips, heard)}, {_speakers(clips)}"]
    emotions = Counter(clip.emotion for clip in clips)
    if set(emotions) - {""}:
        lines.append(_line("emotion", _counts(sorted(emotions.items(), key=lambda item: (not item[0], item[0])))))
    if told := sum(1 for clip in clips if clip.transcript):
        lines.append(_line("words", f"{counted(told, 'clip')} with a transcript"))
    lines.append(_line("split", _splits(clips)))
    lines += [_line("note", note) for note in corpus.notes]
    wrong = [_line("wrong", sentence) for sentence in _sentences(corpus.problems, folder)]
    if not heard:
        wrong.append(_line("wrong", "the recordings were not listened to"))
    return "\n".join([*lines, *(wrong or [_line("wrong", "nothing found")])])


def write_problems(problems: Iterable[Problem], path: Path) -> None:
    """All problems as CSV: `kind,file,detail`, files relative to it."""
    rows = ([problem.kind, relative_to(problem.file, path.parent), problem.detail] for problem in problems)
    write_rows(path, ("kind", "file", "detail"), rows)


def count_failures(problems: Iterable[Problem]) -> int:
    """How many recordings cannot be used, though the corpus says that they are there."""
    return sum(1 for problem in problems if problem.kind in FAILURES)


def _line(name: str, text: str) -> str:
    return f"  {name:<9}{text}"


def _hours(clips: Sequence[Clip], heard: Sequence[Heard]) -> str:
    lengths = [sound.duration_s for sound in heard] or [clip.end_s - clip.start_s for clip in clips if clip.end_s]
    if len(lengths) < len(clips):
        return "length not measured"
    hours = sum(lengths) / 3600
    return f"{hours:.2f} h" if hours >= 0.1 else f"{hours * 60:.1f} min"


def _speakers(clips: Sequence[Clip]) -> str:
    sexes = {clip.speaker: clip.sex for clip in clips if clip.speaker}
    if not sexes:
        return "speakers unknown"
    known = Counter(sex for sex in sexes.values() if sex)
    named = f" ({_counts(sorted(known.items()))})" if known else ""
    unknown = sum(1 for clip in clips if not clip.speaker)
    return counted(len(sexes), "speaker") + named + (f", {counted(unknown, 'clip')} of unknown ones" if unknown else "")


def _counts(items: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name or 'none'} {count:,}" for name, count in items)


def _splits(clips: Sequence[Clip]) -> str:
    parts = []
    for split, count in sorted(Counter(clip.split for clip in clips).items()):
        speakers = len({clip.speaker for clip in clips if clip.split == split and clip.speaker})
        of = f" of {counted(speakers, 'speaker')}" if speakers else ""
        parts.append(f"{split or 'none'} {counted(count, 'clip')}{of}")
    return ", ".join(parts)


def _sentences(problems: Sequence[Problem], folder: Path) -> Iterable[str]:
    for kind, title in KINDS.items():
        found = [problem for problem in problems if problem.kind == kind]
        if found:
            named = "; ".join(f"{relative_to(each.file, folder)}: {each.detail}" for each in found[:NAMED])
            rest = f"; and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
            yield f"{len(found):,} {title}: {named}{rest}"
