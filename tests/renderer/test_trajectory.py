"""Laws of a camera path: it passes through its keys, stays a rotation, and turns the short way."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.camera import Camera
from renderer.trajectory import (
    EASINGS,
    CameraKey,
    CameraTrajectory,
    eased,
    quaternion_from_rotation,
    refit,
    rotation_from_quaternion,
)

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


def _three(closed: float = 0.0, easing: str = "linear") -> CameraTrajectory:
    keys = []
    for i, x in enumerate((0.0, 1.0, 3.0)):
        pose = np.eye(4)
        pose[0, 3] = x
        keys.append(CameraKey(float(i), pose, 0.8, 2.0 * i, easing))
    return CameraTrajectory(tuple(keys), (90, 160), 10.0, 21, closed)


@pytest.mark.parametrize("easing", EASINGS)
def test_every_easing_passes_through_the_keys_and_never_runs_back(easing: str) -> None:
    path = _three(easing=easing)
    for i in range(3):
        assert path.view(float(i)).camera.centre[0] == pytest.approx((0.0, 1.0, 3.0)[i])
    times = [path.view(0.05 * i).time for i in range(41)]
    known = [time for time in times if time is not None]
    assert len(known) == 41
    assert all(b >= a for a, b in itertools.pairwise(known))
    assert eased(easing, 0.0) == 0.0
    assert eased(easing, 1.0) == 1.0


def test_holding_stays_and_smooth_starts_gently() -> None:
    assert _three(easing="hold").view(0.9).camera.centre[0] == 0.0
    assert _three(easing="smooth").view(0.1).time == pytest.approx(2 * eased("smooth", 0.1))
    assert eased("smooth", 0.1) < 0.1 < eased("out", 0.1)
    assert eased("in", 0.1) < 0.1


def test_a_closed_path_goes_round_without_a_corner() -> None:
    path = _three(closed=1.5)
    period = 3.5
    for at in (0.0, 0.7, 2.4, 3.2):
        np.testing.assert_allclose(path.view(at).camera.centre, path.view(at + period).camera.centre, atol=1e-9)
    step = 1e-4
    before = (path.view(period - step).camera.centre - path.view(period - 2 * step).camera.centre) / step
    after = (path.view(2 * step).camera.centre - path.view(step).camera.centre) / step
    np.testing.assert_allclose(before, after, atol=0.01)


def test_a_camera_that_rests_between_two_keys_does_not_drift() -> None:
    keys = []
    for i, x in enumerate((0.0, 1.0, 1.0, 4.0)):
        pose = np.eye(4)
        pose[0, 3] = x
        keys.append(CameraKey(float(i), pose, 0.8))
    path = CameraTrajectory(tuple(keys), (90, 160), 10.0, 31)
    for at in np.linspace(1.0, 2.0, 11):
        assert path.view(float(at)).camera.centre[0] == pytest.approx(1.0, abs=1e-12)
