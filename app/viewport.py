"""The picture in the middle of the window: fits the view to its widget, hands it to a back end, and takes the hand.

The back end is OpenGL or the CPU; both show the same picture, with the same `Overlay` over it. `viewport_hand` turns
mouse and keys into moves of the view; other keys are the window's actions.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app import viewport_backend
from app.overlay import Hit, Overlay
from app.scene_loader import Scene
from app.theme import current_theme
from app.view_state import ViewState
from app.viewport_backend import Backend, Reports
from app.viewport_hand import Flight, Hand
from renderer.camera import Camera
from renderer.gl.moment import Mode
from renderer.gl.navigation import fitted, pick
from renderer.look import Look, Paint, Ranges
from renderer.marks import Marks

REST_MS = 160  # after the last change the picture is made in full
FPS_SECONDS = 1.0


class Viewport(QWidget):
    """Shows a `ViewState`; `fps_changed` about once a second while pictures come.

    `key_dragged(index, QPointF, done)`: a key of the camera path is dragged there, in logical pixels;
    `key_taken(index)`: one was clicked.
    """

    fps_changed = Signal(float)
    key_dragged = Signal(int, QPointF, bool)
    key_taken = Signal(int)

    def __init__(
        self, view: ViewState, make: Callable[[Reports], Backend] = viewport_backend.make, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 180)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Viewport")
        self._view = view
        self._shown: deque[float] = deque(maxlen=240)
        self._still = False
        self._ground: tuple[float, float, float] | None = None
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
        self.overlay = Overlay(view, self)
        self._hand = Hand(view, self)
        self._flight = Flight(view, lambda: view.set_flying(True), self)
        self._caption.raise_()
        view.camera_changed.connect(self._follow)
        view.moment_changed.connect(self._pass_time)
        view.marks_changed.connect(self._mark)
        self.refresh_theme()

    def set_mouse(self, name: str) -> None:
        """Which of `mouse_maps.MAPS` the hand follows."""
        self._hand.map = name

    @property
    def fps(self) -> float:
        """Pictures shown in the last second."""
        now = time.monotonic()
        return sum(1 for moment in self._shown if now - moment <= FPS_SECONDS) / FPS_SECONDS

    def show_scene(self, scene: Scene | None) -> None:
        """Show another snapshot; the view state is told by the window."""
        self._ranges = Ranges() if scene is None else scene.ranges
        self.overlay.marks = Marks() if scene is None else scene.marks
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
        self._lay_ground()
        self._caption.setStyleSheet(
            f"background: {theme['panel']}; color: {theme['text']}; border: 1px solid {theme['line']};"
            "border-radius: 8px; padding: 8px 16px;"
        )

    def _lay_ground(self) -> bool:
        """The theme's ground; black, as the lift has it, while a source frame is compared: a PSNR knows no theme.

        Whether it changed, so that another picture is under way.
        """
        colour = current_theme().colour("viewport") if self._view.source == "off" else QColor(0, 0, 0)
        ground = colour.redF(), colour.greenF(), colour.blueF()
        if ground == self._ground:
            return False
        self._ground = ground
        self.backend.set_background(ground)
        self.overlay.source.forget()
        return True

    def close_backend(self) -> None:
        """Give back what the back end holds; the widget shows nothing afterwards."""
        self._rest.stop()
        self._gauge.stop()
        self.backend.widget.removeEventFilter(self)
        self.backend.close()

    # -- the hand ------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        kind = event.type()
        if kind is QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            return self._hand.press(event)
        if kind is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            return self._hand.move(event)
        if kind is QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            return self._hand.release(event)
        if kind is QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            self.look_at(event.position())
            return True
        if kind is QEvent.Type.Wheel and isinstance(event, QWheelEvent):
            return self._hand.wheel(event)
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if self._view.snapshot is None or not self._flight.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if not self._flight.release(event):
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._flight.land()
        super().focusOutEvent(event)

    def hit(self, place: QPointF) -> Hit | None:
        """The mark under the pointer."""
        return self.overlay.hit(place)

    def take(self, hit: Hit, _place: QPointF) -> None:
        """A click on a mark: look along an axis, through a freeze-time camera, or pick a key of the path."""
        if hit.kind == "axis":
            self._view.from_axis(str(hit.which))
        elif hit.kind == "camera":
            self._view.go_to(int(hit.which))
        elif hit.kind == "key":
            self.key_taken.emit(int(hit.which))

    def drag_mark(self, hit: Hit, place: QPointF, done: bool) -> None:
        """Drag the wipe, or a key of the path."""
        rect = self.overlay.frame_rect()
        if hit.kind == "wipe" and rect is not None:
            self._view.set_source("wipe", (place.x() - rect.left()) / rect.width())
        elif hit.kind == "key":
            self.key_dragged.emit(int(hit.which), place, done)

    def pan_by(self, step: QPointF) -> None:
        """Slide the scene with the hand, by logical pixels."""
        camera, own = self.view_camera(), self._view.camera
        if camera is not None and own is not None:
            share = own.K[0, 0] / camera.K[0, 0] * self.devicePixelRatioF()
            self._view.pan(step.x() * share, step.y() * share)

    def look_at(self, place: QPointF) -> None:
        """Turn to what is there and turn about it from now on."""
        camera, snapshot = self.view_camera(), self._view.snapshot
        if camera is not None and snapshot is not None:
            ratio = self.devicePixelRatioF()
            point = pick(self._view.moment.posed(snapshot), camera, (place.x() * ratio, place.y() * ratio))
            if point is not None:
                self._view.focus(point)

    # -- showing -------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self.overlay.setGeometry(self.rect())
        self._place_caption()
        self._follow()

    def show_source(self, image: QImage | None, words: str) -> None:
        """The source frame of the view, to be laid over."""
        self.overlay.source.show(image, words)
        self._compare()
        self.overlay.update()

    def _follow(self) -> None:
        self._ask()
        self.overlay.update()

    def _pass_time(self) -> None:
        """While it plays nothing changes that is laid over the picture, and drawing it 60 times a second costs."""
        self._ask()
        if not self._view.rate or self._view.source != "off":
            self.overlay.update()

    def _ask(self) -> None:
        """Have the view drawn as it is now, in full once it rests."""
        camera = self.view_camera()
        self._still = False
        self.overlay.source.forget()
        if camera is not None:
            self.backend.set_view(camera, self._view.moment, self._look(), moving=True)
            self._rest.start()

    def _settle(self) -> None:
        camera = self.view_camera()
        if camera is not None:
            self._still = True
            self.backend.set_view(camera, self._view.moment, self._look(), moving=False)

    def _mark(self) -> None:
        if not self._lay_ground():
            self._compare()
        self.overlay.update()

    def _compare(self) -> None:
        """Hold the picture against the source frame, once it is at rest in full size."""
        rect, source = self.overlay.frame_rect(), self.overlay.source
        if not self._still or rect is None or self._view.source == "off" or source.image is None:
            return
        picture = self.backend.grab()
        if picture.height() == round(self.height() * self.devicePixelRatioF()):
            source.compare(picture, rect, (self.width(), self.height()))

    def _look(self) -> Look:
        look = self._ranges.look(self._view.paint, temporal=self._view.mode is not Mode.PER_FRAME)
        orbit = self._view.orbit
        if look.paint is Paint.DEPTH and orbit is not None and orbit.lens != 1.0:
            back = orbit.distance * (1.0 - 1.0 / orbit.lens)  # everything is so much further away
            return replace(look, low=look.low + back, high=look.high + back)
        return look

    def _count(self) -> None:
        self._shown.append(time.monotonic())
        if self._still and self._view.source != "off" and self.overlay.source.decibels is None:
            QTimer.singleShot(0, self, self._mark)

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
        return self.overlay.frame_rect()
