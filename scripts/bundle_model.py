"""Measure a fine-tuned run once on the test speakers, write its model card, and put it where the program finds it.

    python scripts/bundle_model.py runs/bundled-finetune

Expects the manifests of `make data` in data/. The figures go to docs/results/, the checkpoint to
resources/models/default.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

from core.checkpoint import load_checkpoint, save_checkpoint
from core.model import parameter_count
from core.paths import atomic_write
from training.evaluate import Report, evaluate

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = {"crema-d": "crema-d.csv", "test-clean-10": "librispeech.csv"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the fine-tuned run")
    parser.add_argument("--data", type=Path, default=ROOT / "data", help="folder of the manifests")
    parser.add_argument("--name", default="moodlight-small", help="what the model is called")
    arguments = parser.parse_args()
    reports = {name: evaluate(arguments.run, arguments.data / file, "test") for name, file in MANIFESTS.items()}
    for report in reports.values():
        print("\n".join(report.lines()))
    checkpoint = replace(load_checkpoint(arguments.run), name=arguments.name)
    checkpoint.card = write_card(arguments.name, parameter_count(checkpoint.model), reports)
    save_checkpoint(checkpoint, ROOT / "resources" / "models" / "default")
    keep_results(arguments.run, reports)


def write_card(name: str, parameters: int, reports: dict[str, Report]) -> str:
    emotion, words = reports["crema-d"].emotion, reports["test-clean-10"].words
    assert emotion is not None and words is not None
    template = (ROOT / "scripts" / "model_card.md").read_text(encoding="utf-8")
    return template.format(
        name=name,
        parameters=parameters,
        emotion_clips=emotion.clips,
        emotion_speakers=emotion.speakers,
        ua=emotion.ua,
        wa=emotion.wa,
        ece=emotion.calibration_error,
        word_clips=words.clips,
        wer=words.wer,
        recalls=", ".join(f"{label} {value:.2f}" for label, value in emotion.recalls.items()),
        hours="13.3",
    )


def keep_results(run: Path, reports: dict[str, Report]) -> None:
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    results = {
        "date": date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "notes": config["notes"],
        "reports": {name: report.to_json() for name, report in reports.items()},
    }
    folder = ROOT / "docs" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "bundled-model.json", "w") as file:
        json.dump(results, file, indent=2)
    for stage in (run, run.parent / config["notes"]["parent"]):
        shutil.copy(stage / "history.csv", folder / f"{stage.name}-history.csv")


if __name__ == "__main__":
    main()
