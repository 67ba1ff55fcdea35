"""A camera that moves: keys in seconds, a smooth path through them, and the views of a film along it.

Positions and fields of view follow a cubic Hermite spline through the keys, rotations the same spline over
sign-aligned unit quaternions; scene time goes linearly from key to key, so that time never runs backwards
between keys that go forward. A key's easing warps the way to the next one. Files are `renderer.formats.camera_path`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera

Array = npt.NDArray[np.float64]

EASINGS = ("linear", "smooth", "in", "out", "hold")
"""How the way from a key to the next is gone: evenly, gently at both ends, gently at one, or by a jump at its end."""


@dataclass(frozen=True, eq=False)
class CameraKey:
    """Where the camera is at `seconds` of the film.

    Attributes:
        world_from_camera: [4, 4], OpenCV axes. fov_y: vertical field of view in radians.
        time: scene time in reference frames; None where the path leaves it open.
        easing: one of `EASINGS`, from this key to the next.
    """

    seconds: float
    world_from_camera: Array
    fov_y: float
    time: float | None = None
    easing: str = "linear"


@dataclass(frozen=True, eq=False)
class View:
    """One picture of the film: its camera and the scene time in reference frames, None where left open."""

    camera: Camera
    time: float | None


@dataclass(frozen=True, eq=False)
class CameraTrajectory:
    """Keys in increasing order of seconds, and the film's size (height, width), rate and number of frames.

    `closed`: seconds from the last key back to the first one, so that the film can run round and round; 0: it ends.
    """

    keys: tuple[CameraKey, ...]
    size: tuple[int, int]
    fps: float
    n_frames: int
    closed: float = 0.0

    def __post_init__(self) -> None:
        seconds = [key.seconds for key in self.keys]
        if not self.keys or any(b <= a for a, b in itertools.pairwise(seconds)):
            raise ValueError("a trajectory needs keys at increasing times")
        if not (self.fps > 0 and self.n_frames >= 1):
            raise ValueError("a trajectory needs a positive rate and at least one frame")
        if self.closed < 0 or any(key.easing not in EASINGS for key in self.keys):
            raise ValueError(f"a trajectory closes after some seconds and its easings are {', '.join(EASINGS)}")

    def views(self) -> list[View]:
        """The film's pictures, one every 1 / fps seconds from the first key on."""
        start = self.keys[0].seconds
        return [self.view(start + i / self.fps) for i in range(self.n_frames)]

    def view(self, seconds: float) -> View:
        """The view at a moment of the film, clamped to the first and last key; a closed one goes round."""
        keys, first = self._course()
        at = np.array([key.seconds for key in keys])
        if self.closed:
            period = self.keys[-1].seconds - self.keys[0].seconds + self.closed
            seconds = self.keys[0].seconds + (seconds - self.keys[0].seconds) % period
        i, s = self._leg(keys, at, seconds, first)
        pose = np.eye(4)
        pose[:3, :3] = rotation_from_quaternion(_spline(_quaternions(keys), at, i, s))
        pose[:3, 3] = _spline(np.stack([key.world_from_camera[:3, 3] for key in keys]), at, i, s)
        fov_y = float(_spline(np.array([[key.fov_y] for key in keys]), at, i, s)[0])
        camera = camera_from_fov_y(pose, float(np.clip(fov_y, 1e-3, np.pi - 1e-3)), self.size)
        return View(camera, _time(keys, i, s))

    def _course(self) -> tuple[tuple[CameraKey, ...], int]:
        """The keys that the spline goes through, and where the first of the film stands among them."""
        if not self.closed or len(self.keys) < 2:
            return self.keys, 0
        period = self.keys[-1].seconds - self.keys[0].seconds + self.closed
        before = replace(self.keys[-1], seconds=self.keys[-1].seconds - period)
        after = (replace(key, seconds=key.seconds + period) for key in self.keys[:2])
        return (before, *self.keys, *after), 1

    @staticmethod
    def _leg(keys: tuple[CameraKey, ...], at: Array, seconds: float, first: int) -> tuple[int, float]:
        """Between which keys a moment lies (i, i + 1), and how much of that way is gone, easing included."""
        if len(keys) == 1:
            return 0, 0.0
        i = int(np.clip(np.searchsorted(at, seconds, side="right") - 1, first, len(at) - 2))
        share = float(np.clip((seconds - at[i]) / (at[i + 1] - at[i]), 0.0, 1.0))
        return i, eased(keys[i].easing, share)


def eased(easing: str, share: float) -> float:
    """`share` of a way, 0 to 1, as an easing goes it."""
    if easing == "smooth":
        return share * share * (3.0 - 2.0 * share)
    if easing == "in":
        return share * share
    if easing == "out":
        return share * (2.0 - share)
    if easing == "hold":
        return float(share >= 1.0)
    return share


def _time(keys: tuple[CameraKey, ...], i: int, s: float) -> float | None:
    if any(key.time is None for key in keys):
        return None
    low, high = keys[i].time, keys[min(i + 1, len(keys) - 1)].time
    return None if low is None or high is None else low + s * (high - low)


def _spline(values: Array, at: Array, i: int, s: float) -> Array:
    """Cubic Hermite through values [n, d] at times `at` [n]; tangents are finite differences.

    A value that stays the same from one key to the next stands still there, and the curve comes to rest before it.
    """
    if len(at) == 1:
        only: Array = values[0]
        return only
    span = at[i + 1] - at[i]
    tangents = np.gradient(values, at, axis=0)
    rests = (np.abs(np.diff(values, axis=0)) < 1e-12).all(axis=1)
    tangents[:-1][rests] = 0.0
    tangents[1:][rests] = 0.0
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
