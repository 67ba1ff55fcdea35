"""Virtual videos: where their cameras and times may be, whatever is drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lift import views
from pipeline.lift.footage import Footage
from renderer.camera import Camera, look_at

SEEDS = st.integers(0, 2**32 - 1)
UP = np.array([0.0, -1.0, 0.0])


def on_orbit(angle: float, radius: float = 1.0, size: tuple[int, int] = (60, 80)) -> Camera:
    """A camera on a circle about (0, 0, 1) that looks at its middle; the canonical one is at the origin, angle 0."""
    middle = np.array([0.0, 0.0, 1.0])
    centre = middle + radius * np.array([np.sin(angle), 0.0, -np.cos(angle)])
    return Camera.from_fov(look_at(centre, middle, UP), 1.0, size)


def film(frames: int = 5, home: int = 2) -> Footage:
    cameras = tuple(on_orbit(0.2 * (k - 1)) for k in range(4))
    return Footage(
        torch.zeros(4, 60, 80, 3), (0, 1, 2, 5), torch.zeros(frames, 60, 80, 3), tuple(range(3, 3 + frames)), cameras,
        1, home,
    )  # fmt: skip


def is_rigid(camera: Camera) -> bool:
    r = camera.world_from_camera[:3, :3]
    return bool(np.allclose(r @ r.T, np.eye(3), atol=1e-9) and np.linalg.det(r) > 0)


@given(st.floats(-2.5, 2.5), st.integers(2, 20))
def test_the_way_between_two_poses_of_an_orbit_is_the_orbit(angle: float, count: int) -> None:
    first, last = on_orbit(0.0), on_orbit(angle)
    way = views.interpolated(first, last, count)
    assert way[0] == first and way[-1] == last and len(way) == count
    for i, camera in enumerate(way):
        expected = on_orbit(angle * i / (count - 1))
        np.testing.assert_allclose(camera.world_from_camera, expected.world_from_camera, atol=1e-7)


@given(st.floats(-1.0, 1.0), SEEDS)
def test_poses_on_any_way_are_rigid_and_evenly_turned(angle: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    last = views.perturbed(on_orbit(angle, radius=rng.uniform(0.5, 2.0)), 0.5, rng)
    way = views.interpolated(on_orbit(0.0), last, 7)
    assert all(is_rigid(camera) for camera in way)
    steps = [np.linalg.inv(a.world_from_camera) @ b.world_from_camera for a, b in itertools.pairwise(way)]
    for step in steps:
        np.testing.assert_allclose(step, steps[0], atol=1e-7)


@given(st.floats(0.0, 0.8), st.floats(0.3, 3.0), SEEDS)
def test_a_perturbed_camera_keeps_near_and_keeps_its_aim(radius: float, focus: float, seed: int) -> None:
    camera = on_orbit(0.7)
    near = views.perturbed(camera, radius, np.random.default_rng(seed), focus)
    assert is_rigid(near) and np.array_equal(near.K, camera.K)
    step = near.centre - camera.centre
    assert np.linalg.norm(step) <= radius * focus + 1e-9
    assert abs(step @ camera.forward) < 1e-9  # within the picture plane
    aim = camera.centre + focus * camera.forward
    pixel, depth = near.project(aim[None])
    np.testing.assert_allclose(pixel[0], camera.K[:2, 2], atol=1e-6)
    assert depth[0] >= focus - 1e-9


def test_perturbation_fills_the_disc() -> None:
    rng = np.random.default_rng(0)
    camera = on_orbit(0.0)
    steps = np.stack([views.perturbed(camera, 0.3, rng).centre - camera.centre for _ in range(400)])[:, :2]
    distances = np.linalg.norm(steps, axis=1)
    assert 0.1 < np.mean(distances < 0.15) < 0.4  # a quarter of the area
    assert np.abs(steps.mean(0)).max() < 0.03


@given(st.integers(1, 40), st.integers(2, 16), SEEDS, st.data())
def test_times_begin_at_the_canonical_one_and_go_one_way(
    frames: int, count: int, seed: int, data: st.DataObject
) -> None:
    codes = list(range(4, 4 + frames))
    start = data.draw(st.integers(0, frames - 1))
    times = views.passing_times(codes, start, count, np.random.default_rng(seed))
    assert len(times) == count and times[0] == codes[start]
    assert codes[0] <= min(times) and max(times) <= codes[-1]
    steps = np.diff(times)
    assert (steps >= 0).all() or (steps <= 0).all()
    np.testing.assert_allclose(steps, steps[0], atol=1e-9)
    if frames > 1:
        room = {abs(codes[-1] - codes[start]), abs(codes[0] - codes[start])} - {0}
        assert abs(times[-1] - times[0]) >= min(min(room), count - 1) - 1e-9


def test_time_goes_both_ways() -> None:
    ends = {np.sign(views.passing_times(range(9), 4, 4, np.random.default_rng(s))[-1] - 4) for s in range(20)}
    assert ends == {-1.0, 1.0}


@given(SEEDS)
@settings(max_examples=30)
def test_each_kind_of_video_begins_where_its_condition_was_seen(seed: int) -> None:
    scene = film()
    home = scene.canonical_camera
    one = views.canonical_views(scene, scene.cameras, 16, 0.1, np.random.default_rng(seed))
    assert one.cameras[0] == home and one.times is None and (one.freeze_time, one.reference) == (1, None)
    two = views.frozen_views(scene, scene.cameras, 16, 0.1, np.random.default_rng(seed))
    assert two.cameras[0] == home and two.reference is not None and two.times is not None
    assert set(two.times) == {float(scene.reference_frames[two.reference])}
    three = views.passing_time(scene, scene.cameras, 16, 0.1, np.random.default_rng(seed))
    assert len(set(three.cameras)) == 1 and three.times is not None and three.times[0] == 5.0
    assert len(one.cameras) == len(two.cameras) == len(three.cameras) == len(three.times) == 16
    again = views.passing_time(scene, scene.cameras, 16, 0.1, np.random.default_rng(seed))
    assert again.times == three.times and again.cameras == three.cameras


def test_the_canonical_camera_is_not_its_own_goal_unless_it_is_alone() -> None:
    cameras = film().cameras
    drawn = {views.sampled(cameras, 1, np.random.default_rng(s)) for s in range(60)}
    assert drawn == {cameras[0], cameras[2], cameras[3]}
    assert views.sampled(cameras[1:2], 0, np.random.default_rng(0)) == cameras[1]


@given(st.tuples(st.integers(8, 120), st.integers(8, 160)), st.tuples(st.integers(2, 9), st.integers(2, 16)), SEEDS)
def test_windows_have_the_priors_shape_and_keep_to_the_picture(
    size: tuple[int, int], goal: tuple[int, int], seed: int
) -> None:
    scale = min(size[0] / goal[0], size[1] / goal[1])
    w = views.sampled_window(size, goal, np.random.default_rng(seed))
    over = max(int(scale) - 1, 0)
    assert -over <= w.top <= size[0] - w.height + over and -over <= w.left <= size[1] - w.width + over
    assert w.height in (round(scale * goal[0]), (round(scale * goal[0]) + 1) // 2, 1)
    assert abs(w.height * goal[1] - w.width * goal[0]) <= goal[0] + goal[1]


def test_half_of_the_windows_are_half_crops_and_the_others_shift_by_up_to_s_minus_1() -> None:
    drawn = [views.sampled_window((48, 64), (12, 16), np.random.default_rng(s)) for s in range(400)]
    halves = [w for w in drawn if w.height == 24]
    assert 150 < len(halves) < 250
    assert min(w.top for w in halves) == 0 and max(w.top for w in halves) == 24
    assert {w.top for w in drawn if w.height == 48} == set(range(-3, 4))


def test_a_camera_through_a_window_sees_that_part_of_the_picture() -> None:
    camera = on_orbit(0.3)
    points = np.array([[0.02, 0.01, 1.0], [-0.05, 0.1, 1.2]])
    whole, _ = camera.project(points)
    part, _ = views.seen_through(camera, views.Window(7, -3, 30, 40), (30, 40)).project(points)
    np.testing.assert_allclose(part, whole - [-3, 7], atol=1e-9)
    small = views.seen_through(camera, views.Window(7, -3, 30, 40), (15, 20))
    assert small.size == (15, 20)
    np.testing.assert_allclose(small.project(points)[0], part / 2, atol=1e-9)


def test_an_empty_way_is_refused_by_nothing_and_a_single_pose_is_the_first() -> None:
    assert views.interpolated(on_orbit(0.0), on_orbit(1.0), 1) == (on_orbit(0.0),)
    assert views.passing_times([7], 0, 3, np.random.default_rng(0)) == pytest.approx((7.0, 7.0, 7.0))
