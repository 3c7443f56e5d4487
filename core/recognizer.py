"""Sound in, emotion and words out: a checkpoint put to work on clips and on whole files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.audio.decode import SAMPLE_RATE
from core.checkpoint import Checkpoint, fingerprint, load_checkpoint
from core.clips import Clip, Listener, file_clips, grouped
from core.decoding import greedy_spans, prefix_beam_search, spans_to_words
from core.errors import ConfigError
from core.features import log_mel, pad_batch
from core.memory import give_back_free_memory
from core.model import parameter_count
from core.predictions import Prediction, Word
from core.schemes import Scheme
from core.segment import contain_speech
from core.segmenting import Segmenting

SHAPE_FRAMES = 8  # batches are as long as a multiple of this: with each new shape oneDNN's kernels take more memory
BATCH_FRAMES = 6_000  # padded feature frames (10 ms each) a batch: a larger one leaves the processor's cache
KERNELS_KEPT = "64"  # 1024, which is oneDNN's own number, take a gigabyte; compiling one again takes a millisecond
FIRST_GROUP_S, GROUP_S = 10.0, 60.0  # sound of one recording that is analysed together


@dataclass(frozen=True)
class ClipResult:
    """What the model gives for one clip.

    Attributes:
        probabilities: `(classes,)` float32, in the scheme's order; they sum to 1.
        words: times in seconds from the clip's beginning.
        z_e: `(width,)` float32, the encoder's output at the emotion embedding.
    """

    probabilities: np.ndarray
    words: tuple[Word, ...]
    z_e: np.ndarray


class Recognizer:
    """A checkpoint on a device, in a precision."""

    def __init__(
        self, checkpoint: Checkpoint, folder: Path, device: str = "cpu", precision: str = "float32", beam: int = 1
    ) -> None:
        self.checkpoint = checkpoint
        self.folder = folder
        self.device = device
        self.precision = precision
        self.beam = beam

    @classmethod
    def load(cls, folder: Path, device: str = "auto", precision: str = "auto", beam: int = 1) -> Recognizer:
        """Load a checkpoint to be used.

        Args:
            folder: the checkpoint.
            device: `auto` (a CUDA device if there is one), `cpu`, `cuda`, `cuda:1`, `mps`.
            precision: `auto` (bfloat16 where the device computes in it natively), `float32`, `bfloat16`.
            beam: hypotheses of the words that are kept; 1 is the greedy path.

        Raises:
            CheckpointError: the folder is not a model that can be used.
            ConfigError: there is no such device or precision here.
        """
        # oneDNN compiles its kernels for each shape and keeps them: in a long recording every segment has another one.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", KERNELS_KEPT)
        device = choose_device(device)
        precision = choose_precision(precision, device)
        checkpoint = load_checkpoint(Path(folder), device)
        if precision == "bfloat16":
            checkpoint.model.to(torch.bfloat16)
        return cls(checkpoint, Path(folder), device, precision, beam)

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.checkpoint.name

    @property
    def scheme(self) -> Scheme:
        """The labels between which the model decides."""
        return self.checkpoint.scheme

    @cached_property
    def fingerprint(self) -> str:
        """Tells two models of one name apart; reading all of the weights for it takes a while, the first time."""
        return fingerprint(self.folder)

    def describe(self) -> dict[str, Any]:
        """The model as plain data."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "fingerprint": self.fingerprint,
            "scheme": self.scheme.id,
            "labels": list(self.scheme.names),
            "parameters": parameter_count(self.checkpoint.model),
            "precision": self.precision,
            "device": self.device,
        }

    def warm_up(self) -> None:
        """Analyse a second of noise, so that what is built on first use is there before the first real clip."""
        noise = np.random.default_rng(0).normal(scale=0.01, size=SAMPLE_RATE).astype(np.float32)
        contain_speech([noise])
        self.analyse_clips([noise])

    def analyse_clips(self, sounds: Sequence[np.ndarray]) -> list[ClipResult]:
        """Emotion and words of clips, each as a whole, whether or not anybody speaks in them.

        Args:
            sounds: `(n,)` float32 mono at 16 kHz each; any number, lengths and order.

        Returns:
            One result a clip, in the order of the clips; the other clips do not matter to it (to 1e-4 in float32).
        """
        results: dict[int, ClipResult] = {}
        for batch in _batches([_frame_count(sound) for sound in sounds]):
            results.update(zip(batch, self._analyse_batch([sounds[i] for i in batch]), strict=True))
        return [results[i] for i in range(len(sounds))]

    def predict(self, clips: Sequence[Clip]) -> list[Prediction]:
        """Predictions for clips of one or many recordings, one a clip, in their order; silence is not guessed at."""
        open_clips = [i for i, clip in enumerate(clips) if clip.speech is None]
        spoken = {i for i, clip in enumerate(clips) if clip.speech}
        answers = contain_speech([clips[i].samples for i in open_clips])
        spoken.update(i for i, answer in zip(open_clips, answers, strict=True) if answer)
        results = dict(zip(sorted(spoken), self.analyse_clips([clips[i].samples for i in sorted(spoken)]), strict=True))
        return [self._prediction(clip, results.get(i)) for i, clip in enumerate(clips)]

    def analyse_file(
        self,
        path: Path | str,
        start_s: float = 0.0,
        end_s: float | None = None,
        segment: Segmenting = "speech",
        listener: Listener | None = None,
    ) -> Iterator[Prediction]:
        """Emotion and words of a recording of any length, or of a part of it, in bounded memory.

        Args:
            path: any sound file; the predictions carry it as given.
            start_s: where to begin, in seconds of the recording.
            end_s: where to end, or None for the end of the recording.
            segment: how it is cut, see `core.clips.file_clips`.
            listener: told of progress and notes, and asked whether to go on.

        Yields:
            Predictions in time order, times in seconds of the recording; a single one without an emotion where nobody
            speaks in any of it.

        Raises:
            AudioError: the file cannot be read, or is too long to be one clip.
        """
        listener = listener or Listener()
        for group in grouped(file_clips(path, start_s, end_s, segment, listener), FIRST_GROUP_S, GROUP_S):
            if listener.cancelled():
                return
            yield from self.predict(group)
            give_back_free_memory()

    @torch.inference_mode()
    def _analyse_batch(self, sounds: Sequence[np.ndarray]) -> list[ClipResult]:
        features, lengths = pad_batch([log_mel(sound) for sound in sounds], SHAPE_FRAMES)
        kind = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        output = self.checkpoint.model(features.to(self.device, kind), lengths.to(self.device))
        logits = output.emotion_logits.float() / self.checkpoint.temperature
        probabilities = logits.softmax(dim=1).cpu().numpy()
        z_e = output.z_e.float().cpu().numpy().copy()  # a view would hold all of the encoder's output
        log_probs = output.ctc_logits.float().log_softmax(dim=2).cpu()
        words = [self._words(clip[:length]) for clip, length in zip(log_probs, output.lengths.tolist(), strict=True)]
        return [ClipResult(*parts) for parts in zip(probabilities, words, z_e, strict=True)]

    def _words(self, log_probs: Tensor) -> tuple[Word, ...]:
        blank = self.checkpoint.model.dims.blank
        spans = greedy_spans(log_probs, blank) if self.beam == 1 else prefix_beam_search(log_probs, blank, self.beam)
        return spans_to_words(spans, self.checkpoint.tokenizer)

    def _prediction(self, clip: Clip, result: ClipResult | None) -> Prediction:
        if result is None:
            return Prediction.no_speech(clip.file, clip.start_s, clip.end_s, self.name)
        names = self.scheme.names
        best = int(result.probabilities.argmax())
        words = (_moved(word, clip) for word in result.words)
        return Prediction(
            file=clip.file,
            start_s=clip.start_s,
            end_s=clip.end_s,
            emotion=names[best],
            confidence=float(result.probabilities[best]),
            probabilities={name: float(value) for name, value in zip(names, result.probabilities, strict=True)},
            words=tuple(words),
            model=self.name,
            embedding=result.z_e,
        )


