"""Ray casting of the procedural scenes: unit shapes under affine poses, and the room around them, in numpy.

A shape is a unit ball, cube, upright cylinder or cone (tip at z = 1, base at z = -1) in its own space; a dome and a
hall are a ball and a cube seen from within. An affine pose takes it to the world, so squashing and shearing cost
nothing and material coordinates are exact at every time. Not a renderer for splats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera

Array = npt.NDArray[np.float64]
Kind = Literal["ball", "box", "cylinder", "cone", "dome", "hall"]

NEAR = 1e-3
"""Hits closer than this (metres) are behind the lens."""


@dataclass(frozen=True, eq=False)
class Rays:
    """One ray per pixel: `origin` [3], `directions` [H, W, 3] with unit depth, so that the ray parameter is z.

    `margin` is how far, in pixels, a ray may pass from its own pixel's centre.
    """

    camera: Camera
    origin: Array
    directions: Array
    margin: int

    @classmethod
    def through(cls, camera: Camera, offset: tuple[float, float] = (0.0, 0.0), warp: Array | None = None) -> Rays:
        """Rays through the pixel centres, moved by `offset` (x, y) pixels and by `warp` [H, W, 2] (x, y) pixels."""
        height, width = camera.size
        x, y = np.meshgrid(np.arange(width) + 0.5 + offset[0], np.arange(height) + 0.5 + offset[1])
        margin = 1
        if warp is not None:
            x, y = x + warp[..., 0], y + warp[..., 1]
            margin += int(np.ceil(np.abs(warp).max()))
        u, v = (x - camera.K[0, 2]) / camera.K[0, 0], (y - camera.K[1, 2]) / camera.K[1, 1]
        local = np.stack([u, v, np.ones((height, width))], -1)
        return cls(camera, camera.centre, local @ camera.world_from_camera[:3, :3].T, margin)


def affine(centre: npt.ArrayLike, linear: npt.ArrayLike) -> Array:
    """[4, 4] from a centre [3] and a linear map [3, 3]."""
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = np.asarray(linear, float), np.asarray(centre, float)
    return out


def turn(axis: Literal["x", "y", "z"], angle: float) -> Array:
    """[3, 3] rotation by `angle` radians, right-handed."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    out = np.eye(3)
    out[i, i], out[i, j], out[j, i], out[j, j] = c, -s, s, c
    return out


def window(rays: Rays, pose: Array) -> tuple[slice, slice] | None:
    """Rows and columns of the image in which a unit shape (of any kind) may be seen; None when it cannot."""
    corners = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3, indexing="ij"), -1).reshape(-1, 3)
    world = corners @ pose[:3, :3].T + pose[:3, 3]
    pixels, depth = rays.camera.project(world)
    height, width = rays.camera.size
    if depth.max() <= NEAR:
        return None
    if depth.min() <= 0.05:
        return slice(0, height), slice(0, width)
    low = np.maximum(np.floor(pixels.min(0)).astype(int) - rays.margin, 0)
    high = np.minimum(np.ceil(pixels.max(0)).astype(int) + 1 + rays.margin, (width, height))
    return (slice(low[1], high[1]), slice(low[0], high[0])) if (high > low).all() else None


def hit(kind: Kind, origin: Array, directions: Array, pose: Array) -> Array:
    """Ray parameter [...] of the first hit with a unit shape under `pose`; inf where there is none."""
    inverse = np.linalg.inv(pose[:3, :3])
    o, d = inverse @ (origin - pose[:3, 3]), directions @ inverse.T
    return _HITS[kind](o, d)


def _hit_ball(o: Array, d: Array) -> Array:
    a, b, c = np.einsum("...i,...i", d, d), d @ o, o @ o - 1
    disc = b * b - a * c
    with np.errstate(invalid="ignore"):
        t = (-b - np.sqrt(disc)) / a
    return np.where((disc > 0) & (t > NEAR), t, np.inf)


def _slabs(o: Array, d: Array) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (-1 - o) / d, (1 - o) / d
    return np.minimum(first, second).max(-1), np.maximum(first, second).min(-1)


def _hit_box(o: Array, d: Array) -> Array:
    enter, leave = _slabs(o, d)
    return np.where((leave > enter) & (enter > NEAR), enter, np.inf)


