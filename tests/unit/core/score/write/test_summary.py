"""The summary page: what it counts, and that it is one whole page for any names."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.score.items import Item, Result
from core.score.write import write_results
from core.score.write.drawings import CELLS, strip
from core.score.write.summary import BINS, LONGEST_KEPT, Course, Groups, Summary, folder_of
from tests.unit.core.score.write.made import FOUR, TWO, failed, options, said, scored

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Checker(HTMLParser):
    """Elements are closed in their order; texts and addresses are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read_page(path: Path) -> Checker:
    page = Checker()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert page.open == []
    return page


def a_run() -> list[tuple[Item, Result]]:
    return [
        scored(
            said("calls/mon/<long>.wav", 0, 40),
            said("calls/mon/<long>.wav", 40, 60, "sadness"),
            speaker="ana",
            sound_s=60,
        ),
        scored(said("calls/tue/a.wav", emotion="happiness", share=0.4), speaker="bo"),
        scored(said("calls/tue/b.wav", emotion=None)),
        failed("calls/tue/c.wav"),
        failed("calls/tue/d\udcff.wav", "hung"),
        (Item("calls/e.wav"), Result((said("calls/e.wav"),), note="e.wav is cut off.", sound_s=2.0)),
    ]


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    write_results(
        a_run(), tmp_path / "t.csv", options(least_confidence=0.5, inputs=["calls"], command="moodlight score")
    )
    page = read_page(tmp_path / "t.html")
    assert page.addresses == []
    source = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|url\(|@import|https?://", source)
    assert "prefers-color-scheme: dark" in source
    text = " ".join(page.texts)
    for words in ("What four heard", FOUR.fingerprint, "calls", "mon", "tue", "ana", "not given", "<long>.wav", "1:00"):
        assert words in text
    for words in ("Not scored: 2 of 6", "is damaged", "gave no sign of life", "e.wav is cut off.", "Unsure, below 0.5"):
        assert words in text


def test_a_run_in_which_all_failed_has_a_page(tmp_path: Path) -> None:
    written = write_results([failed("a.wav")], tmp_path / "t.csv", options())
    assert (written.rows, written.failures) == (0, 1)
    assert "Not scored: 1 of 1" in " ".join(read_page(tmp_path / "t.html").texts)


def test_each_model_has_its_shares(tmp_path: Path) -> None:
    pairs = [scored(said("a.wav"), said("a.wav", emotion="calm", model=TWO))]
    write_results(pairs, tmp_path / "t.csv", options(models=(FOUR, TWO)))
    text = " ".join(read_page(tmp_path / "t.html").texts)
    assert "What four and 모델 two heard" in text
    assert "over time, the answers are those of four" in text


def test_sums_by_file_folder_and_speaker() -> None:
    summary = Summary(["four"])
    for item, result in a_run():
        summary.add(item, result, result.predictions)
    total = summary.models["four"]
    assert total.clips == {"anger": 2, "sadness": 1, "happiness": 1, "no speech": 1}
    assert total.seconds["anger"] == 42
    assert total.mean_confidence == pytest.approx((3 * 0.7 + 0.4) / 4)
    assert [(name, group.total) for name, group in summary.folders.largest(9)] == [
        ("calls/mon", 2),
        ("calls/tue", 2),
        ("calls", 1),
    ]
    assert {name: group.total for name, group in summary.speakers.largest(9)} == {"ana": 2, "bo": 1, "": 2}
    assert summary.files.largest(1)[0][0] == "calls/mon/<long>.wav"
    assert (sum(summary.histograms["four"]), summary.histograms["four"][int(0.4 * BINS)]) == (4, 1)
    assert summary.causes == {"damaged": 1, "hung": 1}
    assert [course.file for course in summary.courses()] == ["calls/mon/<long>.wav"]


def test_groups_forget_the_smallest_and_say_how_many() -> None:
    groups = Groups(kept=10)
    for name in ("large", *map(str, range(100))):
        for _ in range(5 if name == "large" else 1):
            groups.group(name).add(said(name))
    assert len(groups.names()) <= 10
    assert len(groups) == 101
    assert groups.largest(1)[0][0] == "large"
    assert groups.largest(1)[0][1].total == 5


def test_the_longest_recordings_are_kept() -> None:
    summary = Summary(["four"])
    for length in (5, 50, *range(10, 30)):
        file = f"{length}.wav"
        item, result = scored(said(file, 0, length / 2), said(file, length / 2, length))
        summary.add(item, result, result.predictions)
    found = [course.length_s for course in summary.courses()]
    assert found == [50, *range(29, 29 - LONGEST_KEPT + 1, -1)]


def test_a_strip_of_many_clips_is_drawn_in_few_shapes() -> None:
    stretches = tuple((float(n), n + 1.0, "anger" if n % 1000 < 700 else "sadness") for n in range(36_000))
    drawn = strip(Course("a.wav", 36_000.0, stretches), ["anger", "sadness"], lambda label: "#000000")
    assert 60 < drawn.count("<rect") <= CELLS + 1
    assert "10:00:00" in drawn


@pytest.mark.parametrize(
    ("file", "folder"),
    [("a.wav", "."), ("x/y/a.wav", "x/y"), ("/a.wav", "/"), ("s3://bucket/x/a.wav", "s3://bucket/x")],
)
def test_the_folder_of_a_recording(file: str, folder: str) -> None:
    assert folder_of(file) == folder
