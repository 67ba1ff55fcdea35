"""The film's timeline: seconds across, camera keys as diamonds, the curve of scene time under them, the head."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.shot_state import ShotState
from app.theme import current_theme
from renderer.trajectory import eased

LEFT, RIGHT, RULER, KEYS = 76.0, 22.0, 27.0, 30.0
HEIGHT = 150
SPARE = 1.15  # of the film's length: room to drag the last key further
STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
GRIP = 8.0


class ShotTimeline(QWidget):
    """Shows a `ShotState`. `scrubbed(seconds)`, `picked(index)`, `dragged(index, seconds, done)` are wishes."""

    scrubbed = Signal(float)
    picked = Signal(int)
    dragged = Signal(int, float, bool)

    def __init__(self, shot: ShotState, times: tuple[float, float] = (0.0, 1.0), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Timeline of camera keys")
        self.setToolTip("Drag the head to scrub, a diamond to move its key (Shift: without snapping to frames)")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self._shot, self._times = shot, times
        self._span = 4.0
        self._held: int | None = None
        self._moved = False
        shot.shot_changed.connect(self._refit)
        shot.head_changed.connect(self.update)
        self._refit()

    def show_times(self, times: tuple[float, float]) -> None:
        """The scene's first and last time, which the curve spans."""
        self._times = times
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(640, HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(320, 110)

    def x_of(self, seconds: float) -> float:
        """Where a moment lies, in widget pixels."""
        return LEFT + seconds / self._span * (self.width() - LEFT - RIGHT)

    def seconds_at(self, x: float) -> float:
        """The moment under a pixel, not before the start."""
        return max(0.0, (x - LEFT) / max(1.0, self.width() - LEFT - RIGHT) * self._span)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._held, self._moved = self._key_at(event.position()), False
        if self._held is not None:
            self.picked.emit(self._held)
        else:
            self.scrubbed.emit(self.seconds_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        over = self._key_at(event.position()) is not None or self._held is not None
        self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
        if event.buttons() & Qt.MouseButton.LeftButton:
            if self._held is None:
                self.scrubbed.emit(self.seconds_at(event.position().x()))
            else:
                self._moved = True
                self.dragged.emit(self._held, self._snapped(event), False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        held, self._held = self._held, None
        if held is not None and self._moved:
            self.dragged.emit(held, self._snapped(event), True)
            self._refit()

    def _snapped(self, event: QMouseEvent) -> float:
        seconds = self.seconds_at(event.position().x())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return seconds
        step = self._shot.shot.speed / self._shot.shot.fps
        return round(seconds / step) * step

    def _key_at(self, place: QPointF) -> int | None:
        if abs(place.y() - (RULER + KEYS / 2)) > KEYS / 2:
            return None
        near = [(abs(self.x_of(key.seconds) - place.x()), i) for i, key in enumerate(self._shot.shot.keys)]
        return min(near)[1] if near and min(near)[0] <= GRIP else None

    def _refit(self) -> None:
        """Fit the film into the width, but not while a key is dragged: the ground would move under the hand."""
        if self._held is None:
            shot = self._shot.shot
            end = shot.keys[-1].seconds + shot.closes if shot.keys else 0.0
            self._span = max(2.0, SPARE * end)
        self.update()

    # -- painting ------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour("base"))
        self._paint_ruler(painter)
        self._paint_words(painter)
        if self._shot.shot.keys:
            self._paint_curve(painter)
            self._paint_keys(painter)
            self._paint_head(painter)
        else:
            painter.setPen(theme.colour("muted"))
            words = "No keys yet: find a view and press Enter, or choose a preset"
            room = painter.boundingRect(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, words)
            painter.fillRect(room.adjusted(-8, -4, 8, 4), theme.colour("base"))  # the ruler's lines end at the words
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()

    def _paint_ruler(self, painter: QPainter) -> None:
        theme = current_theme()
        wide = (self.width() - LEFT - RIGHT) / self._span
        step = next((step for step in STEPS if step * wide >= 56), STEPS[-1])
        metrics = QFontMetricsF(self.font())
        for i in range(int(self._span / step) + 1):
            x = self.x_of(i * step)
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(QPointF(x, RULER - 4), QPointF(x, self.height()))
            label = f"{i * step:g} s"
            painter.setPen(theme.colour("muted"))
            half = metrics.horizontalAdvance(label) / 2
            painter.drawText(QRectF(x - half - 2, 0, 2 * half + 4, RULER - 9), Qt.AlignmentFlag.AlignCenter, label)

    def _paint_words(self, painter: QPainter) -> None:
        painter.setPen(current_theme().colour("muted"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, RULER, LEFT - 12, KEYS), right, "Camera")
        if self._shot.shot.keys:
            first, last = self._times
            box = self._curve_box()
            painter.drawText(QRectF(0, box.top() - 8, LEFT - 12, 16), right, f"{last:g}")
            painter.drawText(QRectF(0, box.center().y() - 8, LEFT - 12, 16), right, "Time")
            painter.drawText(QRectF(0, box.bottom() - 8, LEFT - 12, 16), right, f"{first:g}")

    def _curve_box(self) -> QRectF:
        top = RULER + KEYS + 12
        return QRectF(LEFT, top, self.width() - LEFT - RIGHT, max(10.0, self.height() - top - 14))

    def _paint_curve(self, painter: QPainter) -> None:
        """Scene time over film time: level where it stands, falling where it runs back."""
        theme, keys, box = current_theme(), self._shot.shot.keys, self._curve_box()
        first, last = self._times
        points = []
        ends = [*keys[1:], None]
        for key, after in zip(keys, ends, strict=True):
            to = keys[0].time if after is None else after.time
            until = key.seconds + self._shot.shot.closes if after is None else after.seconds
            steps = 1 if until <= key.seconds else 16
            for i in range(steps + 1):
                share = i / steps
                time = key.time + eased(key.easing, share) * (to - key.time) if until > key.seconds else key.time
                level = (time - first) / (last - first) if last > first else 0.5
                points.append(
                    QPointF(self.x_of(key.seconds + share * (until - key.seconds)), box.bottom() - level * box.height())
                )
        painter.setPen(QPen(theme.colour("good"), 2))
        painter.drawPolyline(QPolygonF(points))

    def _paint_keys(self, painter: QPainter) -> None:
        theme, y = current_theme(), RULER + KEYS / 2
        keys = self._shot.shot.keys
        painter.setPen(QPen(theme.colour("line"), 2))
        painter.drawLine(QPointF(self.x_of(keys[0].seconds), y), QPointF(self.x_of(keys[-1].seconds), y))
        for index, key in enumerate(keys):
            picked = index == self._shot.selected
            x, size = self.x_of(key.seconds), 8.0 if picked else 6.0
            painter.setPen(QPen(theme.colour("text") if picked else QColor(0, 0, 0, 0), 1.5))
            painter.setBrush(theme.colour("warm"))
            tips = [QPointF(x, y - size), QPointF(x + size, y), QPointF(x, y + size), QPointF(x - size, y)]
            painter.drawPolygon(QPolygonF(tips))

    def _paint_head(self, painter: QPainter) -> None:
        x = self.x_of(self._shot.seconds)
        painter.setPen(QPen(current_theme().colour("accent"), 2))
        painter.drawLine(QPointF(x, RULER - 6), QPointF(x, self.height()))
        painter.setBrush(current_theme().colour("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([QPointF(x - 6, RULER - 9), QPointF(x + 6, RULER - 9), QPointF(x, RULER)]))
