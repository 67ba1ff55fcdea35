"""Camera files: nerfstudio's camera_path.json, a path of our own, and a single Splatime camera.

Files come from anywhere, so sizes, counts and numbers are checked before they are used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from renderer.camera import Camera
from renderer.formats.checks import count, finite, fov, load_json, rate, reading, rigid, side
from renderer.formats.nerfstudio_path import TimeRange, parse_nerfstudio
from renderer.trajectory import CameraKey, CameraTrajectory

OURS = "splatime_camera_path"


def read_camera_path(path: Path, time_range: TimeRange, keyed: bool = False) -> CameraTrajectory:
    """Read any of the three kinds of file.

    Args:
        time_range: first and last scene time in reference frames, which nerfstudio's times 0 and 1 become.
        keyed: of a nerfstudio file take the keys, to edit them, rather than the views that were baked from them.

    Raises `Refusal` for a file that is missing, too large, or not a sane camera path.
    """
    with reading(path, "a camera path"):
        return parse_camera_path(load_json(path), time_range, keyed)


def parse_camera_path(data: Mapping[str, Any], time_range: TimeRange, keyed: bool = False) -> CameraTrajectory:
    """The trajectory in parsed JSON; raises ValueError and its like for what does not fit."""
    if OURS in data:
        return _ours(data)
    if "world_from_camera" in data:
        camera = Camera.from_json(data)
        fov_y = 2 * math.atan(0.5 * camera.size[0] / float(camera.K[1, 1]))
        return CameraTrajectory((CameraKey(0.0, camera.world_from_camera, fov_y),), camera.size, 1.0, 1)
    if "camera_path" in data or "keyframes" in data:
        return parse_nerfstudio(data, time_range, keyed)
    raise ValueError("it has none of camera_path, keyframes, world_from_camera")


def dump_camera_path(trajectory: CameraTrajectory) -> str:
    """Our own file: everything in Splatime's conventions, lossless."""
    keys = [
        {
            "seconds": k.seconds, "world_from_camera": k.world_from_camera.tolist(), "fov_y": k.fov_y, "time": k.time,
            "easing": k.easing,
        }
        for k in trajectory.keys
    ]  # fmt: skip
    data = {
        OURS: 1, "size": list(trajectory.size), "fps": trajectory.fps, "n_frames": trajectory.n_frames,
        "closed": trajectory.closed, "keys": keys,
    }  # fmt: skip
    return json.dumps(data, indent=1, allow_nan=False)


def _ours(data: Mapping[str, Any]) -> CameraTrajectory:
    if data[OURS] != 1:
        raise ValueError(f"its version is {data[OURS]!r} and this Splatime reads 1")
    keys = tuple(
        CameraKey(
            finite(key["seconds"]),
            rigid(key["world_from_camera"], scaled=True),
            fov(key["fov_y"]),
            None if key.get("time") is None else finite(key["time"]),
            str(key.get("easing", "linear")),
        )
        for key in data["keys"]
    )
    size = side(data["size"][0]), side(data["size"][1])
    closed = finite(data.get("closed", 0.0))
    return CameraTrajectory(keys, size, rate(data["fps"]), count(data["n_frames"]), closed)
