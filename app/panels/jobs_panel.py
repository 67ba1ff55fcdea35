"""The queue of jobs: what runs, what waits in which order, what is over and how it ended."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.job_queue import JobQueue
from app.lift_status import duration
from app.panels.notice import Notice
from app.theme import current_theme
from pipeline.jobs import queue as q
from pipeline.jobs.queue import Entry

STATES = {
    q.WAITING: ("○", "Waiting", "muted"), q.RUNNING: ("▸", "Running", "accent"), q.DONE: ("✓", "Done", "good"),
    q.FAILED: ("✕", "Failed", "bad"), q.STOPPED: ("■", "Stopped", "warm"),
}  # fmt: skip
TOOLS = ("run_queue", "job_up", "job_down", "retry_job", "remove_job", "copy_job", "clear_jobs")


class JobsPanel(QWidget):
    """Shows a `JobQueue`; its buttons are the actions given."""

    def __init__(self, jobs: JobQueue, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.setObjectName("jobsPanel")
        self.tree = QTreeWidget()
        self.tree.setObjectName("jobs")
        self.tree.setAccessibleName("Jobs")
        self.tree.setHeaderLabels(["Job", "State", "Progress"])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setAllColumnsShowFocus(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.tree.header()
        header.setStretchLastSection(True)
        for column, width in ((0, 260), (1, 110)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        tools = QHBoxLayout()
        tools.setContentsMargins(8, 4, 8, 4)
        for name in TOOLS:
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setAccessibleName(actions[name].text().replace("&", ""))
            tools.addWidget(button)
        tools.addStretch(1)
        self.pages = QStackedWidget()
        self.pages.addWidget(Notice("No jobs yet", "Lifts, renders and exports line up here, one after the other."))
        self.pages.addWidget(self.tree)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(tools)
        whole.addWidget(self.pages, 1)
        jobs.changed.connect(self.refresh)
        self.refresh()

    def chosen(self) -> Entry | None:
        """The selected job."""
        item = self.tree.currentItem()
        return None if item is None else self._jobs.queue.entry(_id_of(item))

    def refresh(self) -> None:
        """Bring the rows in line with the queue."""
        entries = tuple(reversed([e for e in self._jobs.queue.entries if e.over]))
        running = self._jobs.queue.running
        rows = [*([running] if running else []), *self._jobs.queue.waiting, *entries]
        self.pages.setCurrentIndex(1 if rows else 0)
        while self.tree.topLevelItemCount() > len(rows):
            self.tree.takeTopLevelItem(self.tree.topLevelItemCount() - 1)
        while self.tree.topLevelItemCount() < len(rows):
            self.tree.addTopLevelItem(QTreeWidgetItem())
        chosen = self._chosen_id()
        for place, entry in enumerate(rows):
            self._fill(self.tree.topLevelItem(place), entry)
            if entry.id == chosen:
                self.select(entry.id)

    def select(self, entry_id: str) -> None:
        """Make a job the selected one."""
        for place in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(place)
            if item is not None and item is not self.tree.currentItem() and _id_of(item) == entry_id:
                self.tree.setCurrentItem(item)

    def _chosen_id(self) -> str:
        item = self.tree.currentItem()
        return "" if item is None else _id_of(item)

    def _fill(self, item: QTreeWidgetItem | None, entry: Entry) -> None:
        if item is None:
            return
        mark, words, colour = STATES[entry.state]
        held = entry.state == q.WAITING and self._jobs.held
        texts = (q.title(entry.job), f"{mark} {'Held' if held else words}", self._progress(entry))
        for column, text in enumerate(texts):
            if item.text(column) != text:
                item.setText(column, text)
        item.setToolTip(2, entry.sentence)
        item.setForeground(1, current_theme().colour(colour))
        item.setData(0, Qt.ItemDataRole.UserRole, entry.id)

    def _progress(self, entry: Entry) -> str:
        if entry.state == q.RUNNING:
            return f"{100 * self._jobs.fraction:.0f} %   {self._jobs.progress}"
        if entry.state == q.WAITING:
            return "Start the queue to go on" if self._jobs.held else ""
        return entry.sentence or (duration(entry.seconds) if entry.seconds else "")


def _id_of(item: QTreeWidgetItem) -> str:
    return str(item.data(0, Qt.ItemDataRole.UserRole))
