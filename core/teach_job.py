"""A teaching in a folder: what was asked, what is said to the process that does it, and what it tells.

Everything goes through files, so that the teaching outlives the window that asked for it, and any window finds it
again. The folder is also the data folder of `moodlight teach recipe.toml --data FOLDER`, which gives the same result.

    job.json      what was asked (`JobFacts`)
    recipe.toml   how to teach
    labels.csv    the labelled clips, a manifest; its column `clip` has their number in every copy of the project
    scheme.json   their labels
    control       one word that the worker obeys between steps (`Wish`); missing: go on
    events.jsonl  what the worker tells, as in `core/events.py`
    worker.lock   held while a worker lives
    worker.log    what else it says
    run/          the run: states, and in the end `model` and `report.json`
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from core.errors import ConfigError, MoodlightError
from core.events import parse_line
from core.paths import atomic_write
from core.schemes import Scheme, load_scheme

Wish = Literal["", "pause", "stop", "keep"]
State = Literal["waiting", "running", "paused", "stopped", "failed", "done"]

FACTS, RECIPE, LABELS, SCHEME = "job.json", "recipe.toml", "labels.csv", "scheme.json"
CONTROL, EVENTS, LOCK, LOG, RUN = "control", "events.jsonl", "worker.lock", "worker.log", "run"
COLUMNS = ("file", "start", "end", "speaker", "emotion", "transcript", "clip")
TAIL = 1 << 16  # bytes of events that are looked at for the last one


@dataclass(frozen=True)
class TaughtClip:
    """A labelled clip that a model is taught.

    Attributes:
        file: the recording, in full.
        start_s: where the clip begins, in seconds of the recording.
        end_s: where it ends; None for the end of the recording.
        speaker: who speaks, "" where nobody has said.
        emotion: the label.
        transcript: what an annotator has written down, "" where nobody has.
        clip: its number in every copy of the project (`uid`).
    """

    file: Path
    start_s: float
    end_s: float | None
    speaker: str
    emotion: str
    transcript: str = ""
    clip: str = ""


@dataclass(frozen=True)
class JobFacts:
    """What was asked.

    Attributes:
        project: the project's file, relative to the job's folder; in full where there is no way to it.
        scheme: name of the label set.
        labels: number of clips that carry each label.
        created: when, UTC.
        goes_on: whether the worker goes on when the window is closed.
        parent: the model that is taught, as the recipe names it.
        parent_fingerprint: of its weights.
        annotator: who asked.
    """

    project: str = ""
    scheme: str = ""
    labels: Mapping[str, int] = field(default_factory=dict)
    created: str = ""
    goes_on: bool = False
    parent: str = ""
    parent_fingerprint: str = ""
    annotator: str = ""


@dataclass(frozen=True)
class Job:
    """A job's folder. Nothing is kept in memory: each question reads the files anew.

    Attributes:
        folder: where it lies.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Of the folder, and of the model that comes out."""
        return self.folder.name

    @property
    def run_dir(self) -> Path:
        """Where the run keeps its states and results."""
        return self.folder / RUN

    @property
    def model_dir(self) -> Path:
        """Where the model lies when the job is done."""
        return self.run_dir / "model"

    @property
    def log(self) -> Path:
        """What the worker and its libraries wrote besides."""
        return self.folder / LOG

    @property
    def facts(self) -> JobFacts:
        """What was asked.

        Raises:
            ConfigError: the folder holds no job, or it is damaged.
        """
        path = self.folder / FACTS
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            known = {item.name for item in fields(JobFacts)}
            return JobFacts(**{name: value for name, value in values.items() if name in known})
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise ConfigError(f"{self.folder} holds no teaching that can be read: {error}.") from error

    def set_goes_on(self, goes_on: bool) -> None:
        """Say whether the worker goes on when the window is closed; it is asked when that happens.

        Raises:
            OSError: the folder cannot be written.
        """
        _write_json(self.folder / FACTS, asdict(replace(self.facts, goes_on=goes_on)))

    @property
    def scheme(self) -> Scheme:
        """The labels that are taught.

        Raises:
            ConfigError: the file is missing or damaged.
        """
        return load_scheme(self.folder / SCHEME)

    def taught(self) -> dict[str, str]:
        """Label of each clip that is taught, by the clip's number in every copy of the project.

        Raises:
            OSError: the table cannot be read.
        """
        with (self.folder / LABELS).open(encoding="utf-8", newline="") as stream:
            return {row["clip"]: row["emotion"] for row in csv.DictReader(stream) if row.get("clip")}

    @property
    def is_running(self) -> bool:
        """Whether a worker lives, of this window or another."""
        path = self.folder / LOCK
        if not path.exists():
            return False
        lock = self.lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False  # a folder that can only be read: nobody works in it
        lock.release()
        return False

    def lock(self) -> FileLock:
        """The lock that a worker holds while it lives."""
        return FileLock(self.folder / LOCK, thread_local=False)

    @property
    def is_done(self) -> bool:
        """Whether it has left a model and a report."""
        return self.report() is not None and (self.model_dir / "config.json").exists()

    @property
    def state(self) -> State:
        """What became of it so far; a worker that was killed leaves it stopped."""
        last = self._last_event()
        if self.is_running:
            return "paused" if last == "paused" else "running"
        if self.is_done:
            return "done"
        if not last:
            return "waiting"
        return "failed" if last == "failed" else "stopped"

    def _last_event(self) -> str:
        try:
            with (self.folder / EVENTS).open("rb") as stream:
                stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL))
                events = _parse(stream.read())
        except OSError:
            return ""
        return str(events[-1]["event"]) if events else ""

    def ask(self, wish: Wish) -> None:
        """Have the worker pause, stop, or keep what it has learnt so far; "": go on.

        A worker that starts obeys it too: say "" before one is started.

        Raises:
            OSError: the folder cannot be written.
        """
        if wish:
            with atomic_write(self.folder / CONTROL, "w") as stream:
                stream.write(wish)
        else:
            (self.folder / CONTROL).unlink(missing_ok=True)

    def wish(self) -> Wish:
        """What was asked last; "" where nothing was, or nothing that makes sense."""
        try:
            word = (self.folder / CONTROL).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        return word if word in ("pause", "stop", "keep") else ""  # type: ignore[return-value]

    def read_events(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """What the worker has told since.

        Args:
            offset: in bytes, 0 for everything, or as it was given the last time.

        Returns:
            The events, and the offset to go on from. A line that is still being written comes the next time; one that
            makes no sense is passed over.
        """
        try:
            with (self.folder / EVENTS).open("rb") as stream:
                stream.seek(offset)
                content = stream.read()
        except OSError:
            return [], offset
        whole = content[: content.rfind(b"\n") + 1]
        return _parse(whole), offset + len(whole)

    def report(self) -> dict[str, Any] | None:
        """What came of it, as `training.teaching.teach.Taught` has it; None where it is not done."""
        try:
            found = json.loads((self.run_dir / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None


def create_job(
    folder: Path, recipe: Mapping[str, Any], labels: Sequence[TaughtClip], scheme: Scheme, facts: JobFacts
) -> Job:
    """Write a job's folder.

    Args:
        folder: is made; a job that is there already is replaced.
        recipe: how to teach, as plain data; its manifest and its scheme are the job's.
        labels: what to teach.
        scheme: the label set.
        facts: what else is known; scheme, labels, parent and, if it is not given, the time are filled in.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recipe = dict(recipe) | {"manifest": LABELS, "scheme": SCHEME}
    counts = Counter(clip.emotion for clip in labels)
    facts = replace(
        facts,
        scheme=scheme.id,
        labels={name: counts[name] for name in scheme.names if counts[name]},
        created=facts.created or datetime.now(UTC).isoformat(timespec="milliseconds"),
        parent=str(recipe.get("parent", "")),
    )
    with atomic_write(folder / LABELS, "w") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(_row_of(clip, folder) for clip in labels)
    with atomic_write(folder / RECIPE, "w") as stream:
        stream.write(toml_text(recipe))
    _write_json(folder / SCHEME, scheme.to_json())
    _write_json(folder / FACTS, asdict(facts))  # the last one: where it is, the job is whole
    return Job(folder)


