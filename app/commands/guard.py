"""What every verb has in common: how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from core.errors import MoodlightError

WRONG_USAGE = 2
INTERRUPTED = 130

P = ParamSpec("P")


def guarded(verb: Callable[P, int]) -> Callable[P, None]:
    """The verb's number becomes the exit code; an expected failure one sentence on stderr and 2; Ctrl-C 130.

    A full disk, a folder that may not be written and the like are expected, too.
    """

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = verb(*args, **kwargs)
        except MoodlightError as error:
            complain(str(error))
            code = WRONG_USAGE
        except BrokenPipeError:
            raise  # whoever read the output has enough
        except OSError as error:
            complain(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
            code = WRONG_USAGE
        except KeyboardInterrupt:
            complain("interrupted.")
            code = INTERRUPTED
        raise typer.Exit(code)

    return run


def complain(sentence: str) -> None:
    """A sentence on stderr, under the program's name."""
    sys.stderr.write(f"moodlight: {sentence}\n")
    sys.stderr.flush()
