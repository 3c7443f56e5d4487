"""What an emotion layer learnt from, as embeddings: kept beside a model's weights, so that teaching keeps it in mind.

A few hundred vectors stand for a corpus that is not shipped. They hold as long as the encoder does not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from core.errors import CheckpointError
from core.paths import atomic_write

FILE = "examples.safetensors"


@dataclass(frozen=True, eq=False)
class Examples:
    """Embeddings and their labels.

    Attributes:
        embeddings: z_e, `(clips, width)` float32.
        labels: the label of each, `(clips,)`.
    """

    embeddings: np.ndarray
    labels: tuple[str, ...]

    def __add__(self, other: Examples) -> Examples:
        return Examples(np.concatenate([self.embeddings, other.embeddings]), self.labels + other.labels)


def save_examples(examples: Examples, folder: Path) -> None:
    """Write them into a checkpoint folder, in half precision."""
    names = sorted(set(examples.labels))
    numbers = np.array([names.index(label) for label in examples.labels], dtype=np.int32)
    tensors: dict[str, np.ndarray] = {"embeddings": examples.embeddings.astype(np.float16), "labels": numbers}
    with atomic_write(folder / FILE) as file:
        file.write(save(tensors, {f"label {number}": name for number, name in enumerate(names)}))


def load_examples(folder: Path) -> Examples | None:
    """Read them from a checkpoint folder; None where it has none.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="np") as file:
            names = {int(key.removeprefix("label ")): name for key, name in (file.metadata() or {}).items()}
            embeddings = file.get_tensor("embeddings").astype(np.float32)
            labels = tuple(names[int(number)] for number in file.get_tensor("labels"))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    if embeddings.ndim != 2 or len(embeddings) != len(labels):
        raise CheckpointError(f"{path} is damaged: embeddings and labels do not belong together.")
    return Examples(embeddings, labels)
