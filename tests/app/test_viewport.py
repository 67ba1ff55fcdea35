"""The hand on the picture, and both back ends with real pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app import quality, viewport_backend
from app.scene_loader import Scene
from app.view_state import FREE, REFERENCE, ViewState
from app.viewport import Viewport
from app.viewport_backend import Backend, Reports
from app.viewport_tiles import TilesBackend
from renderer.gl.moment import Mode
from renderer.gl.navigation import fitted
from renderer.snapshot import Snapshot
from tests.app.conftest import FakeBackend
from tests.app.hands import double_click, move, press, release
from tests.app.lag import lag_of_a_drag
from tests.renderer.gl.synthetic import synthetic_snapshot

SIZE = (320, 180)
Open = Callable[[Callable[[Reports], Backend]], tuple[Viewport, ViewState]]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    snapshot = synthetic_snapshot(1500)
    path = tmp_path / "snapshot.safetensors"
    snapshot.save(path)
    return Scene(Snapshot.load(path), path)


@pytest.fixture
def open_viewport(qtbot: QtBot, scene: Scene) -> Iterator[Open]:
    made: list[Viewport] = []

    def make(back_end: Callable[[Reports], Backend]) -> tuple[Viewport, ViewState]:
        view = ViewState()
        viewport = Viewport(view, back_end)
        made.append(viewport)
        viewport.resize(*SIZE)
        viewport.show()
        qtbot.waitExposed(viewport)
        view.show(scene.snapshot)
        viewport.show_scene(scene)
        return viewport, view

    yield make
    for viewport in made:
        viewport.close_backend()
        viewport.close()
        viewport.deleteLater()


@pytest.fixture
def faked(open_viewport: Open) -> tuple[Viewport, ViewState, QWidget]:
    viewport, view = open_viewport(FakeBackend)
    return viewport, view, viewport.backend.widget


def drag(widget: QWidget, button: Qt.MouseButton, by: QPoint) -> None:
    start = QPoint(150, 90)
    press(widget, start, button)
    move(widget, start + by / 2)
    move(widget, start + by)
    release(widget, start + by, button)


def pixels(image: QImage) -> npt.NDArray[np.uint8]:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy()


def test_left_drag_orbits(qtbot: QtBot, faked: tuple[Viewport, ViewState, QWidget]) -> None:
    _, view, widget = faked
    before = view.orbit
    drag(widget, Qt.MouseButton.LeftButton, QPoint(40, 10))
    assert before is not None
    assert view.orbit is not None
    assert view.station == FREE
    assert view.orbit.distance == pytest.approx(before.distance)
    assert view.orbit.camera.centre[0] < before.camera.centre[0] - 0.1
    np.testing.assert_allclose(view.orbit.pivot, before.pivot)


@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton])
def test_right_drag_pans_with_the_hand(
    qtbot: QtBot, faked: tuple[Viewport, ViewState, QWidget], button: Qt.MouseButton
) -> None:
    viewport, view, widget = faked
    assert view.orbit is not None
    point = view.orbit.pivot[None]
    camera = viewport.view_camera()
    assert camera is not None
    before, _ = camera.project(point)
    drag(widget, button, QPoint(30, -20))
    camera = viewport.view_camera()
    assert camera is not None
    after, _ = camera.project(point)
    np.testing.assert_allclose((after - before)[0], np.array([30, -20]) * viewport.devicePixelRatioF(), atol=0.5)


def test_the_wheel_zooms(faked: tuple[Viewport, ViewState, QWidget]) -> None:
    _, view, widget = faked
    assert view.orbit is not None
    before = view.orbit.distance
    where = QPointF(100, 90)
    for notch in (120, -120, 120):
        event = QWheelEvent(
            where, widget.mapToGlobal(where), QPoint(), QPoint(0, notch), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)
    assert view.orbit.distance == pytest.approx(before * 0.88)


def test_a_double_click_looks_at_what_is_there(qtbot: QtBot, faked: tuple[Viewport, ViewState, QWidget]) -> None:
    viewport, view, widget = faked
    camera = viewport.view_camera()
    assert camera is not None
    (ball,), _ = camera.project(np.array([[-0.9, 0.3, 3.4]]))
    double_click(widget, QPoint(round(ball[0]), round(ball[1])))
    assert view.orbit is not None
    assert view.orbit.pivot[2] < 5.0, "the ball, not the wall behind it"
    assert view.station == FREE


def test_moving_is_told_from_rest(qtbot: QtBot, faked: tuple[Viewport, ViewState, QWidget]) -> None:
    viewport, view, _ = faked
    backend = viewport.backend
    assert isinstance(backend, FakeBackend)
    qtbot.waitUntil(lambda: not backend.views[-1][2], timeout=20_000)
    count = len(backend.views)
    view.turn(0.1, 0.0)
    assert [moving for _, _, moving in backend.views[count:]] == [True]
    qtbot.waitUntil(lambda: len(backend.views) > count + 1, timeout=20_000)
    camera, _, moving = backend.views[-1]
    assert not moving
    assert camera == viewport.view_camera()


def test_the_whole_frame_fits_whatever_the_shape(qtbot: QtBot, faked: tuple[Viewport, ViewState, QWidget]) -> None:
    viewport, view, _ = faked
    viewport.resize(500, 400)
    qtbot.waitUntil(lambda: viewport.width() == 500, timeout=20_000)
    camera, own = viewport.view_camera(), view.camera
    assert camera is not None
    assert own is not None
    ratio = viewport.devicePixelRatioF()
    assert camera == fitted(own, (round(400 * ratio), round(500 * ratio)))
    frame = viewport.frame_rect()
    assert frame is not None
    assert frame.width() == pytest.approx(500)
    view.turn(0.1, 0.0)
    assert viewport.frame_rect() is None


def test_words_of_the_back_end_are_shown_over_the_picture(faked: tuple[Viewport, ViewState, QWidget]) -> None:
    viewport, _, _ = faked
    backend = viewport.backend
    assert isinstance(backend, FakeBackend)
    backend.reports.said("Preparing…")
    assert viewport._caption.isVisible()
    assert viewport._caption.text() == "Preparing…"
    backend.reports.said("")
    assert not viewport._caption.isVisible()


def gl_backend(reports: Reports) -> Backend:
    from app.viewport_gl import GlBackend

    return GlBackend(reports)


BACK_ENDS = pytest.mark.parametrize("make", [gl_backend, TilesBackend], ids=["gl", "tiles"])


def settled(qtbot: QtBot, viewport: Viewport) -> npt.NDArray[np.uint8]:
    """The widget's picture at rest, once the newest view is on the screen."""
    from renderer.tiles.render import render

    view = viewport._view
    camera = viewport.view_camera()
    assert camera is not None
    assert view.snapshot is not None
    truth = render(view.moment.posed(view.snapshot), camera, viewport_ground()).rgb.astype(int)

    def close() -> None:
        assert not viewport.grab_picture().isNull()
        shown = pixels(viewport.grab_picture())
        assert shown.shape == truth.shape
        assert np.abs(shown - truth).mean() < 2.0
        assert np.percentile(np.abs(shown - truth), 99) <= 8.0

    qtbot.waitUntil(close, timeout=60_000)
    return pixels(viewport.grab().toImage())


