"""A camera that moves: keys in seconds, a smooth path through them, and the views of a film along it.

Positions and fields of view follow a cubic Hermite spline through the keys, rotations the same spline over
sign-aligned unit quaternions; scene time goes linearly from key to key, so that time never runs backwards
between keys that go forward. Reading files is `renderer.formats.camera_path`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CameraKey:
    """Where the camera is at `seconds` of the film.

    Attributes:
        world_from_camera: [4, 4], OpenCV axes. fov_y: vertical field of view in radians.
        time: scene time in reference frames; None where the path leaves it open.
    """

    seconds: float
    world_from_camera: Array
    fov_y: float
    time: float | None = None


@dataclass(frozen=True, eq=False)
class View:
    """One picture of the film: its camera and the scene time in reference frames, None where left open."""

    camera: Camera
    time: float | None


@dataclass(frozen=True, eq=False)
class CameraTrajectory:
    """Keys in increasing order of seconds, and the film's size (height, width), rate and number of frames."""

    keys: tuple[CameraKey, ...]
    size: tuple[int, int]
    fps: float
    n_frames: int

    def __post_init__(self) -> None:
        seconds = [key.seconds for key in self.keys]
        if not self.keys or any(b <= a for a, b in itertools.pairwise(seconds)):
            raise ValueError("a trajectory needs keys at increasing times")
        if not (self.fps > 0 and self.n_frames >= 1):
            raise ValueError("a trajectory needs a positive rate and at least one frame")

    def views(self) -> list[View]:
        """The film's pictures, one every 1 / fps seconds from the first key on."""
        start = self.keys[0].seconds
        return [self.view(start + i / self.fps) for i in range(self.n_frames)]

    def view(self, seconds: float) -> View:
        """The view at a moment of the film, clamped to the first and last key."""
        at = np.array([key.seconds for key in self.keys])
        pose = np.eye(4)
        pose[:3, :3] = rotation_from_quaternion(self._spline(_quaternions(self.keys), at, seconds))
        pose[:3, 3] = self._spline(np.stack([key.world_from_camera[:3, 3] for key in self.keys]), at, seconds)
        fov_y = float(self._spline(np.array([[key.fov_y] for key in self.keys]), at, seconds)[0])
        return View(
            camera_from_fov_y(pose, float(np.clip(fov_y, 1e-3, np.pi - 1e-3)), self.size), self._time(at, seconds)
        )

    def _time(self, at: Array, seconds: float) -> float | None:
        times = [key.time for key in self.keys if key.time is not None]
        return float(np.interp(seconds, at, times)) if len(times) == len(self.keys) else None

    @staticmethod
    def _spline(values: Array, at: Array, seconds: float) -> Array:
        """Cubic Hermite through values [n, d] at times `at` [n]; tangents are finite differences."""
        if len(at) == 1:
            only: Array = values[0]
            return only
        i = int(np.clip(np.searchsorted(at, seconds, side="right") - 1, 0, len(at) - 2))
        span = at[i + 1] - at[i]
        s = float(np.clip((seconds - at[i]) / span, 0.0, 1.0))
        tangents = np.gradient(values, at, axis=0)
        basis = (2 * s**3 - 3 * s**2 + 1, s**3 - 2 * s**2 + s, -2 * s**3 + 3 * s**2, s**3 - s**2)
        left, right = tangents[i] * span, tangents[i + 1] * span
        mixed: Array = basis[0] * values[i] + basis[1] * left + basis[2] * values[i + 1] + basis[3] * right
        return mixed


def camera_from_fov_y(world_from_camera: Array, fov_y: float, size: tuple[int, int]) -> Camera:
    """A camera with square pixels and a centred principal point; `fov_y` in radians."""
    height, width = size
    f = 0.5 * height / np.tan(0.5 * fov_y)
    return Camera(world_from_camera, np.array([[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]]), size)


def refit(camera: Camera, size: tuple[int, int]) -> Camera:
    """The same view for another picture shape: pixels stay square, the height is kept, the sides gain or lose.

    For a size of the same aspect this is `Camera.resized`.
    """
    height, width = size
    scale = height / camera.size[0]
    k = np.diag([scale, scale, 1.0]) @ camera.K
    k[0, 2] += 0.5 * (width - scale * camera.size[1])
    return Camera(camera.world_from_camera, k, size)


def _quaternions(keys: tuple[CameraKey, ...]) -> Array:
    quats = np.stack([quaternion_from_rotation(key.world_from_camera[:3, :3]) for key in keys])
    for i in range(1, len(quats)):
        if quats[i] @ quats[i - 1] < 0:
            quats[i] = -quats[i]
    return quats


def quaternion_from_rotation(r: Array) -> Array:
    """[3, 3] rotation -> unit quaternion wxyz, by the largest component, which is stable for every rotation."""
    k = np.array(
        [
            [r[0, 0] + r[1, 1] + r[2, 2], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
            [r[0, 2] - r[2, 0], r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1]],
            [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1]],
        ]
    )
    vector: Array = np.linalg.eigh(k)[1][:, -1]
    return vector


def rotation_from_quaternion(q: Array) -> Array:
    """Quaternion wxyz of any length but zero -> [3, 3] rotation."""
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
