"""The viewport's CPU back end: pictures by the tile renderer in a process of its own, shown through a QImage.

One view is under way at a time and only the newest other one waits, so the hand is never more than a picture ahead.
While things move the picture is as coarse as it must be to keep up (`app.quality`); at rest it is made in full.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.quality import FULL, Budget, Quality
from app.scene_loader import Scene
from app.tile_client import LARGEST, Reply, TileClient
from app.viewport_backend import Reports
from renderer.camera import Camera
from renderer.gl.moment import Moment
from renderer.look import Look

PREPARING = "Preparing the renderer… the very first start takes about a quarter of a minute."


@dataclass(frozen=True, eq=False)
class _View:
    camera: Camera
    moment: Moment
    look: Look
    moving: bool


class PictureWidget(QWidget):
    """Paints one image over its whole area."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.image: QImage | None = None
        self.background = QColor(0, 0, 0)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        if self.image is None:
            painter.fillRect(self.rect(), self.background)
        else:
            scaled = self.image.size() != self.size() * self.devicePixelRatioF()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scaled)
            painter.drawImage(QRect(0, 0, self.width(), self.height()), self.image)
        painter.end()


class TilesBackend:
    """Shows snapshots through `renderer.tiles` in a child process."""

    name = "CPU renderer"

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._picture = PictureWidget()
        self._background = (0.0, 0.0, 0.0)
        self._scene: Scene | None = None
        self._newest: _View | None = None
        self._pending = False
        self._busy = False
        self._ready = False
        self._number = 0
        self._epoch = 0
        self._budget = Budget()
        self._asked = FULL
        self._since = 0.0
        self._client = TileClient(self._heed, self._lost)
        reports.said(PREPARING)

    @property
    def widget(self) -> QWidget:
        return self._picture

    def show(self, scene: Scene | None) -> None:
        self._scene = scene
        self._epoch = self._number
        if scene is None:
            self._picture.image = None
            self._picture.update()
        elif self._ready:
            self._send_scene()
            self._ask()

    def set_view(self, camera: Camera, moment: Moment, look: Look, moving: bool) -> None:
        self._newest, self._pending = _View(camera, moment, look, moving), True
        self._ask()

    def set_background(self, rgb: tuple[float, float, float]) -> None:
        self._background = rgb
        self._picture.background = QColor.fromRgbF(*rgb)
        self._picture.update()
        self._pending = self._newest is not None
        self._ask()

    def grab(self) -> QImage:
        return QImage() if self._picture.image is None else self._picture.image.copy()

    def close(self) -> None:
        self._client.close()

    def _lost(self, sentence: str) -> None:
        self._ready, self._busy = False, False
        self._reports.said(sentence or PREPARING)

    def _send_scene(self) -> None:
        if self._scene is not None:
            self._client.send({"op": "scene", "path": str(self._scene.path)})
            self._pending = self._newest is not None

    def _ask(self) -> None:
        """Send the newest view, unless one is under way or there is nothing to draw."""
        if self._busy or not self._ready or not self._pending or self._scene is None or self._newest is None:
            return
        view, self._pending, self._busy = self._newest, False, True
        self._number += 1
        self._asked, self._since = self._budget.choose() if view.moving else FULL, time.perf_counter()
        self._client.send({
            "op": "view", "number": self._number, "camera": _sized(view.camera, self._asked).to_json(),
            "mode": view.moment.mode.value, "position": view.moment.position, "look": view.look.to_json(),
            "share": self._asked.share, "background": list(self._background),
        })  # fmt: skip

    def _heed(self, reply: Reply) -> None:
        if reply["op"] == "ready":
            self._ready = True
            self._reports.said("")
            self._send_scene()
        elif reply["op"] == "scene":
            self._reports.said("")
        elif reply["op"] == "fault":
            self._busy = self._busy and reply["of"] != "view"
            self._reports.said(reply["text"])
        elif reply["op"] == "picture":
            self._busy = False
            self._show_picture(reply)
        self._ask()

    def _show_picture(self, reply: Reply) -> None:
        height, width = reply["size"]
        whole_ms = 1e3 * (time.perf_counter() - self._since)
        self._budget.learn(self._asked, reply["splats_ms"], reply["pixels_ms"], whole_ms)
        if self._scene is None or reply["number"] <= self._epoch:
            return
        self._picture.image = self._client.picture(height, width)
        self._picture.update()
        self._reports.drawn()


def _sized(camera: Camera, quality: Quality) -> Camera:
    """The camera on the pixel grid of that quality, which the shared picture file can hold."""
    height, width = camera.size
    scale = min(quality.scale, LARGEST / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return camera if size == camera.size else camera.resized(size)
