"""How the hand moves the camera: orbit, pan, dolly, fly, focus; pure values, no window, no OpenGL.

Every move takes an `OrbitCamera` and gives another one. The camera turns rigidly about a pivot, so the pivot
stays where it is in the picture, and a solved camera with roll or an off-centre lens is moved as it is.
Up is minus y of the canonical camera, so the horizon stays level while orbiting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera, look_at
from renderer.snapshot import Posed, Snapshot

Array = npt.NDArray[np.float64]

STEEPEST = math.radians(88.0)  # straight up or down the horizon direction is undefined and the view would spin
LONG = 16.0  # times the lens: of a scene half as deep as it is far, sizes then differ by 3 %
NEAREST, FURTHEST = 0.02, 40.0  # of the home distance: closer loses the pivot to rounding, further shows dots


@dataclass(frozen=True, eq=False)
class OrbitCamera:
    """A camera that is moved about a pivot.

    Attributes:
        camera: the view.
        pivot: [3] the world point that orbits turn about and dollies move towards.
        up: [3] unit, the world's up.
        reach: the home distance from camera to pivot, in scene units; the measure of pans and limits.
        lens: how many times longer the lens is, and the camera further away, than they would be with perspective.
    """

    camera: Camera
    pivot: Array
    up: Array
    reach: float
    lens: float = 1.0

    @classmethod
    def home(cls, snapshot: Snapshot) -> OrbitCamera:
        """The reference camera itself, with its pivot at the scene's median depth straight ahead."""
        camera = snapshot.reference_camera
        pivot = scene_pivot(snapshot)
        up = -camera.world_from_camera[:3, 1]
        return cls(camera, pivot, up, float(np.linalg.norm(pivot - camera.centre)))

    @property
    def distance(self) -> float:
        """From the camera's centre to the pivot, in scene units."""
        return float(np.linalg.norm(self.pivot - self.camera.centre))

    def flattened(self, on: bool) -> OrbitCamera:
        """All but without perspective: `LONG` times the lens from as much further away; or as it was before."""
        lens = LONG if on else 1.0
        factor = lens / self.lens
        pose = self.camera.world_from_camera.copy()
        # Straight back and not away from the pivot, which may lie off the picture's middle: it stays where it is seen.
        depth = float((self.pivot - self.camera.centre) @ self.camera.forward)
        pose[:3, 3] -= (factor - 1.0) * depth * self.camera.forward
        k = self.camera.K.copy()
        k[:2, :2] *= factor
        return replace(self, camera=replace(self.camera, world_from_camera=pose, K=k), lens=lens)

    def orbited(self, yaw: float, pitch: float) -> OrbitCamera:
        """Turned about the pivot, radians: positive yaw drags the scene's front right, positive pitch drags it down."""
        turn = self._turn(yaw, pitch)
        pose = self.camera.world_from_camera.copy()
        pose[:3, :3] = turn @ pose[:3, :3]
        pose[:3, 3] = self.pivot + turn @ (pose[:3, 3] - self.pivot)
        return replace(self, camera=self.camera.posed(pose))

    def looked(self, yaw: float, pitch: float) -> OrbitCamera:
        """Turned where it stands, radians: positive yaw looks right, positive pitch down; the pivot comes along."""
        turn = self._turn(yaw, pitch)
        pose = self.camera.world_from_camera.copy()
        pose[:3, :3] = turn @ pose[:3, :3]
        return replace(self, camera=self.camera.posed(pose), pivot=pose[:3, 3] + turn @ (self.pivot - pose[:3, 3]))

    def flown(self, right: float, up: float, ahead: float) -> OrbitCamera:
        """Moved along its own axes by shares of the home distance, its pivot with it."""
        step = self.camera.world_from_camera[:3, :3] @ (np.array([right, -up, ahead]) * self.reach)
        return replace(self, camera=self._at(self.camera.centre + step), pivot=self.pivot + step)

    def _turn(self, yaw: float, pitch: float) -> Array:
        """[3, 3] a rotation of the world's axes that keeps the horizon level and stops short of straight up or down."""
        forward = self.camera.forward
        elevation = math.asin(float(np.clip(forward @ self.up, -1.0, 1.0)))
        limit = max(STEEPEST, abs(elevation))
        tilt = float(np.clip(elevation - pitch, -limit, limit)) - elevation
        level = np.cross(forward, self.up)
        length = float(np.linalg.norm(level))
        across = level / length if length > 1e-6 else self.camera.world_from_camera[:3, 0]
        return np.asarray(rotation(self.up, -yaw) @ rotation(across, tilt))

    def panned(self, dx: float, dy: float) -> OrbitCamera:
        """Slid so that the pivot's plane follows the hand by (dx, dy) pixels of this camera's image."""
        depth = max(float((self.pivot - self.camera.centre) @ self.camera.forward), NEAREST * self.reach)
        r = self.camera.world_from_camera[:3, :3]
        step = -(r[:, 0] * dx / self.camera.K[0, 0] + r[:, 1] * dy / self.camera.K[1, 1]) * depth
        return replace(self, camera=self._at(self.camera.centre + step), pivot=self.pivot + step)

    def dollied(self, factor: float) -> OrbitCamera:
        """Moved along the line to the pivot; `factor` multiplies the distance, within limits."""
        reach = self.lens * self.reach
        wanted = float(np.clip(self.distance * factor, NEAREST * reach, FURTHEST * reach))
        offset = self.camera.centre - self.pivot
        return replace(self, camera=self._at(self.pivot + offset * (wanted / max(self.distance, 1e-12))))

    def focused(self, point: Array) -> OrbitCamera:
        """Turned where it stands to look at `point`, which becomes the pivot."""
        ahead = point - self.camera.centre
        if np.linalg.norm(np.cross(ahead, self.up)) < 1e-6 * np.linalg.norm(ahead) + 1e-12:
            return replace(self, pivot=np.asarray(point, float))
        pose = look_at(self.camera.centre, point, self.up)
        return replace(self, camera=self.camera.posed(pose), pivot=np.asarray(point, float))

    def framed(self, point: Array) -> OrbitCamera:
        """Looking at `point` from the home distance, along the present direction."""
        offset = self.camera.centre - point
        length = float(np.linalg.norm(offset))
        away = offset / length if length > 1e-9 else -self.camera.forward
        return replace(self, camera=self._at(point + away * self.lens * self.reach)).focused(point)

    def jumped(self, camera: Camera) -> OrbitCamera:
        """At another camera; the pivot slides along the new view to the depth that it has there."""
        depth = float((self.pivot - camera.centre) @ camera.forward)
        depth = depth if depth > NEAREST * self.reach else self.reach
        return replace(self, camera=camera, pivot=camera.centre + camera.forward * depth, lens=1.0)

    def _at(self, centre: Array) -> Camera:
        pose = self.camera.world_from_camera.copy()
        pose[:3, 3] = centre
        return self.camera.posed(pose)


