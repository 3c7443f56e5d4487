"""Measure a run once on the test speakers, write its model card, and put it where the program finds it.

    python scripts/bundle_model.py runs/bundled-finetune
    python scripts/bundle_model.py runs/bundled-pretrain --pretrained
    python scripts/bundle_model.py resources/models/default --examples   # write what teaching keeps in mind, no more

Expects the manifests of `make data` in data/. The figures go to docs/results/, the checkpoint in half precision to
resources/models: `default`, or under its own name what is pre-trained, for fine-tuning to start from.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from core.audio.decode import read_sound
from core.checkpoint import load_checkpoint, save_checkpoint
from core.examples import Examples, save_examples
from core.model import parameter_count
from core.paths import atomic_write
from core.recognizer import ClipResult, Recognizer
from training.conditions import CONDITIONS
from training.evaluate import evaluate
from training.feature_store import open_features
from training.manifest import Clip, of_split, read_manifest
from training.report import Report
from training.teaching.lessons import answers
from training.teaching.student import untaught

ROOT = Path(__file__).resolve().parent.parent
READ_SPEECH = "librispeech.csv"
CLIPS_AT_ONCE = 64
EXAMPLES_A_LABEL = 150  # 600 in all: 0.7 MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the fine-tuned run")
    parser.add_argument("--data", type=Path, default=ROOT / "data", help="folder of the manifests")
    parser.add_argument("--name", default="moodlight-small", help="what the model is called")
    parser.add_argument("--pretrained", action="store_true", help="the run knows words only")
    parser.add_argument("--examples", action="store_true", help="write the examples alone, into the run's folder")
    arguments = parser.parse_args()
    run, data = arguments.run, arguments.data
    if arguments.pretrained:
        bundle_pretrained(run, data)
        return
    if arguments.examples:
        save_examples(draw_examples(run, data), run)
        return
    reports = {
        "crema-d": evaluate(run, data / "crema-d.csv", "test", conditions=CONDITIONS),
        "test-clean-10": evaluate(run, data / READ_SPEECH, "test"),
        "emo-db": evaluate(run, data / "emo-db.csv", ""),  # no speaker, sentence or language of which was trained on
    }
    for report in reports.values():
        print("\n".join(report.lines()))
    shares, confidence = emotions_of_read_speech(run, data)
    print(f"read speech: {shares}, mean confidence {confidence:.2f}")
    checkpoint = replace(load_checkpoint(run), name=arguments.name)
    checkpoint.card = write_card(arguments.name, parameter_count(checkpoint.model), reports, shares, confidence)
    folder = ROOT / "resources" / "models" / "default"
    save_checkpoint(checkpoint, folder, half=True)
    save_examples(draw_examples(folder, data), folder)  # of the weights as they ship
    keep_results(run, reports, {"shares": shares, "mean_confidence": round(confidence, 3)})


def bundle_pretrained(run: Path, data: Path) -> None:
    checkpoint = load_checkpoint(run)
    folder = ROOT / "resources" / "models" / checkpoint.name
    save_checkpoint(checkpoint, folder, half=True)
    report = evaluate(folder, data / READ_SPEECH, "test")  # of the weights as they ship
    print("\n".join(report.lines()))
    assert report.words is not None
    template = (ROOT / "scripts" / "pretrained_card.md").read_text(encoding="utf-8")
    checkpoint.card = template.format(
        name=checkpoint.name,
        parameters=parameter_count(checkpoint.model),
        passes=checkpoint.notes["passes"],
        word_clips=report.words.clips,
        wer=report.words.wer,
    )
    save_checkpoint(checkpoint, folder, half=True)
    shutil.copy(run / "history.csv", ROOT / "docs" / "results" / f"{run.name}-history.csv")


def emotions_of_read_speech(run: Path, data: Path) -> tuple[dict[str, float], float]:
    """How often each emotion is given to the test speakers' readings, which have no label, and how surely."""
    recognizer = Recognizer.load(run)
    clips = of_split(read_manifest(data / READ_SPEECH), "test")
    probabilities = np.stack([result.probabilities for result in results_of(recognizer, clips)])
    counts = np.bincount(probabilities.argmax(axis=1), minlength=len(recognizer.scheme.names))
    shares = np.round(counts / len(clips), 3).tolist()
    return dict(zip(recognizer.scheme.names, shares, strict=True)), float(probabilities.max(axis=1).mean())


