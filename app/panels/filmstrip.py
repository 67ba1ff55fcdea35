"""The filmstrip: every frame of the take under review, with its trim, drops, locks, hints and the canonical one.

Dragging is local; letting go is one wish. A click goes to a frame and selects it, Shift and dragging select a range,
Ctrl adds to it, the padlock in a frame's corner locks it. Only what is visible is painted, so length costs nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QSizePolicy, QToolTip, QWidget

from app.bending import Bending
from app.frame_store import FrameStore
from app.panels.filmstrip_cell import BELOW, CellLook, paint_cell, paint_handle
from app.review_state import ReviewState
from app.theme import current_theme
from pipeline.project.clip import FrameSelection
from pipeline.project.curated import Curated

MARGIN, GAP, TOP = 16, 3, 10
PICTURE = 84  # px of a frame's picture at least
GRIP = 7.0  # px on each side of a handle where it is taken


class Filmstrip(QAbstractScrollArea):
    """`trim_requested(FrameSelection)`, `lock_requested(int)` (a click on a padlock)."""

    trim_requested = Signal(object)
    lock_requested = Signal(int)

    def __init__(self, review: ReviewState, store: FrameStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filmstrip")
        self.setAccessibleName("Filmstrip")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._review, self._store = review, store
        self._opinion, self._canonical = Curated(""), -1
        self._bending = Bending()
        self._dragged: FrameSelection | None = None
        self._handle = ""
        self._anchor: int | None = None
        review.take_changed.connect(self._lay_out)
        review.moment_changed.connect(self._follow)
        review.frames_changed.connect(self.viewport().update)
        store.ready.connect(self._lay_out)

    def show_opinion(self, opinion: Curated, canonical: int | None) -> None:
        """What is decided about the take, and which of its frames is the shared moment."""
        self._opinion, self._canonical = opinion, -1 if canonical is None else canonical
        self.viewport().update()

    def show_bending(self, bending: Bending) -> None:
        """How far a lift had to bend the frames of a take; of another take than this one nothing is shown."""
        self._bending = bending
        self.viewport().update()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, PICTURE + BELOW + TOP + 24)

    # -- where things are --------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Frames of the take."""
        return 0 if self._review.take is None else self._review.take.clip.n_frames

    @property
    def selection(self) -> FrameSelection:
        """The trim that is shown: the one being dragged, else the take's."""
        take = self._review.take
        whole = FrameSelection(0, 1) if take is None else FrameSelection.whole(take.clip)
        return self._dragged or self._opinion.frames or whole

    def cell(self, index: int) -> QRect:
        """The picture of a frame, in pixels of the viewport."""
        wide, high = self._picture()
        left = MARGIN + index * (wide + GAP) - self.horizontalScrollBar().value()
        return QRect(left, TOP, wide, high)

    def index_at(self, x: float) -> int:
        """The frame at a pixel, the nearest one where there is none."""
        wide, _high = self._picture()
        index = int((x - MARGIN + self.horizontalScrollBar().value()) // (wide + GAP))
        return max(0, min(self.count - 1, index))

    def handle_x(self, which: str) -> float:
        """Where the "in" or "out" handle stands."""
        chosen = self.selection
        if which == "in":
            return self.cell(chosen.start).left() - 0.5 * GAP
        return self.cell(chosen.stop - 1).right() + 1 + 0.5 * GAP

    def _picture(self) -> tuple[int, int]:
        high = max(PICTURE, self.viewport().height() - TOP - BELOW - 6)
        take = self._review.take
        shape = (9, 16) if take is None else take.clip.size
        return max(24, round(high * shape[1] / shape[0])), high

    def _lay_out(self) -> None:
        wide, _high = self._picture()
        room = 2 * MARGIN + self.count * (wide + GAP) - GAP
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, room - self.viewport().width()))
        bar.setPageStep(self.viewport().width())
        bar.setSingleStep(wide + GAP)
        self.viewport().update()

    def _follow(self) -> None:
        """Keep the frame that is shown in sight."""
        if self.count and not self._handle:
            box, bar = self.cell(self._review.index), self.horizontalScrollBar()
            if box.left() < MARGIN or box.right() > self.viewport().width() - MARGIN:
                bar.setValue(bar.value() + box.center().x() - self.viewport().width() // 2)
        self.viewport().update()

    # -- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        take, theme = self._review.take, current_theme()
        if take is not None:
            strip = self._store.strip(take.clip)
            for index in range(self.index_at(0), self.index_at(self.viewport().width()) + 1):
                frame = None if strip is None else strip.frames[index]
                paint_cell(painter, self.cell(index), frame, self._look(index), None if strip is None else strip.hints)
            for which in ("in", "out"):
                box = QRectF(self.cell(0))
                paint_handle(painter, QPointF(self.handle_x(which), box.top()), box.height(), which, theme)
        if self.hasFocus():
            painter.setPen(theme.colour("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _look(self, index: int) -> CellLook:
        chosen, bending = self.selection, self._bending
        take = self._review.take
        lifted = take is not None and take.id == bending.take
        return CellLook(
            index,
            inside=chosen.start <= index < chosen.stop,
            dropped=index in chosen.dropped,
            locked=index in self._opinion.locked,
            canonical=index == self._canonical,
            selected=index in self._review.frames,
            current=index == self._review.index,
            bent=bending.share(index) if lifted else None,
            bent_odd=lifted and bending.is_odd(index),
        )

    # -- hands -------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() is not Qt.MouseButton.LeftButton or not self.count:
            return
        at = event.position()
        self._handle = self._handle_at(at)
        if self._handle:
            self._dragged = self.selection
            return
        index = self.index_at(at.x())
        if self._padlock(index).contains(at.toPoint()):
            self.lock_requested.emit(index)
            return
        keys = event.modifiers()
        if keys & Qt.KeyboardModifier.ControlModifier:
            self._review.select(self._review.frames ^ {index})
        elif keys & Qt.KeyboardModifier.ShiftModifier:
            self._select_to(index)
        else:
            self._anchor = index
            self._review.select({index})
        self._review.scrub(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        at = event.position()
        if self._handle:
            self._drag_handle(at.x())
        elif event.buttons() & Qt.MouseButton.LeftButton and self.count and self._anchor is not None:
            self._select_to(self.index_at(at.x()))
            self._review.scrub(self.index_at(at.x()))
        else:
            over = Qt.CursorShape.SizeHorCursor if self._handle_at(at) else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(over)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        dragged, self._dragged, self._handle = self._dragged, None, ""
        if dragged is not None:
            self.trim_requested.emit(dragged)
            self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        steps = event.angleDelta().x() or event.angleDelta().y()
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - steps)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._lay_out()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if isinstance(event, QHelpEvent) and self.count:
            index = self.index_at(event.x())
            QToolTip.showText(event.globalPos(), self._tip(index), self)
            return True
        return super().viewportEvent(event)

    def _tip(self, index: int) -> str:
        take, look = self._review.take, self._look(index)
        strip = None if take is None else self._store.strip(take.clip)
        told = [
            "the shared moment" if look.canonical else "",
            "dropped" if look.dropped else "" if look.inside else "trimmed away",
            "locked: a re-roll keeps it" if look.locked else "",
            "" if strip is None else strip.hints.words(index),
            "" if look.bent is None else self._bending.words(index),
        ]
        words = "; ".join(word for word in told if word)
        return f"Frame {index}" + (f": {words}" if words else "")

    def _select_to(self, index: int) -> None:
        start = self._review.index if self._anchor is None else self._anchor
        self._review.select(set(range(min(start, index), max(start, index) + 1)))

    def _drag_handle(self, x: float) -> None:
        """Move a handle to the gap nearest to `x`; the trim keeps at least one used frame."""
        wide, _high = self._picture()
        gap = max(0, min(self.count, round((x - MARGIN + self.horizontalScrollBar().value()) / (wide + GAP))))
        chosen = self.selection
        start, stop = (min(gap, chosen.stop - 1), chosen.stop) if self._handle == "in" else (chosen.start, gap)
        stop = max(start + 1, stop)
        if any(index not in chosen.dropped for index in range(start, stop)):
            self._dragged = chosen.trimmed(start, stop)
            self.viewport().update()

    def _handle_at(self, at: QPointF) -> str:
        if not self.count or not TOP <= at.y() <= self.cell(0).bottom():
            return ""
        near = sorted((abs(at.x() - self.handle_x(which)), which) for which in ("in", "out"))
        return near[0][1] if near[0][0] <= GRIP else ""

    def _padlock(self, index: int) -> QRect:
        box = self.cell(index)
        return QRect(box.right() - 22, box.bottom() - 22, 22, 22)
