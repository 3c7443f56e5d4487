"""What a user names becomes a list of recordings, each part of each once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import fsspec
import pytest

from core.audio.decode import find_sounds
from core.clips import Listener, file_clips
from core.errors import AudioError, ConfigError, ManifestError, ProjectError
from core.predictions import Prediction, write_score_table
from core.project.annotations import annotate
from core.project.clips import split_clip
from core.project.opening import create_project
from core.project.recordings import add_files
from core.score.inputs import list_items
from core.score.items import Item
from core.score.places import local_file
from tests.unit.core.project.conftest import write_sound

NAMES = ["b.WAV", "a b/c.mp3", "a/z.flac", "a/c.wav", "한국어/😀 x.Ogg", "a-1.m4a"]
ORDER = ["a/c.wav", "a/z.flac", "a b/c.mp3", "a-1.m4a", "b.WAV", "한국어/😀 x.Ogg"]  # parts are compared, not letters
LEFT_OUT = ["notes.txt", ".hidden.wav", ".cache/e.wav", "a/.x/e.wav", "wav"]


def fill(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def files(*inputs: object, **options: Sequence[str]) -> list[str]:
    return [item.file for item in list_items([str(each) for each in inputs], **options)]


def below(folder: Path, **options: Sequence[str]) -> list[str]:
    return [Path(file).relative_to(folder).as_posix() for file in files(folder, **options)]


@pytest.fixture
def store_of_objects() -> Iterator[str]:
    """An object store in memory; what is put there is gone afterwards."""
    system = fsspec.filesystem("memory")
    for name in (*NAMES, *LEFT_OUT):
        system.pipe(f"/season/{name}", b"x")
    yield "memory://season"
    system.rm("/", recursive=True)


def test_a_folder_gives_its_sound_files_sorted_by_path(tmp_path: Path) -> None:
    fill(tmp_path, [*NAMES, *LEFT_OUT])
    assert below(tmp_path) == sorted(ORDER, key=lambda name: Path(name).parts)
    assert [Path(file) for file in files(tmp_path)] == find_sounds([tmp_path])


def test_files_are_called_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ["sub/a.wav"])
    monkeypatch.chdir(tmp_path)
    assert files(".") == files("sub") == files("sub/") == files("./sub/a.wav") == [str(Path("sub/a.wav"))]


def test_each_file_is_listed_once_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ["b.wav", "a.wav"])
    monkeypatch.chdir(tmp_path)
    assert files("b.wav", tmp_path, ".", "../" + tmp_path.name) == ["b.wav", str(tmp_path / "a.wav")]


def test_what_is_no_sound_file_or_is_not_there_is_listed_where_it_was_named(tmp_path: Path) -> None:
    fill(tmp_path, ["notes.txt"])
    named = [str(tmp_path / "notes.txt"), str(tmp_path / "gone.wav"), "nul\0.wav"]
    assert files(*named) == named
    assert files("") == []


def test_a_folder_without_a_sound_gives_nothing(tmp_path: Path) -> None:
    fill(tmp_path, LEFT_OUT)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*.wav"], [], ["a/c.wav", "b.WAV"]),
        (["*.WAV"], [], ["a/c.wav", "b.WAV"]),
        (["a/*.wav"], [], ["a/c.wav"]),
        (["c.*"], [], ["a/c.wav", "a b/c.mp3"]),
        (["a"], [], ["a/c.wav", "a/z.flac"]),
        (["B.wav"], [], []),
        (["**/c.*"], [], ["a/c.wav", "a b/c.mp3"]),
        (["./a/c.wav", "*.ogg"], [], ["a/c.wav", "한국어/😀 x.Ogg"]),
        ([], ["a*"], ["b.WAV", "한국어/😀 x.Ogg"]),
        ([], ["a/*", "*.mp3"], ["a-1.m4a", "b.WAV", "한국어/😀 x.Ogg"]),
        ([], ["*/*"], ["a-1.m4a", "b.WAV"]),
        (["*.wav"], ["a/"], ["b.WAV"]),
        (["*.txt"], [], []),
    ],
)
def test_patterns(
    tmp_path: Path, store_of_objects: str, include: list[str], exclude: list[str], expected: list[str]
) -> None:
    fill(tmp_path, [*NAMES, *LEFT_OUT])
    assert set(below(tmp_path, include=include, exclude=exclude)) == set(expected)
    remote = files(store_of_objects, include=include, exclude=exclude)
    assert {file.removeprefix("memory://season/") for file in remote} == set(expected)


def test_patterns_do_not_touch_what_was_named_itself(tmp_path: Path) -> None:
    fill(tmp_path, ["a.wav"])
    assert files(tmp_path / "a.wav", exclude=["*.wav"]) == [str(tmp_path / "a.wav")]


@pytest.mark.parametrize("pattern", ["", "/", "a**b"])
def test_a_pattern_without_sense_is_told_of(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError, match="pattern"):
        files(tmp_path, include=[pattern])


def test_links(tmp_path: Path) -> None:
    calls = fill(tmp_path / "calls", ["a.wav", "sub/b.wav"])
    (calls / "loop").symlink_to(calls)
    (calls / "self.wav").symlink_to(calls / "self.wav")
    (calls / "link.wav").symlink_to(calls / "a.wav")
    (calls / "broken.wav").symlink_to(tmp_path / "gone.wav")
    assert below(calls) == ["a.wav", "broken.wav", "link.wav", "self.wav", "sub/b.wav"]
    assert [path.name for path in find_sounds([calls])] == ["a.wav", "link.wav", "b.wav"]
    (tmp_path / "elsewhere").symlink_to(calls)
    assert len(files(tmp_path / "elsewhere")) == 5


def test_a_folder_deeper_than_python_recurses(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(sys.getrecursionlimit() + 100):
        folder = folder / "d"
        folder.mkdir()
    fill(folder, ["a.wav"])
    found = files(tmp_path)
    (folder / "a.wav").unlink()
    while folder != tmp_path:  # which shutil.rmtree could not
        folder.rmdir()
        folder = folder.parent
    assert len(found) == 1


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nobody may look into a folder: permissions do not stop the system's administrator."""
    look = os.scandir

    def scandir(path: str | Path = ".") -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_subfolder_that_may_not_be_read_is_an_item_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, ["a.wav", "locked/b.wav", "z.wav"])
    refuse(monkeypatch, tmp_path / "locked")
    assert below(tmp_path) == ["a.wav", "locked", "z.wav"]
    assert below(tmp_path, include=["a.*"]) == ["a.wav", "locked"]
    assert below(tmp_path, exclude=["locked"]) == ["a.wav", "z.wav"]
    with pytest.raises(AudioError, match="may not be read") as told, local_file(str(tmp_path / "locked")):
        pass
    assert told.value.cause == "permission"
    assert find_sounds([tmp_path]) == [tmp_path / "a.wav", tmp_path / "z.wav"]
    assert "locked" in caplog.text