def viewport_ground() -> tuple[float, float, float]:
    from app.theme import current_theme

    colour = current_theme().colour("viewport")
    return colour.redF(), colour.greenF(), colour.blueF()


@pytest.mark.usefixtures("warm_tiles")
@BACK_ENDS
def test_scrubbing_modes_cameras_and_reset_change_the_picture(
    qtbot: QtBot, open_viewport: Open, make: Callable[[Reports], Backend]
) -> None:
    viewport, view = open_viewport(make)
    start = settled(qtbot, viewport)
    assert start.std() > 10
    view.set_time(9.5)
    moved = settled(qtbot, viewport)
    assert np.abs(moved.astype(int) - start).mean() > 2
    view.set_mode(Mode.CANONICAL)
    canonical = settled(qtbot, viewport)
    assert np.abs(canonical.astype(int) - moved).mean() > 2
    view.go_to(20)
    view.set_mode(Mode.PER_FRAME)
    seen = settled(qtbot, viewport)
    assert np.abs(seen.astype(int) - canonical).mean() > 2
    view.reset()
    view.set_time(0.0)
    assert view.station == REFERENCE
    assert np.abs(settled(qtbot, viewport).astype(int) - start).mean() < 1


@pytest.mark.usefixtures("warm_tiles")
@BACK_ENDS
def test_a_scene_can_be_taken_away_and_replaced(
    qtbot: QtBot, open_viewport: Open, make: Callable[[Reports], Backend], tmp_path: Path
) -> None:
    viewport, view = open_viewport(make)
    settled(qtbot, viewport)
    view.show(None)
    viewport.show_scene(None)
    other = Scene(synthetic_snapshot(600, seed=2), tmp_path / "other.safetensors")
    other.snapshot.save(other.path)
    view.show(other.snapshot)
    viewport.show_scene(other)
    settled(qtbot, viewport)


