"""Writers of tables and clips: what is written is what the readers read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audformat import duration_text
from core.errors import ManifestError, MoodlightError
from core.exchange.labels import LabelledClip
from core.tables import parse_seconds
from training.corpora import read_corpus
from training.corpora.sound_writer import write_class_folders, write_clips
from training.corpora.writers import (
    WRITERS,
    write_audformat,
    write_emobox,
    write_manifest_table,
    write_nkululeko,
)
from training.corpora.writing import clips_of
from training.manifest import Clip, read_manifest

A = Path("a.wav")
NAMES = ("a.wav", 'with space/it\'s "b", c.wav', "목소리 🙂.flac")
LABELS = ("", "anger", "기쁨 🙂", 'he said "x", y', "a=b", "two\nlines")


def said(*labels: str, **more: object) -> list[LabelledClip]:
    return [LabelledClip(A, label=label, annotator=str(n), **more) for n, label in enumerate(labels)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "emotion", "votes"),
    [
        (said("anger"), "anger", ()),
        (said("anger", "anger", "fear"), "anger", (("anger", 2.0), ("fear", 1.0))),
        (said("fear", "anger"), "", (("fear", 1.0), ("anger", 1.0))),
        (said("", "anger", ""), "anger", ()),
        (said("", ""), "", ()),
    ],
    ids=["one", "a majority", "a tie", "some without", "none"],
)
def test_annotators_become_votes(rows: list[LabelledClip], emotion: str, votes: tuple[tuple[str, float], ...]) -> None:
    (clip,) = clips_of(rows)
    assert (clip.emotion, clip.votes) == (emotion, votes)


def test_an_adjudication_decides_and_is_no_vote() -> None:
    rows = [
        *said("fear", "fear", "anger", weight=0.5, transcript="go", speaker="s"),
        LabelledClip(A, label="neutral", adjudicated=True, made="2024-03-02", transcript="no"),
        LabelledClip(A, label="joy", adjudicated=True, made="2024-03-01", weight=2.0),
        LabelledClip(A, 0.0, 1.0, label="joy"),
    ]
    first, second = clips_of(rows)
    assert (first.emotion, first.votes) == ("neutral", (("fear", 2.0), ("anger", 1.0)))
    assert (first.transcript, first.speaker, first.weight) == ("no", "s", 1.0)
    assert second == Clip(A, 0.0, 1.0, emotion="joy")
    (undecided,) = clips_of([*said("fear", "fear", "anger"), LabelledClip(A, adjudicated=True)])
    assert undecided.emotion == "fear"


def test_what_most_say_of_a_speaker_counts_and_weights_are_averaged() -> None:
    rows = [
        LabelledClip(A, sex="male", weight=1.0),
        LabelledClip(A, sex="female", weight=0.5, split="dev"),
        LabelledClip(A, sex="female", weight=0.0, age="30"),
    ]
    (clip,) = clips_of(rows)
    assert clip == Clip(A, sex="female", age="30", split="dev", weight=0.5)


def test_a_point_is_no_clip() -> None:
    with pytest.raises(ManifestError, match=r"a\.wav has a label at 1\.5 s without a length"):
        clips_of([LabelledClip(A, 1.5, 1.5, "breath")])


def test_times_as_pandas_writes_them() -> None:
    assert duration_text(None) == ""
    assert duration_text(0.0) == "0 days 00:00:00.000000"
    assert duration_text(90061.000001) == "1 days 01:01:01.000001"
    assert parse_seconds(duration_text(90061.5)) == 90061.5


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Recordings of two seconds. What is written need not survive a power cut, which a test would wait for."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as name:
        patch.setattr(os, "fsync", lambda descriptor: None)
        for recording in NAMES:
            path = Path(name, "sounds", recording)
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.full(1000, 0.25), 500)
        yield Path(name)


micros = st.integers(0, 2_000_000)
texts = st.sampled_from(["", 'says "no", \n then', "ㅎㅎ 🙂", "\u2028 \x85 .", "nan", "1.0"]) | st.text(max_size=10)


@st.composite
def labelled(draw: Callable[..., object]) -> LabelledClip:
    times = sorted(draw(st.sets(micros, min_size=2, max_size=2)))  # type: ignore[call-overload]
    start_s, end_s = draw(st.sampled_from([(0.0, None), (times[0] / 1e6, None), (times[0] / 1e6, times[1] / 1e6)]))  # type: ignore[misc]
    return LabelledClip(
        Path(draw(st.sampled_from(NAMES))),  # type: ignore[arg-type]
        start_s,
        end_s,
        draw(st.sampled_from(LABELS)),  # type: ignore[arg-type]
        draw(texts),  # type: ignore[arg-type]
        draw(st.sampled_from(["ana", "ben"])),  # type: ignore[arg-type]
        sex=draw(st.sampled_from(["", "female", "male"])),  # type: ignore[arg-type]
        age=draw(st.sampled_from(["", "30"])),  # type: ignore[arg-type]
        speaker=draw(st.sampled_from(["", "s1", "화자"])),  # type: ignore[arg-type]
        split=draw(st.sampled_from(["", "train", "dev", "test"])),  # type: ignore[arg-type]
        weight=draw(st.sampled_from([1.0, 0.5, 0.0])),  # type: ignore[arg-type]
        adjudicated=draw(st.sampled_from([False, False, True])),  # type: ignore[arg-type]
    )


some_rows = st.lists(labelled(), min_size=1, max_size=5)
quick = settings(max_examples=40, deadline=None)


def placed(rows: list[LabelledClip], folder: Path) -> list[LabelledClip]:
    return [replace(row, file=folder / "sounds" / row.file) for row in rows]


def in_order(clips: list[Clip]) -> list[str]:
    clips = [replace(clip, file=Path(os.path.normpath(clip.file))) for clip in clips]
    return sorted(
        repr(replace(clip, start_s=round(clip.start_s, 6), end_s=clip.end_s and round(clip.end_s, 6))) for clip in clips
    )


@quick
@given(rows=some_rows, extension=st.sampled_from([".csv", ".parquet"]))
def test_a_manifest_holds_every_clip(folder: Path, rows: list[LabelledClip], extension: str) -> None:
    rows = placed(rows, folder)
    path = folder / "tables" / f"m{extension}"
    assert write_manifest_table(rows, path).files == (path,)
    assert read_manifest(path) == clips_of(rows)
    assert str(folder) not in path.read_bytes().decode("latin-1")


@quick
@given(rows=some_rows)
def test_nkululeko(folder: Path, rows: list[LabelledClip]) -> None:
    rows = placed(rows, folder)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        write_nkululeko(rows, Path(out, "mine.csv"))
        corpus = read_corpus("nkululeko", Path(out))
    clips = [replace(clip, weight=1.0, votes=()) for clip in clips_of(rows)]
    if not any(clip.split for clip in clips):  # the reader's rule where no split is known
        clips = [replace(clip, split="train") for clip in clips]
    assert in_order(corpus.clips) == in_order(clips)


@quick
@given(rows=some_rows)
def test_emobox(folder: Path, rows: list[LabelledClip]) -> None:
    rows = placed(rows, folder)
    clips = [replace(clip, age="", weight=1.0, votes=()) for clip in clips_of(rows)]
    # EmoBox needs both times of a part
    clips = [replace(clip, end_s=2.0) if clip.start_s and clip.end_s is None else clip for clip in clips]
    with tempfile.TemporaryDirectory(dir=folder) as out:
        write_emobox(rows, Path(out, "mine"))
        whole = read_corpus("emobox", Path(out, "mine")).clips
        assert in_order(whole) == in_order([replace(clip, split="train") for clip in clips])
        split = [clip for clip in clips if clip.split]
        if split:
            assert in_order(read_corpus("emobox", Path(out, "mine", "fold_1")).clips) == in_order(split)


@quick
@given(rows=some_rows)
def test_audformat(folder: Path, rows: list[LabelledClip]) -> None:
    # what a table says of a file holds for its segments, so a recording has either
    whole = {row.file for row in rows if (row.start_s, row.end_s) == (0.0, None)}
    rows = placed([replace(row, start_s=0.0, end_s=None) if row.file in whole else row for row in rows], folder)
    rows = [replace(row, speaker=f"mine:{row.speaker}" if row.speaker else "", transcript="hello") for row in rows]
    with tempfile.TemporaryDirectory(dir=folder) as out:
        write_audformat(rows, Path(out, "mine"))
        corpus = read_corpus("audformat", Path(out, "mine"))
    clips = [replace(clip, weight=1.0, votes=()) for clip in clips_of(rows)]
    clips = [clip for clip in clips if clip.emotion] or clips  # where some are labelled, the reader takes those
    if not any(clip.split for clip in clips):
        clips = [replace(clip, split="train") for clip in clips]
    assert in_order(corpus.clips) == in_order(clips) and not corpus.problems


def test_emobox_gets_what_its_loader_asks_for(folder: Path) -> None:
    recording = folder / "sounds" / "a.wav"
    rows = [
        LabelledClip(recording, label="anger", split="dev"),
        LabelledClip(recording, 0.5, None, "x\u2028y"),
        LabelledClip(recording, 0.5, 0.75),
    ]
    out = folder / "emobox" / "mine"
    files = write_emobox(rows, out).files
    assert [file.relative_to(out).as_posix() for file in files] == ["mine.jsonl", "fold_1/mine_valid_fold_1.jsonl"]
    first, second, third = map(json.loads, (out / "mine.jsonl").read_text(encoding="utf-8").splitlines())
    assert first == {
        **{"key": "a_0", "dataset": "mine", "wav": "../../sounds/a.wav", "type": "raw", "sample_rate": 500},
        **{"length": 2.0, "task": "category", "channel": 1, "emo": "anger"},
    }
    assert (second["start_time"], second["end_time"], second["length"]) == (0.5, 2.0, 1.5)
    assert third["length"] == 0.25 and "emo" not in third
    assert json.loads((out / "label_map.json").read_text(encoding="utf-8")) == {
        "anger": "anger",
        "x\u2028y": "x\u2028y",
    }


def test_audformat_header(folder: Path) -> None:
    import yaml

    recording = folder / "sounds" / "a.wav"
    rows = [LabelledClip(recording, label="yes", age="30", split="train"), LabelledClip(recording, 0.5, 1.0, "no")]
    write_audformat(rows, folder / "db")
    header = yaml.safe_load((folder / "db" / "db.yaml").read_text(encoding="utf-8"))
    assert header["schemes"] == {"emotion": {"dtype": "str", "labels": ["no", "yes"]}, "age": {"dtype": "int"}}
    assert {name: table["type"] for name, table in header["tables"].items()} == {
        "emotion": "segmented",
        "emotion.train": "filewise",
    }
    assert (folder / "db" / "db.emotion.csv").read_text(encoding="utf-8").splitlines() == [
        "file,start,end,emotion,age",
        "../sounds/a.wav,0 days 00:00:00.500000,0 days 00:00:01.000000,no,",
    ]


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """One second of 24-bit stereo at 44.1 kHz, in which no two samples are alike."""
    path = tmp_path / "sounds" / "목소리 a.wav"
    path.parent.mkdir()
    samples = (np.arange(88_200, dtype=np.int32).reshape(-1, 2) * 20_000 - 800_000_000) & ~0xFF
    soundfile.write(path, samples, 44_100, subtype="PCM_24")
    return path


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_clips_are_cut_sample_by_sample(tmp_path: Path, stereo: Path, kind: str) -> None:
    rows = [
        LabelledClip(stereo, 0.25, 0.5, "anger", "go", split="dev", speaker="s"),
        LabelledClip(stereo, 0.25, 0.5, "fear", annotator="b"),
        LabelledClip(stereo, 0.9),
        LabelledClip(stereo),
    ]
    written = write_clips(rows, tmp_path / "out", kind)  # type: ignore[arg-type]
    assert written.files == (tmp_path / "out" / "manifest.csv",) and not written.problems
    clips = read_manifest(*written.files)
    assert [clip.file.name for clip in clips] == [f"목소리 a{times}.{kind}" for times in ("_250-500", "_900-end", "")]
    assert [(clip.start_s, clip.end_s) for clip in clips] == [(0.0, None)] * 3
    assert [clip.votes for clip in clips] == [clip.votes for clip in clips_of(rows)]
    whole, _ = soundfile.read(stereo, dtype="int32")
    for clip, part in zip(clips, [whole[11_025:22_050], whole[39_690:], whole], strict=True):
        cut, rate = soundfile.read(clip.file, dtype="int32")
        assert rate == 44_100 and soundfile.info(clip.file).subtype == "PCM_24"
        np.testing.assert_array_equal(cut, part)


@pytest.mark.parametrize("extension", ["mp3", "ogg"])
def test_clips_of_lossy_recordings_are_the_sound_that_they_decode_to(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    times = np.arange(64_000) / 16_000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * (200 + 100 * times) * times), 16_000)
    whole, _ = soundfile.read(path)
    rows = [LabelledClip(path, 1.0, 1.5), LabelledClip(path, 2.0, 3.5)]
    for clip, part in zip(
        read_manifest(*write_clips(rows, tmp_path / "out").files),
        (whole[16_000:24_000], whole[32_000:56_000]),
        strict=True,
    ):
        cut, _ = soundfile.read(clip.file)
        np.testing.assert_allclose(cut, part, atol=2e-3)


def test_a_recording_that_libsndfile_cannot_read_is_decoded(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44_100, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.full((2, 44_100), 0.25, np.float32), "fltp", "stereo")
        frame.rate = 44_100
        container.mux([*stream.encode(frame), *stream.encode(None)])
    (clip,) = read_manifest(*write_clips([LabelledClip(path, 0.25, 0.75, "anger")], tmp_path / "out", "wav").files)
    info = soundfile.info(clip.file)
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (16_000, 1, 8000, "PCM_16")


def test_a_recording_that_cannot_be_read_is_told_and_does_not_stop_the_others(tmp_path: Path, stereo: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    rows = [LabelledClip(broken), LabelledClip(tmp_path / "gone.wav"), LabelledClip(stereo, 5.0), LabelledClip(stereo)]
    written = write_clips(rows, tmp_path / "out")
    assert [problem.file.name for problem in written.problems] == ["broken.wav", "gone.wav", "목소리 a.wav"]
    assert {problem.kind for problem in written.problems} == {"unreadable"}
    assert "nothing from 5.0 s on" in written.problems[2].detail
    assert len(read_manifest(*written.files)) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.csv", "목소리 a.flac"]


def test_what_flac_cannot_hold_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nine.wav"
    soundfile.write(path, np.zeros((100, 9)), 16_000)
    (problem,) = write_clips([LabelledClip(path)], tmp_path / "out").problems
    assert "cannot be written as flac" in problem.detail
    assert not write_clips([LabelledClip(path)], tmp_path / "out", "wav").problems


def test_a_full_disk_is_an_error_of_the_disk(
    tmp_path: Path, stereo: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    from training.corpora import sound_writer

    class Full:
        def __init__(self, stream: object) -> None:
            self._stream = stream

        def __getattr__(self, name: str) -> object:
            return getattr(self._stream, name)

        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sound_writer._Sink, "__init__", _sink_of(Full, sound_writer._Sink.__init__))
    with pytest.raises(OSError, match="No space left"):
        write_clips([LabelledClip(stereo)], tmp_path / "out", "wav")
    assert not list((tmp_path / "out").iterdir())


def _sink_of(
    wrap: Callable[[object], object], start: Callable[[object, object], None]
) -> Callable[[object, object], None]:
    return lambda self, stream: start(self, wrap(stream))


def test_class_folders_are_what_the_reader_reads(tmp_path: Path, stereo: Path) -> None:
    rows = [
        LabelledClip(stereo, 0.0, 0.25, "anger", split="train"),
        LabelledClip(stereo, 0.25, 0.5, "기쁨 🙂", split="dev"),
        LabelledClip(stereo, 0.5, 0.75, "anger"),
        LabelledClip(stereo, 0.75, 1.0),
    ]
    written = write_class_folders(rows, tmp_path / "out")
    assert [clip.file.relative_to(tmp_path / "out").as_posix() for clip in read_manifest(*written.files)] == [
        "train/anger/목소리 a_0-250.wav",
        "dev/기쁨 🙂/목소리 a_250-500.wav",
        "anger/목소리 a_500-750.wav",
        "목소리 a_750-1000.wav",
    ]
    corpus = read_corpus("folders", tmp_path / "out")
    assert sorted((clip.split, clip.emotion) for clip in corpus.clips) == [
        ("", "anger"),
        ("dev", "기쁨 🙂"),
        ("train", "anger"),
    ]
    assert [problem.kind for problem in corpus.problems] == ["unlabelled"]


def test_labels_that_are_no_names_of_folders(tmp_path: Path, stereo: Path) -> None:
    labels = ["../up", "a/b", "..", "CON", "test", "x" * 300, "a:b"]
    rows = [LabelledClip(stereo, n / 10, n / 10 + 0.1, label) for n, label in enumerate(labels)]
    clips = read_manifest(*write_class_folders(rows, tmp_path / "out").files)
    assert [clip.emotion for clip in clips] == labels
    folders = [clip.file.parent.relative_to(tmp_path / "out").as_posix() for clip in clips]
    assert folders == ["_up", "a_b", "_", "CON_", "test_", "x" * 150, "a_b"]
    assert all(clip.file.is_file() for clip in clips)


def test_clips_of_the_same_name_get_files_of_their_own(tmp_path: Path) -> None:
    for name in ("1/a.wav", "2/A.wav"):
        (tmp_path / name).parent.mkdir()
        soundfile.write(tmp_path / name, np.zeros(10), 8000)
    rows = [LabelledClip(tmp_path / "1" / "a.wav"), LabelledClip(tmp_path / "2" / "A.wav")]
    clips = read_manifest(*write_clips(rows, tmp_path / "out").files)
    assert [clip.file.name for clip in clips] == ["a.flac", "A_2.flac"]


@pytest.mark.parametrize("name", WRITERS)
def test_no_recording_is_written_over(name: str, tmp_path: Path) -> None:
    target = tmp_path / "mine.csv" if WRITERS[name].makes == "file" else tmp_path / "mine"
    threatened = {
        "emobox": target / "mine.jsonl",
        "audformat": target / "db.emotion.csv",
        "folders": target / "anger" / "r.wav",
        "clips": target / "r.flac",
    }
    there = threatened.get(name, target)
    there.parent.mkdir(parents=True, exist_ok=True)
    sound = np.zeros(100)
    soundfile.write(there, sound, 8000, format="FLAC" if there.suffix == ".flac" else "WAV")
    before = there.read_bytes()
    with pytest.raises(MoodlightError, match="one of the recordings"):
        WRITERS[name].write([LabelledClip(there, label="anger")], target)
    assert there.read_bytes() == before


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_to_write_makes_an_empty_table(name: str, tmp_path: Path) -> None:
    target = tmp_path / "mine.csv" if WRITERS[name].makes == "file" else tmp_path / "mine"
    assert all(file.is_file() for file in WRITERS[name].write([], target).files)


def test_clips_are_wav_or_flac(tmp_path: Path) -> None:
    with pytest.raises(MoodlightError, match="wav or flac, not as 'mp3'"):
        write_clips([], tmp_path, "mp3")  # type: ignore[arg-type]
