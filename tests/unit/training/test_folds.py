"""Folds: every clip is tested once, and nobody stands on two sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ManifestError
from training.folds import SIDES, Fold, choose_dev, group_speakers, make_folds
from training.manifest import Clip


def clips_of(speakers: dict[str, int], split: str = "") -> list[Clip]:
    """So many clips of each speaker; the speaker's last letter is the sex."""
    return [
        Clip(Path(f"{speaker}-{number}.wav"), speaker=speaker, sex=speaker[-1:].lower(), emotion="anger", split=split)
        for speaker, clips in speakers.items()
        for number in range(clips)
    ]


IEMOCAP = clips_of({f"iemocap:Ses0{session}{sex}": 3 + session for session in range(1, 6) for sex in "FM"})
ACTORS = clips_of({f"{number:02}{sex}": 2 + number % 3 for number in range(9) for sex in "FM"})


def check_independent(fold: Fold) -> None:
    sides = [set(fold.speakers(side)) for side in SIDES]
    assert all(sides)
    assert sum(map(len, sides)) == len(set.union(*sides))


@pytest.mark.parametrize(
    ("clips", "kind", "number"), [(IEMOCAP, "session", 5), (ACTORS, "speaker:2", 2), (ACTORS, "speaker:5", 5)]
)
def test_every_clip_is_tested_once_and_by_nobody_who_was_heard_in_training(
    clips: list[Clip], kind: str, number: int
) -> None:
    folds = make_folds(clips, kind, 0.125)
    assert len(folds) == number
    for fold in folds:
        check_independent(fold)
        assert len(fold.clips) == len(clips)
    tested = sorted(str(clip.file) for fold in folds for clip in fold.side("test"))
    assert tested == sorted(str(clip.file) for clip in clips)
    assert sides_of(make_folds(clips[::-1], kind, 0.125)) == sides_of(folds)


def sides_of(folds: list[Fold]) -> list[list[list[str]]]:
    return [[fold.speakers(side) for side in SIDES] for fold in folds]


def test_a_session_is_the_test_with_both_of_its_speakers() -> None:
    folds = make_folds(IEMOCAP, "session", 0.125)
    assert [fold.speakers("test") for fold in folds] == [
        [f"iemocap:Ses0{session}F", f"iemocap:Ses0{session}M"] for session in range(1, 6)
    ]
    assert [len(fold.speakers("dev")) for fold in folds] == [1] * 5


def test_groups_have_about_as_many_clips_and_as_many_of_each_sex() -> None:
    groups = group_speakers(ACTORS, 3)
    for members in groups.values():
        assert sum(name.endswith("F") for name in members) == 3
    sizes = [sum(clip.speaker in members for clip in ACTORS) for members in groups.values()]
    assert max(sizes) - min(sizes) <= 2


def test_dev_speakers_are_of_both_sexes_and_leave_somebody_to_train_on() -> None:
    sexes = {clip.speaker: clip.sex for clip in ACTORS}
    assert sorted(name[-1] for name in choose_dev("1", sexes, 0.2)) == ["F", "F", "M", "M"]
    assert len(choose_dev("1", {"a": "", "b": ""}, 0.9)) == 1


def test_fixed_folds_are_those_of_the_manifest() -> None:
    parts = {"learn": ACTORS[:9], "choose": ACTORS[9:15], "measure": ACTORS[15:21], "other": ACTORS[30:]}
    clips = [
        replace(clip, split=split, speaker=f"{split}{clip.speaker}") for split, part in parts.items() for clip in part
    ]
    (fold,) = make_folds(clips, "fixed", 0.125, ("learn", "choose", "measure"))
    assert [len(fold.side(side)) for side in SIDES] == [9, 6, 6]


def test_a_speaker_on_two_sides_of_a_fixed_split_is_refused() -> None:
    with pytest.raises(ManifestError, match="stands in both"):
        make_folds([*clips_of({"a": 1}, "train"), *clips_of({"a": 1}, "test")], "fixed", 0.125)


@pytest.mark.parametrize(
    ("clips", "kind", "message"),
    [
        (clips_of({"": 4}), "speaker:2", "names the speaker"),
        (clips_of({"a": 4}), "speaker:2", "1 speakers cannot"),
        (clips_of({"a": 2, "b": 2}), "session", "has no session"),
        (clips_of({"a": 2, "b": 2}), "speaker:2", "No clip"),  # one to test, one to choose by: nobody to train on
    ],
)
def test_manifests_that_cannot_be_divided_so_are_refused(clips: list[Clip], kind: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        make_folds(clips, kind, 0.125)
