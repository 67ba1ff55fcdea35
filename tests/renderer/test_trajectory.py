"""Laws of a camera path: it passes through its keys, stays a rotation, and turns the short way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.camera import Camera
from renderer.trajectory import CameraKey, CameraTrajectory, quaternion_from_rotation, refit, rotation_from_quaternion

unit = st.floats(-1, 1)
quats = st.tuples(unit, unit, unit, unit).map(np.array).filter(lambda q: np.linalg.norm(q) > 0.1)


def pose(q: np.ndarray, centre: float) -> np.ndarray:
    out = np.eye(4)
    out[:3, :3] = rotation_from_quaternion(q)
    out[:3, 3] = [centre, 2 * centre, -centre]
    return out


@given(quats)
def test_rotation_and_quaternion_agree(q: np.ndarray) -> None:
    r = rotation_from_quaternion(q)
    np.testing.assert_allclose(r @ r.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotation_from_quaternion(quaternion_from_rotation(r)), r, atol=1e-9)


@given(st.lists(quats, min_size=1, max_size=5), st.floats(0, 1))
def test_a_path_passes_through_its_keys_and_stays_rigid(turns: list[np.ndarray], at: float) -> None:
    keys = tuple(CameraKey(0.5 * i, pose(q, i), 0.5 + 0.1 * i, 2.0 * i) for i, q in enumerate(turns))
    path = CameraTrajectory(keys, (30, 40), 10.0, 5)
    for key in keys:
        view = path.view(key.seconds)
        np.testing.assert_allclose(view.camera.world_from_camera, key.world_from_camera, atol=1e-7)
        assert view.time == pytest.approx(key.time)
        assert 2 * math.atan(15 / view.camera.K[1, 1]) == pytest.approx(key.fov_y)
    between = path.view(at * keys[-1].seconds).camera.world_from_camera[:3, :3]
    np.testing.assert_allclose(between @ between.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(between) == pytest.approx(1.0)


def test_the_short_way_round_is_taken() -> None:
    q = np.array([math.cos(0.1), 0, math.sin(0.1), 0])
    keys = (CameraKey(0, pose(np.array([1.0, 0, 0, 0]), 0), 1.0), CameraKey(1, pose(-q, 0), 1.0))
    middle = CameraTrajectory(keys, (4, 4), 1.0, 1).view(0.5).camera
    angle = math.acos(np.clip((np.trace(middle.world_from_camera[:3, :3]) - 1) / 2, -1, 1))
    assert angle == pytest.approx(0.1, abs=1e-6)


def test_keys_out_of_order_are_an_error() -> None:
    key = CameraKey(0, np.eye(4), 1.0)
    for keys in ((), (key, key)):
        with pytest.raises(ValueError, match="increasing"):
            CameraTrajectory(keys, (4, 4), 1.0, 1)


def test_refit_keeps_pixels_square_and_the_height() -> None:
    camera = Camera.from_fov(np.eye(4), 1.0, (90, 160))
    assert refit(camera, (180, 320)) == camera.resized((180, 320))
    wide = refit(camera, (90, 300))
    assert wide.K[0, 0] == wide.K[1, 1] == camera.K[0, 0]
    assert wide.K[0, 2] == 150
