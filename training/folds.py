"""Folds: who trains, who chooses and who tests. No speaker stands on two sides of one."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.errors import ManifestError
from training.corpora.iemocap import session_of
from training.manifest import Clip, check_speaker_independent, of_split

SIDES = ("train", "dev", "test")


@dataclass(frozen=True)
class Fold:
    """One way of dividing the clips.

    Attributes:
        name: `fixed`, the session that is the test, or the group's number.
        clips: all that take part, their split being `train`, `dev` or `test`.
    """

    name: str
    clips: tuple[Clip, ...]

    def side(self, split: str) -> list[Clip]:
        """The clips of one side."""
        return of_split(self.clips, split)

    def speakers(self, split: str) -> list[str]:
        """The speakers of one side, sorted."""
        return sorted({clip.speaker for clip in self.clips if clip.split == split})


def make_folds(clips: Sequence[Clip], kind: str, dev_share: float, names: Sequence[str] = SIDES) -> list[Fold]:
    """Divide clips.

    Args:
        clips: all clips of the comparison.
        kind: `fixed`, `session` or `speaker:K`, as `CrossvalRecipe.folds` has them.
        dev_share: of the speakers outside the test, how many are held out to choose the pass by.
        names: what the manifest calls train, dev and test; for fixed folds.

    Raises:
        ManifestError: a side is empty, a speaker is unknown or stands on two sides.
    """
    if kind == "fixed":
        check_speaker_independent(clips)
        own = dict(zip(names, SIDES, strict=True))
        folds = [Fold("fixed", tuple(replace(clip, split=own[clip.split]) for clip in clips if clip.split in own))]
    else:
        groups = group_by_session(clips) if kind == "session" else group_speakers(clips, int(kind.split(":")[1]))
        folds = [_leave_out(name, groups[name], clips, dev_share) for name in sorted(groups)]
    for fold in folds:
        check_speaker_independent(fold.clips)
        for split in SIDES:
            fold.side(split)
    return folds


def group_by_session(clips: Iterable[Clip]) -> dict[str, set[str]]:
    """IEMOCAP's sessions and their speakers.

    Raises:
        ManifestError: a speaker belongs to none.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        groups[session_of(clip.speaker)].add(clip.speaker)
    return dict(groups)


def group_speakers(clips: Sequence[Clip], groups: int) -> dict[str, set[str]]:
    """Speakers in groups of about as many clips and as many women and men; the same each time.

    The speaker with most clips comes first, to the group that has fewest speakers of the sex, then fewest clips.

    Raises:
        ManifestError: a clip has no speaker, or there are fewer speakers than groups.
    """
    if not all(clip.speaker for clip in clips):
        raise ManifestError("Folds by speaker need a manifest that names the speaker of every clip.")
    sexes = {clip.speaker: clip.sex for clip in clips}
    counts = Counter(clip.speaker for clip in clips)
    if len(counts) < groups:
        raise ManifestError(f"{len(counts)} speakers cannot be divided into {groups} groups.")
    members: list[list[str]] = [[] for _ in range(groups)]
    for speaker in sorted(counts, key=lambda name: (-counts[name], _lot(name))):
        same_sex = [sum(sexes[other] == sexes[speaker] for other in group) for group in members]
        sizes = [(same_sex[i], sum(counts[other] for other in group), i) for i, group in enumerate(members)]
        members[min(sizes)[2]].append(speaker)
    return {f"{number + 1:0{len(str(groups))}}": set(group) for number, group in enumerate(members)}


def _leave_out(name: str, test: set[str], clips: Iterable[Clip], dev_share: float) -> Fold:
    clips = list(clips)
    dev = choose_dev(name, {clip.speaker: clip.sex for clip in clips if clip.speaker not in test}, dev_share)
    side = dict.fromkeys(test, "test") | dict.fromkeys(dev, "dev")
    return Fold(name, tuple(replace(clip, split=side.get(clip.speaker, "train")) for clip in clips))


def choose_dev(fold: str, sexes: dict[str, str], share: float) -> list[str]:
    """The speakers of a fold's training side by whom the pass is chosen: drawn by lot, the sexes in turn.

    Args:
        fold: its name; each fold draws anew, and the same each time.
        sexes: of the speakers to choose from.
        share: of them; at least one is chosen, and one is left.
    """
    wanted = min(max(1, round(share * len(sexes))), max(len(sexes) - 1, 1))
    drawn = sorted(sexes, key=lambda speaker: _lot(f"{fold} {speaker}"))
    turn: Counter[str] = Counter()
    order: list[tuple[int, int, str]] = []
    for speaker in drawn:
        turn[sexes[speaker]] += 1
        order.append((turn[sexes[speaker]], len(order), speaker))
    return [speaker for _, _, speaker in sorted(order)[:wanted]]


def _lot(name: str) -> str:
    """A name's place in a random order that is the same on every machine."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
