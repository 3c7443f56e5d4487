"""`moodlight` from the outside: in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"torch", "torchaudio", "scipy", "pandas", "sklearn", "silero_vad", "sentencepiece", "typer", "training"}


def run_python(
    code: str, *arguments: str, folder: Path = ROOT, model: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    if model is not None:
        environment["MOODLIGHT_MODEL"] = str(model)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


START = "import sys; from app.__main__ import main; code = main(); "


def test_the_windows_process_never_imports_torch_or_other_heavy_libraries() -> None:
    run = run_python(START + "import json; print(json.dumps(sorted(sys.modules))); sys.exit(code)", "--time-to-paint")
    assert run.returncode == 0, run.stderr
    seconds, modules = run.stdout.splitlines()
    loaded = {name.partition(".")[0] for name in json.loads(modules)}
    assert "PySide6" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert 0 < float(seconds) < 10


@pytest.mark.parametrize("arguments", [["score", "x.wav"], ["--help"], ["--version"], ["models", "show"]])
def test_a_verb_goes_to_the_command_line_without_qt(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "score").touch()  # a file of the same name does not take the verb's place
    code = (
        "import sys, types; cli = types.ModuleType('app.cli'); "
        "cli.run = lambda argv: print(argv, 'PySide6' in sys.modules) or 5; sys.modules['app.cli'] = cli; "
        "from app.__main__ import main; sys.exit(main())"
    )
    run = run_python(code, *arguments, folder=tmp_path)
    assert (run.returncode, run.stdout) == (5, f"{arguments} False\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.wav"], "'missing.wav' is neither a file that exists nor a command"),
        (["--wrong"], "'--wrong' is not an option"),
        (["--samples", "missing.wav"], "there is no file 'missing.wav'"),
        (["--theme", "pink"], "invalid choice: 'pink'"),
    ],
)
def test_what_is_neither_file_nor_verb_is_wrong_usage(arguments: list[str], sentence: str) -> None:
    run = run_python(START + "sys.exit(code)", *arguments)
    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


def test_a_snapshot_without_a_model_says_why_and_fails(tmp_path: Path, make_wav: Callable[..., Path]) -> None:
    out = tmp_path / "window.png"
    wav, missing = make_wav("speech.wav", 2.0, kind="speech"), tmp_path / "no-model"
    run = run_python(START + "sys.exit(code)", "--snapshot", str(out), str(wav), model=missing)
    assert run.returncode == 1
    assert "no-model" in run.stderr
    assert not out.exists()


def test_a_snapshot_of_the_empty_window_needs_no_model(tmp_path: Path) -> None:
    out = tmp_path / "window.png"
    run = run_python(START + "sys.exit(code)", "--snapshot", str(out), model=tmp_path / "no-model")
    assert (run.returncode, run.stdout) == (0, f"{out}\n"), run.stderr
    assert out.read_bytes().startswith(b"\x89PNG")


def test_the_engine_leaves_with_the_window_however_that_ends(tmp_path: Path) -> None:
    """A window that is killed cannot say goodbye: the engine notices the end of its stdin."""
    engine = tmp_path / "engine.py"
    engine.write_text('import sys\nprint(\'{"event": "hello"}\', flush=True)\nsys.stdin.read()\n')
    code = (
        "import os, sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication; "
        "from app.engine_client import EngineClient; app = QCoreApplication([]); "
        "client = EngineClient(Path('x'), [sys.executable, sys.argv[1]]); client.start(); "
        "client._process.waitForReadyRead(20000); print(client.process_id, flush=True); os._exit(1)"
    )
    import psutil

    run = run_python(code, str(engine))
    engine_id = int(run.stdout)
    _gone, alive = psutil.wait_procs([psutil.Process(engine_id)] if psutil.pid_exists(engine_id) else [], timeout=10)
    assert not alive
