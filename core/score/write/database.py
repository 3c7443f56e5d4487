"""Results as a database in audformat: a header, and a segmented table of each model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from core import audformat
from core.audformat import duration_text
from core.exchange.content import write_file
from core.exchange.places import path_from
from core.predictions import Prediction, open_csv
from core.score.items import Item
from core.score.write.forms import Add, WriteOptions
from core.score.write.names import is_address
from core.tables import require

TABLE = "emotion"  # its name; of several models followed by the model's
_SHARE = {"dtype": "float", "minimum": 0.0, "maximum": 1.0}


@contextmanager
def open_database(folder: Path, options: WriteOptions) -> Iterator[Add]:
    """A database whose recordings stay where they are; times are those of the clips, files are relative to it.

    A table has the columns emotion (empty where nobody speaks), confidence, one for each probability, speaker and
    transcription. Files are written when the block ends, the header last.
    """
    yaml = require("yaml")
    tables = _table_names([model.name for model in options.models])
    shares = [f"p_{label}" for label in options.labels]
    columns = ["emotion", "confidence", *shares, "speaker", "transcription"]
    speakers: set[str] = set()
    emotions: set[str] = set(options.labels)
    head = ["file", "start", "end", *columns]
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        write: dict[str, Callable[[Sequence[str]], None]] = {
            model: stack.enter_context(open_csv(folder / audformat.table_file(table), head))
            for model, table in tables.items()
        }

        def add(item: Item, predictions: Sequence[Prediction]) -> None:
            speakers.add(item.speaker)
            for prediction in predictions:
                emotions.add(prediction.emotion or "")
                write[prediction.model](_cells(item, prediction, folder, options.labels))

        yield add
    header = audformat.header(
        folder.name.removesuffix(".audformat"),
        dict.fromkeys(tables, "machine"),
        {
            "emotion": audformat.scheme(emotions),
            **{share: dict(_SHARE) for share in ("confidence", *shares)},
            "speaker": audformat.scheme(speakers),
            "transcription": audformat.scheme(),
        },
        {
            table: audformat.table(columns, [*columns[:-2], "transcription"], model, segmented=True)
            for model, table in tables.items()
        },
    )
    write_file(folder / audformat.HEADER, yaml.safe_dump(header, allow_unicode=True, sort_keys=False))


def _table_names(models: Sequence[str]) -> dict[str, str]:
    """Model to table: `emotion` for one; for several their names, with letters and digits alone, and numbers."""
    if len(models) == 1:
        return {models[0]: TABLE}
    return {
        model: f"{TABLE}.{number}.{re.sub(r'[^A-Za-z0-9]+', '-', model).strip('-')}".rstrip(".")
        for number, model in enumerate(dict.fromkeys(models), start=1)
    }


def _cells(item: Item, prediction: Prediction, folder: Path, labels: Sequence[str]) -> list[str]:
    known = prediction.probabilities
    file = prediction.file if is_address(prediction.file) else path_from(folder, Path(prediction.file))
    return [
        file,
        duration_text(round(prediction.start_s, 3)),
        duration_text(round(prediction.end_s, 3)),
        prediction.emotion or "",
        f"{prediction.confidence:.4f}" if prediction.emotion else "",
        *(f"{known[label]:.4f}" if label in known else "" for label in labels),
        item.speaker,
        prediction.transcript,
    ]
