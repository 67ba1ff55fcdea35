"""The picture in the middle of the window: fits the view to its widget, hands it to a back end, and takes the hand.

Mouse as in SuperSplat: left drag orbits, right or middle drag pans, the wheel zooms, a double click looks at
what is under it. Keys are the window's actions. The back end is OpenGL or the CPU; both show the same picture.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import viewport_backend
from app.scene_loader import Scene
from app.theme import current_theme
from app.view_state import FREE, ViewState
from app.viewport_backend import Backend, Reports
from renderer.camera import Camera
from renderer.gl.moment import Mode
from renderer.gl.navigation import fitted, pick
from renderer.look import Look, Ranges

REST_MS = 160  # after the last change the picture is made in full
TURN = math.pi  # radians for a drag across the whole widget
WHEEL = 0.88  # of the distance, for one notch
FPS_SECONDS = 1.0


class Viewport(QWidget):
    """Shows a `ViewState`; `fps_changed` about once a second while pictures come."""

    fps_changed = Signal(float)

    def __init__(
        self, view: ViewState, make: Callable[[Reports], Backend] = viewport_backend.make, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 180)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Viewport")
        self._view = view
        self._shown: deque[float] = deque(maxlen=240)
        self._grip: QPointF | None = None
        self._ranges = Ranges()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._settle)
        self._gauge = QTimer(self, interval=500)
        self._gauge.timeout.connect(lambda: self.fps_changed.emit(self.fps))
        self._gauge.start()
        self._caption = QLabel(self)
        self._caption.setObjectName("caption")
        self._caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._caption.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._caption.hide()
        self.backend = make(Reports(self._count, self._say))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.backend.widget)
        self.backend.widget.installEventFilter(self)
        self.backend.widget.setFocusProxy(self)
        self._frame = _Frame(self)
        self._caption.raise_()
        view.camera_changed.connect(self._follow)
        view.moment_changed.connect(self._follow)
        self.refresh_theme()

    @property
    def fps(self) -> float:
        """Pictures shown in the last second."""
        now = time.monotonic()
        return sum(1 for moment in self._shown if now - moment <= FPS_SECONDS) / FPS_SECONDS

    def show_scene(self, scene: Scene | None) -> None:
        """Show another snapshot; the view state is told by the window."""
        self._ranges = Ranges() if scene is None else scene.ranges
        self.backend.show(scene)
        self._settle()

    def grab_picture(self) -> QImage:
        """The picture without overlays."""
        return self.backend.grab()

    def view_camera(self) -> Camera | None:
        """The view's camera on this widget's physical pixels."""
        camera = self._view.camera
        ratio = self.devicePixelRatioF()
        size = max(1, round(self.height() * ratio)), max(1, round(self.width() * ratio))
        return None if camera is None else fitted(camera, size)

    def refresh_theme(self) -> None:
        """After a change of theme."""
        theme = current_theme()
        ground = theme.colour("viewport")
        self.backend.set_background((ground.redF(), ground.greenF(), ground.blueF()))
        self._caption.setStyleSheet(
            f"background: {theme['panel']}; color: {theme['text']}; border: 1px solid {theme['line']};"
            "border-radius: 8px; padding: 8px 16px;"
        )

    def close_backend(self) -> None:
        """Give back what the back end holds; the widget shows nothing afterwards."""
        self._rest.stop()
        self._gauge.stop()
        self.backend.widget.removeEventFilter(self)
        self.backend.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        kind = event.type()
        if kind is QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._grip = event.position()
            return True
        if kind is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            return self._drag(event)
        if kind is QEvent.Type.MouseButtonRelease:
            self._grip = None
            return True
        if kind is QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            self._look_at(event.position())
            return True
        if kind is QEvent.Type.Wheel and isinstance(event, QWheelEvent):
            self._view.dolly(WHEEL ** (event.angleDelta().y() / 120.0))
            return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._frame.setGeometry(self.rect())
        self._place_caption()
        self._follow()

    def _drag(self, event: QMouseEvent) -> bool:
        if self._grip is None or not event.buttons():
            return False
        step = event.position() - self._grip
        self._grip = event.position()
        buttons = event.buttons()
        pans = Qt.MouseButton.RightButton | Qt.MouseButton.MiddleButton
        if buttons & pans or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            camera, own = self.view_camera(), self._view.camera
            if camera is not None and own is not None:
                share = own.K[0, 0] / camera.K[0, 0] * self.devicePixelRatioF()
                self._view.pan(step.x() * share, step.y() * share)
        elif buttons & Qt.MouseButton.LeftButton:
            self._view.turn(TURN * step.x() / max(1, self.width()), TURN * step.y() / max(1, self.height()))
        return True

    def _look_at(self, place: QPointF) -> None:
        camera, snapshot = self.view_camera(), self._view.snapshot
        if camera is not None and snapshot is not None:
            ratio = self.devicePixelRatioF()
            point = pick(self._view.moment.posed(snapshot), camera, (place.x() * ratio, place.y() * ratio))
            if point is not None:
                self._view.focus(point)

    def _follow(self) -> None:
        camera = self.view_camera()
        if camera is not None:
            self.backend.set_view(camera, self._view.moment, self._look(), moving=True)
            self._rest.start()
        self._frame.update()

    def _settle(self) -> None:
        camera = self.view_camera()
        if camera is not None:
            self.backend.set_view(camera, self._view.moment, self._look(), moving=False)

    def _look(self) -> Look:
        return self._ranges.look(self._view.paint, temporal=self._view.mode is not Mode.PER_FRAME)

    def _count(self) -> None:
        self._shown.append(time.monotonic())

    def _say(self, text: str) -> None:
        self._caption.setText(text)
        self._caption.setVisible(bool(text))
        self._place_caption()

    def _place_caption(self) -> None:
        self._caption.adjustSize()
        size = self._caption.size()
        self._caption.move((self.width() - size.width()) // 2, self.height() - size.height() - 20)

    def frame_rect(self) -> QRectF | None:
        """Where the solved camera's own picture lies in the widget, when the view stands at one."""
        view = self._view
        if view.camera is None or view.station == FREE:
            return None
        height, width = view.camera.size
        scale = min(self.height() / height, self.width() / width)
        w, h = width * scale, height * scale
        return QRectF((self.width() - w) / 2, (self.height() - h) / 2, w, h)


class _Frame(QWidget):
    """Dims what lies outside a solved camera's picture, which no video showed."""

    def __init__(self, viewport: Viewport) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        rect = self._viewport.frame_rect()
        if rect is None:
            return
        theme = current_theme()
        painter = QPainter(self)
        shade = theme.colour("viewport")
        shade.setAlphaF(0.72)
        whole = QRectF(self.rect())
        for part in (
            QRectF(0, 0, whole.width(), rect.top()),
            QRectF(0, rect.bottom(), whole.width(), whole.height() - rect.bottom()),
            QRectF(0, rect.top(), rect.left(), rect.height()),
            QRectF(rect.right(), rect.top(), whole.width() - rect.right(), rect.height()),
        ):  # fmt: skip
            if part.width() > 0 and part.height() > 0:
                painter.fillRect(part, shade)
        painter.end()
