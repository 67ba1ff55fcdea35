"""From COLMAP's arrays to `SolvedPoses`: gaps filled, canonical camera at the origin, scale 1, points coloured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation, Slerp

from renderer.errors import Refusal

Array = npt.NDArray[np.float64]
Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RawModel:
    """What the child found: frames are numbered by their place among the frames asked for.

    Attributes:
        attempt: which try it is.
        focals: [R] px; all the same unless frames have lenses of their own.
        placed: [R] sorted places of the frames that COLMAP placed.
        camera_from_world: [R, 3, 4].
        points: [P, 3]. obs_point, obs_frame: [M], sorted by point; obs_xy: [M, 2] px.
        zoom: longest over shortest focal length that the frames ask for; 1 is a shared lens.
        by_prior: the frames stand where the orbit prior put them unless their own tracks say otherwise.
    """

    attempt: str
    focals: Array
    placed: npt.NDArray[np.int64]
    camera_from_world: Array
    points: Array
    obs_point: npt.NDArray[np.int64]
    obs_frame: npt.NDArray[np.int64]
    obs_xy: Array
    zoom: float = 1.0
    by_prior: bool = False

    def scaled(self, ratio: float) -> RawModel:
        """The same model for frames `ratio` times as large."""
        return replace(self, focals=self.focals * ratio, obs_xy=self.obs_xy * ratio)

    def tracks(self, count: int) -> npt.NDArray[np.int64]:
        """[count] how many points each frame sees."""
        seen = np.unique(np.stack([self.obs_frame, self.obs_point]), axis=1)
        return np.bincount(seen[0], minlength=count)

    def world_from_camera(self) -> Array:
        """[R, 4, 4] poses."""
        return inverse(self.camera_from_world)


def inverse(camera_from_world: Array) -> Array:
    """[N, 3, 4] rigid motions to their [N, 4, 4] inverses; rotations are made exact on the way."""
    rotation = Rotation.from_matrix(camera_from_world[:, :, :3]).as_matrix()
    out = np.zeros((len(rotation), 4, 4))
    out[:, :3, :3] = rotation.transpose(0, 2, 1)
    out[:, :3, 3] = -np.einsum("nji,nj->ni", rotation, camera_from_world[:, :, 3])
    out[:, 3, 3] = 1.0
    return out


def fill_gaps(placed: Sequence[int], poses: Array, count: int) -> Array:
    """[count, 4, 4]: poses of places without one lie between their neighbours', in steps of equal size.

    Before the first and after the last the nearest pose is repeated: a path carried on by guess leaves the scene.
    """
    at = np.clip(np.arange(count, dtype=float), placed[0], placed[-1])
    out = np.tile(np.eye(4), (count, 1, 1))
    if len(placed) == 1:
        return np.tile(poses[0], (count, 1, 1))
    out[:, :3, :3] = Slerp(placed, Rotation.from_matrix(poses[:, :3, :3]))(at).as_matrix()
    for axis in range(3):
        out[:, axis, 3] = np.interp(at, placed, poses[:, axis, 3])
    out[placed] = poses
    return out


def normalise(poses: Array, points: Array, canonical: int, seen: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Move the canonical camera to the origin and scale its median depth to 1.

    `poses` [F, 4, 4], `points` [P, 3], `seen` rows of the points that the canonical frame sees; with fewer than 8 all
    points before it count. Raises `Refusal` when nothing lies before the camera.
    """
    to_canonical = np.linalg.inv(poses[canonical])
    moved = points @ to_canonical[:3, :3].T + to_canonical[:3, 3]
    depths = moved[seen, 2] if len(seen) >= 8 else moved[:, 2]
    depths = depths[depths > 0]
    if len(depths) == 0:
        raise Refusal("No point was found before the canonical camera; choose another canonical freeze-time frame.")
    scale = 1.0 / float(np.median(depths))
    out = to_canonical @ poses
    out[:, :3, 3] *= scale
    out[canonical] = np.eye(4)
    return out, moved * scale


def reprojection_errors(model: RawModel, size: tuple[int, int]) -> Array:
    """[M] px, per observation."""
    row = np.searchsorted(model.placed, model.obs_frame)
    pose = model.camera_from_world[row]
    local = np.einsum("nij,nj->ni", pose[:, :, :3], model.points[model.obs_point]) + pose[:, :, 3]
    pixel = model.focals[row, None] * local[:, :2] / local[:, 2:] + np.array([size[1] / 2, size[0] / 2])
    return np.asarray(np.linalg.norm(pixel - model.obs_xy, axis=1))


def triangulation_angle(model: RawModel) -> float:
    """Median over points of the widest angle under which two of their cameras see them, degrees."""
    centres = model.world_from_camera()[:, :3, 3]
    rays = centres[np.searchsorted(model.placed, model.obs_frame)] - model.points[model.obs_point]
    rays /= np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-12)
    groups = np.split(rays, np.flatnonzero(np.diff(model.obs_point)) + 1)
    return float(np.degrees(np.arccos(np.median([np.clip(g @ g.T, -1, 1).min() for g in groups]))))


def point_colours(model: RawModel, frames: Frames) -> npt.NDArray[np.uint8]:
    """[P, 3] mean sRGB of the pixels in which each point was found."""
    height, width = frames.shape[1:3]
    x = np.clip(model.obs_xy[:, 0].astype(int), 0, width - 1)
    y = np.clip(model.obs_xy[:, 1].astype(int), 0, height - 1)
    rgb = frames[model.obs_frame, y, x].astype(np.float64)
    counts = np.bincount(model.obs_point, minlength=len(model.points))
    sums = np.stack([np.bincount(model.obs_point, rgb[:, c], len(model.points)) for c in range(3)], 1)
    return np.round(sums / np.maximum(counts, 1)[:, None]).astype(np.uint8)


def fov_degrees(focal: float, width: int) -> float:
    """Horizontal field of view in degrees of a focal length in px."""
    return float(np.degrees(2.0 * np.arctan(0.5 * width / focal)))


def jumps(places: npt.NDArray[np.int64], poses: Array, reach: float = 4.0) -> list[int]:
    """Places whose camera lies further than `reach` median steps from the line between its two neighbours.

    places: [R] sorted. poses: [R, 4, 4] world from camera.
    """
    centres, at = poses[:, :3, 3], places.astype(np.float64)
    if len(places) < 4:
        return []
    step = np.median(np.linalg.norm(np.diff(centres, axis=0), axis=1) / np.diff(at))
    share = ((at[1:-1] - at[:-2]) / (at[2:] - at[:-2]))[:, None]
    off = np.linalg.norm(centres[1:-1] - (1.0 - share) * centres[:-2] - share * centres[2:], axis=1)
    return [int(place) for place in places[1:-1][off > reach * max(step, 1e-12)]]


def path_roughness(cameras: Mapping[int, Array]) -> float:
    """Largest step between neighbouring centres over the median step; about 1 on a steady orbit."""
    centres = np.array([cameras[k][:3, 3] for k in sorted(cameras)])
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    return float(steps.max() / max(np.median(steps), 1e-12)) if len(steps) else 0.0
