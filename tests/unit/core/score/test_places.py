"""Recordings on other machines: what tells that they have changed, copies of them, and what goes wrong."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile

from core.errors import AudioError, ConfigError
from core.score.inputs import list_items
from core.score.places import NOWHERE, extension, is_remote, local_file, stamp


class Server(SimpleHTTPRequestHandler):
    """Serves a folder; some names have faults."""

    def send_head(self):  # type: ignore[no-untyped-def]
        name = self.path.rpartition("/")[2]
        if name.startswith("broken-off"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"x" * 100)
            self.close_connection = True
            return None
        status = {"locked": 403, "failing.wav": 500, "login.wav": 401}.get(self.path.strip("/").rpartition("/")[2])
        if status:
            self.send_error(status)
            return None
        return super().send_head()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server of the test's folder."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *each: Server(*each, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/", recursive=True)


def why(file: str) -> tuple[str, str]:
    with pytest.raises(AudioError) as told, local_file(file):
        pass
    sentence = str(told.value)
    assert "\n" not in sentence and file in sentence and told.value.path == file
    return told.value.cause, sentence


@pytest.mark.parametrize("file", ["s3://b/a.wav", "HTTPS://x/a", "file:///a.wav", "zip://a.wav::s3://b/a.zip"])
def test_addresses(file: str) -> None:
    assert is_remote(file)


@pytest.mark.parametrize("file", ["a.wav", "/a/b.wav", "C:\\a.wav", "C://a.wav", "a:b.wav", "x ://a", "", "한국어://a"])
def test_paths(file: str) -> None:
    assert not is_remote(file)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("https://x/a.WAV?token=1.mp3#t=2", ".wav"),
        ("s3://b/what?.flac", ".flac"),
        ("zip://a.mp3::s3://b/c.zip", ".mp3"),
        ("http://x.org", ""),
        ("sub.d/a", ""),
        ("a.b.OGG", ".ogg"),
    ],
)
def test_extension(file: str, expected: str) -> None:
    assert extension(file) == expected


def test_a_path_is_its_own_copy(tmp_path: Path) -> None:
    path = tmp_path / "a b.wav"
    path.write_bytes(b"four")
    for file in (str(path), f"file://{path}"):
        with local_file(file) as found:
            assert found == path
        assert stamp(file) == (4, path.stat().st_mtime_ns)
    assert path.exists()


@pytest.mark.parametrize("file", ["gone.wav", "nul\0.wav", "x" * 5000, "memory://gone.wav", "file:///gone.wav"])
def test_what_is_not_there_has_no_stamp(file: str) -> None:
    assert stamp(file) == NOWHERE


def test_a_changed_file_has_another_stamp(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    memory.pipe("/a.wav", b"one")
    before = stamp(str(path)), stamp("memory://a.wav")
    assert before[1] == stamp("memory://a.wav") and before[1][0] == 3 and 0 <= before[1][1] < 1 << 63
    os.utime(path, ns=(1, 2))
    memory.pipe("/a.wav", b"two")
    assert stamp(str(path)) != before[0]
    assert stamp("memory://a.wav") != before[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.wav", "a.wav"),
        ("한국어 😀.flac", "한국어 😀.flac"),
        ("what*is<this>.mp3", "what_is_this_.mp3"),
        ("😀" * 150 + ".wav", "😀" * 50 + ".wav"),
        ("..", "sound"),
    ],
)
def test_a_copy_has_the_name_of_the_file_and_goes(memory: fsspec.AbstractFileSystem, name: str, expected: str) -> None:
    memory.store["/calls/" + name] = MemoryFile(memory, "/calls/" + name, b"sound")
    with local_file(f"memory://calls/{name}") as copy:
        assert copy.read_bytes() == b"sound"
        assert copy.name == expected
    assert not copy.parent.exists()


def test_a_copy_goes_when_its_reader_fails(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/a.wav", b"sound")
    with pytest.raises(ZeroDivisionError), local_file("memory://a.wav") as copy:
        raise ZeroDivisionError
    assert not copy.parent.exists()


def test_what_cannot_be_had_says_why_in_a_sentence(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/calls/a.wav", b"sound")
    assert why("memory://gone.wav") == ("missing", "There is no file memory://gone.wav.")
    assert why("memory://calls")[0] == "folder"


def test_files_of_a_web_server(tmp_path: Path, web: str) -> None:
    (tmp_path / "calls" / "sub").mkdir(parents=True)
    for name in ("b.wav", "a b.WAV", "한국어.flac", "notes.txt", ".hidden.wav", "sub/c.mp3"):
        (tmp_path / "calls" / name).write_bytes(name.encode())
    listed = [item.file for item in list_items([f"{web}/calls/"])]
    assert sorted(listed) == listed and len(listed) == 4
    contents = []
    for file in listed:
        with local_file(file) as copy:
            contents.append((copy.name, copy.read_text("utf-8")))
    assert sorted(contents) == [
        (name.rpartition("/")[2], name) for name in ("a b.WAV", "b.wav", "sub/c.mp3", "한국어.flac")
    ]
    globbed = [item.file for item in list_items([f"{web}/calls/*.wav", f"{web}/calls/sub/*"])]
    assert globbed == [f"{web}/calls/b.wav", f"{web}/calls/sub/c.mp3"]
    with local_file(f"{web}/calls/b.wav?token=x") as copy:
        assert copy.name == "b.wav"
    before = stamp(f"{web}/calls/b.wav")
    assert before[0] == 5
    (tmp_path / "calls" / "b.wav").write_bytes(b"other")
    os.utime(tmp_path / "calls" / "b.wav", (1e9, 1e9))
    assert stamp(f"{web}/calls/b.wav") != before


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("gone.wav", "missing"),
        ("locked", "permission"),
        ("login.wav", "permission"),
        ("failing.wav", "unreachable"),
        ("broken-off.wav", "unreachable"),
    ],
)
def test_what_a_web_server_refuses(web: str, name: str, cause: str) -> None:
    assert why(f"{web}/{name}")[0] == cause


def test_a_folder_of_which_a_part_may_not_be_listed_is_told_of(tmp_path: Path, web: str) -> None:
    (tmp_path / "calls" / "locked").mkdir(parents=True)
    (tmp_path / "calls" / "a.wav").write_bytes(b"x")
    with pytest.raises(AudioError, match="may not be read"):
        list(list_items([f"{web}/calls/"]))


@pytest.fixture
def gone(web: str) -> str:
    """The address of a server that does not answer any more."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}"


