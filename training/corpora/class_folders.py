"""A folder a class: `DIR/anger/*.wav`, or `DIR/train/anger/*.wav` where the folders above name the split."""

from __future__ import annotations

from pathlib import Path

from training.corpora.labels import standard_label
from training.corpora.layout import Corpus, Problem, sounds_below
from training.manifest import Clip

_NAMES = {"train": ("train", "training"), "dev": ("dev", "val", "valid", "validation"), "test": ("test", "testing")}
SPLITS = {name: split for split, names in _NAMES.items() for name in names}


def read(folder: Path) -> Corpus:
    """Every recording with the name of its uppermost folder as emotion."""
    clips, problems = [], []
    for path in sounds_below(folder):
        parts = path.relative_to(folder).parts[:-1]
        split = SPLITS.get(parts[0].lower(), "") if parts else ""
        classes = parts[1:] if split else parts
        if classes:
            clips.append(Clip(path, emotion=standard_label(classes[0]), split=split))
        else:
            problems.append(Problem("unlabelled", path, "in no class's folder"))
    return Corpus(clips, tuple(problems))
