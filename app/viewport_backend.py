"""What a viewport back end is: something with a widget that shows a scene from a camera at a moment.

`choose` decides between OpenGL and the tile renderer by looking at the driver: software OpenGL costs two to
five times what our CPU rasteriser does, so it is only used when asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QImage, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QWidget

from app.scene_loader import Scene
from renderer.camera import Camera
from renderer.gl.moment import Moment
from renderer.look import Look

SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "software rasterizer", "gdi generic", "swrast")
GL_RENDERER = 0x1F01


@dataclass(frozen=True)
class Reports:
    """What a back end tells the viewport: a picture was shown; a sentence for people, empty when all is well."""

    drawn: Callable[[], None]
    said: Callable[[str], None]


class Backend(Protocol):
    """Shows the newest of what it is told; never blocks."""

    name: str

    @property
    def widget(self) -> QWidget: ...

    def show(self, scene: Scene | None) -> None: ...

    def set_view(self, camera: Camera, moment: Moment, look: Look, moving: bool) -> None:
        """`camera` has the widget's size in physical pixels; `moving`: speed matters more than detail."""

    def set_background(self, rgb: tuple[float, float, float]) -> None: ...

    def grab(self) -> QImage:
        """The picture that is shown."""

    def close(self) -> None: ...


def choose() -> str:
    """gl or tiles; SPLATIME_VIEWPORT overrides what the driver suggests."""
    asked = os.environ.get("SPLATIME_VIEWPORT", "").strip().lower()
    if asked in ("gl", "tiles"):
        return asked
    renderer = opengl_renderer().lower()
    return "tiles" if not renderer or any(word in renderer for word in SOFTWARE) else "gl"


def opengl_renderer() -> str:
    """The driver's name for itself; empty when there is no OpenGL."""
    surface = QOffscreenSurface()
    surface.create()
    context = QOpenGLContext()
    if not surface.isValid() or not context.create() or not context.makeCurrent(surface):
        return ""
    try:
        name = context.functions().glGetString(GL_RENDERER)
        return str(name or "")
    finally:
        context.doneCurrent()


def make(reports: Reports) -> Backend:
    """The back end that suits this machine; the tile renderer when OpenGL can't be had after all."""
    if choose() == "gl":
        try:
            from app.viewport_gl import GlBackend

            return GlBackend(reports)
        except (ImportError, RuntimeError, OSError) as fault:
            reports.said(f"OpenGL is not usable here ({fault}); the CPU draws the picture.")
    from app.viewport_tiles import TilesBackend

    return TilesBackend(reports)
