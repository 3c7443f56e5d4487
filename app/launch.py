"""Starts the window: Qt, the settings, the engine beside it, and the files to open."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app.engine_client import EngineClient
from app.settings import THEMES, default_path, load_settings
from core.paths import default_model_dir, resources_dir, samples_dir

LOG = logging.getLogger(__name__)
STARTED = time.monotonic()


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="moodlight", add_help=False)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--samples", action="store_true", help="open the clips that come with Moodlight")
    parser.add_argument("--model", type=Path, default=None, help="folder of the checkpoint")
    parser.add_argument("--theme", choices=THEMES, default=None, help="for this time only")
    parser.add_argument("--snapshot", type=Path, metavar="PNG", help="draw the window with the results, and end")
    parser.add_argument("--time-limit", type=float, default=300.0, metavar="S", help="for --snapshot")
    parser.add_argument("--time-to-paint", action="store_true", help="print the seconds from start to paint, and end")
    options = parser.parse_args(arguments)
    missing = [path for path in options.files if not path.exists()]
    if missing:
        parser.error(f"there is no file {str(missing[0])!r}")
    return options


def run_window(arguments: Sequence[str]) -> int:
    options = parse_arguments(arguments)
    if options.snapshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(app, QApplication)
    app.setApplicationName("moodlight")
    app.setApplicationDisplayName("Moodlight")
    app.setDesktopFileName("moodlight")
    client = EngineClient(options.model or default_model_dir(), parent=app)
    client.start()  # loads the model while the window is built
    try:
        return _run_with_engine(app, client, options)
    finally:
        client.shutdown()


def _run_with_engine(app: QApplication, client: EngineClient, options: argparse.Namespace) -> int:
    from app.crash import CrashHandler, log_path, start_logging
    from app.main_window import MainWindow
    from app.sound.player import Player

    start_logging(log_path())
    settings_path = default_path()
    settings = load_settings(settings_path)
    if options.theme:
        settings.theme = options.theme
    window = MainWindow(client, Player(app), settings, settings_path)
    window.setWindowIcon(QIcon(str(resources_dir() / "icons" / "moodlight.svg")))
    crash = CrashHandler(log_path(), window)
    crash.install()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in the terminal; the engine ends with its stdin
    files = [*options.files, *([samples_dir()] if options.samples else [])]
    try:
        if options.snapshot is not None:
            from app.snapshot import save_snapshot

            return save_snapshot(window, client, files, options.snapshot, options.time_limit)
        if options.time_to_paint:
            window.painted.connect(lambda: _report_paint(app))
        window.show()
        if files:
            window.open_paths(files)
        else:
            window.resume()
        return app.exec()
    finally:
        crash.uninstall()
        window.deleteLater()


def _report_paint(app: QApplication) -> None:
    sys.stdout.write(f"{seconds_since_start():.3f}\n")
    sys.stdout.flush()
    app.quit()


def seconds_since_start() -> float:
    """Seconds since this process began; where the system does not tell, since this module was imported."""
    try:
        after_name = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
        started_ticks = int(after_name.split()[19])  # field 22, `starttime`
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return time.monotonic() - STARTED
