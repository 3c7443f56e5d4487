"""Make the six bundled clips with espeak-ng: `python scripts/make_samples.py [FOLDER]`.

The clips are synthetic from end to end, so that anyone may pass them on. They show what the window does with different
voices and moods; how well a model hears moods is measured on real speech only.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

SAMPLE_RATE = 16_000
PAUSE_S = 0.7


@dataclass(frozen=True)
class Phrase:
    """One sentence and how it is said.

    Attributes:
        voice: espeak-ng's voice, with its variant after the plus sign.
        pitch: 0 to 99.
        pitch_range: how far the pitch moves, in percent of the voice's own.
        rate: words a minute.
        level: the peak that the sound is brought to, 0 to 1.
    """

    text: str
    voice: str
    pitch: int
    pitch_range: int
    rate: int
    level: float


ANGRY = Phrase("I told you twice already! Why did nobody listen to me?", "en-us+klatt2", 62, 210, 205, 0.95)
SAD = Phrase("She left this morning, and I miss her.", "en-gb+m3", 22, 35, 112, 0.22)
CALM = Phrase("The train leaves at ten from platform four.", "en-gb+f4", 48, 80, 160, 0.45)

SAMPLES: dict[str, tuple[Phrase, ...]] = {
    "angry.flac": (ANGRY,),
    "happy.flac": (Phrase("We won! This is the best day of the whole year!", "en-us+f2", 78, 230, 190, 0.8),),
    "neutral-man.flac": (Phrase("The meeting is in room twelve, on the second floor.", "en-us+m7", 38, 75, 165, 0.5),),
    "neutral-woman.flac": (CALM,),
    "sad.flac": (SAD,),
    "two-moods.flac": (
        Phrase("Please sit down, we have time.", "en-us+f3", 40, 60, 150, 0.4),
        Phrase("No! I will not wait!", "en-us+klatt4", 66, 220, 205, 0.95),
    ),
}


def speak(phrase: Phrase) -> np.ndarray:
    """The phrase as float32 samples at 16 kHz, brought to its level."""
    marked = f'<speak><prosody range="{phrase.pitch_range}%">{phrase.text}</prosody></speak>'
    manner = ["-v", phrase.voice, "-p", str(phrase.pitch), "-s", str(phrase.rate)]
    wave = subprocess.run(["espeak-ng", "-m", *manner, "--stdout", marked], check=True, capture_output=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wave), dtype="float32")
    samples = soxr.resample(samples, rate, SAMPLE_RATE)
    return np.asarray(samples * (phrase.level / np.abs(samples).max()), dtype=np.float32)


def make(folder: Path) -> list[Path]:
    """Write all samples into `folder` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE), dtype=np.float32)
    paths = []
    for name, phrases in SAMPLES.items():
        parts = [part for phrase in phrases for part in (speak(phrase), pause)][:-1]
        soundfile.write(folder / name, np.concatenate(parts), SAMPLE_RATE, subtype="PCM_16")
        paths.append(folder / name)
    return paths


def main() -> int:
    if shutil.which("espeak-ng") is None:
        print("espeak-ng is not installed. On Debian and Ubuntu: sudo apt-get install espeak-ng", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "resources" / "samples"
    for path in make(folder):
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB  {soundfile.info(path).duration:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
