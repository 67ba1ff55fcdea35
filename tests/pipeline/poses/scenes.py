"""Little scenes with known cameras, drawn in numpy: textured rectangles before a textured wall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera, look_at

Array = npt.NDArray[np.float64]
Frames = npt.NDArray[np.uint8]
SIZE = (120, 200)
FOV = np.radians(50.0)


def texture(rng: np.random.Generator, side: int = 256) -> Array:
    """[side, side, 3] noise with detail at every scale, in [0, 1]."""
    out = np.zeros((side, side, 3))
    for cells in (8, 16, 32, 64, 128):
        coarse = rng.random((cells, cells, 3))
        out += np.repeat(np.repeat(coarse, side // cells, 0), side // cells, 1) * (8 / cells) ** 0.4
    return np.asarray((out - out.min()) / np.ptp(out))


def arc(count: int, degrees: float, radius: float = 3.0) -> list[Camera]:
    """Cameras on a circle around (0, 0, radius), the first ones to the left."""
    angles = np.radians(np.linspace(-degrees / 2, degrees / 2, count))
    target = np.array([0.0, 0.0, radius])
    centres = [target + radius * np.array([np.sin(a), -0.1, -np.cos(a)]) for a in angles]
    return [Camera.from_fov(look_at(c, target, np.array([0.0, -1.0, 0.0])), FOV, SIZE) for c in centres]


def draw(cameras: list[Camera], seed: int = 0, fallen: float = 0.0) -> Frames:
    """[F, H, W, 3]: five rectangles at different depths before a wall; `fallen` says how far down they are."""
    planes, textures = _scene(seed, fallen)
    return np.stack([_view(camera, planes, textures) for camera in cameras])


def draw_with_mover(cameras: list[Camera], half: float) -> tuple[Frames, npt.NDArray[np.bool_]]:
    """The same scene not quite frozen: a textured square of half a side `half` falls before it, faster and faster.

    And where it is seen, [F, H, W].
    """
    planes, textures = _scene(0, 0.0)
    textures.append(texture(np.random.default_rng(9)))
    frames = []
    for camera, share in zip(cameras, np.linspace(0.0, 1.0, len(cameras)), strict=True):
        mover = np.array([0.0, 0.8 * (share**2 - 0.5), 2.0])
        frames.append(_view(camera, [*planes, (mover, half)], textures))
    return np.stack(frames), (np.stack(frames) != draw(cameras)).any(-1)


def _scene(seed: int, fallen: float) -> tuple[list[tuple[Array, float]], list[Array]]:
    """Centres and half sides of the wall and the rectangles, and their pictures."""
    rng = np.random.default_rng(seed)
    planes = [(np.array([0.0, 0.0, 5.0]), 4.0), *((np.array([x, y + fallen, z]), 0.5) for x, y, z in _PLACES)]
    return planes, [texture(rng) for _ in planes]


_PLACES = [(-0.8, -0.4, 2.4), (0.7, -0.3, 3.0), (-0.3, 0.5, 3.4), (0.4, 0.4, 2.2), (-1.0, 0.4, 3.8)]


def _view(camera: Camera, planes: list[tuple[Array, float]], textures: list[Array]) -> Frames:
    height, width = camera.size
    x, y = np.meshgrid(np.arange(2 * width) / 2 + 0.25, np.arange(2 * height) / 2 + 0.25)
    local = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(camera.K).T
    rays = local @ camera.world_from_camera[:3, :3].T
    image, nearest = np.zeros((*x.shape, 3)), np.full(x.shape, np.inf)
    for (centre, half), picture in zip(planes, textures, strict=True):
        distance = (centre[2] - camera.centre[2]) / rays[..., 2]
        at = (camera.centre + rays * distance[..., None] - centre)[..., :2] / half
        hit = (np.abs(at) < 1).all(-1) & (distance > 0) & (distance < nearest)
        uv = ((at[hit] + 1) / 2 * len(picture)).astype(int)
        image[hit], nearest[hit] = picture[uv[:, 1], uv[:, 0]], distance[hit]
    smooth = image.reshape(height, 2, width, 2, 3).mean((1, 3))
    return np.asarray(np.round(255 * smooth), np.uint8)