def test_a_server_that_is_gone(gone: str) -> None:
    cause, sentence = why(f"{gone}/a.wav")
    assert cause == "unreachable" and "cannot be reached" in sentence
    assert stamp(f"{gone}/a.wav") == NOWHERE
    assert [item.file for item in list_items([f"{gone}/a.wav"])] == [f"{gone}/a.wav"]
    for folder in (f"{gone}/calls/", f"{gone}/calls/*.wav"):
        with pytest.raises(AudioError, match="cannot be reached"):
            list(list_items([folder]))


def test_a_library_that_is_missing_is_named_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "s3fs"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setattr(sys.modules["fsspec.registry"], "registry", {})  # of the libraries that were imported before
    for ask in (stamp, lambda file: list(list_items([file])), lambda file: local_file(file).__enter__()):
        with pytest.raises(ConfigError, match=r"pip install 'moodlight\[remote\]'") as told:
            ask("s3://bucket/calls")
        assert "\n" not in str(told.value)


def test_an_unknown_kind_of_address_is_told_of() -> None:
    with pytest.raises(ConfigError, match="nothing is known of teapot://"):
        stamp("teapot://a.wav")


def test_a_disk_without_room_for_a_copy(memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    memory.pipe("/a.wav", b"sound")
    monkeypatch.setattr(type(memory), "get_file", full)
    assert why("memory://a.wav") == (
        "unreachable",
        "There is no room on this machine's disk for a copy of memory://a.wav.",
    )
