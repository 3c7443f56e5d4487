"""Choose and write the clips by which a taught model is asked what it has forgotten: resources/old-task.

    python scripts/make_old_task.py --data data

Two clips of each of the four emotions by every test actor of CREMA-D, and three sentences of each speaker of
test-clean-10 in LibriSpeech. No bundled model was trained on these speakers.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.schemes import load_scheme
from training.manifest import Clip, of_split, read_manifest, write_manifest

OUT = Path(__file__).resolve().parent.parent / "resources" / "old-task"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the manifests")
    data = parser.parse_args().data
    rng = np.random.default_rng(0)
    emotions = load_scheme("iemocap4").names
    acted = [clip for clip in of_split(read_manifest(data / "crema-d.csv"), "test") if clip.emotion in emotions]
    read = of_split(read_manifest(data / "librispeech.csv"), "test")
    chosen = draw(acted, 2, rng) + [replace(clip, emotion="") for clip in draw(short(read), 3, rng)]
    (OUT / "clips").mkdir(parents=True, exist_ok=True)
    rows = []
    for clip in chosen:
        target = OUT / "clips" / clip.file.name
        shutil.copyfile(clip.file, target)
        rows.append(replace(clip, file=target, split="test"))
    write_manifest(rows, OUT / "manifest.csv")
    size = sum(path.stat().st_size for path in (OUT / "clips").iterdir())
    print(f"{len(rows)} clips, {size / 1e6:.1f} MB")


def short(clips: Sequence[Clip]) -> list[Clip]:
    """Whole files of at most a dozen words."""
    return [clip for clip in clips if clip.end_s is None and len(clip.transcript.split()) <= 12]


def draw(clips: Sequence[Clip], count: int, rng: np.random.Generator) -> list[Clip]:
    """So many of each speaker and emotion."""
    groups: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        groups.setdefault((clip.speaker, clip.emotion), []).append(clip)
    return [members[i] for members in groups.values() for i in sorted(rng.permutation(len(members))[:count])]


if __name__ == "__main__":
    main()
