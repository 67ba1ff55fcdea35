"""Gaps, gauge, angles and colours, without COLMAP."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from pipeline.poses.gauge import (
    RawModel,
    fill_gaps,
    inverse,
    normalise,
    path_roughness,
    point_colours,
    reprojection_errors,
    triangulation_angle,
)
from renderer.errors import Refusal


def _poses(rng: np.random.Generator, count: int) -> np.ndarray:
    out = np.tile(np.eye(4), (count, 1, 1))
    out[:, :3, :3] = Rotation.from_rotvec(rng.normal(0, 0.3, (count, 3))).as_matrix()
    out[:, :3, 3] = rng.normal(0, 1, (count, 3))
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100.0), st.integers(0, 4))
def test_the_canonical_camera_is_the_origin_and_its_median_depth_is_one(seed: int, scale: float, place: int) -> None:
    rng = np.random.default_rng(seed)
    poses = _poses(rng, 5)
    local = rng.uniform([-1, -1, 1], [1, 1, 4], (50, 3)) * scale
    points = local @ poses[place, :3, :3].T + poses[place, :3, 3]
    out, moved = normalise(poses, points, place, np.arange(50))
    assert np.array_equal(out[place], np.eye(4))
    assert np.median(moved[:, 2]) == pytest.approx(1.0)
    before = np.linalg.norm(points[:, None] - poses[None, :, :3, 3], axis=-1)
    after = np.linalg.norm(moved[:, None] - out[None, :, :3, 3], axis=-1)
    assert np.allclose(after / before, (after / before)[0, 0], rtol=1e-6)
    assert np.allclose(out[:, :3, :3] @ out[:, :3, :3].transpose(0, 2, 1), np.eye(3), atol=1e-9)


def test_only_points_the_canonical_frame_sees_set_the_scale() -> None:
    points = np.concatenate([np.full((10, 3), [0.0, 0.0, 2.0]), np.full((30, 3), [0.0, 0.0, 9.0])])
    _, moved = normalise(np.eye(4)[None], points, 0, np.arange(10))
    assert np.median(moved[:10, 2]) == pytest.approx(1.0)


def test_nothing_before_the_canonical_camera_is_refused() -> None:
    with pytest.raises(Refusal, match="canonical"):
        normalise(np.eye(4)[None], np.full((20, 3), -1.0), 0, np.arange(20))


def test_gaps_lie_between_their_neighbours_and_ends_repeat() -> None:
    placed = np.tile(np.eye(4), (2, 1, 1))
    placed[1, :3, :3] = Rotation.from_euler("y", 40, degrees=True).as_matrix()
    placed[1, 0, 3] = 4.0
    out = fill_gaps([1, 5], placed, 8)
    assert np.array_equal(out[1], placed[0])
    assert np.array_equal(out[5], placed[1])
    assert np.allclose(out[0], out[1])
    assert np.allclose(out[7], out[5])
    assert out[3, 0, 3] == pytest.approx(2.0)
    assert Rotation.from_matrix(out[3, :3, :3]).magnitude() == pytest.approx(np.radians(20))
    assert np.allclose(fill_gaps([2], placed[1:], 4), placed[1])


def test_inverse_is_the_inverse() -> None:
    poses = _poses(np.random.default_rng(3), 6)
    assert np.allclose(np.linalg.inv(inverse(poses[:, :3])), poses)


def _two_views() -> RawModel:
    """One point two units ahead of two cameras two units apart: 2 * atan(1 / 2) degrees; seen exactly and 3 px off."""
    view = np.tile(np.eye(4)[:3], (2, 1, 1))
    view[0, 0, 3], view[1, 0, 3] = 1.0, -1.0
    xy = np.array([[50 + 5.0, 40.0], [50 - 5.0, 40.0 + 3.0]])
    return RawModel(
        attempt="test",
        focals=np.full(2, 10.0),
        placed=np.array([0, 3]),
        camera_from_world=view,
        points=np.array([[0.0, 0.0, 2.0]]),
        obs_point=np.array([0, 0]),
        obs_frame=np.array([0, 3]),
        obs_xy=xy,
    )


def test_errors_and_angles_of_two_views() -> None:
    model = _two_views()
    assert reprojection_errors(model, (80, 100)) == pytest.approx([0.0, 3.0])
    assert triangulation_angle(model) == pytest.approx(2 * np.degrees(np.arctan(0.5)))


def test_colours_come_from_the_pixels_where_points_were_found() -> None:
    frames = np.zeros((4, 80, 100, 3), np.uint8)
    frames[0, 40, 55] = (10, 20, 30)
    frames[3, 43, 45] = (30, 40, 50)
    assert point_colours(_two_views(), frames).tolist() == [[20, 30, 40]]


def test_roughness_is_one_on_a_steady_path() -> None:
    steady = {k: np.eye(4) for k in range(6)}
    for k, pose in steady.items():
        pose[0, 3] = k
    assert path_roughness(steady) == pytest.approx(1.0)
    steady[5][0, 3] = 8.0
    assert path_roughness(steady) == pytest.approx(4.0)
