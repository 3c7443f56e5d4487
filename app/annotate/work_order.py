"""In which order the queue is worked through: by a filter, a column, or an order that is computed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.annotate.orders import rank_by
from app.annotate.queue_model import Query, QueueModel
from app.annotate.queue_view import QueueView
from app.annotate.session import ProjectSession


class WorkOrder(QObject):
    noted = Signal(str)

    def __init__(
        self, session: ProjectSession, model: QueueModel, view: QueueView, shown: Callable[[], int | None]
    ) -> None:
        super().__init__(view)
        self._session, self._model, self._view, self._shown = session, model, view, shown
        self.name, self._column = "file", ""
        view.filter_typed.connect(self._on_filter)
        view.order_chosen.connect(self._on_order)
        view.column_clicked.connect(self._on_column)

    def start_anew(self) -> None:
        """Another project: all of it, as it comes."""
        self.name, self._column = "file", ""
        self._view.show_order("file")
        self._view.filter.clear()
        self._view.go_to_start()
        self._model.clear()
        self._model.load(Query())

    def reload(self) -> None:
        """Filter and sort again; an order is computed anew."""
        if self.name != "file" and not self._column:
            self._on_order(self.name)
        else:
            self._model.load()

    def look_for_predictions(self) -> None:
        """Orders that need predictions can be chosen where there are any."""
        model = self._session.model
        self._session.ask(
            lambda store: store.value("SELECT 1 FROM predictions WHERE model = ? LIMIT 1", (model,)) is not None,
            self._view.set_predicted,
        )

    def _on_filter(self, text: str) -> None:
        if self._session.is_open:
            self._model.load(Query(text, self._model.query.sort, self._model.query.descending))

    def _on_order(self, name: str) -> None:
        if name == "file":
            self._use(name)
        elif name != "column" and self._session.is_open:
            self.noted.emit("Computing the order ...")
            rank_by(self._session, name, self._shown(), partial(self._use, name), self._refuse)

    def _use(self, name: str) -> None:
        self.name, self._column = name, ""
        self._view.show_order(name)
        self._view.go_to_start()
        self.noted.emit("")
        self._model.load(Query(self._model.query.text, "file" if name == "file" else "rank"))

    def _refuse(self, sentence: str) -> None:
        self.noted.emit(sentence)
        self._view.show_order(self.name, self._column, self._model.query.descending)

    def _on_column(self, column: str, descending: bool) -> None:
        self._column = column
        self._view.show_order(self.name, column, descending)
        self._model.load(Query(self._model.query.text, column, descending))
