"""The camera path of a project: keys on a timeline of seconds, and the film that they make. Part of the cut."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from renderer.camera import Camera
from renderer.trajectory import EASINGS, CameraKey, CameraTrajectory

MAX_SIDE = 16384
MAX_FRAMES = 100_000
MIN_GAP = 1e-3  # seconds between two keys


@dataclass(frozen=True)
class ShotKey:
    """Where the camera is at `seconds` of the film at speed 1.

    Attributes:
        pose: the 16 numbers of world_from_camera, row by row, OpenCV axes.
        fov_y: vertical field of view, radians. time: scene time, reference frames.
        easing: of the way to the next key, one of `renderer.trajectory.EASINGS`.
    """

    seconds: float
    pose: tuple[float, ...]
    fov_y: float
    time: float
    easing: str = "smooth"
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        r = np.array(self.pose).reshape(4, 4)[:3, :3] if len(self.pose) == 16 else np.zeros((3, 3))
        if not (np.allclose(r @ r.T, np.eye(3), atol=1e-3) and np.linalg.det(r) > 0):
            raise ValueError("a camera key's pose is not a rotation and a position")
        if not (0 <= self.seconds <= 86_400 and 1e-3 < self.fov_y < math.pi - 1e-3 and self.easing in EASINGS):
            raise ValueError(f"a camera key at {self.seconds} s, {self.fov_y} rad, easing {self.easing!r}")

    @classmethod
    def at(cls, seconds: float, camera: Camera, time: float, easing: str = "smooth") -> ShotKey:
        """A key where a camera stands; its principal point is taken to be the middle."""
        fov_y = 2 * math.atan(0.5 * camera.size[0] / float(camera.K[1, 1]))
        return cls(seconds, tuple(camera.world_from_camera.ravel().tolist()), fov_y, time, easing)

    @classmethod
    def of(cls, key: CameraKey, time: float) -> ShotKey:
        """A key of a trajectory; `time` where it leaves scene time open."""
        pose = tuple(np.asarray(key.world_from_camera).ravel().tolist())
        return cls(key.seconds, pose, key.fov_y, time if key.time is None else key.time, key.easing)

    @property
    def key(self) -> CameraKey:
        """The same as the renderer takes it."""
        return CameraKey(self.seconds, np.array(self.pose).reshape(4, 4), self.fov_y, self.time, self.easing)


@dataclass(frozen=True)
class Shot:
    """Keys in rising order of seconds, and the film: size (height, width), rate, `closes` seconds after the last key.

    `speed` divides all seconds; `closes` above 0 leads the camera back to the first key, for films that loop.
    """

    keys: tuple[ShotKey, ...] = ()
    size: tuple[int, int] = (540, 960)
    fps: float = 24.0
    closes: float = 0.0
    speed: float = 1.0
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        seconds = [key.seconds for key in self.keys]
        if any(b - a < 0.5 * MIN_GAP for a, b in itertools.pairwise(seconds)):
            raise ValueError("two camera keys at one moment")
        sides = all(16 <= side <= MAX_SIDE for side in self.size)
        if not (sides and 1 <= self.fps <= 240 and 0.05 <= self.speed <= 20 and 0 <= self.closes <= 3600):
            raise ValueError(f"a film of {self.size} at {self.fps} fps and speed {self.speed}")

    @property
    def seconds(self) -> float:
        """How long the film runs."""
        return 0.0 if not self.keys else (self.keys[-1].seconds - self.keys[0].seconds + self.closes) / self.speed

    @property
    def n_frames(self) -> int:
        """Pictures of the film; a closed one does not show its first picture twice."""
        count = round(self.seconds * self.fps) + (0 if self.closes else 1)
        return min(MAX_FRAMES, max(1, count))

    def trajectory(self) -> CameraTrajectory | None:
        """The film's way; None without keys."""
        if not self.keys:
            return None
        first = self.keys[0].seconds
        keys = tuple(replace(key.key, seconds=(key.seconds - first) / self.speed) for key in self.keys)
        return CameraTrajectory(keys, self.size, self.fps, self.n_frames, self.closes / self.speed)

    def with_key(self, key: ShotKey) -> Shot:
        """With one more key; one at the same moment is replaced."""
        others = tuple(known for known in self.keys if abs(known.seconds - key.seconds) >= MIN_GAP)
        return replace(self, keys=tuple(sorted((*others, key), key=lambda known: known.seconds)))

    def with_keys(self, keys: tuple[ShotKey, ...]) -> Shot:
        """With other keys, in order."""
        return replace(self, keys=tuple(sorted(keys, key=lambda known: known.seconds)))

    def moved(self, index: int, seconds: float) -> Shot:
        """With a key at another moment, kept between its neighbours."""
        low = self.keys[index - 1].seconds + MIN_GAP if index else 0.0
        high = self.keys[index + 1].seconds - MIN_GAP if index + 1 < len(self.keys) else 86_400.0
        return self.changed(index, seconds=min(max(seconds, low), high))

    def changed(self, index: int, **values: Any) -> Shot:
        """With other values of one key."""
        keys = list(self.keys)
        keys[index] = replace(keys[index], **values)
        return replace(self, keys=tuple(keys))

    def without(self, index: int) -> Shot:
        """Without one key."""
        return replace(self, keys=self.keys[:index] + self.keys[index + 1 :])
