"""The report as one HTML page that needs nothing but itself, and the sound beside it to listen to the worst clips."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from rapidfuzz.distance import Levenshtein

from core.errors import ConfigError
from core.markup import Markup, escape, join, page, table, tag
from core.paths import atomic_write
from training.charts import coverage_diagram, interval_bar, reliability_diagram
from training.figures import Calibration, Coverage, EmotionFigures, WordFigures
from training.metrics import Figure
from training.report import INTERVAL, Report
from training.slices import Slice, Slicing
from training.worst import Place, WrongEmotion, WrongWords

OVERLAP = "speaker overlap"
PAGE, DATA, TEXT = "report.html", "report.json", "report.txt"
TITLES = {
    "speaker": "By speaker, the worst first",
    "sex": "By sex",
    "age": "By age",
    "level": "By level of the speech",
    "duration": "By duration",
    "band": "By band: the same clips, low-passed",
    "noise": "By noise: the same clips with pink noise, speech over noise",
}
TERMS = {
    "UA": "unweighted accuracy: mean recall over the emotions that occur. Every emotion counts the same. Guessing "
    "gives one divided by their number.",
    "WA": "weighted accuracy: share of the clips that were told rightly.",
    "Macro F1": "mean over the emotions that occur of F1, the harmonic mean of recall and precision.",
    "Intervals": "[2.5 %, 97.5 %] of 1,000 bootstrap draws of speakers with replacement, since clips of one speaker "
    "are alike. One speaker alone gives no interval; few speakers a rough one.",
    "ECE": "expected calibration error: how far confidence and accuracy lie apart, in ten bins of confidence of equal "
    "width, weighted by clips. A draw of speakers is less even than all of them, so the interval leans upwards.",
    "Brier": "mean over the clips of the squared errors of the probabilities, summed over all emotions: 0 is perfect, "
    "2 the worst.",
    "WER, CER": "word and character edits over the words and characters (with single spaces) of the reference; case "
    "and punctuation do not count.",
    "Level": "mean power of the frames of 20 ms that are no pauses, in dB under full scale.",
    "Bands": "everything above the cutoff is removed from the sound (zero phase, falling over the last 5 % below it). "
    "Old corpora reach 5.5 kHz, a telephone 3.4 kHz (and nothing below 300 Hz, which is left in here).",
    "Noise": "steady pink noise from 50 Hz to 8 kHz, its level so many dB below that of the speech. Each clip always "
    "has the same noise.",
    "Change": "from the unchanged clips, over the same draws of speakers: an interval that does not hold 0 is a change "
    "that these speakers show together.",
}


def render(report: Report, sounds: Path, folder: Path) -> str:
    """The page.

    Args:
        report: what it shows.
        sounds: folder that the files of the report are relative to, that of its manifest.
        folder: where the page will lie; links to sounds are relative to it.
    """
    return page(f"{report.model} on {report.manifest}", _Page(report, sounds, folder).body())


def text_of(report: Report) -> str:
    """The report as text that any terminal and file takes: names of files need not be valid text."""
    text = "\n".join(report.lines()) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def write_report(report: Report, sounds: Path, folder: Path) -> Path:
    """Write the page, and the report as JSON and as text.

    Args:
        report: what is written.
        sounds: as for `render`.
        folder: where to; it is there.

    Returns:
        The page.

    Raises:
        ConfigError: it cannot be written.
    """
    data = json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
    contents = {PAGE: render(report, sounds, folder), DATA: data + "\n", TEXT: text_of(report)}
    try:
        for name, content in contents.items():
            with atomic_write(folder / name) as file:
                file.write(content.encode("utf-8", "replace"))
    except OSError as error:
        raise ConfigError(f"The report cannot be written to {folder}: {error.strerror}.") from error
    return folder / PAGE


class _Page:
    def __init__(self, report: Report, sounds: Path, folder: Path) -> None:
        self.report = report
        self.sounds = sounds
        self.folder = folder
        self.mark = tag("b", OVERLAP, class_="overlap") if report.speaker_overlap else Markup("")

    def body(self) -> Markup:
        report = self.report
        parts = [self.header(), self.tiles()]
        if report.emotion:
            parts += [self.emotion(report.emotion), self.calibration(report.emotion)]
        parts += [self.slices(), self.wrong_emotions(report.wrong_emotions), self.wrong_words(report.wrong_words)]
        if report.unreadable:
            items = [tag("li", reason) for reason in report.unreadable]
            parts.append(_section(f"Not measured: {len(report.unreadable)} clips", tag("ul", *items)))
        parts.append(_section("What the figures mean", _definitions(TERMS.items(), "terms")))
        return join(parts)

    def header(self) -> Markup:
        report = self.report
        facts = {
            "Model": f"{report.model} ({report.fingerprint})",
            "Manifest": report.manifest,
            "Split": report.split or "all rows",
            "Measured": f"{report.clips} clips of {report.speakers} speakers, {_length(report.seconds)}",
            "Date": report.date,
            "Command": report.command,
        }
        known = ((name, tag("code", text) if name == "Command" else text) for name, text in facts.items() if text)
        alarms = report.notes[:1] if report.speaker_overlap else ()
        return tag(
            "header",
            tag("h1", f"How well {report.model} hears"),
            _definitions(known, "facts"),
            _notes(alarms, "banner"),
            _notes(report.notes[len(alarms) :], "notes"),
        )

    def tiles(self) -> Markup:
        emotion, words = self.report.emotion, self.report.words
        figures: dict[str, Figure] = {}
        if emotion:
            figures |= {"UA": emotion.ua, "WA": emotion.wa, "Macro F1": emotion.macro_f1}
            figures |= {"ECE": emotion.calibration.error, "Brier": emotion.calibration.brier}
        if words:
            figures |= {"WER": words.wer, "CER": words.cer}
        tiles = [tag("div", tag("span", name, class_="name"), self.figure(each)) for name, each in figures.items()]
        counts = [f"Emotion: {emotion.clips} clips of {emotion.speakers} speakers."] if emotion else []
        counts += [_words_counted(words)] if words else []
        return _section("All clips", tag("div", *tiles, class_="tiles"), tag("p", f"{' '.join(counts)} {INTERVAL}."))

    def figure(self, figure: Figure | None, form: str = ".3f", missing: str = "no interval") -> Markup:
        """A value with its interval below, and the mark where speakers overlap."""
        if figure is None:
            return Markup("–")
        value = tag("span", format(figure.value, form), class_="value")
        if figure.low is None or figure.high is None:
            return join([value, tag("small", missing) if missing else "", self.mark])
        return join([value, tag("small", f"[{figure.low:{form}}, {figure.high:{form}}]"), self.mark])

    def emotion(self, figures: EmotionFigures) -> Markup:
        rows = [
            [name, str(sum(counts)), self.figure(recall), _bar(recall), self.figure(figures.precisions[name])]
            for (name, recall), counts in zip(figures.recalls.items(), figures.confusion, strict=True)
        ]
        recalls = table(["emotion", "clips", "recall", "", "precision"], rows)
        return _section("Emotion", tag("div", recalls, self.confusion(figures), class_="side"))

    def confusion(self, figures: EmotionFigures) -> Markup:
        names = list(figures.recalls)
        head = tag("tr", tag("th", "meant \\ said"), *(tag("th", name, scope="col") for name in names))
        rows = [
            tag("tr", tag("th", name, scope="row"), *(_shaded(count, sum(counts)) for count in counts))
            for name, counts in zip(names, figures.confusion, strict=True)
        ]
        caption = tag("caption", "Clips, and their share of the row ", self.mark)
        return tag("table", caption, tag("thead", head), tag("tbody", *rows), class_="confusion")

    def calibration(self, figures: EmotionFigures) -> Markup:
        drawn = [
            (reliability_diagram(figures.calibration.bins), _reliability_words(figures)),
            (
                coverage_diagram(figures.coverage_curve, figures.coverages, figures.clips),
                "Accuracy where the model may abstain: the surest clips are answered first. From 5 % of the clips on.",
            ),
        ]
        plots = [tag("figure", chart, tag("figcaption", words, " ", self.mark)) for chart, words in drawn]
        rows = [self.coverage_row(each) for each in figures.coverages]
        coverages = table(["answered", "confidence from", "clips", "accuracy", ""], rows)
        return _section("Confidence", tag("div", *plots, coverages, class_="side"))

    def coverage_row(self, each: Coverage) -> list[str]:
        cells = [f"{each.wanted:.0%}", f"{each.threshold:.3f}", str(each.clips)]
        return [*cells, self.figure(each.accuracy), _bar(each.accuracy)]

    def slices(self) -> Markup:
        return _section("Slices", *(self.slicing(each) for each in self.report.slicings))

    def slicing(self, slicing: Slicing) -> Markup:
        title = tag("h3", TITLES.get(slicing.by, f"By {slicing.by}"))
        if not slicing.slices:
            return join([title, tag("p", slicing.note)])
        columns = self.slice_columns(slicing)
        rows = [[cell(each) for cell in columns.values()] for each in slicing.slices]
        figures = tag("div", table(list(columns), rows), class_="scroll")
        alone = tag("p", "One speaker a row: no intervals.") if slicing.by == "speaker" else ""
        return join([title, alone, figures])

    def slice_columns(self, slicing: Slicing) -> dict[str, Callable[[Slice], str]]:
        """Heading to what stands below it, for the columns that this slicing has."""
        columns: dict[str, Callable[[Slice], str]] = {slicing.by: _slice_name}
        missing = "" if slicing.by == "speaker" else "no interval"

        def shown(name: str, form: str = ".3f") -> Callable[[Slice], str]:
            return lambda each: self.figure(getattr(each, name), form, missing)

        if slicing.by != "speaker":
            columns["speakers"] = lambda each: str(each.speakers)
        if self.report.emotion:
            columns |= {"clips": lambda each: str(each.clips), "UA": shown("ua"), "": lambda each: _bar(each.ua)}
        if any(each.ua_change for each in slicing.slices):
            columns["change of UA"] = shown("ua_change", "+.3f")
        if self.report.emotion:
            columns["WA"] = shown("wa")
        if any(each.word_clips != each.clips for each in slicing.slices):
            columns["transcribed"] = lambda each: str(each.word_clips)
        if self.report.words:
            columns["WER"] = shown("wer")
        if any(each.wer_change for each in slicing.slices):
            columns["change of WER"] = shown("wer_change", "+.3f")
        return columns

    def wrong_emotions(self, clips: Sequence[WrongEmotion]) -> Markup:
        if not clips:
            return Markup("")
        rows = [
            [
                self.clip(each.place),
                each.place.speaker,
                each.meant,
                each.said,
                f"{each.confidence:.3f}",
                f"{each.meant_probability:.3f}",
            ]
            for each in clips
        ]
        columns = ["clip", "speaker", "meant", "said", "confidence", "probability of what was meant"]
        title = f"Wrong and sure of it: {len(clips)} clips"
        return _section(title, tag("p", self.mark), tag("div", table(columns, rows), class_="wide"))

    def wrong_words(self, clips: Sequence[WrongWords]) -> Markup:
        if not clips:
            return Markup("")
        rows = [
            [
                self.clip(each.place),
                each.place.speaker,
                f"{each.wer:.2f} ({each.edits} of {each.words})",
                _differences(each.reference, each.hypothesis),
            ]
            for each in clips
        ]
        title = f"Words most wrong: {len(clips)} clips"
        words = table(["clip", "speaker", "WER", "said, and heard by the model"], rows)
        return _section(title, tag("p", self.mark), tag("div", words, class_="wide"))

    def clip(self, place: Place) -> Markup:
        """A clip's name as a link to its sound, with a player."""
        link = self.link(place)
        until = "end" if place.end_s is None else f"{place.end_s:.2f} s"
        part = f" {place.start_s:.2f} s to {until}" if place.start_s or place.end_s is not None else ""
        name = tag("a", Path(place.file).name, part, href=link, title=place.file)
        return join([name, tag("audio", controls=True, preload="none", src=link)])

    def link(self, place: Place) -> str:
        file = self.sounds / place.file
        part = f"#t={place.start_s:g}" if place.start_s or place.end_s is not None else ""
        part += "" if place.end_s is None else f",{place.end_s:g}"
        try:
            relative = Path(os.path.relpath(file, self.folder)).as_posix()
        except ValueError:  # on another drive of Windows
            return file.absolute().as_uri() + part
        return quote(relative, errors="replace") + part