def find_jobs(folder: Path) -> list[Job]:
    """The jobs in a folder, the oldest first; none where there is no such folder."""
    jobs = []
    for path in folder.glob(f"*/{FACTS}"):
        try:
            job = Job(path.parent)
            jobs.append((job.facts.created, job))
        except MoodlightError:
            continue  # damaged: there is nothing to go on with
    return [job for _, job in sorted(jobs, key=lambda each: (each[0], each[1].folder))]


def worker_command(job: Job, parent_pid: int = 0) -> list[str]:
    """What to start to have a job done; started again, it goes on where it was.

    Args:
        job: the job.
        parent_pid: the process without which it ends, unless it was asked to go on; 0: none.
    """
    # -P: a folder `training` where the window was started must not take the place of ours.
    command = [sys.executable, "-P", "-m", "training.worker", str(job.folder.absolute())]
    return [*command, "--parent-pid", str(parent_pid)] if parent_pid else command


def count_labels(clips: Iterable[TaughtClip], scheme: Scheme) -> list[tuple[str, int]]:
    """Number of clips of each label of a scheme, as `core.teaching_rules` asks for them."""
    counts = Counter(clip.emotion for clip in clips)
    return [(name, counts[name]) for name in scheme.names]


def toml_text(values: Mapping[str, Any], table: str = "") -> str:
    """Plain data as TOML; what is None is left out.

    Args:
        values: texts, numbers, truth values, lists of them, and tables of these.
        table: its name, where it is not the top one.
    """
    there = {key: value for key, value in values.items() if value is not None}
    lines = [f"[{table}]"] if table else []
    lines += [f"{key} = {_toml_value(value)}" for key, value in there.items() if not isinstance(value, Mapping)]
    for key, value in there.items():
        if isinstance(value, Mapping):
            lines += ["", toml_text(value, f"{table}.{key}" if table else key).rstrip("\n")]
    return "\n".join(lines) + "\n"


def read_toml(path: Path) -> dict[str, Any]:
    """A recipe as plain data.

    Raises:
        ConfigError: the file is not TOML.
        OSError: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    # what JSON writes is TOML too, but for this one sign
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _row_of(clip: TaughtClip, folder: Path) -> list[object]:
    place = [path_beside(folder, clip.file), clip.start_s, "" if clip.end_s is None else clip.end_s]
    return [*place, clip.speaker, clip.emotion, clip.transcript, clip.clip]


def path_beside(folder: Path, path: Path) -> str:
    """A path as files in a folder name it: relative, with slashes; in full where there is no way to it."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    with atomic_write(path, "w") as stream:
        json.dump(values, stream, indent=2, ensure_ascii=False)


def _parse(content: bytes) -> list[dict[str, Any]]:
    events = []
    for line in content.decode("utf-8", errors="replace").splitlines():
        try:
            events.append(parse_line(line))
        except MoodlightError:
            continue  # half a line: the worker was killed while it wrote, or the disk was full
    return [event for event in events if "event" in event]
