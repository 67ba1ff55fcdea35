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

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.trajectory import CameraKey, CameraTrajectory

Array = npt.NDArray[np.float64]
TimeRange = tuple[float, float]

MAX_BYTES = 64 << 20
MAX_FRAMES = 100_000
MAX_SIDE = 16384
OURS = "splatime_camera_path"
_OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def read_camera_path(path: Path, time_range: TimeRange) -> CameraTrajectory:
    """Read any of the three kinds of file.

    Args:
        time_range: first and last scene time in reference frames, which nerfstudio's times 0 and 1 become.

    Raises `Refusal` for a file that is missing, too large, or not a sane camera path.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Refusal(f"{path} is larger than {MAX_BYTES >> 20} MB, which no camera path is.")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise Refusal(f"The camera path {path} can't be read ({fault.strerror}); check the name.") from fault
    except (ValueError, RecursionError) as fault:
        raise Refusal(f"{path} is not a camera path: it is not valid JSON ({fault}).") from fault
    try:
        return parse_camera_path(data, time_range)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as fault:
        raise Refusal(f"{path} is not a camera path that Splatime reads ({fault!s}).") from fault


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
            _finite(key["seconds"]),
            _rigid(key["world_from_camera"]),
            _fov(key["fov_y"]),
            None if key.get("time") is None else _finite(key["time"]),
        )
        for key in data["keys"]
    )
    size = _side(data["size"][0]), _side(data["size"][1])
    return CameraTrajectory(keys, size, _rate(data["fps"]), _count(data["n_frames"]))


def _nerfstudio(data: Mapping[str, Any], time_range: TimeRange) -> CameraTrajectory:
    if data.get("camera_type", "perspective") != "perspective":
        raise ValueError(f"its camera_type is {data['camera_type']!r}, and only perspective cameras are rendered")
    size = _side(data["render_height"]), _side(data["render_width"])
    fps = _rate(data.get("fps", 24.0))
    baked = data.get("camera_path") or []
    if baked:
        count = _count(len(baked))
        return CameraTrajectory(
            _keys(baked, "camera_to_world", [i / fps for i in range(count)], time_range), size, fps, count
        )
    frames = data["keyframes"]
    seconds = _finite(data.get("seconds", 4.0))
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
            _rigid(row[matrix]) @ _OPENCV_FROM_OPENGL,
            _fov(math.radians(_finite(row.get("fov", 50.0)))),
            first + _finite(row["render_time"]) * (last - first) if timed else None,
        )
        for at, row in zip(seconds, rows, strict=True)
    )


def _rigid(values: Any) -> Array:
    """A [4, 4] pose from nested or flat row-major numbers; uniform scale, which editors leave in, is taken out."""
    pose = np.array(values, dtype=np.float64).reshape(4, 4)
    if not (np.isfinite(pose).all() and np.abs(pose).max() < 1e12 and np.allclose(pose[3], [0, 0, 0, 1], atol=1e-6)):
        raise ValueError("a matrix is not a camera pose")
    scale = np.cbrt(np.linalg.det(pose[:3, :3]))
    if scale < 1e-9:
        raise ValueError("a matrix mirrors or flattens the scene")
    pose[:3, :3] /= scale
    if not np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-3):
        raise ValueError("a matrix is not a rotation and a position")
    return pose


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or abs(number) > 1e12:
        raise ValueError(f"{value!r} is not a usable number")
    return number


def _rate(value: Any) -> float:
    fps = _finite(value)
    if not 0.1 <= fps <= 1000:
        raise ValueError(f"{value!r} frames a second")
    return fps


def _fov(value: Any) -> float:
    fov = _finite(value)
    if not 1e-3 < fov < math.pi - 1e-3:
        raise ValueError(f"a field of view of {math.degrees(fov):.3g} degrees")
    return fov


def _side(value: Any) -> int:
    if not 1 <= int(value) <= MAX_SIDE:
        raise ValueError(f"{value!r} is outside 1 to {MAX_SIDE} pixels a side")
    return int(value)


def _count(value: Any) -> int:
    if not 1 <= int(value) <= MAX_FRAMES:
        raise ValueError(f"{value!r} is outside 1 to {MAX_FRAMES} frames")
    return int(value)
