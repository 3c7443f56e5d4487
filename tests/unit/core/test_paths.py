"""Where things are, and writing files whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.paths import atomic_write, check_can_be_written, default_model_dir, resources_dir, samples_dir
from core.predictions import open_csv
from core.tables import write_rows


def test_resources_hold_what_the_program_opens_with() -> None:
    assert (resources_dir() / "icons" / "moodlight.svg").is_file()
    assert len(list(samples_dir().glob("*.flac"))) == 6


def test_the_bundled_model_is_the_default_and_the_environment_overrides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_model_dir() == resources_dir() / "models" / "default"
    monkeypatch.setenv("MOODLIGHT_MODEL", "~/another")
    assert default_model_dir() == Path.home() / "another"


def test_an_empty_variable_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODLIGHT_MODEL", "")
    assert default_model_dir() == resources_dir() / "models" / "default"


@pytest.mark.parametrize(("mode", "content"), [("wb", b"\x00\xff\r\n"), ("w", "Zürich\r\nöö\n")])
def test_what_is_written_is_what_is_read(tmp_path: Path, mode: str, content: bytes | str) -> None:
    path = tmp_path / "out.txt"
    with atomic_write(path, mode) as stream:  # type: ignore[call-overload]
        stream.write(content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.txt"]


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with atomic_write(path, "w") as stream:
        stream.write("new")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(error), atomic_write(path, "w") as stream:  # noqa: PT012
        stream.write("half of the n")
        raise error
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_a_missing_folder_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere/a\.csv"), atomic_write(tmp_path / "nowhere" / "a.csv"):
        pass


def test_another_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'a'"):
        atomic_write(tmp_path / "a.csv", "a")  # type: ignore[call-overload]


def test_a_name_of_the_longest_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    with atomic_write(path) as stream:
        stream.write(b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.skipif(os.name == "nt", reason="permissions and links as POSIX has them")
def test_others_may_read_the_file_as_far_as_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with atomic_write(tmp_path / "a.csv") as stream:
            stream.write(b"1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o644


@pytest.mark.skipif(os.name == "nt", reason="permissions and links as POSIX has them")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real" / "table.csv")
    with atomic_write(link, "w") as stream:
        stream.write("new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "table.csv").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="pipes as POSIX has them")
def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with atomic_write(pipe) as stream:
        stream.write(b"rows")
    reader.join(10)
    assert received == [b"rows"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["scores.xlsx", "scores.XLS", "deine Töne 😀.ods"])
def test_a_spreadsheet_is_no_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    said = f"{name} cannot be written: tables are CSV, which spreadsheets open. Name it {path.stem}.csv."
    with pytest.raises(ConfigError, match=re.escape(said)):
        check_can_be_written(path)
    with pytest.raises(ConfigError, match=re.escape(said)):
        write_rows(path, ["file"], iter([["a.wav"]]))
    with pytest.raises(ConfigError, match=re.escape(said)), open_csv(path, ["file"]):
        pass
    assert not list(tmp_path.iterdir())
