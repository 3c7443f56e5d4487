"""All results into all forms, in one pass."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import MoodlightError
from core.paths import atomic_write
from core.predictions import InputFailure, Prediction, open_errors
from core.score.items import Item, Result
from core.score.write import page
from core.score.write.changes import Changes, open_changes
from core.score.write.database import open_database
from core.score.write.forms import LABEL_FILES, Add, Places, WriteOptions, Written, check_outputs
from core.score.write.labels import open_label_files
from core.score.write.names import valid_text
from core.score.write.summary import Summary
from core.score.write.tables import open_csv_table, open_json_lines, open_parquet_table
from core.segmenting import MIN_CLIP_S

_ONE_PLACE: dict[str, Callable[[Path, WriteOptions], AbstractContextManager[Add]]] = {
    "csv": open_csv_table,
    "parquet": open_parquet_table,
    "jsonl": open_json_lines,
    "audformat": open_database,
}


def write_results(results: Iterable[tuple[Item, Result]], out: Path, options: WriteOptions) -> Written:
    """Write what came of a run: tables, label files, the summary page, what it depended on, and what failed.

    Rows are taken one by one. A file appears when it is whole; where one cannot be written, those that are finished
    stay. The table of errors has the files that failed and those in which nobody was heard; without any there is none,
    and one of an earlier run is removed.

    Args:
        results: in the order of the rows.
        out: the main table.
        options: see `WriteOptions`.

    Raises:
        ConfigError: see `check_outputs`.
        MoodlightError: the older table is none, or a file would be one of the recordings.
        OSError: a file cannot be written.
    """
    planned = check_outputs(out, options)
    taken = {path.name: path for path in planned.all()}
    summary = Summary([model.name for model in options.models])
    first = options.models[0].name
    changes: Changes | None = None
    compare: Callable[[Prediction], None] | None = None
    with ExitStack() as stack:
        if options.compare:
            changes, compare = stack.enter_context(open_changes(planned.changes, options.compare, first))
        adds = [stack.enter_context(opened) for opened in _opened(planned, options)]
        fail: Callable[[InputFailure], None] | None = None
        for item, result in results:
            _refuse_recording(item, taken)
            rows = [each.if_sure(options.least_confidence) for each in result.predictions]
            summary.add(item, result, rows)
            for add in adds:
                add(item, rows)
            if compare:
                for row in rows:
                    if row.model == first:
                        compare(row)
            if reason := result.failure or _why_silent(item, result):
                fail = fail or stack.enter_context(open_errors(planned.errors))
                fail(InputFailure(item.file, reason))
    if fail is None:
        planned.errors.unlink(missing_ok=True)
    return _finish(planned, options, summary, changes, listed=fail is not None)


def _opened(planned: Places, options: WriteOptions) -> Iterable[AbstractContextManager[Add]]:
    for form, path in planned.forms.items():
        if form in _ONE_PLACE:
            yield _ONE_PLACE[form](path, options)
    folders = {form: path for form, path in planned.forms.items() if form in LABEL_FILES}
    if folders:
        yield open_label_files(folders, options)


def _why_silent(item: Item, result: Result) -> str:
    """What is to be known of an item in which nobody was heard, or ""; it has its row in the table all the same."""
    if any(prediction.emotion is not None for prediction in result.predictions):
        return ""
    name = Path(item.file).name
    if result.sound_s < MIN_CLIP_S:
        return f"{name} is too short: {result.sound_s:.2f} s of sound, and an emotion takes {MIN_CLIP_S} s."
    return f"Nobody is heard in {name}."


def _refuse_recording(item: Item, taken: dict[str, Path]) -> None:
    target = taken.get(item.file.rpartition("/")[2].rpartition(os.sep)[2])
    if target is not None and target.exists() and Path(item.file).exists() and target.samefile(item.file):
        raise MoodlightError(f"{target} is one of the recordings, which are never written over: name another table.")


def _finish(
    planned: Places, options: WriteOptions, summary: Summary, changes: Changes | None, *, listed: bool
) -> Written:
    """The page and the facts, which can be written when all rows have passed."""
    date = datetime.now().astimezone().isoformat(timespec="minutes")
    rows = sum(group.total for group in summary.models.values())
    with atomic_write(planned.page, "w") as stream:
        stream.write(page.render(summary, options, date, changes))
    paths = [*planned.forms.values(), planned.page, planned.facts]
    paths += [planned.changes] if changes else []
    paths += [planned.errors] if listed else []
    with atomic_write(planned.facts, "w") as stream:
        json.dump(_facts(planned, options, summary, date, rows), stream, indent=2, ensure_ascii=False)
        stream.write("\n")
    return Written(tuple(paths), rows, summary.items, summary.failed, planned.errors if listed else None)


def _facts(planned: Places, options: WriteOptions, summary: Summary, date: str, rows: int) -> dict[str, Any]:
    models = [
        {"name": each.name, "fingerprint": each.fingerprint, "labels": list(each.scheme.names)}
        for each in options.models
    ]
    return {
        "moodlight": options.version,
        "date": date,
        "command": valid_text(options.command),
        "inputs": [valid_text(name) for name in options.inputs],
        "models": models,
        "parameters": options.parameters,
        "least_confidence": options.least_confidence,
        "top_k": options.top_k,
        "embeddings": options.embeddings,
        "compared_with": valid_text(str(options.compare)) if options.compare else None,
        "outputs": {form: valid_text(path.name) for form, path in planned.forms.items()},
        "inputs_scored": summary.items - summary.failed,
        "inputs_failed": summary.failed,
        "rows": rows,
        "sound_s": round(summary.sound_s, 3),
    }
