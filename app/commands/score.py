"""`moodlight score`: recordings to tables."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import version
from app.commands.guard import INTERRUPTED, complain
from app.commands.score_teller import EventTeller, Teller, TerminalTeller
from core.errors import ConfigError, MoodlightError
from core.paths import default_model_dir
from core.processor import give_way
from core.score.crew import begin_loading
from core.score.inputs import list_items
from core.score.items import Plan
from core.score.journal import SUFFIX, Journal
from core.score.places import stamp
from core.score.run import Control, Progress, score_items
from core.score.worker import WorkerSpec
from core.score.write import WriteOptions, Written, check_outputs, write_results
from core.segmenting import parse_segmenting

NICENESS = 10  # of a run beside a window
PARTS, REPORT = ".parts", ".evaluation"


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line."""

    inputs: Sequence[str]
    out: Path
    formats: Sequence[str] = ()
    models: Sequence[Path] = ()
    segment: str = "auto"
    device: str = "auto"
    beam: int = 1
    least_confidence: float = 0.0
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    top: int = 0
    embeddings: bool = False
    workers: int | None = None
    resume: bool = True
    compare: Path | None = None
    cluster: str = ""
    parts: str = ""
    events: bool = False

    def plan(self) -> Plan:
        models = tuple(self.models) or (default_model_dir(),)
        segmenting = parse_segmenting(self.segment)
        return Plan(models, segmenting, self.device, beam=self.beam, embeddings=self.embeddings)

    def beside(self, ending: str) -> Path:
        return self.out.with_name(self.out.name + ending)


def score(wishes: Wishes) -> int:
    """Score the inputs. Returns 0; 1 where some could not be read; 130 where it was stopped."""
    if not 0.0 <= wishes.least_confidence <= 1.0:
        raise ConfigError(f"The least confidence is a probability from 0 to 1, not {wishes.least_confidence}.")
    control = Control()
    teller: Teller = EventTeller(control) if wishes.events else TerminalTeller(control)
    if wishes.events:
        give_way(NICENESS)
    with teller:
        return _score(wishes, wishes.plan(), control, teller)


def _score(wishes: Wishes, plan: Plan, control: Control, teller: Teller) -> int:
    options = _options(wishes, plan)
    check_outputs(wishes.out, options)
    if not wishes.cluster:
        begin_loading(WorkerSpec(plan))
    with _journal(wishes, plan) as journal:
        journal.list(list_items(wishes.inputs, wishes.include, wishes.exclude, sys.stdin), stamp)
        counts = journal.counts()
        if not counts.total:
            raise ConfigError(f"There is no sound file in {', '.join(wishes.inputs)}.")
        names, labels = [model.name for model in options.models], options.models[0].scheme.names
        teller.started(wishes.out, wishes.beside(SUFFIX), counts, names, labels)
        for note in journal.notes:
            teller.say(note)
        progress = _run(wishes, plan, journal, control, teller)
        if progress.done < progress.total:
            teller.stopped(progress)
            return INTERRUPTED
        teller.writing()
        written = write_results(journal.results(), wishes.out, options)
        report = _compare_with_people(wishes, plan, journal)
    return _end(teller, written, report)


@contextmanager
def _journal(wishes: Wishes, plan: Plan) -> Iterator[Journal]:
    """A run that could not begin leaves none behind."""
    place, worth_keeping = wishes.beside(SUFFIX), True
    journal = Journal.open(place, plan.identity(), fresh=not wishes.resume)
    try:
        yield journal
    except MoodlightError:
        worth_keeping = journal.counts().done > 0
        raise
    finally:
        journal.close()
        if not worth_keeping:
            place.unlink(missing_ok=True)


def _options(wishes: Wishes, plan: Plan) -> WriteOptions:
    return WriteOptions(
        formats=tuple(wishes.formats),
        models=plan.facts(),
        least_confidence=wishes.least_confidence,
        top_k=wishes.top,
        embeddings=wishes.embeddings,
        compare=wishes.compare,
        parameters=plan.identity() | {"device": wishes.device, "least_confidence": wishes.least_confidence},
        inputs=tuple(wishes.inputs),
        command=shlex.join(["moodlight", *sys.argv[1:]]),
        version=version(),
    )


def _run(wishes: Wishes, plan: Plan, journal: Journal, control: Control, teller: Teller) -> Progress:
    if not wishes.cluster:
        return score_items(journal, plan, wishes.workers, control, teller.show, teller.say)
    from core.score.cluster import score_on_cluster

    parts = wishes.parts or str(wishes.beside(PARTS))
    return score_on_cluster(journal, plan, wishes.cluster, parts, wishes.workers, control, teller.show, teller.say)


def _compare_with_people(wishes: Wishes, plan: Plan, journal: Journal) -> Path | None:
    """The evaluation's page, where people have said something of what was scored."""
    if not journal.has_labels():
        return None
    from training.score_report import write_score_report  # and with it torch

    return write_score_report(journal.results(), plan, wishes.out, wishes.out.with_name(wishes.out.stem + REPORT))


def _end(teller: Teller, written: Written, report: Path | None) -> int:
    outputs = [*written.paths, *([report] if report else [])]
    teller.done(outputs, written.rows, written.failures, written.errors)
    if not written.failures:
        return 0
    complain(f"{written.failures} of {written.files} files could not be scored; {written.errors} says why.")
    return 1
