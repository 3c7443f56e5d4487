"""The report of answers that are made up here, so that every figure in it can be told by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.predictions import Word
from core.recognizer import ClipResult
from training.answers import Answers, answers_of
from training.conditions import CONDITIONS
from training.figures import emotion_figures, word_figures
from training.manifest import Clip
from training.report import Report
from training.report_page import render
from training.slices import UNKNOWN, Slicing, age_band, slicings
from training.worst import wrong_emotions, wrong_words

LABELS = ("anger", "happiness", "neutral", "sadness")
HOSTILE = "<b>\"한국' & 😀#%?.opus"
MANIFEST_FOLDER = Path("/data/sets")


def result(probabilities: Sequence[float], text: str) -> ClipResult:
    words = tuple(Word(word, 0.0, 0.1, 1.0) for word in text.split())
    return ClipResult(np.array(probabilities), words, np.zeros(1))


def answers(rows: Sequence[tuple[Clip, Sequence[float], str]]) -> Answers:
    count = len(rows)
    return answers_of(
        [row[0] for row in rows],
        LABELS,
        [result(row[1], row[2]) for row in rows],
        [1.0 + number for number in range(count)],
        [-40.0 + number for number in range(count)],
    )


def clip(name: str, speaker: str, emotion: str, text: str = "IT IS LATE", **more: Any) -> Clip:
    return Clip(MANIFEST_FOLDER / "sounds" / name, speaker=speaker, emotion=emotion, transcript=text, **more)


@pytest.fixture
def heard() -> Answers:
    """Two speakers of three clips: four of six emotions are right, two of 18 words wrong."""
    return answers(
        [
            (clip("0.wav", "a", "anger", sex="female", age="23"), (0.9, 0.1, 0.0, 0.0), "it is late"),
            (clip("1.wav", "a", "sadness", sex="female", age="23"), (0.1, 0.1, 0.1, 0.7), "it is late"),
            (clip(HOSTILE, "a", "sadness", sex="female", age="23"), (0.96, 0.02, 0.0, 0.02), "it is"),
            (clip("3.wav", "b", "anger", sex="male", age="57.5"), (0.6, 0.2, 0.1, 0.1), "it is late"),
            (clip("4.wav", "b", "sadness", sex="male", age="57.5"), (0.2, 0.2, 0.2, 0.4), "it was late"),
            (clip("5.wav", "b", "neutral", sex="male", age="57.5"), (0.55, 0.05, 0.4, 0.0), "it is late"),
        ]
    )


@pytest.fixture
def report(heard: Answers) -> Report:
    return Report(
        model="model <1>",
        fingerprint="abc",
        manifest="m&m.csv",
        split="test",
        date="2026-11-21T12:00+00:00",
        clips=len(heard),
        speakers=heard.speakers,
        seconds=21.0,
        speaker_overlap=(),
        notes=("Speaker-independent: so it is.",),
        emotion=emotion_figures(heard),
        words=word_figures(heard),
        slicings=slicings(heard, dict.fromkeys(CONDITIONS, heard), CONDITIONS),
        wrong_emotions=wrong_emotions(heard, MANIFEST_FOLDER),
        wrong_words=wrong_words(heard, MANIFEST_FOLDER),
        unreadable=("There is no file <gone>.wav.",),
    )


class Page(HTMLParser):
    """Checks that elements are closed in order, and keeps texts by element and class, and all attributes."""

    ALONE = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str, str]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.ALONE:
            self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((*self.open[-1], data.strip()))

    def of(self, tag: str, kind: str = "") -> list[str]:
        return [text for name, given, text in self.texts if name == tag and given == kind]

    def values(self, tag: str, attribute: str) -> list[str]:
        return [value for name, given, value in self.attributes if (name, given) == (tag, attribute)]


def page_of(report: Report, folder: Path = Path("/reports/first")) -> Page:
    return Page(render(report, MANIFEST_FOLDER, folder))


def figures_in(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        if {"value", "low", "high"} <= data.keys():
            return [data]
        return [figure for each in data.values() for figure in figures_in(each)]
    return [figure for each in data for figure in figures_in(each)] if isinstance(data, list) else []


def test_figures_by_hand(report: Report) -> None:
    emotion, words = report.emotion, report.words
    assert emotion is not None and words is not None
    assert emotion.confusion == [[2, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 2]]
    assert emotion.wa.value == pytest.approx(4 / 6)
    assert emotion.ua.value == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert emotion.macro_f1.value == pytest.approx((2 / 3 + 0 + 4 / 5) / 3)
    assert emotion.recalls["happiness"] is None and emotion.precisions["neutral"] is None
    assert (words.words, words.wer.value) == (18, pytest.approx(2 / 18))
    # "LATE" and the space before it, and one letter with another put in: IS to WAS
    assert (words.characters, words.cer.value) == (60, pytest.approx(7 / 60))


def test_a_class_of_one_speaker_has_no_interval(report: Report) -> None:
    assert report.emotion is not None
    assert report.emotion.recalls["neutral"] is not None and report.emotion.recalls["neutral"].low is None
    assert report.emotion.recalls["sadness"] is not None and report.emotion.recalls["sadness"].low is not None


def test_coverage_by_hand(report: Report) -> None:
    assert report.emotion is not None
    full, half = report.emotion.coverages[0], report.emotion.coverages[-1]
    assert (full.clips, full.threshold, full.accuracy) == (6, 0.4, report.emotion.wa)
    assert (half.wanted, half.clips, half.threshold) == (0.5, 3, 0.7)
    assert half.accuracy.value == pytest.approx(2 / 3)
    np.testing.assert_allclose(report.emotion.coverage_curve[0], (1 / 6, 0.0))
    np.testing.assert_allclose(report.emotion.coverage_curve[-1], (1.0, 4 / 6))


def test_bins_of_the_reliability_diagram_hold_every_clip(report: Report) -> None:
    assert report.emotion is not None
    bins = report.emotion.calibration.bins
    assert [each.clips for each in bins] == [0, 0, 0, 0, 1, 1, 1, 1, 0, 2]
    assert bins[9].confidence == pytest.approx(0.93) and bins[9].accuracy == pytest.approx(0.5)
    assert bins[0].accuracy is None


def slicing(report: Report, by: str) -> Slicing:
    return next(each for each in report.slicings if each.by == by)


def test_slices_by_hand(report: Report) -> None:
    assert [each.by for each in report.slicings] == ["speaker", "sex", "age", "level", "duration", "band", "noise"]
    speakers = {each.name: each for each in slicing(report, "speaker").slices}
    assert list(speakers) == ["b", "a"]  # UA 2/3 and 3/4
    assert speakers["a"].ua is not None and speakers["a"].ua.value == pytest.approx(3 / 4)
    assert speakers["a"].ua.low is None
    assert speakers["a"].absent == ("happiness", "neutral")
    assert [each.name for each in slicing(report, "age").slices] == ["20 to 29", "50 to 59"]
    assert [each.clips for each in slicing(report, "level").slices] == [2, 1, 1, 2]
    assert [each.name for each in slicing(report, "band").slices] == [
        "full",
        "low-passed at 5.5 kHz",
        "low-passed at 3.4 kHz",
    ]
    assert [each.name for each in slicing(report, "noise").slices] == ["none added", "20 dB", "10 dB"]
    same = slicing(report, "noise").slices[1]
    assert same.ua_change is not None and (same.ua_change.low, same.ua_change.high) == (0.0, 0.0)


def test_what_the_manifest_does_not_say_is_no_slice() -> None:
    bare = answers([(clip("a.wav", "", "anger"), (1.0, 0, 0, 0), ""), (clip("b.wav", "", "anger"), (1.0, 0, 0, 0), "")])
    found = {each.by: each for each in slicings(bare, {}, CONDITIONS)}
    assert found["sex"].slices == () and "gives no sex" in found["sex"].note
    assert found["noise"].slices == () and "Not measured" in found["noise"].note
    assert found["speaker"].slices == ()


def test_unknown_values_come_last_among_known_ones() -> None:
    rows = [
        (clip(f"{n}.wav", "a", "anger", age=age), (1.0, 0, 0, 0), "") for n, age in enumerate(["", "elderly", "31"])
    ]
    ages = next(each for each in slicings(answers(rows), {}, ()) if each.by == "age")
    assert [each.name for each in ages.slices] == ["30 to 39", "elderly", UNKNOWN]


@pytest.mark.parametrize(("age", "band"), [("20", "20 to 29"), ("29.9", "20 to 29"), ("7", "0 to 9"), ("inf", "inf")])
def test_ages_in_decades(age: str, band: str) -> None:
    assert age_band(age) == band


def test_worst_clips_come_first(report: Report) -> None:
    assert [(each.meant, each.said, each.confidence) for each in report.wrong_emotions] == [
        ("sadness", "anger", 0.96),
        ("neutral", "anger", 0.55),
    ]
    assert report.wrong_emotions[0].place.file == f"sounds/{HOSTILE}"
    assert [each.hypothesis for each in report.wrong_words] == ["IT IS", "IT WAS LATE"]


def test_the_page_is_well_formed_and_needs_nothing_else(report: Report) -> None:
    page = page_of(report)
    assert not {"script", "link", "iframe", "img"} & {tag for tag, _, _ in page.attributes}
    links = page.values("a", "href") + page.values("audio", "src")
    assert links and all(link.startswith("../../data/sets/sounds/") for link in links)
    style = " ".join(page.of("style"))
    assert "prefers-color-scheme: dark" in style and "@media print" in style
    assert "url(" not in style and "@import" not in style


def test_hostile_names_are_text_and_their_links_lead_to_the_file(report: Report) -> None:
    page = page_of(report)
    assert HOSTILE in page.of("a")
    assert "b" not in {tag for tag, _, _ in page.texts}
    assert "There is no file <gone>.wav." in page.of("li")
    assert "../../data/sets/sounds/%3Cb%3E%22%ED%95%9C%EA%B5%AD%27%20%26%20%F0%9F%98%80%23%25%3F.opus" in page.values(
        "a", "href"
    )
    assert page.of("title")[0] == "model <1> on m&m.csv"


def test_a_part_of_a_recording_is_linked_with_its_times(heard: Answers, report: Report) -> None:
    part = replace(report.wrong_words[0].place, start_s=1.5, end_s=2.0)
    page = page_of(replace(report, wrong_words=(replace(report.wrong_words[0], place=part),)))
    assert any(link.endswith(".opus#t=1.5,2") for link in page.values("audio", "src"))
    assert any("1.50 s to 2.00 s" in text for text in page.of("a"))


def test_differences_of_words_are_marked(report: Report) -> None:
    page = page_of(report)
    assert page.of("del") == ["LATE", "IS"] and page.of("ins") == ["WAS"]


def test_page_and_json_have_the_same_figures(report: Report) -> None:
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    page = page_of(report)
    emotion, words = data["emotion"], data["words"]
    tiles = dict(zip(page.of("span", "name"), page.of("span", "value"), strict=False))
    named = [emotion["ua"], emotion["wa"], emotion["macro_f1"], emotion["calibration"]["error"]]
    named += [emotion["calibration"]["brier"], words["wer"], words["cer"]]
    assert list(tiles.values()) == [f"{figure['value']:.3f}" for figure in named]
    assert list(tiles) == ["UA", "WA", "Macro F1", "ECE", "Brier", "WER", "CER"]
    shown = sorted(page.of("span", "value"))
    changes = [
        f for s in data["slicings"] for each in s["slices"] for f in (each["ua_change"], each["wer_change"]) if f
    ]
    plain = [figure for figure in figures_in(data) if figure not in changes]
    assert shown == sorted([f"{f['value']:.3f}" for f in plain] + [f"{f['value']:+.3f}" for f in changes])
    counts = [str(count) for row in emotion["confusion"] for count in row]
    cells = [text for text in page.of("td") if text.isdecimal()]
    assert "|".join(counts) in "|".join(cells)
    assert {f"[{f['low']:.3f}, {f['high']:.3f}]" for f in plain if f["low"] is not None} <= set(page.of("small"))


def test_overlap_marks_every_figure(report: Report) -> None:
    assert not page_of(report).of("b", "overlap")
    assert "speaker overlap" not in "\n".join(report.lines())
    marked = replace(report, speaker_overlap=("a",), notes=("speaker overlap! a", "Another note."))
    page = page_of(marked)
    # each figure, the two drawings, the confusion matrix and the two lists of clips
    assert len(page.of("b", "overlap")) == len(page.of("span", "value")) + 5
    assert [text for kind, given, text in page.texts if kind == "li"][:2] == ["speaker overlap! a", "Another note."]
    data = marked.to_json()
    assert data["speaker_overlap"] == ["a"]
    assert all(figure["speaker_overlap"] is True for figure in figures_in(data))
    figures = [line for line in marked.lines() if "0." in line and not line.startswith(("model", "note"))]
    assert len(figures) > 10 and all("speaker overlap!" in line for line in figures)


def test_a_report_without_emotions_or_without_words(heard: Answers, report: Report) -> None:
    spoken = answers([(replace(each, emotion=""), (1.0, 0, 0, 0), "it is") for each in heard.clips])
    only_words = replace(report, emotion=None, wrong_emotions=(), slicings=slicings(spoken, {}, ()))
    page = page_of(only_words)
    assert "UA" not in page.of("span", "name") and "WER" in page.of("th")
    felt = answers([(replace(each, transcript=""), (1.0, 0, 0, 0), "it is") for each in heard.clips])
    only_emotion = replace(report, words=None, wrong_words=(), slicings=slicings(felt, {}, ()))
    page = page_of(only_emotion)
    assert "WER" not in page.of("span", "name") + page.of("th")
