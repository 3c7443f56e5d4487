"""Benchmarks of the program as it stands: speed against wav2vec 2.0, use of the processor, start of the window.

All that is compared is measured in one run, the contestants taking turns, and a ratio is the median of the rounds: a
busy or slow machine then slows both sides.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import soundfile
import torch
from torch import nn

from core.audio.decode import SAMPLE_RATE, find_sounds, read_sound
from core.errors import ConfigError, EngineError, MoodlightError
from core.events import read_events, write_request
from core.features import log_mel, pad_batch
from core.model import PRESETS, EmotionTransformer
from core.paths import default_model_dir, samples_dir
from core.processor import available_cores
from core.project.bench import CLIPS as PROJECT_CLIPS
from core.project.bench import project_figures
from core.recognizer import choose_precision
from core.score.crew import Crew
from core.score.items import Item, Plan
from core.score.worker import WorkerSpec
from core.torchaudio_compat import torchaudio

ROUNDS = 5
CLIPS = 48  # at most
BATCH_CLIPS = 8


@dataclass(frozen=True)
class Result:
    """One figure: what it is, its value and unit, and what is aimed at."""

    name: str
    value: float
    unit: str
    goal: str

    def __str__(self) -> str:
        return f"{self.name:<58} {self.value:10.2f} {self.unit:<10} goal {self.goal}"


Benchmark = Callable[[Sequence[Path]], Iterator[Result]]


def speed(clips: Sequence[Path]) -> Iterator[Result]:
    """Seconds of speech a second from files to results, as multiples of wav2vec2_base's bare forward pass."""
    sounds = [read_sound(path).samples for path in clips]
    seconds = sum(map(len, sounds)) / SAMPLE_RATE
    order = sorted(range(len(sounds)), key=lambda i: len(sounds[i]))
    waves = _batches([sounds[i] for i in order])
    wav2vec = torchaudio().models.wav2vec2_base().eval()
    precisions = {"float32": False} | ({"bfloat16": True} if choose_precision("auto", "cpu") == "bfloat16" else {})
    kind = torch.bfloat16 if "bfloat16" in precisions else torch.float32
    paper = EmotionTransformer(PRESETS["paper"]).eval().to(kind)
    contestants: dict[str, Callable[[], None]] = {
        f"wav2vec2_base {name}": partial(_run_wav2vec, wav2vec, waves, on) for name, on in precisions.items()
    }
    contestants["paper"] = lambda: _run_paper(paper, clips, kind)
    with Crew(WorkerSpec(Plan((default_model_dir(),), device="cpu"))) as crew:
        contestants["bundled"] = lambda: _score_files(crew, clips)
        times = _take_turns(contestants)
    rivals = [times[name] for name in contestants if name.startswith("wav2vec2")]
    best = min(rivals, key=statistics.median)
    yield Result("wav2vec2_base forward pass, its faster precision", seconds / statistics.median(best), "s/s", "-")
    yield Result("bundled model, files to results", seconds / statistics.median(times["bundled"]), "s/s", "-")
    yield Result("bundled model against wav2vec2_base", _ratio(best, times["bundled"]), "times", ">= 20")
    yield Result("paper preset against wav2vec2_base", _ratio(best, times["paper"]), "times", ">= 2.5")


def project() -> Iterator[Result]:
    """What an annotator waits for in a project of 100,000 clips, in a process without torch."""
    figures = project_figures()
    for name, unit, goal in (
        ("open", "ms", "<= 1000"),
        ("filter", "ms", "<= 50"),
        ("sort", "ms", "-"),
        ("page", "ms", "<= 33"),
        ("key median", "ms", "<= 100"),
        ("key p99", "ms", "<= 200"),
        ("undo", "ms", "-"),
        ("memory", "MB", "<= 300"),
    ):
        yield Result(f"project of {PROJECT_CLIPS:,} clips: {name}", figures[name], unit, goal)


def _batches(sounds: Sequence[np.ndarray]) -> list[torch.Tensor]:
    groups = [sounds[i : i + BATCH_CLIPS] for i in range(0, len(sounds), BATCH_CLIPS)]
    return [nn.utils.rnn.pad_sequence([torch.from_numpy(s) for s in group], batch_first=True) for group in groups]


@torch.inference_mode()
def _run_wav2vec(model: nn.Module, waves: Sequence[torch.Tensor], bfloat16: bool) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        for wave in waves:
            model(wave)


def _score_files(crew: Crew, clips: Sequence[Path]) -> None:
    crew.feed(enumerate(Item(str(clip)) for clip in clips), len(clips))
    while not crew.done:
        for _, result in crew.wait(1.0):
            if result.failure:
                raise MoodlightError(result.failure)


@torch.inference_mode()
def _run_paper(model: EmotionTransformer, clips: Sequence[Path], kind: torch.dtype) -> None:
    features = sorted((log_mel(read_sound(path).samples) for path in clips), key=len)
    for start in range(0, len(features), BATCH_CLIPS):
        batch, lengths = pad_batch(features[start : start + BATCH_CLIPS])
        model(batch.to(kind), lengths)


def _take_turns(contestants: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Seconds of each contestant in each round, after a round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS + 1):
        for name, run in contestants.items():
            torch.set_num_threads(available_cores())  # the same for all
            started = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - started)
    return times


