"""How far the picture of the CPU back end is behind the hand, told from a drag by real mouse events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.tile_client import Reply
from app.viewport import Viewport
from app.viewport_tiles import TilesBackend
from renderer.camera import Camera
from renderer.gl.moment import Moment
from renderer.look import Look
from tests.app.hands import move, press, release


@dataclass(frozen=True)
class Lag:
    """From one move of the hand to the first picture that has it."""

    pictures: int  # older pictures that were shown in between
    milliseconds: float


class _Watch:
    """Tells which of the hand's moves each picture has, by what the back end is given and asks its process for."""

    def __init__(self, backend: TilesBackend) -> None:
        self.moves: list[float] = []
        self.shown: list[tuple[float, int]] = []  # when, and how many moves it has
        self._asked: dict[int, int] = {}
        send, heed, set_view = backend._client.send, backend._client._heed, backend.set_view

        def viewing(camera: Camera, moment: Moment, look: Look, moving: bool) -> None:
            if moving:
                self.moves.append(time.perf_counter())
            set_view(camera, moment, look, moving)

        def sending(request: dict[str, Any]) -> None:
            if request["op"] == "view":
                self._asked[request["number"]] = len(self.moves)
            send(request)

        def heeding(reply: Reply) -> None:
            if reply["op"] == "picture" and reply["number"] in self._asked:
                self.shown.append((time.perf_counter(), self._asked[reply["number"]]))
            heed(reply)

        backend.set_view = viewing  # type: ignore[method-assign]
        backend._client.send = sending  # type: ignore[method-assign]
        backend._client._heed = heeding

    @property
    def done(self) -> bool:
        return bool(self.shown) and self.shown[-1][1] == len(self.moves)

    def lags(self) -> list[Lag]:
        found = []
        for count, moved in enumerate(self.moves, 1):
            since = [(when, has) for when, has in self.shown if when >= moved]
            older = next((i for i, (_, has) in enumerate(since) if has >= count), None)
            if older is not None:
                found.append(Lag(older, 1e3 * (since[older][0] - moved)))
        return found


def lag_of_a_drag(viewport: Viewport, moves: int, pause_ms: int) -> list[Lag]:
    """One lag for each move of an orbiting drag of so many moves; fewer where pictures never came."""
    backend = viewport.backend
    assert isinstance(backend, TilesBackend)
    watch, widget = _Watch(backend), backend.widget
    start = QPoint(10, widget.height() // 2)
    press(widget, start)
    for step in range(moves):
        move(widget, start + QPoint(10 + step * (widget.width() - 30) // moves, step % 7))
        QTest.qWait(pause_ms)
    for _ in range(1000):
        if watch.done:
            break
        QTest.qWait(20)
    release(widget, start + QPoint(widget.width() - 20, 0), Qt.MouseButton.LeftButton)
    return watch.lags()
