"""Camera files: nerfstudio's camera_path.json, a path of our own, and a single Splatime camera.

nerfstudio writes OpenGL camera axes (y up, looking along -z), vertical fields of view in degrees and scene
times in [0, 1]; they become OpenCV axes, radians and reference frames here and nowhere else. Files come from
anywhere, so sizes, counts and numbers are checked before they are used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from renderer.camera import Camera
from renderer.formats.checks import OPENCV_FROM_OPENGL, finite, load_json, reading, rigid, side
from renderer.trajectory import CameraKey, CameraTrajectory

TimeRange = tuple[float, float]

MAX_FRAMES = 100_000
OURS = "splatime_camera_path"


def read_camera_path(path: Path, time_range: TimeRange) -> CameraTrajectory:
    """Read any of the three kinds of file.

    Args:
        time_range: first and last scene time in reference frames, which nerfstudio's times 0 and 1 become.

    Raises `Refusal` for a file that is missing, too large, or not a sane camera path.
    """
    with reading(path, "a camera path"):
        return parse_camera_path(load_json(path), time_range)


def parse_camera_path(data: Mapping[str, Any], time_range: TimeRange) -> CameraTrajectory:
    """The trajectory in parsed JSON; raises ValueError and its like for what does not fit."""
    if OURS in data:
        return _ours(data)
    if "world_from_camera" in data:
        camera = Camera.from_json(data)
        fov_y = 2 * math.atan(0.5 * camera.size[0] / float(camera.K[1, 1]))
        return CameraTrajectory((CameraKey(0.0, camera.world_from_camera, fov_y),), camera.size, 1.0, 1)
    if "camera_path" in data or "keyframes" in data:
        return _nerfstudio(data, time_range)
    raise ValueError("it has none of camera_path, keyframes, world_from_camera")


def dump_camera_path(trajectory: CameraTrajectory) -> str:
    """Our own file: everything in Splatime's conventions, lossless."""
    keys = [
        {"seconds": k.seconds, "world_from_camera": k.world_from_camera.tolist(), "fov_y": k.fov_y, "time": k.time}
        for k in trajectory.keys
    ]
    size = list(trajectory.size)
    data = {OURS: 1, "size": size, "fps": trajectory.fps, "n_frames": trajectory.n_frames, "keys": keys}
    return json.dumps(data, indent=1, allow_nan=False)


def _ours(data: Mapping[str, Any]) -> CameraTrajectory:
    if data[OURS] != 1:
        raise ValueError(f"its version is {data[OURS]!r} and this Splatime reads 1")
    keys = tuple(
        CameraKey(
            finite(key["seconds"]),
            rigid(key["world_from_camera"], scaled=True),
            _fov(key["fov_y"]),
            None if key.get("time") is None else finite(key["time"]),
        )
        for key in data["keys"]
    )
    size = side(data["size"][0]), side(data["size"][1])
    return CameraTrajectory(keys, size, _rate(data["fps"]), _count(data["n_frames"]))


def _nerfstudio(data: Mapping[str, Any], time_range: TimeRange) -> CameraTrajectory:
    if data.get("camera_type", "perspective") != "perspective":
        raise ValueError(f"its camera_type is {data['camera_type']!r}, and only perspective cameras are rendered")
    size = side(data["render_height"]), side(data["render_width"])
    fps = _rate(data.get("fps", 24.0))
    baked = data.get("camera_path") or []
    if baked:
        count = _count(len(baked))
        return CameraTrajectory(
            _keys(baked, "camera_to_world", [i / fps for i in range(count)], time_range), size, fps, count
        )
    frames = data["keyframes"]
    seconds = finite(data.get("seconds", 4.0))
    spacing = seconds / max(1, _count(len(frames)) - 1)
    keys = _keys(frames, "matrix", [i * spacing for i in range(len(frames))], time_range)
    return CameraTrajectory(keys, size, fps, _count(max(1, int(fps * seconds))))


def _keys(
    rows: Sequence[Mapping[str, Any]], matrix: str, seconds: Sequence[float], time_range: TimeRange
) -> tuple[CameraKey, ...]:
    first, last = time_range
    timed = all(row.get("render_time") is not None for row in rows)
    return tuple(
        CameraKey(
            at,
            rigid(row[matrix], scaled=True) @ OPENCV_FROM_OPENGL,
            _fov(math.radians(finite(row.get("fov", 50.0)))),
            first + finite(row["render_time"]) * (last - first) if timed else None,
        )
        for at, row in zip(seconds, rows, strict=True)
    )


def _rate(value: Any) -> float:
    fps = finite(value)
    if not 0.1 <= fps <= 1000:
        raise ValueError(f"{value!r} frames a second")
    return fps


def _fov(value: Any) -> float:
    fov = finite(value)
    if not 1e-3 < fov < math.pi - 1e-3:
        raise ValueError(f"a field of view of {math.degrees(fov):.3g} degrees")
    return fov


def _count(value: Any) -> int:
    if not 1 <= int(value) <= MAX_FRAMES:
        raise ValueError(f"{value!r} is outside 1 to {MAX_FRAMES} frames")
    return int(value)
