"""A rail: marks along a line, a head on it, dragged or clicked. Time and freeze-time cameras are both rails."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import current_theme

MARGIN = 14.0
LINE = 13.0  # y of the line; labels below
HEIGHT = 38
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def numbered(marks: Sequence[float], room: float) -> list[float]:
    """The marks that bear a number: multiples of the least round step that is `room` or more, so they stand evenly."""
    step = next((step for step in STEPS if step >= room), STEPS[-1])
    return [mark for mark in marks if mark % step == 0] or list(marks[:1])


class Rail(QWidget):
    """Shows a position among marks. `moved(float)` is a wish; the owner calls `show_position` when it is granted.

    With `snap` only the marks themselves can be reached. `show_position(None)` draws a faint head: not on this rail.
    """

    moved = Signal(float)

    def __init__(self, name: str, snap: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._snap = snap
        self._marks: tuple[float, ...] = (0.0,)
        self._position: float | None = 0.0
        self._special: float | None = None

    def show_marks(self, marks: Sequence[float], special: float | None = None) -> None:
        """Marks in rising order; `special` (the canonical frame) is drawn as a diamond."""
        self._marks = tuple(float(mark) for mark in marks) or (0.0,)
        self._special = special
        self.update()

    def show_position(self, position: float | None) -> None:
        """Put the head there."""
        if position != self._position:
            self._position = position
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(320, HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(160, HEIGHT)

    def x_of(self, position: float) -> float:
        """Where a position lies, in widget pixels."""
        first, last = self._marks[0], self._marks[-1]
        share = 0.5 if last <= first else (position - first) / (last - first)
        return MARGIN + share * (self.width() - 2 * MARGIN)

    def position_at(self, x: float) -> float:
        """The position under a pixel, clamped, snapped where the rail snaps."""
        first, last = self._marks[0], self._marks[-1]
        share = (x - MARGIN) / max(1.0, self.width() - 2 * MARGIN)
        position = first + min(1.0, max(0.0, share)) * (last - first)
        return min(self._marks, key=lambda mark: abs(mark - position)) if self._snap else position

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() is Qt.MouseButton.LeftButton and self.isEnabled():
            self.moved.emit(self.position_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.buttons() & Qt.MouseButton.LeftButton and self.isEnabled():
            self.moved.emit(self.position_at(event.position().x()))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = theme.colour("muted" if self.isEnabled() else "line")
        painter.setPen(QPen(theme.colour("line"), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(MARGIN, LINE), QPointF(self.width() - MARGIN, LINE))
        self._paint_marks(painter, ink)
        if self.isEnabled():
            self._paint_head(painter)
        painter.end()

    def _paint_marks(self, painter: QPainter, ink: QColor) -> None:
        for mark in self._marks:
            x = self.x_of(mark)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            if mark == self._special:
                tips = [QPointF(x, LINE - 5), QPointF(x + 5, LINE), QPointF(x, LINE + 5), QPointF(x - 5, LINE)]
                painter.drawPolygon(QPolygonF(tips))
            else:
                painter.drawEllipse(QPointF(x, LINE), 2.2, 2.2)
        painter.setPen(ink)
        for mark in numbered(self._marks, self._room()):
            spot = QRectF(self.x_of(mark) - MARGIN, LINE + 8, 2 * MARGIN, 16)
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, f"{mark:g}")

    def _room(self) -> float:
        """How much of the rail a number takes, as positions."""
        metrics = QFontMetricsF(self.font())
        wide = max(metrics.horizontalAdvance(f"{mark:g}") for mark in (self._marks[0], self._marks[-1])) + 8
        return wide * (self._marks[-1] - self._marks[0]) / max(1.0, self.width() - 2 * MARGIN)

    def _paint_head(self, painter: QPainter) -> None:
        if self._position is None:
            return
        theme = current_theme()
        painter.setPen(QPen(theme.colour("panel"), 2))
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(QPointF(self.x_of(self._position), LINE), 7.5, 7.5)
