"""The window's process stays free of torch, and quick, when the Teach workspace is used."""

from __future__ import annotations

from pathlib import Path

from tests.no_torch import assert_needs_no_torch

SCRIPT = """
from core.paths import default_model_dir, samples_dir
from core.project.annotations import annotate
from core.project.opening import create_project
from core.project.recordings import add_files

with create_project(folder / "work", annotator="ana") as store:
    add_files(store, sorted(samples_dir().glob("*.flac")))
    for clip in range(1, 5):
        annotate(store, [clip], 1, label="anger" if clip % 2 else "sadness")
    path = store.path
app = QApplication([])
window = MainWindow(EngineClient(default_model_dir()), Player(), Settings(workspace="teach"), folder / "settings.json")
window.show()
window.open_paths([path])
teach = window.teach
wait_until(lambda: teach.controller.look is not None)
teach.card.fold.click()
teach.card.form.show_settings(teach.card.form.settings())
teach.run.curves.show_curves([(0.5, 1.0), (1.0, 0.8)], [(1.0, 0.5)], [(1.0, 0.6)])
teach.curve.draw()
wait_until(lambda: "labels a class needs 4 clips of each" in teach.curve_view.message.text())
window.close()
"""


def test_the_windows_process_has_no_torch_after_the_workspace_was_used(tmp_path: Path) -> None:
    assert_needs_no_torch(SCRIPT, tmp_path)
