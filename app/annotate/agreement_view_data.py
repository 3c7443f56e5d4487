"""What the agreement dialog knows of a project: read in one go, then counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from core.project.agreement_summary import Agreement, disagreements, summary
from core.project.annotations import Annotation, annotations_of, ratings
from core.project.ratings import Ratings
from core.project.store import Store

Place = tuple[str, float, float]  # path, start and end in seconds
_OPEN = """
SELECT count(*) FROM clips WHERE EXISTS (SELECT 1 FROM annotations WHERE scheme = :scheme AND annotator <> :annotator
    AND label NOT NULL) AND id NOT IN (SELECT clip FROM annotations WHERE scheme = :scheme AND annotator = :annotator
    AND superseded = 0 AND adjudicated = 0 AND (label NOT NULL OR unsure))
"""
_DISPUTED = """
SELECT clip FROM annotations WHERE scheme = ? AND label NOT NULL AND superseded = 0 AND adjudicated = 0
GROUP BY clip HAVING count(DISTINCT label) > 1
"""


@dataclass
class Said:
    """What was said of a clip besides the labels that stand.

    Attributes:
        decision: the label that it was given when the annotators' were compared, or "".
        by: who decided.
        earlier: superseded labels by annotator.
    """

    decision: str = ""
    by: str = ""
    earlier: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Dispute:
    """A clip with different labels."""

    clip: int
    path: str
    start_s: float
    end_s: float
    votes: dict[str, str]
    said: Said

    @property
    def name(self) -> str:
        return PurePath(self.path).name

    def vote_text(self, annotator: str) -> str:
        earlier = ", ".join(self.said.earlier.get(annotator, ()))
        vote = self.votes.get(annotator, "")
        return f"{vote} (earlier: {earlier})" if earlier else vote


@dataclass
class Answers:
    """Labels of everybody, and what the disputed clips are."""

    rows: list[tuple[int, str, str]]
    places: dict[int, Place]
    said: dict[int, Said]


@dataclass
class Findings:
    """Figures, and the clips that annotators differ on, most disputed first."""

    figures: Agreement
    disputes: list[Dispute]


def count_open(store: Store, scheme: int) -> int:
    """How many clips the store's annotator has still to label; 0 where nobody else has said anything yet."""
    return int(store.value(_OPEN, {"scheme": scheme, "annotator": store.annotator}))


def read_answers(store: Store, scheme: int) -> Answers:
    disputed = f"WITH disputed AS ({_DISPUTED}) "
    places = store.rows(
        f"{disputed} SELECT clips.id, path, start_s, end_s FROM clips JOIN recordings ON recordings.id = recording "
        "WHERE clips.id IN (SELECT clip FROM disputed)",
        (scheme,),
    )
    found = {clip: (path, start_s, end_s) for clip, path, start_s, end_s in places}
    return Answers(ratings(store, scheme), found, decisions_of(annotations_of(store, found, scheme)))


def decisions_of(answers: Iterable[Annotation]) -> dict[int, Said]:
    """Decisions on clips (the newest where several people decided), and superseded labels."""
    found: dict[int, Said] = {}
    for each in sorted(answers, key=lambda each: each.made):
        said = found.setdefault(each.clip, Said())
        if each.superseded and not each.adjudicated and each.label:
            said.earlier.setdefault(each.annotator, []).append(each.label)
        elif each.adjudicated and not each.superseded and each.label:
            said.decision, said.by = each.label, each.annotator
    return found


def compute_findings(answers: Answers, labels: tuple[str, ...]) -> Findings:
    table = Ratings.of(answers.rows, labels)
    disputes = [
        Dispute(int(each.clip), *answers.places[int(each.clip)], each.votes, answers.said.get(int(each.clip), Said()))
        for each in disagreements(table)
    ]
    return Findings(summary(table), disputes)


def time_text(start_s: float, end_s: float) -> str:
    return f"{_clock(start_s)} – {_clock(end_s)}"


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s, 1), 60)
    return f"{int(minutes)}:{seconds:04.1f}"
