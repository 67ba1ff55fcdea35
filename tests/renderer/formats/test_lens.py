"""Lenses: distortion as OpenCV defines it, undone without a blank rim, absurd lenses refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings

from renderer.camera import Camera
from renderer.formats.lens import Lens
from tests.renderer.formats.posed import lenses

RNG = np.random.default_rng(3)


def opencv_pixels(lens: Lens, xy: np.ndarray) -> np.ndarray:
    """Where OpenCV itself puts points at depth 1."""
    k = np.array([[lens.fx, 0, lens.cx], [0, lens.fy, lens.cy], [0, 0, 1]])
    points = np.concatenate([xy, np.ones((len(xy), 1))], 1)[None]
    still = np.zeros(3)
    if lens.fisheye:
        found = cv2.fisheye.projectPoints(points, still, still, k, np.array(lens.radial[:4]))[0]
    else:
        k1, k2, *more = lens.radial
        found = cv2.projectPoints(points, still, still, k, np.array([k1, k2, *lens.tangential, *more]))[0]
    return np.asarray(found).reshape(-1, 2)


@settings(max_examples=20, deadline=None)
@given(lens=lenses())
def test_distortion_is_opencvs(lens: Lens) -> None:
    xy = RNG.uniform(-0.8, 0.8, (20, 2))
    np.testing.assert_allclose(lens.pixels(lens.distort(xy)), opencv_pixels(lens, xy), rtol=1e-9, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(lens=lenses(("opencv", "fisheye")))
def test_a_straightened_picture_lies_inside_the_source_and_touches_its_rim(lens: Lens) -> None:
    assume(min(lens.fx, lens.fy) > 0.8 * max(lens.size))  # wider ones may bend back before the rim
    straight = lens.straightened()
    assert straight.is_straight and straight.size == lens.size
    height, width = lens.size
    rim = np.array([[x, y] for x in np.linspace(0.5, width - 0.5, 300) for y in (0.5, height - 0.5)])
    rim = np.concatenate([rim, [[x, y] for y in np.linspace(0.5, height - 0.5, 300) for x in (0.5, width - 0.5)]])
    source = lens.pixels(lens.distort(straight.rays(rim)))
    slack = np.concatenate([source - 0.5, [width - 0.5, height - 0.5] - source], 1)
    assert slack.min() > -0.02
    assert slack.min() < 0.02 * max(lens.size)


def test_points_are_straightened_to_where_the_resampled_picture_shows_them() -> None:
    lens = Lens((480, 640), 500.0, 505.0, 310.0, 250.0, (-0.2, 0.05, 0, 0, 0, 0), (0.001, -0.002))
    straight = lens.straightened()
    pixels = RNG.uniform([20, 20], [620, 460], (50, 2))
    moved = lens.straighten_points(pixels, straight)
    np.testing.assert_allclose(lens.pixels(lens.distort(straight.rays(moved))), pixels, atol=1e-6)
    at = lens.source_pixels(straight)[100, 200]
    np.testing.assert_allclose(lens.straighten_points(at[None], straight)[0], [200.5, 100.5], atol=1e-6)


def test_a_pinhole_lens_is_a_camera_and_back() -> None:
    camera = Camera(np.eye(4), np.array([[300.0, 0, 150], [0, 310, 90], [0, 0, 1]]), (200, 320))
    assert Lens.of(camera).camera(np.eye(4)) == camera
    assert Lens.of(camera).straightened() == Lens.of(camera)
    with pytest.raises(ValueError, match="straighten"):
        Lens((10, 10), 10, 10, 5, 5, (0.1, 0, 0, 0, 0, 0)).camera(np.eye(4))


@pytest.mark.parametrize("k1", [-1.5, -4.0])
def test_a_lens_that_bends_back_on_itself_is_zoomed_or_refused(k1: float) -> None:
    lens = Lens((100, 100), 40.0, 40.0, 50.0, 50.0, (k1, 0, 0, 0, 0, 0))
    try:
        straight = lens.straightened()
    except ValueError as fault:
        assert "too much" in str(fault)
        return
    spokes = straight.rays(np.array([[0.5, 0.5]])) * np.linspace(0, 1, 50)[:, None]
    assert (np.diff(np.linalg.norm(lens.distort(spokes), axis=1)) > -1e-3).all()


@pytest.mark.parametrize(
    "numbers",
    [
        {"fx": float("nan")},
        {"fx": -300.0},
        {"fx": 1e8},
        {"cx": 1e5},
        {"size": (0, 10)},
        {"size": (10, 99999)},
        {"radial": (float("inf"), 0, 0, 0, 0, 0)},
    ],
)
def test_absurd_lenses_are_refused(numbers: dict[str, float]) -> None:
    sane = {"size": (100, 200), "fx": 300.0, "fy": 300.0, "cx": 100.0, "cy": 50.0}
    with pytest.raises(ValueError):
        Lens(**{**sane, **numbers})  # type: ignore[arg-type]
