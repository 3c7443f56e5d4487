"""The table of clips that an annotator works through: one flat row a clip, kept up to date, filtered and sorted by SQL.

It is a temporary table, for one annotator, scheme and model. Triggers refresh the row of a clip when anything about it
changes, so that neither a filter nor a sort has to join the project's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from core.errors import ProjectError
from core.project.filters import parse_filter
from core.project.store import Store

OPEN, LABELLED, UNSURE = "open", "labelled", "unsure"
ORDERS = ("file", "shuffled", "useful", "suspect", "similar")


@dataclass(frozen=True)
class QueueRow:
    """A clip as the table shows it.

    Attributes:
        clip: its number.
        recording: number of its recording.
        path: of the recording, as the project keeps it.
        start_s: where it begins, in seconds of the recording.
        end_s: where it ends.
        duration_s: seconds.
        speaker: or "".
        state: `open`, `labelled` or `unsure`.
        flagged: by this annotator.
        label: this annotator's, or "".
        prediction: the model's likeliest label, "" where it was not asked or nobody speaks.
        confidence: its probability, 0 without a prediction.
        margin: how far it stands above the second.
        note: this annotator's.
        transcript: this annotator's, else the model's.
        corrected: the transcript is this annotator's.
    """

    clip: int
    recording: int
    path: str
    start_s: float
    end_s: float
    duration_s: float
    speaker: str
    state: str
    flagged: bool
    label: str
    prediction: str
    confidence: float
    margin: float
    note: str
    transcript: str
    corrected: bool = False


COLUMNS = tuple(item.name for item in fields(QueueRow))
_SELECT = """
SELECT clips.id AS clip, recordings.id AS recording, path, start_s, end_s, round(end_s - start_s, 6) AS duration_s,
    coalesce(clips.speaker, recordings.speaker) AS speaker,
    CASE WHEN said.unsure THEN 'unsure' WHEN said.label NOT NULL THEN 'labelled' ELSE 'open' END AS state,
    coalesce(said.flagged, 0) AS flagged, coalesce(said.label, '') AS label,
    coalesce(prediction, '') AS prediction, coalesce(confidence, 0.0) AS confidence,
    coalesce(margin, 0.0) AS margin, coalesce(said.note, '') AS note,
    coalesce(said.transcript, predictions.transcript, '') AS transcript, said.transcript NOT NULL AS corrected,
    lower(path || char(10) || coalesce(clips.speaker, recordings.speaker) || char(10) || coalesce(said.label, '')
        || char(10) || coalesce(prediction, '') || char(10) || coalesce(said.note, '') || char(10)
        || coalesce(said.transcript, predictions.transcript, '')) AS search
FROM clips JOIN recordings ON recordings.id = clips.recording
LEFT JOIN annotations AS said ON said.clip = clips.id AND said.superseded = 0 AND said.adjudicated = 0
    AND said.scheme = (SELECT scheme FROM queue_of) AND said.annotator = (SELECT annotator FROM queue_of)
