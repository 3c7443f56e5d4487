"""`moodlight listen` over a microphone that the test speaks into."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.commands.listen import Wishes, list_inputs, listen
from core.audio.capture import InputChoice
from core.audio.decode import read_sound
from core.errors import ConfigError, MoodlightError
from core.predictions import read_score_table, readable
from tests.fake_source import MONITOR, FakeBackend, FakeSource

PATIENCE_S = 60.0


class SpokenInto(FakeBackend):
    """Somebody speaks as soon as it is opened."""

    def __init__(self, speak: Callable[[FakeSource], None]) -> None:
        super().__init__()
        self._speak = speak

    def open(self, choice: InputChoice) -> FakeSource:
        source = super().open(choice)
        self.thread = threading.Thread(target=self._speak, args=(source,))
        self.thread.start()
        return source


@pytest.fixture
def said(samples: list[Path]) -> np.ndarray:
    silence = np.zeros(16_000, np.float32)
    sound = np.concatenate([silence, read_sound(samples[0]).samples, silence])
    return (np.rint(sound * 32_768).clip(-32_768, 32_767) / 32_768).astype(np.float32)


@pytest.fixture
def speaking(said: np.ndarray) -> Iterator[Callable[..., SpokenInto]]:
    made: list[SpokenInto] = []

    def make(ending: str = "") -> SpokenInto:
        def speak(source: FakeSource) -> None:
            source.push(said)
            if ending:
                source.unplug(ending)

        made.append(SpokenInto(speak))
        return made[-1]

    yield make
    for each in made:
        each.thread.join(PATIENCE_S)


def test_it_writes_what_was_heard(
    speaking: Callable[..., SpokenInto],
    said: np.ndarray,
    tmp_path: Path,
    untrained_model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save, out = tmp_path / "녹음 🎙 one.wav", tmp_path / "표.csv"
    wishes = Wishes(seconds=len(said) / 16_000, save=save, out=out, model=untrained_model)
    assert listen(wishes, speaking()) == 0
    np.testing.assert_array_equal(soundfile.read(save, dtype="float32")[0], said)
    (row,) = read_score_table(out)
    assert (row.file, row.start_s) == (str(save), pytest.approx(0.83, abs=0.1))
    printed = capsys.readouterr().out
    assert f"{row.emotion} {row.confidence:.0%}" in printed and readable(row.transcript) in " ".join(printed.split())
    assert str(save) in printed.replace("\n", "")
    assert sorted(tmp_path.iterdir()) == sorted([save, out])


def test_a_device_that_goes_away_is_one_sentence_and_what_was_heard_is_kept(
    speaking: Callable[..., SpokenInto], tmp_path: Path, untrained_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save, out = tmp_path / "take.wav", tmp_path / "table.csv"
    backend = speaking("Microphone gives no sound any more: it was unplugged or switched off.")
    assert listen(Wishes(save=save, out=out, model=untrained_model, events=True), backend) == 1
    assert capsys.readouterr().err.startswith("moodlight: Microphone gives no sound any more")
    assert soundfile.info(save).frames == backend.source.ring.written
    assert len(read_score_table(out)) == 1


def test_a_full_disk_does_not_end_the_listening(
    speaking: Callable[..., SpokenInto],
    said: np.ndarray,
    tmp_path: Path,
    untrained_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(_handle: int, data: bytes) -> None:
        if len(data) > 100:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.audio.take._write_all", full)
    wishes = Wishes(
        seconds=len(said) / 16_000, save=tmp_path / "take.wav", out=tmp_path / "a.csv", model=untrained_model
    )
    assert listen(wishes, speaking()) == 1
    assert "moodlight: take.wav ends at 0.0 s: No space left on device." in capsys.readouterr().err
    assert len(read_score_table(tmp_path / "a.csv")) == 1


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        (Wishes(save=Path("a.mp3")), r"^A recording is saved as WAV: name it a\.wav\.$"),
        (Wishes(save=Path("missing/a.wav")), r"^The folder missing does not exist"),
        (Wishes(out=Path("missing/a.csv")), r"^The folder missing does not exist"),
        (Wishes(seconds=0.0), r"^So many seconds cannot be listened to: 0\.0\.$"),
        (Wishes(seconds=float("nan")), r"cannot be listened to"),
        (Wishes(save=Path(__file__).with_suffix(".wav")), None),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_loaded(wishes: Wishes, sentence: str | None) -> None:
    backend = FakeBackend()
    if sentence is None:
        backend.missing = sentence = "Sound cannot be recorded: there is no sound device."
    with pytest.raises(ConfigError, match=sentence):
        listen(wishes, backend)
    assert backend.opened == []


def test_a_recording_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"mine")
    with pytest.raises(ConfigError, match="exists already"):
        listen(Wishes(save=path), FakeBackend())


def test_a_device_that_does_not_exist_is_one_sentence(untrained_model: Path) -> None:
    with pytest.raises(MoodlightError, match="There is no device 'x' to record from"):
        listen(Wishes(InputChoice(name="x"), model=untrained_model), FakeBackend())


def test_what_the_computer_plays_is_found_by_itself(
    speaking: Callable[..., SpokenInto], untrained_model: Path, said: np.ndarray
) -> None:
    backend = speaking()
    assert listen(Wishes(loopback=True, seconds=len(said) / 16_000, model=untrained_model), backend) == 0
    assert backend.opened[0][0].name == MONITOR.name
    silent = FakeBackend()
    silent.found = [device for device in silent.found if not device.loopback]
    with pytest.raises(ConfigError, match="offers no device that records what the computer plays"):
        listen(Wishes(loopback=True), silent)


def test_devices_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert list_inputs(FakeBackend()) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Microphone 마이크 (Fake): 1 channels, 48000 Hz, default",
        "Speakers.monitor (Fake): 2 channels, 48000 Hz, what the computer plays",
    ]


def test_on_a_terminal_level_bars_and_words_are_shown_while_somebody_speaks(
    speaking: Callable[..., SpokenInto],
    said: np.ndarray,
    untrained_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert listen(Wishes(seconds=len(said) / 16_000, model=untrained_model), speaking()) == 0
    printed = capsys.readouterr().out
    assert "level " in printed and " dB" in printed and "no speech" in printed
