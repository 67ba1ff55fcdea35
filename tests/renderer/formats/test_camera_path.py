"""Camera files: nerfstudio's conventions become ours, our own file is lossless, nonsense is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderer.camera import Camera, look_at
from renderer.errors import Refusal
from renderer.formats.camera_path import dump_camera_path, parse_camera_path, read_camera_path
from renderer.trajectory import CameraKey, CameraTrajectory

GL = np.diag([1.0, -1.0, -1.0, 1.0])
UP = np.array([0.0, -1.0, 0.0])


def poses(count: int) -> list[np.ndarray]:
    angles = np.linspace(0, 1.0, count)
    return [look_at(np.array([math.sin(a) * 3, -0.2, -math.cos(a) * 3]), np.zeros(3), UP) for a in angles]


def nerfstudio(count: int = 3, **more: Any) -> dict[str, Any]:
    rows = [
        {
            "camera_to_world": (pose @ GL).ravel().tolist(),
            "fov": 50.0,
            "aspect": 1.5,
            "render_time": i / max(1, count - 1),
        }
        for i, pose in enumerate(poses(count))
    ]
    return {
        "camera_type": "perspective",
        "render_height": 40,
        "render_width": 60,
        "fps": 10,
        "camera_path": rows,
        **more,
    }


def test_a_baked_nerfstudio_path_is_followed_exactly() -> None:
    path = parse_camera_path(nerfstudio(3), (2.0, 10.0))
    views = path.views()
    assert len(views) == 3 and path.fps == 10
    for view, pose in zip(views, poses(3), strict=True):
        np.testing.assert_allclose(view.camera.world_from_camera, pose, atol=1e-9)
        assert view.camera.size == (40, 60)
        assert 2 * math.degrees(math.atan(20 / view.camera.K[1, 1])) == pytest.approx(50.0)
    assert [view.time for view in views] == pytest.approx([2.0, 6.0, 10.0])


def test_an_opengl_camera_keeps_looking_at_what_it_looked_at() -> None:
    view = parse_camera_path(nerfstudio(1), (0.0, 1.0)).views()[0]
    pixel, depth = view.camera.project(np.zeros((1, 3)))
    np.testing.assert_allclose(pixel[0], [30, 20], atol=1e-6)
    assert depth[0] == pytest.approx(math.hypot(3, 0.2))


def test_keyframes_alone_are_interpolated() -> None:
    data = nerfstudio()
    del data["camera_path"]
    data["keyframes"] = [{"matrix": (pose @ GL).tolist(), "fov": 40 + 10 * i} for i, pose in enumerate(poses(3))]
    path = parse_camera_path({**data, "seconds": 2.0}, (0.0, 8.0))
    views = path.views()
    assert len(views) == 20 and all(view.time is None for view in views)
    np.testing.assert_allclose(views[10].camera.world_from_camera, poses(3)[1], atol=1e-9)
    radii = [np.linalg.norm(view.camera.centre) for view in views]
    assert max(abs(r - math.hypot(3, 0.2)) for r in radii) < 0.07  # a straight line between keys would be off by 0.09


def test_times_count_only_when_every_view_has_one() -> None:
    data = nerfstudio(3)
    del data["camera_path"][1]["render_time"]
    assert all(view.time is None for view in parse_camera_path(data, (0.0, 8.0)).views())


def test_a_single_splatime_camera_is_a_path_of_one(tmp_path: Path) -> None:
    camera = Camera.from_fov(poses(2)[1], 0.8, (48, 64))
    (tmp_path / "c.json").write_text(json.dumps(camera.to_json()))
    views = read_camera_path(tmp_path / "c.json", (0.0, 1.0)).views()
    assert len(views) == 1
    np.testing.assert_allclose(views[0].camera.K, camera.K, atol=1e-9)


def test_our_own_file_is_lossless() -> None:
    keys = tuple(CameraKey(0.7 * i, pose, 0.6 + 0.1 * i, 1.5 * i) for i, pose in enumerate(poses(4)))
    path = CameraTrajectory(keys, (288, 512), 24.0, 51)
    again = parse_camera_path(json.loads(dump_camera_path(path)), (0.0, 1.0))
    assert (again.size, again.fps, again.n_frames) == (path.size, path.fps, path.n_frames)
    for a, b in zip(again.views(), path.views(), strict=True):
        np.testing.assert_allclose(a.camera.world_from_camera, b.camera.world_from_camera, atol=1e-12)
        assert a.time == b.time


def broken(**changes: Any) -> dict[str, Any]:
    return {**nerfstudio(2), **changes}


def with_matrix(matrix: object) -> dict[str, Any]:
    return broken(camera_path=[{"camera_to_world": matrix, "fov": 50}])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"camera_path": []},
        broken(camera_type="fisheye"),
        broken(render_height=0),
        broken(render_width=10**9),
        broken(fps=0),
        broken(fps="fast"),
        broken(camera_path=[3]),
        broken(camera_path=[], keyframes=[{"matrix": np.eye(4).tolist()}], seconds=1e11),
        with_matrix([1, 2, 3]),
        with_matrix(np.zeros(16).tolist()),
        with_matrix((-np.eye(4)).tolist()),
        with_matrix([math.nan] * 16),
        with_matrix(np.diag([1, 2, 3, 1]).tolist()),
        broken(camera_path=[{"camera_to_world": np.eye(4).tolist(), "fov": 180}]),
        {"splatime_camera_path": 2},
        {"splatime_camera_path": 1, "keys": []},
        {"world_from_camera": [], "K": [], "size": []},
        [1, 2],
        "path",
    ],
)
def test_nonsense_is_refused(tmp_path: Path, data: object) -> None:
    (tmp_path / "p.json").write_text(json.dumps(data))
    with pytest.raises(Refusal):
        read_camera_path(tmp_path / "p.json", (0.0, 1.0))


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    for index, text in enumerate(("", "{", "[" * 100_000, "\x00")):
        (tmp_path / f"{index}.json").write_text(text)
        with pytest.raises(Refusal):
            read_camera_path(tmp_path / f"{index}.json", (0.0, 1.0))
    with pytest.raises(Refusal, match="check the name"):
        read_camera_path(tmp_path / "absent.json", (0.0, 1.0))
