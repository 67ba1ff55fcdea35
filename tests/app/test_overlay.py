"""What lies over the picture, by real clicks: gizmo, frusta, the source frame; and flying by held keys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.frame_store import image_of
from app.main_window import MainWindow
from app.overlay import GIZMO_ARM, GIZMO_MARGIN, Hit
from app.overlay_source import SourceFrame, pixels_of, psnr
from app.scene_loader import Scene
from app.view_state import FREE, REFERENCE, ViewState
from app.viewport import Viewport
from renderer.look import Paint
from tests.app.conftest import FakeBackend, OpenWindow, fake
from tests.app.hands import click, key, move, press, release
from tests.renderer.gl.synthetic import synthetic_snapshot

Stage = tuple[Viewport, ViewState]


@pytest.fixture
def stage(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage]:
    view = ViewState()
    viewport = Viewport(view, FakeBackend)
    viewport.resize(640, 360)
    viewport.show()
    qtbot.waitExposed(viewport)
    path = tmp_path / "snapshot.safetensors"
    synthetic_snapshot(900).save(path)
    scene = Scene.read(path)
    view.show(scene.snapshot)
    viewport.show_scene(scene)
    yield viewport, view
    viewport.close_backend()
    viewport.close()
    viewport.deleteLater()


def point(place: QPointF) -> QPoint:
    return QPoint(round(place.x()), round(place.y()))


def test_a_click_on_the_gizmo_looks_along_its_axis(stage: Stage) -> None:
    viewport, view = stage
    assert view.orbit is not None
    pivot = view.orbit.pivot
    tip = QPoint(round(640 - GIZMO_MARGIN), round(GIZMO_MARGIN - GIZMO_ARM))
    assert viewport.hit(QPointF(tip)) == Hit("axis", "top")
    click(viewport.backend.widget, tip)
    assert view.camera is not None
    assert view.camera.forward[1] > 0.99, "straight down, as far as the horizon allows"
    np.testing.assert_allclose(view.orbit.pivot, pivot)
    view.from_axis("front")
    np.testing.assert_allclose(view.camera.forward, [0, 0, 1], atol=1e-9)
    view.from_axis("right")
    np.testing.assert_allclose(view.camera.forward, [-1, 0, 0], atol=1e-9)


def test_a_click_on_a_frustum_looks_through_it(stage: Stage) -> None:
    viewport, view = stage
    assert view.snapshot is not None
    view.turn(0.5, 0.4)
    view.dolly(2.5)
    camera = viewport.overlay.camera()
    assert camera is not None
    (pixel,), _ = camera.project(view.snapshot.freeze_cameras[20].centre[None])
    click(viewport.backend.widget, QPoint(round(pixel[0]), round(pixel[1])))
    assert view.station == 20
    assert view.camera == view.snapshot.freeze_cameras[20]
    assert viewport.hit(QPointF(pixel[0], pixel[1])) is None, "no frusta from inside one"


def test_a_drag_that_begins_on_a_frustum_still_orbits(stage: Stage) -> None:
    viewport, view = stage
    assert view.snapshot is not None
    view.turn(0.5, 0.4)
    view.dolly(2.5)
    camera = viewport.overlay.camera()
    assert camera is not None
    (pixel,), _ = camera.project(view.snapshot.freeze_cameras[20].centre[None])
    start, before = QPoint(round(pixel[0]), round(pixel[1])), view.camera
    press(viewport.backend.widget, start)
    for step in (10, 20, 30):
        move(viewport.backend.widget, start + QPoint(-step, 0))
    release(viewport.backend.widget, start + QPoint(-30, 0))
    assert view.station == FREE
    assert view.camera != before


def test_hidden_cameras_are_not_hit(stage: Stage) -> None:
    viewport, view = stage
    view.turn(0.5, 0.4)
    view.dolly(2.5)
    view.set_mark("cameras", False)
    camera = viewport.overlay.camera()
    assert camera is not None
    assert view.snapshot is not None
    (pixel,), _ = camera.project(view.snapshot.freeze_cameras[20].centre[None])
    assert viewport.hit(QPointF(pixel[0], pixel[1])) is None


def shown(viewport: Viewport) -> np.ndarray:
    return pixels_of(viewport.overlay.grab().toImage(), (360, 640)).astype(int)


def test_the_source_frame_is_blended_wiped_and_taken_from_the_picture(qtbot: QtBot, stage: Stage) -> None:
    viewport, view = stage
    red = QImage(320, 180, QImage.Format.Format_RGB888)
    red.fill(QColor(255, 0, 0))
    view.set_source("blend", 1.0)
    viewport.show_source(red, "Reference frame 0")
    assert (shown(viewport)[180:300, 100:500] == [255, 0, 0]).all()
    view.set_source("wipe", 0.25)
    left, right = shown(viewport)[250, 100], shown(viewport)[250, 400]
    assert tuple(left) == (255, 0, 0)
    assert tuple(right) != (255, 0, 0)
    edge = QPoint(160, 250)
    press(viewport.backend.widget, edge)
    move(viewport.backend.widget, QPoint(300, 250))
    move(viewport.backend.widget, QPoint(480, 250))
    release(viewport.backend.widget, QPoint(480, 250))
    assert view.wipe == pytest.approx(0.75)
    assert view.station == REFERENCE, "a drag of the wipe turns nothing"
    view.turn(0.1, 0.0)
    assert tuple(shown(viewport)[250, 100]) != (255, 0, 0), "from elsewhere there is nothing to compare"


def test_a_comparison_measures_the_frames_part_of_the_picture() -> None:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 255, (90, 160, 3)).astype(np.uint8)
    picture = np.zeros((120, 320, 3), np.uint8)
    picture[15:105, 80:240] = frame
    source = SourceFrame()
    source.show(image_of(frame), "")
    source.compare(image_of(picture), QRectF(40, 7.5, 80, 45), (160, 60))
    assert source.decibels == math.inf
    source.compare(image_of(np.roll(picture, 3, 1)), QRectF(40, 7.5, 80, 45), (160, 60))
    assert source.decibels is not None
    assert source.decibels < 15
    assert psnr(frame, np.clip(frame.astype(int) + 5, 0, 255).astype(np.uint8)) == pytest.approx(34.2, abs=0.5)


def test_held_keys_fly_and_the_left_hand_looks_then(qtbot: QtBot, stage: Stage) -> None:
    viewport, view = stage
    viewport.setFocus()
    assert view.camera is not None
    start = view.camera.centre.copy()
    QTest.keyPress(viewport, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: view.camera is not None and view.camera.centre[2] > start[2] + 0.05, timeout=20_000)
    QTest.keyRelease(viewport, Qt.Key.Key_W)
    assert view.flying
    qtbot.wait(60)
    still = view.camera.centre.copy()
    qtbot.wait(60)
    np.testing.assert_array_equal(view.camera.centre, still)
    before = view.camera.forward[0]
    press(viewport.backend.widget, QPoint(300, 200))
    move(viewport.backend.widget, QPoint(340, 200))
    release(viewport.backend.widget, QPoint(340, 200))
    assert view.camera.forward[0] > before + 0.01, "a drag to the right looks right"
    np.testing.assert_allclose(view.camera.centre, still)


@pytest.mark.parametrize("modifier", [Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier])
def test_the_wheel_with_ctrl_orbits_and_with_shift_pans(stage: Stage, modifier: Qt.KeyboardModifier) -> None:
    viewport, view = stage
    assert view.orbit is not None
    before = view.orbit
    where = QPointF(100, 90)
    widget = viewport.backend.widget
    event = QWheelEvent(
        where, widget.mapToGlobal(where), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    after = view.orbit
    assert after.distance == pytest.approx(before.distance)
    assert np.allclose(after.pivot, before.pivot) == (modifier is Qt.KeyboardModifier.ControlModifier)
    assert after.camera != before.camera


def test_paints_and_marks_by_keys_and_buttons(window: MainWindow) -> None:
    for which, paint in ((Qt.Key.Key_5, Paint.CENTRES), (Qt.Key.Key_6, Paint.DEPTH), (Qt.Key.Key_7, Paint.DEFORMATION)):
        key(window, which)
        assert window.view.paint is paint
        assert fake(window).looks[-1].paint is paint
        assert window.commands[paint.value].isChecked()
    key(window, Qt.Key.Key_2)
    per_frame = fake(window).looks[-1].high
    key(window, Qt.Key.Key_3)
    assert fake(window).looks[-1].high > 2 * per_frame, "each motion has its own range"
    key(window, Qt.Key.Key_G)
    key(window, Qt.Key.Key_T)
    assert window.view.marks == {"cameras", "grid", "trails"}
    assert shown(window.viewport).std() >= 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_trails_and_grid_are_drawn(open_window: OpenWindow, qtbot: QtBot, project: Path, theme: str) -> None:
    window = open_window(theme=theme)
    window.open_project(project)
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=10_000)
    window.view.set_mark("cameras", False)

    def picture() -> np.ndarray:
        return pixels_of(window.viewport.overlay.grab().toImage(), (300, 500)).astype(int)

    window.view.turn(0.1, 0.0)
    bare = picture()
    for mark in ("grid", "trails", "cameras"):
        window.view.set_mark(mark, True)
        assert (np.abs(picture() - bare).sum(-1) > 0).mean() > 0.001, mark
        window.view.set_mark(mark, False)
    np.testing.assert_array_equal(picture(), bare)


def test_numpad_five_takes_the_perspective_away_and_gives_it_back(window: MainWindow) -> None:
    view, flat = window.view, window.commands["flat"]
    view.turn(0.3, 0.2)
    before = view.camera
    assert before is not None and not flat.isChecked()
    window.viewport.setFocus()
    keypad = Qt.KeyboardModifier.KeypadModifier
    QTest.keyClick(window.viewport, Qt.Key.Key_5, keypad)
    assert (view.flat, flat.isChecked()) == (True, True)
    assert view.camera is not None and view.camera.K[0, 0] == pytest.approx(16 * before.K[0, 0])
    QTest.keyClick(window.viewport, Qt.Key.Key_7, keypad)
    assert (view.flat, flat.isChecked()) == (True, True), "along an axis it stays as it is"
    view.set_paint(Paint.DEPTH)
    depth = fake(window).looks[-1]
    QTest.keyClick(window.viewport, Qt.Key.Key_5, keypad)
    assert (view.flat, flat.isChecked()) == (False, False)
    assert fake(window).looks[-1].low < depth.low, "the ramp goes along with the camera"
    view.set_flat(True)
    view.reset()
    assert (view.flat, flat.isChecked()) == (False, False)


def test_a_source_frame_is_compared_on_black_whatever_the_theme(window: MainWindow) -> None:
    ground = fake(window).background
    window.view.set_source("difference")
    assert fake(window).background == (0.0, 0.0, 0.0) != ground
    window.desk.dress("light")
    assert fake(window).background == (0.0, 0.0, 0.0)
    window.view.set_source("off")
    assert fake(window).background not in ((0.0, 0.0, 0.0), ground)
