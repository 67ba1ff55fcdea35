"""A picture of posed splats on the CPU, without torch: what the viewport shows when there is no OpenGL.

Forward only, float32, the same kernels as training. `warm` compiles them; call it in a child process or a
worker, never in the window: cold it takes several seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from renderer.camera import Camera, look_at
from renderer.snapshot import Posed
from renderer.tiles.binning import Bins, bin_splats
from renderer.tiles.blending import blend_backward, blend_forward, gather_gradients
from renderer.tiles.jit import kernel
from renderer.tiles.projection import project_backward, project_forward

Float32 = npt.NDArray[np.float32]

NEAR = 0.01  # scene units


@dataclass(frozen=True, eq=False)
class Picture:
    """rgb [H, W, 3] uint8 sRGB over the background, alpha [H, W], depth [H, W]: expected camera z, 0 where empty.

    `image` [H, W, 3] is the same colour before rounding, sRGB, not cut at 1.
    """

    rgb: npt.NDArray[np.uint8]
    alpha: Float32
    depth: Float32
    image: Float32


def render(posed: Posed, camera: Camera, background: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Picture:
    """Draw posed splats over a colour; raises ValueError when their arrays don't fit together."""
    n = len(posed.means)
    shapes = tuple(np.shape(x) for x in (posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb))
    if shapes != ((n, 3), (n, 4), (n, 3), (n,), (n, 3)):
        raise ValueError(f"posed splats must be [N, 3], [N, 4], [N, 3], [N] and [N, 3], got {shapes}")
    arrays = tuple(_own(x) for x in (posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb))
    _, _, bins = _screen(arrays, camera)
    height, width = camera.size
    image, depth, alpha = (np.empty((1, height, width, *rest), np.float32) for rest in ((3,), (), ()))
    ground = np.array([background], np.float32)
    blend_forward(bins, ground, image, depth, alpha)
    rgb = np.empty((height, width, 3), np.uint8)
    _finish(image[0], alpha[0], depth[0], rgb)
    return Picture(rgb, alpha[0], depth[0], image[0])


def warm(*, gradients: bool = False) -> None:
    """Compile, or load from the cache, what `render` runs; with `gradients` the backward kernels too; in float32."""
    posed = Posed(
        np.zeros((1, 3), np.float32),
        np.array([[1, 0, 0, 0]], np.float32),
        np.full((1, 3), 0.1, np.float32),
        np.full(1, 0.5, np.float32),
        np.ones((1, 3), np.float32),
    )
    camera = Camera.from_fov(
        look_at(np.array([0.0, 0.0, -3.0]), np.zeros(3), np.array([0.0, -1.0, 0.0])), 1.0, (16, 16)
    )
    render(posed, camera)
    if gradients:
        _warm_backward(posed, camera)


def _own(array: Any) -> Float32:
    """Float32, contiguous, aligned, writeable: a read-only (memory-mapped) array would compile every kernel anew."""
    return np.require(array, np.float32, ["C", "A", "W"])


def _screen(arrays: tuple[Float32, ...], camera: Camera) -> tuple[tuple[Float32, ...], npt.NDArray[np.int32], Bins]:
    """Project and bin for one camera: (means2d, depths, conics), radii, bins."""
    means, quats, scales, opacities, rgb = arrays
    n = len(means)
    means2d, depths, conics = (
        np.empty((1, n, 2), np.float32),
        np.empty((1, n), np.float32),
        np.empty((1, n, 3), np.float32),
    )
    radii = np.empty((1, n, 2), np.int32)
    pose, k = camera.camera_from_world[None], np.array(camera.K)[None]
    project_forward(means, quats, scales, opacities, pose, k, camera.size, NEAR, means2d, depths, conics, radii)
    return (means2d, depths, conics), radii, bin_splats(means2d, depths, conics, radii, opacities, rgb, camera.size)


@kernel
def _finish(image: Float32, alpha: Float32, depth: Float32, rgb: npt.NDArray[np.uint8]) -> None:
    """Round colours to bytes and turn accumulated depth into expected depth."""
    for y in prange(image.shape[0]):
        for x in range(image.shape[1]):
            depth[y, x] = depth[y, x] / max(alpha[y, x], np.float32(1e-10))
            for k in range(3):
                rgb[y, x, k] = np.uint8(min(max(image[y, x, k] * np.float32(255) + np.float32(0.5), 0.0), 255.0))


def _warm_backward(posed: Posed, camera: Camera) -> None:
    arrays = tuple(_own(x) for x in (posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb))
    (means2d, depths, conics), radii, bins = _screen(arrays, camera)
    shape = (1, *camera.size)
    pictures = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    last = blend_forward(bins, np.zeros((1, 3), np.float32), *pictures)
    moments = blend_backward(bins, last, pictures, pictures)
    means, quats, scales, opacities, rgb = arrays
    v_means2d, v_conics, v_depths = np.zeros_like(means2d), np.zeros_like(conics), np.zeros_like(depths)
    gather_gradients(
        bins.order, bins.slot_start, bins.slot_count, moments, conics, opacities,
        v_means2d, v_conics, v_depths, np.zeros((1, len(means)), np.float32), np.zeros((1, *rgb.shape), np.float32),
    )  # fmt: skip
    project_backward(
        means, quats, scales, camera.camera_from_world[None], np.array(camera.K)[None], camera.size,
        conics, radii, v_means2d, v_depths, v_conics,
        np.zeros_like(means), np.zeros_like(quats), np.zeros_like(scales), np.zeros((1, 4, 4)),
    )  # fmt: skip
