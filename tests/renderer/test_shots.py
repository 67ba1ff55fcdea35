"""Presets: what each promises about the way of the camera, its lens, and scene time."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from renderer.gl.navigation import OrbitCamera
from renderer.shots import PRESETS, Stand, _yaws, covered, preset, study_film
from renderer.trajectory import CameraKey, CameraTrajectory
from tests.renderer.gl.synthetic import synthetic_snapshot

SNAPSHOT = synthetic_snapshot(600)
HOME = OrbitCamera.home(SNAPSHOT)
STAND = Stand.of(HOME, SNAPSHOT, 24.0)


def keys_of(name: str) -> tuple[CameraKey, ...]:
    return preset(name, STAND)[0]


def radius(key: CameraKey) -> float:
    return float(np.linalg.norm(key.world_from_camera[:3, 3] - HOME.pivot))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_path_within_the_scenes_time(name: str) -> None:
    keys, closes = preset(name, STAND)
    path = CameraTrajectory(keys, (144, 256), 24.0, 24, 1.0 if closes else 0.0)
    first, last = SNAPSHOT.time_range
    for at in np.linspace(0, keys[-1].seconds, 40):
        view = path.view(float(at))
        assert view.time is not None
        assert first <= view.time <= last
        ahead = HOME.pivot - view.camera.centre
        assert view.camera.forward @ ahead / np.linalg.norm(ahead) > 0.98, "the pivot stays in the middle"


def test_the_arc_is_what_the_freeze_cameras_cover() -> None:
    low, high = covered(HOME, SNAPSHOT)
    assert math.degrees(low) == pytest.approx(-22, abs=4)
    assert math.degrees(high) == pytest.approx(33, abs=6)
    xs = [key.world_from_camera[0, 3] for key in keys_of("arc")]
    assert max(xs) > 1.0, "positive yaw is to the camera's right"
    assert min(xs) < -0.8


def test_the_orbit_is_round_level_and_closes_evenly() -> None:
    keys, closes = preset("orbit", STAND)
    assert closes
    assert len(keys) == 8
    assert max(radius(key) for key in keys) - min(radius(key) for key in keys) < 1e-9
    around = np.stack([key.world_from_camera[:3, 3] - HOME.pivot for key in keys])
    np.testing.assert_allclose(around.mean(0)[[0, 2]], 0, atol=1e-9)
    assert len({key.time for key in keys}) == 1


def test_a_dolly_zoom_keeps_what_stands_at_the_pivot_as_large() -> None:
    keys = keys_of("dolly zoom")
    heights = [radius(key) * math.tan(key.fov_y / 2) for key in keys]
    np.testing.assert_allclose(heights, heights[0])
    path = CameraTrajectory(keys, (144, 256), 24.0, 24)
    for at in np.linspace(0, keys[-1].seconds, 50):
        view = path.view(float(at))
        distance = float(np.linalg.norm(view.camera.centre - HOME.pivot))
        assert distance * 72 / view.camera.K[1, 1] == pytest.approx(heights[0], rel=0.01), "between keys too"
    assert radius(keys[-1]) == pytest.approx(0.5 * radius(keys[0]))


def test_in_bullet_time_the_camera_moves_only_while_time_stands() -> None:
    path = CameraTrajectory(keys_of("bullet time"), (144, 256), 24.0, 24)
    end = path.keys[-1].seconds
    moved_in_time = moved_in_space = 0
    for at in np.linspace(0, end - 0.02, 120):
        a, b = path.view(float(at)), path.view(float(at) + 0.02)
        assert a.time is not None
        assert b.time is not None
        runs = b.time - a.time > 1e-9
        goes = np.linalg.norm(b.camera.centre - a.camera.centre) > 1e-4
        assert not (runs and goes) or any(abs(at - key.seconds) < 0.1 for key in path.keys)
        moved_in_time += int(runs)
        moved_in_space += int(goes)
    assert moved_in_time > 10
    assert moved_in_space > 40


def test_the_study_orbit_stops_at_four_poses_there_and_back() -> None:
    keys = keys_of("study orbit")
    stops = [(a, b) for a, b in itertools.pairwise(keys) if np.allclose(a.world_from_camera, b.world_from_camera)]
    assert len(stops) == 7
    places = [round(float(a.world_from_camera[0, 3]), 6) for a, _ in stops]
    assert len(set(places)) == 4
    assert places == places[::-1]
    for a, b in stops:
        assert a.time is not None
        assert b.time is not None
        assert abs(b.time - a.time) == pytest.approx(15.0), "the whole video is shown at each stop"
    for (_, end), (start, _) in itertools.pairwise(stops):
        assert end.time == start.time, "time stands while the camera goes"


def test_the_study_film_is_twelve_pictures_a_stop_and_four_a_move() -> None:
    film = study_film(SNAPSHOT)
    assert (film.fps, film.n_frames, film.size) == (6.0, 7 * 12 + 6 * 4, HOME.camera.size)
    views = film.views()
    places = [tuple(np.round(view.camera.centre, 6)) for view in views]
    lengths = [len(list(group)) for _, group in itertools.groupby(places)]
    assert lengths == [12, 1, 1, 1, 1] * 6 + [12]
    times = [view.time for view in views]
    assert times[0] == times[23 + 4] == 0.0 and times[11] == times[12] == pytest.approx(15.0)
    assert places == places[::-1]


def test_a_study_film_stops_at_solved_cameras_spread_over_the_arc() -> None:
    views = study_film(SNAPSHOT).views()
    solved = list(SNAPSHOT.freeze_cameras.values())
    stops = [views[i].camera for i in (0, 16, 32, 48)]
    found = [
        next(k for k, c in enumerate(solved) if np.allclose(c.world_from_camera, s.world_from_camera)) for s in stops
    ]
    low, high = covered(HOME, SNAPSHOT)
    yaws = [_yaws(HOME, SNAPSHOT)[k] for k in found]
    assert yaws[0] == pytest.approx(low) and yaws[3] == pytest.approx(high) and yaws == sorted(yaws)


def test_with_few_solved_cameras_the_study_keeps_to_the_circle() -> None:
    few = replace(SNAPSHOT, freeze_cameras=dict(list(SNAPSHOT.freeze_cameras.items())[:2]))
    assert all(radius(key) == pytest.approx(radius(study_film(few).keys[0])) for key in study_film(few).keys)


def test_a_study_film_may_play_a_part_and_more_smoothly() -> None:
    film = study_film(SNAPSHOT, (3.0, 5.0), 24.0)
    views = film.views()
    assert film.n_frames == round((7 * 11 + 6 * 5) / 6 * 24) + 1
    assert min(v.time or 0 for v in views) == pytest.approx(3.0) and max(v.time or 0 for v in views) == 5.0
