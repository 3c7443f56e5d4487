from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.__main__ import VERBS, main
from app.cli import run
from core.errors import ConfigError
from core.predictions import read_errors, read_score_table

ROOT = Path(__file__).resolve().parents[3]
GROUPS = {
    "models": ("show", "list"),
    "project": ("new", "add", "info", "import", "export", "merge", "agreement", "find"),
}


def test_help_shows_every_verb_and_each_verb_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    overview = capsys.readouterr().out
    for verb in sorted(VERBS):
        assert f"  {verb} " in overview
        for words in [[verb, each] for each in GROUPS[verb]] if verb in GROUPS else [[verb]]:
            assert main([*words, "--help"]) == 0
            assert f"Example: moodlight {' '.join(words)}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    name, number = capsys.readouterr().out.split()
    assert name == "moodlight"
    assert number[0].isdigit()


def test_help_and_version_load_neither_torch_nor_qt() -> None:
    code = (
        "import sys; from app.__main__ import main; main(['--version']); main(['score', '--help']);"
        "sys.stderr.write(', '.join({'torch', 'PySide6', 'training'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["score"],
        ["score", "a.wav"],
        ["score", "a.wav", "--out"],
        ["score", "a.wav", "-o", "t.csv", "--speed", "9"],
        ["models", "teach"],
        ["models"],
        ["evaluate"],
        ["dance"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = "".join(capsys.readouterr())
    assert "Usage: moodlight" in shown or "Error: " in shown


def test_score_writes_a_table(samples: list[Path], untrained_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "표.csv"
    assert run(["score", *map(str, samples[:2]), "-o", str(out), "--model", str(untrained_model)]) == 0
    rows = read_score_table(out)
    assert [row.file for row in rows] == [str(path) for path in samples[:2]]
    assert all(row.emotion in row.probabilities and row.model == "untrained" for row in rows)
    assert {path.name for path in tmp_path.glob("[!.]*")} == {"표.csv", "표.html", "표.run.json", "표.csv.journal"}


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.csv").write_text("file,emotion\n" + "a.wav,anger\nb.wav,sadness\n" * 4, encoding="utf-8")
    (tmp_path / "recipe.toml").write_text('name = "mine"', encoding="utf-8")
    (tmp_path / "file").touch()
    wishes = ["teach", str(tmp_path / "recipe.toml"), "--data", str(tmp_path), "--out", str(tmp_path / "file" / "run")]
    assert run(wishes) == 2
    assert "cannot be used: " in capsys.readouterr().err


def test_what_is_not_probable_enough_is_unsure(samples: list[Path], untrained_model: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    wishes = ["score", str(samples[0]), "-o", str(table), "--model", str(untrained_model)]
    assert run([*wishes, "--least-confidence", "1"]) == 0
    (row,) = read_score_table(table)
    assert row.emotion == "unsure" and 0 < row.confidence < 1
    assert run([*wishes, "--least-confidence", str(row.confidence - 0.001)]) == 0
    (row,) = read_score_table(table)
    assert row.emotion in row.probabilities
    assert run([*wishes, "--least-confidence", "50"]) == 2


def test_score_takes_folders_and_lists_what_fails(
    samples: list[Path],
    untrained_model: Path,
    make_wav: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, out = tmp_path / "my recordings 😀", tmp_path / "table.csv"
    (folder / "더").mkdir(parents=True)
    (folder / "더" / samples[0].name).write_bytes(samples[0].read_bytes())
    (folder / "empty.wav").touch()
    (folder / "not sound.mp3").write_text("hello")
    (folder / "notes.txt").write_text("not asked for")
    make_wav("quiet.wav", kind="silence").rename(folder / "quiet.wav")
    arguments = ["score", str(folder), str(tmp_path / "gone.wav"), "-o", str(out), "--model", str(untrained_model)]
    assert run(arguments) == 1
    assert {Path(row.file).name: row.emotion is None for row in read_score_table(out)} == {
        samples[0].name: False,
        "quiet.wav": True,
    }
    failures = read_errors(tmp_path / "table.csv.errors.csv")
    assert [Path(failure.file).name for failure in failures] == ["empty.wav", "not sound.mp3", "quiet.wav", "gone.wav"]
    assert failures[2].reason == "Nobody is heard in quiet.wav."
    assert "3 of 5 files could not be scored" in capsys.readouterr().err

    assert run(["score", str(folder / "quiet.wav"), "-o", str(out), "--model", str(untrained_model)]) == 0
    assert len(read_errors(tmp_path / "table.csv.errors.csv")) == 1
    assert run(["score", str(samples[0]), "-o", str(out), "--model", str(untrained_model)]) == 0
    assert not (tmp_path / "table.csv.errors.csv").exists(), "the failures of an earlier run stayed"


def test_score_cuts_as_it_is_asked(samples: list[Path], untrained_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    base = ["score", str(samples[0]), "-o", str(out), "--model", str(untrained_model), "--segment"]
    assert run([*base, "1"]) == 0
    starts = [row.start_s for row in read_score_table(out)]
    assert starts == [float(n) for n in range(len(starts))]
    assert len(starts) > 2
    assert run([*base, "none"]) == 0
    assert len(read_score_table(out)) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["SAMPLE", "-o", "TMP/t.csv", "--model", "TMP"], "is not a model"),
        (["SAMPLE", "-o", "TMP/no/t.csv", "--model", "MODEL"], "does not exist"),
        (["SAMPLE", "-o", "TMP", "--model", "MODEL"], "is a folder"),
        (["SAMPLE", "-o", "TMP/t.csv", "--model", "MODEL", "--device", "abacus"], "'abacus'"),
        (["SAMPLE", "-o", "TMP/t.csv", "--model", "MODEL", "--segment", "words"], "'words'"),
        (["SAMPLE", "-o", "TMP/t.csv", "--model", "MODEL", "--format", "pdf"], "'pdf'"),
        (["TMP", "-o", "TMP/t.csv", "--model", "MODEL"], "no sound file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_2(
    arguments: list[str],
    sentence: str,
    samples: list[Path],
    untrained_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {"SAMPLE": str(samples[0]), "TMP": str(tmp_path), "MODEL": str(untrained_model)}
    for name, value in names.items():
        arguments = [argument.replace(name, value) for argument in arguments]
    assert run(["score", *arguments]) == 2
    errors = capsys.readouterr().err
    assert sentence in errors
    assert errors.startswith("moodlight: ")
    assert errors.count("\n") == 1
    assert list(tmp_path.glob("[!.]*")) == []


def test_models_show_describes_a_model(untrained_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "show", str(untrained_model)]) == 0
    shown = capsys.readouterr().out
    for fact in ("untrained", "anger, happiness, neutral, sadness", "width 32", "no model card"):
        assert fact in shown


def test_models_list_marks_the_one_in_use(
    untrained_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODLIGHT_MODEL", str(untrained_model))
    assert run(["models", "list"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("*"))
    assert "untrained" in line
    monkeypatch.setenv("MOODLIGHT_MODEL", str(untrained_model.parent))
    assert run(["models", "list"]) == 0
    assert "cannot be used" in capsys.readouterr().out


def test_devices_lists_the_processor(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["devices"]) == 0
    shown = capsys.readouterr().out
    assert "* cpu" in shown or "* cuda" in shown
    assert "cores" in shown


def test_bench_refuses_what_it_does_not_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "coffee"]) == 2
    assert "'coffee'" in capsys.readouterr().err


def test_corpus_writes_a_manifest_and_says_what_is_in_it(
    samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my 감정 😀"
    for name, label in (("a", "angry"), ("b", "sad")):
        (folder / label).mkdir(parents=True)
        (folder / label / f"{name}.flac").write_bytes(samples[0].read_bytes())
    out, problems = tmp_path / "m.csv", tmp_path / "problems.csv"
    assert run(["corpus", "folders", str(folder), "-o", str(out), "--problems", str(problems)]) == 0
    shown = capsys.readouterr().out
    for fact in ("2 clips", "anger 1, sadness 1", "train 2 clips", "1 duplicates with different labels"):
        assert fact in shown
    with out.open(newline="", encoding="utf-8") as file:
        assert [row["emotion"] for row in csv.DictReader(file)] == ["anger", "sadness"]
    assert len(problems.read_text(encoding="utf-8").splitlines()) == 2


def test_corpus_ends_with_1_where_recordings_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chapter = tmp_path / "LibriSpeech" / "dev-clean" / "84" / "121123"
    chapter.mkdir(parents=True)
    (chapter / "84-121123.trans.txt").write_text("84-121123-0000 GO DO YOU HEAR\n")
    (chapter / "84-121123-0000.flac").touch()
    out = tmp_path / "libri.csv"
    arguments = ["corpus", "librispeech", str(tmp_path / "LibriSpeech" / "dev-clean"), "-o", str(out)]
    assert run(arguments) == 1
    done = capsys.readouterr()
    assert "1 clip, 0.0 min, 1 speaker" in done.out
    assert "1 recording cannot be used" in done.err
    assert run([*arguments, "--no-check"]) == 0
    assert "not listened to" in capsys.readouterr().out
    with out.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["transcript"] == "GO DO YOU HEAR"


def test_corpus_help_names_every_reader_and_a_wrong_name_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.corpora import READERS

    assert run(["corpus", "--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in READERS if f"\n    {name} " not in shown] == []
    out = str(tmp_path / "m.csv")
    for arguments, sentence in (
        (["crema", str(tmp_path)], "Did you mean crema-d?"),
        (["tess", str(tmp_path)], "OAF_angry/OAF_back_angry.wav"),
        (["tess", str(tmp_path), "--target", "perceived"], "of crema-d only"),
    ):
        assert run(["corpus", *arguments, "-o", out]) == 2
        errors = capsys.readouterr().err
        assert sentence in errors
        assert errors.count("\n") == 1


def test_corpus_loads_no_torch() -> None:
    code = (
        "import sys; from app.__main__ import main; main(['corpus', 'tess', '.', '-o', 'x.csv']);"
        "sys.exit(bool({'torch', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "docs", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.startswith("moodlight: ")) == (0, True)


def test_evaluate_prints_figures_and_writes_a_report(
    samples: list[Path], untrained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, report = tmp_path / "clips.csv", tmp_path / "reports" / "first"
    rows = [f"{path},{('anger', 'sadness')[n % 2]},s{n},test" for n, path in enumerate(samples)]
    manifest.write_text("file,emotion,speaker,split\n" + "\n".join(rows) + "\n")
    arguments = ["evaluate", "--manifest", str(manifest), "--model", str(untrained_model), "--report", str(report)]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "UA" in shown
    assert "6 clips of 6 speakers" in shown
    assert (report / "report.txt").read_text(encoding="utf-8") == shown
    data = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert data["emotion"]["clips"] == 6
    assert [len(slicing["slices"]) for slicing in data["slicings"] if slicing["by"] in ("band", "noise")] == [3, 3]
    assert data["command"] == shlex.join(["moodlight", *arguments])
    assert "</html>" in (report / "report.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in report.iterdir()) == ["report.html", "report.json", "report.txt"]
    assert run([*arguments, "--split", "dev"]) == 2


def test_a_quick_report_replaces_the_one_that_is_there_and_leaves_the_conditions_out(
    samples: list[Path], untrained_model: Path, tmp_path: Path
) -> None:
    manifest, report = tmp_path / "clips.csv", tmp_path / "report"
    report.mkdir()
    (report / "report.html").write_text("old")
    manifest.write_text(f"file,emotion,speaker,split\n{samples[0]},anger,s0,test\n")
    arguments = ["evaluate", "--manifest", str(manifest), "--model", str(untrained_model), "--report", str(report)]
    assert run([*arguments, "--quick"]) == 0
    assert "Not measured." in (report / "report.html").read_text(encoding="utf-8")


def test_evaluate_refuses_speaker_overlap_unless_it_is_allowed(
    samples: list[Path], untrained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "clips.csv"
    manifest.write_text(f"file,emotion,speaker,split\n{samples[0]},anger,s0,test\n{samples[1]},anger,s0,train\n")
    arguments = ["evaluate", "--manifest", str(manifest), "--model", str(untrained_model)]
    assert run(arguments) == 2
    assert "'s0'" in capsys.readouterr().err
    assert run([*arguments, "--allow-speaker-overlap"]) == 0
    assert "speaker overlap!" in capsys.readouterr().out


def test_a_report_folder_that_cannot_be_written_is_named_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    assert run(["evaluate", "--manifest", "none.csv", "--report", str(tmp_path / "taken")]) == 2
    assert f"The folder {tmp_path / 'taken'} cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["pretrain", "finetune"])
def test_training_refuses_a_recipe_or_setting_that_is_not_there(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([verb, "no-such-recipe"]) == 2
    assert "bundled-" in capsys.readouterr().err
    assert run([verb, f"bundled-{verb}", "--set", "optimisation.pases=3", "--out", str(tmp_path / "run")]) == 2
    assert "passes" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_verbs_expected_failure_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import app.commands.devices as devices_command

    def fail() -> int:
        raise ConfigError("The cable is out: put it in.")

    monkeypatch.setattr(devices_command, "show", fail)
    assert run(["devices"]) == 2
    assert capsys.readouterr().err == "moodlight: The cable is out: put it in.\n"
