"""The viewport's CPU back end: pictures by the tile renderer in a process of its own, shown through a QImage.

One view is under way at a time and only the newest other one waits, so the hand is never more than a picture ahead.
While things move the picture is as coarse as it must be to keep up (`app.quality`); at rest it is made in full.
"""

from __future__ import annotations

import json
import mmap
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QProcess, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.children import environment, python
from app.quality import FULL, Budget, Quality
from app.scene_loader import Scene
from app.viewport_backend import Reports
from renderer.camera import Camera
from renderer.gl.moment import Moment
from renderer.look import Look

LARGEST = 4096  # pixels a side of the shared picture file, which is sparse
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
        self._starts = 0
        self._tail = b""
        self._folder = tempfile.TemporaryDirectory(prefix="splatime-view-")
        path = Path(self._folder.name) / "picture"
        with path.open("wb") as file:
            file.truncate(LARGEST * LARGEST * 4)
        self._file = path.open("rb")
        self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._process: QProcess | None = None
        self._start(path)

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
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect()
            process.readyReadStandardOutput.disconnect()
            process.closeWriteChannel()
            if not process.waitForFinished(500):
                process.kill()
                process.waitForFinished(2000)
            process.deleteLater()
        self._map.close()
        self._file.close()
        self._folder.cleanup()

    def _start(self, path: Path) -> None:
        self._starts += 1
        process = QProcess()
        process.setProcessEnvironment(environment())
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._died)
        self._process, self._ready, self._busy, self._tail = process, False, False, b""
        self._reports.said(PREPARING)
        process.start(python(), ["-P", "-m", "app.tile_process", str(path)])

    def _died(self) -> None:
        self._process = None
        if self._starts < 3:
            self._start(Path(self._folder.name) / "picture")
        else:
            self._reports.said("The CPU renderer keeps failing on this machine; splatime doctor says what is missing.")

    def _send(self, request: dict[str, Any]) -> None:
        if self._process is not None:
            self._process.write(json.dumps(request).encode() + b"\n")

    def _send_scene(self) -> None:
        if self._scene is not None:
            self._send({"op": "scene", "path": str(self._scene.path)})
            self._pending = self._newest is not None

    def _ask(self) -> None:
        """Send the newest view, unless one is under way or there is nothing to draw."""
        if self._busy or not self._ready or not self._pending or self._scene is None or self._newest is None:
            return
        view, self._pending, self._busy = self._newest, False, True
        self._number += 1
        self._asked = self._budget.choose() if view.moving else FULL
        self._send({
            "op": "view", "number": self._number, "camera": _sized(view.camera, self._asked).to_json(),
            "mode": view.moment.mode.value, "position": view.moment.position, "look": view.look.to_json(),
            "share": self._asked.share, "background": list(self._background),
        })  # fmt: skip

    def _read(self) -> None:
        if self._process is None:
            return
        self._tail += self._process.readAllStandardOutput().data()
        *lines, self._tail = self._tail.split(b"\n")
        for line in lines:
            self._heed(json.loads(line))

    def _heed(self, reply: dict[str, Any]) -> None:
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

    def _show_picture(self, reply: dict[str, Any]) -> None:
        height, width = reply["size"]
        self._budget.learn(self._asked, reply["splats_ms"], reply["pixels_ms"])
        if self._scene is None or reply["number"] <= self._epoch:
            return
        pixels = self._map[: height * width * 4]
        self._picture.image = QImage(pixels, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
        self._picture.update()
        self._reports.drawn()


def _sized(camera: Camera, quality: Quality) -> Camera:
    """The camera on the pixel grid of that quality, which the shared picture file can hold."""
    height, width = camera.size
    scale = min(quality.scale, LARGEST / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return camera if size == camera.size else camera.resized(size)
