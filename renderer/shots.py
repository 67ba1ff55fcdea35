"""Ready-made camera paths: keys around a pivot, from the view that is there and the times that the scene has.

Each preset is a pure function of a `Stand` (where the camera stands and what it may do) and gives keys in seconds;
they are a start to be edited, not a kind of film of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.gl.navigation import OrbitCamera
from renderer.snapshot import Snapshot
from renderer.trajectory import CameraKey, CameraTrajectory

PRESETS = ("orbit", "arc", "dolly", "dolly zoom", "bullet time", "study orbit")
STUDY_FPS = 6.0
"""Of the clips that the paper's evaluators saw."""
FALLBACK_ARC = math.radians(25.0)
MAX_ARC = math.radians(80.0)


@dataclass(frozen=True, eq=False)
class Stand:
    """What a preset starts from.

    Attributes:
        orbit: the present view, with the pivot that the camera goes round.
        arc: radians to the left (negative) and right that the freeze-time cameras cover, as seen from the pivot.
        times: first, shared and last scene time, reference frames. fps: of the reference video.
    """

    orbit: OrbitCamera
    arc: tuple[float, float]
    times: tuple[float, float, float]
    fps: float

    @classmethod
    def of(cls, orbit: OrbitCamera, snapshot: Snapshot, fps: float) -> Stand:
        """From a view of a scene."""
        first, last = snapshot.time_range
        shared = snapshot.info.get("canonical_reference_frame", 0.5 * (first + last))
        middle = float(shared) if isinstance(shared, int | float) else 0.5 * (first + last)
        return cls(orbit, covered(orbit, snapshot), (first, min(max(middle, first), last), last), fps)

    @property
    def run(self) -> float:
        """Seconds that the reference video takes."""
        return max(self.times[2] - self.times[0], 1.0) / self.fps

    def key(self, seconds: float, yaw: float, time: float, easing: str = "linear") -> CameraKey:
        """The view turned about the pivot by `yaw` radians, positive to the camera's right."""
        return _key(seconds, self.orbit.orbited(-yaw, 0.0).camera, time, easing)


def study_film(
    snapshot: Snapshot, times: tuple[float, float] | None = None, fps: float | None = None
) -> CameraTrajectory:
    """The study orbit of a scene as a film, stopping at four of its freeze-time cameras.

    They are spread evenly over the circle; solved cameras look where something was seen, as a circle about one point
    may not. With fewer than four apart, the stops lie on the circle about what the reference camera looks at.

    `times`: the part of the video that plays at each stop, reference frames (None: all). `fps`: pictures a second;
    another rate than `STUDY_FPS` shows the same seconds in more or fewer of them.
    """
    orbit = OrbitCamera.home(snapshot)
    stand = Stand.of(orbit, snapshot, STUDY_FPS)
    if times is not None:
        stand = replace(stand, times=(times[0], times[0], times[1]))
    stops = _solved_stops(orbit, snapshot)
    keys = _study_orbit(stand) if stops is None else _held(stops, stand.times)
    rate = fps or STUDY_FPS
    return CameraTrajectory(keys, orbit.camera.size, rate, round(keys[-1].seconds * rate) + 1)


def _solved_stops(orbit: OrbitCamera, snapshot: Snapshot) -> tuple[Camera, ...] | None:
    """Four freeze-time cameras, each the nearest to its place on the evenly parted arc; None where they coincide."""
    cameras, yaws = list(snapshot.freeze_cameras.values()), _yaws(orbit, snapshot)
    if len(cameras) < 4:
        return None
    nearest = [int(np.argmin(np.abs(yaws - place))) for place in np.linspace(*covered(orbit, snapshot), 4)]
    return tuple(cameras[i] for i in nearest) if len(set(nearest)) == 4 else None


def _yaws(orbit: OrbitCamera, snapshot: Snapshot) -> npt.NDArray[np.float64]:
    """How far each freeze-time camera stands to the right about the pivot, radians from the view."""
    flat = np.eye(3) - np.outer(orbit.up, orbit.up)
    front, right = (flat @ axis for axis in (-orbit.camera.forward, orbit.camera.world_from_camera[:3, 0]))
    away = np.array([camera.centre for camera in snapshot.freeze_cameras.values()]).reshape(-1, 3) - orbit.pivot
    return np.asarray(np.arctan2(away @ right, away @ front))


def covered(orbit: OrbitCamera, snapshot: Snapshot) -> tuple[float, float]:
    """Least and largest yaw of the freeze-time cameras about the pivot, relative to the view; some arc without any."""
    if not snapshot.freeze_cameras:
        return -FALLBACK_ARC, FALLBACK_ARC
    yaws = _yaws(orbit, snapshot)
    low, high = float(np.clip(yaws.min(), -MAX_ARC, 0.0)), float(np.clip(yaws.max(), 0.0, MAX_ARC))
    return (low, high) if high - low > math.radians(4.0) else (-FALLBACK_ARC, FALLBACK_ARC)


