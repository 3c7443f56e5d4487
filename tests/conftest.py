"""What every test may count on: no screen, no setting of the user's, and sound that is made here."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = (ROOT.parent / "shared" / "data", ROOT / "shared" / "data")
THREADS_END_S = 5.0

# before anything imports Qt, so that no test opens a window or touches the user's own settings
_home = tempfile.TemporaryDirectory(prefix="moodlight-tests-")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for _variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
    os.environ[_variable] = _home.name
os.environ.pop("MOODLIGHT_MODEL", None)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models: torch's threads wait for one another ten times as long


settings.register_profile("moodlight", deadline=None)  # how long an example takes tells how busy the machine is
settings.load_profile("moodlight")


def pytest_unconfigure() -> None:
    _home.cleanup()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real speech beside the project; the test is skipped where it is absent."""
    found = next((folder for folder in SHARED_DATA if folder.is_dir()), None)
    if found is None:
        pytest.skip("needs the corpora in ../shared/data, which are not here")
    return found


@pytest.fixture(scope="session")
def bundled_model() -> Path:
    """The folder of the model that ships with the program."""
    folder = ROOT / "resources" / "models" / "default"
    if not (folder / "model.safetensors").is_file():
        pytest.skip("needs the bundled model in resources/models/default, which is not here yet")
    return folder


@pytest.fixture(scope="session")
def untrained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a very small model that knows nothing, with a space and other letters in its name."""
    import torch

    from core.checkpoint import Checkpoint, save_checkpoint
    from core.model import EmotionTransformer, ModelDims
    from core.schemes import load_scheme
    from core.tokenizer import Tokenizer

    torch.manual_seed(0)
    tokenizer = Tokenizer.train(["The airplane is almost full.", "I would like a new alarm clock."], 40)
    dims = ModelDims(conv_channels=4, width=32, heads=2, blocks=2, feedforward=64, units=40, norm="pre")
    folder = tmp_path_factory.mktemp("models") / "모델 one"
    save_checkpoint(Checkpoint("untrained", EmotionTransformer(dims), tokenizer, load_scheme("iemocap4")), folder)
    return folder


@pytest.fixture(scope="session")
def samples() -> list[Path]:
    """The six bundled clips: synthetic speech of three to six seconds."""
    return sorted((ROOT / "resources" / "samples").glob("*.flac"))


@pytest.fixture
def make_wav(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a sound file and returns its path.

    `make_wav("a.wav", seconds=2.0, rate=16000, channels=1, kind="tone")` with the kinds `tone` (440 Hz at half scale),
    `speech` (see `speechlike`) and `silence`; the file's extension chooses the format.
    """

    def write(
        name: str = "tone.wav", seconds: float = 1.0, rate: int = 16_000, channels: int = 1, kind: str = "tone"
    ) -> Path:
        samples = KINDS[kind](seconds, rate)
        path = tmp_path / name
        soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate)
        return path

    return write


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def speechlike(seconds: float, rate: int = 16_000) -> np.ndarray:
    """Four syllables a second: harmonics of a gliding voice, strongest near the formants of an open vowel."""
    times = np.arange(round(seconds * rate)) / rate
    pitch = 130 + 30 * np.sin(2 * np.pi * 0.7 * times)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    harmonics = range(1, int(min(4000, rate / 2) / 165))
    voice = sum(_formant_gain(130.0 * n) * np.sin(n * phase) for n in harmonics)
    syllables = np.clip(np.sin(2 * np.pi * 4 * times), 0, None) ** 0.5
    noise = np.random.default_rng(0).normal(0, 0.01, len(times))
    sound = voice * syllables + noise
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def _formant_gain(hz: float) -> float:
    return sum(float(np.exp(-(((hz - formant) / 150) ** 2))) for formant in (700, 1200, 2600)) + 0.05


def silence(seconds: float, rate: int = 16_000) -> np.ndarray:
    return np.zeros(round(seconds * rate), dtype=np.float32)


KINDS: dict[str, Callable[[float, int], np.ndarray]] = {"tone": tone, "speech": speechlike, "silence": silence}


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """A test that leaves a thread running would disturb the ones that follow."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in left:
        thread.join(THREADS_END_S)
    names = [thread.name for thread in left if thread.is_alive()]
    assert not names, f"threads left running: {', '.join(names)}"
