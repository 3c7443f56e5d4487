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
    """What the emotion layers read of clips, and their labels.

    Attributes:
        embeddings: z_e, `(clips, width)` float32.
        labels: the label of each, `(clips,)`.
        side: inputs of the side layer, `(clips, side width)` float32; None where they were not kept.
        side_blocks: the blocks that these come from.
    """

    embeddings: np.ndarray
    labels: tuple[str, ...]
    side: np.ndarray | None = None
    side_blocks: tuple[int, ...] = ()

    def __add__(self, other: Examples) -> Examples:
        """Both; without side inputs where either has none, or they come from different blocks."""
        embeddings, labels = np.concatenate([self.embeddings, other.embeddings]), self.labels + other.labels
        if self.side is None or other.side is None or self.side_blocks != other.side_blocks:
            return Examples(embeddings, labels)
        return Examples(embeddings, labels, np.concatenate([self.side, other.side]), self.side_blocks)


def save_examples(examples: Examples, folder: Path) -> None:
    """Write them into a checkpoint folder, in half precision."""
    names = sorted(set(examples.labels))
    numbers = np.array([names.index(label) for label in examples.labels], dtype=np.int32)
    tensors: dict[str, np.ndarray] = {"embeddings": examples.embeddings.astype(np.float16), "labels": numbers}
    if examples.side is not None:
        tensors |= {"side": examples.side.astype(np.float16), "side_blocks": np.array(examples.side_blocks, np.int32)}
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
    side, side_blocks = None, tuple[int, ...]()
    try:
        with safe_open(path, framework="np") as file:
            names = {int(key.removeprefix("label ")): name for key, name in (file.metadata() or {}).items()}
            embeddings = file.get_tensor("embeddings").astype(np.float32)
            labels = tuple(names[int(number)] for number in file.get_tensor("labels"))
            if "side" in file.keys():  # noqa: SIM118 - not a dictionary
                side = file.get_tensor("side").astype(np.float32)
                side_blocks = tuple(int(block) for block in file.get_tensor("side_blocks"))
    except (SafetensorError, OSError, KeyError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.") from error
    rows = [part for part in (embeddings, side) if part is not None]
    if any(part.ndim != 2 or len(part) != len(labels) for part in rows):
        raise CheckpointError(f"{path} is damaged: embeddings and labels do not belong together.")
    return Examples(embeddings, labels, side, side_blocks)