LEFT JOIN predictions ON predictions.clip = clips.id AND predictions.model = (SELECT model FROM queue_of)
"""
_TRIGGERS = (
    ("clips", "INSERT", "NEW.id"),
    ("clips", "UPDATE", "NEW.id"),
    ("annotations", "INSERT", "NEW.clip"),
    ("annotations", "UPDATE", "NEW.clip"),
    ("annotations", "UPDATE", "OLD.clip"),
    ("annotations", "DELETE", "OLD.clip"),
    ("predictions", "INSERT", "NEW.clip"),
    ("predictions", "DELETE", "OLD.clip"),
)
_NARROW = "state, label, prediction, confidence, flagged"  # columns that an index answers without the row
_SORTS = {name: name for name in COLUMNS} | {"file": "path", "path": "path"}


def open_queue(store: Store, scheme: int, model: int = 0) -> None:
    """Build the table for the store's annotator, a scheme and a model (0: none); an older one is replaced."""
    connection = store.connection
    with store.errors():
        connection.execute("DROP TABLE IF EXISTS temp.queue")  # its triggers go with it
        for table, event, _ in _TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS temp.queue_{table}_{event}")
        connection.execute("DROP TRIGGER IF EXISTS temp.queue_annotations_UPDATE_OLD")
        connection.execute("DROP TRIGGER IF EXISTS temp.queue_clips_DELETE")
        connection.execute("DROP TRIGGER IF EXISTS temp.queue_recordings")
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS queue_of (scheme, annotator, model)")
        connection.execute("DELETE FROM queue_of")
        connection.execute("INSERT INTO queue_of VALUES (?, ?, ?)", (scheme, store.annotator, model))
        connection.execute(f"CREATE TEMP TABLE queue AS {_SELECT}")
        connection.execute("CREATE UNIQUE INDEX temp.queue_clip ON queue (clip)")
        connection.execute(f"CREATE INDEX temp.queue_by_path ON queue (path, start_s, clip, {_NARROW})")
        _make_triggers(store)


def _make_triggers(store: Store) -> None:
    refresh = f"DELETE FROM queue WHERE clip = {{0}}; INSERT INTO queue {_SELECT} WHERE clips.id = {{0}};"
    for table, event, clip in _TRIGGERS:
        name = f"queue_{table}_{event}" + ("_OLD" if (event, clip) == ("UPDATE", "OLD.clip") else "")
        moved = " WHEN OLD.clip <> NEW.clip" if name.endswith("_OLD") else ""
        store.connection.execute(
            f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{table}{moved} BEGIN {refresh.format(clip)} END"
        )
    store.connection.execute(
        "CREATE TEMP TRIGGER queue_clips_DELETE AFTER DELETE ON main.clips BEGIN "
        "DELETE FROM queue WHERE clip = OLD.id; END"
    )
    store.connection.execute(
        "CREATE TEMP TRIGGER queue_recordings AFTER UPDATE ON main.recordings BEGIN "
        "UPDATE queue SET path = NEW.path, speaker = coalesce((SELECT speaker FROM clips WHERE id = clip), NEW.speaker)"
        " WHERE recording = NEW.id; END"
    )


def queue_ids(store: Store, text: str = "", sort: str = "file", *, descending: bool = False) -> np.ndarray:
    """The clips that pass a filter, sorted by a column.

    Args:
        store: the project, its queue open.
        text: the filter, see `where`.
        sort: a column of `QueueRow`, `file`, or `rank` for the order that `set_ranks` gave.
        descending: the other way round.

    Returns:
        Numbers of clips, `(n,)` int64.

    Raises:
        ProjectError: the filter or the column makes no sense.
    """
    wanted = parse_filter(text)
    way = " DESC" if descending else ""
    source = "queue NOT INDEXED" if wanted.text else "queue"
    if sort == "rank":
        source, order = f"{source} LEFT JOIN ranks USING (clip)", f"rank IS NULL, rank{way}, path, start_s"
    elif sort in _SORTS:
        _index(store, _SORTS[sort])
        order = f"{_SORTS[sort]}{way}, path{way}, start_s{way}"
    else:
        raise ProjectError(f"There is no column {sort!r} to sort by.")
    ordered = f"SELECT clip FROM {source} WHERE {wanted.condition} ORDER BY {order}"
    found = store.value(f"SELECT group_concat(clip) FROM ({ordered})", wanted.values)  # quicker than 100,000 rows
    return np.fromstring(found, np.int64, sep=",") if found else np.zeros(0, np.int64)


def _index(store: Store, column: str) -> None:
    """The first time that somebody sorts by a column takes longer."""
    with store.errors():
        columns = f"{column}, path, start_s, clip, {_NARROW}" if column != "path" else f"path, start_s, clip, {_NARROW}"
        store.connection.execute(f"CREATE INDEX IF NOT EXISTS temp.queue_by_{column} ON queue ({columns})")


