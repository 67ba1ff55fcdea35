"""What score distillation looks at: virtual videos of M pictures (sections 3.3 and 3.4, Appendix D.1).

Pure functions of cameras, times and a numpy generator; nothing is rendered here. Readings where the paper is silent:

* The way between two poses is a screw motion, so that the way along an orbit is the orbit itself and not its chord,
  which would pass through what the cameras look at.
* The "circle of a specified radius" lies in the picture plane of the sampled camera, `Distillation.radius` in units of
  the scene's median depth, and the virtual camera goes on looking at what the sampled one looks at.
* The 16 times go evenly from the canonical time to a random one, at least a video's length away where there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from pipeline.lift.footage import Footage
from renderer.camera import Camera

Array = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class VirtualVideo:
    """M pictures to be rendered, in order.

    Attributes:
        cameras: M views of one size; times: M moments in reference frames, None for the canonical scene.
        freeze_time, reference: position of the real frame that stands for the first picture; both None: the first
            picture is the canonical scene as it is rendered.
    """

    cameras: tuple[Camera, ...]
    times: tuple[float, ...] | None
    freeze_time: int | None = None
    reference: int | None = None


@dataclass(frozen=True)
class Window:
    """A part of a picture in px, top left corner and size; a shifted one may hang over the border."""

    top: int
    left: int
    height: int
    width: int


def canonical_views(film: Footage, cameras: Sequence[Camera], count: int, radius: float, rng: Rng) -> VirtualVideo:
    """The canonical scene from `count` poses, the canonical camera first, whose real frame is the condition (Eq. 4)."""
    poses = _away_from_home(film, cameras, count, radius, rng)
    return VirtualVideo(poses, None, freeze_time=film.canonical_freeze)


def frozen_views(film: Footage, cameras: Sequence[Camera], count: int, radius: float, rng: Rng) -> VirtualVideo:
    """The same at a random reference time, whose real frame is the condition (section 3.4, video 2)."""
    position = int(rng.integers(len(film.reference_frames)))
    times = (float(film.reference_frames[position]),) * count
    return VirtualVideo(_away_from_home(film, cameras, count, radius, rng), times, reference=position)


def passing_time(film: Footage, cameras: Sequence[Camera], count: int, radius: float, rng: Rng) -> VirtualVideo:
    """A perturbed camera that stands still while `count` moments pass, the canonical one first (video 1)."""
    camera = perturbed(sampled(cameras, film.canonical_freeze, rng), radius, rng)
    times = passing_times(film.reference_frames, film.canonical_reference, count, rng)
    return VirtualVideo((camera,) * count, times)


def _away_from_home(
    film: Footage, cameras: Sequence[Camera], count: int, radius: float, rng: Rng
) -> tuple[Camera, ...]:
    goal = perturbed(sampled(cameras, film.canonical_freeze, rng), radius, rng)
    return interpolated(cameras[film.canonical_freeze], goal, count)


def sampled(cameras: Sequence[Camera], home: int, rng: Rng) -> Camera:
    """One of the cameras, another than the canonical one where there is another."""
    others = [i for i in range(len(cameras)) if i != home] or [home]
    return cameras[others[int(rng.integers(len(others)))]]


def perturbed(camera: Camera, radius: float, rng: Rng, focus: float = 1.0) -> Camera:
    """A camera uniformly within a disc about this one, turned to keep the point at depth `focus` in its middle.

    `radius` is in units of `focus`, which is in scene units; the disc lies in the picture plane.
    """
    distance, angle = radius * focus * np.sqrt(rng.uniform()), rng.uniform(0.0, 2.0 * np.pi)
    pose = camera.world_from_camera.copy()
    step = distance * np.array([np.cos(angle), np.sin(angle), 0.0])
    aim = np.array([0.0, 0.0, focus]) - step
    aim /= np.linalg.norm(aim)
    # In the camera's own axes: the least rotation that takes its axis (0, 0, 1) to `aim`.
    axis = np.array([-aim[1], aim[0], 0.0])
    sine = float(np.linalg.norm(axis))
    turn = Rotation.from_rotvec(axis * (np.arctan2(sine, aim[2]) / max(sine, 1e-12))).as_matrix()
    pose[:3, 3] += pose[:3, :3] @ step
    pose[:3, :3] = pose[:3, :3] @ turn
    return camera.posed(pose)


def interpolated(first: Camera, last: Camera, count: int) -> tuple[Camera, ...]:
    """`count` cameras evenly along the screw motion from `first` to `last`, both included; K goes linearly."""
    relative = first.camera_from_world @ last.world_from_camera
    vector = Rotation.from_matrix(relative[:3, :3]).as_rotvec()
    velocity = np.linalg.solve(_screw_matrix(vector), relative[:3, 3])
    cameras = []
    for share in np.linspace(0.0, 1.0, count)[:-1] if count > 1 else [0.0]:
        step = np.eye(4)
        step[:3, :3] = Rotation.from_rotvec(share * vector).as_matrix()
        step[:3, 3] = _screw_matrix(share * vector) @ velocity * share
        k = (1.0 - share) * first.K + share * last.K
        cameras.append(Camera(first.world_from_camera @ step, k, first.size))
    # The ends are themselves to the last bit, and not only to rounding.
    return (first, *cameras[1:], last) if count > 1 else (first,)


def _screw_matrix(vector: Array) -> Array:
    """V of the exponential map of rigid motions: translation = V(rotation vector) velocity; invertible below 2 pi."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if angle < 1e-6:
        return np.asarray(np.eye(3) + 0.5 * cross)
    a, b = (1.0 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    return np.asarray(np.eye(3) + a * cross + b * cross @ cross)


def passing_times(codes: Sequence[int], start: int, count: int, rng: Rng) -> tuple[float, ...]:
    """`count` moments from the canonical frame `codes[start]` on, forward or backward, evenly, within the video.

    They reach at least `count` - 1 frames far where the video does, so that the motion is never slower than it need be.
    """
    home = float(codes[start])
    ends = [end for end in (float(codes[0]), float(codes[-1])) if end != home]
    if not ends:
        return (home,) * count
    end = ends[int(rng.integers(len(ends)))]
    room = abs(end - home)
    reach = rng.uniform(min(room, count - 1.0), room)
    times = home + np.sign(end - home) * np.linspace(0.0, reach, count)
    return tuple(float(t) for t in np.clip(times, codes[0], codes[-1]))


def sampled_window(size: tuple[int, int], goal: tuple[int, int], rng: Rng) -> Window:
    """Which part of a picture of `size` the prior is shown, as (height, width) of its shape (Appendix D.1).

    Half the time everything, shifted by up to S - 1 px either way, S px of the picture being one of the prior's; half
    the time a crop of half that size. Where the shapes differ, the largest part of the prior's shape counts as
    everything, and its place is random.
    """
    scale = min(size[0] / goal[0], size[1] / goal[1])
    full = tuple(min(max(round(scale * g), 1), s) for g, s in zip(goal, size, strict=True))
    shifts = rng.uniform() < 0.5
    height, width = full if shifts else ((full[0] + 1) // 2, (full[1] + 1) // 2)
    top, left = (int(rng.integers(s - w + 1)) for s, w in zip(size, (height, width), strict=True))
    if shifts:
        most = max(int(scale) - 1, 0)
        dy, dx = (int(d) for d in rng.integers(-most, most + 1, 2))
        top, left = top + dy, left + dx
    return Window(top, left, height, width)


def seen_through(camera: Camera, window: Window, most: tuple[int, int]) -> Camera:
    """The camera that renders just this window, at no more than `most` (height, width) px."""
    k = camera.K.copy()
    k[:2, 2] -= window.left, window.top
    part = Camera(camera.world_from_camera, k, (window.height, window.width))
    size = min(most[0], window.height), min(most[1], window.width)
    return part if size == part.size else part.resized(size)
