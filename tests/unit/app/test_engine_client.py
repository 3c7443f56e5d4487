from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.engine_client import EngineClient, LineBuffer
from core.predictions import Prediction

MakeClient = Callable[[], EngineClient]


class Heard:
    """Everything that a client said, in order."""

    def __init__(self, client: EngineClient) -> None:
        self.items: list[tuple[int, Prediction]] = []
        self.done: list[int] = []
        self.failed: list[tuple[int, str]] = []
        self.died: list[str] = []
        self.states: list[str] = []
        client.item.connect(lambda request, prediction: self.items.append((request, prediction)))
        client.done.connect(self.done.append)
        client.failed.connect(lambda request, message: self.failed.append((request, message)))
        client.died.connect(self.died.append)
        client.state_changed.connect(self.states.append)


def test_a_request_is_answered_segment_by_segment(make_client: MakeClient, qtbot: QtBot) -> None:
    client = make_client()
    heard = Heard(client)
    with qtbot.waitSignal(client.ready) as ready:
        client.start()
    assert ready.args[0]["labels"] == ["anger", "happiness", "neutral", "sadness"]
    with qtbot.waitSignal(client.done):
        request = client.analyse("speech.wav")
    assert [number for number, _ in heard.items] == [request, request]
    assert [prediction.emotion for _, prediction in heard.items] == ["anger", "sadness"]
    assert heard.items[0][1].transcript == "früher war alles"
    assert heard.items[0][1].file == str(Path("speech.wav").absolute())
    assert heard.states == ["loading", "idle", "busy", "idle"]


def test_what_is_asked_before_the_model_is_loaded_is_answered_too(make_client: MakeClient, qtbot: QtBot) -> None:
    client = make_client()
    heard = Heard(client)
    requests = [client.analyse("a.wav"), client.analyse("refused.wav"), client.analyse("b.wav")]
    client.start()
    qtbot.waitUntil(lambda: len(heard.done) == 2)
    assert heard.done == [requests[0], requests[2]]
    assert heard.failed == [(requests[1], "refused.wav is not a sound file.")]


def test_nothing_is_heard_of_a_cancelled_request(make_client: MakeClient, qtbot: QtBot) -> None:
    client = make_client()
    heard = Heard(client)
    client.start()
    with qtbot.waitSignal(client.item):
        slow = client.analyse("slow.wav")
    client.cancel(slow)
    with qtbot.waitSignal(client.done):
        other = client.analyse("other.wav")
    assert heard.done == [other]
    assert [request for request, _ in heard.items] == [slow, other, other]
    assert heard.failed == []


def test_an_engine_that_dies_is_restarted_and_finishes_what_it_began(make_client: MakeClient, qtbot: QtBot) -> None:
    client = make_client()
    heard = Heard(client)
    client.start()
    requests = [client.analyse("kills-once.wav"), client.analyse("next.wav")]
    qtbot.waitUntil(lambda: len(heard.done) == 2)
    assert heard.done == requests
    assert len(heard.died) == 1
    assert heard.states == ["loading", "busy", "restarting", "loading", "busy", "idle"]
    starts = [prediction.start_s for request, prediction in heard.items if request == requests[0]]
    assert starts == [0.0, 1.0], "the segment that was known before the death is not delivered twice"


def test_a_request_that_kills_the_engine_twice_is_left_out_and_the_next_is_done(
    make_client: MakeClient, qtbot: QtBot
) -> None:
    client = make_client()
    heard = Heard(client)
    client.start()
    deadly, harmless = client.analyse("kills-always.wav"), client.analyse("harmless.wav")
    with qtbot.waitSignal(client.done):
        pass
    assert heard.done == [harmless]
    assert heard.failed == [(deadly, "kills-always.wav was left out: the engine stopped twice while it was analysed.")]
    assert client.state == "idle"


def test_after_four_deaths_in_a_minute_it_waits_to_be_restarted_by_hand(
    make_client: MakeClient, engine_folder: Path, qtbot: QtBot
) -> None:
    (engine_folder / "broken").touch()
    client = make_client()
    heard = Heard(client)
    request = client.analyse("a.wav")
    client.start()
    qtbot.waitUntil(lambda: client.state == "failed")
    assert len(heard.died) == 4
    assert heard.died[-1] == "The engine could not start (exit code 3): no luck today"
    (engine_folder / "broken").unlink()
    with qtbot.waitSignal(client.done):
        client.restart()
    assert heard.done == [request]


def test_a_model_that_cannot_be_loaded_is_said_once(make_client: MakeClient, engine_folder: Path, qtbot: QtBot) -> None:
    (engine_folder / "unloadable").touch()
    client = make_client()
    heard = Heard(client)
    client.start()
    qtbot.waitUntil(lambda: client.state == "failed")
    assert heard.died == ["model.safetensors is damaged."]


def test_a_program_that_is_not_there_is_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    client = EngineClient(tmp_path, [str(tmp_path / "no-python")], backoff_ms=())
    with qtbot.waitSignal(client.died) as died:
        client.start()
    assert died.args == ["The engine could not start (it could not be started)."]


def test_another_model_can_be_loaded_and_a_missing_one_leaves_the_old(make_client: MakeClient, qtbot: QtBot) -> None:
    client = make_client()
    with qtbot.waitSignal(client.ready):
        client.start()
    with qtbot.waitSignal(client.ready) as ready:
        client.load_model(Path("/models/other"))
    assert ready.args[0]["name"] == "fake other"
    assert client.model_dir == Path("/models/other")
    with qtbot.waitSignal(client.failed) as failed:
        load = client.load_model(Path("/models/missing"))
    assert failed.args == [load, "There is no model there."]
    assert client.model_dir == Path("/models/other")


@pytest.mark.parametrize("stubborn", [False, True])
def test_shutdown_leaves_no_process_behind(
    stubborn: bool, make_client: MakeClient, engine_folder: Path, qtbot: QtBot
) -> None:
    client = make_client()
    if stubborn:
        (engine_folder / "stubborn").touch()
    with qtbot.waitSignal(client.ready):
        client.start()
    process = client.process_id
    assert psutil.pid_exists(process)
    client.shutdown(patience_ms=2_000 if not stubborn else 50)
    assert not psutil.pid_exists(process)
    assert client.state == "stopped"


def test_lines_are_whole_wherever_the_chunks_end() -> None:
    data = '{"a": "früher"}\n\n{"b": "…"}\n{"c'.encode()
    for first in range(len(data)):
        for second in range(first, len(data)):
            lines = LineBuffer()
            chunks = (data[:first], data[first:second], data[second:])
            heard = [line for chunk in chunks for line in lines.feed(chunk)]
            assert heard == ['{"a": "früher"}', '{"b": "…"}']
