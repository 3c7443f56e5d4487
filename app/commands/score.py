"""`moodlight score`: recordings to a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.commands.guard import complain
from app.commands.progress import FileProgress
from core.audio.decode import find_sounds
from core.clips import parse_segmenting
from core.errors import ConfigError
from core.paths import default_model_dir
from core.predictions import InputFailure, errors_path, open_score_table, write_errors
from core.recognizer import Recognizer
from core.scoring import score_files


def score(
    inputs: Sequence[Path],
    out: Path,
    formats: Sequence[str],
    model: Path | None,
    segment: str,
    device: str,
    beam: int = 1,
    least_confidence: float = 0.0,
) -> int:
    """Score the inputs. Returns 0, or 1 where some could not be read."""
    if not 0.0 <= least_confidence <= 1.0:
        raise ConfigError(f"The least confidence is a probability from 0 to 1, not {least_confidence}.")
    unknown = sorted(set(formats) - {"csv"})
    if unknown:
        raise ConfigError(f"The table cannot be written as {unknown[0]!r}: csv is the only form.")
    segmenting = parse_segmenting(segment)
    check_can_be_written(out)
    files = find_sounds(inputs)
    if not files:
        raise ConfigError(f"There is no sound file in {', '.join(map(str, inputs))}.")
    recognizer = Recognizer.load(model or default_model_dir(), device, beam=beam)
    failures: list[InputFailure] = []
    with (
        open_score_table(out, recognizer.scheme.names) as write,
        FileProgress(len(files)) as progress,
    ):
        for result in score_files(recognizer, files, segmenting, heard=progress.heard):
            for prediction in result.predictions:
                write(prediction.if_sure(least_confidence))
            if result.failure:
                failures.append(InputFailure(str(result.file), result.failure))
                progress.say(result.failure)
            elif result.note:
                progress.say(result.note)
            progress.file_done(result.sound_s)
    return _report(out, len(files), failures)


def check_can_be_written(path: Path) -> None:
    """Refuse a table that could not be written at the end.

    Raises:
        ConfigError: its folder is missing or closed to us, or it is a folder itself.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name the table to write.")
    if not path.parent.is_dir():
        raise ConfigError(f"The folder {path.parent} does not exist: make it first.")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"Nothing can be written to the folder {path.parent}: ask its owner for permission.")


def _report(out: Path, files: int, failures: Sequence[InputFailure]) -> int:
    listed = errors_path(out)
    if not failures:
        listed.unlink(missing_ok=True)  # of an earlier run
        return 0
    write_errors(listed, failures)
    complain(f"{len(failures)} of {files} files could not be scored; {listed} says why.")
    return 1
