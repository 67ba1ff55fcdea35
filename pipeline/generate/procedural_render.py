"""Camera + time -> picture and exact truth of a procedural world: visibility by ray casting, then deferred shading.

Depth, mask and motion belong to the ray through each pixel's centre; colour is the average of a grid of rays. Light is
mostly ambient, with one soft key light and soft contact shade, so that what moves keeps its colours (section 3.3 and
every photometric loss assume that).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.generate.procedural_paint import Float, Paint, array
from pipeline.generate.procedural_shapes import Array, Rays, hit, normals_of, shade_of_ball, window
from pipeline.generate.procedural_world import BACK, HALF_WIDTH, World
from renderer.camera import Camera

CAST, CONTACT = 0.8, 0.85
"""How dark a still thing's cast and contact shade gets; moving things count by their `shade`."""
PENUMBRA = 0.22
"""Softness of cast shade, in radii of what casts it."""
_ROOM_PLANES = (
    (2, 0.0, np.array([0.0, 0.0, 1.0])),
    (1, BACK, np.array([0.0, -1.0, 0.0])),
    (0, -HALF_WIDTH, np.array([1.0, 0.0, 0.0])),
    (0, HALF_WIDTH, np.array([-1.0, 0.0, 0.0])),
)
"""axis, position, normal of floor, back, left and right, in the order of `World.room`."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Everything known of one camera at one time.

    Attributes:
        rgb: [H, W, 3] uint8 sRGB.
        depth: [H, W] float32, z in the camera, metres, at pixel centres.
        moving: [H, W] bool, pixels of things that move or deform during the reference video.
        surface: [H, W] int16, the room's floor and walls first, if any, then the things, in order.
        points: [H, W, 3] float64, world points seen at the pixel centres.
    """

    rgb: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    moving: npt.NDArray[np.bool_]
    surface: npt.NDArray[np.int16]
    points: Array
    time: float
    world: World

    def points_at(self, time: float) -> Array:
        """[H, W, 3] where the material seen in each pixel is at another time: exact scene motion."""
        out = self.points.copy()
        for index, thing in enumerate(self.world.things):
            seen = self.surface == index + len(self.world.room)
            if thing.moving and seen.any():
                change = thing.pose(time) @ np.linalg.inv(thing.pose(self.time))
                out[seen] = self.points[seen] @ change[:3, :3].T + change[:3, 3]
        return out


def render(
    world: World, time: float, camera: Camera, supersampling: int = 2, warp: Array | None = None, gain: float = 1.0
) -> Truth:
    """Cast rays at `time` (reference frames); colour averages `supersampling` x `supersampling` rays a pixel.

    `warp` [H, W, 2] moves each pixel's rays by (x, y) pixels, as a generator that bends its frames would; `gain`
    scales the light.
    """
    poses = [thing.pose(time) for thing in world.things]
    centre = Rays.through(camera, warp=warp)
    depth, surface = _visible(world, poses, centre)
    moving = np.array([False] * len(world.room) + [thing.moving for thing in world.things])
    points = centre.origin + depth[..., None] * centre.directions
    light = np.zeros((*camera.size, 3), np.float32)
    offsets = (np.arange(supersampling) + 0.5) / supersampling - 0.5
    for dy in offsets:
        for dx in offsets:
            rays = Rays.through(camera, (float(dx), float(dy)), warp)
            light += _colour(world, poses, rays, *_visible(world, poses, rays), 1 / supersampling)
    rgb = developed(light * np.float32(gain / supersampling**2))
    return Truth(rgb, depth.astype(np.float32), moving[surface], surface, points, time, world)


def _visible(world: World, poses: list[Array], rays: Rays) -> tuple[Array, npt.NDArray[np.int16]]:
    """Depth [H, W] and surface index [H, W] of the first hit along each ray."""
    depth = np.full(rays.camera.size, np.inf)
    surface = np.zeros(rays.camera.size, np.int16)
    with np.errstate(divide="ignore", invalid="ignore"):
        for index, (axis, position, _) in enumerate(_ROOM_PLANES[: len(world.room)]):
            _nearer(depth, surface, (position - rays.origin[axis]) / rays.directions[..., axis], index)
    for index, (thing, pose) in enumerate(zip(world.things, poses, strict=True)):
        place = window(rays, pose)
        if place:
            t = hit(thing.kind, rays.origin, rays.directions[place], pose)
            _nearer(depth[place], surface[place], t, index + len(world.room))
    return depth, surface


def _nearer(depth: Array, surface: npt.NDArray[np.int16], t: Array, index: int) -> None:
    front = (t > 0) & (t < depth)
    depth[front], surface[front] = t[front], index


