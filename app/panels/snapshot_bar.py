"""The lift as a bar of its stages, with a mark for each picture that was kept: click one to look back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import current_theme
from pipeline.jobs.spec import SNAPSHOTS
from pipeline.messages import StageStarted

REACH = 9
STEPS = {int(Qt.Key.Key_Left): -1, int(Qt.Key.Key_Right): 1}


@dataclass(frozen=True)
class Kept:
    """A kept picture: its file, the row of the schedule (from 0) and the step in it."""

    path: Path
    row: int
    step: int


def kept_in(run: Path | None) -> tuple[Kept, ...]:
    """The pictures that a run has kept, in order."""
    found = []
    for path in sorted((run / SNAPSHOTS).glob("*_*.safetensors")) if run is not None else []:
        row, _, step = path.stem.partition("_")
        if row.isdecimal() and step.isdecimal():
            found.append(Kept(path, int(row), int(step)))
    return tuple(found)


class SnapshotBar(QWidget):
    """`picked(Path)` asks for a kept picture; `newest()` for the present one."""

    picked = Signal(object)
    newest = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("snapshots")
        self.setAccessibleName("Pictures kept along the lift")
        self.setToolTip("Pictures kept along the lift: click one to look back, its end for the newest (Left, Right)")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.rows: tuple[StageStarted, ...] = ()
        self.kept: tuple[Kept, ...] = ()
        self.done = 0
        self.shown: Path | None = None

    def show_run(self, rows: Sequence[StageStarted], kept: Sequence[Kept], done: int) -> None:
        """`rows` of the schedule with their steps; `done` steps of all."""
        self.rows, self.kept, self.done = tuple(rows), tuple(kept), done
        if self.shown not in [one.path for one in self.kept]:
            self.shown = None
        self.update()

    def places(self) -> list[float]:
        """Where the marks stand, in px from the left."""
        total = max(1, sum(row.steps for row in self.rows))
        starts = [sum(row.steps for row in self.rows[:index]) for index in range(len(self.rows) + 1)]
        inner = self.width() - 16
        return [8 + inner * (starts[min(one.row, len(self.rows))] + one.step) / total for one in self.kept]

    def pick(self, index: int) -> None:
        """Look at a kept picture; one beyond the last is the newest."""
        if 0 <= index < len(self.kept):
            self.shown = self.kept[index].path
            self.picked.emit(self.shown)
        else:
            self.shown = None
            self.newest.emit()
        self.update()

    def _nearest(self, at: QPoint) -> int | None:
        places = self.places()
        best = min(range(len(places)), key=lambda i: abs(places[i] - at.x()), default=None)
        return best if best is not None and abs(places[best] - at.x()) <= REACH else None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        found = self._nearest(event.position().toPoint())
        if found is not None:
            self.pick(found)
            one = self.kept[found]
            name = self.rows[one.row].name if one.row < len(self.rows) else ""
            QToolTip.showText(event.globalPosition().toPoint(), f"{name}, step {one.step:,}", self)
        elif event.position().x() > self.width() - 16:
            self.pick(len(self.kept))

    def event(self, event: QEvent) -> bool:
        """Arrows belong to the bar while it has the focus, not to the frames of the video."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in STEPS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        step = STEPS.get(event.key())
        if step is None:
            super().keyPressEvent(event)
            return
        paths = [one.path for one in self.kept]
        at = paths.index(self.shown) if self.shown in paths else len(paths)
        self.pick(max(0, at + step))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(240, 26)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        total, left, inner = max(1, sum(row.steps for row in self.rows)), 8.0, self.width() - 16
        painter.setPen(Qt.PenStyle.NoPen)
        before = 0
        for row in self.rows:
            width = inner * row.steps / total
            painter.setBrush(theme.colour("base"))
            painter.drawRoundedRect(QRectF(left, 9, max(1.0, width - 2), 8), 3, 3)
            share = max(0.0, min(1.0, (self.done - before) / max(1, row.steps)))
            painter.setBrush(theme.colour("accent"))
            if share > 0:
                painter.drawRoundedRect(QRectF(left, 9, max(1.0, (width - 2) * share), 8), 3, 3)
            left, before = left + width, before + row.steps
        for one, x in zip(self.kept, self.places(), strict=True):
            here = one.path == self.shown
            painter.setBrush(theme.colour("warm" if here else "text"))
            side = 6.0 if here else 4.5
            painter.drawEllipse(QRectF(x - side, 13 - side, 2 * side, 2 * side))
        if self.hasFocus():
            painter.setPen(theme.colour("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.end()
