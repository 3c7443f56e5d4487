from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ManifestError
from training.conditions import CONDITIONS
from training.evaluate import evaluate, speakers_on_two_sides
from training.manifest import Clip, write_manifest

EMOTIONS = ("anger", "sadness")


@pytest.fixture
def clips(make_wav: Callable[..., Path]) -> list[Clip]:
    """Four test clips of two speakers, and two train clips of a third."""
    return [
        Clip(
            make_wav(f"{number}.wav", seconds=0.6 + 0.1 * number, kind="speech"),
            speaker=f"s{number // 2}",
            emotion=EMOTIONS[number % 2],
            transcript="It is late." if number else "It is a new sentence.",
            split="test" if number < 4 else "train",
        )
        for number in range(6)
    ]


@pytest.fixture
def manifest(clips: list[Clip], tmp_path: Path) -> Path:
    return written(clips, tmp_path)


def written(clips: list[Clip], folder: Path) -> Path:
    write_manifest(clips, folder / "m.csv")
    return folder / "m.csv"


def test_every_condition_is_measured_on_the_same_clips(manifest: Path, untrained_model: Path) -> None:
    report = evaluate(untrained_model, manifest, "test", "cpu", conditions=CONDITIONS)
    assert (report.clips, report.speakers, report.speaker_overlap) == (4, 2, ())
    assert report.seconds == pytest.approx(0.6 + 0.7 + 0.8 + 0.9)
    changed = [each for slicing in report.slicings if slicing.by in ("band", "noise") for each in slicing.slices]
    assert len(changed) == 2 + len(CONDITIONS)
    assert all((each.clips, each.speakers, each.word_clips) == (4, 2, 4) for each in changed)
    assert "10 dB" in "\n".join(report.lines())


def test_notes_say_what_a_reader_must_know(manifest: Path, untrained_model: Path) -> None:
    notes = "\n".join(evaluate(untrained_model, manifest, "test", "cpu").notes)
    assert "Speaker-independent" in notes and "(test, train)" in notes
    assert "3 of 4 transcribed clips say a sentence that stands in another split" in notes
    assert "2 speakers were measured" in notes
    assert "no fitted temperature" in notes
    assert "All splits were measured together" in "\n".join(evaluate(untrained_model, manifest, "", "cpu").notes)


def test_speakers_that_are_not_named_cannot_be_checked(
    make_wav: Callable[..., Path], untrained_model: Path, tmp_path: Path
) -> None:
    manifest = written([Clip(make_wav("silence.wav", kind="silence"), emotion="anger", split="test")], tmp_path)
    report = evaluate(untrained_model, manifest, "test", "cpu")
    notes = "\n".join(report.notes)
    assert "1 of 1 clips have no speaker" in notes
    assert "there are no intervals" in notes
    assert "1 of the clips is silent" in notes
    assert report.emotion is not None and report.emotion.ua.low is None


def test_a_speaker_on_both_sides_is_refused_or_marked(clips: list[Clip], untrained_model: Path, tmp_path: Path) -> None:
    both = Clip(clips[5].file, speaker="s0", emotion="anger", split="train")
    manifest = written([*clips, both], tmp_path)
    with pytest.raises(ManifestError, match="'s0'"):
        evaluate(untrained_model, manifest, "test", "cpu")
    report = evaluate(untrained_model, manifest, "test", "cpu", allow_speaker_overlap=True)
    assert report.speaker_overlap == ("s0",)
    assert report.notes[0].startswith("speaker overlap!") and "s0" in report.notes[0]
    assert all("speaker overlap!" in line for line in report.lines() if "UA " in line or "WER 0" in line)


def test_overlap_may_be_allowed_where_there_is_none(manifest: Path, untrained_model: Path) -> None:
    report = evaluate(untrained_model, manifest, "test", "cpu", allow_speaker_overlap=True)
    assert report.speaker_overlap == () and "overlap" not in "\n".join(report.lines())


def test_speakers_on_two_sides() -> None:
    sides = [("a", "train"), ("a", "test"), ("b", "test"), ("", "train"), ("", "test"), ("c", ""), ("c", "dev")]
    clips = [Clip(Path("x.wav"), speaker=speaker, split=split) for speaker, split in sides]
    assert speakers_on_two_sides(clips) == ("a",)


def test_what_cannot_be_measured_is_a_sentence(untrained_model: Path, clips: list[Clip], tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no clips"):
        evaluate(untrained_model, written([], tmp_path), "", "cpu")
    gone = Clip(tmp_path / "gone.wav", emotion="anger", split="test")
    with pytest.raises(ManifestError, match=r"None of the clips .*gone\.wav"):
        evaluate(untrained_model, written([gone], tmp_path), "test", "cpu")
    report = evaluate(untrained_model, written([*clips, gone], tmp_path), "test", "cpu", conditions=CONDITIONS[:1])
    assert report.clips == 4 and "gone.wav" in report.unreadable[0]
