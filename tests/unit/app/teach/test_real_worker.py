"""A model is really taught: by the background process, from the button to the model that is kept."""

from __future__ import annotations

from typing import Any

import pytest

from app.teach.worker_start import start_worker
from core.project.versions import current_version

LIMIT_MS = 300_000  # torch is loaded in a process of low priority


@pytest.mark.slow
def test_the_head_is_taught_in_the_background_measured_and_kept(teacher: Any) -> None:
    teacher.panel.controller._start = start_worker
    form = teacher.panel.card.form
    form.method.setCurrentIndex(form.method.findData("head"))
    teacher.panel.card.button.click()
    result, run = teacher.panel.result, teacher.panel.run
    state = lambda: teacher.panel.controller.watcher.state  # noqa: E731
    teacher.qtbot.wait_until(
        lambda: result.deciding.isVisible() or (state() is not None and state().status in ("failed", "stopped")),
        timeout=LIMIT_MS,
    )
    assert result.deciding.isVisible(), run.details.text() + run.log.toPlainText()
    assert result.recall.recalls and result.changed.count.text()
    assert "folds" in result.plan.text()
    result.keep_button.click()
    teacher.wait(lambda: not result.deciding.isVisible())
    version = teacher.ask(current_version)
    assert (version.name, version.labels_taught, version.recipe["method"]) == ("taught-1", 20, "head")
    assert teacher.panel.card.pace > 0
