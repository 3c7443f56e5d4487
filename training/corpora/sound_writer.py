"""The clips themselves, cut out of their recordings, with a manifest beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Literal

import numpy as np
import soundfile

from core.audio.decode import SAMPLE_RATE, read_sound
from core.audio.readers import PREROLL_S
from core.errors import AudioError, MoodlightError
from core.exchange.content import refuse_recordings
from core.exchange.labels import LabelledClip
from core.paths import atomic_write
from training.corpora.class_folders import SPLITS
from training.corpora.layout import Problem
from training.corpora.writing import Written, clips_of, is_whole
from training.manifest import Clip, write_manifest

Kind = Literal["wav", "flac"]
MANIFEST = "manifest.csv"
_BLOCK_FRAMES = 1 << 16
_NAME_BYTES = 150
_WAV_SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
_WIDE = ("PCM_24", "PCM_32", "FLOAT", "DOUBLE")  # more than 16 bit; flac holds 24
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)  # no names of files on Windows


def write_clips(rows: Iterable[LabelledClip], folder: Path, kind: Kind = "flac") -> Written:
    """Write every clip as a file of its own, and `manifest.csv` with what is known of them.

    A clip keeps the rate, the channels and, up to flac's 24 bit, the depth of its recording. What libsndfile cannot
    read is written with 16 kHz, mono and 16 bit.

    Args:
        rows: of any recordings.
        folder: where to.
        kind: `wav` or `flac`.

    Returns:
        The manifest, and a problem for each clip whose sound cannot be read.

    Raises:
        ManifestError: a row is a point.
        MoodlightError: another kind, or a file would be one of the recordings.
        OSError: a file cannot be written.
    """
    clips = clips_of(rows)
    return _write(clips, [Path()] * len(clips), folder, kind)


def write_class_folders(rows: Iterable[LabelledClip], folder: Path, kind: Kind = "wav") -> Written:
    """Write every clip into the folder of its class (`anger/a.wav`, or `train/anger/a.wav` where splits are known).

    Clips without a label stand in no class's folder. A label is written with `_` for what a name of a folder cannot
    have; the manifest has it as it is.

    Args:
        rows: of any recordings.
        folder: where to.
        kind: `wav` or `flac`.

    Returns:
        The manifest, and a problem for each clip whose sound cannot be read.

    Raises:
        See `write_clips`.
    """
    clips = clips_of(rows)
    return _write(clips, [_class_folder(clip) for clip in clips], folder, kind)


def _class_folder(clip: Clip) -> Path:
    split = clip.split if clip.split in SPLITS else ""
    label = _file_name(clip.emotion)
    taken = label.lower() in SPLITS or _RESERVED.fullmatch(label)
    return Path(split, f"{label}_" if taken else label) if clip.emotion else Path()


def _file_name(text: str) -> str:
    """A text as a name that any file system takes."""
    plain = _NOT_IN_NAMES.sub("_", text).encode(errors="replace")[:_NAME_BYTES].decode(errors="ignore")
    return plain.strip(". ") or "_"


def _write(clips: Sequence[Clip], places: Sequence[Path], folder: Path, kind: str) -> Written:
    if kind not in ("wav", "flac"):
        raise MoodlightError(f"Clips are written as wav or flac, not as {kind!r}.")
    targets = list(_targets(clips, places, folder, kind))
    manifest = folder / MANIFEST
    refuse_recordings([*targets, manifest], (clip.file for clip in clips))
    written, problems = [], []
    for clip, target in zip(clips, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_clip(clip, target, kind)
            written.append(replace(clip, file=target, start_s=0.0, end_s=None))
        except AudioError as error:
            problems.append(Problem("unreadable", clip.file, str(error)))
        except soundfile.LibsndfileError as error:
            problems.append(Problem("unreadable", clip.file, f"cannot be written as {kind}: {error.error_string}"))
    write_manifest(written, manifest)
    return Written((manifest,), tuple(problems))


def _targets(clips: Sequence[Clip], places: Sequence[Path], folder: Path, kind: str) -> Iterator[Path]:
    """A file a clip, called as its recording, and by its times in milliseconds where it is a part of it."""
    taken: set[str] = set()
    for clip, place in zip(clips, places, strict=True):
        end = "end" if clip.end_s is None else f"{clip.end_s * 1000:.0f}"
        times = "" if is_whole(clip) else f"_{clip.start_s * 1000:.0f}-{end}"
        name = stem = _file_name(clip.file.stem) + times
        number = 1
        while str(place / name).casefold() in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(str(place / name).casefold())
        yield folder / place / f"{name}.{kind}"


class _Source(soundfile.SoundFile):  # type: ignore[misc]
    """A recording read from front to back; to seek after every read, as soundfile does, breaks the sound of an MP3."""

    def seekable(self) -> bool:
        return False  # `seek` works all the same


def _write_clip(clip: Clip, target: Path, kind: str) -> None:
    try:
        source = _Source(str(clip.file))
    except (soundfile.LibsndfileError, TypeError):
        _write_decoded(clip, target, kind)
        return
    with source:
        subtype = source.subtype if kind == "wav" and source.subtype in _WAV_SUBTYPES else "PCM_16"
        if kind == "flac" and source.subtype in _WIDE:
            subtype = "PCM_24"
        _write_sound(_frames(source, clip), target, kind, source.samplerate, source.channels, subtype)


def _write_decoded(clip: Clip, target: Path, kind: str) -> None:
    sound = read_sound(clip.file, clip.start_s, clip.end_s)
    _write_sound(iter([sound.samples[:, np.newaxis]]), target, kind, SAMPLE_RATE, 1, "PCM_16")


def _frames(source: soundfile.SoundFile, clip: Clip) -> Iterator[np.ndarray]:
    """The clip's frames `(n, channels)` in blocks, as integers where the recording has such, so that none changes.

    Raises:
        AudioError: the recording has nothing there.
    """
    subtype = str(source.subtype)
    dtype = "int32" if subtype.startswith("PCM") else "float64" if subtype in _WIDE else "float32"
    first = round(clip.start_s * source.samplerate)
    last = None if clip.end_s is None else max(first + 1, round(clip.end_s * source.samplerate))
    at = max(0, first - round(PREROLL_S.get(source.format, 0.0) * source.samplerate))
    if first >= source.frames:
        raise AudioError(f"{clip.file} has nothing from {clip.start_s} s on: it is shorter.", path=str(clip.file))
    source.seek(at)
    while last is None or at < last:
        wanted = _BLOCK_FRAMES if last is None else min(_BLOCK_FRAMES, last - at)
        frames = source.read(wanted, dtype=dtype, always_2d=True)
        if not len(frames):
            return
        yield frames[max(0, first - at) :]
        at += len(frames)


class _Sink:
    """A file that is written by libsndfile, which cannot pass on an error: it is kept here."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell, self.flush = stream.seek, stream.tell, stream.flush
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except OSError as error:
            self.error = error
            return 0


def _write_sound(blocks: Iterator[np.ndarray], target: Path, kind: str, rate: int, channels: int, subtype: str) -> None:
    with atomic_write(target) as stream:
        sink = _Sink(stream)
        try:
            with soundfile.SoundFile(sink, "w", rate, channels, subtype, format=kind.upper()) as file:
                for block in blocks:
                    file.write(block)
        finally:
            if sink.error:
                raise sink.error  # a full disk, of which libsndfile only knows that it wrote less