def rotation(axis: Array, angle: float) -> Array:
    """[3, 3] Rodrigues' rotation about a unit `axis`, right-handed, radians."""
    x, y, z = axis
    k = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + math.sin(angle) * k + (1.0 - math.cos(angle)) * (k @ k))


def scene_pivot(snapshot: Snapshot) -> Array:
    """[3] the point straight ahead of the reference camera at the median depth of what it sees."""
    camera = snapshot.reference_camera
    depth = 1.0
    if len(snapshot.means):
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels, z = camera.project(snapshot.means.astype(np.float64))
        inside = (z > 0) & (pixels >= 0).all(1) & (pixels < np.array(camera.size[::-1])).all(1)
        if inside.any():
            depth = float(np.median(z[inside]))
    return np.asarray(camera.centre + camera.forward * depth)


def fitted(camera: Camera, size: tuple[int, int]) -> Camera:
    """The same view in a picture of another shape (height, width): all of the camera's frame shows, centred."""
    scale = min(size[0] / camera.size[0], size[1] / camera.size[1])
    shift_x = 0.5 * (size[1] - scale * camera.size[1])
    shift_y = 0.5 * (size[0] - scale * camera.size[0])
    window = np.array([[scale, 0.0, shift_x], [0.0, scale, shift_y], [0.0, 0.0, 1.0]])
    return replace(camera, K=window @ camera.K, size=size)


def pick(posed: Posed, camera: Camera, pixel: tuple[float, float]) -> Array | None:
    """The world point [3] seen at `pixel` (x, y): where half the light is stopped; None over empty background."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels, z = camera.project(posed.means.astype(np.float64))
    reach = posed.scales.max(1) * camera.K[0, 0] / np.maximum(z, 1e-6)
    away = ((pixels - np.asarray(pixel)) ** 2).sum(1)
    near = np.flatnonzero((z > 0.01) & (away < (3.0 * reach) ** 2 + 1.0))
    if not len(near):
        return None
    near = near[np.argsort(z[near], kind="stable")]
    weight = posed.opacities[near] * np.exp(-0.5 * away[near] / (reach[near] ** 2 + 0.3))
    stopped = 1.0 - np.cumprod(1.0 - np.clip(weight, 0.0, 0.999))
    if stopped[-1] < 0.2:
        return None
    depth = float(z[near[int(np.searchsorted(stopped, 0.5 * stopped[-1]))]])
    ray = np.linalg.solve(camera.K, np.array([pixel[0], pixel[1], 1.0]))
    pose = camera.world_from_camera
    return np.asarray(pose[:3, :3] @ (ray * depth) + pose[:3, 3])
