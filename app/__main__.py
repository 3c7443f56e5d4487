"""`moodlight`: files or nothing open the window, a verb goes to the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

VERBS = frozenset(
    {
        "score",
        "evaluate",
        "models",
        "project",
        "devices",
        "bench",
        "corpus",
        "pretrain",
        "finetune",
        "crossval",
        "curve",
        "teach",
        "listen",
    }
)
CLI_OPTIONS = frozenset({"--help", "-h", "--version"})
WINDOW_OPTIONS = frozenset({"--samples", "--snapshot", "--model", "--theme", "--time-limit", "--time-to-paint"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Moodlight and return the exit code. A verb wins over a file of the same name: `./score` opens the file."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    first = arguments[0] if arguments else ""
    if first in VERBS or first in CLI_OPTIONS:
        from app.cli import run  # without Qt

        return run(arguments)
    if first and not Path(first).exists() and first.partition("=")[0] not in WINDOW_OPTIONS:
        what = "not an option" if first.startswith("-") else "neither a file that exists nor a command"
        sys.stderr.write(f"moodlight: {first!r} is {what}. `moodlight --help` lists the commands.\n")
        return 2
    from app.launch import run_window

    return run_window(arguments)


if __name__ == "__main__":
    sys.exit(main())
