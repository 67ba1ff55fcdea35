"""Where the freeze-time cameras stand, seen from above: the shape of the orbit before there is a scene to stand it in.

The middle camera of those known looks up in it, so it stays as it is while a solver turns and scales its world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QSize, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import current_theme

Array = npt.NDArray[np.float64]
MARGIN, WEDGE, REACH = 22.0, 11.0, 14.0  # px: around all, of a camera, of a click


@dataclass(frozen=True, eq=False)
class Stand:
    """A camera: its frame, world_from_camera [3, 4] in OpenCV's axes, and the name of the colour it is drawn in."""

    frame: int
    pose: Array
    colour: str = "good"


def placed(
    frames: Sequence[int], numbers: Sequence[float], colours: Mapping[int, str] | None = None
) -> tuple[Stand, ...]:
    """Cameras from 12 numbers a frame, row by row; raises ValueError where they don't fit."""
    known = colours or {}
    poses = np.asarray(numbers, float).reshape(len(frames), 3, 4)
    if not np.isfinite(poses).all():
        raise ValueError("a camera's pose is not finite")
    return tuple(Stand(int(f), pose, known.get(int(f), "good")) for f, pose in zip(frames, poses, strict=True))


def from_above(stands: Sequence[Stand]) -> tuple[Array, Array]:
    """Places and directions [C, 2] in the plane of the middle camera: its right is x, its forward is up."""
    middle = stands[len(stands) // 2].pose
    back = middle[:, :3].T
    places = np.stack([back @ (stand.pose[:, 3] - middle[:, 3]) for stand in stands])[:, [0, 2]]
    ways = np.stack([back @ stand.pose[:, 2] for stand in stands])[:, [0, 2]]
    return places, ways / np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-9)


class CameraMap(QWidget):
    """`frame_picked(int)`: a click on a camera."""

    frame_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Cameras from above")
        self.setToolTip("The freeze-time cameras from above; click one to choose its frame")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.stands: tuple[Stand, ...] = ()
        self._current: int | None = None

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(300, 132)

    def show_cameras(self, stands: Sequence[Stand]) -> None:
        """Draw these."""
        self.stands = tuple(stands)
        self.update()

    def show_frame(self, frame: int | None) -> None:
        """Which camera the view stands at."""
        if frame != self._current:
            self._current = frame
            self.update()

    def spots(self) -> list[QPointF]:
        """Where the cameras stand, in px."""
        return [QPointF(*row) for row in self._on_widget()[0].tolist()] if self.stands else []

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        at = event.position()
        frames = [stand.frame for stand in self.stands]
        away = [((spot - at).manhattanLength(), frame) for spot, frame in zip(self.spots(), frames, strict=True)]
        if away and min(away)[0] <= REACH:
            self.frame_picked.emit(min(away)[1])

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter, theme = QPainter(self), current_theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("base"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        if self.stands:
            spots, ways = self._on_widget()
            painter.setPen(QPen(theme.colour("faint"), 1))
            painter.drawPolyline(QPolygonF([QPointF(*row) for row in spots.tolist()]))
            for stand, spot, way in zip(self.stands, spots, ways, strict=True):
                self._paint_wedge(painter, stand, spot, way)
        painter.end()

    def _paint_wedge(self, painter: QPainter, stand: Stand, spot: Array, way: Array) -> None:
        picked = stand.frame == self._current
        theme, across = current_theme(), np.array([-way[1], way[0]])
        size = WEDGE * (1.5 if picked else 1.0)
        tips = [spot, spot + size * (way + 0.5 * across), spot + size * (way - 0.5 * across)]
        ink = theme.colour("accent" if picked else stand.colour)
        painter.setPen(QPen(ink, 1.6 if picked else 1.0))
        ink.setAlphaF(0.8 if picked else 0.35)
        painter.setBrush(ink)
        painter.drawPolygon(QPolygonF([QPointF(*tip.tolist()) for tip in tips]))
        if picked:
            painter.setPen(theme.colour("text"))
            painter.drawText(QPointF(*(spot - size * way).tolist()) + QPointF(-6, 4), str(stand.frame))

    def _on_widget(self) -> tuple[Array, Array]:
        """Places in px and directions, y down; one scale for both axes."""
        places, ways = from_above(self.stands)
        low, high = places.min(0), places.max(0)
        room = np.array([self.width(), self.height()]) - 2 * MARGIN
        scale = float((room / np.maximum(high - low, 1e-9)).min()) if (high > low).any() else 1.0
        flip = np.array([1.0, -1.0])
        middle = np.array([self.width(), self.height()]) / 2
        return middle + (places - (low + high) / 2) * scale * flip, ways * flip
