"""What the hand does in the viewport: drags, the wheel, clicks on marks, and flying by held keys.

Which drag does what is said by `mouse_maps`; the wheel zooms, with Ctrl orbits, with Shift pans. WASD and Q, E fly, by
place on the keyboard.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QElapsedTimer, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from app import mouse_maps
from app.overlay import Hit
from app.view_state import ViewState

TURN = math.pi  # radians for a drag across the whole widget
LOOK = 0.5 * math.pi
WHEEL = 0.88  # of the distance, for one notch
SLOP = 3.0  # px that a click may slip
STRIDE = 1.0  # home distances for a walk over the whole widget
FLIGHT = 0.45  # home distances a second; Shift ten times, Alt a tenth
TICK_MS = 16

Way = tuple[float, float, float]
WAYS: dict[int, Way] = {
    Qt.Key.Key_W: (0, 0, 1), Qt.Key.Key_S: (0, 0, -1), Qt.Key.Key_A: (-1, 0, 0), Qt.Key.Key_D: (1, 0, 0),
    Qt.Key.Key_E: (0, 1, 0), Qt.Key.Key_Q: (0, -1, 0),
}  # fmt: skip
# Where these keys lie, whatever letters are printed on them: evdev + 8 (X11, Wayland), set 1 (Windows).
_PLACES = {
    "linux": {
        25: Qt.Key.Key_W,
        39: Qt.Key.Key_S,
        38: Qt.Key.Key_A,
        40: Qt.Key.Key_D,
        26: Qt.Key.Key_E,
        24: Qt.Key.Key_Q,
    },
    "win32": {
        17: Qt.Key.Key_W,
        31: Qt.Key.Key_S,
        30: Qt.Key.Key_A,
        32: Qt.Key.Key_D,
        18: Qt.Key.Key_E,
        16: Qt.Key.Key_Q,
    },
}


class Stage(Protocol):
    """What the hand needs to know of the viewport."""

    def width(self) -> int: ...

    def height(self) -> int: ...

    def hit(self, place: QPointF) -> Hit | None: ...

    def take(self, hit: Hit, place: QPointF) -> None:
        """A click on a mark."""

    def drag_mark(self, hit: Hit, place: QPointF, done: bool) -> None:
        """A drag of a mark that can be dragged: a key or the wipe."""

    def pan_by(self, step: QPointF) -> None: ...

    def look_at(self, place: QPointF) -> None: ...


class Hand:
    """Turns events into moves of a `ViewState`; every method says whether the event was used."""

    def __init__(self, view: ViewState, stage: Stage) -> None:
        self._view, self._stage = view, stage
        self.map = mouse_maps.DEFAULT
        self._grip: QPointF | None = None
        self._start = QPointF()
        self._held: Hit | None = None
        self._slipped = False

    def press(self, event: QMouseEvent) -> bool:
        self._grip = self._start = event.position()
        self._slipped = False
        self._held = self._stage.hit(event.position()) if event.button() is Qt.MouseButton.LeftButton else None
        return True

    def move(self, event: QMouseEvent) -> bool:
        if self._grip is None or not event.buttons():
            return False
        place = event.position()
        step = place - self._grip
        self._slipped = self._slipped or (place - self._start).manhattanLength() > SLOP
        if self._held is not None and self._held.kind in ("key", "wipe"):
            if self._slipped:
                self._stage.drag_mark(self._held, place, False)
        elif self._held is None or self._slipped:
            self._drag(step, event.buttons(), event.modifiers())
        self._grip = place
        return True

    def release(self, event: QMouseEvent) -> bool:
        held, self._held, self._grip = self._held, None, None
        if held is not None and not self._slipped:
            self._stage.take(held, event.position())
        elif held is not None and held.kind in ("key", "wipe"):
            self._stage.drag_mark(held, event.position(), True)
        return True

    def wheel(self, event: QWheelEvent) -> bool:
        turn = event.angleDelta()
        notches = (turn.y() or turn.x()) / 120.0  # some platforms turn a wheel with Shift or Alt sideways
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._view.turn(notches * math.radians(6), 0.0)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._stage.pan_by(QPointF(0, 30 * notches))
        else:
            self._view.dolly(WHEEL**notches)
        return True

    def _drag(self, step: QPointF, buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        deed = mouse_maps.deed_of(self.map, buttons, modifiers)
        if deed == mouse_maps.TURN:
            deed = mouse_maps.LOOK if self._view.flying else mouse_maps.ORBIT
        x, y = step.x() / max(1, self._stage.width()), step.y() / max(1, self._stage.height())
        if deed == mouse_maps.ZOOM:
            self._view.dolly(math.exp(2.0 * y))
        elif deed == mouse_maps.PAN:
            self._stage.pan_by(step)
        elif deed == mouse_maps.ORBIT:
            self._view.turn(TURN * x, TURN * y)
        elif deed == mouse_maps.WALK:
            self._view.look(LOOK * x, 0.0)
            self._view.fly(0.0, 0.0, -STRIDE * y)
        elif deed == mouse_maps.LOOK or (deed == mouse_maps.GLANCE and self._view.flying):
            self._view.look(LOOK * x, LOOK * y)


class Flight(QObject):
    """WASD, Q and E while they are held; `begun` is called when the first is pressed."""

    def __init__(self, view: ViewState, begun: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._begun = view, begun
        self._keys: set[int] = set()
        self._speed = 1.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)

    def press(self, event: QKeyEvent) -> bool:
        """Whether this key flies."""
        key = _key_of(event)
        if key not in WAYS or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        self._heed(event.modifiers())
        if not event.isAutoRepeat():
            self._keys.add(key)
            if not self._timer.isActive():
                self._clock.start()
                self._timer.start()
                self._begun()
        return True

    def release(self, event: QKeyEvent) -> bool:
        """Whether this key flew."""
        self._heed(event.modifiers())
        key = _key_of(event)
        if key not in WAYS:
            return False
        if not event.isAutoRepeat():
            self._keys.discard(key)
        return True

    def land(self) -> None:
        """Let go of all keys: the focus went elsewhere."""
        self._keys.clear()
        self._timer.stop()

    def _heed(self, modifiers: Qt.KeyboardModifier) -> None:
        fast = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        slow = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        self._speed = 10.0 if fast else 0.1 if slow else 1.0

    def _tick(self) -> None:
        if not self._keys:
            self._timer.stop()
            return
        reach = FLIGHT * self._speed * min(0.1, self._clock.restart() / 1000.0)
        right, up, ahead = (reach * sum(WAYS[key][i] for key in self._keys) for i in range(3))
        self._view.fly(right, up, ahead)


def _key_of(event: QKeyEvent) -> int:
    """The key by its place on the keyboard, by its letter where the platform does not say."""
    places = _PLACES.get("linux" if sys.platform.startswith("linux") else sys.platform, {})
    return int(places.get(event.nativeScanCode(), event.key()))
