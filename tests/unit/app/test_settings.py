from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings, load_settings, save_settings


def test_what_is_saved_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    settings = Settings(theme="dark", last_folder="/Aufnahmen/für später", geometry="AAAA", splitters="BB CC")
    save_settings(settings, path)
    assert load_settings(path) == settings
    assert [file.name for file in path.parent.iterdir()] == ["settings.json"]


NONSENSE = ["", "{", "[]", '"dark"', '{"theme": "pink"}', '{"theme": 7, "unknown": 1}', "\xff"]


@pytest.mark.parametrize("content", NONSENSE)
def test_a_file_that_makes_no_sense_is_as_a_first_start(content: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content.encode("latin-1"))
    assert load_settings(path) == Settings()


def test_a_folder_that_cannot_be_written_keeps_nobody_from_closing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    save_settings(Settings(), tmp_path / "file" / "settings.json")
    assert load_settings(tmp_path / "settings.json") == Settings()
