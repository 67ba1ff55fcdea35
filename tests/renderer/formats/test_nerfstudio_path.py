"""camera_path.json as nerfstudio has it: what is written is read back, by a render and for editing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from renderer.errors import Refusal
from renderer.formats.camera_path import dump_camera_path, parse_camera_path, read_camera_path
from renderer.formats.nerfstudio_path import dump_nerfstudio
from renderer.gl.navigation import OrbitCamera
from renderer.shots import PRESETS, Stand, preset
from renderer.trajectory import CameraTrajectory
from tests.renderer.gl.synthetic import synthetic_snapshot

SNAPSHOT = synthetic_snapshot(300)
STAND = Stand.of(OrbitCamera.home(SNAPSHOT), SNAPSHOT, 24.0)
TIMES = (0.0, 15.0)


def path_of(name: str) -> CameraTrajectory:
    keys, closes = preset(name, STAND)
    return CameraTrajectory(keys, (540, 960), 24.0, 60, 0.75 if closes else 0.0)


@pytest.mark.parametrize("name", PRESETS)
def test_a_render_of_the_file_sees_what_the_film_shows(name: str) -> None:
    path = path_of(name)
    again = parse_camera_path(json.loads(dump_nerfstudio(path, TIMES)), TIMES)
    assert (again.n_frames, again.fps, again.size) == (60, 24.0, (540, 960))
    for a, b in zip(path.views(), again.views(), strict=True):
        np.testing.assert_allclose(a.camera.world_from_camera, b.camera.world_from_camera, atol=1e-9)
        np.testing.assert_allclose(a.camera.K, b.camera.K, atol=1e-6)
        assert a.time == pytest.approx(b.time, abs=1e-9)


@pytest.mark.parametrize("name", PRESETS)
def test_the_keys_come_back_for_editing(name: str) -> None:
    path = path_of(name)
    again = parse_camera_path(json.loads(dump_nerfstudio(path, TIMES)), TIMES, keyed=True)
    assert again.closed == path.closed
    for a, b in zip(path.keys, again.keys, strict=True):
        assert a.seconds == pytest.approx(b.seconds)
        assert a.time == pytest.approx(b.time)
        assert a.fov_y == pytest.approx(b.fov_y)
        np.testing.assert_allclose(a.world_from_camera, b.world_from_camera, atol=1e-9)


def test_the_file_has_nerfstudios_fields_and_axes() -> None:
    data = json.loads(dump_nerfstudio(path_of("orbit"), TIMES))
    assert {"default_fov", "default_time", "default_transition_sec", "keyframes", "camera_type", "render_height",
            "render_width", "fps", "seconds", "is_cycle", "smoothness_value", "camera_path"} <= set(data)  # fmt: skip
    assert data["is_cycle"] is True
    assert int(data["fps"] * data["seconds"]) == len(data["camera_path"])
    pose = np.array(data["keyframes"][0]["matrix"]).reshape(4, 4)
    np.testing.assert_allclose(pose[:3, 1], [0, -1, 0], atol=1e-9, err_msg="y is up, the scene's -y")
    np.testing.assert_allclose(pose[:3, 2], [0, 0, -1], atol=1e-9, err_msg="it looks along -z")
    assert 0 <= data["camera_path"][0]["render_time"] <= 1


def test_our_own_file_keeps_easing_and_closing() -> None:
    path = path_of("arc")
    again = parse_camera_path(json.loads(dump_camera_path(path)), TIMES)
    assert [key.easing for key in again.keys] == [key.easing for key in path.keys] == ["smooth"] * 4
    assert again.closed == path.closed
    data = json.loads(dump_camera_path(path))
    data["keys"][0]["easing"] = "bouncy"
    with pytest.raises(ValueError, match="easings"):
        parse_camera_path(data, TIMES)


@pytest.mark.parametrize("key", ["keyframes", "camera_path"])
def test_hostile_keys_are_refused_in_a_sentence(tmp_path: Path, key: str) -> None:
    data = json.loads(dump_nerfstudio(path_of("dolly"), TIMES))
    for name in {"keyframes", "camera_path"} - {key}:
        del data[name]
    bads: tuple[object, ...] = ([{}], [{"matrix": [1] * 16, "camera_to_world": [1] * 16}], "x", [None])
    for bad in bads:
        data[key] = bad
        file = tmp_path / "path.json"
        file.write_text(json.dumps(data))
        for keyed in (True, False):
            with pytest.raises(Refusal, match="camera path"):
                read_camera_path(file, TIMES, keyed)
