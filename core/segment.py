"""Where speech is: Silero's voice activity network over sound of any length, cut into segments that fit the model.

The network is rebuilt here from the weights that the silero-vad package ships as safetensors: its convolutions see all
frames at once and its recurrence a batch of clips, which is many times faster than the package's frame-by-frame loop
(and importing that package would set torch to one thread).
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from core.audio.decode import SAMPLE_RATE
from core.errors import MoodlightError
from core.segmenting import MIN_CLIP_S

FRAME_SAMPLES = 512  # 32 ms
CONTEXT_SAMPLES = 64  # of the frame before, which the network sees too
CHUNK_FRAMES = 960  # 30.72 s: sound is judged in chunks on a fixed grid, however it arrives
CHUNK_SAMPLES = CHUNK_FRAMES * FRAME_SAMPLES

SPEECH_ON = 0.5  # a frame above begins speech
SPEECH_OFF = 0.35  # speech goes on until a frame falls below
MIN_VOICED_FRAMES = 8  # 0.26 s: less is a click or a breath
PAUSE_FRAMES = 16  # 0.51 s without speech ends a segment
PADDING_FRAMES = 5  # 0.16 s kept on both sides of the speech
MAX_SEGMENT_S = 20.0
MAX_FRAMES = int(MAX_SEGMENT_S * SAMPLE_RATE) // FRAME_SAMPLES - 2 * PADDING_FRAMES
CUT_AFTER_FRAMES = 250  # 8 s: speech without a pause is cut at its quietest place between this and MAX_FRAMES
MIN_REST_FRAMES = 31  # 1 s that a cut leaves at least
SMOOTHING_FRAMES = 5  # a place is as quiet as the 0.16 s around it

CLIP_SPEECH = 0.2  # enough in a clip that somebody cut for its speech: the network doubts screams and whispers
SCREAM_PACE = 1.2  # slowed down so much, and deeper with it, a scream sounds like the speech that the network knows

NORMAL_RMS = 0.3  # recordings differ by 40 dB in level: the loudest 0.3 s of a chunk is brought here, then judged
MAX_GAIN = 100.0
ENCODED_TOGETHER = 256  # frames
JUDGED_TOGETHER = 24  # frames of a clip until it is asked whether that was enough: 0.8 s


@dataclass(frozen=True)
class SpeechSegment:
    """A stretch of speech: where it begins, in seconds from the first sample given, and its sound at 16 kHz."""

    start_s: float
    samples: np.ndarray

    @property
    def end_s(self) -> float:
        """Where it ends, in seconds."""
        return self.start_s + len(self.samples) / SAMPLE_RATE


State = tuple[Tensor, Tensor]


class SpeechDetector(nn.Module):
    """Silero's voice activity network for 16 kHz: the probability of speech in each 32 ms frame."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.window = weights["stft_conv.weight"][0, 0]  # the kernels are a windowed Fourier basis: at 0 Hz the window
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, outputs, 3, stride, padding=1)
            for inputs, outputs, stride in ((129, 128, 1), (128, 64, 2), (64, 64, 2), (64, 128, 1))
        )
        for number, convolution in enumerate(self.convolutions, start=1):
            convolution.load_state_dict({kind: weights[f"conv{number}.{kind}"] for kind in ("weight", "bias")})
        self.recurrence = nn.LSTM(128, 128)
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        self.recurrence.load_state_dict({f"{kind}_l0": weights[f"lstm_cell.{kind}"] for kind in kinds})
        self.output = nn.Linear(128, 1)
        weight, bias = weights["final_conv.weight"], weights["final_conv.bias"]
        self.output.load_state_dict({"weight": weight[:, :, 0], "bias": bias})

    def encode(self, frames: Tensor) -> Tensor:
        """`(frames, 576)` samples, each frame behind its context, to what the recurrence takes `(frames, 128)`."""
        padded = torch.cat((frames, frames[:, -65:-1].flip(1)), dim=1)
        spectrum = torch.fft.rfft(padded.unfold(1, 256, 128) * self.window).transpose(1, 2)  # (frames, 129, 4)
        x = (spectrum.real.square() + spectrum.imag.square()).sqrt()  # half the time of `abs`
        for convolution in self.convolutions:
            x = functional.relu(convolution(x))
        return x[:, :, 0]

    def decode(self, encoded: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """`(frames, clips, 128)` to probabilities `(frames, clips)` and the state that the next frames need."""
        hidden, state = self.recurrence(encoded, state)
        return self.output(functional.relu(hidden))[..., 0].sigmoid(), state


@cache
def load_detector() -> SpeechDetector:
    """The network with the weights of the installed silero-vad package, loaded once.

    Raises:
        MoodlightError: the package, or the file in it, is missing.
    """
    found = importlib.util.find_spec("silero_vad")
    folders = list(found.submodule_search_locations or ()) if found else []
    path = Path(folders[0]) / "data" / "silero_vad_16k.safetensors" if folders else None
    if path is None or not path.is_file():
        raise MoodlightError("The weights of silero-vad are missing: install Moodlight again (pip install silero-vad).")
    return SpeechDetector(load_file(path)).eval()


def contain_speech(clips: Sequence[np.ndarray]) -> list[bool]:
    """Whether anybody speaks in each clip; never so in clips under 0.5 s.

    Args:
        clips: `(n,)` float32 mono at 16 kHz each.
    """
    answers = [False] * len(clips)
    doubted = [i for i, clip in enumerate(clips) if len(clip) >= MIN_CLIP_S * SAMPLE_RATE]
    for pace in (1.0, SCREAM_PACE):
        sounds = [clips[i] if pace == 1.0 else _slowed(clips[i], pace) for i in doubted]
        for i, answer in zip(doubted, _are_voiced(sounds), strict=True):
            answers[i] = answer
        doubted = [i for i in doubted if not answers[i]]
    return answers


def speech_segments(blocks: Iterable[np.ndarray]) -> Iterator[SpeechSegment]:
    """Cut sound into segments of speech, each at most 20 s long.

    Speech ends at a pause of half a second; what goes on for longer than 20 s without one is cut at its quietest place.
    The segments do not depend on how the sound is divided into blocks, and less than a minute of it is held at a time.

    Args:
        blocks: `(n,)` float32 mono at 16 kHz, consecutive.
    """
    judge, cutter = _Judge(), _Cutter()
    for chunk in _chunks(blocks):
        yield from cutter.take(chunk, *judge(chunk))
    yield from cutter.finish()


class LiveSpeech:
    """The same for sound that is still coming: segments are given as soon as the pause behind them was heard.

    The rules are those of `speech_segments`. Only the level to which sound is brought differs, because what follows is
    not known: a segment may begin or end a frame or two elsewhere.
    """

    def __init__(self) -> None:
        self._judge, self._cutter = _LiveJudge(), _Cutter()
        self._rest = np.zeros(0, np.float32)  # less than a frame, not judged yet
        self.heard = 0  # samples that are judged
        self.probability = np.zeros(0, np.float32)  # of speech, in each frame that was judged last

    def push(self, samples: np.ndarray) -> list[SpeechSegment]:
        """Take in float32 `(n,)` at 16 kHz, and give the segments that end in it."""
        sound = np.concatenate((self._rest, samples))
        whole = len(sound) - len(sound) % FRAME_SAMPLES
        self._rest = sound[whole:]
        ended: list[SpeechSegment] = []
        self.probability = np.zeros(0, np.float32)
        for first in range(0, whole, CHUNK_SAMPLES):
            ended += self._take(sound[first : min(first + CHUNK_SAMPLES, whole)])
        return ended

    def open_segment(self) -> SpeechSegment | None:
        """The speech that has not ended yet, up to now."""
        return self._cutter.open_segment()

    def finish(self) -> list[SpeechSegment]:
        """What was open when the sound ended."""
        ended = self._take(self._rest) if len(self._rest) else []
        self._rest = self._rest[:0]
        return ended + list(self._cutter.finish())

    def _take(self, sound: np.ndarray) -> list[SpeechSegment]:
        probability, rms = self._judge(sound)
        self.probability = np.concatenate((self.probability, probability))
        self.heard += len(sound)
        return list(self._cutter.take(sound, probability, rms))


class _Judge:
    """Speech probability and loudness of each frame of consecutive chunks."""

    def __init__(self) -> None:
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._state: State | None = None

    @torch.inference_mode()
    def __call__(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probability and root mean square `(frames,)` of the frames of a chunk."""
        whole, rms = _whole_frames(chunk)
        encoded = _encode(_with_context(whole, self._context) * self._gains(rms))
        probability, self._state = load_detector().decode(encoded[:, None], self._state)
        self._context = whole[-CONTEXT_SAMPLES:]
        return probability[:, 0].numpy(), rms

    def _gains(self, rms: np.ndarray) -> Tensor:
        """What each frame is multiplied with, to be broadcast over `(frames, 576)`."""
        return torch.tensor(_gain(rms))


class _LiveJudge(_Judge):
    """The same where what follows is not known yet: the level is that of the last half minute."""

    def __init__(self) -> None:
        super().__init__()
        self._heard: deque[float] = deque(maxlen=CHUNK_FRAMES)

    def _gains(self, rms: np.ndarray) -> Tensor:
        gains = []
        for value in rms.tolist():
            self._heard.append(value)
            gains.append([_gain(np.array(self._heard, np.float32))])
        return torch.tensor(gains)


class _Cutter:
    """Turns judged frames into segments; holds the sound from where the open segment begins."""

    def __init__(self) -> None:
        self._sound = np.zeros(0, np.float32)
        self._probability = np.zeros(0, np.float32)
        self._rms = np.zeros(0, np.float32)
        self._length = 0  # samples so far
        # What follows are frame numbers.
        self._held = 0  # the first one held
        self._next = 0  # to look at next
        self._start: int | None = None  # of the open segment
        self._last = -1  # its last one with speech
        self._ended = 0  # where the segment before ended: no padding reaches behind it

    def take(self, chunk: np.ndarray, probability: np.ndarray, rms: np.ndarray) -> Iterator[SpeechSegment]:
        """Add a chunk, and give the segments that end in it."""
        self._sound = np.concatenate((self._sound, chunk))
        self._probability = np.concatenate((self._probability, probability))
        self._rms = np.concatenate((self._rms, rms))
        self._length += len(chunk)
        for value in probability.tolist():
            yield from self._look_at(value)
            self._next += 1
        self._forget()

    def finish(self) -> Iterator[SpeechSegment]:
        """The segment that was still open when the sound ended."""
        if self._start is not None and self._length >= MIN_CLIP_S * SAMPLE_RATE:
            yield from self._end()

    def open_segment(self) -> SpeechSegment | None:
        """What is there of the open segment, up to the last frame; None before there is enough to be one."""
        if self._start is None:
            return None
        voiced = self._probability[self._start - self._held :] >= SPEECH_ON
        return self._segment(self._length) if int(voiced.sum()) >= MIN_VOICED_FRAMES else None

    def _look_at(self, probability: float) -> Iterator[SpeechSegment]:
        frame = self._next
        going_on = self._start is not None and self._last == frame - 1
        if probability >= SPEECH_ON or (going_on and probability >= SPEECH_OFF):
            self._last = frame
            self._start = frame if self._start is None else self._start
        if self._start is None:
            return
        if frame - self._last >= PAUSE_FRAMES:
            yield from self._end()
        elif self._last - self._start >= MAX_FRAMES + MIN_REST_FRAMES:
            yield from self._cut(MAX_FRAMES)

    def _end(self) -> Iterator[SpeechSegment]:
        """Close the open segment behind its last frame with speech."""
        assert self._start is not None
        spoken = self._last + 1 - self._start
        if spoken > MAX_FRAMES:
            yield from self._cut(min(MAX_FRAMES, spoken - MIN_REST_FRAMES))
        yield from self._close(self._last + 1 + PADDING_FRAMES)
        self._start = None

    def _cut(self, latest: int) -> Iterator[SpeechSegment]:
        """Close the open segment at its quietest place, and open the next one there."""
        assert self._start is not None
        first = self._start - self._held
        smooth = np.convolve(self._rms[first : first + latest], np.ones(SMOOTHING_FRAMES), mode="same")
        inner = smooth[CUT_AFTER_FRAMES : latest - SMOOTHING_FRAMES]
        cut = self._start + CUT_AFTER_FRAMES + int(inner.argmin())
        yield from self._close(cut)
        self._start = cut

    def _close(self, end: int) -> Iterator[SpeechSegment]:
        assert self._start is not None
        voiced = self._probability[self._start - self._held : end - self._held] >= SPEECH_ON
        if int(voiced.sum()) >= MIN_VOICED_FRAMES:
            yield self._segment(min(end * FRAME_SAMPLES, self._length))
            self._ended = end

    def _segment(self, stop: int) -> SpeechSegment:
        """From the padding before the open segment to sample `stop`."""
        assert self._start is not None
        first = max(self._start - PADDING_FRAMES, self._ended, 0)
        samples = self._sound[(first - self._held) * FRAME_SAMPLES : stop - self._held * FRAME_SAMPLES]
        return SpeechSegment(first * FRAME_SAMPLES / SAMPLE_RATE, samples.copy())

    def _forget(self) -> None:
        """Let go of sound that no segment can need any more."""
        first = self._next if self._start is None else self._start
        dropped = max(first - PADDING_FRAMES, self._held) - self._held
        self._sound = self._sound[dropped * FRAME_SAMPLES :]
        self._probability = self._probability[dropped:]
        self._rms = self._rms[dropped:]
        self._held += dropped


def _chunks(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same sound in chunks of CHUNK_SAMPLES, the last one shorter."""
    waiting: list[np.ndarray] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= CHUNK_SAMPLES:
            sound = np.concatenate(waiting)
            whole = size - size % CHUNK_SAMPLES
            for start in range(0, whole, CHUNK_SAMPLES):
                yield sound[start : start + CHUNK_SAMPLES]
            waiting, size = [sound[whole:]], size - whole
    if size:
        yield np.concatenate(waiting)


@torch.inference_mode()
def _are_voiced(clips: Sequence[np.ndarray]) -> list[bool]:
    """Whether enough frames of each clip hold speech; a clip is heard up to where that is clear."""
    silence = np.zeros(CONTEXT_SAMPLES, np.float32)
    framed, counts = [], [0] * len(clips)
    for clip in clips:
        whole, rms = _whole_frames(clip)
        framed.append(_with_context(whole, silence) * _gain(rms))
    doubted, state, at = list(range(len(clips))), None, 0
    while doubted:
        parts = [framed[i][at : at + JUDGED_TOGETHER] for i in doubted]
        encoded = torch.split(_encode(torch.cat(parts)), [len(part) for part in parts])
        # What follows a clip's end changes nothing before it: clips of different lengths can share the recurrence.
        probabilities, state = load_detector().decode(nn.utils.rnn.pad_sequence(list(encoded)), state)
        for column, (i, part) in enumerate(zip(doubted, parts, strict=True)):
            counts[i] += int((probabilities[: len(part), column] >= CLIP_SPEECH).sum())
        at += JUDGED_TOGETHER
        open_columns = [c for c, i in enumerate(doubted) if counts[i] < MIN_VOICED_FRAMES and len(framed[i]) > at]
        doubted = [doubted[c] for c in open_columns]
        state = tuple(part[:, open_columns] for part in state)  # type: ignore[assignment]
    return [count >= MIN_VOICED_FRAMES for count in counts]


def _slowed(sound: np.ndarray, pace: float) -> np.ndarray:
    return np.asarray(soxr.resample(sound, SAMPLE_RATE, pace * SAMPLE_RATE), dtype=np.float32)


def _whole_frames(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sound filled up with silence to whole frames, and the root mean square of each."""
    sound = np.asarray(sound, np.float32)
    whole = np.concatenate((sound, np.zeros(-len(sound) % FRAME_SAMPLES, np.float32)))
    frames = whole.reshape(-1, FRAME_SAMPLES)
    return whole, np.sqrt(np.einsum("ij,ij->i", frames, frames) / FRAME_SAMPLES)


def _gain(rms: np.ndarray) -> float:
    """What brings the loudest 0.3 s to the level that the network knows."""
    loudest = float(np.sort(rms)[-10:].mean())
    return min(NORMAL_RMS / max(loudest, 1e-9), MAX_GAIN)


def _with_context(whole: np.ndarray, context: np.ndarray) -> Tensor:
    """`(frames, 576)`: each frame behind the last samples of the one before it."""
    sound = torch.from_numpy(np.concatenate((context, whole)))
    return sound.unfold(0, CONTEXT_SAMPLES + FRAME_SAMPLES, FRAME_SAMPLES)


def _encode(frames: Tensor) -> Tensor:
    """The detector's encoder in parts that stay in the processor's cache."""
    return torch.cat([load_detector().encode(part) for part in torch.split(frames, ENCODED_TOGETHER)])
