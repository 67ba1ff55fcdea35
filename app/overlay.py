"""What lies over the picture: the source frame, lines beside the scene, the gizmo; drawn the same over either back end.

It keeps nothing: it shows a `ViewState` and, in Shot, a `ShotState`, and answers what lies under the pointer. What
a click there does is the viewport's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.overlay_source import SourceFrame
from app.theme import current_theme
from app.view_state import FREE, ViewState
from renderer.camera import Camera
from renderer.gl.navigation import fitted
from renderer.marks import Array, Marks, frustum, on_screen

FRUSTUM = 0.11  # of the home distance
GIZMO_ARM, GIZMO_MARGIN = 30.0, 48.0
REACH_PX = 13.0  # how near a click must be
AXES = (("front", "Z", "good"), ("right", "X", "bad"), ("top", "Y", "accent"))


@dataclass(frozen=True)
class Hit:
    """What lies under the pointer: `kind` axis, camera, key or wipe; which one of them."""

    kind: str
    which: str | int


class Path(Protocol):
    """What the overlay shows of a camera path."""

    @property
    def visible(self) -> bool: ...

    @property
    def line(self) -> Array:
        """[P, 3] the way of the camera's centre."""

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """The keys' cameras."""

    @property
    def selected(self) -> int | None: ...

    @property
    def head(self) -> Camera | None:
        """Where the film is."""


