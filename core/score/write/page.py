"""The summary of a run as one HTML page that needs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from core.markup import Markup, join, page, table, tag
from core.predictions import NO_SPEECH, UNSURE
from core.score.write import drawings
from core.score.write.changes import Changes
from core.score.write.changes_section import changes_section
from core.score.write.forms import WriteOptions
from core.score.write.names import is_address
from core.score.write.summary import Group, Groups, Summary

ROWS = 200  # of a table of files, folders or speakers
INPUTS = 5  # named in the header
CAUSES = {
    "missing": "is not there",
    "empty": "is empty",
    "folder": "is a folder",
    "permission": "may not be read",
    "not-sound": "is no sound",
    "damaged": "is damaged",
    "range": "cannot be cut so",
    "crashed": "ended the process that read it",
    "hung": "gave no sign of life",
    "unreachable": "cannot be reached",
    "unexpected": "other reasons",
}


def render(summary: Summary, options: WriteOptions, date: str, changes: Changes | None = None) -> str:
    """The page.

    Args:
        summary: of all rows.
        options: of the run.
        date: when it was written, ISO 8601.
        changes: since an older table, where one was named.
    """
    made = _Page(summary, options, date)
    parts = [made.header(), made.tiles(), made.emotions(), made.confidence(), made.courses(), made.groups()]
    if changes:
        parts.append(changes_section(changes))
    parts += [made.failures(), made.notes()]
    return page(made.title, join(parts))


class _Page:
    def __init__(self, summary: Summary, options: WriteOptions, date: str) -> None:
        self.summary = summary
        self.options = options
        self.date = date
        heard = set().union(*(group.clips for group in summary.models.values()))
        self.labels = [label for label in (*options.labels, UNSURE, NO_SPEECH) if label in heard]
        self.first = options.models[0].name
        self.title = f"What {' and '.join(model.name for model in options.models)} heard"

    def header(self) -> Markup:
        options = self.options
        models = [f"{each.name} ({each.fingerprint})" for each in options.models]
        settings = {key: value for key, value in options.parameters.items() if key not in ("models", "embeddings")}
        facts = {
            "Scored": ", ".join(options.inputs[:INPUTS]) + _more(len(options.inputs) - INPUTS),
            "Model" if len(models) == 1 else "Models": ", ".join(models),
            "Settings": ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in settings.items()),
            "Written": self.date + (f", by Moodlight {options.version}" if options.version else ""),
            "Command": options.command,
        }
        rows = [
            tag("div", tag("dt", name), tag("dd", tag("code", text) if name == "Command" else text))
            for name, text in facts.items()
            if text
        ]
        notes = []
        if len(models) > 1:
            notes.append(f"By file, folder and speaker, and over time, the answers are those of {self.first}.")
        listed = tag("ul", *(tag("li", note) for note in notes), class_="notes") if notes else ""
        return tag("header", tag("h1", self.title), tag("dl", *rows, class_="facts"), listed)

    def tiles(self) -> Markup:
        summary, all_clips = self.summary, self.summary.models[self.first]
        figures = {
            "Files" if summary.items == len(summary.files) + summary.failed else "Inputs": f"{summary.items:,}",
            "Clips": f"{all_clips.total:,}",
            "Sound": _length(summary.sound_s),
            "Confidence, mean": _number(all_clips.mean_confidence),
            "No speech": _percent(all_clips.clips[NO_SPEECH], all_clips.total),
        }
        if self.options.least_confidence > 0:
            spoken = all_clips.total - all_clips.clips[NO_SPEECH]
            figures[f"Unsure, below {self.options.least_confidence:g}"] = _percent(all_clips.clips[UNSURE], spoken)
        figures["Not scored"] = f"{summary.failed:,}"
        tiles = [
            tag("div", tag("span", name, class_="name"), tag("span", text, class_="value"))
            for name, text in figures.items()
        ]
        return tag("section", tag("div", *tiles, class_="tiles"))

    def emotions(self) -> Markup:
        return _section("Emotions", *(self.shares(name, group) for name, group in self.summary.models.items()))

    def shares(self, model: str, group: Group) -> Markup:
        rows = [
            [
                label,
                f"{group.clips[label]:,}",
                _length(group.seconds[label]),
                _percent(group.clips[label], group.total),
                drawings.share_bar(group.clips[label] / (group.total or 1), label, self.options.color),
            ]
            for label in (*self._labels_of(model), *(UNSURE, NO_SPEECH))
            if label in group.clips or label in self._labels_of(model)
        ]
        title = tag("h3", model) if len(self.summary.models) > 1 else ""
        columns = ["emotion", "clips", "sound", "share of clips", ""]
        return join([title, tag("div", table(columns, rows), class_="shares")])

    def _labels_of(self, model: str) -> tuple[str, ...]:
        return next((each.scheme.names for each in self.options.models if each.name == model), ())

    def confidence(self) -> Markup:
        drawn = []
        for model, counts in self.summary.histograms.items():
            about = f"{sum(counts):,} clips in which somebody speaks, by the probability of the likeliest emotion."
            words = f"{model}: {about}" if len(self.summary.models) > 1 else about
            drawn.append(tag("figure", drawings.histogram(counts), tag("figcaption", words)))
        return _section("How sure", tag("div", *drawn, class_="side"))

    def courses(self) -> Markup:
        found = self.summary.courses()
        if not found:
            return Markup("")
        strips = []
        for course in found:
            about = tag("small", f"{course.file}, {drawings.clock(course.length_s)}")
            strips += [
                tag("h3", PurePath(course.file).name, about),
                drawings.strip(course, self.labels, self.options.color),
            ]
        words = "The longest recordings of several clips, from beginning to end; point at a part for its times."
        return _section("Over time", tag("p", words), self.legend(), *strips)

    def legend(self) -> Markup:
        return drawings.legend(self.labels, self.options.color)

    def groups(self) -> Markup:
        summary = self.summary
        sections = []
        if len(summary.folders) > 1:
            common = _common([name for name in summary.folders.names() if not is_address(name)])
            below = f"Below {common}. " if common else ""
            named = {name: name.removeprefix(common).lstrip("/") or "." for name in summary.folders.names()}
            sections.append(self.group_table("By folder", "folder", summary.folders, below, named))
        if summary.speaker_known:
            sections.append(self.group_table("By speaker", "speaker", summary.speakers, "", {"": "not given"}))
        if len(summary.files) > 1:
            sections.append(self.group_table("By file", "file", summary.files, "", {}))
        return join(sections)

    def group_table(self, title: str, by: str, groups: Groups, words: str, named: Mapping[str, str]) -> Markup:
        rows = [
            [
                named.get(name, name),
                f"{group.total:,}",
                _length(group.seconds.total()),
                _number(group.mean_confidence),
                *(_percent(group.clips[label], group.total) for label in self.labels),
                drawings.stack(group.clips, self.labels, self.options.color),
            ]
            for name, group in groups.largest(ROWS)
        ]
        hidden = len(groups) - len(rows)
        words += f"The {len(rows)} with the most clips; {hidden:,} more are not shown." if hidden else ""
        shown = tag("div", table([by, "clips", "sound", "confidence", *self.labels, ""], rows), class_="scroll")
        return _section(title, tag("p", words) if words else "", self.legend(), shown)

    def failures(self) -> Markup:
        summary = self.summary
        if not summary.failed:
            return Markup("")
        causes = [[CAUSES.get(cause, cause), f"{number:,}"] for cause, number in summary.causes.most_common()]
        rest = summary.failed - len(summary.failures)
        return _section(
            f"Not scored: {summary.failed:,} of {summary.items:,}",
            table(["why", "inputs"], causes),
            *_listed(summary.failures, rest, "The table of errors has all of them."),
        )

    def notes(self) -> Markup:
        summary = self.summary
        if not summary.noted:
            return Markup("")
        return _section("Not all could be read", *_listed(summary.notes, summary.noted - len(summary.notes), ""))


def _section(title: str, *content: str) -> Markup:
    return tag("section", tag("h2", title), *content)


def _listed(sentences: Sequence[tuple[str, str]], rest: int, where: str) -> list[Markup]:
    """Sentences with the files that they are about, and how many more there are."""
    items = [tag("li", sentence, tag("small", file)) for file, sentence in sentences]
    more = tag("p", f"And {rest:,} more. {where}") if rest else Markup("")
    return [tag("ul", *items), more]


def _more(number: int) -> str:
    return f" and {number} more" if number > 0 else ""


def _common(folders: Sequence[str]) -> str:
    try:
        return os.path.commonpath(folders) if len(folders) > 1 else ""
    except ValueError:  # of absolute and relative ones
        return ""


def _percent(part: float, total: float) -> str:
    share = part / total if total else 0.0
    return f"{share:.1%}" if part else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds else "–"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"