def _ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def encoder() -> Iterator[Result]:
    """The paper preset's encoder blocks against the processor's own rate of matrix products, in the same precision."""
    precision = choose_precision("auto", "cpu")
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    dims = PRESETS["paper"]
    blocks = EmotionTransformer(dims).eval().blocks
    blocks.to(kind)
    clips, positions = 8, 256
    x = torch.randn(clips, positions, dims.width).to(kind)
    square = torch.randn(2048, 2048).to(kind)

    @torch.inference_mode()
    def run_blocks() -> None:
        y = x
        for block in blocks:
            y = block(y, None)

    def run_products() -> None:
        for _ in range(20):
            torch.mm(square, square)

    times = _take_turns({"blocks": run_blocks, "products": run_products})
    per_position = dims.blocks * (4 * dims.width**2 + 2 * dims.width * dims.feedforward + 2 * positions * dims.width)
    block_flops = 2 * per_position * clips * positions
    product_flops = 20 * 2 * 2048**3
    share = statistics.median(
        (block_flops / block) / (product_flops / product)
        for block, product in zip(times["blocks"], times["products"], strict=True)
    )
    rate = product_flops / statistics.median(times["products"]) / 1e9
    yield Result(f"matrix products in {precision}", rate, "GFLOP/s", "-")
    yield Result("paper encoder, share of that rate", 100 * share, "%", ">= 50")


def engine() -> Iterator[Result]:
    """First answer on a 4 s clip from a cold start, and once more when warm."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "four-seconds.wav"
        soundfile.write(clip, _four_seconds(), SAMPLE_RATE)
        cold, warm = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            with _running_engine() as (requests, events):
                _ask(requests, events, clip, 1)
                cold.append(time.perf_counter() - started)
                started = time.perf_counter()
                _ask(requests, events, clip, 2)
                warm.append(time.perf_counter() - started)
    yield Result("first result on a 4 s clip, cold start", statistics.median(cold), "s", "<= 3")
    yield Result("first result on a 4 s clip, warm", statistics.median(warm), "s", "<= 0.3")


def _four_seconds() -> np.ndarray:
    samples = np.concatenate([read_sound(path).samples for path in find_sounds([samples_dir()])])
    return np.resize(samples, 4 * SAMPLE_RATE)


@contextmanager
def _running_engine() -> Iterator[tuple[IO[str], Iterator[dict[str, Any]]]]:
    command = [sys.executable, "-m", "core.engine", "--model", str(default_model_dir())]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process.stdin, read_events(process.stdout)
    finally:
        process.stdin.close()
        process.wait(20)


def _ask(requests: IO[str], events: Iterator[dict[str, Any]], clip: Path, number: int) -> None:
    write_request(requests, "analyse", id=number, file=str(clip), start=0.0, end=None, segment="speech")
    for event in events:
        if event.get("id") == number and event["event"] == "failed":
            raise EngineError(f"The engine could not analyse the benchmark's clip: {event['message']}")
        if event.get("id") == number and event["event"] == "item":
            return
    raise EngineError("The engine ended before it gave a result.")


def window() -> Iterator[Result]:
    """From the start of the process to the first painted frame of the window, off screen."""
    times = []
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "app", "--time-to-paint"]
    for _ in range(ROUNDS):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise MoodlightError(f"The window did not start: {done.stderr.strip()[-300:]}")
        times.append(float(done.stdout.split()[-1]))
    yield Result("window painted after the process's start", statistics.median(times), "s", "<= 1.0")


BENCHMARKS = ("window", "engine", "encoder", "speed")


def run(
    names: Sequence[str] = (),
    clips: Path | None = None,
    out: Path | None = None,
    more: Mapping[str, Benchmark] | None = None,
) -> int:
    """Run benchmarks and print a line a figure.

    Args:
        names: which of `BENCHMARKS` and `more`; none for all of the former.
        clips: folder with recordings, instead of the bundled samples.
        out: JSON file for the figures.
        more: benchmarks of other packages, by name; they are handed the recordings.

    Returns:
        0.

    Raises:
        ConfigError: an unknown benchmark.
    """
    more = more or {}
    unknown = set(names) - {*BENCHMARKS, "project", *more}
    if unknown:
        there = ", ".join([*BENCHMARKS, "project", *more])
        raise ConfigError(f"There is no benchmark {sorted(unknown)[0]!r}. There are: {there}.")
    found = find_sounds([clips or samples_dir()])
    stride = max(1, len(found) // CLIPS)
    chosen = (found[::stride] * CLIPS)[:CLIPS]
    benchmarks: dict[str, Callable[[], Iterator[Result]]] = {
        "window": window,
        "engine": engine,
        "encoder": encoder,
        "speed": lambda: speed(chosen),
        "project": project,
        **{name: partial(benchmark, chosen) for name, benchmark in more.items()},
    }
    results = []
    print(f"{torch.get_num_threads()} threads, medians of {ROUNDS} rounds")
    for name in names or BENCHMARKS:
        for result in benchmarks[name]():
            print(result, flush=True)
            results.append(result)
    if out:
        out.write_text(json.dumps([vars(result) for result in results], indent=2), encoding="utf-8")
    return 0
