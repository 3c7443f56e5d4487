"""Recipes: TOML files that fix one experiment, read into frozen dataclasses."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from core.errors import ConfigError
from core.model import PRESETS, ModelDims

T = TypeVar("T")
MODELS = ("transformer", "cnn-blstm-sa")


@dataclass(frozen=True)
class Data:
    """Which clips: manifests relative to the data folder, and the names of the splits in them."""

    manifests: tuple[str, ...]
    train: str = "train"
    dev: str = "dev"
    max_hours: float = 0.0  # train on so many of them only, the same from every speaker; 0: on all
    features: str = "stored"  # computed once and kept in a file, or "streamed": computed when they are needed
    workers: int = -1  # processes that make the batches of each device; -1: as many as keep it busy

    def __post_init__(self) -> None:
        if self.features not in ("stored", "streamed"):
            raise ConfigError(f"features must be stored or streamed, not {self.features!r}.")
        if self.workers < -1:
            raise ConfigError(f"workers must be 0 or more, or -1 to choose their number, not {self.workers}.")


@dataclass(frozen=True)
class Augmentation:
    """What is done to the training clips; each is drawn anew in each pass."""

    speeds: tuple[float, ...] = (0.9, 1.0, 1.1)
    frequency_masks: int = 2
    frequency_mask_bands: int = 15
    time_masks: int = 2
    time_mask_frames: int = 40
    time_mask_share: float = 0.15  # no mask covers more of a clip than this
    low_pass_hz: tuple[float, ...] = (5500.0,)
    low_pass_probability: float = 0.2
    trim_probability: float = 0.0  # of cutting off silence before and after the speech
    noise_probability: float = 0.0  # of steady noise
    noise_snr_db: tuple[float, float] = (5.0, 40.0)  # in the lowest band; drawn evenly from this range
    noise_tilt_db: tuple[float, float] = (0.0, 35.0)  # how much lower it is in the highest band
    dynamics_probability: float = 0.0  # of a wider or narrower dynamic range
    dynamics: tuple[float, float] = (0.6, 1.8)  # factors of the range in decibels, drawn evenly by their logarithm


@dataclass(frozen=True)
class Optimisation:
    """How the weights are changed. A pass is one look at every training clip."""

    passes: int = 25
    batch_s: float = 120.0  # seconds of sound a step, padding included
    batch_clips: int = 0  # clips a step, as papers count; 0: as many as `batch_s` holds
    learning_rate: float = 3e-4
    weight_decay: float = 1e-6
    optimizer: str = "adam"  # "adam" or "adamw"
    warmup_steps: int = 0
    schedule: str = "constant"  # after the warm-up: "constant", or "cosine" down to zero at the last step
    clip_norm: float = 5.0
    short_first_passes: int = 0  # passes at the start that go from short to long clips
    accumulate: int = 1  # parts in which a device computes a step: less memory, the same result
    precision: str = "auto"  # "auto" (bfloat16 where the device has it), "bfloat16" or "float32"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("optimizer", ("adam", "adamw")),
            ("schedule", ("constant", "cosine")),
            ("precision", ("auto", "bfloat16", "float32")),
        ):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}.")
        if self.batch_clips < 0:
            raise ConfigError(f"batch_clips must be 0 (by seconds) or more, not {self.batch_clips}.")
        if self.passes < 1 or self.batch_s <= 0 or self.learning_rate <= 0 or self.accumulate < 1:
            raise ConfigError("passes, batch_s, learning_rate and accumulate must be above zero.")


@dataclass(frozen=True)
class PretrainRecipe:
    """CTC on transcribed speech (section 3.1 of the paper)."""

    name: str
    data: Data
    preset: str = "small"
    dims: Mapping[str, Any] = field(default_factory=dict)  # what differs from the preset
    inner_ctc_weight: float = 0.0  # part in the loss of the words that are read half way up the blocks; 0: none
    seed: int = 1
    augmentation: Augmentation = Augmentation()
    optimisation: Optimisation = Optimisation()

    def __post_init__(self) -> None:
        if not 0.0 <= self.inner_ctc_weight < 1.0:
            raise ConfigError(f"inner_ctc_weight must lie in [0, 1), not {self.inner_ctc_weight}.")

    def model_dims(self, classes: int) -> ModelDims:
        """The preset with this recipe's changes."""
        return transformer_dims(self.preset, self.dims, classes)


def transformer_dims(preset: str, changes: Mapping[str, Any], classes: int) -> ModelDims:
    """A preset of the Transformer with what differs from it.

    Raises:
        ConfigError: there is no such preset, or a dimension makes no sense.
    """
    if preset not in PRESETS:
        raise ConfigError(f"There is no preset {preset!r}. Known presets: {', '.join(PRESETS)}.")
    return build(ModelDims, asdict(PRESETS[preset]) | {"classes": classes} | dict(changes))


