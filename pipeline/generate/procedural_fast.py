"""The fast renderer of procedural worlds whose paints are materials: whole videos in one call, on all threads.

The same picture as `procedural_render.render`, its slow twin, to within rounding (tested), some hundred times faster.
What changes with time is worked out in numpy for all frames at once; `procedural_kernels` casts and shades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.generate import procedural_kernels as kernels
from pipeline.generate.procedural_materials import Material, atlas, texture_index
from pipeline.generate.procedural_paint import Float, array
from pipeline.generate.procedural_render import CAST, CONTACT, PENUMBRA, Truth
from pipeline.generate.procedural_shapes import NEAR, Array
from pipeline.generate.procedural_world import Thing, World
from renderer.camera import Camera

Frames = npt.NDArray[np.uint8]
_CORNERS = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3, indexing="ij"), -1).reshape(-1, 3)


def paintable(world: World) -> bool:
    """Whether the kernels can draw it: no room of its own, and materials alone."""
    return not world.room and all(isinstance(thing.paint, Material) for thing in world.things)


@dataclass(frozen=True, eq=False)
class Film:
    """Frames of a world and their truth.

    Attributes:
        rgb: [T, H, W, 3] uint8 sRGB.
        depth: [T, H, W] float32, z in the camera, metres, at pixel centres; None when not asked for.
        surface: [T, H, W] int16, indices into `World.things` at pixel centres; None likewise.
    """

    rgb: Frames
    depth: npt.NDArray[np.float32] | None
    surface: npt.NDArray[np.int16] | None


def film(
    world: World, times: Sequence[float], cameras: Sequence[Camera], supersampling: int = 2, *,
    truth: bool = False, warps: Array | None = None, gains: npt.ArrayLike = 1.0,
) -> Film:  # fmt: skip
    """Draw frame i at `times[i]` from `cameras[i]`, all of one size; `warps` [T, H, W, 2], `gains` as in `render`."""
    height, width = cameras[0].size
    frames, lens = len(times), np.stack([camera.K for camera in cameras])
    rotations = np.array([camera.world_from_camera[:3, :3] for camera in cameras])
    origins = np.stack([camera.centre for camera in cameras])
    poses = poses_of(world.things, np.asarray(times, float))
    inverse = _inverses(poses, np.array([thing.moving for thing in world.things]))
    margin = 1.0 if warps is None else 2.0 + float(np.abs(warps).max())
    rgb = np.empty((frames, height, width, 3), np.uint8)
    depth = np.empty((frames, height, width) if truth else (0, 0, 0), np.float32)
    surface = np.empty(depth.shape, np.int16)
    kernels.draw(
        np.stack([lens[:, 0, 0], lens[:, 1, 1], lens[:, 0, 2], lens[:, 1, 2]], -1), rotations, origins,
        np.empty((0, 0, 0, 2)) if warps is None else np.ascontiguousarray(warps, float),
        np.array(np.broadcast_to(array(gains), (frames,))),
        _shapes(inverse, rotations, origins, _windows(poses, cameras, margin)),
        _casters(world, poses, inverse), _tables(world), _light(world), _atlas(), supersampling, rgb, depth, surface,
    )  # fmt: skip
    return Film(rgb, depth if truth else None, surface if truth else None)


def render(
    world: World, time: float, camera: Camera, supersampling: int = 2, warp: Array | None = None, gain: float = 1.0
) -> Truth:
    """The fast twin of `procedural_render.render`, for paintable worlds."""
    made = film(world, [time], [camera], supersampling, truth=True,
                warps=None if warp is None else np.asarray(warp, float)[None], gains=gain)  # fmt: skip
    assert made.depth is not None
    assert made.surface is not None
    depth, surface = made.depth[0], made.surface[0]
    y, x = np.mgrid[: camera.size[0], : camera.size[1]] + 0.5
    pixels = np.stack([x, y], -1) if warp is None else np.stack([x, y], -1) + warp
    local = np.concatenate([(pixels - camera.K[:2, 2]) / np.diag(camera.K)[:2], np.ones((*camera.size, 1))], -1)
    points = camera.centre + depth[..., None].astype(float) * (local @ camera.world_from_camera[:3, :3].T)
    moving = np.array([thing.moving for thing in world.things])
    return Truth(made.rgb[0], depth, moving[surface], surface, points, time, world)


def poses_of(things: Sequence[Thing], times: Array) -> Array:
    """[T, N, 4, 4] the pose of every thing at every time; a still thing's is asked for once."""
    out = np.empty((len(times), len(things), 4, 4))
    for index, thing in enumerate(things):
        many = getattr(thing.pose, "many", None)
        if not thing.moving:
            out[:, index] = thing.pose(0.0)
        elif many is not None:
            out[:, index] = many(times)
        else:
            out[:, index] = [thing.pose(float(time)) for time in times]
    return out


