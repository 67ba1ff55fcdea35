"""Kernels of the viewport's own road through the tile renderer: moving splats, painting them, filling the picture.

Forward only and float32. `renderer.tiles.scene` calls them; training and `render` never do. The paints are those of
`renderer.look`, written again here because a kernel can't call NumPy; tests hold both to each other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from renderer.look import DOT_SIGMA, GREY, QUIET
from renderer.tiles.jit import inner, kernel

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

_DOT_RADIUS = math.ceil(3.33 * DOT_SIGMA)
_ONE = np.float32(1.0)


@kernel
def move(
    rows: Int32, low: Float32, high: Float32, weight: float, base: tuple[Float32, Float32, Float32],
    means: Float32, quats: Float32, scales: Float32, amount: Float32,
) -> None:  # fmt: skip
    """Pose the rows [M] by mixed offsets [M, 10] (`Snapshot.at`) into means, quats, scales; amount [N] = |dx|."""
    base_means, base_quats, base_scales = base
    w = np.float32(weight)
    for j in prange(len(rows)):
        i = rows[j]
        total = np.float32(0.0)
        for k in range(3):
            dx = low[j, k] + w * (high[j, k] - low[j, k])
            means[i, k] = base_means[i, k] + dx
            total += dx * dx
            scales[i, k] = max(base_scales[i, k] + low[j, 7 + k] + w * (high[j, 7 + k] - low[j, 7 + k]), 1e-8)
        amount[i] = math.sqrt(total)
        length = np.float32(0.0)
        for k in range(4):
            q = base_quats[i, k] + low[j, 3 + k] + w * (high[j, 3 + k] - low[j, 3 + k])
            quats[i, k] = q
            length += q * q
        length = max(np.float32(math.sqrt(length)), np.float32(1e-8))
        for k in range(4):
            quats[i, k] /= length


@kernel
def still(rows: Int32, base: tuple[Float32, Float32, Float32], means: Float32, quats: Float32, scales: Float32,
          amount: Float32) -> None:  # fmt: skip
    """Put the rows back to where the canonical scene has them."""
    base_means, base_quats, base_scales = base
    for j in prange(len(rows)):
        i = rows[j]
        amount[i] = 0
        for k in range(3):
            means[i, k], scales[i, k] = base_means[i, k], base_scales[i, k]
        for k in range(4):
            quats[i, k] = base_quats[i, k]


@inner
def _ramp(stops: Float32, share: Any, k: int) -> Any:
    """Component k of a ramp's colour."""
    at = min(max(share, np.float32(0.0)), _ONE) * np.float32(len(stops) - 1)
    low = min(int(at), len(stops) - 2)
    rest = at - np.float32(low)
    return stops[low, k] * (_ONE - rest) + stops[low + 1, k] * rest


@kernel
def paint_depth(depths: Float32, stops: Float32, low: float, high: float, out: Float32) -> None:
    """out [N, 3]: each splat's colour by its camera z [N], near to far on a log scale."""
    bottom, span = math.log(low), max(math.log(high) - math.log(low), 1e-6)
    for i in prange(len(depths)):
        share = np.float32((math.log(max(np.float64(depths[i]), 1e-6)) - bottom) / span)
        for k in range(3):
            out[i, k] = _ramp(stops, share, k)


@kernel
def paint_deformation(amount: Float32, rgb: Float32, stops: Float32, high: float, out: Float32) -> None:
    """out [N, 3]: a ramp by |dx| [N] over the scene's grey, which is all that shows where nothing moves."""
    for i in prange(len(amount)):
        share = np.float32(amount[i] / high)
        grey = np.float32(GREY) * (
            np.float32(0.299) * rgb[i, 0] + np.float32(0.587) * rgb[i, 1] + np.float32(0.114) * rgb[i, 2]
        )
        strong = min(share / np.float32(QUIET), _ONE)
        for k in range(3):
            out[i, k] = grey + strong * (_ramp(stops, share, k) - grey)


@kernel
def shrink_to_dots(conics: Float32, radii: Int32) -> None:
    """Make every ellipse that is seen ([N, 3], [N, 2]) the same small round dot."""
    for i in prange(len(conics)):
        if radii[i, 0] > 0:
            conics[i, 0] = conics[i, 2] = np.float32(1.0 / (DOT_SIGMA * DOT_SIGMA))
            conics[i, 1] = 0
            radii[i, 0] = radii[i, 1] = _DOT_RADIUS


@kernel
def to_screen(image: Float32, out: npt.NDArray[np.uint8]) -> None:
    """Round colours [H, W, 3] into Qt's RGB32 [H, W, 4], which is blue first in memory."""
    for y in prange(image.shape[0]):
        for x in range(image.shape[1]):
            for k in range(3):
                out[y, x, 2 - k] = np.uint8(min(max(image[y, x, k] * np.float32(255) + np.float32(0.5), 0.0), 255.0))
            out[y, x, 3] = 255