def preset(name: str, stand: Stand) -> tuple[tuple[CameraKey, ...], bool]:
    """The keys of a preset, and whether the film closes."""
    return _MAKERS[name](stand), name in ("orbit", "arc")


def _orbit(stand: Stand) -> tuple[CameraKey, ...]:
    """Once round in eight keys while time stands at the shared moment; it closes."""
    turn = 2 * math.pi / 8
    return tuple(stand.key(0.75 * i, i * turn, stand.times[1]) for i in range(8))


def _arc(stand: Stand) -> tuple[CameraKey, ...]:
    """From side to side over what the freeze-time cameras have seen, while time stands; it closes."""
    low, high = stand.arc
    way = (0.0, high, 0.0, low)
    return tuple(stand.key(1.25 * i, yaw, stand.times[1], "smooth") for i, yaw in enumerate(way))


def _dolly(stand: Stand) -> tuple[CameraKey, ...]:
    """Towards the pivot while time runs once."""
    near = stand.orbit.dollied(0.6).camera
    seconds = max(stand.run, 2.0)
    return _key(0.0, stand.orbit.camera, stand.times[0], "smooth"), _key(seconds, near, stand.times[2])


def _dolly_zoom(stand: Stand) -> tuple[CameraKey, ...]:
    """Towards the pivot while the lens widens, so that what stands there keeps its size; several keys, as tan bends."""
    keys, seconds = [], max(stand.run, 3.0)
    height = math.tan(0.5 * _fov_y(stand.orbit.camera)) * stand.orbit.distance
    for i in range(7):
        share = i / 6
        camera = stand.orbit.dollied(1.0 - 0.5 * share).camera
        distance = stand.orbit.distance * (1.0 - 0.5 * share)
        time = stand.times[0] + share * (stand.times[2] - stand.times[0])
        keys.append(CameraKey(seconds * share, camera.world_from_camera, 2 * math.atan(height / distance), time))
    return tuple(keys)


def _bullet_time(stand: Stand) -> tuple[CameraKey, ...]:
    """Time runs, freezes while the camera goes round and comes back, and runs on."""
    first, shared, last = stand.times
    before, after = (max(span / stand.fps, 0.5) for span in (shared - first, last - shared))
    low, high = stand.arc
    legs = [(0.0, 0.0, first), (before, 0.0, shared)]
    legs += [(before + 1.5, high, shared), (before + 4.0, low, shared), (before + 5.5, 0.0, shared)]
    legs += [(before + 5.5 + after, 0.0, last)]
    return tuple(
        stand.key(at, yaw, time, "smooth" if 1 <= i <= 3 else "linear") for i, (at, yaw, time) in enumerate(legs)
    )


def _study_orbit(stand: Stand) -> tuple[CameraKey, ...]:
    """As the paper's user study shows scenes: along a circle, stopping at four poses for motion, there and back.

    Time runs through the video during each stop, forwards and backwards in turn, and stands while the camera goes. At
    `STUDY_FPS` every stop is 12 pictures and every move 4 more between them, as in the paper's clips.
    """
    yaws = np.linspace(*stand.arc, 4).tolist()
    return _held([stand.orbit.orbited(-yaw, 0.0).camera for yaw in yaws], stand.times)


def _held(stops: Sequence[Camera], times: tuple[float, float, float]) -> tuple[CameraKey, ...]:
    """The keys of `_study_orbit` at four stops; `times` as in `Stand`."""
    first, _, last = times
    keys, at, time = [], 0.0, first
    for i, stop in enumerate((0, 1, 2, 3, 2, 1, 0)):
        keys.append(_key(at, stops[stop], time, "linear"))
        time = last if i % 2 == 0 else first
        at += 11 / STUDY_FPS
        keys.append(_key(at, stops[stop], time, "smooth"))
        at += 5 / STUDY_FPS
    return tuple(keys)


def _key(seconds: float, camera: Camera, time: float, easing: str = "linear") -> CameraKey:
    return CameraKey(seconds, camera.world_from_camera, _fov_y(camera), time, easing)


def _fov_y(camera: Camera) -> float:
    return 2 * math.atan(0.5 * camera.size[0] / float(camera.K[1, 1]))


_MAKERS: dict[str, Callable[[Stand], tuple[CameraKey, ...]]] = {
    "orbit": _orbit, "arc": _arc, "dolly": _dolly, "dolly zoom": _dolly_zoom, "bullet time": _bullet_time,
    "study orbit": _study_orbit,
}  # fmt: skip
