"""Results as tables of one file: CSV, Parquet and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.paths import atomic_write
from core.predictions import NO_SPEECH, Prediction, most_probable, open_score_table, score_columns
from core.score.items import Item
from core.score.write.forms import Add, WriteOptions
from core.score.write.names import valid_text
from core.tables import require

ROWS_TOGETHER = 10_000  # of a Parquet file, a row group
ROWS_WITH_EMBEDDINGS = 1_000


@contextmanager
def open_csv_table(path: Path, options: WriteOptions) -> Iterator[Add]:
    """The score table."""
    with open_score_table(path, options.labels, options.top_k) as write:

        def add(_: Item, predictions: Sequence[Prediction]) -> None:
            for prediction in predictions:
                write(prediction)

        yield add


@contextmanager
def open_json_lines(path: Path, options: WriteOptions) -> Iterator[Add]:
    """A JSON object a row: `Prediction.to_json`, the transcript, and the speaker where it is known.

    The embedding is a list of numbers. It is plain ASCII, so that it holds any file name.
    """
    with atomic_write(path, "w") as stream:

        def add(item: Item, predictions: Sequence[Prediction]) -> None:
            for prediction in predictions:
                row = prediction.to_json() | {"transcript": prediction.transcript}
                row.pop("embedding", None)
                row |= {"speaker": item.speaker} if item.speaker else {}
                if options.embeddings and prediction.embedding is not None:
                    row["embedding"] = [round(float(value), 6) for value in prediction.embedding]
                stream.write(json.dumps(row, allow_nan=False) + "\n")

        yield add


@contextmanager
def open_parquet_table(path: Path, options: WriteOptions) -> Iterator[Add]:
    r"""The score table with its types: times float64, probabilities float32, names as dictionaries.

    What a model does not know, and all probabilities where nobody speaks, is null. Bytes of a file name that are no
    text are written as `\udcff`. Embeddings are lists of float32.
    """
    arrow, parquet = require("pyarrow"), require("pyarrow.parquet")
    schema = _schema(arrow, options)
    together = ROWS_WITH_EMBEDDINGS if options.embeddings else ROWS_TOGETHER
    with atomic_write(path) as stream, parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        held: list[tuple[object, ...]] = []

        def flush() -> None:
            columns = zip(*held, strict=True)
            arrays = [arrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))
            held.clear()

        def add(_: Item, predictions: Sequence[Prediction]) -> None:
            for prediction in predictions:
                held.append(_cells(prediction, options))
                if len(held) == together:
                    flush()

        yield add
        if held:
            flush()


def _schema(arrow: Any, options: WriteOptions) -> Any:
    name, share = arrow.dictionary(arrow.int32(), arrow.string()), arrow.float32()
    kinds = {"file": name, "emotion": name, "model": name, "transcript": arrow.string()}
    kinds |= {"start": arrow.float64(), "end": arrow.float64()}
    columns = score_columns(options.labels, options.top_k)
    kinds |= {f"label_{place}": name for place in range(1, options.top_k + 1)}
    fields = [(column, kinds.get(column, share)) for column in columns]
    return arrow.schema(fields + ([("embedding", arrow.list_(share))] if options.embeddings else []))


def _cells(prediction: Prediction, options: WriteOptions) -> tuple[object, ...]:
    """A row in the order of the columns."""
    spoken = prediction.emotion is not None
    top: list[object] = [cell for pair in most_probable(prediction.probabilities, options.top_k) for cell in pair]
    return (
        valid_text(prediction.file),
        round(prediction.start_s, 3),
        round(prediction.end_s, 3),
        prediction.emotion if spoken else NO_SPEECH,
        prediction.confidence if spoken else None,
        *(prediction.probabilities.get(label) for label in options.labels),
        valid_text(prediction.transcript),
        valid_text(prediction.model),
        *top,
        *[None] * (2 * options.top_k - len(top)),
        *([prediction.embedding] if options.embeddings else []),
    )
