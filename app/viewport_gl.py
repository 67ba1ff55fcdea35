"""The viewport's OpenGL back end: a vispy canvas in its Qt widget. Sorting is off-thread, drawing on the window's."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.scene_loader import Scene
from app.viewport_backend import Reports
from renderer.camera import Camera
from renderer.gl.canvas import SplatCanvas, use_gl_plus
from renderer.gl.moment import Moment
from renderer.look import Look


class _Bell(QObject):
    """Carries the sorter's word over to the window's thread."""

    rung = Signal()


class GlBackend:
    """Shows snapshots through `renderer.gl`."""

    name = "OpenGL"

    def __init__(self, reports: Reports) -> None:
        use_gl_plus()
        self._bell = _Bell()
        self._canvas = SplatCanvas(wake=self._bell.rung.emit, size=(640, 360), show=False)
        self._canvas.after_draw = reports.drawn
        self._bell.rung.connect(self._redraw)
        self._closed = False

    @property
    def widget(self) -> QWidget:
        native: QWidget = self._canvas.native
        return native

    def show(self, scene: Scene | None) -> None:
        self._canvas.set_snapshot(None if scene is None else scene.snapshot)
        self._redraw()

    def set_view(self, camera: Camera, moment: Moment, look: Look, moving: bool) -> None:  # noqa: ARG002 (a GPU needs no preview)
        self._canvas.set_view(camera, moment, look)
        self._redraw()

    def set_background(self, rgb: tuple[float, float, float]) -> None:
        self._canvas.set_background(rgb)
        self._redraw()

    def grab(self) -> QImage:
        pixels = self._canvas.picture()
        height, width = pixels.shape[:2]
        return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()

    def close(self) -> None:
        self._closed = True
        self._canvas.after_draw = None
        self._canvas.stop()
        native = self._canvas.native
        self._canvas.close()
        # Left to Python, the widget would die at some later collection and take the context that is current then.
        native.deleteLater()

    def _redraw(self) -> None:
        if not self._closed:
            self._canvas.update()
