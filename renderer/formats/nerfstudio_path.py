"""nerfstudio's camera_path.json, written and read: its axes, degrees and times in [0, 1] exist only here.

A file holds keys, to be edited, and the views of every frame, to be rendered. Reading takes the one or the other; a
key's transition is the time from the key before it.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from renderer.formats.checks import OPENCV_FROM_OPENGL, count, finite, fov, rate, rigid, side
from renderer.trajectory import CameraKey, CameraTrajectory, View

TimeRange = tuple[float, float]
TRANSITION = 2.0  # seconds, where a file says nothing


def dump_nerfstudio(trajectory: CameraTrajectory, time_range: TimeRange) -> str:
    """A camera_path.json of this path.

    Easing and the spline are in the views; nerfstudio's own spline through the keys is a little different.
    """
    height, width = trajectory.size
    times = [_share(key.time, time_range) for key in trajectory.keys]
    timed = all(time is not None for time in times)
    gaps = [trajectory.closed or TRANSITION]
    gaps += [b.seconds - a.seconds for a, b in itertools.pairwise(trajectory.keys)]
    keys = [
        {
            "matrix": _opengl(key.world_from_camera), "fov": math.degrees(key.fov_y), "aspect": width / height,
            "override_transition_enabled": True, "override_transition_sec": gap,
            **({"render_time": time, "override_time_enabled": True} if timed else {}),
        }
        for key, time, gap in zip(trajectory.keys, times, gaps, strict=True)
    ]  # fmt: skip
    data = {
        "default_fov": math.degrees(trajectory.keys[0].fov_y), "default_transition_sec": TRANSITION,
        **({"default_time": times[0]} if timed else {}),
        "keyframes": keys, "camera_type": "perspective", "render_height": height, "render_width": width,
        "fps": trajectory.fps, "seconds": trajectory.n_frames / trajectory.fps, "is_cycle": trajectory.closed > 0,
        "smoothness_value": 0.0, "camera_path": [_baked(view, time_range) for view in trajectory.views()],
    }  # fmt: skip
    return json.dumps(data, indent=1, allow_nan=False)


def parse_nerfstudio(data: Mapping[str, Any], time_range: TimeRange, keyed: bool = False) -> CameraTrajectory:
    """The path in parsed JSON: the views that were baked, or with `keyed` the keys where there are any."""
    if data.get("camera_type", "perspective") != "perspective":
        raise ValueError(f"its camera_type is {data['camera_type']!r}, and only perspective cameras are rendered")
    size = side(data["render_height"]), side(data["render_width"])
    fps = rate(data.get("fps", 24.0))
    baked, frames = data.get("camera_path") or [], data.get("keyframes") or []
    if baked and not (keyed and frames):
        n = count(len(baked))
        keys = _keys(baked, "camera_to_world", [i / fps for i in range(n)], time_range)
        return CameraTrajectory(keys, size, fps, n)
    seconds = finite(data.get("seconds", 4.0))
    if keyed and all("override_transition_sec" in frame for frame in frames):
        default = finite(data.get("default_transition_sec", TRANSITION))
        gaps = [_transition(frame, default) for frame in frames]
        at = list(itertools.accumulate(gaps[1:], initial=0.0))
        closed = gaps[0] if data.get("is_cycle") else 0.0
        return CameraTrajectory(_keys(frames, "matrix", at, time_range), size, fps, _length(fps * seconds), closed)
    spacing = seconds / max(1, count(len(frames)) - 1)
    keys = _keys(frames, "matrix", [i * spacing for i in range(len(frames))], time_range)
    return CameraTrajectory(keys, size, fps, _length(fps * seconds))


def _transition(frame: Mapping[str, Any], default: float) -> float:
    given = frame["override_transition_sec"]
    seconds = finite(given) if frame.get("override_transition_enabled") and given is not None else default
    return max(seconds, 1e-3)


def _length(frames: float) -> int:
    return count(max(1, int(frames)))


def _keys(
    rows: Sequence[Mapping[str, Any]], matrix: str, seconds: Sequence[float], time_range: TimeRange
) -> tuple[CameraKey, ...]:
    first, last = time_range
    timed = all(row.get("render_time") is not None for row in rows)
    return tuple(
        CameraKey(
            at,
            rigid(row[matrix], scaled=True) @ OPENCV_FROM_OPENGL,
            fov(math.radians(finite(row.get("fov", 50.0)))),
            first + finite(row["render_time"]) * (last - first) if timed else None,
        )
        for at, row in zip(seconds, rows, strict=True)
    )


def _baked(view: View, time_range: TimeRange) -> dict[str, Any]:
    height, width = view.camera.size
    fov_y = 2 * math.atan(0.5 * height / float(view.camera.K[1, 1]))
    pose = _opengl(view.camera.world_from_camera)
    row = {"camera_to_world": pose, "fov": math.degrees(fov_y), "aspect": width / height}
    share = _share(view.time, time_range)
    return row if share is None else {**row, "render_time": share}


def _opengl(world_from_camera: Any) -> list[float]:
    """Sixteen numbers, row by row, of a pose in OpenGL's camera axes."""
    return [float(value) for value in (world_from_camera @ OPENCV_FROM_OPENGL).ravel()]


def _share(time: float | None, time_range: TimeRange) -> float | None:
    """nerfstudio's time, 0 to 1."""
    first, last = time_range
    if time is None:
        return None
    return float(np.clip((time - first) / (last - first), 0.0, 1.0)) if last > first else 0.0