def draw_examples(folder: Path, data: Path) -> Examples:
    """What emotion layers read of some training clips of each emotion, from all speakers: teaching keeps it in mind."""
    checkpoint, rng = load_checkpoint(folder), np.random.default_rng(0)
    rows, clips = of_split(read_manifest(data / "crema-d.csv"), "train"), list[Clip]()
    for label in checkpoint.scheme.names:
        members = [clip for clip in rows if clip.emotion == label]
        clips += [members[i] for i in sorted(rng.permutation(len(members))[:EXAMPLES_A_LABEL])]
    store = open_features(clips, (1.0,), data / "features", "stored")
    model = untaught(checkpoint, checkpoint.scheme)
    said = answers(model, store, np.arange(len(store.clips)))
    return Examples(said.embeddings, tuple(clip.emotion for clip in store.clips), said.side, model.dims.side_blocks)


def results_of(recognizer: Recognizer, clips: Sequence[Clip]) -> list[ClipResult]:
    """What the model gives for clips, whose sound is read a part at a time."""
    parts = [clips[start : start + CLIPS_AT_ONCE] for start in range(0, len(clips), CLIPS_AT_ONCE)]
    sounds = ([read_sound(clip.file).samples for clip in part] for part in parts)
    return [result for part in sounds for result in recognizer.analyse_clips(part)]


def write_card(
    name: str, parameters: int, reports: dict[str, Report], shares: dict[str, float], confidence: float
) -> str:
    emotion, words, foreign = reports["crema-d"].emotion, reports["test-clean-10"].words, reports["emo-db"].emotion
    assert emotion is not None and words is not None and foreign is not None
    harder = {
        part.name if group.by == "band" else f"{group.by} at {part.name}": part.ua
        for group in reports["crema-d"].slicings
        for part in group.slices
        if part.ua_change
    }
    template = (ROOT / "scripts" / "model_card.md").read_text(encoding="utf-8")
    return template.format(
        name=name,
        parameters=parameters,
        emotion_clips=emotion.clips,
        emotion_speakers=emotion.speakers,
        ua=emotion.ua,
        wa=emotion.wa,
        ece=emotion.calibration.error.value,
        harder="\n".join(f"| | UA, {condition} | {ua} |" for condition, ua in harder.items()),
        foreign_clips=foreign.clips,
        foreign_speakers=foreign.speakers,
        foreign_ua=foreign.ua,
        foreign_ece=foreign.calibration.error.value,
        shares=", ".join(f"{label} {share:.0%}" for label, share in shares.items()),
        confidence=confidence,
        word_clips=words.clips,
        wer=words.wer,
        recalls=", ".join(f"{label} {recall.value:.2f}" for label, recall in emotion.recalls.items() if recall),
        hours="13.3",
    )


def keep_results(run: Path, reports: dict[str, Report], read_speech: dict[str, object]) -> None:
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    results = {
        "date": date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "notes": config["notes"],
        "reports": {name: report.to_json() for name, report in reports.items()},
        "emotions_of_read_speech": read_speech,
    }
    folder = ROOT / "docs" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "bundled-model.json", "w") as file:
        json.dump(results, file, indent=2)
    for stage in (run, run.parent / config["notes"]["parent"]):
        shutil.copy(stage / "history.csv", folder / f"{stage.name}-history.csv")


if __name__ == "__main__":
    main()