@pytest.mark.usefixtures("warm_tiles")
def test_the_cpu_back_end_answers_a_missing_file_with_a_sentence_and_goes_on(
    qtbot: QtBot, open_viewport: Open, scene: Scene, tmp_path: Path
) -> None:
    viewport, _ = open_viewport(TilesBackend)
    settled(qtbot, viewport)
    viewport.show_scene(Scene(scene.snapshot, tmp_path / "gone.safetensors"))
    qtbot.waitUntil(lambda: "gone.safetensors" in viewport._caption.text(), timeout=20_000)
    viewport.show_scene(scene)
    settled(qtbot, viewport)
    qtbot.waitUntil(lambda: not viewport._caption.isVisible(), timeout=20_000)


@pytest.mark.usefixtures("warm_tiles")
def test_the_cpu_back_end_starts_its_process_again(qtbot: QtBot, open_viewport: Open) -> None:
    viewport, view = open_viewport(TilesBackend)
    settled(qtbot, viewport)
    backend = viewport.backend
    assert isinstance(backend, TilesBackend)
    assert backend._client.process is not None
    backend._client.process.kill()
    qtbot.waitUntil(lambda: backend._client.starts == 2, timeout=20_000)
    view.set_time(5.0)
    settled(qtbot, viewport)


@pytest.mark.usefixtures("warm_tiles")
def test_while_moving_the_cpu_picture_is_smaller_when_it_must_be(
    qtbot: QtBot, open_viewport: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BUDGET_MS", "COARSE_MS"):
        monkeypatch.setattr(quality, name, 0.001)
    viewport, view = open_viewport(TilesBackend)
    full = settled(qtbot, viewport).shape
    shapes = []
    for step in range(40):
        view.set_time(step * 0.2)
        qtbot.wait(15)
        assert not viewport.grab_picture().isNull()
        shapes.append(pixels(viewport.grab_picture()).shape)
    assert min(shape[0] for shape in shapes) < full[0] // 2
    settled(qtbot, viewport)


@pytest.mark.usefixtures("warm_tiles")
def test_the_picture_is_never_more_than_one_behind_the_hand(qtbot: QtBot, open_viewport: Open) -> None:
    viewport, view = open_viewport(TilesBackend)
    settled(qtbot, viewport)
    lags = lag_of_a_drag(viewport, moves=60, pause_ms=4)
    assert len(lags) >= 50  # the first few may be a click yet
    assert view.station == FREE
    assert {lag.pictures for lag in lags} <= {0, 1}
    assert any(lag.pictures == 1 for lag in lags)  # moves came while a picture was under way, or nothing was tried


@pytest.mark.parametrize(
    ("asked", "driver", "chosen"),
    [
        ("", "llvmpipe (LLVM 15.0.6, 256 bits)", "tiles"),
        ("", "softpipe", "tiles"),
        ("", "", "tiles"),
        ("", "NVIDIA GeForce RTX 4090/PCIe/SSE2", "gl"),
        ("gl", "llvmpipe", "gl"),
        ("TILES ", "NVIDIA", "tiles"),
        ("nonsense", "Mesa Intel(R) Xe", "gl"),
    ],
)
def test_the_back_end_suits_the_driver(monkeypatch: pytest.MonkeyPatch, asked: str, driver: str, chosen: str) -> None:
    monkeypatch.setenv("SPLATIME_VIEWPORT", asked)
    monkeypatch.setattr(viewport_backend, "opengl_renderer", lambda: driver)
    assert viewport_backend.choose() == chosen


def test_this_machines_driver_has_a_name(qapp: QApplication) -> None:
    assert viewport_backend.opengl_renderer()
