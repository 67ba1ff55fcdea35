"""The time x view grid: rows are times of the reference, columns are cameras, each cell a picture; a click goes there.

Only visible cells are painted and asked for. It shows `Cells` and a `ViewState`, and keeps nothing but its scroll.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from app.bending import Bending
from app.cells import Cells
from app.grid_plan import Cell
from app.panels.grid_cell import CellFace, paint_face
from app.theme import current_theme
from app.view_state import REFERENCE, ViewState

LEFT, TOP, GAP = 58, 26, 2
SMALLEST, LARGEST_CELL, USUAL = 30, 150, 48  # px of a cell's height
STEPS = {
    int(Qt.Key.Key_Left): (0, -1), int(Qt.Key.Key_Right): (0, 1), int(Qt.Key.Key_Up): (-1, 0),
    int(Qt.Key.Key_Down): (1, 0),
}  # fmt: skip
Place = tuple[int, int]


class TimeViewGrid(QAbstractScrollArea):
    """`go_requested(Cell)`: look at this time from this camera. `zoomed(int)`: the height of a cell, by the wheel."""

    go_requested = Signal(object)
    zoomed = Signal(int)

    def __init__(self, cells: Cells, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeViewGrid")
        self.setAccessibleName("Grid of times and views")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._cells, self._view = cells, view
        self._show, self._height = "source", USUAL
        self._over: Place | None = None
        self._wipe = 0.5
        self._bending = Bending()
        cells.changed.connect(self._lay_out)
        for signal in (view.camera_changed, view.moment_changed):
            signal.connect(self._follow)

    def show_as(self, show: str) -> None:
        """source, render, wipe or difference."""
        self._show = show
        self.viewport().update()

    def show_bending(self, bending: Bending) -> None:
        """How far each freeze-time frame had to be bent: a bar under its number."""
        self._bending = bending
        self.viewport().update()

    def set_height(self, height: int) -> None:
        """How tall a cell is, in px; the current cell stays in sight."""
        self._height = max(SMALLEST, min(LARGEST_CELL, height))
        self._lay_out()
        self._follow()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(260, TOP + 2 * USUAL)

    # -- where things are --------------------------------------------------------------------------------------

    def cell_size(self) -> tuple[int, int]:
        """Width and height of a cell in px, in the shape of the reference camera's picture."""
        height, width = self._cells.plan.size
        return max(16, round(self._height * width / height)), self._height

    def box(self, row: int, column: int) -> QRect:
        """A cell, in px of the viewport."""
        wide, high = self.cell_size()
        return QRect(
            LEFT + column * (wide + GAP) - self.horizontalScrollBar().value(),
            TOP + row * (high + GAP) - self.verticalScrollBar().value(),
            wide,
            high,
        )

    def place_at(self, at: QPointF) -> Place | None:
        """Row and column under a pixel."""
        wide, high = self.cell_size()
        column = int((at.x() - LEFT + self.horizontalScrollBar().value()) // (wide + GAP))
        row = int((at.y() - TOP + self.verticalScrollBar().value()) // (high + GAP))
        plan = self._cells.plan
        inside = at.x() >= LEFT and at.y() >= TOP and row < len(plan.times) and column < len(plan.stations)
        return (row, column) if inside else None

    def _current(self) -> tuple[int | None, int | None]:
        plan = self._cells.plan
        return plan.place(self._view.time, self._view.station) if plan.times else (None, None)

    def _visible(self) -> list[Place]:
        """Places that are seen, row by row."""
        wide, high = self.cell_size()
        plan, area = self._cells.plan, self.viewport().rect()
        x, y = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        columns = range(x // (wide + GAP), min(len(plan.stations), (x + area.width() - LEFT) // (wide + GAP) + 1))
        rows = range(y // (high + GAP), min(len(plan.times), (y + area.height() - TOP) // (high + GAP) + 1))
        return [(row, column) for row in rows for column in columns]

    def _lay_out(self) -> None:
        wide, high = self.cell_size()
        plan, area = self._cells.plan, self.viewport().size()
        for bar, count, step, room in (
            (self.horizontalScrollBar(), len(plan.stations), wide + GAP, area.width() - LEFT),
            (self.verticalScrollBar(), len(plan.times), high + GAP, area.height() - TOP),
        ):
            bar.setRange(0, max(0, count * step - room))
            bar.setPageStep(max(1, room))
            bar.setSingleStep(step)
        self.viewport().update()
        self._want()

    def _follow(self) -> None:
        """Keep where the view stands in sight, unless it plays or is free."""
        row, column = self._current()
        if row is not None and column is not None and not self._view.rate and self.isVisible():
            box = self.box(row, column)
            for bar, low, high, room in (
                (self.horizontalScrollBar(), box.left() - LEFT, box.right() - self.viewport().width(), LEFT),
                (self.verticalScrollBar(), box.top() - TOP, box.bottom() - self.viewport().height(), TOP),
            ):
                if low < 0 or high > 0:
                    bar.setValue(bar.value() + (low - room if low < 0 else high + room))
        self.viewport().update()

    def _want(self) -> None:
        """Ask for what is seen, the current cell and cells with a source frame first."""
        plan, current = self._cells.plan, self._current()
        cells = [(place, plan.cell(*place)) for place in self._visible()] if self.isVisible() else []
        cells.sort(key=lambda entry: (entry[0] != current, plan.source(entry[1]) is None))
        self._cells.want([cell for _place, cell in cells])

    # -- painting ----------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter, theme = QPainter(self.viewport()), current_theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        plan, current = self._cells.plan, self._current()
        if not plan.times or self._cells.fault:
            painter.setPen(theme.colour("muted"))
            words = self._cells.fault or "Every time from every camera: choose a reference and a freeze-time take"
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 8, -16, -8), flags, words)
            painter.end()
            return
        painter.setClipRect(QRect(LEFT, TOP, self.viewport().width() - LEFT, self.viewport().height() - TOP))
        for place in self._visible():
            cell = plan.cell(*place)
            over = place == self._over
            face = CellFace(
                self._cells.source(cell), self._cells.picture(cell), place == current, over, self._wipe if over else 0.5
            )
            paint_face(painter, QRectF(self.box(*place)), face, self._show)
        painter.setClipping(False)
        self._paint_heads(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("focus"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _paint_heads(self, painter: QPainter) -> None:
        """Times at the left, cameras on top; the shared moment's are marked."""
        plan, theme, (row, column) = self._cells.plan, current_theme(), self._current()
        rows, columns = {place[0] for place in self._visible()}, {place[1] for place in self._visible()}
        painter.setClipRect(QRect(0, TOP, LEFT, self.viewport().height() - TOP))
        for i in rows:
            box = self.box(i, 0)
            words = f"{plan.times[i]}" + (" ◆" if plan.times[i] == plan.shared_time else "")
            painter.setPen(theme.colour("accent" if i == row else "muted"))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, box.top(), LEFT - 8, box.height()), flags, words)
        painter.setClipRect(QRect(LEFT, 0, self.viewport().width() - LEFT, TOP))
        for i in columns:
            box, station = self.box(0, i), plan.stations[i]
            words = (
                "Reference" if station == REFERENCE else f"{station}" + (" ◆" if station == plan.shared_station else "")
            )
            painter.setPen(theme.colour("accent" if i == column else "muted"))
            painter.drawText(QRectF(box.left(), 0, box.width(), TOP - 4), Qt.AlignmentFlag.AlignCenter, words)
            share = self._bending.share(station) if isinstance(station, int) else None
            if share is not None and isinstance(station, int):
                ink = theme.colour("bad" if self._bending.is_odd(station) else "faint")
                painter.fillRect(QRectF(box.left(), TOP - 5, share * box.width(), 3), ink)
        painter.setClipping(False)
        painter.setPen(theme.colour("faint"))
        painter.drawText(QRectF(0, 0, LEFT - 8, TOP - 2), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                         "Time")  # fmt: skip

    # -- hands -------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        place = self.place_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and place is not None:
            self.go_requested.emit(self._cells.plan.cell(*place))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._over = self.place_at(event.position())
        if self._over is not None:
            box = self.box(*self._over)
            self._wipe = max(0.0, min(1.0, (event.position().x() - box.left()) / box.width()))
        cursor = Qt.CursorShape.ArrowCursor if self._over is None else Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(cursor)
        self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().leaveEvent(event)
        self._over = None
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        # Arrows step through time everywhere else; with the focus here they walk through the grid.
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in STEPS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        step, (row, column) = STEPS.get(event.key()), self._current()
        plan = self._cells.plan
        if step is None or row is None:
            super().keyPressEvent(event)
            return
        row = max(0, min(len(plan.times) - 1, row + step[0]))
        column = max(0, min(len(plan.stations) - 1, (column or 0) + step[1]))
        self.go_requested.emit(plan.cell(row, column))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoomed.emit(self._height + (8 if event.angleDelta().y() > 0 else -8))
            event.accept()
        else:
            super().wheelEvent(event)

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:  # noqa: N802 (Qt's name)
        self.viewport().update()
        self._want()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        self.viewport().update()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._lay_out()
        QTimer.singleShot(0, self, self._follow)  # once the dock has its size

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self._cells.want([])

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if isinstance(event, QHelpEvent):
            place = self.place_at(QPointF(event.pos()))
            if place is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.tip(self._cells.plan.cell(*place)), self)
            return True
        return super().viewportEvent(event)

    def tip(self, cell: Cell) -> str:
        """A cell in words."""
        named, picture = self._cells.plan.source(cell), self._cells.picture(cell)
        camera = "the reference camera" if cell.station == REFERENCE else f"freeze-time camera {cell.station}"
        words = f"Time {cell.time} from {camera}"
        if named is None:
            return f"{words}: only a lifted scene shows it"
        video = "reference" if named[0] == "reference" else "freeze-time"
        words += f": frame {named[1]} of the {video} video"
        if picture is not None and picture.decibels is not None:
            words += f"; the render is {picture.decibels:.1f} dB (PSNR) from it"
        if isinstance(cell.station, int) and self._bending.words(cell.station):
            words += f"; {self._bending.words(cell.station)}"
        return words
