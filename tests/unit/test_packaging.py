"""The repository as a user gets it: the wheel, the samples, the import contracts, the pins, the Makefile."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT, **options)  # type: ignore[call-overload, no-any-return]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_libraries() -> set[str]:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    return {normalised(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in wanted}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_nothing_imports_what_it_must_not() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_folder_of_code_is_a_package() -> None:
    """The contracts do not see a folder without `__init__.py`."""
    folders = {path.parent for name in ("app", "core", "training") for path in (ROOT / name).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core/added.py", "import training", "app -> training -> core"),
        ("training/added.py", "from app import engine_client", "app -> training -> core"),
        ("core/added.py", "from PySide6 import QtCore", "know nothing of Qt"),
        ("app/added.py", "import torch", "never imports torch"),
        ("app/analyse/added.py", "def late():\n    from core import model", "never imports torch"),
        ("app/analyse/added.py", "from app.commands import score", "does not reach the command line"),
        ("app/commands/added.py", "from app import main_window", "needs no Qt"),
        ("core/audio/added.py", "import sounddevice", "imports sounddevice"),
        ("training/added.py", "import torchaudio.functional", "imports torchaudio"),
        ("core/added.py", "import pickle", "pickle"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for folder in ("app", "core", "training"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(f"{line}\n", "utf-8")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    report = " ".join(done.stdout.split())
    assert re.search(f"{re.escape(contract)}((?!KEPT).)*BROKEN", report), report


def test_the_command_line_may_reach_the_model(tmp_path: Path) -> None:
    for folder in ("app", "core", "training"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "app" / "cli.py").open("a", encoding="utf-8") as stream:
        stream.write("\n\ndef verb() -> None:\n    import torch\n    from core import model\n    import training\n")
    assert lint_imports(tmp_path).returncode == 0


def test_every_library_is_pinned() -> None:
    assert direct_libraries() <= {normalised(name) for name in pins()}


def test_the_traps_are_pinned_away() -> None:
    assert pins()["torch"] == "2.13.0"
    assert pins()["torchaudio"] == "2.11.0"
    assert tuple(int(part) for part in pins()["PySide6_Essentials"].split(".")) < (6, 12)
    assert "PySide6-Essentials>=6.8,<6.12" in PROJECT["dependencies"]


@pytest.mark.skipif(not (ROOT / ".venv" / ".ready").exists(), reason="not the environment of `make setup`")
def test_the_tests_run_with_the_pinned_versions() -> None:
    wanted = {normalised(name): version for name, version in pins().items() if normalised(name) in direct_libraries()}
    assert {name: importlib.metadata.version(name).split("+")[0] for name in wanted} == wanted


def test_the_samples_are_short_small_and_readable(samples: list[Path]) -> None:
    assert len(samples) == 6
    for path in samples:
        info = soundfile.info(path)
        assert (info.samplerate, info.channels) == (16_000, 1)
        assert 2.0 < info.duration < 6.0
        assert path.stat().st_size <= 100_000
        assert path.name in (path.parent / "README.md").read_text("utf-8")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")
def test_the_script_makes_the_samples(tmp_path: Path, samples: list[Path]) -> None:
    done = run(sys.executable, ROOT / "scripts" / "make_samples.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in samples]


def test_without_espeak_the_script_says_what_to_install(tmp_path: Path) -> None:
    done = run(sys.executable, ROOT / "scripts" / "make_samples.py", tmp_path, env={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "apt-get install espeak-ng" in done.stderr


@pytest.mark.slow
def test_a_wheel_brings_all_that_the_program_opens(tmp_path: Path) -> None:
    source = tmp_path / "source"
    keep_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "tests", "docs", "data", "runs")
    shutil.copytree(ROOT, source, ignore=keep_out)
    build = "import setuptools.build_meta as b, sys; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, tmp_path], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    wanted = [
        path.relative_to(ROOT).as_posix()
        for folder in ("app", "core", "training", "resources")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    ]
    assert set(wanted) <= names
    assert not [name for name in names if name.startswith(("tests", "docs", "scripts"))]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(
    ("target", "commands"),
    [
        ("test", ["ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"]),
        ("run", ["scripts/run.sh"]),
        ("bench", ["-m app bench"]),
    ],
)
def test_make_runs_what_the_readme_says(target: str, commands: list[str]) -> None:
    done = run("make", "--dry-run", "--assume-old=.venv/.ready", target)
    assert done.returncode == 0, done.stderr
    assert [command for command in commands if command not in done.stdout] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_ci_runs_make_test() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
