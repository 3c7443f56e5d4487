"""The window and the command line."""

from __future__ import annotations


def version() -> str:
    """The installed version; `0` for a checkout that was never installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("moodlight")
    except PackageNotFoundError:
        return "0"
