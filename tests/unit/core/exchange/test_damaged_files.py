"""Whatever a file holds, one sentence says what is wrong with it, and nothing else happens."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import MoodlightError
from core.exchange import FORMATS, content, detect
from core.exchange.labels import LabelledClip

ROWS = [
    LabelledClip(Path("a.wav"), 0.5, 1.25, "기쁨 🙂", 'he said "no"', "ana", note="one\ntwo"),
    LabelledClip(Path("a.wav"), 1.0, 2.5, "anger", annotator="ben@example.org"),
]


def sample(name: str) -> bytes:
    """A file of the format."""
    form = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        (path, *_) = form.write(ROWS, Path(folder, f"a{form.extensions[0]}"))
        return path.read_bytes()


SAMPLES = {name: sample(name) for name in FORMATS}


def complaint(name: str, path: Path) -> str:
    with pytest.raises(MoodlightError) as caught:
        FORMATS[name].read(path)
    sentence = str(caught.value)
    assert str(path) in sentence and "\n" not in sentence and sentence.endswith((".", ".)"))
    return sentence


def path_of(name: str, folder: Path) -> Path:
    return folder / f"a{FORMATS[name].extensions[0]}"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "cannot be read as|neither UTF-8"),
        ("Stimmung: fröhlich\tjä\n".encode("latin-1"), "cannot be read as|neither UTF-8"),
        (b"file,start,end,emotion\na.wav,0,1,anger\n", "cannot be read as"),
        (b'{"a": [1, 2', "cannot be read as"),
        (b"\xff\xfeA", "cannot be read as|neither UTF-8"),
    ],
    ids=["empty", "blank", "a picture", "another encoding", "a table", "half a JSON", "half a letter"],
)
def test_another_file(name: str, data: bytes, sentence: str, tmp_path: Path) -> None:
    path = path_of(name, tmp_path)
    path.write_bytes(data)
    assert any(part in complaint(name, path) for part in sentence.split("|"))
    with pytest.raises(MoodlightError, match=r"Known: Audacity's label tracks \(\.txt\), Praat's TextGrid"):
        detect(path)


@pytest.mark.parametrize("name", FORMATS)
def test_no_file(name: str, tmp_path: Path) -> None:
    assert "No such file" in complaint(name, path_of(name, tmp_path))
    assert "holds no file that ends in" in complaint(name, tmp_path)
    with pytest.raises(MoodlightError, match="No such file"):
        detect(path_of(name, tmp_path))
    with pytest.raises(MoodlightError, match="no labels in a format that is known"):
        detect(tmp_path)
    os.mkfifo(path_of(name, tmp_path))
    assert "not a regular file" in complaint(name, path_of(name, tmp_path))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_too_large(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = path_of(name, tmp_path)
    path.write_bytes(SAMPLES[name])
    monkeypatch.setattr(content, "MAX_BYTES", 50)
    assert "is larger than" in complaint(name, path)


@pytest.mark.parametrize("name", ["textgrid", "eaf", "label-studio"])
def test_a_file_that_is_cut_off_anywhere(name: str, tmp_path: Path) -> None:
    path = path_of(name, tmp_path)
    whole = SAMPLES[name].rstrip()
    for length in range(1, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:length])
        complaint(name, path)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_changed_bytes_are_read_or_complained_of(name: str, data: st.DataObject) -> None:
    changed = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"9", b"-"])
        )
    with tempfile.TemporaryDirectory() as folder:
        path = path_of(name, Path(folder))
        path.write_bytes(changed)
        with contextlib.suppress(MoodlightError):
            FORMATS[name].read(path)


BOMB = """<?xml version="1.0"?>
<!DOCTYPE ANNOTATION_DOCUMENT [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<ANNOTATION_DOCUMENT>&c;</ANNOTATION_DOCUMENT>"""
THIEF = """<?xml version="1.0"?>
<!DOCTYPE ANNOTATION_DOCUMENT [<!ENTITY stolen SYSTEM "file:///etc/passwd">]>
<ANNOTATION_DOCUMENT>&stolen;</ANNOTATION_DOCUMENT>"""


@pytest.mark.parametrize(
    "text", [BOMB, THIEF, BOMB.encode("utf-16").decode("latin-1")], ids=["bomb", "thief", "utf-16"]
)
def test_entities_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    path.write_bytes(text.encode("latin-1"))
    assert "document type" in complaint("eaf", path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('TIME_SLOT_REF1="ts1"', 'TIME_SLOT_REF1="ts99"', "a time slot that is not there"),
        (' TIME_VALUE="500"', "", "has no time"),
        ('TIME_VALUE="500"', 'TIME_VALUE="soon"', "soon"),
        ('TIME_VALUE="500"', 'TIME_VALUE="999999"', "there is no clip"),
        ("noNamespaceSchemaLocation", "other", "a part of it is missing"),
        ("ANNOTATION_DOCUMENT", "svg", "it holds <svg>"),
    ],
)
def test_an_eaf_that_contradicts_itself(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    text = SAMPLES["eaf"].decode()
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert sentence in complaint("eaf", path)


def test_annotations_that_refer_to_each_other(tmp_path: Path) -> None:
    def reference(name: str, to: str) -> str:
        value = "<ANNOTATION_VALUE>x</ANNOTATION_VALUE>"
        annotation = f'<REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{to}">{value}</REF_ANNOTATION>'
        return f"<ANNOTATION>{annotation}</ANNOTATION>"

    tier = f'<TIER TIER_ID="mood" PARENT_REF="mood">{reference("r1", "r2")}{reference("r2", "r1")}</TIER>'
    path = tmp_path / "a.eaf"
    path.write_text(SAMPLES["eaf"].decode().replace("<LINGUISTIC_TYPE", f"{tier}<LINGUISTIC_TYPE", 1), encoding="utf-8")
    assert "has no time" in complaint("eaf", path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ooTextFile", "ooBinaryFile", "saved as a text file"),
        ('"TextGrid"', '"PitchTier TextGrid"', "another kind of Praat's objects"),
        ('class = "IntervalTier"', 'class = "Sound"', "no tier of the kind 'Sound'"),
        ("intervals: size = 3", "intervals: size = 2.5", "no number of tiers or intervals"),
        ("xmin = 0.5", "xmin = 7", "there is no clip"),
        ("xmin = 0.5", 'xmin = "0.5"', "stands where a number should"),
        ('text = "anger"', "text = 5", "stands where a text should"),
    ],
)
def test_a_textgrid_that_contradicts_itself(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    text = SAMPLES["textgrid"].decode()
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert sentence in complaint("textgrid", path)


def export(**result: object) -> list[object]:
    return [{"data": {"audio": "a.wav"}, "annotations": [{"result": [{"id": "x", "from_name": "emotion", **result}]}]}]


@pytest.mark.parametrize(
    ("tasks", "sentence"),
    [
        ([{"audio": "a.wav", "label": []}], "export it as JSON, not as JSON-MIN"),
        ([{"data": {"image": "a.png"}, "annotations": []}], "names no recording"),
        ([{"data": {"audio": "/data/local-files/?d=../../a.wav"}, "annotations": []}], "below a folder"),
        ([3], "stands where an object should"),
        ([{"data": {"audio": "a.wav"}, "annotations": {}}], "stands where a list should"),
        (export(value={"start": "1", "end": 2, "labels": ["x"]}), "has the times"),
        (export(value={"start": 1, "end": 1e999, "labels": ["x"]}), "has the times"),
        (export(value={"start": 2, "end": 1, "labels": ["x"]}), "there is no clip"),
        (export(value={"choices": ["x"]}, meta={"weight": True}), "the weight is 'True'"),
        (export(value={"choices": ["x"]}, meta={"unsure": "no"}), "the unsure is 'no'"),
        (export(value={"choices": 3}), "stands where a list should"),
    ],
)
def test_an_export_that_makes_no_sense(tasks: object, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(tasks))
    assert sentence in complaint("label-studio", path)


def test_an_export_that_is_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" * 200_000)
    assert "nested too deeply" in complaint("label-studio", path)


def test_a_line_that_is_no_label(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for line, sentence in [("soon\t1\tx", "START, END and TEXT"), ("2\t1\tx", "there is no clip"), ("1", "START, END")]:
        path.write_text(f"0\t1\tanger\n{line}\n")
        assert sentence in complaint("audacity", path)


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    row = LabelledClip(tmp_path / os.fsdecode(b"a\xff.wav"), 0.0, 1.0, "anger")
    for name in ("eaf", "label-studio"):
        with pytest.raises(MoodlightError, match="not valid text"):
            FORMATS[name].write([row], path_of(name, tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_window_may_import_it() -> None:
    program = "import sys, core.exchange; print({'torch', 'praatio', 'pympi', 'PySide6'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
