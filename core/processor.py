"""The processor: how much of it there is for this process, and letting others go first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def available_cores() -> int:
    """Processor cores that this process may use; a cluster's or container's share can be less than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def give_way(niceness: int) -> None:
    """Take the processor only where others leave it.

    Linux divides the processor among sessions before it looks at niceness, so a process that leads a session of its own
    (a detached one does) has its session give way, too.

    Args:
        niceness: 0 to 19, how far; nothing happens where the system does not know of it.
    """
    if hasattr(os, "nice"):
        os.nice(niceness)
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        with suppress(OSError):  # not Linux, or sessions are not told apart
            Path("/proc/self/autogroup").write_text(str(niceness), encoding="ascii")
