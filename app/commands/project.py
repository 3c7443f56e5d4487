"""`moodlight project`: the same as in the window, on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer

from app.commands.guard import complain
from core.clips import Listener, file_clips
from core.counting import counted
from core.errors import ConfigError
from core.project import lookout
from core.project.agreement_summary import summary
from core.project.annotations import annotators, ratings
from core.project.interchange import (
    export_rows,
    find_recordings,
    foreign_labels,
    import_rows,
    one_scheme,
    propose_mapping,
)
from core.project.merge import merge
from core.project.opening import create_project, open_project
from core.project.ratings import Ratings
from core.project.recordings import Added, Cut, Cuts, add_files, every, find_missing, missing_recordings, whole
from core.project.schemes import schemes_of
from core.project.store import Store
from core.project.watching import add_and_watch, look_below, look_once, watched_folders
from core.schemes import load_scheme
from core.segmenting import parse_segmenting

FAILED = 1
FEW = 20  # problems that are named


def make(path: Path, scheme: str) -> int:
    """Make an empty project."""
    with create_project(path, load_scheme(scheme)) as store:
        typer.echo(f"{store.path} is there, with the scheme {scheme}.")
    return 0


def add_recordings(path: Path, inputs: Sequence[Path], segment: str) -> int:
    """Add files; 1 where some cannot be read."""
    cut = cut_by(segment)
    with open_project(path) as store:
        return _tell_added(add_files(store, inputs, cut, _show))


def watch_folders(path: Path, folders: Sequence[Path], segment: str) -> int:
    """Add folders, and watch them from now on; 1 where some files cannot be read."""
    segmenting = parse_segmenting(segment)
    if segmenting == "speech":
        raise ConfigError("--watch goes with --segment none or SECONDS: what comes later is not cut into speech.")
    with open_project(path) as store:
        found = look_below(store.folder, folders, _show)
        added = add_and_watch(store, folders, found, segmenting if isinstance(segmenting, float) else None)
    for folder in folders:
        typer.echo(f"{folder} is watched.")
    return _tell_added(added)


def look_again(path: Path) -> int:
    """Add what has come into the watched folders; 1 where files cannot be read, or a folder is gone."""
    with open_project(path) as store:
        folders = watched_folders(store)
        if not folders:
            typer.echo(f"No folder is watched: moodlight project add {path} FOLDER --watch watches one.")
            return 0
        view = lookout.Lookout(store.folder)
        added = look_once(store, view, _show)
        if view.waiting:  # what has just come is taken in if it is still the same after a while
            time.sleep(lookout.SETTLED_S)
            added = look_once(store, view, _show)
    gone = [each.folder for each in folders if each.path in view.gone]
    _complain_of([f"{folder} is watched, but not there." for folder in gone])
    if view.waiting:
        complain(f"{counted(view.waiting, 'file', 'is')} still being written: look again later.")
    return max(_tell_added(added), FAILED if gone else 0)


def _tell_added(added: Added) -> int:
    lines = added.lines()
    failed = len(added.failed)
    for line in lines[: len(lines) - failed]:
        typer.echo(line)
    _complain_of(lines[len(lines) - failed :])
    return FAILED if failed else 0


def cut_by(segment: str) -> Cut:
    """How recordings become clips, as a user writes it.

    Raises:
        ConfigError: it is none of the ways.
    """
    segmenting = parse_segmenting(segment)
    if segmenting == "none":
        return whole
    if isinstance(segmenting, float):
        return every(segmenting)
    return _by_speech


def _by_speech(file: Path, duration_s: float) -> Cuts:
    """Stretches of speech; all of it where none is found, so that nothing is out of reach."""
    clips = [clip for clip in file_clips(file, 0.0, None, "speech", Listener()) if clip.speech is not False]
    return [(clip.start_s, min(clip.end_s, duration_s)) for clip in clips] or [(0.0, duration_s)]


def _show(number: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{number:,} of {total:,} files looked at" + ("\n" if number == total else ""))


def _complain_of(sentences: Sequence[str]) -> None:
    for sentence in sentences[:FEW]:
        complain(sentence)
    if len(sentences) > FEW:
        complain(f"and {len(sentences) - FEW:,} more.")


def describe(path: Path) -> int:
    """Print what is in a project."""
    with open_project(path, read_only=True) as store:
        recordings, seconds = store.rows("SELECT count(*), coalesce(sum(duration_s), 0) FROM recordings")[0]
        clips = store.value("SELECT count(*) FROM clips")
        typer.echo(
            f"{store.path.name}: {counted(recordings, 'recording')}, {seconds / 3600:.2f} h, {counted(clips, 'clip')}"
        )
        for number, scheme in schemes_of(store).items():
            typer.echo(f"  scheme {scheme.id}: {', '.join(scheme.names)}")
            for who in annotators(store):
                _describe_annotator(store, number, who, clips)
        for each in watched_folders(store):
            typer.echo(f"  watches {each.folder}: {each.clips}{'' if each.folder.is_dir() else ', not there'}")
        gone = missing_recordings(store)
        for file in list(gone.values())[:FEW]:
            typer.echo(f"  missing  {file}")
        if gone:
            missing = counted(len(gone), "recording", "is")
            complain(f"{missing} missing: moodlight project find {path} FOLDER looks for them.")
    return FAILED if gone else 0


def _describe_annotator(store: Store, scheme: int, who: str, clips: int) -> None:
    rows = store.rows(
        "SELECT label, count(*), sum(seconds), sum(suggested NOT NULL), sum(suggested = label), sum(accepted) "
        "FROM annotations WHERE scheme = ? AND annotator = ? AND superseded = 0 AND label NOT NULL "
        "GROUP BY label ORDER BY count(*) DESC",
        (scheme, who),
    )
    if rows:
        labelled, seconds = sum(row[1] for row in rows), sum(row[2] for row in rows)
        shown, same, accepted = (sum(row[column] or 0 for row in rows) for column in (3, 4, 5))
        pace = f", {seconds / labelled:.1f} s a clip" if seconds else ""
        counts = ", ".join(f"{row[0]} {row[1]:,}" for row in rows)
        typer.echo(f"    {who}: {labelled:,} of {clips:,} labelled{pace} ({counts})")
        if shown:
            typer.echo(f"      as the model suggested: {same / shown:.0%}, by the key for that: {accepted / shown:.0%}")


def take_in(
    path: Path,
    source: Path,
    form: str,
    scheme: str,
    mapping: Sequence[str],
    annotator: str,
    sounds: Path | None,
    dry_run: bool,
) -> int:
    """Import labels; 1 where recordings could not be read."""
    from app.exchange import read_labels

    rows = read_labels(source, form, sounds)
    with open_project(path, annotator) as store:
        rows = find_recordings(store, rows)
        number = one_scheme(store, scheme)
        names = schemes_of(store)[number].names
        meanings = propose_mapping(foreign_labels(rows), names) | _parse_mapping(mapping, names)
        for theirs, count in foreign_labels(rows).items():
            typer.echo(f"  {theirs} ({count:,}) -> {meanings.get(theirs) or 'left out'}")
        result = import_rows(store, rows, number, meanings, title=f"Import {source.name}", progress=_show)
        if dry_run:
            store.undo()
            typer.echo("Nothing was taken in: this is what would be.")
    failed = len(result.failed)
    lines = result.lines()
    for line in lines[: len(lines) - failed]:
        typer.echo(line)
    _complain_of(lines[len(lines) - failed :])
    return FAILED if failed else 0


def _parse_mapping(texts: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for text in texts:
        theirs, sign, ours = text.partition("=")
        if not sign or (ours and ours not in names):
            raise ConfigError(f"--map is THEIRS=OURS, OURS one of {', '.join(names)} or nothing; not {text!r}.")
        mapping[theirs] = ours
    return mapping


def give_out(path: Path, out: Path, form: str, scheme: str) -> int:
    """Export labels."""
    from app.exchange import write_labels

    with open_project(path, read_only=True) as store:
        number = one_scheme(store, scheme)
        rows = export_rows(store, number)
        write_labels(rows, out, form)
    typer.echo(f"{counted(len(rows), 'row', 'is')} in {out}.")
    return 0


def merge_in(path: Path, others: Sequence[Path]) -> int:
    """Merge copies into a project."""
    with open_project(path) as store:
        for other_path in others:
            with open_project(other_path, read_only=True) as other:
                result = merge(store, other)
            typer.echo(f"{other_path.name}:")
            for line in result.lines():
                typer.echo(f"  {line}")
    return 0


def agree(path: Path, scheme: str, as_json: bool) -> int:
    """Print the agreement of the annotators."""
    with open_project(path, read_only=True) as store:
        number = one_scheme(store, scheme)
        if len({annotator for _, annotator, _ in ratings(store, number)}) < 2 and not as_json:
            typer.echo("Two annotators are needed: merge a colleague's copy, or label under another name.")
            return 0
        found = summary(Ratings.of(ratings(store, number), schemes_of(store)[number].names))
        if as_json:
            typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
            return 0
        for line in found.lines():
            typer.echo(line)
    return 0


def find_again(path: Path, folders: Sequence[Path]) -> int:
    """Look for missing recordings; 1 where some are still missing."""
    with open_project(path) as store:
        found = find_missing(store, folders)
        left = missing_recordings(store)
    for file in found.values():
        typer.echo(f"found  {file}")
    if left:
        missing = counted(len(left), "recording", "is")
        complain(f"{missing} still missing, such as {next(iter(left.values()))}.")
    elif not found:
        typer.echo("No recording is missing.")
    return FAILED if left else 0
