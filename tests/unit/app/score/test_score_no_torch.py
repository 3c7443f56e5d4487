"""The window's process stays free of torch when the Score workspace is used, and does not have it at the start."""

from __future__ import annotations

from pathlib import Path

from tests.no_torch import assert_needs_no_torch

SCRIPT = """
from core.paths import default_model_dir, samples_dir
from core.score.items import Item, Result
from core.score.journal import Journal

app = QApplication([])
settings = Settings(score={"inputs": [str(samples_dir())], "out": str(folder / "scores.csv")})
window = MainWindow(EngineClient(default_model_dir()), Player(), settings, folder / "settings.json")
window.show()
assert not [name for name in sys.modules if name.startswith("app.score")], "it is made when it is wanted"
journal = Journal.open(folder / "scores.csv.journal", {})
journal.list([Item("a.wav"), Item("b.wav")], lambda _file: (1, 1))
journal.keep([(0, Result((), "It is empty.", "empty"))])
journal.close()
window.use_score()
score = window.score
wait_until(lambda: score.model.rowCount() == 1 and score.model.row_at(0) is not None)
assert score.start_button.text() == "Go on (1 of 2 done)"
score.rows.play()
window.grab()
window.close()
"""


def test_the_windows_process_has_no_torch_after_the_workspace_was_used(tmp_path: Path) -> None:
    assert_needs_no_torch(SCRIPT, tmp_path)
