"""The tables of a project file, and the steps from each older version to the newest."""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x4D4F4F44  # "MOOD": tells a project from any other SQLite file

# Times are seconds, rounded to a microsecond: so many digits survive the journal's JSON.
VERSION_1 = """
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE recordings (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,          -- relative to the project's folder, with slashes; in full on another drive
    hash TEXT NOT NULL UNIQUE,          -- of the content: the same sound twice is one recording
    size INTEGER NOT NULL,
    duration_s REAL NOT NULL,
    speaker TEXT NOT NULL DEFAULT '',
    sex TEXT NOT NULL DEFAULT '',
    age TEXT NOT NULL DEFAULT ''
);

CREATE TABLE clips (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,           -- the same in every copy of the project
    recording INTEGER NOT NULL REFERENCES recordings ON DELETE CASCADE,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    speaker TEXT,                       -- where it is not the recording's
    split TEXT NOT NULL DEFAULT '',
    extra TEXT NOT NULL DEFAULT '{}',   -- what a manifest said besides: weight, votes
    CHECK (end_s > start_s)
);
CREATE INDEX clips_of_recording ON clips (recording, start_s);

CREATE TABLE schemes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    data TEXT NOT NULL                  -- as `Scheme.to_json` gives it
);

CREATE TABLE annotations (
    id INTEGER PRIMARY KEY,
    clip INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
    scheme INTEGER NOT NULL REFERENCES schemes ON DELETE CASCADE,
    annotator TEXT NOT NULL,
    adjudicated INTEGER NOT NULL DEFAULT 0,     -- a decision that stands beside what the annotators said
    superseded INTEGER NOT NULL DEFAULT 0,      -- the same person's other answer in a copy that was merged
    label TEXT,
    unsure INTEGER NOT NULL DEFAULT 0,
    flagged INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    transcript TEXT,                            -- NULL: nobody has touched the model's words
    seconds REAL NOT NULL DEFAULT 0,            -- spent on it
    suggested TEXT,                             -- what the model had said when the label was given
    accepted INTEGER NOT NULL DEFAULT 0,        -- the label was taken over from it by the key for that
    made TEXT NOT NULL                          -- UTC
);
CREATE UNIQUE INDEX one_answer ON annotations (clip, scheme, annotator, adjudicated) WHERE superseded = 0;

CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    labels TEXT NOT NULL                -- JSON, in the order of the probabilities
);

CREATE TABLE predictions (
    model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
    clip INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
    prediction TEXT NOT NULL,           -- the likeliest label, '' where nobody speaks
    confidence REAL NOT NULL,           -- its probability
    margin REAL NOT NULL,               -- how far it stands above the second
    probabilities BLOB NOT NULL,        -- float32, empty where nobody speaks
    transcript TEXT NOT NULL,
    embedding BLOB NOT NULL,            -- z_e, float16
    PRIMARY KEY (model, clip)
) WITHOUT ROWID;
CREATE INDEX predictions_of_clip ON predictions (clip);

CREATE TABLE commands (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    annotator TEXT NOT NULL,
    made TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    command INTEGER NOT NULL REFERENCES commands ON DELETE CASCADE,
    tab TEXT NOT NULL,
    row INTEGER NOT NULL,
    before TEXT,                        -- the row as JSON; NULL where there was none
    after TEXT
);
CREATE INDEX changes_of_command ON changes (command, id);
"""

VERSION_2 = """
CREATE TABLE watched_folders (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,          -- as a recording's
    clip_s REAL,                        -- how long the clips of what comes are; NULL: a recording is one clip
    CHECK (clip_s > 0)
);

-- Sound files below watched folders as they were when somebody last looked at them, whatever came of it. It is no
-- change that a person made: a recording whose adding is undone stays known here, and so is not added again.
CREATE TABLE looked_at (
    path TEXT PRIMARY KEY,              -- as a recording's
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL        -- since 1970, as the disk says
) WITHOUT ROWID;
"""

VERSION_3 = """
-- Models that were taught here or brought along. Their weights lie in folders, which no undo brings back.
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given twice: a window may still speak of one that was deleted
    fingerprint TEXT NOT NULL,
    name TEXT NOT NULL,
    folder TEXT NOT NULL UNIQUE,            -- as a recording's
    parent TEXT NOT NULL DEFAULT '',        -- fingerprint of the model that was taught
    scheme TEXT NOT NULL,                   -- name of its label set
    made TEXT NOT NULL,                     -- UTC
    labels_taught INTEGER NOT NULL DEFAULT 0,
    taught TEXT NOT NULL DEFAULT '{}',      -- JSON: label by the clip's uid
    recipe TEXT NOT NULL DEFAULT '{}',      -- JSON
    report TEXT,                            -- JSON; NULL where nothing is known of what came of it
    note TEXT NOT NULL DEFAULT '',
    current INTEGER NOT NULL DEFAULT 0,
    kept INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_current ON versions (current) WHERE current = 1;
"""

MIGRATIONS = (VERSION_1, VERSION_2, VERSION_3)  # the step to version n + 1 stands at n
VERSION = len(MIGRATIONS)
# what people do; what models say can be made again, and what was looked at and what was taught are facts of the disk
JOURNALED = ("recordings", "clips", "schemes", "annotations", "watched_folders")


def version_of(connection: sqlite3.Connection) -> int:
    """The version that a file was written in, 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file from its version to the newest, all of it or nothing."""
    found = version_of(connection)
    steps = "\n".join(MIGRATIONS[found:])
    connection.executescript(
        f"BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    )
