"""What is written can be read again, in every format, as far as it holds it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exchange import FORMATS, detect
from core.exchange.label_studio_tasks import write as write_label_studio
from core.exchange.labels import FIELDS, LabelledClip

LENGTH_S = 100.0
NAMES = (
    *("a.wav", "a.flac", 'with space/it\'s "b".wav', "목소리 🙂.wav", "x.words.wav"),
    *("with space/a.mp3", "c.wav.wav", "percent %20 & + #?.wav"),
)
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Empty recordings; what is written there need not survive a power cut, which a test would wait for."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as name:
        patch.setattr(os, "fsync", lambda descriptor: None)
        for recording in NAMES:
            path = Path(name, "sounds", recording)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        yield Path(name)


micros = st.integers(0, 100_000_000) | st.sampled_from([0, 1, 10, 499, 500, 1_000_000])
awkward = st.sampled_from(
    [
        "item [1]:",
        '"IntervalTier"',
        "<exists>",
        "! no comment",
        'text = "a"',
        "1.5",
        "]]>",
        "&amp;",
        "\\",
        "a\tb",
        "(a) 2",
    ]
)
texts = st.just("") | st.sampled_from(["anger", "기쁨 🙂", 'he said "no"']) | awkward | st.text(max_size=20)


@st.composite
def labelled(draw: Callable[..., object]) -> LabelledClip:
    times = sorted(draw(st.tuples(micros, micros)))  # type: ignore[type-var]
    end_s = draw(st.sampled_from([times[1] / 1e6, times[1] / 1e6, None]))
    names = ("label", "transcript", "annotator", "note", "speaker", "sex", "age", "made")
    return LabelledClip(
        Path(draw(st.sampled_from(NAMES))),
        draw(st.sampled_from([times[0] / 1e6, 0.0])) if end_s is None else times[0] / 1e6,
        end_s,
        **{name: draw(texts) for name in names},
        split=draw(st.sampled_from(["", "train", "dev", "test"])),
        weight=draw(st.sampled_from([1.0, 0.5, 0.0])),
        unsure=draw(st.booleans()),
        flagged=draw(st.booleans()),
        adjudicated=draw(st.booleans()),
    )


def held(row: LabelledClip, fields: frozenset[str]) -> LabelledClip:
    """The row with only what a format holds, and the end of the recording in seconds."""
    kept = {name: getattr(row, name) for name in FIELDS & fields}
    return LabelledClip(**{**kept, "end_s": LENGTH_S if row.end_s is None else row.end_s})


def in_order(rows: list[LabelledClip]) -> list[str]:
    return sorted(map(repr, rows))


def round_trip(rows: list[LabelledClip], name: str, folder: Path) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """The rows as the format holds them, and what comes back."""
    sounds = folder / "sounds"
    rows = [replace(row, file=sounds / row.file) for row in rows]
    rows.append(LabelledClip(sounds / NAMES[0], 0.0, 1.0, label="x"))  # so that all have the same folder in common
    form = FORMATS[name]
    with tempfile.TemporaryDirectory(dir=folder) as out:
        target = Path(out) if form.per_recording else Path(out, "tasks.json")
        written = form.write(rows, target, dict.fromkeys((row.file for row in rows), LENGTH_S))
        assert all(file.is_file() for file in written)
        assert detect(target) is form
        # the tasks name recordings by their path from the file; the others are looked for
        return rows, form.read(target, sounds if form.per_recording else None)


@quick
@given(rows=st.lists(labelled(), max_size=6))
def test_audacity(folder: Path, rows: list[LabelledClip]) -> None:
    def one_line(row: LabelledClip) -> LabelledClip:
        lines = [text.replace("\n", " ").replace("\t", " ") for text in (row.label, row.transcript)]
        return replace(row, label=lines[0], transcript=lines[1])

    rows, again = round_trip(rows, "audacity", folder)
    holds = FORMATS["audacity"].holds
    assert in_order(again) == in_order([one_line(held(row, holds)) for row in rows])


@quick
@given(rows=st.lists(labelled(), max_size=6))
def test_textgrid(folder: Path, rows: list[LabelledClip]) -> None:
    rows, again = round_trip(rows, "textgrid", folder)
    said = [row for row in rows if row.label or row.transcript or row.note]
    assert in_order(again) == in_order([held(row, FORMATS["textgrid"].holds) for row in said])


@quick
@given(rows=st.lists(labelled(), max_size=6))
def test_eaf(folder: Path, rows: list[LabelledClip]) -> None:
    def in_milliseconds(row: LabelledClip) -> LabelledClip:
        start, end = round(row.start_s / 0.001), round((row.end_s or 0.0) / 0.001)
        return replace(row, start_s=start / 1000, end_s=max(end, start + 1) / 1000)

    rows, again = round_trip(rows, "eaf", folder)
    rows = [in_milliseconds(held(row, FORMATS["eaf"].holds)) for row in rows]
    assert in_order(again) == in_order(rows)


def whole_stays(row: LabelledClip, original: LabelledClip) -> LabelledClip:
    return replace(row, end_s=None) if (original.start_s, original.end_s) == (0.0, None) else row


@quick
@given(rows=st.lists(labelled(), max_size=6))
def test_label_studio_holds_all(folder: Path, rows: list[LabelledClip]) -> None:
    rows, again = round_trip(rows, "label-studio", folder)
    assert FORMATS["label-studio"].holds == FIELDS
    assert in_order(again) == in_order([whole_stays(held(row, FIELDS), row) for row in rows])


def test_label_studio_serves_recordings_from_its_root(folder: Path) -> None:
    rows = [LabelledClip(folder / "sounds" / name, label="anger") for name in NAMES]
    target = folder / "served.json"
    write_label_studio(rows, target, document_root=folder)
    assert "/data/local-files/?d=sounds/percent%20%2520%20%26%20%2B%20%23%3F.wav" in target.read_text(encoding="utf-8")
    assert FORMATS["label-studio"].read(target, folder) == rows
    assert FORMATS["label-studio"].read(target, folder / "sounds") == rows


@pytest.mark.parametrize("name", FORMATS)
def test_what_exists_is_replaced_and_a_recording_is_not(folder: Path, name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    row = LabelledClip(tmp_path / "a.wav", 0.0, 1.0, "anger")
    target = tmp_path / f"a{form.extensions[0]}"
    for label in ("anger", "sadness"):
        assert form.write([replace(row, label=label)], target) == [target]
    (again,) = form.read(target)
    assert again == replace(row, label="sadness")
    recording = tmp_path / "b.wav"
    recording.symlink_to(target)
    before = target.read_bytes()
    with pytest.raises(Exception, match="never written over"):
        form.write([replace(row, file=recording)], target)
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_to_write_is_no_error(name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    target = tmp_path if form.per_recording else tmp_path / "tasks.json"
    assert [form.read(file) for file in form.write([], target)] == ([] if form.per_recording else [[]])
