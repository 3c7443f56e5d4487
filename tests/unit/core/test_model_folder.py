"""Models that come from elsewhere are checked, copied and never executed."""

from __future__ import annotations

import json
import pickle
import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core import checkpoint, model_folder
from core.checkpoint import load_checkpoint
from core.errors import CheckpointError
from core.examples import Examples, load_examples, save_examples
from core.model_folder import copy_model, fingerprint_of, look_at_model, pack_model


@pytest.fixture
def model(untrained_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "a model 모델"
    shutil.copytree(untrained_model, folder)
    return folder


def test_it_agrees_with_what_loads_models(model: Path) -> None:
    assert (model_folder.FORMAT, model_folder.ARCHITECTURE) == (checkpoint.FORMAT, checkpoint.ARCHITECTURE)
    facts = look_at_model(model)
    assert facts.fingerprint == fingerprint_of(model) == checkpoint.fingerprint(model)
    assert (facts.name, facts.scheme) == ("untrained", load_checkpoint(model).scheme)


@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_what_was_packed_and_copied_is_the_same_model(model: Path, tmp_path: Path, name: str) -> None:
    save_examples(Examples(np.zeros((2, 32), np.float32), ("anger", "sadness")), model)
    (model / "report.json").write_text("{}", encoding="utf-8")
    target = tmp_path / name
    if name.endswith(".zip"):
        pack_model(model, target)
    else:
        copy_model(model, target)
    copy = tmp_path / "copy"
    facts = copy_model(target, copy)
    assert facts.fingerprint == fingerprint_of(model)
    assert load_checkpoint(copy).name == "untrained"
    examples = load_examples(copy)
    assert examples is not None and examples.labels == ("anger", "sadness")
    assert not (copy / "report.json").exists()  # a model's files, and no others


def test_a_model_one_folder_down_in_an_archive_is_found(model: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in model.iterdir():
            archive.write(file, f"mine/{file.name}")
        archive.writestr("__MACOSX/mine/._x", b"")
    assert copy_model(tmp_path / "a.zip", tmp_path / "copy").name == "untrained"


def refused(source: Path, target: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        copy_model(source, target)
    assert not target.exists() and not [path for path in target.parent.iterdir() if path.name.startswith(".")]
    return str(caught.value)


def test_what_is_missing_damaged_or_newer_is_refused(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    for changed, expected in (
        ({"format": 99}, "newer Moodlight"),
        ({"architecture": "Other"}, "'Other'"),
        ({"scheme": 3}, "not the configuration"),
    ):
        (model / "config.json").write_text(json.dumps(config | changed), encoding="utf-8")
        assert expected in refused(model, target)
    (model / "config.json").write_text("[]", encoding="utf-8")
    assert "not the configuration" in refused(model, target)
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    weights = (model / "model.safetensors").read_bytes()
    for content in (b"", weights[:-10], pickle.dumps({"a": 1})):
        (model / "model.safetensors").write_bytes(content)
        assert "safetensors" in refused(model, target)
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    assert "pickle" in refused(model, target)
    assert "no config.json" in refused(tmp_path, target)


def test_an_archive_that_would_write_elsewhere_is_refused(model: Path, tmp_path: Path) -> None:
    for name in ("../out.txt", "a/../../out.txt", "/out.txt", "..\\out.txt", "C:/out.txt"):
        pack_model(model, tmp_path / "a.zip")
        with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            archive.writestr(entry, b"bad")
        assert "not safe" in refused(tmp_path / "a.zip", tmp_path / "copy")
    pack_model(model, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(tmp_path / "a.zip", tmp_path / "copy")
    assert not list(tmp_path.rglob("out.txt"))


def test_what_is_no_archive_of_one_model_is_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.zip").write_bytes(b"hello")
    assert "nor a zip archive" in refused(tmp_path / "a.zip", tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("readme.txt", b"")
    assert "no model" in refused(tmp_path / "b.zip", tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("a/config.json", b"{}")
        archive.writestr("b/config.json", b"{}")
    assert "several models" in refused(tmp_path / "c.zip", tmp_path / "copy")
    pack_model(model, tmp_path / "d.zip")
    monkeypatch.setitem(model_folder.LARGEST, "model.safetensors", 1000)
    assert "larger than" in refused(tmp_path / "d.zip", tmp_path / "copy")
    content = bytearray((tmp_path / "d.zip").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "d.zip").write_bytes(content)
    monkeypatch.undo()
    refused(tmp_path / "d.zip", tmp_path / "copy")
