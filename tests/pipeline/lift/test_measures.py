"""What the figures promise: laws of flicker, of pooled PSNR, and of carrying errors between views."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lift import measures
from renderer.camera import Camera, look_at

SHAPE = (24, 32, 3)
PLAIN = settings(deadline=None, max_examples=25)


def noise(seed: int, count: int, sigma: float = 1.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return list((sigma * rng.normal(size=(count, *SHAPE))).astype(np.float32))


@PLAIN
@given(st.integers(0, 99), st.lists(st.floats(0.25, 3.0), min_size=2, max_size=6))
def test_an_error_that_stays_or_drifts_evenly_does_not_flicker(seed: int, gaps: list[float]) -> None:
    offset, slope = noise(seed, 2, 0.1)
    times = np.cumsum([0.0, *gaps]).tolist()
    errors = [offset + np.float32(t) * slope for t in times]
    assert measures.flicker(errors, times) < 1e-6


@PLAIN
@given(st.integers(0, 99), st.floats(0.01, 0.2), st.lists(st.floats(0.5, 2.0), min_size=3, max_size=6))
def test_fresh_noise_flickers_with_its_own_size(seed: int, sigma: float, gaps: list[float]) -> None:
    errors = noise(seed, len(gaps) + 1, sigma)
    assert measures.flicker(errors, np.cumsum([0.0, *gaps]).tolist()) == pytest.approx(sigma, rel=0.08)


def test_two_frames_say_nothing_about_flicker() -> None:
    assert math.isnan(measures.flicker(noise(0, 2), (0.0, 1.0)))
    assert math.isnan(measures.view_flicker([], [], []))


def test_pooled_psnr_counts_the_masked_pixels_only() -> None:
    truth = np.zeros(SHAPE, np.float32)
    image, mask = truth.copy(), np.zeros(SHAPE[:2], bool)
    image[:, :8], mask[:, :16] = 0.1, True
    assert measures.pooled_psnr([image], [truth], [mask]) == pytest.approx(20 + 10 * math.log10(2))
    assert math.isnan(measures.pooled_psnr([image], [truth], [np.zeros_like(mask)]))


def test_a_pixel_moves_when_any_channel_does() -> None:
    still = np.full(SHAPE, 0.5, np.float32)
    truth = still.copy()
    truth[3, 4, 2] += 0.09
    truth[5, 6] += 0.07
    assert [tuple(at) for at in np.argwhere(measures.moving(truth, still))] == [(3, 4)]


def wall(x: float) -> Camera:
    """A camera before the plane z = 0, moved sideways."""
    centre = np.array([x, 0.0, -2.0])
    return Camera.from_fov(
        look_at(centre, centre + np.array([0.0, 0.0, 1.0]), np.array([0.0, -1.0, 0.0])), 1.0, SHAPE[:2]
    )


def painted(camera: Camera) -> np.ndarray:
    """A smooth pattern on the plane, as the camera sees it."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    rays = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(camera.K).T
    point = camera.centre + 2.0 * rays @ camera.world_from_camera[:3, :3].T
    return np.stack([np.sin(3 * point[..., 0]), np.cos(2 * point[..., 1]), point[..., 0]], -1).astype(np.float32)


def test_an_error_that_sticks_to_a_surface_is_no_flicker_between_views() -> None:
    cameras = [wall(x) for x in (-0.3, 0.0, 0.2, 0.5)]
    depths = [np.full(SHAPE[:2], 2.0, np.float32)] * len(cameras)
    errors = [painted(camera) for camera in cameras]
    moved = measures.carried(errors[0], cameras[0], cameras[1], depths[1])
    seen = np.isfinite(moved)
    assert 0.5 < seen.mean() < 1.0 and np.abs(moved - errors[1])[seen].max() < 0.02
    stuck = measures.view_flicker(errors, cameras, depths)
    assert stuck < 0.01 < 0.2 < measures.view_flicker(noise(1, 4, 0.3), cameras, depths)
    in_place = measures.flicker(errors, (0.0, 1.0, 2.0, 3.0))
    assert in_place > 5 * stuck  # what carrying is for