def _section(title: str, *content: str) -> Markup:
    return tag("section", tag("h2", title), *content)


def _notes(notes: Sequence[str], kind: str) -> Markup:
    return tag("ul", *(tag("li", note) for note in notes), class_=kind) if notes else Markup("")


def _definitions(entries: Iterable[tuple[str, str]], kind: str) -> Markup:
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", text)) for name, text in entries), class_=kind)


def _bar(figure: Figure | None) -> Markup:
    return interval_bar(figure) if figure else Markup("")


def _shaded(count: int, total: int) -> Markup:
    share = count / total if total else 0.0
    return tag("td", str(count), tag("small", f"{share:.0%}" if total else "–"), style=f"--share:{100 * share:.0f}%")


def _slice_name(each: Slice) -> Markup:
    if not each.absent:
        return escape(each.name)
    return join([each.name, tag("small", f"without {', '.join(each.absent)}: UA over the classes present")])


def _reliability_words(figures: EmotionFigures) -> str:
    calibration: Calibration = figures.calibration
    return (
        f"Accuracy of the clips of each confidence; a calibrated model stays on the dashed line. "
        f"Mean confidence {calibration.confidence:.3f}, accuracy {figures.wa.value:.3f}."
    )


def _words_counted(words: WordFigures) -> str:
    return f"Words: {words.clips} clips of {words.speakers} speakers, {words.words} words."


def _differences(reference: str, hypothesis: str) -> Markup:
    """Both transcripts, what was missed struck out in the first, what was put there marked in the second."""
    said, heard = reference.split(), hypothesis.split()
    above: list[str] = []
    below: list[str] = []
    for step in Levenshtein.opcodes(said, heard):
        old, new = " ".join(said[step.src_start : step.src_end]), " ".join(heard[step.dest_start : step.dest_end])
        above += [old if step.tag == "equal" else tag("del", old), " "] if old else []
        below += [new if step.tag == "equal" else tag("ins", new), " "] if new else []
    return join([tag("div", *above), tag("div", *(below or [tag("i", "nothing")]))])


def _length(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
