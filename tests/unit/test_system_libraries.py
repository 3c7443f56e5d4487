"""What `make setup` does where Qt's or PortAudio's libraries are missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "system_libraries.py"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the wheels bring everything")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("system_libraries", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script on a Debian machine where nothing is missing and nobody is root."""
    module = load()
    for name in ("qt_fault", "sound_fault", "font_fault", "privilege"):
        monkeypatch.setattr(module, name, lambda: None)
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    return module


def test_nothing_is_said_where_nothing_is_missing(libraries: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert libraries.main() == 0
    assert capsys.readouterr() == ("", "")


def test_without_rights_the_line_to_type_is_printed(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "qt_fault", lambda: "libxcb-cursor.so.0: cannot open shared object file")
    assert libraries.main() == 1
    said = capsys.readouterr().err
    assert "libxcb-cursor.so.0: cannot open" in said
    line = next(line for line in said.splitlines() if "apt-get" in line)
    assert line.strip().startswith("sudo apt-get install")
    assert {"libxcb-cursor0", "libegl1", "libxkbcommon0"} <= set(line.split())
    assert "libportaudio2" not in line


def test_without_portaudio_the_setup_goes_on(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "sound_fault", lambda: "libportaudio.so.2 was not found")
    assert libraries.main() == 0
    assert "libportaudio2" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", [[], ["sudo", "-n"]])
def test_with_rights_apt_brings_what_is_missing(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch, prefix: list[str]
) -> None:
    called: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        called.append(command)
        monkeypatch.setattr(libraries, "sound_fault", lambda: None)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(libraries, "sound_fault", lambda: "libportaudio.so.2 was not found")
    monkeypatch.setattr(libraries, "privilege", lambda: prefix)
    monkeypatch.setattr(libraries.subprocess, "run", run)
    assert libraries.main() == 0
    assert [command[: len(prefix)] for command in called] == [prefix, prefix]
    assert called[0][-1] == "update"
    assert called[1][-1] == "libportaudio2"


def test_where_apt_does_not_help_the_line_is_printed(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "qt_fault", lambda: "libEGL.so.1: cannot open shared object file")
    monkeypatch.setattr(libraries, "privilege", list)
    monkeypatch.setattr(libraries, "install", lambda packages, prefix: None)
    assert libraries.main() == 1
    assert "sudo apt-get install" in capsys.readouterr().err


def test_without_apt_the_libraries_are_named(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libraries, "qt_fault", lambda: "libEGL.so.1: cannot open shared object file")
    monkeypatch.setattr(libraries.shutil, "which", lambda name: None)
    assert libraries.main() == 1
    said = capsys.readouterr().err
    assert "libegl1" in said
    assert "apt-get" not in said


def test_this_machine_can_show_the_window() -> None:
    """`make test` has been through `make setup`, so nothing that Qt needs is missing."""
    assert load().qt_fault() is None


def test_a_platform_plugin_that_cannot_be_loaded_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = load()
    plugins = tmp_path / "Qt" / "plugins" / "platforms"
    plugins.mkdir(parents=True)
    (plugins / "libqoffscreen.so").write_bytes(b"not a library")
    spec = ModuleSpec("PySide6", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(library.importlib.util, "find_spec", lambda name: spec)
    assert "libqoffscreen.so" in library.qt_fault()


def test_an_empty_font_folder_is_no_font(tmp_path: Path) -> None:
    library = load()
    library.FONT_FOLDERS = (str(tmp_path), str(tmp_path / "none"))
    assert library.font_fault() == "no font is installed"
    (tmp_path / "a.ttf").touch()
    assert library.font_fault() is None


@pytest.mark.parametrize(
    ("user", "missing", "installs"),
    [
        (0, {"pactl", "pipewire"}, True),
        (0, {"pactl"}, False),  # a desktop with PipeWire
        (0, {"pipewire"}, False),  # it is there
        (0, {"pactl", "pipewire", "apt-get"}, False),
        (1000, {"pactl", "pipewire"}, False),
    ],
)
def test_the_sound_server_of_the_tests_comes_where_it_can_do_no_harm(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch, user: int, missing: set[str], installs: bool
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(libraries.os, "geteuid", lambda: user)
    monkeypatch.setattr(libraries.shutil, "which", lambda name: None if name in missing else f"/usr/bin/{name}")
    monkeypatch.setattr(libraries, "install", lambda packages, _prefix: called.append(packages))
    libraries.bring_sound_server()
    assert called == ([["pulseaudio", "pulseaudio-utils", "libasound2-plugins"]] if installs else [])
