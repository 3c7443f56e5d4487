from __future__ import annotations

import io
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EngineError
from core.events import parse_line, read_events, write_event, write_request

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
fields = st.dictionaries(st.sampled_from(["id", "message", "prediction", "done", "total"]), values, max_size=3)


@given(st.lists(st.tuples(st.text(), fields), max_size=3))
def test_events_read_back_as_they_were_written(events: list[tuple[str, dict[str, object]]]) -> None:
    stream = io.StringIO()
    for event, content in events:
        write_event(stream, event, **content)
    assert stream.getvalue().count("\n") == len(events)
    assert stream.getvalue().isascii()
    stream.seek(0)
    assert list(read_events(stream)) == [{"event": event, **content} for event, content in events]


def test_a_request_names_what_to_do() -> None:
    stream = io.StringIO()
    write_request(stream, "analyse", id=7, file=os.fsdecode(b"\xff \xea\xb0\x80.wav"))
    assert parse_line(stream.getvalue()) == {"do": "analyse", "id": 7, "file": os.fsdecode(b"\xff \xea\xb0\x80.wav")}


@pytest.mark.parametrize("line", ["", "nonsense", "[1]", "7", '{"do": ', "[" * 100_000])
def test_what_is_no_object_is_refused_with_the_beginning_of_the_line(line: str) -> None:
    with pytest.raises(EngineError, match="Not a JSON object") as error:
        parse_line(line)
    assert len(str(error.value)) < 150


def test_empty_lines_are_passed_over() -> None:
    assert list(read_events(io.StringIO('\n{"event": "done"}\n \n'))) == [{"event": "done"}]


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_event(io.StringIO(), "progress", done=float("nan"))
    assert json.loads("1e400") == float("inf")  # why a reader must not count on finite numbers from elsewhere
