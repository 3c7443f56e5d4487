"""A teaching's folder is written by a window, read by a worker, and the other way round."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.schemes import load_scheme
from core.teach_job import (
    CONTROL,
    EVENTS,
    Job,
    JobFacts,
    TaughtClip,
    count_labels,
    create_job,
    find_jobs,
    read_toml,
    toml_text,
    worker_command,
)

LABELS = ("anger", "anger", "sadness")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    clips = [
        TaughtClip(
            tmp_path / "소리" / f"{number} 🙂.wav",
            0.5,
            None if number else 2.0,
            "ana, b",
            label,
            'a "b"\nc',
            f"u{number}",
        )
        for number, label in enumerate(LABELS)
    ]
    recipe = {"name": "x", "parent": "default", "method": "head", "optimisation": {"passes": 2}, "replay": None}
    folder = tmp_path / "일 job 🙂"
    return create_job(folder, recipe, clips, load_scheme("iemocap4"), JobFacts("../p.moodlight", annotator="ben"))


def test_a_job_says_what_was_asked(job: Job) -> None:
    facts = job.facts
    assert (facts.project, facts.scheme, facts.annotator, facts.parent) == (
        "../p.moodlight",
        "iemocap4",
        "ben",
        "default",
    )
    assert facts.labels == {"anger": 2, "sadness": 1} and not facts.goes_on and facts.created
    assert job.scheme == load_scheme("iemocap4")
    assert job.taught() == {"u0": "anger", "u1": "anger", "u2": "sadness"}
    assert job.state == "waiting" and job.report() is None and not job.is_running
    job.set_goes_on(True)
    assert job.facts.goes_on and job.facts.labels == facts.labels


def test_its_recipe_and_labels_are_those_of_the_command_line(job: Job) -> None:
    from training.manifest import read_manifest
    from training.recipe import load_recipe
    from training.teaching.recipe import TeachRecipe

    recipe = load_recipe(TeachRecipe, str(job.folder / "recipe.toml"))
    assert (recipe.manifest, recipe.scheme, recipe.method, recipe.optimisation.passes) == (
        "labels.csv",
        "scheme.json",
        "head",
        2,
    )
    clips = read_manifest(job.folder / recipe.manifest)
    assert clips[0].file == job.folder.parent / "소리" / "0 🙂.wav"
    assert [(clip.start_s, clip.end_s) for clip in clips] == [(0.5, 2.0), (0.5, None), (0.5, None)]
    assert clips[0].speaker == "ana, b" and clips[0].transcript == 'a "b"\nc'
    with (job.folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.DictReader(stream))["file"] == "../소리/0 🙂.wav"


def test_a_wish_is_one_word_and_others_make_no_sense(job: Job) -> None:
    assert job.wish() == ""
    for wish in ("pause", "stop", "keep"):
        job.ask(wish)  # type: ignore[arg-type]
        assert job.wish() == wish
    (job.folder / CONTROL).write_text("rm -rf\n", encoding="utf-8")
    assert job.wish() == ""
    job.ask("")
    job.ask("")
    assert not (job.folder / CONTROL).exists()


def test_events_come_once_and_whole(job: Job) -> None:
    assert job.read_events() == ([], 0)
    path = job.folder / EVENTS
    path.write_bytes(b'{"event":"started","pid":1}\n{"event":"no')
    events, offset = job.read_events(0)
    assert events == [{"event": "started", "pid": 1}]
    assert job.read_events(offset) == ([], offset)
    with path.open("ab") as stream:
        stream.write(b'te","message":"\\ud83d\\ude42"}\nnonsense\n[1]\n{"event":"done"}\n')
    events, offset = job.read_events(offset)
    assert events == [{"event": "note", "message": "🙂"}, {"event": "done"}]
    assert offset == path.stat().st_size


@pytest.mark.parametrize(
    ("lines", "alone", "at_work"),
    [
        ("", "waiting", "running"),
        ('{"event":"started"}\n', "stopped", "running"),
        ('{"event":"started"}\n{"event":"paused"}\n', "stopped", "paused"),
        ('{"event":"paused"}\n{"event":"going_on"}\n', "stopped", "running"),
        ('{"event":"failed","message":"m"}\n', "failed", "running"),
        ('{"event":"failed","message":"m"}\n{"event":"started"}\n{"ev', "stopped", "running"),
    ],
)
def test_the_state_is_that_of_the_worker_and_its_last_word(job: Job, lines: str, alone: str, at_work: str) -> None:
    (job.folder / EVENTS).write_text(lines, encoding="utf-8")
    assert job.state == alone
    with job.lock():
        assert job.is_running and job.state == at_work
    assert not job.is_running


def test_it_is_done_when_there_is_a_model_and_a_report(job: Job) -> None:
    job.model_dir.mkdir(parents=True)
    (job.run_dir / "report.json").write_text('{"plan": "p"}', encoding="utf-8")
    (job.folder / EVENTS).write_text('{"event":"started"}\n', encoding="utf-8")
    assert job.state == "stopped"
    (job.model_dir / "config.json").touch()
    assert job.state == "done" and job.report() == {"plan": "p"}


def test_jobs_are_found_again_and_damaged_ones_passed_over(job: Job) -> None:
    other = create_job(job.folder.parent / "later", {}, [], load_scheme("iemocap4"), JobFacts(created="2999"))
    broken = job.folder.parent / "broken"
    broken.mkdir()
    (broken / "job.json").write_text("{", encoding="utf-8")
    assert find_jobs(job.folder.parent) == [job, other]
    assert find_jobs(job.folder / "nowhere") == []
    with pytest.raises(ConfigError, match="holds no teaching"):
        _ = Job(broken).facts


def test_labels_are_counted_in_the_schemes_order(tmp_path: Path) -> None:
    clips = [TaughtClip(tmp_path, 0.0, None, "", name) for name in LABELS]
    assert count_labels(clips, load_scheme("iemocap4")) == [
        ("anger", 2),
        ("happiness", 0),
        ("neutral", 0),
        ("sadness", 1),
    ]


def test_a_worker_is_started_in_isolation_and_knows_its_parent(job: Job) -> None:
    assert worker_command(job)[1:] == ["-P", "-m", "training.worker", str(job.folder)]
    assert worker_command(job, 7)[-2:] == ["--parent-pid", "7"]


VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), st.integers(-(2**60), 2**60), st.floats(-1e9, 1e9)
)
TABLE = st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.one_of(VALUES, st.lists(VALUES, max_size=3)))


@given(TABLE, TABLE, TABLE)
def test_what_is_written_as_toml_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, top: dict[str, object], inner: dict[str, object], last: dict[str, object]
) -> None:
    values = top | {"Table": inner | {"Deep": last}, "Other": last}
    path = tmp_path_factory.mktemp("toml") / "r.toml"
    path.write_text(toml_text(values), encoding="utf-8", newline="")
    assert read_toml(path) == values
