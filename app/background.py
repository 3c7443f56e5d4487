"""Work that may take over 50 ms and is none for the engine: on Qt's thread pool, its answer brought to the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from core.errors import MoodlightError


class _Answer(QObject):
    done = Signal(object)
    failed = Signal(str)
    crashed = Signal(object)


class _Task(QRunnable):
    def __init__(self, work: Callable[[], Any], answer: _Answer) -> None:
        super().__init__()
        self._work, self._answer = work, answer

    def run(self) -> None:
        try:
            result = self._work()
        except (MoodlightError, OSError) as error:
            self._answer.failed.emit(str(error))
        except Exception as error:  # noqa: BLE001 - a worker's top: the window's excepthook reports it
            self._answer.crashed.emit(error)
        else:
            self._answer.done.emit(result)


_open_answers: set[_Answer] = set()  # kept alive until they have been given


def run_in_background(work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
    """Call `work` in a thread, then one of the others in the window's thread."""
    answer = _Answer()
    _open_answers.add(answer)

    def close(call: Callable[[Any], None], value: Any) -> None:
        _open_answers.discard(answer)
        call(value)

    def reraise(error: BaseException) -> None:
        raise error

    queued = Qt.ConnectionType.QueuedConnection
    answer.done.connect(lambda value: close(done, value), queued)
    answer.failed.connect(lambda message: close(failed, message), queued)
    answer.crashed.connect(lambda error: close(reraise, error), queued)
    QThreadPool.globalInstance().start(_Task(work, answer))