def set_ranks(store: Store, clips: Sequence[int] | np.ndarray) -> None:
    """Fix the order `rank`: clips from the first to the last; those that are not named come after them."""
    with store.errors():
        store.connection.execute("CREATE TEMP TABLE IF NOT EXISTS ranks (clip INTEGER PRIMARY KEY, rank INTEGER)")
        store.connection.execute("DELETE FROM ranks")
        ranks = ((int(clip), rank) for rank, clip in enumerate(clips))
        store.connection.executemany("INSERT INTO ranks VALUES (?, ?)", ranks)


def queue_rows(store: Store, clips: Sequence[int] | np.ndarray) -> dict[int, QueueRow]:
    """Rows of clips by their number; those that are gone are left out."""
    wanted = f"[{','.join(str(int(clip)) for clip in clips)}]"
    rows = store.rows(
        f"SELECT {', '.join(COLUMNS)} FROM queue WHERE clip IN (SELECT value FROM json_each(?))", (wanted,)
    )
    found = [QueueRow(*row) for row in rows]
    return {row.clip: replace(row, flagged=bool(row.flagged), corrected=bool(row.corrected)) for row in found}


@dataclass(frozen=True)
class Neighbour:
    """A clip that lies beside others in its recording.

    Attributes:
        clip: its number.
        start_s: where it begins, in seconds of the recording.
        end_s: where it ends.
        label: this annotator's, or "".
        unsure: this annotator cannot tell.
    """

    clip: int
    start_s: float
    end_s: float
    label: str
    unsure: bool


def neighbours(store: Store, recording: int, start_s: float, end_s: float, limit: int) -> list[Neighbour]:
    """The clips of a recording that touch a stretch of it, whether or not they pass the filter.

    Args:
        store: the project, its queue open.
        recording: its number.
        start_s: where the stretch begins, in seconds of the recording.
        end_s: where it ends.
        limit: so many at most: those nearest to the middle of the stretch.

    Returns:
        Them in the order in which they begin.

    Raises:
        ProjectError: the file cannot be read.
    """
    rows = store.rows(
        "SELECT id, near.start_s, near.end_s, queue.label, queue.state = 'unsure' FROM ("
        "SELECT id, start_s, end_s FROM clips WHERE recording = ? AND start_s < ? AND end_s > ? "
        "ORDER BY abs(start_s + end_s - ?) LIMIT ?) AS near CROSS JOIN queue ON queue.clip = id",
        (recording, end_s, start_s, start_s + end_s, limit),
    )
    found = (Neighbour(clip, begins_s, ends_s, label, bool(unsure)) for clip, begins_s, ends_s, label, unsure in rows)
    return sorted(found, key=lambda each: (each.start_s, each.end_s, each.clip))


@dataclass(frozen=True)
class Done:
    """How far the work has come.

    Attributes:
        clips: all there are.
        labelled: of them, by this annotator.
        unsure: of them.
        by_label: how many have each label.
        by_speaker: of each speaker, how many are labelled and how many there are.
    """

    clips: int
    labelled: int
    unsure: int
    by_label: dict[str, int]
    by_speaker: dict[str, tuple[int, int]]


def done(store: Store) -> Done:
    """Count what is labelled in the queue."""
    states = dict(store.rows("SELECT state, count(*) FROM queue GROUP BY state"))
    labels = dict(store.rows("SELECT label, count(*) FROM queue WHERE label <> '' GROUP BY label"))
    speakers = store.rows("SELECT speaker, sum(state <> 'open'), count(*) FROM queue GROUP BY speaker ORDER BY speaker")
    by_speaker = {name: (finished, clips) for name, finished, clips in speakers}
    return Done(sum(states.values()), states.get(LABELLED, 0), states.get(UNSURE, 0), labels, by_speaker)
