"""What this process holds of the machine's memory, and giving back what it does not use."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path


def resident_bytes() -> int:
    """Memory that this process holds now; its peak where the system does not tell the present, 0 where neither."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(ImportError):
        import resource  # not on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return 0


def give_back_free_memory() -> None:
    """Return freed memory to the system where the C library keeps it (glibc).

    Batches of ever other sizes leave holes between one another: over a recording of two hours they grow to half a
    gigabyte. It takes milliseconds.
    """
    _malloc_trim()(0)


@cache
def _malloc_trim() -> Callable[[int], object]:
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
            trim: Callable[[int], object] = ctypes.CDLL("libc.so.6").malloc_trim
            return trim
    return lambda kept_bytes: None
