"""The gallery: every take of the project as a card, to search, sort, star, reject, use and compare."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.frame_store import FrameStore
from app.panels.arriving import Arriving
from app.panels.notice import Notice
from app.panels.take_card import CARD, PICTURE, TakeCard
from app.panels.through import let_through
from app.panels.transport import ActionButton
from app.takes_model import ENTRY, Check, Order, Show, TakesFilter, TakesModel
from pipeline.project.project import Project

MENU = ("star", "reject", "", "use_reference", "use_freeze_time", "stabilise", "", "compare")


class Gallery(QWidget):
    """Shows a project's takes. `chosen(str)`: the take to review; `other_chosen(str)`: a second one, "" for none;
    `use_requested(str)`: take this one by its kind."""

    chosen = Signal(str)
    other_chosen = Signal(str)
    use_requested = Signal(str)

    def __init__(self, store: FrameStore, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._filter = TakesModel(self), TakesFilter(self)
        self._filter.setSourceModel(self._model)
        self._actions = actions
        self._current = ""
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search names, prompts, notes")
        self.search.setClearButtonEnabled(True)
        let_through(self.search)
        self.search.setAccessibleName("Search takes")
        self.show_box = _choice([show.value for show in Show], "Which takes are listed")
        self.order_box = _choice([order.value for order in Order], "In which order they stand")
        self.arriving = Arriving()
        self.list = _Cards(store)
        self.list.setModel(self._filter)
        self.notice = Notice("No takes yet", "Drop videos or a folder of images here.", actions["import"])
        self._lay_out()
        for name in ("star", "reject"):
            self.addAction(actions[name])
        self.search.textChanged.connect(self._filter.set_search)
        self.show_box.activated.connect(lambda row: self._filter.set_show(list(Show)[row]))
        self.order_box.activated.connect(lambda row: self._filter.set_order(list(Order)[row]))
        self.list.selectionModel().selectionChanged.connect(self._tell)
        self.list.activated.connect(lambda index: self.use_requested.emit(index.data(ENTRY).take.id))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._pop_up)
        store.ready.connect(self._model.pixels_changed)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(2 * CARD.width() + 46, 300)

    def show_project(self, project: Project, check: Check) -> None:
        """List its takes; `check` answers what each is worth."""
        self._model.show(project, check)
        self._pages.setCurrentIndex(0 if project.takes else 1)

    def show_take(self, take_id: str) -> None:
        """Mark the take under review, unless it is marked already."""
        self._current = take_id
        index = self._filter.mapFromSource(self._model.index(max(0, self._model.row_of(take_id))))
        marked = {i.data(ENTRY).take.id for i in self.list.selectionModel().selectedIndexes()}
        if self._model.row_of(take_id) >= 0 and index.isValid() and take_id not in marked:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.list.selectionModel().setCurrentIndex(index, flags)

    def _tell(self) -> None:
        """The current item is reviewed, one other selected item is what it is compared with."""
        picked = [index.data(ENTRY).take.id for index in self.list.selectionModel().selectedIndexes()]
        if not picked:
            return
        current = self._current if self._current in picked else picked[-1]
        if len(picked) == 1 or current != self._current:
            self._current = current
            self.chosen.emit(current)
        others = [name for name in picked if name != current]
        self.other_chosen.emit(others[-1] if others else "")

    def _pop_up(self, at: QPoint) -> None:
        if self.list.indexAt(at).isValid():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for name in MENU:
                menu.addAction(self._actions[name]) if name else menu.addSeparator()
            menu.popup(self.list.viewport().mapToGlobal(at))

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(6)
        tools.addWidget(self.show_box, 1)
        tools.addWidget(self.order_box, 1)
        tools.addWidget(ActionButton(self._actions["import"]))
        self._pages = QStackedLayout()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.notice)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 10, 6, 6)
        whole.setSpacing(8)
        whole.addWidget(self.search)
        whole.addLayout(tools)
        whole.addWidget(self.arriving)
        whole.addLayout(self._pages, 1)


class _Cards(QListView):
    """The list itself; moving over a card's picture scrubs it."""

    def __init__(self, store: FrameStore) -> None:
        super().__init__()
        self.setObjectName("cards")
        self.setAccessibleName("Takes")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(4)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self._card = TakeCard(store, self)
        self.setItemDelegate(self._card)
        self.setMinimumWidth(CARD.width() + 30)  # one column; two by default

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        super().mouseMoveEvent(event)
        self._scrub(self.indexAt(event.position().toPoint()), event.position().x())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().leaveEvent(event)
        self._scrub(QModelIndex(), 0.0)

    def _scrub(self, index: QModelIndex, x: float) -> None:
        before = self._card.hover
        if index.isValid():
            left = self.visualRect(index).left() + PICTURE.left()
            share = max(0.0, min(1.0, (x - left) / PICTURE.width()))
            self._card.hover = index.data(ENTRY).take.id, share
        else:
            self._card.hover = None
        if self._card.hover != before:
            self.viewport().update()


def _choice(words: list[str], name: str) -> QComboBox:
    box = QComboBox()
    box.addItems(words)
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box
