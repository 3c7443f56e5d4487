"""Asks what shall become of recordings that are in no project: a killed process left them, or there was none."""

from __future__ import annotations

from pathlib import Path

from app.annotate.banner import Banner
from app.annotate.session import ProjectSession
from app.live.controller import LiveController


class WaitingBanner(Banner):
    def __init__(self, session: ProjectSession, controller: LiveController) -> None:
        super().__init__()
        self._session = session
        self._waiting: list[Path] = []
        controller.waiting_found.connect(self._on_found)
        self.pressed.connect(lambda: controller.add_waiting(self._take()))
        self.other_pressed.connect(lambda: controller.leave(self._take()))

    def _on_found(self, recordings: list[Path]) -> None:
        self._waiting = recordings
        count, state = len(recordings), self._session.state
        can = state is not None and not state.read_only
        what = f"{recordings[0].name} is" if count == 1 else f"{count:,} recordings are"
        where = "" if can else f" Open a project to add {'it' if count == 1 else 'them'}."
        text = f"{what} in no project yet.{where}" if count else ""
        self.show_sentence(text, "Add to the project" if can else "", "Leave")

    def _take(self) -> list[Path]:
        waiting, self._waiting = self._waiting, []
        self.show_sentence("")
        return waiting
