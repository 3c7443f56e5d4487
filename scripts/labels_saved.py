"""How many labels the order *most useful first* saves, simulated on CREMA-D with the bundled model's embeddings.

    python scripts/labels_saved.py --data data

The train actors' clips are labelled in one order or the other, and a logistic head on z_e is measured on the test
actors. With --keep the figures go to docs/results/labels-saved.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from core.audio.decode import read_sound
from core.checkpoint import fingerprint
from core.paths import atomic_write, default_model_dir
from core.project.usefulness import QueueSettings
from core.recognizer import Recognizer
from training.labels_saved import labels_saved
from training.manifest import Clip, of_split, read_manifest

ROOT = Path(__file__).resolve().parent.parent
CLIPS_AT_ONCE = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "data", help="folder of the manifests")
    parser.add_argument("--model", type=Path, default=default_model_dir(), help="checkpoint")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--split", default="test", help="whose speakers are measured on: dev to choose, test to report")
    parser.add_argument("--novelty", type=float, default=QueueSettings().novelty)
    parser.add_argument("--kind", default=QueueSettings().kind)
    parser.add_argument("--keep", action="store_true", help="write the figures to docs/results")
    arguments = parser.parse_args()
    recognizer = Recognizer.load(arguments.model)
    rows = read_manifest(arguments.data / "crema-d.csv")
    labels = recognizer.scheme.names
    train, measured = (
        [clip for clip in of_split(rows, split) if clip.emotion in labels] for split in ("train", arguments.split)
    )
    settings = replace(QueueSettings(), novelty=arguments.novelty, kind=arguments.kind)
    found = labels_saved(
        embeddings_of(recognizer, train, arguments.data),
        numbers([clip.emotion for clip in train], labels),
        numbers([clip.speaker for clip in train]),
        embeddings_of(recognizer, measured, arguments.data),
        numbers([clip.emotion for clip in measured], labels),
        runs=arguments.runs,
        settings=settings,
    )
    print("\n".join(found.lines()))
    if arguments.keep:
        keep(found.to_json() | {"split": arguments.split, "queue": vars(settings)}, arguments.model)


def embeddings_of(recognizer: Recognizer, clips: Sequence[Clip], data: Path) -> np.ndarray:
    """z_e of clips, `(clips, width)`, kept in the data folder."""
    name = f"z_e-{fingerprint(recognizer.folder)}-{clips[0].split}.npy"
    path = data / "features" / name
    if not path.exists():
        parts = [clips[start : start + CLIPS_AT_ONCE] for start in range(0, len(clips), CLIPS_AT_ONCE)]
        results = [
            result.z_e
            for part in parts
            for result in recognizer.analyse_clips([read_sound(clip.file).samples for clip in part])
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            np.save(file, np.stack(results))
    embeddings: np.ndarray = np.load(path)
    return embeddings


def numbers(values: Sequence[str], known: Sequence[str] = ()) -> np.ndarray:
    """Values as numbers, in the order of `known` or of the alphabet."""
    order = list(known) or sorted(set(values))
    return np.array([order.index(value) for value in values])


def keep(figures: dict[str, object], model: Path) -> None:
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    about = {"date": date.today().isoformat(), "commit": commit.stdout.strip(), "model": fingerprint(model)}
    with atomic_write(ROOT / "docs" / "results" / "labels-saved.json", "w") as file:
        json.dump(about | figures, file, indent=2)


if __name__ == "__main__":
    main()