@dataclass(frozen=True)
class FinetuneRecipe:
    """Emotion, or emotion and recognition together (section 3.2 of the paper)."""

    name: str
    data: Data
    scheme: str = "iemocap4"
    model: str = "transformer"  # or "cnn-blstm-sa", the paper's baseline, which knows of no words
    parent: str = ""  # folder of the pre-trained checkpoint, or the name of its run; empty: from scratch
    preset: str = "small"  # of a model from scratch; a parent has its own dimensions
    dims: Mapping[str, Any] = field(default_factory=dict)  # what differs from the preset
    tokenizer: str = ""  # from scratch: whose BPE units, named as a parent is; empty: learnt from the transcripts
    frozen: str = "nothing"  # of the parent: "nothing", "subsampling", or "blocks:N", it and the first N blocks
    further_emotions: tuple[str, ...] = ()  # told apart in training beside the scheme's; the checkpoint forgets them
    votes_share: float = 0.0  # part that listeners' votes have in a clip's label; 1: they alone, where there are any
    alpha: float = 0.6  # weight of the CTC loss (equation 8); 0: emotion alone
    wer_weight: float = 0.5  # of the replayed dev clips' WER against the dev speakers' UA when a pass is chosen
    replay: Data | None = None  # transcribed clips that go on being read, so that recognition is not forgotten
    replay_batch_s: float = 60.0  # seconds of sound of them a step
    replay_emotion: str = ""  # what they are mostly taken for; empty: they have no part in the emotion loss
    replay_emotion_share: float = 0.5  # of them; the other emotions divide the rest
    replay_emotion_weight: float = 0.1  # of this part of the loss
    side_blocks: tuple[int, ...] = ()  # a layer fitted at the end reads the emotion from them too; none in the paper
    seed: int = 1
    augmentation: Augmentation = Augmentation()
    optimisation: Optimisation = Optimisation()

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ConfigError(f"model must be one of {', '.join(MODELS)}, not {self.model!r}.")
        if self.alpha < 0 or self.wer_weight < 0:
            raise ConfigError("alpha and wer_weight must be 0 or more.")
        if not 0.0 <= self.votes_share <= 1.0:
            raise ConfigError(f"votes_share must lie in [0, 1], not {self.votes_share}.")
        if self.model != "transformer" and (self.alpha or self.parent or self.replay):
            raise ConfigError(f"{self.model} knows of no words: set alpha = 0, and neither parent nor replay.")
        if self.replay and not self.alpha:
            raise ConfigError("Replay clips have no emotion: with alpha = 0 they would teach nothing. Leave it out.")
        if self.model != "transformer" and self.side_blocks:
            raise ConfigError(f"{self.model} has no blocks for a side layer: leave side_blocks out.")
        if self.frozen != "nothing" and not self.parent:
            raise ConfigError(f"frozen = {self.frozen!r} has no sense without a parent: nothing would be learnt there.")
        self.frozen_blocks()

    def frozen_blocks(self) -> int | None:
        """How many of the first blocks are frozen, 0 for the subsampling alone, None for nothing at all.

        Raises:
            ConfigError: `frozen` is none of its three forms.
        """
        if self.frozen == "nothing":
            return None
        kind, _, number = self.frozen.partition(":")
        if kind == "blocks" and number.isdecimal():
            return int(number)
        if self.frozen != "subsampling":
            raise ConfigError(f"frozen must be 'nothing', 'subsampling' or 'blocks:N', not {self.frozen!r}.")
        return 0


# settings by which the command that a recipe is for can be told
_MARKS = {"shots": "curve", "base": "crossval", "manifest": "teach", "scheme": "finetune"}


def load_recipe(kind: type[T], name: str, settings: Sequence[str] = ()) -> T:
    """A recipe that ships (by name) or a TOML file, with `KEY=VALUE` settings put over it.

    Args:
        kind: `PretrainRecipe` or `FinetuneRecipe`.
        name: `bundled-pretrain`, or a path that ends in `.toml`.
        settings: such as `optimisation.passes=3`; values are read as JSON where they are, else as text.

    Raises:
        ConfigError: no such recipe, not TOML, an unknown key, or a value that makes no sense.
    """
    path = Path(name) if name.endswith(".toml") else Path(__file__).parent / "recipes" / f"{name}.toml"
    if not path.exists():
        shipped = sorted(item.stem for item in (Path(__file__).parent / "recipes").glob("*.toml"))
        raise ConfigError(f"There is no recipe {name!r}. Recipes that ship: {', '.join(shipped)}.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    wanted = kind.__name__.removesuffix("Recipe").lower()
    verb = next((verb for key, verb in _MARKS.items() if key in values), wanted)
    if verb != wanted and set(values) - {item.name for item in fields(kind)}:  # type: ignore[arg-type]
        raise ConfigError(f"{path.stem} is no recipe for this: `moodlight {verb} {name}` takes it.")
    for setting in settings:
        _apply_setting(values, setting)
    return build(kind, values)


def _apply_setting(values: dict[str, Any], setting: str) -> None:
    key, separator, text = setting.partition("=")
    if not separator:
        raise ConfigError(f"A setting is written KEY=VALUE, not {setting!r}.")
    *tables, last = key.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise ConfigError(f"{key!r} is not a setting: {table!r} is a single value.")
    try:
        values[last] = json.loads(text)
    except json.JSONDecodeError:
        values[last] = text


def build(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """A dataclass from plain data, nested ones included.

    Raises:
        ConfigError: an unknown key (the nearest known one is named), a missing one, or a value of the wrong kind.
    """
    hints = get_type_hints(kind)
    known = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            advice = f" Did you mean {where}{near[0]}?" if near else f" Known keys: {', '.join(known)}."
            raise ConfigError(f"Unknown setting {where}{key}.{advice}")
        arguments[key] = _convert(hints[key], value, f"{where}{key}")
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ConfigError(f"{where or kind.__name__}: {error}.") from error


def _convert(hint: Any, value: Any, where: str) -> Any:
    options = [option for option in getattr(hint, "__args__", (hint,)) if option is not type(None)]
    if is_dataclass(options[0]) and isinstance(value, Mapping):
        return build(options[0], value, f"{where}.")  # type: ignore[arg-type]
    if hint == Mapping[str, Any] and not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a table of settings, not {value!r}.")
    if isinstance(value, list):
        return tuple(value)
    expected = (
        options[0] if options[0] in (str, int, float) and len(options) == 1 and hint in (str, int, float) else None
    )
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if expected is not None and (not isinstance(value, expected) or isinstance(value, bool)):
        raise ConfigError(f"{where} must be {expected.__name__}, not {value!r}.")
    return value