def _colour(
    world: World, poses: list[Array], rays: Rays, depth: Array, surface: npt.NDArray[np.int16], share: float
) -> Float:
    """Linear light [H, W, 3] of what the rays see; `share` is the width of a ray's cell in pixels."""
    order = np.argsort(surface, axis=None, kind="stable")
    ids, directions = surface.ravel()[order], rays.directions.reshape(-1, 3)[order]
    distance = depth.ravel()[order]
    points = rays.origin + distance[:, None] * directions
    light = np.empty(points.shape, np.float32)
    cell = share / rays.camera.K[0, 0]
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(ids)], strict=True):
        part, index = slice(start, stop), int(ids[start])
        normals, material, axes, surface_paint = _surface(world, poses, index, points[part])
        slant = np.abs(np.einsum("ni,ni->n", normals, directions[part])) / np.linalg.norm(directions[part], axis=1)
        footprint = array(distance[part] * cell / np.sqrt(np.maximum(slant, 0.05)))
        albedo = surface_paint(array(material), array(axes), footprint)
        thing = index - len(world.room)
        if thing >= 0 and world.things[thing].glow:
            light[part] = albedo
        else:
            light[part] = albedo * _irradiance(world, poses, array(points[part]), array(normals), index)
    out = np.empty_like(light)
    out[order] = light
    return out.reshape(*depth.shape, 3)


def _surface(world: World, poses: list[Array], index: int, points: Array) -> tuple[Array, Array, Array, Paint]:
    """(world normals [N, 3], material points [N, 3], normals in material axes [N, 3], paint) of one surface."""
    thing = index - len(world.room)
    if thing < 0:
        normals = np.broadcast_to(_ROOM_PLANES[index][2], points.shape)
        return normals, points, normals, world.room[index]
    inverse = np.linalg.inv(poses[thing])
    local = points @ inverse[:3, :3].T + inverse[:3, 3]
    axes = normals_of(world.things[thing].kind, local)
    normals = axes @ inverse[:3, :3]
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return normals, local * world.things[thing].half, axes, world.things[thing].paint


def _irradiance(world: World, poses: list[Array], p: Float, n: Float, surface: int) -> Float:
    """Light [N, 3] on points of one surface: sky and floor bounce, a key light, and the soft shade of every thing."""
    lit, open_sky = np.ones(len(p), np.float32), np.ones(len(p), np.float32)
    light = world.light
    for index, (thing, pose) in enumerate(zip(world.things, poses, strict=True)):
        if thing.shade == 0 or surface == index + len(world.room):
            continue
        radius = float(np.cbrt(abs(np.linalg.det(pose[:3, :3]))))
        offset = array(pose[:3, 3]) - p
        squared = np.einsum("ni,ni->n", offset, offset)
        near = np.flatnonzero(squared < (6 * radius) ** 2)
        if near.size == 0:
            continue
        offset, distance = offset[near], np.sqrt(np.maximum(squared[near], radius**2))
        facing = np.maximum(np.einsum("ni,ni->n", n[near], offset) / distance, 0)
        open_sky[near] *= 1 - CONTACT * thing.shade * facing * (radius / distance) ** 2
        behind = offset @ light.towards > 0
        lit[near[behind]] *= 1 - CAST * thing.shade * shade_of_ball(p[near[behind]], light.towards, pose, PENUMBRA)
    # Wrapped by a quarter: no hard terminator that would slide over a turning thing.
    key = np.clip((n @ light.towards + 0.25) / 1.25, 0, 1) * lit
    up = (0.5 + 0.5 * n[:, 2])[:, None]
    if surface < len(world.room):
        open_sky = open_sky * _corners(p, surface)
    ambient = (light.ground + (light.sky - light.ground) * up) * open_sky[:, None]
    return np.asarray(ambient + light.key * key[:, None], np.float32)


def _corners(p: Float, surface: int) -> Float:
    """Ambient light [N] that reaches the room's own surfaces: less where floor and walls meet."""
    sides = np.exp(-(HALF_WIDTH - np.abs(p[:, 0])) / 0.4) if surface < 2 else 0
    back = np.exp(-(BACK - p[:, 1]) / 0.4) if surface != 1 else 0
    floor = np.exp(-p[:, 2] / 0.4) if surface != 0 else 0
    return array((1 - 0.35 * sides) * (1 - 0.35 * back) * (1 - 0.35 * floor))


def developed(light: Float) -> npt.NDArray[np.uint8]:
    """Linear light to sRGB bytes, with a soft shoulder below white."""
    exposed = 1.05 * light
    soft = np.where(exposed < 0.7, exposed, 0.7 + 0.3 * (1 - np.exp(-(exposed - 0.7) / 0.3)))
    curve = np.where(soft <= 0.0031308, 12.92 * soft, 1.055 * np.maximum(soft, 0.0031308) ** (1 / 2.4) - 0.055)
    return np.round(255 * np.clip(curve, 0, 1)).astype(np.uint8)
