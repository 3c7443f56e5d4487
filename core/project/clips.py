"""The clips of a project: their boundaries are moved, they are split, joined, added and removed, each as a command."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ProjectError
from core.project.annotations import COLUMNS
from core.project.recordings import DIGITS
from core.project.store import Store

SHORTEST_S = 0.05


@dataclass(frozen=True)
class ClipTimes:
    """Where a clip lies.

    Attributes:
        clip: its number.
        recording: number of the recording.
        path: of the recording, as the project keeps it.
        start_s: in seconds of the recording.
        end_s: likewise.
        duration_s: of the recording.
    """

    clip: int
    recording: int
    path: str
    start_s: float
    end_s: float
    duration_s: float


def times_of(store: Store, clip: int) -> ClipTimes:
    """Where a clip lies.

    Raises:
        ProjectError: there is no such clip any more.
    """
    rows = store.rows(
        "SELECT clips.id, recording, path, start_s, end_s, duration_s FROM clips "
        "JOIN recordings ON recordings.id = recording WHERE clips.id = ?",
        (clip,),
    )
    if not rows:
        raise ProjectError(f"There is no clip {clip} in this project any more.")
    return ClipTimes(*rows[0])


def add_clip(store: Store, recording: int, start_s: float, end_s: float) -> int:
    """Add a clip; its number.

    Raises:
        ProjectError: it is too short, or does not lie within its recording.
    """
    duration_s = store.value("SELECT duration_s FROM recordings WHERE id = ?", (recording,))
    if duration_s is None:
        raise ProjectError(f"There is no recording {recording} in this project.")
    start_s, end_s = _checked(start_s, end_s, duration_s)
    with store.command("Add a clip") as connection:
        values = (uuid.uuid4().hex, recording, start_s, end_s)
        cursor = connection.execute("INSERT INTO clips (uid, recording, start_s, end_s) VALUES (?, ?, ?, ?)", values)
        return int(cursor.lastrowid or 0)


def move_boundaries(store: Store, clip: int, start_s: float, end_s: float) -> None:
    """Let a clip begin and end elsewhere in its recording; what was said of it stays, what models said does not.

    Raises:
        ProjectError: it would be too short, or not lie within its recording.
    """
    start_s, end_s = _checked(start_s, end_s, times_of(store, clip).duration_s)
    with store.command("Move a boundary") as connection:
        connection.execute("UPDATE clips SET start_s = ?, end_s = ? WHERE id = ?", (start_s, end_s, clip))
        connection.execute("DELETE FROM predictions WHERE clip = ?", (clip,))


def split_clip(store: Store, clip: int, at_s: float) -> int:
    """Cut a clip in two; both keep what was said of it. The number of the second.

    Raises:
        ProjectError: one part would be too short.
    """
    times = times_of(store, clip)
    _checked(times.start_s, at_s, times.duration_s)
    at_s, end_s = _checked(at_s, times.end_s, times.duration_s)
    with store.command("Split a clip") as connection:
        connection.execute("UPDATE clips SET end_s = ? WHERE id = ?", (at_s, clip))
        connection.execute("DELETE FROM predictions WHERE clip = ?", (clip,))
        cursor = connection.execute(
            "INSERT INTO clips (uid, recording, start_s, end_s, speaker, split, extra) "
            "SELECT ?, recording, ?, ?, speaker, split, extra FROM clips WHERE id = ?",
            (uuid.uuid4().hex, at_s, end_s, clip),
        )
        second = int(cursor.lastrowid or 0)
        kept = ", ".join(name for name in COLUMNS if name != "clip")
        copied = f"SELECT ?, {kept} FROM annotations WHERE clip = ? ORDER BY id"
        connection.execute(f"INSERT INTO annotations (clip, {kept}) {copied}", (second, clip))
        return second


def join_clips(store: Store, clips: Sequence[int]) -> int:
    """Make one clip of several of one recording; the number of it, which is the first one's.

    Where one annotator said different things of the parts, what was said of the first stands, and the rest is kept as
    superseded.

    Raises:
        ProjectError: there are fewer than two, or they are of several recordings.
    """
    parts = sorted((times_of(store, clip) for clip in dict.fromkeys(clips)), key=lambda part: part.start_s)
    if len(parts) < 2 or len({part.recording for part in parts}) > 1:
        raise ProjectError("Choose two or more clips of one recording to join them.")
    first, rest = parts[0].clip, [part.clip for part in parts[1:]]
    with store.command(f"Join {len(parts)} clips") as connection:
        # an annotator who has said nothing of the first part is heard on the next
        for clip in rest:
            connection.execute(
                "UPDATE annotations SET superseded = 1 WHERE clip = ? AND EXISTS (SELECT 1 FROM annotations AS other "
                "WHERE other.clip = ? AND other.superseded = 0 AND other.scheme = annotations.scheme "
                "AND other.annotator = annotations.annotator AND other.adjudicated = annotations.adjudicated)",
                (clip, first),
            )
            connection.execute("UPDATE annotations SET clip = ? WHERE clip = ?", (first, clip))
        connection.executemany("DELETE FROM clips WHERE id = ?", [(clip,) for clip in rest])
        connection.execute("UPDATE clips SET end_s = ? WHERE id = ?", (max(part.end_s for part in parts), first))
        connection.execute("DELETE FROM predictions WHERE clip = ?", (first,))
    return first


def remove_clips(store: Store, clips: Sequence[int]) -> None:
    """Remove clips with what was said of them; their recordings stay."""
    with store.command(f"Remove {len(clips)} clips" if len(clips) != 1 else "Remove a clip") as connection:
        connection.executemany("DELETE FROM clips WHERE id = ?", [(clip,) for clip in clips])


def _checked(start_s: float, end_s: float, duration_s: float) -> tuple[float, float]:
    start_s, end_s = round(max(start_s, 0.0), DIGITS), round(min(end_s, duration_s), DIGITS)
    if end_s - start_s < SHORTEST_S:
        raise ProjectError(f"A clip must last {SHORTEST_S:g} s or longer, and lie within its recording.")
    return start_s, end_s
