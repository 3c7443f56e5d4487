"""What a user named, as a list of recordings to be scored: files, folders, manifests, projects, stdin, addresses."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from core.audio.decode import SOUND_EXTENSIONS, walk_sounds
from core.errors import ConfigError, ManifestError
from core.project.opening import EXTENSION as PROJECT
from core.score.items import Item
from core.score.places import beside, extension, files_at, is_folder, is_remote, local_file, local_path
from core.tables import PARQUET, parse_seconds, read_rows

STDIN = "-"
MANIFESTS = (".csv", *PARQUET)
MODEL_SAID = ("confidence", "model")  # columns by which a table of scores is known

Keep = Callable[[str, bool], bool]  # of a path from the folder, and whether it is an unreadable subfolder


def list_items(
    inputs: Sequence[str], include: Sequence[str] = (), exclude: Sequence[str] = (), stdin: IO[str] | None = None
) -> Iterator[Item]:
    """Lists what is to be scored, in the order of the inputs; nothing of the sound is read.

    An input is one of these:

    - a folder, or the address of one: its sound files and those of its subfolders, sorted by path. A file is one by its
      extension, in any case; names that begin with a point are left out; links to folders are not followed. A subfolder
      that may not be read, and a link that leads nowhere, is an item that fails when it is read.
    - an address with `*` in it: the sound files, and those below the folders, that it stands for.
    - a manifest (`.csv`, `.parquet`) with a column `file`, relative to it, and any of `start`, `end`, `speaker`,
      `emotion`, `transcript`, `split`; other columns are left alone. A table of scores is one, too: what a model said
      in it is not taken for an annotation, and its files are looked for where they were scored from, then beside it.
    - a project (`.moodlight`), read as it is now, be it open or not: its clips, with the label of its first scheme that
      stands among the annotators (a decision, or else what most of them are sure of) and the words that people wrote.
    - `-`: more inputs from stdin, one a line, or with a NUL behind each.
    - anything else is a file, whatever it is called, and be it there or not.

    Patterns choose among the files of folders and of addresses with `*`. One without a slash is compared with every
    name of the path from that folder, one with a slash with that path from its beginning; if it fits a folder, it
    stands for all that is in it. `*` and `?` stand for letters within a name, `**` as a name for any folders, or none.
    The case of extensions does not matter.

    Args:
        inputs: paths and addresses.
        include: patterns; where there are any, only files that fit one are taken.
        exclude: patterns; files that fit one are left out, whatever else they fit, and so is a subfolder that may not
            be read, which `include` does not touch, for nobody knows what is in it.
        stdin: where `-` reads from.

    Yields:
        Each part of each file once, by its full path and its times; what was said of it first stands.

    Raises:
        ConfigError: a pattern makes no sense, or such addresses cannot be opened here.
        ManifestError: a manifest is missing or damaged, or a row of it makes no sense.
        ProjectError: a project cannot be read.
        AudioError: a folder that was named may not be read, or an address cannot be listed.
    """
    keep = _filter(include, exclude)
    seen: set[object] = set()
    for given in _with_stdin(inputs, stdin):
        for item in _items_of(given, keep):
            # Path takes ten times as long, which tells with a hundred thousand
            place = item.file if is_remote(item.file) else os.path.abspath(item.file)  # noqa: PTH100
            key = (place, item.start_s, item.end_s) if item.start_s or item.end_s is not None else place
            if key not in seen:
                seen.add(key)
                yield item


def _with_stdin(inputs: Sequence[str], stdin: IO[str] | None) -> Iterator[str]:
    for given in inputs:
        yield from filter(None, _read_names(stdin) if given == STDIN and stdin is not None else [given])


def _read_names(stdin: IO[str]) -> list[str]:
    # names need not be valid text on Linux, and stdin is strict
    raw = getattr(stdin, "buffer", None)
    text = (os.fsdecode(raw.read()) if raw is not None else stdin.read()).removeprefix("\ufeff")
    return text.split("\0") if "\0" in text else [line.removesuffix("\r") for line in text.split("\n")]


def _items_of(given: str, keep: Keep) -> Iterator[Item]:
    path = local_path(given)
    ending = extension(given)
    if path is not None and _is_folder(path):
        before = f"{given.rstrip('/')}/" if is_remote(given) else str(path / "_")[:-1]
        for name, readable in walk_sounds(path):  # what cannot be read is an item, too: reading it says why
            if keep(name, not readable and extension(name) not in SOUND_EXTENSIONS):
                yield Item(before + (name if is_remote(given) else name.replace("/", os.sep)))
    elif ending == PROJECT and path is not None:
        yield from _clips_of(path)
    elif ending in MANIFESTS:
        yield from _rows_of(given)
    elif path is not None:
        yield Item(given if is_remote(given) else str(path))
    elif "*" in given.partition("::")[0] or (ending not in SOUND_EXTENSIONS and is_folder(given)):
        for address, name in files_at(given):
            if extension(address) in SOUND_EXTENSIONS and not _is_hidden(name) and keep(name, False):
                yield Item(address)
    else:
        yield Item(given)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # whoever reads it says so
        return False


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name


def _filter(include: Sequence[str], exclude: Sequence[str]) -> Keep:
    wanted, unwanted = [_fits(each) for each in include], [_fits(each) for each in exclude]

    def keep(name: str, unreadable: bool) -> bool:
        if wanted and not unreadable and not any(fits(name) for fits in wanted):
            return False
        return not any(fits(name) for fits in unwanted)

    return keep


def _fits(pattern: str) -> Callable[[str], bool]:
    """Whether a path from the folder, or a folder on its way, is what the pattern stands for."""
    from fsspec.utils import glob_translate

    plain = pattern.removeprefix("./").rstrip("/")
    if not plain:
        raise ConfigError(f"The pattern {pattern!r} stands for nothing: write *.wav, draft or 2024/**/*.flac.")
    try:
        matches = re.compile(glob_translate(_small_extension(plain))).match
    except (ValueError, re.error) as error:
        raise ConfigError(f"The pattern {pattern!r} makes no sense: '**' stands between slashes.") from error

    def fits(name: str) -> bool:
        parts = name.split("/")
        if "/" not in plain:
            return any(matches(_small_extension(part)) for part in parts)
        return any(matches(_small_extension("/".join(parts[:count]))) for count in range(1, len(parts) + 1))

    return fits


def _small_extension(path: str) -> str:
    stem, dot, ending = path.rpartition(".")
    return path if "/" in ending else stem + dot + (ending.lower() if dot else ending)


def _rows_of(manifest: str) -> Iterator[Item]:
    with local_file(manifest) as path:
        for line, row in enumerate(read_rows(path, errors="surrogateescape"), start=2):
            if not row["file"]:
                raise ManifestError(f"{manifest}, line {line}: no file is named.")
            try:
                start_s, end_s = parse_seconds(row.get("start", "")) or 0.0, parse_seconds(row.get("end", ""))
                if start_s < 0 or (end_s is not None and end_s <= start_s):
                    raise ValueError(f"from {start_s} s to {end_s} s")
            except ValueError as error:
                raise ManifestError(f"{manifest}, line {line}: a time makes no sense ({error}).") from error
            scored = all(name in row for name in MODEL_SAID)
            item = Item(_place_of(row["file"], manifest, scored), start_s, end_s, _text(row, "speaker"))
            if not scored:
                item = replace(item, emotion=_text(row, "emotion"), transcript=_text(row, "transcript"))
            yield replace(item, split=_text(row, "split"))


def _text(row: dict[str, str], name: str) -> str:
    return row.get(name, "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _place_of(file: str, manifest: str, scored: bool) -> str:
    if is_remote(file):
        return file
    if is_remote(manifest):
        return beside(manifest, file)
    return file if scored and Path(file).exists() else os.path.normpath(Path(manifest).parent / file)


def _clips_of(project: Path) -> Iterator[Item]:
    from core.project.interchange import export_rows, one_scheme
    from core.project.opening import open_project
    from core.project.teaching import labels_to_teach

    with open_project(project, read_only=True) as store:
        scheme = one_scheme(store)
        clips = export_rows(store, scheme)
        labels = {(clip.file, clip.start_s, clip.end_s): clip.emotion for clip in labels_to_teach(store, scheme)}
    said_last = sorted(clips, key=lambda row: (row.adjudicated, row.made))  # a decision stands above the others
    words = {(row.file, row.start_s, row.end_s): row.transcript for row in said_last if row.transcript}
    for clip in clips:
        place = (clip.file, clip.start_s, clip.end_s)
        label, said = labels.get(place, ""), words.get(place, "")
        yield Item(str(clip.file), clip.start_s, clip.end_s, clip.speaker, label, said, clip.split)
