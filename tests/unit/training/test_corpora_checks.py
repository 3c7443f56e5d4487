"""What is found wrong in recordings by listening to them, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.corpora import read_corpus
from training.corpora.checks import Heard, find_problems, hear_clips
from training.corpora.layout import Corpus, Problem
from training.corpora.report import count_failures, describe, write_problems
from training.manifest import Clip


def kinds(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    return [(problem.kind, problem.file.name) for problem in problems]


def sound(path: Path, samples: np.ndarray, rate: int = 8_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.rint(samples * 32767).astype(np.int16), rate)
    return path


def noise(seed: int, seconds: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, round(seconds * 8_000)).astype(np.float32)


def test_faults_are_found_by_listening(tmp_path: Path) -> None:
    loud = np.clip(noise(2) * 5, -1, 1)
    files = {
        "good 좋음 🙂.wav": ("anger", noise(0)),
        "silent.wav": ("anger", np.zeros(4_000, np.float32)),
        "nearly silent.wav": ("anger", noise(1) * 0.003),
        "clipped.wav": ("anger", loud),
        "a.wav": ("anger", noise(3)),
        "a again.flac": ("neutral", noise(3)),
        "b.wav": ("anger", noise(4)),
        "b again.flac": ("anger", noise(4)),
    }
    clips = [Clip(sound(tmp_path / name, samples), emotion=label) for name, (label, samples) in files.items()]
    clips += [Clip(tmp_path / "text.wav", emotion="anger")]
    (tmp_path / "text.wav").write_text("no sound")
    cut = tmp_path / "cut.wav"
    cut.write_bytes(sound(tmp_path / "whole.wav", noise(5)).read_bytes()[:4_000])
    clips += [Clip(cut, emotion="anger")]
    heard = hear_clips(clips)
    problems = find_problems(clips, heard)
    assert sorted(kinds(problems)) == [
        ("clipped", "clipped.wav"),
        ("damaged", "cut.wav"),
        ("duplicate", "a.wav"),
        ("repeated", "b.wav"),
        ("silent", "nearly silent.wav"),
        ("silent", "silent.wav"),
        ("unreadable", "text.wav"),
    ]
    (pair,) = (problem for problem in problems if problem.kind == "duplicate")
    assert pair.detail == "anger, the same as a again.flac (neutral)"
    assert heard[0].duration_s == 0.5


def test_clips_of_one_file_are_heard_each_in_its_place(tmp_path: Path) -> None:
    path = sound(tmp_path / "long.wav", np.concatenate([noise(0, 1.0), np.zeros(8_000, np.float32), noise(1, 1.0)]))
    places = [(0.0, 1.0), (1.0, 2.0), (2.0, None), (2.5, 4.0), (5.0, 6.0)]
    clips = [Clip(path, start, end, emotion="anger") for start, end in places]
    heard = hear_clips(clips)
    assert [round(one.duration_s, 3) for one in heard] == [1.0, 1.0, 1.0, 0.5, 0.0]
    assert [problem.kind for problem in find_problems(clips, heard)] == ["silent", "damaged", "unreadable"]


def test_a_recording_on_both_sides_of_a_split_is_told(tmp_path: Path) -> None:
    paths = [sound(tmp_path / name, noise(0)) for name in ("a.wav", "b.wav")]
    clips = [Clip(path, split=split) for path, split in zip(paths, ("train", "test"), strict=True)]
    (problem,) = find_problems(clips, hear_clips(clips))
    assert problem.detail.endswith("on both sides of a split: test, train")


def test_many_processes_hear_what_one_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.corpora.checks.FILES_FOR_PROCESSES", 4)
    clips = [Clip(sound(tmp_path / f"{number}.wav", noise(number))) for number in range(6)]
    told: list[float] = []
    assert hear_clips(clips, told.append, workers=2) == hear_clips(clips, workers=1)
    assert told == [0.5] * 6


def test_the_report_is_short_and_the_table_is_whole(tmp_path: Path) -> None:
    clips = [
        Clip(tmp_path / f"{n}.wav", speaker=f"s{n % 2}", sex="female", emotion="anger", split="train") for n in range(5)
    ]
    problems = tuple(Problem("silent", clip.file, "peak 0") for clip in clips)
    corpus = Corpus([*clips, Clip(tmp_path / "x.wav", transcript="hi")], problems, ("a note",))
    told = describe("Mine", corpus, [Heard(duration_s=600.0)] * 6, tmp_path)
    assert told.splitlines()[0] == "Mine: 6 clips, 1.00 h, 2 speakers (female 2), 1 clip of unknown ones"
    for fact in ("anger 5, none 1", "train 5 clips of 2 speakers", "a note", "5 silent", "0.wav: peak 0", "and 2 more"):
        assert fact in told
    write_problems(problems, tmp_path / "tables" / "problems.csv")
    rows = (tmp_path / "tables" / "problems.csv").read_text().splitlines()
    assert rows[:2] == ["kind,file,detail", "silent,../0.wav,peak 0"] and len(rows) == 6
    assert count_failures(problems) == 0
    assert "length not measured" in describe("Mine", corpus, [], tmp_path)


def test_the_known_faults_of_crema_d_are_found(shared_data: Path) -> None:
    names = [
        "1006_TIE_HAP",
        "1006_TIE_NEU",
        "1013_WSI_DIS",
        "1013_WSI_SAD",
        "1017_IWW_ANG",
        "1017_IWW_FEA",
        "1076_MTI_SAD",
    ]
    clips = [c for c in read_corpus("crema-d", shared_data / "crema-d").clips if c.file.stem[:-3] in names]
    assert kinds(find_problems(clips, hear_clips(clips))) == [
        ("silent", "1076_MTI_SAD_XX.opus"),
        ("duplicate", "1006_TIE_HAP_XX.opus"),
        ("duplicate", "1013_WSI_DIS_XX.opus"),
        ("duplicate", "1017_IWW_ANG_XX.opus"),
    ]