def _hit_cylinder(o: Array, d: Array) -> Array:
    a = d[..., 0] ** 2 + d[..., 1] ** 2
    b, c = d[..., 0] * o[0] + d[..., 1] * o[1], o[0] ** 2 + o[1] ** 2 - 1
    disc = b * b - a * c
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(disc)
        side_in, side_out = (-b - root) / a, (-b + root) / a
        cap_in, cap_out = _slabs(o[2:], d[..., 2:])
        enter, leave = np.maximum(side_in, cap_in), np.minimum(side_out, cap_out)
        return np.where((disc > 0) & (leave > enter) & (enter > NEAR), enter, np.inf)


def _hit_cone(o: Array, d: Array) -> Array:
    # x^2 + y^2 = r^2 with r = (1 - z) / 2; the mirrored cone above the tip has r < 0.
    ro, rd = 0.5 * (1 - o[2]), -0.5 * d[..., 2]
    a = d[..., 0] ** 2 + d[..., 1] ** 2 - rd**2
    b = d[..., 0] * o[0] + d[..., 1] * o[1] - rd * ro
    c = o[0] ** 2 + o[1] ** 2 - ro**2
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(b * b - a * c)
        t = np.full(d.shape[:-1], np.inf)
        for side in ((-b - root) / a, (-b + root) / a):
            good = (side > NEAR) & (np.abs(o[2] + side * d[..., 2]) < 1)
            t = np.where(good, np.minimum(t, side), t)
        base = (-1 - o[2]) / d[..., 2]
        x, y = o[0] + base * d[..., 0], o[1] + base * d[..., 1]
        return np.where((base > NEAR) & (x * x + y * y < 1), np.minimum(t, base), t)


def _hit_dome(o: Array, d: Array) -> Array:
    a, b, c = np.einsum("...i,...i", d, d), d @ o, o @ o - 1
    disc = b * b - a * c
    with np.errstate(invalid="ignore"):
        t = (-b + np.sqrt(disc)) / a
    return np.where((disc > 0) & (t > NEAR), t, np.inf)


def _hit_hall(o: Array, d: Array) -> Array:
    enter, leave = _slabs(o, d)
    return np.where((leave > enter) & (leave > NEAR), leave, np.inf)


_HITS = {
    "ball": _hit_ball,
    "box": _hit_box,
    "cylinder": _hit_cylinder,
    "cone": _hit_cone,
    "dome": _hit_dome,
    "hall": _hit_hall,
}


def normals_of(kind: Kind, local: Array) -> Array:
    """Normals [N, 3] on the visible side, in the shape's own space, at points [N, 3] on a unit shape."""
    if kind in ("ball", "dome"):
        return local if kind == "ball" else -local
    out = np.zeros_like(local)
    if kind in ("box", "hall"):
        face = np.abs(local).argmax(1)
        out[np.arange(len(local)), face] = np.sign(local[np.arange(len(local)), face]) * (1 if kind == "box" else -1)
        return out
    if kind == "cone":
        side = np.hypot(local[:, 0], local[:, 1]) > 0.5 * (1 - local[:, 2]) - 1e-6
        side &= local[:, 2] > -1 + 1e-6
        out[side, :2], out[side, 2] = local[side, :2], 0.25 * (1 - local[side, 2])
        out[~side, 2] = -1
        return out
    cap = np.abs(local[:, 2]) > np.hypot(local[:, 0], local[:, 1])
    out[cap, 2] = np.sign(local[cap, 2])
    out[~cap, :2] = local[~cap, :2]
    return out


def shade_of_ball(
    points: npt.NDArray[np.floating], towards: Array, pose: Array, softness: float
) -> npt.NDArray[np.float32]:
    """How much [N] of a distant light a unit ball under `pose` hides: 0 to 1, soft without any random numbers."""
    inverse = np.linalg.inv(pose[:3, :3])
    d = inverse @ towards
    d = (d / np.linalg.norm(d)).astype(np.float32)
    o = (points - pose[:3, 3].astype(np.float32)) @ inverse.T.astype(np.float32)
    along = o @ d
    closest = np.sqrt(np.maximum(np.einsum("ni,ni->n", o, o) - along**2, 0))
    # The penumbra widens with the distance from the shape to the shaded point.
    width = softness * (1 + np.maximum(-along, 0))
    cover = np.clip(0.5 + (1 - closest) / (2 * width), 0, 1)
    return np.where(along < 0, cover * cover * (3 - 2 * cover), 0).astype(np.float32)
