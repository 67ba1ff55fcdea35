"""The orbit prior: exact matches are explained exactly, and a known orbit is found again from matches alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.poses.orbit_prior import Pairs, fit_orbit, orbit, sampson

SIZE = (144, 256)
COUNT = 12


def _matches(values: np.ndarray, seed: int, noise: float = 0.0) -> Pairs:
    """Pairs up to three frames apart of 40 points around the centre, seen from the orbit of `values`."""
    rng = np.random.default_rng(seed)
    poses, focal = orbit(values, COUNT, SIZE[1])
    points = rng.uniform(-0.3, 0.3, (40, 3))
    local = np.einsum("fij,nj->fni", poses[:, :, :3], points) + poses[:, None, :, 3]
    xy = focal * local[..., :2] / local[..., 2:] + np.array([SIZE[1] / 2, SIZE[0] / 2])
    xy = xy + rng.normal(0, noise, xy.shape)
    places = np.array([(a, a + gap) for gap in (1, 2, 3) for a in range(COUNT - gap)])
    offsets = 40 * np.arange(len(places) + 1)
    return Pairs(places, xy[places[:, 0]].reshape(-1, 2), xy[places[:, 1]].reshape(-1, 2), offsets)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 5.0), st.floats(-0.5, 0.5), st.floats(-0.2, 0.2), st.floats(-0.5, 0.7), st.integers(0, 99))
def test_true_matches_lie_on_their_epipolar_lines(
    sweep: float, elevation: float, yaw: float, log_focal: float, seed: int
) -> None:
    values = np.array([sweep, elevation, 0.1, 0.1, yaw, 0.05, log_focal])
    pairs = _matches(values, seed)
    poses, focal = orbit(values, COUNT, SIZE[1])
    assert np.allclose(poses[:, :, :3] @ poses[:, :, :3].transpose(0, 2, 1), np.eye(3))
    places = np.repeat(pairs.places, 40, 0)
    assert np.abs(sampson(poses, focal, SIZE, places, pairs.a, pairs.b)).max() < 1e-6
    moved = pairs.b + np.array([0.0, 5.0])
    assert np.abs(sampson(poses, focal, SIZE, places, pairs.a, moved)).max() > 0.5


@pytest.mark.parametrize("sweep", [-2.0, 0.6, 1.2])
def test_an_orbit_is_found_again(sweep: float) -> None:
    values = np.array([sweep, 0.25, 0.05, 0.0, 0.0, 0.0, np.log(1.3)])
    fit = fit_orbit(_matches(values, 3, noise=0.3), COUNT, SIZE, seed=0)
    assert fit is not None
    assert fit.explained > 0.9
    assert np.radians(fit.sweep) == pytest.approx(sweep, rel=0.15)
    assert fit.camera_from_world.shape == (COUNT, 3, 4)


def test_matches_that_fit_no_orbit_are_left_alone() -> None:
    pairs = _matches(np.array([1.0, 0.2, 0, 0, 0, 0, 0.2]), 1)
    rng = np.random.default_rng(0)
    wild = Pairs(pairs.places, pairs.a, rng.uniform(0, 1, pairs.b.shape) * [SIZE[1], SIZE[0]], pairs.offsets)
    assert fit_orbit(wild, COUNT, SIZE, seed=0) is None
    none = Pairs(np.zeros((0, 2), np.int64), np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(1, np.int64))
    assert fit_orbit(none, COUNT, SIZE, seed=0) is None


def test_the_fit_can_be_cancelled() -> None:
    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_orbit(_matches(np.array([1.0, 0.2, 0, 0, 0, 0, 0.2]), 1), COUNT, SIZE, 0, check)