def test_a_named_folder_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, tmp_path)
    with pytest.raises(AudioError, match="may not be read"):
        files(tmp_path)


def test_stdin_has_a_path_a_line_or_a_nul_behind_each(tmp_path: Path) -> None:
    fill(tmp_path / "sub", ["b.wav"])
    text = f"\ufeffx y.wav\r\n\n한국어.flac\n{tmp_path / 'sub'}\nx y.wav"
    listed = list(list_items(["-", "last.wav"], stdin=io.StringIO(text)))
    expected = ["x y.wav", "한국어.flac", str(tmp_path / "sub" / "b.wav"), "last.wav"]
    assert [item.file for item in listed] == expected
    listed = list(list_items(["-"], stdin=io.StringIO("two\nlines.wav\0b.wav\0")))
    assert [item.file for item in listed] == ["two\nlines.wav", "b.wav"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\n.wav"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    strict = io.TextIOWrapper(io.BytesIO(raw + b"\0"), encoding="utf-8")
    assert [item.file for item in list_items(["-"], stdin=strict)] == files(tmp_path) == [os.fsdecode(raw)]
    table = tmp_path / "scores.csv"
    write_score_table(table, [Prediction.no_speech(os.fsdecode(raw), 0.0, 1.0, "m")], ["anger"])
    assert files(table) == [os.fsdecode(raw)]


def test_a_manifest_says_what_is_known_of_its_clips(tmp_path: Path) -> None:
    manifest = tmp_path / "corpus" / "all.csv"
    fill(tmp_path, ["corpus/all.csv"])
    manifest.write_text(
        "file,start,end,speaker,emotion,transcript,split,other\n"
        "../a.wav,,,,,,,\n"
        "sub/b.wav,00:00:01.5,2.5,ana,anger,so what,test,1\n"
        "sub/b.wav,1.5,2.5,ben,,,,\n"
        "s3://bucket/c.wav,2,nan,,,,,\n",
        encoding="utf-8-sig",
    )
    assert list(list_items([str(manifest)])) == [
        Item(str(tmp_path / "a.wav")),
        Item(str(tmp_path / "corpus" / "sub" / "b.wav"), 1.5, 2.5, "ana", "anger", "so what", "test"),
        Item("s3://bucket/c.wav", 2.0),
    ]


def test_a_manifest_in_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs the extra 'tables'")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"file": ["a.wav", "a.wav"], "start": [0.0, 1.0], "speaker": ["ana", None]})
    parquet.write_table(table, tmp_path / "m.PARQUET")
    file = str(tmp_path / "a.wav")
    assert list(list_items([str(tmp_path / "m.PARQUET")])) == [Item(file, speaker="ana"), Item(file, 1.0)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name\na.wav\n", "no column 'file'"),
        ("file,start\na.wav,1\n,1\n", "line 3"),
        ("file,start,end\na.wav,2,1\n", "line 2"),
        ("file,start\na.wav,soon\n", "line 2"),
    ],
)
def test_a_manifest_without_sense_is_told_of(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ManifestError, match=told):
        files(tmp_path / "m.csv")


