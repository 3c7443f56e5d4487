"""The evaluation of what was scored, where people have said what is felt or said in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.model_folder import ModelFacts
from core.predictions import Prediction, Word
from core.schemes import load_scheme
from core.score.items import Item, Plan, Result
from training.score_report import score_report, write_score_report

MODEL = ModelFacts("four", "f4f4f4f4f4f4", load_scheme("iemocap4"))
OUT = Path("table.csv")


def said(
    emotion: str | None, start_s: float = 0.0, end_s: float = 1.0, share: float = 0.7, model: str = "four"
) -> Prediction:
    if emotion is None:
        return Prediction.no_speech("a.wav", start_s, end_s, model)
    names = MODEL.scheme.names
    shares = {name: share if name == emotion else (1 - share) / 3 for name in names}
    words = (Word("IT", start_s, end_s, 0.9), Word("IS", start_s, end_s, 0.9))
    return Prediction("a.wav", start_s, end_s, emotion, share, shares, words, model)


def scored(
    emotion: str, *predictions: Prediction, speaker: str = "", split: str = "", transcript: str = ""
) -> tuple[Item, Result]:
    item = Item(f"{emotion}-{speaker}-{len(predictions)}.wav", 0.0, None, speaker, emotion, transcript, split)
    return item, Result(predictions)


def test_labels_are_compared_with_answers() -> None:
    pairs = [
        scored("anger", said("anger"), speaker="ana", transcript="it is"),
        scored("anger", said("sadness"), speaker="bo", transcript="it was"),
        scored("sadness", said("sadness"), speaker="bo"),
        scored("", said("anger"), speaker="bo"),  # nothing is known of it
        scored("boredom", said("anger"), speaker="bo"),  # the model does not give that
        scored("", said("anger"), speaker="cy", transcript="it is"),
    ]
    report = score_report(pairs, MODEL, OUT)
    assert report is not None
    assert (report.clips, report.speakers, report.manifest) == (4, 3, "table.csv")
    assert report.emotion is not None
    assert report.words is not None
    assert (report.emotion.clips, report.emotion.wa.value) == (3, pytest.approx(2 / 3))
    assert report.emotion.wa.low is not None, "there are two speakers"
    assert (report.words.clips, report.words.wer.value) == (3, pytest.approx(1 / 6))
    assert "cannot be checked" in " ".join(report.notes)
    assert "level" not in {slicing.by for slicing in report.slicings}
    assert [each.said for each in report.wrong_emotions] == ["sadness"]


def test_several_clips_are_averaged_by_their_lengths() -> None:
    clips = (said("anger", 0.0, 1.0, 0.9), said(None, 1.0, 2.0), said("sadness", 2.0, 8.0, 0.9))
    report = score_report([scored("sadness", *clips, transcript="it is it is")], MODEL, OUT)
    assert report is not None
    assert report.emotion is not None
    assert report.words is not None
    assert report.emotion.wa.value == 1.0
    assert report.emotion.calibration.confidence == pytest.approx((0.1 / 3 * 1 + 0.9 * 6) / 7)
    assert report.words.wer.value == 0.0
    assert report.seconds == 8.0
    assert "1 of 1 inputs were cut into several clips" in " ".join(report.notes)


def test_the_first_model_is_measured() -> None:
    pairs = [scored("anger", said("anger"), said("sadness", model="other"))]
    report = score_report(pairs, MODEL, OUT)
    assert report is not None
    assert report.emotion is not None
    assert report.emotion.wa.value == 1.0


def test_what_has_no_answer_is_told() -> None:
    failure = Item("broken.wav", emotion="anger"), Result(failure="broken.wav is damaged.", cause="damaged")
    report = score_report([scored("anger", said("anger")), scored("anger", said(None)), failure], MODEL, OUT)
    assert report is not None
    assert report.clips == 1
    assert len(report.unreadable) == 2
    assert "broken.wav is damaged." in report.unreadable


def test_speakers_on_two_sides_of_a_split_are_told() -> None:
    pairs = [scored("anger", said("anger"), speaker="ana", split=split) for split in ("train", "test")]
    report = score_report(pairs, MODEL, OUT)
    assert report is not None
    assert report.speaker_overlap == ("ana",)
    assert "speaker overlap" in report.notes[0]


@pytest.mark.parametrize("pairs", [[], [scored("", said("anger"))], [scored("anger", said(None))]])
def test_where_nothing_can_be_compared_there_is_no_report(pairs: list[tuple[Item, Result]]) -> None:
    assert score_report(pairs, MODEL, OUT) is None


def test_the_report_is_a_folder(tmp_path: Path, untrained_model: Path) -> None:
    pairs = [scored("anger", said("anger", model="untrained"), speaker=speaker) for speaker in ("ana", "bo")]
    plan = Plan((untrained_model,))
    page = write_score_report(pairs, plan, tmp_path / OUT, tmp_path / "table.evaluation")
    assert page == tmp_path / "table.evaluation" / "report.html"
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["clips"] == 2
    assert "</html>" in page.read_text(encoding="utf-8")
    assert write_score_report([], plan, tmp_path / OUT, tmp_path / "none") is None
    assert not (tmp_path / "none").exists()
