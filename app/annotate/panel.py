"""The Label workspace: the queue on the left; the sound of a clip and what is said of it on the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QLineEdit, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from app.actions import Action
from app.annotate.banner import Banner
from app.annotate.clip_commands import ClipCommands
from app.annotate.clip_view import ClipView
from app.annotate.enabling import update_actions
from app.annotate.label_keys import show_label_actions, with_labels
from app.annotate.labelling import Labelling
from app.annotate.missing_files import MissingFiles
from app.annotate.predictor import Predictor
from app.annotate.progress_strip import ProgressStrip
from app.annotate.project_header import ProjectHeader
from app.annotate.queue_model import QueueModel
from app.annotate.queue_view import QueueView
from app.annotate.session import ProjectSession, ProjectState
from app.annotate.start_page import StartPage
from app.annotate.work_order import WorkOrder
from app.settings import Settings
from app.sound.player_port import PlayerPort
from app.theme import Theme
from core.project.journal import Changed
from core.project.queue import Done, QueueRow, done
from core.schemes import Label

MARGIN = 8
COUNT_MS = 250
NO_MATCH = "No clip passes this filter."
NO_CLIPS = "There are no clips yet. Add recordings: each becomes a clip, or several."
ADDING = ("add-files", "add-folder")
NOT_IN_TABLE = "That clip is not in the table: the filter leaves it out."


class LabelPanel(QWidget):
    """Shows what the project's session and the clip's commands bring about."""

    noted = Signal(str)  # one sentence for the status line

    def __init__(
        self,
        session: ProjectSession,
        player: PlayerPort,
        predictor: Predictor,
        actions: Mapping[str, QAction],
        settings: Settings,
    ) -> None:
        super().__init__()
        self._session, self._predictor, self._actions, self._settings = session, predictor, actions, settings
        self._quiet = True  # the first clip of a project is not played by itself
        self._is_front = self._has_header = False
        self.model = QueueModel(session)
        self.labelling = Labelling(session, self.model)
        self.header = ProjectHeader(actions["annotator"])
        self.start = StartPage(actions["new-project"], actions["open-project"])
        self.banner = Banner()
        self.queue = QueueView(self.model, [actions[name] for name in ADDING])
        self.order = WorkOrder(session, self.model, self.queue, lambda: self.commands.clip)
        self.view = ClipView(session, player, actions)
        self.sound, self.answers = self.view.sound, self.view.answers
        self.commands = ClipCommands(session, self.labelling, self.model, self.queue, self.sound, self.answers, actions)
        self.missing = MissingFiles(session)
        self.strip = ProgressStrip()
        self._columns = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=MARGIN)
        self._count_timer = QTimer(self, singleShot=True, interval=COUNT_MS)
        self._pages = QStackedLayout(self)
        self._lay_out()
        self._connect()
        self._restore_choices()
        self._on_closed()

    def _lay_out(self) -> None:
        for widget, width in ((self.queue, 260), (self.view, 400)):
            widget.setMinimumWidth(width)
            self._columns.addWidget(widget)
        self._columns.setStretchFactor(0, 2)
        self._columns.setStretchFactor(1, 3)
        self._columns.setSizes([520, 740])
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(MARGIN, 2, MARGIN, 4)
        layout.setSpacing(6)
        layout.addWidget(self.banner)
        layout.addWidget(self._columns, 1)
        layout.addWidget(self.strip)
        self._pages.addWidget(self.start)
        self._pages.addWidget(work)

    def _connect(self) -> None:
        session, queue, answers = self._session, self.queue, self.answers
        session.opened.connect(self._on_opened)
        session.closed.connect(self._on_closed)
        session.changed.connect(self._on_changed)
        session.failed.connect(self._on_failed)
        session.kept.connect(self._on_failed)
        self.banner.pressed.connect(self._on_banner)
        self.banner.other_pressed.connect(self._actions["save-copy"].trigger)
        self.header.scheme_chosen.connect(self._on_scheme_chosen)
        self.model.loaded.connect(self._on_loaded)
        self.model.rows_changed.connect(self._on_rows)
        queue.clip_chosen.connect(self._on_clip)
        queue.selection_changed.connect(self._update_actions)
        self.order.noted.connect(self.noted)
        self.commands.noted.connect(self.noted)
        answers.left.connect(queue.table.setFocus)
        self.labelling.labelled.connect(lambda seconds: self.strip.pace.add(seconds))
        self.sound.noted.connect(self.noted)
        self.view.neighbour_chosen.connect(self._on_neighbour)
        self._predictor.saved.connect(self._on_predicted)
        self._predictor.noted.connect(self.noted)
        self._count_timer.timeout.connect(self._count)
        self.missing.found.connect(self._on_missing)
        self.missing.failed.connect(self.noted)

    def _restore_choices(self) -> None:
        for name, on in (
            ("autoplay", self._settings.autoplay),
            ("auto-advance", self._settings.advance),
            ("hide-suggestion", self._settings.hide_suggestion),
            ("blind", self._settings.blind),
        ):
            self._actions[name].setChecked(on)
        self.labelling.suggestions = not self._settings.hide_suggestion
        self.queue.show_predictions(self.labelling.suggestions)
        self.view.set_blind(self._settings.blind)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.queue, self.view, self.strip):
            part.set_theme(theme)

    def set_least(self, least: float) -> None:
        """How sure the model must be for its suggestion to be more than "unsure"."""
        self.queue.painter.least = self.answers.least = least
        self.queue.table.viewport().update()
        self._show_answers()

    def set_front(self, front: bool, *, with_header: bool) -> None:
        """Whether this workspace is the one that is shown, and whether its header is: others show it, too."""
        self._is_front, self._has_header = front, with_header
        self.header.setVisible(with_header and self._session.is_open)
        if front and self._session.is_open:
            self.queue.table.setFocus()

    def save_splitters(self) -> list[QByteArray]:
        return [self._columns.saveState(), self.view.saveState()]

    def restore_splitters(self, states: list[QByteArray]) -> None:
        for splitter, state in zip((self._columns, self.view), states, strict=False):
            splitter.restoreState(state)

    def close_parts(self) -> None:
        """The window closes: keep what is being typed, end the threads."""
        self.answers.commit()
        self.sound.timeline.close()

    # The project

    def _on_opened(self, state: ProjectState) -> None:
        self._settings.remember_project(state.path)
        self._quiet = True
        self.queue.show_empty("")
        self.strip.start_anew()
        self._pages.setCurrentIndex(1)
        self.commands.clip = self.commands.shown = None
        self.order.start_anew()
        self._show_state()
        self.show_scheme()
        self.missing.look()
        self.order.look_for_predictions()
        self._count_timer.start()
        self.queue.table.setFocus()

    def _on_closed(self) -> None:
        self.commands.clip = self.commands.shown = None
        self.model.clear()
        self.view.show_nothing()
        self.banner.show_sentence("")
        self.header.hide()
        self.start.show_recent(self._settings.recent)
        self._pages.setCurrentIndex(0)
        self._update_actions()

    def _show_state(self) -> None:
        state = self._session.state
        if state is None:
            return
        self.header.setVisible(self._has_header)
        self.header.show_state(state, self._session.scheme)
        for name, word, title in (("undo", "&Undo", state.undo_title), ("redo", "&Redo", state.redo_title)):
            self._actions[name].setText(f"{word} {title}".strip())
        if self._session.unsaved:
            count = self._session.unsaved
            what = "A change is" if count == 1 else f"{count:,} changes are"
            self.banner.show_sentence(f"{what} not in the file yet.", "Try again", "Save a copy...")
        elif state.read_only:
            self.banner.show_sentence(
                "This project is open for reading only: nothing can be labelled.", "Save a copy..."
            )
        else:
            self.banner.show_sentence("")
        self._update_actions()

    def _on_banner(self) -> None:
        if self._session.unsaved:
            self._session.retry()
        else:
            self._actions["save-copy"].trigger()

    def show_scheme(self) -> None:
        """The labels have other names, colours or keys."""
        scheme = self.labelling.scheme
        self.view.set_scheme(scheme, show_label_actions(self._actions, self.labels, self._settings.keys))
        self.queue.set_scheme(scheme)
        self._show_answers()
        self._update_actions()

    @property
    def labels(self) -> tuple[Label, ...]:
        """Of the scheme that is worked with."""
        scheme = self.labelling.scheme
        return scheme.labels if scheme else ()

    def name_labels(self, actions: Iterable[Action]) -> tuple[Action, ...]:
        """The actions with the scheme's labels by their names, for those who list them."""
        return with_labels(actions, self.labels, self._settings.keys)

    def _on_scheme_chosen(self, number: int) -> None:
        if number != self._session.scheme:
            self._session.use_scheme(number, self.show_scheme)

    def _on_changed(self, changed: Changed) -> None:
        state = self._session.state
        if state is not None and self._session.scheme not in state.schemes:  # its adding was undone
            self._session.use_scheme(min(state.schemes))
            return
        self._show_state()
        if changed.schemes or changed.structure:
            self.show_scheme()
        if changed.structure or changed.schemes:
            self.model.forget_rows()
            self.model.load()
            self.missing.look()
            self.order.look_for_predictions()
        else:
            self.model.refresh(changed.clips)
            if len(changed.clips) == 1:
                self._predictor.look_ahead(changed.clips)
        self.view.take_change(changed)
        if self.commands.going_back and len(changed.clips) == 1:
            self.queue.choose_clip(next(iter(changed.clips)))
        self.commands.going_back = False
        self._count_timer.start()

    def _on_failed(self, _error: object) -> None:
        if self._session.is_open:
            self.model.forget_rows()
            self._show_state()

    def _on_missing(self, recordings: list[int]) -> None:
        before = self.model.missing
        self.model.set_missing(recordings)
        self.queue.painter.missing = self.model.missing
        if self.commands.shown is not None and self.commands.shown.recording in before ^ self.model.missing:
            self._show_clip(self.commands.shown)

    def _on_predicted(self, clips: set[int]) -> None:
        if clips:
            self.queue.set_predicted(True)
            self.model.refresh(clips)

    def _count(self) -> None:
        def show(found: Done) -> None:
            scheme = self.labelling.scheme
            if scheme is not None:
                self.strip.show_done(found, scheme)

        if self._session.is_open:
            self._session.ask(done, show)

    # The queue

    def _on_loaded(self) -> None:
        if not self.model.rowCount() and self._session.is_open:
            filtered = bool(self.model.query.text)
            self.queue.show_empty(NO_MATCH if filtered else NO_CLIPS, adding=not filtered and self.commands.editable)
        elif self._session.is_open:
            self._follow()
        self._update_actions()

    def _follow(self) -> None:
        """Suggestions are made from here on."""
        last = self.model.rowCount() - 1
        self._predictor.follow(self.model.keys, min(max(self.queue.current_row, 0), last))

    def _on_clip(self, clip: int | None) -> None:
        if clip == self.commands.clip and clip is not None:
            return
        self.answers.commit()
        self.commands.clip, self.commands.shown = clip, None
        self.labelling.begin()
        if clip is None:
            self.view.show_nothing()
            self._update_actions()
            return
        self.model.prefetch(self.queue.current_row)
        row = self.model.row_of(clip)
        if row is not None:
            self._show_clip(row)
        self._predictor.look_ahead(self.model.keys_at(self.queue.current_row, self.queue.current_row + 20))

    def _on_rows(self, clips: set[int]) -> None:
        if self.commands.clip not in clips or self.commands.clip is None:
            return
        row, shown = self.model.row_of(self.commands.clip), self.commands.shown
        if row is None:
            return
        if shown is None or (row.start_s, row.end_s, row.path) != (shown.start_s, shown.end_s, shown.path):
            self._show_clip(row)
        elif row != shown:
            self.commands.shown = row
            self._show_answers()
            self._update_actions()

    def _show_clip(self, row: QueueRow) -> None:
        first, self.commands.shown = self.commands.shown is None, row
        self.view.show_clip(row, missing=row.recording in self.model.missing)
        if first and self._actions["autoplay"].isChecked() and not self._quiet and self._is_front:
            self.sound.playback.play()
        if first:
            self._quiet = False
            self.labelling.begin()
        self._show_answers()
        self._update_actions()

    def _on_neighbour(self, clip: int) -> None:
        if self.model.place_of(clip) < 0 and self.model.query.text:
            self.noted.emit(NOT_IN_TABLE)
        else:
            self.queue.choose_clip(clip)

    def _show_answers(self) -> None:
        self.view.show_answers(self.commands.shown, self.commands.editable, not self.labelling.suggestions)

    def _update_actions(self) -> None:
        update_actions(self._actions, self._session, self.commands, len(self.labels))

    def change_annotator(self) -> None:
        state = self._session.state
        if state is None:
            return
        name, agreed = QInputDialog.getText(
            self, "Annotator", "Who is labelling?", QLineEdit.EchoMode.Normal, state.annotator
        )
        if agreed and name.strip() and name.strip() != state.annotator:
            self._settings.annotator = name.strip()
            self.strip.start_anew()
            self._session.use_annotator(name.strip())

    # Choices

    def toggle_autoplay(self) -> None:
        self._settings.autoplay = self._actions["autoplay"].isChecked()

    def toggle_advance(self) -> None:
        self._settings.advance = self._actions["auto-advance"].isChecked()

    def toggle_suggestion(self) -> None:
        hidden = self._settings.hide_suggestion = self._actions["hide-suggestion"].isChecked()
        self.labelling.suggestions = not hidden
        self.queue.show_predictions(not hidden)
        self._show_answers()

    def toggle_blind(self) -> None:
        self._settings.blind = self._actions["blind"].isChecked()
        self.view.set_blind(self._settings.blind)
