"""What an import would bring: read from disk, and put into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app import exchange
from core.errors import ConfigError
from core.exchange.labels import LabelledClip
from core.project.interchange import foreign_labels


@dataclass(frozen=True)
class Source:
    """Labels as they lie on the disk.

    Attributes:
        path: file or folder.
        form: that they were read in.
        rows: what was said.
        labels: those that occur, and how often, the most frequent first.
        recordings: sound files that the rows speak of.
        missing: those of them that are not there.
        unnamed: rows that do not say who said so.
    """

    path: Path
    form: str
    rows: list[LabelledClip]
    labels: dict[str, int]
    recordings: int
    missing: list[Path]
    unnamed: int

    def sentence(self) -> str:
        """What was found."""
        clips = len({(row.file, row.start_s, row.end_s) for row in self.rows})
        found = self.recordings - len(self.missing)
        missing = f", {len(self.missing):,} missing" if self.missing else ""
        return (
            f"{len(self.rows):,} rows of {clips:,} clips in {self.recordings:,} recordings: {found:,} found{missing}."
        )

    def labels_taken(self, mapping: Mapping[str, str]) -> int:
        """Rows whose label has one of the scheme's to become, and whose recording is there."""
        missing = set(self.missing)
        return sum(bool(row.label and mapping.get(row.label)) and row.file not in missing for row in self.rows)


def read_source(path: Path, form: str = "", sounds: Path | None = None) -> Source:
    """Read labels, and look whether their recordings are there, in their places or in the folder `sounds`.

    Raises:
        MoodlightError: they cannot be read.
    """
    form = form or exchange.detect_format(path)
    try:
        rows = exchange.read_labels(path, form, sounds)
    except (ValueError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read as {form}: {error}.") from error
    files = list(dict.fromkeys(row.file for row in rows))
    missing = [file for file in files if not file.is_file()]
    return Source(path, form, rows, foreign_labels(rows), len(files), missing, sum(not row.annotator for row in rows))
