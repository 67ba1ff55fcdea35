"""Lines beside the scene: where they are in the world, and on the screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from renderer.gl.navigation import scene_pivot
from renderer.marks import Marks, frustum, on_screen, trails
from renderer.snapshot import MotionTable
from tests.renderer.gl.synthetic import freeze_camera, reference_camera, synthetic_snapshot

SNAPSHOT = synthetic_snapshot(1500)


def test_a_frustum_ends_at_the_pictures_corners() -> None:
    camera = freeze_camera(0.3)
    ends = frustum(camera, 0.5)[:4, 1]
    pixels, z = camera.project(ends)
    np.testing.assert_allclose(z, 0.5)
    np.testing.assert_allclose(pixels, [[0, 0], [256, 0], [256, 144], [0, 144]], atol=1e-9)
    np.testing.assert_allclose(frustum(camera, 0.5)[:4, 0], np.tile(camera.centre, (4, 1)))


@given(arrays(np.float64, (6, 2, 3), elements=st.floats(-5, 5, width=32)))
def test_what_is_cut_at_the_near_plane_stays_on_its_line(segments: np.ndarray) -> None:
    camera = reference_camera()
    pixels, kept = on_screen(camera, segments)
    assert np.isfinite(pixels).all()
    in_front = np.min(segments[:, :, 2], axis=1) > 0.05
    assert set(np.flatnonzero(in_front)) <= set(kept)
    for line, which in zip(pixels, kept, strict=True):
        if in_front[which]:
            truth, _ = camera.project(segments[which])
            np.testing.assert_allclose(line, truth, rtol=1e-9, atol=1e-6)
    assert not set(np.flatnonzero(np.max(segments[:, :, 2], axis=1) < 0.0)) & set(kept)


def test_a_trail_is_the_way_of_one_splat() -> None:
    places, rgb = trails(SNAPSHOT, 12)
    assert places.shape == (12, 16, 3)
    assert rgb.shape == (12, 3)
    for sample, time in enumerate(SNAPSHOT.temporal.positions):
        means = SNAPSHOT.at(float(time)).means
        away = np.linalg.norm(means[None] - places[:, sample, None], axis=2).min(1)
        assert (away < 1e-4).all()
    assert (np.linalg.norm(places[:, -1] - places[:, 0], axis=1) > 1.0).all()
    for still in (replace(SNAPSHOT, temporal=MotionTable.still()), replace(SNAPSHOT, opacities=0 * SNAPSHOT.opacities)):
        assert len(trails(still)[0]) == 0


def test_the_grid_lies_level_on_the_floor() -> None:
    marks = Marks.of(SNAPSHOT, scene_pivot(SNAPSHOT))
    np.testing.assert_allclose(marks.grid[..., 1], 1.5, atol=0.05)
    assert marks.reach == pytest.approx(scene_pivot(SNAPSHOT)[2])
    assert len(marks.grid) == 22