def choose_device(device: str) -> str:
    """The device to use for what a user asked for.

    Raises:
        ConfigError: it is not there, or there is no such kind.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if kind not in there or (number and not number.isdecimal()):
        raise ConfigError(f"There is no kind of device {device!r}: choose auto, cpu, cuda or mps.")
    if int(number or 0) >= there[kind]:
        usable = ", ".join(name for name, count in there.items() if count)
        raise ConfigError(f"Device {device!r} cannot be used on this machine; these can: {usable}.")
    return device


def choose_precision(precision: str, device: str) -> str:
    """The precision to compute in: `auto` is bfloat16 where the device has instructions for it, else float32.

    Raises:
        ConfigError: there is no such precision.
    """
    if precision in ("float32", "bfloat16"):
        return precision
    if precision != "auto":
        raise ConfigError(f"There is no precision {precision!r}: choose auto, float32 or bfloat16.")
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: str) -> bool:
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.backends.cpu.get_cpu_capability() if device == "cpu" else ""
    if not capabilities.startswith("AVX512"):
        return False
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def _moved(word: Word, clip: Clip) -> Word:
    """A word of a clip, its times in the recording; the last position of the encoder may reach beyond the clip."""
    start_s, end_s = (min(clip.start_s + time_s, clip.end_s) for time_s in (word.start_s, word.end_s))
    return replace(word, start_s=start_s, end_s=end_s)


def _frame_count(sound: np.ndarray) -> int:
    return len(sound) // (SAMPLE_RATE // 100) + 1


def _batches(frames: Sequence[int]) -> Iterator[list[int]]:
    """Indices of clips in batches of similar length, each at most BATCH_FRAMES with its padding (or a single clip)."""
    batch: list[int] = []
    for i in sorted(range(len(frames)), key=frames.__getitem__):
        if batch and frames[i] * (len(batch) + 1) > BATCH_FRAMES:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