def _inverses(poses: Array, moving: npt.NDArray[np.bool_]) -> Array:
    """[T, N, 4, 4]; what stands still is inverted once."""
    out = np.empty_like(poses)
    out[:, moving] = np.linalg.inv(poses[:, moving])
    out[:, ~moving] = np.linalg.inv(poses[0, ~moving])
    return out


def _windows(poses: Array, cameras: Sequence[Camera], margin: float) -> npt.NDArray[np.int32]:
    """[T, N, 4] first and last row and column (half open) in which a unit shape of any kind may be seen."""
    height, width = cameras[0].size
    view = np.stack([camera.camera_from_world for camera in cameras])
    lens = np.stack([camera.K for camera in cameras])
    eye = np.matmul(view[:, None], poses)
    corners = np.matmul(eye[..., :3, :3], _CORNERS.T) + eye[..., :3, 3:]
    z = corners[..., 2, :]
    safe = np.maximum(z, 0.05)
    x = lens[:, 0, 0, None, None] * corners[..., 0, :] / safe + lens[:, 0, 2, None, None]
    y = lens[:, 1, 1, None, None] * corners[..., 1, :] / safe + lens[:, 1, 2, None, None]
    low = np.stack([np.floor(y.min(-1)) - margin, np.floor(x.min(-1)) - margin], -1)
    high = np.stack([np.ceil(y.max(-1)) + 1 + margin, np.ceil(x.max(-1)) + 1 + margin], -1)
    size = np.array([height, width])
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    around, behind = (z.min(-1) <= 0.05)[..., None], (z.max(-1) <= NEAR)[..., None]
    low, high = np.where(around, 0, low), np.where(around, size, high)
    high = np.where(behind, low, high)
    return np.ascontiguousarray(np.stack([low[..., 0], high[..., 0], low[..., 1], high[..., 1]], -1), np.int32)


def _shapes(inverse: Array, rotations: Array, origins: Array, windows: Any) -> tuple[Any, ...]:
    """Per frame and thing: camera axes and camera centre in the shape's own space, normal map, window."""
    linear = inverse[..., :3, :3]
    axes = np.ascontiguousarray(np.matmul(linear, rotations[:, None]))
    start = np.ascontiguousarray(np.matmul(linear, origins[:, None, :, None])[..., 0] + inverse[..., :3, 3])
    return axes, start, np.ascontiguousarray(linear), windows


def _casters(world: World, poses: Array, inverse: Array) -> tuple[Any, ...]:
    """What throws shade: index, strength, and per frame centre, radius, inverse map and the light in its space."""
    which = np.array([index for index, thing in enumerate(world.things) if thing.shade > 0], np.int64)
    cast, linear = poses[:, which], inverse[:, which][..., :3, :3]
    towards = linear @ world.light.towards
    towards /= np.linalg.norm(towards, axis=-1, keepdims=True)
    radius = np.cbrt(np.abs(np.linalg.det(cast[..., :3, :3])))
    strength = array([world.things[index].shade for index in which])
    # One layout whatever the number of frames, or numba compiles the kernel again.
    packed = (np.ascontiguousarray(part, np.float32) for part in (cast[..., :3, 3], radius, linear, towards))
    return which, strength, *packed


def _tables(world: World) -> tuple[Any, ...]:
    """Kinds, halves, glow and materials of all things."""
    paints = [thing.paint for thing in world.things]
    if not all(isinstance(paint, Material) for paint in paints):
        raise ValueError("the fast renderer draws materials alone")
    materials = [paint for paint in paints if isinstance(paint, Material)]
    fades = [material.fade for material in materials]
    return (
        np.array([kernels.KINDS.index(thing.kind) for thing in world.things], np.int64),
        array([thing.half for thing in world.things]),
        np.array([thing.glow for thing in world.things]),
        np.array([texture_index(material.texture) for material in materials], np.int64),
        array([material.colours for material in materials]),
        array([(material.scale, material.shift) for material in materials]),
        np.array([-1 if fade is None else fade.axis for fade in fades], np.int64),
        array([(0, 1, 0, 0, 0) if fade is None else (fade.low, fade.high, *fade.colour) for fade in fades]),
    )


def _light(world: World) -> Float:
    """Where the key light is, three colours, and how shade falls: data, since the kernels' cache knows no constant."""
    light = world.light
    shade = array((CAST, CONTACT, PENUMBRA))
    return np.stack([array(light.towards), light.key, light.sky, light.ground, shade])


def _atlas() -> tuple[Any, ...]:
    made = atlas()
    return made.texels, made.starts, made.sides, made.tops, made.sizes
