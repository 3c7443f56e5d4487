"""MSP-Podcast (Lotfian and Busso 2019): `Audios/*.wav`, `Labels/labels_consensus.csv`, and its own partitions."""

from __future__ import annotations

from pathlib import Path

from core.counting import counted
from core.errors import ManifestError
from training.corpora.layout import Corpus, Problem, find_file, find_part, read_table, read_text, sounds_below
from training.manifest import Clip

EMOTIONS = {
    "A": "anger",
    "H": "happiness",
    "S": "sadness",
    "N": "neutral",
    "F": "fear",
    "D": "disgust",
    "C": "contempt",
    "U": "surprise",
    "O": "other",
    "X": "",  # no agreement
}
SPLITS = {"train": "train", "development": "dev", "validation": "dev", "test": "test", "test1": "test"}
TABLES = ("labels_consensus.csv", "labels_concensus.csv")  # older releases spell it so
AUDIO = ("Audios", "Audio")


def read(folder: Path) -> Corpus:
    """Every labelled turn with consensus emotion, speaker, sex, transcript, and the corpus's own split.

    `Test1` is `test`; the other tests keep their names (`test2`, `test3`). A turn that listeners did not agree on keeps
    its row and has no emotion.

    Raises:
        ManifestError: the table of labels is not there, or lacks a column.
    """
    table = find_file(folder, *(f"{part}{name}" for name in TABLES for part in ("Labels/", "labels/", "")))
    if table is None:
        raise ManifestError(f"{folder} does not look like MSP-Podcast: it was searched for Labels/{TABLES[0]}.")
    audio = next((part for name in AUDIO if (part := find_part(folder, name))), None)
    sounds = {path.stem: path for path in sounds_below(audio)}
    partitions = _read_partitions(find_file(folder, "Partitions.txt", "Labels/Partitions.txt"))
    clips, problems = [], []
    for row in read_table(table):
        name = Path(row.get("FileName", "")).stem
        if row.get("EmoClass") not in EMOTIONS:
            problems.append(Problem("label", table, f"{name or 'a row'} has the class {row.get('EmoClass')!r}"))
        elif name not in sounds:
            problems.append(Problem("missing", table, f"there is no recording {name}"))
        else:
            clips.append(_clip(sounds[name], row, partitions, read_text(folder / "Transcripts" / f"{name}.txt")))
    unlabelled = len(sounds.keys() - {clip.file.stem for clip in clips})
    notes = (f"{counted(unlabelled, 'recording')} without a label left out",) if unlabelled else ()
    return Corpus(sorted(clips, key=lambda clip: clip.file), tuple(problems), notes)


def _clip(path: Path, row: dict[str, str], partitions: dict[str, str], text: str) -> Clip:
    speaker = row.get("SpkrID", "")
    sex = row.get("Gender", "").lower()
    return Clip(
        path,
        speaker=f"msp-podcast:{speaker}" if speaker and speaker.lower() != "unknown" else "",
        sex=sex if sex in ("female", "male") else "",
        emotion=EMOTIONS[row["EmoClass"]],
        transcript=" ".join(text.split()),
        split=_split(row.get("Split_Set") or partitions.get(path.stem, "")),
    )


def _split(name: str) -> str:
    return SPLITS.get(name.strip().lower(), name.strip().lower())


def _read_partitions(path: Path | None) -> dict[str, str]:
    """Partitions by recording, from lines such as `Test1; MSP-PODCAST_0001_0008.wav`."""
    lines = read_text(path).splitlines() if path else []
    rows = [line.split(";", 1) for line in lines if ";" in line]
    return {Path(name.strip()).stem: split for split, name in rows}
