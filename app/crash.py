"""An exception that nobody caught: into the log, and into a dialog with a report to copy. The window lives on."""

from __future__ import annotations

import contextlib
import logging
import platform
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6 import __version__ as pyside_version
from PySide6.QtCore import QObject, Qt, Signal, qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app import version

LOG = logging.getLogger(__name__)

LOG_BYTES_KEPT = 1_000_000


def log_path() -> Path:
    return Path(platformdirs.user_log_dir("moodlight", appauthor=False)) / "moodlight.log"


def start_logging(path: Path) -> None:
    """Write the log to a file, the old one put aside when it is large; to stderr where there is no place for it."""
    handler: logging.Handler
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
            path.replace(path.with_suffix(".old.log"))
        handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def make_report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    return "\n".join(
        [
            f"Moodlight {version()}, Python {platform.python_version()}, Qt {qVersion()}, PySide6 {pyside_version}",
            f"{platform.platform()}, {QGuiApplication.platformName() or 'no window'}",
            "",
            "".join(traceback.format_exception(kind, error, trace)).rstrip(),
        ]
    )


class CrashHandler(QObject):
    """Takes the place of `sys.excepthook`; reports of other threads are brought to the window's."""

    _reported = Signal(str)

    def __init__(self, log_file: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._log_file = log_file
        self._window = parent
        self.dialog: CrashDialog | None = None
        self._replaced = sys.excepthook, threading.excepthook
        self._reported.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        self._replaced = sys.excepthook, threading.excepthook
        sys.excepthook = self.handle
        threading.excepthook = lambda args: self.handle(args.exc_type, args.exc_value, args.exc_traceback)

    def uninstall(self) -> None:
        sys.excepthook, threading.excepthook = self._replaced

    def handle(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
            QGuiApplication.quit()
            return
        report = make_report(kind, error, trace)
        LOG.critical("Uncaught exception\n%s", report)
        if sys.__stderr__ is not None:  # a program without a console has none
            sys.__stderr__.write(report + "\n")
        with contextlib.suppress(RuntimeError):  # the window is already gone
            self._reported.emit(report)

    def _show(self, report: str) -> None:
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.append(report)
            return
        self.dialog = CrashDialog(report, self._log_file, self._window)
        self.dialog.open()


class CrashDialog(QDialog):
    """One dialog, however many exceptions: later ones are added to its report."""

    def __init__(self, report: str, log_file: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.resize(640, 420)
        sentence = QLabel(
            "Moodlight met an error that it did not expect. Your recordings are untouched and the window goes on. "
            f"Please send this report to the authors. It is also in {log_file}."
        )
        sentence.setWordWrap(True)
        sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text = QPlainTextEdit(report, readOnly=True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("&Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(sentence)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def append(self, report: str) -> None:
        self.text.appendPlainText("\n" + report)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copy_button.setText("Copied")