class Overlay(QWidget):
    """Lies over the back end's widget; the mouse goes through it."""

    def __init__(self, view: ViewState, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = view
        self.marks = Marks()
        self.path: Path | None = None
        self.source = SourceFrame()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def camera(self) -> Camera | None:
        """The view's camera on this widget's logical pixels."""
        camera = self._view.camera
        size = max(1, self.height()), max(1, self.width())
        return None if camera is None else fitted(camera, size)

    def frame_rect(self) -> QRectF | None:
        """Where the solved camera's own picture lies in the widget, when the view stands at one."""
        view = self._view
        if view.camera is None or view.station == FREE:
            return None
        height, width = view.camera.size
        scale = min(self.height() / height, self.width() / width)
        w, h = width * scale, height * scale
        return QRectF((self.width() - w) / 2, (self.height() - h) / 2, w, h)

    def hit(self, place: QPointF) -> Hit | None:
        """What a click would take: the gizmo before keys before cameras."""
        camera = self.camera()
        if camera is None:
            return None
        options = [
            *((Hit("axis", name), tip) for name, tip, _ in self._axes(camera)),
            *((Hit("key", i), at) for i, at in self._places(camera, self._keys())),
            *((Hit("camera", k), at) for k, at in self._places(camera, self._frusta())),
        ]
        for kind in ("axis", "key", "camera"):
            near = [(QLineF(place, at).length(), hit.which, hit) for hit, at in options if hit.kind == kind]
            if near and min(near, key=lambda row: row[0])[0] <= REACH_PX:
                return min(near, key=lambda row: row[0])[2]
        rect = self.frame_rect()
        if rect is not None and self._view.source == "wipe" and self.source.image is not None:
            edge = rect.left() + self._view.wipe * rect.width()
            if abs(place.x() - edge) <= REACH_PX:
                return Hit("wipe", 0)
        return None

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        camera = self.camera()
        if camera is None:
            return
        painter = QPainter(self)
        rect = self.frame_rect()
        if rect is not None:
            self._paint_shade(painter, rect)
            self.source.paint(painter, rect, self._view)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if "grid" in self._view.marks:
            self._lines(painter, camera, self.marks.grid, QPen(_faint("viewport_text", 0.28), 1))
        if "trails" in self._view.marks:
            self._paint_trails(painter, camera)
        self._paint_cameras(painter, camera)
        if self.path is not None and self.path.visible and not self._riding:
            self._paint_path(painter, camera, self.path)
        self._paint_gizmo(painter, camera)
        painter.end()

    # -- parts ---------------------------------------------------------------------------------------------------

    def _paint_shade(self, painter: QPainter, rect: QRectF) -> None:
        """Dim what lies outside a solved camera's picture, which no video showed."""
        shade = _faint("viewport", 0.72)
        w, h = float(self.width()), float(self.height())
        for part in (
            QRectF(0, 0, w, rect.top()), QRectF(0, rect.bottom(), w, h - rect.bottom()),
            QRectF(0, rect.top(), rect.left(), rect.height()),
            QRectF(rect.right(), rect.top(), w - rect.right(), rect.height()),
        ):  # fmt: skip
            if part.width() > 0 and part.height() > 0:
                painter.fillRect(part, shade)

    def _lines(self, painter: QPainter, camera: Camera, segments: Array, pen: QPen) -> None:
        pixels, _ = on_screen(camera, segments)
        painter.setPen(pen)
        painter.drawLines(_lines(pixels))

    def _paint_trails(self, painter: QPainter, camera: Camera) -> None:
        places = self.marks.trails
        segments = np.stack([places[:, :-1], places[:, 1:]], 2)
        for step in range(segments.shape[1]):
            pixels, kept = on_screen(camera, segments[:, step])
            share = step / max(1, segments.shape[1] - 1)
            for line, which in zip(_lines(pixels), kept, strict=True):
                rgb = self.marks.trail_rgb[which]
                colour = QColor.fromRgbF(*(float(0.45 + 0.55 * value) for value in np.clip(rgb, 0, 1)))
                colour.setAlphaF(0.25 + 0.65 * share)
                painter.setPen(QPen(colour, 1.4))
                painter.drawLine(line)

    def _frusta(self) -> dict[int, Camera]:
        """The freeze-time cameras that are shown; from inside one its neighbours would only be in the way."""
        view = self._view
        shown = "cameras" in view.marks and view.station == FREE and not self._riding
        return view.snapshot.freeze_cameras if shown and view.snapshot is not None else {}

    def _paint_cameras(self, painter: QPainter, camera: Camera) -> None:
        alone = self.path is None or not self.path.visible
        for frame, other in self._frusta().items():
            picked = frame == self._view.freeze_frame
            colour = current_theme().colour("accent") if picked else _faint("viewport_text", 0.75 if alone else 0.3)
            self._lines(painter, camera, frustum(other, FRUSTUM * self.marks.reach), QPen(colour, 2 if picked else 1.2))
        for _frame, at in self._places(camera, self._frusta()):
            painter.setBrush(_faint("viewport_text", 0.9))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(at, 2.5, 2.5)

    @property
    def _riding(self) -> bool:
        """Whether the view is the film's: then lines of the path and of other cameras would only be in the way."""
        path = self.path
        return path is not None and path.visible and path.head is None and len(path.cameras) > 0

    def _keys(self) -> dict[int, Camera]:
        shown = self.path is not None and self.path.visible and not self._riding
        return dict(enumerate(self.path.cameras)) if shown and self.path is not None else {}

    def _paint_path(self, painter: QPainter, camera: Camera, path: Path) -> None:
        warm = current_theme().colour("warm")
        if len(path.line) > 1:
            self._lines(painter, camera, np.stack([path.line[:-1], path.line[1:]], 1), QPen(warm, 2))
        for index, other in enumerate(path.cameras):
            pen = QPen(warm, 2.2 if index == path.selected else 1.2)
            self._lines(painter, camera, frustum(other, 0.8 * FRUSTUM * self.marks.reach), pen)
        if path.head is not None:
            pen = QPen(current_theme().colour("viewport_text"), 1.6)
            self._lines(painter, camera, frustum(path.head, 0.9 * FRUSTUM * self.marks.reach), pen)
        for index, at in self._places(camera, self._keys()):
            painter.setPen(QPen(current_theme().colour("viewport"), 1))
            painter.setBrush(warm)
            size = 7.0 if index == path.selected else 5.0
            tips = [QPointF(0, -size), QPointF(size, 0), QPointF(0, size), QPointF(-size, 0)]
            painter.drawPolygon(QPolygonF([at + tip for tip in tips]))

    def _places(self, camera: Camera, others: dict[int, Camera]) -> list[tuple[int, QPointF]]:
        """Where cameras' centres lie on the widget, those in front."""
        if not others:
            return []
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels, z = camera.project(np.stack([other.centre for other in others.values()]))
        return [
            (name, QPointF(float(x), float(y)))
            for name, (x, y), depth in zip(others, pixels, z, strict=True)
            if depth > 0.02 and abs(x) < 1e5 and abs(y) < 1e5
        ]

    def _axes(self, camera: Camera) -> list[tuple[str, QPointF, float]]:
        """Tips of the gizmo and how near each is; the scene's axes are the reference camera's."""
        snapshot = self._view.snapshot
        if snapshot is None:
            return []
        r = camera.world_from_camera[:3, :3].T @ snapshot.reference_camera.world_from_camera[:3, :3]
        middle = QPointF(self.width() - GIZMO_MARGIN, GIZMO_MARGIN)
        ways = {"front": -r[:, 2], "right": r[:, 0], "top": -r[:, 1]}
        return [(name, middle + QPointF(*(GIZMO_ARM * way[:2]).tolist()), float(way[2])) for name, way in ways.items()]

    def _paint_gizmo(self, painter: QPainter, camera: Camera) -> None:
        middle = QPointF(self.width() - GIZMO_MARGIN, GIZMO_MARGIN)
        words = {name: (letter, colour) for name, letter, colour in AXES}
        for name, tip, _depth in sorted(self._axes(camera), key=lambda row: -row[2]):
            letter, colour = words[name]
            ink = current_theme().colour(colour)
            painter.setPen(QPen(ink, 2))
            painter.drawLine(middle, tip)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawEllipse(tip, 8, 8)
            painter.setPen(current_theme().colour("accent_text"))
            painter.drawText(QRectF(tip.x() - 8, tip.y() - 8, 16, 16), Qt.AlignmentFlag.AlignCenter, letter)


def _faint(name: str, alpha: float) -> QColor:
    colour = current_theme().colour(name)
    colour.setAlphaF(alpha)
    return colour


def _lines(pixels: Array) -> list[QLineF]:
    """As Qt draws them; far ends are held so that they fit its numbers."""
    held = np.clip(pixels.reshape(-1, 4), -1e5, 1e5).tolist()
    return [QLineF(*row) for row in held]
