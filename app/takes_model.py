"""The takes of a project as a list for views, filtered and sorted; every row is one frozen `Entry`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from app.checks import Checked
from pipeline.project.clip import FrameSelection
from pipeline.project.curated import REJECT, STAR, Curated
from pipeline.project.project import Project
from pipeline.project.take import Take

ENTRY = int(Qt.ItemDataRole.UserRole)
Check = Callable[[Take, FrameSelection | None], Checked | None]
Index = QModelIndex | QPersistentModelIndex
KIND_WORDS = {"reference": "Reference", "freeze_time": "Freeze-time", "extend": "Extended", "reroll": "Re-rolled"}


@dataclass(frozen=True)
class Entry:
    """A take, what is thought of it, its role in the cut ("reference", "freeze_time" or ""), and its place in time."""

    take: Take
    opinion: Curated
    role: str
    number: int
    check: Checked | None = None

    @property
    def title(self) -> str:
        return self.take.title

    @property
    def words(self) -> str:
        """What a search looks through."""
        request = self.take.request
        return " ".join((self.title, request.prompt, self.opinion.notes, KIND_WORDS[request.kind])).lower()


class Show(Enum):
    """Which takes are listed."""

    ALL = "All takes"
    KEPT = "Not rejected"
    STARRED = "Starred"
    REFERENCE = "Reference"
    FREEZE_TIME = "Freeze-time"


class Order(Enum):
    """In which order."""

    NEWEST = "Newest first"
    OLDEST = "Oldest first"
    NAME = "By name"
    SCORE = "Best rated first"
    LENGTH = "Longest first"
    LIFTABLE = "Most liftable first"


def entries_of(project: Project, check: Check = lambda _take, _frames: None) -> list[Entry]:
    """One entry a take, in the library's order; `check` answers what the used frames of a take are worth."""
    cut = project.cut
    roles = {cut.reference: "reference", cut.freeze_time: "freeze_time"}
    made = []
    for number, take in enumerate(project.takes):
        opinion = cut.opinion(take.id)
        made.append(Entry(take, opinion, roles.get(take.id, ""), number, check(take, opinion.frames)))
    return made


def matches(entry: Entry, show: Show, search: str) -> bool:
    """Whether a take is listed."""
    verdict, role = entry.opinion.verdict, entry.take.request.role
    wanted = {
        Show.ALL: True,
        Show.KEPT: verdict != REJECT,
        Show.STARRED: verdict == STAR,
        Show.REFERENCE: role == "reference",
        Show.FREEZE_TIME: role != "reference",
    }[show]
    return wanted and all(word in entry.words for word in search.lower().split())


def sort_key(entry: Entry, order: Order) -> tuple[Any, ...]:
    """Rising in the order of showing."""
    keys: dict[Order, tuple[Any, ...]] = {
        Order.NEWEST: (-entry.number,),
        Order.OLDEST: (entry.number,),
        Order.NAME: (entry.title.lower(), entry.number),
        Order.SCORE: (-entry.opinion.mean_score, entry.opinion.verdict != STAR, entry.number),
        Order.LENGTH: (-entry.take.clip.n_frames, entry.number),
        Order.LIFTABLE: (-_liftability(entry), entry.number),
    }
    return keys[order]


def _liftability(entry: Entry) -> int:
    """What a freeze-time take scores; -1 for reference takes and for what is not judged yet."""
    if entry.check is None or entry.check.fault or entry.take.request.role == "reference":
        return -1
    return entry.check.score


class TakesModel(QAbstractListModel):
    """Rows are changed, not replaced, so that selections and scroll positions live on."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []

    def show(self, project: Project, check: Check = lambda _take, _frames: None) -> None:
        """List the takes of a project; the same takes with other opinions only repaint."""
        entries = entries_of(project, check)
        if [entry.take.id for entry in entries] != [entry.take.id for entry in self._entries]:
            self._show_others(entries)
            return
        for row, (before, after) in enumerate(zip(self._entries, entries, strict=True)):
            if before != after:
                self._entries[row] = after
                self.dataChanged.emit(self.index(row), self.index(row))

    def _show_others(self, entries: list[Entry]) -> None:
        known = len(self._entries)
        grown = [e.take.id for e in entries[:known]] == [e.take.id for e in self._entries]
        if grown:
            self.beginInsertRows(QModelIndex(), known, len(entries) - 1)
            self._entries = entries
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()

    def pixels_changed(self, digest: str) -> None:
        """Repaint the rows of a clip."""
        for row, entry in enumerate(self._entries):
            if entry.take.clip.digest == digest:
                self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, take_id: str) -> int:
        """The row of a take; -1 when there is none."""
        return next((row for row, entry in enumerate(self._entries) if entry.take.id == take_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        entry = self._entries[index.row()]
        if role == ENTRY:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(entry)
        return None


def tool_tip(entry: Entry) -> str:
    """Facts of a take in a line or two."""
    clip, request = entry.take.clip, entry.take.request
    lines = [entry.title, f"{clip.n_frames} frames · {clip.size[1]}x{clip.size[0]} · {clip.fps:g} fps"]
    if request.prompt:
        lines.append(f"{request.prompt} · seed {request.seed}")
    if entry.check is not None:
        lines += entry.check.lines(request.role)
    if entry.opinion.notes:
        lines.append(entry.opinion.notes[:200])
    return "\n".join(lines)


class TakesFilter(QSortFilterProxyModel):
    """What of a `TakesModel` is shown, in which order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show, self._order, self._search = Show.ALL, Order.NEWEST, ""
        self.setDynamicSortFilter(True)
        self.sort(0)

    def set_show(self, show: Show) -> None:
        """List others."""
        self._show = show
        self.invalidate()

    def set_order(self, order: Order) -> None:
        """Sort anew."""
        self._order = order
        self.invalidate()

    def set_search(self, text: str) -> None:
        """List only what has all these words."""
        self._search = text
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:  # noqa: N802 (Qt's name)
        entry = self.sourceModel().index(row, 0, parent).data(ENTRY)
        return matches(entry, self._show, self._search)

    def lessThan(self, left: Index, right: Index) -> bool:  # noqa: N802 (Qt's name)
        return sort_key(left.data(ENTRY), self._order) < sort_key(right.data(ENTRY), self._order)
