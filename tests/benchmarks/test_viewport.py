"""What a picture of the viewport costs, on the CPU and through OpenGL, in one run. No assertion is timed.

Run with `make bench` on an idle machine. SPLATIME_BENCH_SCENE names a snapshot to draw instead of
the made-up one, which has 150 k splats as dense on the screen as those of a trained object.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.main import make_application
from app.player import Player
from app.quality import FULL
from app.scene_loader import Scene
from app.view_state import ViewState
from app.viewport import Viewport
from app.viewport_tiles import TilesBackend
from renderer.camera import Camera
from renderer.gl.canvas import SplatCanvas, use_gl_plus
from renderer.gl.moment import Mode, Moment
from renderer.gl.navigation import OrbitCamera, fitted
from renderer.snapshot import Snapshot
from renderer.tiles.render import render
from renderer.tiles.scene import TileScene, warm
from tests.app.lag import lag_of_a_drag
from tests.renderer.gl.synthetic import synthetic_snapshot

SIZE = (540, 960)
GROUND = (0.1, 0.1, 0.1)


@pytest.fixture(scope="module")
def qapp() -> QApplication:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        pytest.skip("there is no display for the OpenGL half")
    return make_application()


def scene() -> tuple[str, Snapshot]:
    named = os.environ.get("SPLATIME_BENCH_SCENE")
    if named:
        return Path(named).name, Snapshot.load(Path(named))
    made = synthetic_snapshot(150_000)
    return "made up", replace(made, scales=made.scales * np.float32(0.2))


def best(draw: Callable[[int], object], rounds: int) -> float:
    """Milliseconds of the fastest round: a busy machine only ever adds."""
    times = []
    for i in range(rounds):
        start = time.perf_counter()
        draw(i)
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def orbit(snapshot: Snapshot, i: int) -> Camera:
    """A little further round at every picture."""
    return fitted(OrbitCamera.home(snapshot).orbited(0.03 * (i + 1), 0.0).camera, SIZE)


def test_a_picture(qapp: QApplication, capsys: pytest.CaptureFixture[str]) -> None:
    warm()
    name, snapshot = scene()
    tiles, out = TileScene(snapshot), np.empty((*SIZE, 4), np.uint8)
    full = best(lambda i: tiles.draw(orbit(snapshot, i), Moment(Mode.TEMPORAL, 0.2 * i), GROUND, out), 15)
    plain = best(lambda i: render(snapshot.at(0.2 * i), orbit(snapshot, i), GROUND), 8)
    use_gl_plus()
    canvas = SplatCanvas(size=SIZE[::-1], show=True)
    canvas.set_snapshot(snapshot)

    def through_gl(i: int) -> None:
        canvas.set_view(orbit(snapshot, i), Moment(Mode.TEMPORAL, 0.2 * i))
        canvas.picture()

    through_gl(0)
    gl = best(through_gl, 4)
    native = canvas.native
    canvas.close()
    native.deleteLater()
    with capsys.disabled():
        print(
            f"\n{name}: {len(snapshot.means)} splats, {len(snapshot.temporal.rows)} of them moving, "
            f"{SIZE[1]}x{SIZE[0]}, {numba.get_num_threads()} threads:"
            f"\n  tiles, full picture         {full:8.1f} ms (share {FULL.share:g}; target 130)"
            f"\n  the same by plain render    {plain:8.1f} ms = {plain / full:.1f}x"
            f"\n  OpenGL here, with read-back {gl:8.1f} ms = {gl / full:.1f}x"
        )
    assert full > 0
    assert out.std() > 5


@pytest.fixture
def shown(qapp: QApplication, tmp_path: Path) -> Iterator[tuple[str, ViewState, Viewport]]:
    """The scene in a viewport of `SIZE`, once its first full picture is there."""
    name, snapshot = scene()
    path = tmp_path / "snapshot.safetensors"
    snapshot.save(path)
    view = ViewState()
    viewport = Viewport(view, TilesBackend)
    viewport.resize(*SIZE[::-1])
    viewport.show()
    view.show(snapshot)
    viewport.show_scene(Scene(snapshot, path))
    while viewport.grab_picture().height() != SIZE[0]:
        qapp.processEvents()
    yield name, view, viewport
    viewport.close_backend()
    viewport.deleteLater()


def test_the_hand(shown: tuple[str, ViewState, Viewport], capsys: pytest.CaptureFixture[str]) -> None:
    """How far the picture is behind a drag at 60 moves a second."""
    name, _, viewport = shown
    lag_of_a_drag(viewport, moves=60, pause_ms=16)  # until the budget has settled
    lags = lag_of_a_drag(viewport, moves=120, pause_ms=16)
    rate, height = viewport.fps, viewport.grab_picture().height()
    times = [lag.milliseconds for lag in lags]
    with capsys.disabled():
        print(
            f"\n{name}: while dragged {rate:.0f} pictures a second, {height} of {SIZE[0]} pixels high"
            f"\n{name}: from a move of the hand to its picture {np.median(times):.0f} ms (median), {max(times):.0f} ms "
            f"(most); {sum(lag.pictures == 0 for lag in lags)} of {len(lags)} moves in the very next picture, "
            f"at the most {max(lag.pictures for lag in lags)} older in between"
        )
    assert max(lag.pictures for lag in lags) <= 1


def test_playing(shown: tuple[str, ViewState, Viewport], capsys: pytest.CaptureFixture[str]) -> None:
    """How many pictures a second reach the screen while the scene plays, and how large they are."""
    name, view, viewport = shown
    player = Player(view)
    view.play()
    QTest.qWait(1500)  # until the budget has settled
    rates, heights = [], []
    for _ in range(8):
        QTest.qWait(500)
        rates.append(viewport.fps)
        heights.append(viewport.grab_picture().height())
    view.pause()
    player.deleteLater()
    with capsys.disabled():
        print(
            f"\n{name}: plays at {np.median(rates):.0f} pictures a second (median of eight looks, {min(rates):.0f} to "
            f"{max(rates):.0f}), {min(heights)} to {max(heights)} of {SIZE[0]} pixels high"
        )
    assert min(rates) > 0
