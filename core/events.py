"""JSON lines between processes: one object a line, in plain ASCII, so that no locale or file name can break it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import IO, Any

from core.errors import EngineError


def write_event(stream: IO[str], event: str, **fields: Any) -> None:
    """Write an event (`{"event": ..., ...}`) and flush it.

    Args:
        stream: where to; several threads must take turns.
        event: `ready`, `item`, `progress`, `done`, `failed`, ...
        **fields: anything that JSON can hold; a number that is not finite is a ValueError.
    """
    _write_line(stream, {"event": event, **fields})


def write_request(stream: IO[str], do: str, **fields: Any) -> None:
    """Write a request to the engine (`{"do": ..., ...}`) and flush it."""
    _write_line(stream, {"do": do, **fields})


def parse_line(line: str) -> dict[str, Any]:
    """The object in one line.

    Raises:
        EngineError: the line is not a JSON object.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise EngineError(f"Not a JSON object on one line: {line.strip()[:80]!r}.")
    return message


def read_events(stream: IO[str]) -> Iterator[dict[str, Any]]:
    """Messages of a stream until it ends; empty lines are passed over.

    Raises:
        EngineError: a line is not a JSON object. Who must survive that takes lines and `parse_line`.
    """
    for line in stream:
        if line.strip():
            yield parse_line(line)


def own_stdout() -> IO[str]:
    """Stdout for events alone: whatever else is printed in this process goes to stderr."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _write_line(stream: IO[str], message: dict[str, Any]) -> None:
    stream.write(json.dumps(message, allow_nan=False, separators=(",", ":")) + "\n")
    stream.flush()