def test_a_manifest_that_is_missing_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"m\.csv cannot be read"):
        files(tmp_path / "m.csv")


def test_what_a_model_said_is_no_annotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ["here/a.wav", "tables/b.wav"])
    monkeypatch.chdir(tmp_path)
    said = [
        Prediction(file, 0.0, 1.5, "anger", 0.9, {"anger": 0.9}, (), model)
        for file in ("here/a.wav", "b.wav")
        for model in ("one", "two")
    ]
    write_score_table(Path("tables/scores.csv"), said, ["anger"])
    beside = os.path.normpath("tables/b.wav")
    assert list(list_items(["tables/scores.csv"])) == [Item("here/a.wav", 0.0, 1.5), Item(beside, 0.0, 1.5)]


def test_a_project_gives_its_clips_with_what_people_said(tmp_path: Path) -> None:
    a, b, c = (tmp_path / "sounds" / name for name in ("a.wav", "b.wav", "c.wav"))
    for number, sound in enumerate((a, b, c)):
        write_sound(sound, 2.0, seed=number)
    path = tmp_path / "p.moodlight"
    with create_project(path, annotator="ana") as store:
        add_files(store, [a.parent])
        first, second, third = (row[0] for row in store.rows("SELECT id FROM clips ORDER BY id"))
        split_clip(store, third, 1.0)
        annotate(store, [first, second], 1, label="anger", transcript="words")
        store.annotator = "ben"
        annotate(store, [first], 1, label="sadness")
        annotate(store, [second], 1, label="sadness", transcript="better words")
        annotate(store, [first], 1, label="neutral", adjudicated=True, transcript="the words")
        with store.command("speakers") as connection:
            connection.execute("UPDATE recordings SET speaker = 'kim'")
        items = list(list_items([str(path)]))  # while it is open, and written to
        annotate(store, [second], 1, label="anger")
        assert list(list_items([str(path)]))[1].emotion == "anger"
    assert items[:2] == [
        Item(str(a), speaker="kim", emotion="neutral", transcript="the words"),
        Item(str(b), speaker="kim", transcript="better words"),  # as many say one thing as the other
    ]
    assert [(item.file, item.start_s, item.emotion) for item in items[2:]] == [(str(c), 0.0, ""), (str(c), 1.0, "")]
    assert items[2].end_s == 1.0
    assert list(file_clips(items[2].file, items[2].start_s, items[2].end_s, "none", Listener()))


def test_a_project_that_is_none_is_told_of(tmp_path: Path) -> None:
    fill(tmp_path, ["p.moodlight"])
    with pytest.raises(ProjectError, match="not a Moodlight project"):
        files(tmp_path / "p.moodlight")


def test_a_folder_of_objects_is_listed_as_one_on_the_disk(tmp_path: Path, store_of_objects: str) -> None:
    fill(tmp_path, [*NAMES, *LEFT_OUT])
    remote = files(store_of_objects)
    assert remote == [f"memory://season/{name}" for name in below(tmp_path)]
    assert files(store_of_objects + "/") == files(store_of_objects, remote[0]) == remote
    assert files(tmp_path.as_uri()) == [f"{tmp_path.as_uri()}/{name}" for name in below(tmp_path)]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("memory://season/a/*", ["a/c.wav", "a/z.flac"]),
        ("memory://season/*/c.*", ["a/c.wav", "a b/c.mp3"]),
        ("memory://season/a*", ["a/c.wav", "a/z.flac", "a b/c.mp3", "a-1.m4a"]),
        ("memory://seas*/b.WAV", ["b.WAV"]),
        ("memory://*/b.WAV", ["b.WAV"]),
        ("memory://season/nothing*", []),
    ],
)
def test_globs_of_addresses(store_of_objects: str, glob: str, expected: list[str]) -> None:
    assert sorted(files(glob)) == sorted(f"{store_of_objects}/{name}" for name in expected)


def test_a_manifest_among_objects(store_of_objects: str) -> None:
    system = fsspec.filesystem("memory")
    system.pipe("/season/lists/m.csv", b"file,speaker\n../b.WAV,ana\nmemory://other/x.wav,\n")
    assert list(list_items([f"{store_of_objects}/lists/m.csv"])) == [
        Item("memory://season/b.WAV", speaker="ana"),
        Item("memory://other/x.wav"),
    ]


def test_a_missing_object_is_listed_where_it_was_named(store_of_objects: str) -> None:
    named = [f"{store_of_objects}/gone.wav", f"{store_of_objects}/gone", f"{store_of_objects}/notes.txt"]
    assert files(*named) == named
