"""A model on disk: `config.json`, `model.safetensors`, `tokenizer.model` and the model card `README.md`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from core import features
from core.errors import CheckpointError, ConfigError
from core.model import EmotionTransformer, ModelDims
from core.paths import atomic_write
from core.schemes import Scheme
from core.tokenizer import Tokenizer

FORMAT = 2  # 1 is a model without a side layer, as programs before it know them
ARCHITECTURE = "EmotionTransformer"


@dataclass
class Checkpoint:
    """A model with all that is needed to use it.

    Attributes:
        name: what the model is called in tables and in the window.
        temperature: divides the emotion logits so that confidence is calibrated.
        notes: free facts for people and programs (recipe, figures, parent).
    """

    name: str
    model: EmotionTransformer
    tokenizer: Tokenizer
    scheme: Scheme
    temperature: float = 1.0
    notes: dict[str, Any] = field(default_factory=dict)
    card: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """What `config.json` holds."""
        dims = asdict(self.model.dims)
        if not self.model.dims.side_blocks:
            del dims["side_blocks"]
        return {
            "format": FORMAT if self.model.dims.side_blocks else 1,
            "architecture": ARCHITECTURE,
            "name": self.name,
            "dims": dims,
            "features": features.SETTINGS,
            "scheme": self.scheme.to_json(),
            "calibration": {"temperature": self.temperature},
            "notes": self.notes,
        }


def save_checkpoint(checkpoint: Checkpoint, folder: Path, *, half: bool = False) -> None:
    """Write a checkpoint folder; each file appears whole or not at all, the weights before the configuration.

    Args:
        checkpoint: what to write.
        folder: is made where it is missing.
        half: keep the weights in half precision, in half the space; a model that is loaded has single precision.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = torch.float16 if half else torch.float32
    weights = {name: value.to(kind).contiguous() for name, value in checkpoint.model.state_dict().items()}
    for name, content in (
        ("model.safetensors", save(weights)),
        ("tokenizer.model", checkpoint.tokenizer.model),
        ("README.md", checkpoint.card.encode()),
        ("config.json", json.dumps(checkpoint.config, indent=2, ensure_ascii=False).encode()),
    ):
        with atomic_write(folder / name) as file:
            file.write(content)


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a checkpoint, checked for version and architecture.

    Raises:
        CheckpointError: the folder or the file is missing, not JSON, of a newer version, or of another architecture.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder} is not a model: it has no config.json.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    if not isinstance(config, dict) or not isinstance(config.get("format"), int):
        raise CheckpointError(f"{path} is not the configuration of a Moodlight model.")
    if config["format"] > FORMAT:
        raise CheckpointError(f"{folder} was written by a newer Moodlight (format {config['format']}): please update.")
    if config.get("architecture") != ARCHITECTURE:
        raise CheckpointError(f"{folder} holds a {config.get('architecture')!r}, not an {ARCHITECTURE}.")
    if config.get("features") != features.SETTINGS:
        raise CheckpointError(f"{folder} was trained on other sound features than this Moodlight computes.")
    return config


def load_checkpoint(folder: Path, device: str = "cpu") -> Checkpoint:
    """Load a checkpoint folder, ready for inference.

    Raises:
        CheckpointError: something in it is missing, damaged, or does not fit together.
    """
    folder = Path(folder)
    config = read_config(folder)
    try:
        known = {item.name for item in fields(ModelDims)}
        unknown = set(config["dims"]) - known
        if unknown:
            raise CheckpointError(f"{folder}/config.json has unknown dimensions: {', '.join(sorted(unknown))}.")
        dims = ModelDims(**config["dims"])
        scheme = Scheme.from_json(config["scheme"])
        temperature = float(config["calibration"]["temperature"])
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise CheckpointError(f"{folder}/config.json is incomplete or damaged: {error}.") from error
    tokenizer = Tokenizer.load(folder / "tokenizer.model")
    if tokenizer.units != dims.units or len(scheme.labels) != dims.classes:
        raise CheckpointError(f"{folder}: tokenizer, label scheme and dimensions do not belong together.")
    model = EmotionTransformer(dims)
    model.load_state_dict(_read_weights(folder, model))
    card_path = folder / "README.md"
    card = card_path.read_text(encoding="utf-8") if card_path.exists() else ""
    name = str(config.get("name") or folder.name)
    return Checkpoint(name, model.to(device).eval(), tokenizer, scheme, temperature, config.get("notes", {}), card)


def _read_weights(folder: Path, model: EmotionTransformer) -> dict[str, torch.Tensor]:
    path = folder / "model.safetensors"
    if not path.exists():
        raise CheckpointError(f"{folder} has no model.safetensors; other formats (pickle) are never read.")
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a safetensors file, or it is damaged: {error}.") from error
    expected = model.state_dict()
    if weights.keys() != expected.keys():
        odd = sorted(weights.keys() ^ expected.keys())[:3]
        raise CheckpointError(f"{path} holds another network's weights ({', '.join(odd)} ...).")
    for name, value in weights.items():
        if value.shape != expected[name].shape:
            raise CheckpointError(f"{path}: {name} is {tuple(value.shape)}, expected {tuple(expected[name].shape)}.")
    return weights


def fingerprint(folder: Path) -> str:
    """First 12 hexadecimal digits of the SHA-256 of the weights: tells two models of one name apart."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:12]
