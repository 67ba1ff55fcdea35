"""Features followed and triangulated: against known cameras they land where the scene is."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.poses.tracks import Tracks, follow, grey, triangulate, widest_angles
from tests.pipeline.poses.scenes import arc, draw


def test_a_shifted_picture_is_followed_to_a_fraction_of_a_pixel() -> None:
    wide = draw(arc(1, 0.0))[0].repeat(2, 0).repeat(2, 1)
    frames = np.stack([wide[10:210, 10 + 3 * i : 350 + 3 * i] for i in range(4)])
    tracks = follow(grey(frames), 200)
    a, b, rows = tracks.between(0, 3)
    assert len(rows) > 80
    np.testing.assert_allclose(np.median(b - a, 0), [-9, 0], atol=0.05)
    assert (np.linalg.norm(b - a - [-9, 0], axis=1) < 0.3).mean() > 0.95


def test_lost_features_are_replaced() -> None:
    frames = draw(arc(5, 40.0))
    seen = np.isfinite(follow(grey(frames), 150).xy[:, :, 0])
    assert (seen.sum(0) > 70).all()
    assert not seen[:, 0].all()


def test_points_land_on_the_surfaces_of_the_scene() -> None:
    cameras = arc(8, 30.0)
    found = triangulate(follow(grey(draw(cameras)), 400), cameras, 1.0, 1.0)
    assert len(found.points) > 100 and np.median(found.errors) < 0.3
    depths = np.array([5.0, 2.4, 3.0, 3.4, 2.2, 3.8])  # the wall and the five rectangles
    off = np.abs(found.points[:, 2:] - depths).min(1)
    assert np.median(off) < 0.04
    assert (np.bincount(found.owners) >= 3).all() and (np.diff(found.owners) >= 0).all()


def test_frames_without_a_camera_add_nothing() -> None:
    cameras = arc(6, 30.0)
    tracks = follow(grey(draw(cameras)), 200)
    found = triangulate(tracks, [*cameras[:5], None], 1.0, 1.0)
    assert len(found.points) > 30 and 5 not in found.frames


def test_wrong_cameras_leave_hardly_a_point() -> None:
    cameras = arc(6, 30.0)
    tracks, mixed = follow(grey(draw(cameras)), 200), [cameras[i] for i in (3, 0, 5, 1, 4, 2)]
    right, wrong = triangulate(tracks, cameras, 1.0, 1.0), triangulate(tracks, mixed, 1.0, 1.0)
    assert len(wrong.points) < 0.3 * len(right.points)


def test_nothing_to_triangulate_is_no_point() -> None:
    cameras = arc(3, 10.0)
    assert len(triangulate(Tracks(np.full((5, 3, 2), np.nan)), cameras, 1.0, 1.0).points) == 0


def test_the_widest_angle_is_between_the_outer_cameras() -> None:
    centres = np.array([[0.0, 0, -1], [1, 0, 0], [np.sin(0.3), 0, -np.cos(0.3)], [0.0, 0, -1]])
    points = np.array([[0.0, 0, 0], [0, 0, 0], [9, 9, 9]])
    angles = widest_angles(points, np.array([0, 0, 0, 1]), centres)
    assert angles == pytest.approx([90.0, 0.0, 0.0])
