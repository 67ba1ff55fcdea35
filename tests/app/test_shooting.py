"""The Shot workspace by real clicks and keys: keys, timeline, the path in the viewport, presets, playback, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.shot_panel import NO_KEY
from app.panels.shot_timeline import KEYS, RULER
from app.shooting import COLMAP, NERFSTUDIO, OURS, Shooting
from pipeline.project.project_file import load
from pipeline.project.shot import Shot
from tests.app.conftest import fake
from tests.app.hands import click, key, move, press, release


@pytest.fixture
def shot_window(qtbot: QtBot, window: MainWindow) -> MainWindow:
    window.commands["shot"].trigger()
    qtbot.waitUntil(window.shooting.panel.isVisible, timeout=10_000)
    window.viewport.setFocus()
    return window


def lay_three(window: MainWindow) -> Shooting:
    """Three keys by Enter, the view turned between."""
    for step, time in enumerate((0.0, 6.0, 12.0)):
        window.view.scrub(time)
        if step:
            window.view.turn(-0.25, 0.0)
        key(window.viewport, Qt.Key.Key_Return)
    return window.shooting


def stored(window: MainWindow) -> Shot:
    return window.document.project.cut.shot


def place_of(window: MainWindow, index: int) -> QPoint:
    timeline = window.shooting.panel.timeline
    return QPoint(round(timeline.x_of(stored(window).keys[index].seconds)), round(RULER + KEYS / 2))


def test_enter_lays_keys_one_after_the_other_and_undo_takes_them_back(qtbot: QtBot, shot_window: MainWindow) -> None:
    window = shot_window
    shooting = lay_three(window)
    shot = stored(window)
    assert [k.seconds for k in shot.keys] == [0.0, 2.0, 4.0]
    assert [k.time for k in shot.keys] == [0.0, 6.0, 12.0]
    assert shot.size == (540, 960)
    assert window.view.camera is not None
    np.testing.assert_allclose(np.array(shot.keys[2].pose).reshape(4, 4), window.view.camera.world_from_camera)
    assert window.document.folder is not None
    folder = window.document.folder
    qtbot.waitUntil(lambda: load(folder).cut.shot == shot, timeout=20_000)
    window.commands["undo"].trigger()
    assert len(stored(window).keys) == 2
    assert len(shooting.state.shot.keys) == 2
    window.commands["redo"].trigger()
    assert stored(window) == shot


def test_the_head_is_dragged_and_the_view_goes_along(shot_window: MainWindow) -> None:
    window = shot_window
    shooting = lay_three(window)
    timeline = shooting.panel.timeline
    at = QPoint(round(timeline.x_of(1.0)), timeline.height() - 20)
    press(timeline, at)
    move(timeline, QPoint(round(timeline.x_of(2.0)), timeline.height() - 20))
    release(timeline, at)
    assert shooting.state.following
    assert window.view.time == pytest.approx(6.0, abs=0.4)
    assert shooting.state.view is not None
    assert window.view.camera is not None
    np.testing.assert_allclose(
        window.view.camera.world_from_camera, shooting.state.view.camera.world_from_camera, atol=1e-9
    )
    before = window.view.camera
    assert fake(window).views[-1][0].world_from_camera is not None
    window.view.turn(0.2, 0.0)
    assert window.view.camera != before, "the hand takes the view back"
    assert shooting.state.head is not None


def test_a_key_is_picked_dragged_in_time_and_changed(shot_window: MainWindow) -> None:
    window = shot_window
    shooting = lay_three(window)
    timeline, panel = shooting.panel.timeline, shooting.panel
    start = place_of(window, 1)
    click(timeline, start)
    assert shooting.state.selected == 1
    assert panel.time.value() == 6.0
    before = window.document.undo_stack.index()
    press(timeline, start)
    for x in (1.0, 2.0, 3.0):
        move(timeline, QPoint(round(timeline.x_of(x)), start.y()))
    assert stored(window).keys[1].seconds == 2.0, "nothing is stored before the hand lets go"
    assert shooting.state.shot.keys[1].seconds == pytest.approx(3.0, abs=0.05)
    release(timeline, QPoint(round(timeline.x_of(3.0)), start.y()))
    assert stored(window).keys[1].seconds == pytest.approx(3.0, abs=0.05)
    assert window.document.undo_stack.index() == before + 1, "one step a gesture"
    panel.time.setValue(9.5)
    panel.fov.setValue(50.0)
    panel.easing.activated.emit(panel.easing.findData("hold"))
    changed = stored(window).keys[1]
    assert (changed.time, changed.easing) == (9.5, "hold")
    assert np.degrees(changed.fov_y) == pytest.approx(50.0)


def test_a_key_is_dragged_in_the_viewport(shot_window: MainWindow) -> None:
    window = shot_window
    lay_three(window)
    window.view.turn(0.9, 0.5)
    window.view.dolly(2.0)
    camera = window.viewport.overlay.camera()
    assert camera is not None
    old = np.array(stored(window).keys[2].pose).reshape(4, 4)
    (pixel,), (depth,) = camera.project(old[None, :3, 3])
    widget, start = window.viewport.backend.widget, QPoint(round(pixel[0]), round(pixel[1]))
    hit = window.viewport.hit(QPointF(start))
    assert hit is not None
    assert (hit.kind, hit.which) == ("key", 2)
    press(widget, start)
    for step in (10, 20, 40):
        move(widget, start + QPoint(step, -step // 2))
    assert stored(window).keys[2].pose == tuple(old.ravel())
    release(widget, start + QPoint(40, -20))
    new = np.array(stored(window).keys[2].pose).reshape(4, 4)
    (moved,), (after,) = camera.project(new[None, :3, 3])
    np.testing.assert_allclose(moved, [start.x() + 40, start.y() - 20], atol=0.5)
    assert after == pytest.approx(depth)
    np.testing.assert_array_equal(new[:3, :3], old[:3, :3])


def test_keys_are_set_to_the_view_stepped_through_and_removed(shot_window: MainWindow) -> None:
    window = shot_window
    shooting = lay_three(window)
    window.commands["previous_key"].trigger()
    assert shooting.state.selected == 1
    window.view.dolly(0.8)
    window.commands["update_key"].trigger()
    assert window.view.camera is not None
    np.testing.assert_allclose(
        np.array(stored(window).keys[1].pose).reshape(4, 4), window.view.camera.world_from_camera, atol=1e-9
    )
    window.viewport.setFocus()
    key(window.viewport, Qt.Key.Key_Return, shift=True)
    assert [k.seconds for k in stored(window).keys] == [0.0, 4.0]
    assert not window.commands["remove_key"].isEnabled(), "no key is selected now"


def test_a_preset_is_laid_and_plays_in_real_time(qtbot: QtBot, shot_window: MainWindow) -> None:
    window = shot_window
    shooting = window.shooting
    menu = shooting.panel.presets.menu()
    next(action for action in menu.actions() if action.text().startswith("Bullet time")).trigger()
    assert len(stored(window).keys) == 6
    assert shooting.state.time == 0.0
    key(window, Qt.Key.Key_Space)
    assert shooting.state.rate == 1.0
    qtbot.waitUntil(lambda: shooting.state.time > 6.0, timeout=20_000)
    key(window, Qt.Key.Key_Space)
    assert not shooting.state.rate
    assert not window.view.rate, "the film drives the scene's time"
    assert window.view.time == pytest.approx(shooting.state.view.time if shooting.state.view else None, abs=1e-6)
    key(window, Qt.Key.Key_End)
    assert shooting.state.time == stored(window).n_frames - 1
    key(window, Qt.Key.Key_P)
    assert stored(window).closes > 0
    shooting.panel.speed.setValue(2.0)
    assert stored(window).speed == 2.0


def test_what_is_exported_comes_back_and_renders(shot_window: MainWindow, tmp_path: Path) -> None:
    from pipeline.jobs.picture import planned
    from pipeline.jobs.spec import RenderJob

    window = shot_window
    shooting = lay_three(window)
    snapshot = window.view.snapshot
    assert snapshot is not None
    for kind in (OURS, NERFSTUDIO):
        shot = stored(window)
        trajectory = shot.trajectory()
        assert trajectory is not None
        file = tmp_path / "camera_path.json"
        shooting.export_path(file, kind)
        plan = planned(RenderJob(str(tmp_path), str(tmp_path / "film.mp4"), str(file)), snapshot)
        assert len(plan.shots) == shot.n_frames
        for (camera, time), view in zip(plan.shots, trajectory.views(), strict=True):
            np.testing.assert_allclose(camera.world_from_camera, view.camera.world_from_camera, atol=1e-9)
            assert time == pytest.approx(view.time)
        window.commands["add_key"].trigger()
        shooting.import_path(file)
        assert len(stored(window).keys) == 3
        np.testing.assert_allclose([k.pose for k in stored(window).keys], [k.pose for k in shot.keys], atol=1e-9)
        assert [k.time for k in stored(window).keys] == pytest.approx([0.0, 6.0, 12.0])
        assert [k.seconds for k in stored(window).keys] == pytest.approx([0.0, 2.0, 4.0])
    assert json.loads((tmp_path / "camera_path.json").read_text())["render_width"] == 960


def test_colmap_out_and_in_and_bad_files_are_said(shot_window: MainWindow, tmp_path: Path) -> None:
    window = shot_window
    shooting = lay_three(window)
    shot = stored(window)
    shooting.export_path(tmp_path / "model", COLMAP)
    shooting.import_path(tmp_path / "model" / "images.txt")
    keys = stored(window).keys
    assert len(keys) == shot.n_frames
    np.testing.assert_allclose(keys[0].pose, shot.keys[0].pose, atol=1e-6)
    np.testing.assert_allclose(keys[-1].pose, shot.keys[-1].pose, atol=1e-6)
    assert keys[0].fov_y == pytest.approx(shot.keys[0].fov_y)
    (tmp_path / "bad.json").write_text('{"camera_path": [{"camera_to_world": [0]}]}')
    shooting.import_path(tmp_path / "bad.json")
    box = window.findChild(QMessageBox, "complaint")
    assert box is not None
    assert "bad.json" in box.text()
    assert stored(window).keys == keys
    click(box.button(QMessageBox.StandardButton.Ok))


def test_without_keys_the_panel_says_what_to_do(shot_window: MainWindow) -> None:
    window = shot_window
    assert not window.commands["export_path"].isEnabled()
    assert not window.shooting.panel.time.isEnabled() and NO_KEY in window.shooting.panel.time.toolTip()
    key(window, Qt.Key.Key_Space)
    assert window.view.rate == 1.0, "without a film the scene plays"
    window.view.pause()
    window.commands["lifting"].trigger()
    assert not window.shooting.state.visible


def test_a_number_that_is_stepped_is_one_undo_step(shot_window: MainWindow) -> None:
    window = shot_window
    lay_three(window)
    click(window.shooting.panel.timeline, place_of(window, 1))
    before, steps = stored(window), window.document.undo_stack.index()
    fov = window.shooting.panel.fov
    fov.setFocus()
    for _ in range(4):
        key(fov, Qt.Key.Key_Up)
    assert stored(window).keys[1].fov_y == pytest.approx(before.keys[1].fov_y + np.radians(4.0), abs=2e-3)
    assert window.document.undo_stack.index() == steps + 1
    window.commands["undo"].trigger()
    assert stored(window) == before
