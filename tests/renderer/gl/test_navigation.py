"""Laws of moving the camera."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.gl.navigation import OrbitCamera, fitted, pick, rotation, scene_pivot
from tests.renderer.gl.synthetic import freeze_camera, reference_camera, synthetic_snapshot

SNAPSHOT = synthetic_snapshot(900)
HOME = OrbitCamera.home(SNAPSHOT)
angles = st.floats(-3.0, 3.0)
pixels = st.floats(-300.0, 300.0)


def rigid(pose: np.ndarray) -> bool:
    r = pose[:3, :3]
    return bool(np.allclose(r @ r.T, np.eye(3), atol=1e-9) and np.linalg.det(r) > 0)


def test_home_is_the_reference_camera_itself() -> None:
    assert HOME.camera == SNAPSHOT.reference_camera


def test_the_pivot_lies_ahead_at_the_median_depth() -> None:
    pivot = scene_pivot(SNAPSHOT)
    assert pivot[0] == pytest.approx(0.0)
    assert pivot[1] == pytest.approx(0.0)
    assert 3.0 < pivot[2] < 6.6


@given(yaw=angles, pitch=angles)
def test_orbit_keeps_distance_rigidity_and_the_pivots_place_in_the_picture(yaw: float, pitch: float) -> None:
    start = HOME.jumped(freeze_camera(0.3))
    moved = start.orbited(yaw, pitch)
    assert moved.distance == pytest.approx(start.distance, rel=1e-9)
    assert rigid(moved.camera.world_from_camera)
    before, _ = start.camera.project(start.pivot[None])
    after, _ = moved.camera.project(moved.pivot[None])
    np.testing.assert_allclose(after, before, atol=1e-6)


@given(pitches=st.lists(angles, max_size=6))
def test_orbit_never_goes_over_the_pole(pitches: list[float]) -> None:
    view = HOME
    for pitch in pitches:
        view = view.orbited(0.0, pitch)
    assert abs(view.camera.forward @ view.up) < math.sin(math.radians(88.5))
    assert -view.camera.world_from_camera[:3, 1] @ view.up > 0.0


@given(yaw=angles)
def test_orbit_there_and_back_is_the_identity(yaw: float) -> None:
    back = HOME.orbited(yaw, 0.0).orbited(-yaw, 0.0)
    np.testing.assert_allclose(back.camera.world_from_camera, HOME.camera.world_from_camera, atol=1e-9)


def test_dragging_right_and_down_moves_the_front_of_the_scene_right_and_down() -> None:
    front = (HOME.pivot - 0.5 * HOME.camera.forward)[None]
    (before,), _ = HOME.camera.project(front)
    (right,), _ = HOME.orbited(0.1, 0.0).camera.project(front)
    (down,), _ = HOME.orbited(0.0, 0.1).camera.project(front)
    assert right[0] > before[0] + 1
    assert down[1] > before[1] + 1


@given(dx=pixels, dy=pixels)
def test_pan_moves_the_pivots_plane_by_just_that_many_pixels(dx: float, dy: float) -> None:
    point = HOME.pivot[None]
    (before,), _ = HOME.camera.project(point)
    panned = HOME.panned(dx, dy)
    (after,), _ = panned.camera.project(point)
    np.testing.assert_allclose(after - before, [dx, dy], atol=1e-6)
    assert panned.distance == pytest.approx(HOME.distance)


@given(factor=st.floats(1e-6, 1e6))
def test_dolly_multiplies_the_distance_within_limits(factor: float) -> None:
    moved = HOME.dollied(factor)
    wanted = min(max(HOME.distance * factor, 0.02 * HOME.reach), 40.0 * HOME.reach)
    assert moved.distance == pytest.approx(wanted, rel=1e-6)
    np.testing.assert_array_equal(moved.camera.world_from_camera[:3, :3], HOME.camera.world_from_camera[:3, :3])


@given(x=st.floats(-2, 2), y=st.floats(-2, 2), z=st.floats(1, 9))
def test_focus_puts_the_point_in_the_middle_without_moving_the_camera(x: float, y: float, z: float) -> None:
    point = np.array([x, y, z])
    view = HOME.focused(point)
    (pixel,), _ = view.camera.project(point[None])
    np.testing.assert_allclose(pixel, [128.0, 72.0], atol=1e-6)
    np.testing.assert_array_equal(view.camera.centre, HOME.camera.centre)


def test_focus_straight_up_does_not_break() -> None:
    view = HOME.focused(HOME.camera.centre + 3.0 * HOME.up)
    assert np.isfinite(view.camera.world_from_camera).all()


def test_frame_restores_the_home_distance() -> None:
    view = HOME.dollied(7.0).orbited(0.7, 0.2).framed(scene_pivot(SNAPSHOT))
    assert view.distance == pytest.approx(HOME.reach)


def test_jump_takes_the_very_camera_and_keeps_the_pivot_ahead() -> None:
    camera = freeze_camera(0.4)
    view = HOME.jumped(camera)
    assert view.camera == camera
    ahead = view.pivot - camera.centre
    np.testing.assert_allclose(ahead / np.linalg.norm(ahead), camera.forward, atol=1e-9)


@given(height=st.integers(40, 900), width=st.integers(40, 1600))
def test_fitting_keeps_the_whole_frame_centred(height: int, width: int) -> None:
    camera = reference_camera()
    fit = fitted(camera, (height, width))
    corners = np.array([[0, 0, 1], [256, 144, 1], [128, 72, 1.0]]) @ np.linalg.inv(camera.K).T
    pixels_, _ = fit.project(corners)
    assert (pixels_ >= -1e-6).all()
    assert (pixels_ <= np.array([width, height]) + 1e-6).all()
    np.testing.assert_allclose(pixels_[2], [width / 2, height / 2], atol=1e-6)
    assert fit.size == (height, width)


def test_rotation_turns_right_handed() -> None:
    np.testing.assert_allclose(rotation(np.array([0, 0, 1.0]), math.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_pick_finds_the_ball_in_front_of_the_wall() -> None:
    snapshot = synthetic_snapshot(6000)
    camera = snapshot.reference_camera
    (pixel,), _ = camera.project(np.array([[-0.9, 0.3, 3.25]]))
    point = pick(snapshot.canonical(), camera, (pixel[0], pixel[1]))
    assert point is not None
    assert 3.0 < point[2] < 4.2
    assert pick(snapshot.canonical(), fitted(camera, (2000, 256)), (128.0, 5.0)) is None


@given(yaw=st.floats(-2, 2), pitch=st.floats(-1, 1), step=st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_flying_moves_pivot_and_camera_alike(yaw: float, pitch: float, step: tuple[float, float, float]) -> None:
    view = HOME.looked(yaw, pitch)
    np.testing.assert_allclose(view.camera.centre, HOME.camera.centre)
    assert view.distance == pytest.approx(HOME.distance)
    ahead = view.pivot - view.camera.centre
    np.testing.assert_allclose(ahead / np.linalg.norm(ahead), view.camera.forward, atol=1e-9)
    assert abs(view.camera.world_from_camera[:3, 0] @ view.up) < 1e-9, "the horizon stays level"
    moved = view.flown(*step)
    np.testing.assert_allclose(moved.pivot - moved.camera.centre, ahead, atol=1e-9)
    local = view.camera.world_from_camera[:3, :3].T @ (moved.camera.centre - view.camera.centre)
    np.testing.assert_allclose(local, np.array([step[0], -step[1], step[2]]) * view.reach, atol=1e-9)


def test_looking_right_and_down() -> None:
    assert HOME.looked(0.3, 0.0).camera.forward[0] > 0.2
    assert HOME.looked(0.0, 0.3).camera.forward[1] > 0.2, "y is down"


@given(yaw=angles, pitch=angles)
def test_a_flat_view_shows_the_pivots_plane_as_before_and_parallels_as_such(yaw: float, pitch: float) -> None:
    start = HOME.jumped(freeze_camera(0.3)).orbited(yaw, pitch)
    flat = start.flattened(True)
    r, depth = start.camera.world_from_camera[:3, :3], float((start.pivot - start.camera.centre) @ start.camera.forward)
    across = start.pivot + 0.3 * depth * r[:, 0]
    for points in (start.pivot[None], across[None]):
        np.testing.assert_allclose(flat.camera.project(points)[0], start.camera.project(points)[0], atol=1e-6)
    behind = np.stack([across, across + 0.5 * depth * r[:, 2]])
    near, far = (float(x) - flat.camera.K[0, 2] for x, _ in flat.camera.project(behind)[0])
    assert far / near > 0.96, "with perspective it would be two thirds"
    back = flat.flattened(False)
    np.testing.assert_allclose(back.camera.world_from_camera, start.camera.world_from_camera, atol=1e-9)
    np.testing.assert_allclose(back.camera.K, start.camera.K)


def test_a_flat_view_zooms_as_far_as_any_and_ends_at_a_solved_camera() -> None:
    flat = HOME.flattened(True)
    assert flat.dollied(0.5).distance == pytest.approx(0.5 * flat.distance)
    assert flat.dollied(1e9).distance == pytest.approx(HOME.dollied(1e9).distance * flat.lens)
    assert flat.jumped(freeze_camera(0.3)).lens == 1.0
