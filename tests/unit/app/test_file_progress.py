"""Progress over files, seen by the verb that shows it."""

from __future__ import annotations

import contextlib
import signal
import sys

import pytest

from app.commands.progress import FileProgress


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_a_ctrl_c_that_was_lost_ends_the_run_at_the_next_file() -> None:
    before = signal.getsignal(signal.SIGINT)
    with FileProgress(2) as progress:
        with contextlib.suppress(KeyboardInterrupt):  # as a finaliser does
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            progress.file_done(1.0)
    assert signal.getsignal(signal.SIGINT) is before
