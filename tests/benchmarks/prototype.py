"""The prototype's recipe, a yardstick: 16x16 tiles, each splat over its full tile, a cubic exp, one stable sort.

Plain numba loops that LLVM vectorises as it likes. Blending only: it takes projected splats, as
`renderer.tiles.binning.bin_splats` does. Its numbers are right to about 1e-3, enough for a clock.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

TILE = 16
PIXELS = TILE * TILE
Array = npt.NDArray[Any]
_fast = numba.njit(fastmath=True, parallel=True, error_model="numpy", cache=True)


@numba.njit(fastmath=True, inline="always")
def _exp_negative(x: Any) -> Any:
    """exp(x) for x <= 0: split off the power of two, cubic in the rest."""
    t = max(x, np.float32(-80.0)) * np.float32(1.4426950408889634)
    whole = np.floor(t)
    f = t - whole
    cubic = np.float32(1.0) + f * (np.float32(0.6951) + f * (np.float32(0.2262) + f * np.float32(0.0782)))
    return cubic * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)


@_fast
def _pairs(
    means2d: Array, radii: Array, columns: int, rows: int, starts: Array, depths: Array, keys: Array, ids: Array
) -> None:
    for n in numba.prange(len(means2d)):
        if radii[n, 0] <= 0:
            continue
        place = starts[n]
        for y in range(max(0, int(means2d[n, 1] - radii[n, 1]) // TILE), rows):
            if y * TILE >= means2d[n, 1] + radii[n, 1]:
                break
            for x in range(max(0, int(means2d[n, 0] - radii[n, 0]) // TILE), columns):
                if x * TILE >= means2d[n, 0] + radii[n, 0]:
                    break
                keys[place], ids[place] = (np.int64(y * columns + x) << 32) | np.int64(depths[n]), n
                place += 1


def intersections(means2d: Array, radii: Array, depths: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """ids [M] sorted by tile and depth, starts [tiles + 1]; means2d [N, 2], radii [N, 2], depths [N]."""
    rows, columns = -(-size[0] // TILE), -(-size[1] // TILE)
    low = np.maximum(((means2d - radii).astype(np.int64)) // TILE, 0)
    high = np.clip(np.ceil((means2d + radii) / TILE).astype(np.int64), 0, [columns, rows])
    counts = np.where(radii[:, 0] > 0, np.prod(np.maximum(high - low, 0), axis=1), 0)
    starts = np.concatenate([[0], np.cumsum(counts)])
    keys, ids = np.full(starts[-1], np.iinfo(np.int64).max), np.zeros(starts[-1], np.int64)
    _pairs(means2d, radii, columns, rows, starts, depths.view(np.uint32), keys, ids)
    order = np.argsort(keys, kind="stable")
    return ids[order], np.searchsorted(keys[order] >> 32, np.arange(rows * columns + 1))


@_fast
def forward(splats: Array, ids: Array, starts: Array, columns: int, out: Array, transmittance: Array) -> None:
    """splats [N, 9] x, y, a, b, c, opacity, r, g, b; out [tiles, 3, 256], transmittance [tiles, 256]."""
    for tile in numba.prange(len(starts) - 1):
        left, top = np.float32(tile % columns * TILE + 0.5), np.float32(tile // columns * TILE + 0.5)
        t = np.ones(PIXELS, np.float32)
        rgb = np.zeros((3, PIXELS), np.float32)
        for entry in range(starts[tile], starts[tile + 1]):
            s = splats[ids[entry]]
            x, y, a, b, c, o, red, green, blue = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]
            for p in range(PIXELS):
                dx, dy = x - left - np.float32(p & 15), y - top - np.float32(p >> 4)
                sigma = np.float32(0.5) * (a * dx * dx + c * dy * dy) + b * dx * dy
                alpha = min(np.float32(0.999), o * _exp_negative(-sigma))
                alpha = alpha if alpha >= np.float32(1 / 255) and t[p] > np.float32(1e-4) else np.float32(0)
                weight = alpha * t[p]
                rgb[0, p] += weight * red
                rgb[1, p] += weight * green
                rgb[2, p] += weight * blue
                t[p] -= weight
        out[tile], transmittance[tile] = rgb, t


@_fast
def backward(
    splats: Array, ids: Array, starts: Array, columns: int, out: Array, transmittance: Array, v_out: Array, grads: Array
) -> None:
    """grads [M, 9] of every intersection, from v_out [tiles, 3, 256]."""
    for tile in numba.prange(len(starts) - 1):
        left, top = np.float32(tile % columns * TILE + 0.5), np.float32(tile // columns * TILE + 0.5)
        t = np.ones(PIXELS, np.float32)
        rest, v = np.empty(PIXELS, np.float32), v_out[tile]
        for p in range(PIXELS):
            rest[p] = out[tile, 0, p] * v[0, p] + out[tile, 1, p] * v[1, p] + out[tile, 2, p] * v[2, p]
        for entry in range(starts[tile], starts[tile + 1]):
            s = splats[ids[entry]]
            x, y, a, b, c, o, red, green, blue = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]
            g0 = g1 = g2 = g3 = g4 = g5 = g6 = g7 = g8 = np.float32(0)
            for p in range(PIXELS):
                dx, dy = x - left - np.float32(p & 15), y - top - np.float32(p >> 4)
                sigma = np.float32(0.5) * (a * dx * dx + c * dy * dy) + b * dx * dy
                alpha = min(np.float32(0.999), o * _exp_negative(-sigma))
                alpha = alpha if alpha >= np.float32(1 / 255) and t[p] > np.float32(1e-4) else np.float32(0)
                weight = alpha * t[p]
                dot = weight * (red * v[0, p] + green * v[1, p] + blue * v[2, p])
                rest[p] -= dot
                t[p] -= weight
                w = dot - alpha * rest[p] / (np.float32(1) - alpha)
                g0 -= w * (a * dx + b * dy)
                g1 -= w * (b * dx + c * dy)
                g2 -= np.float32(0.5) * w * dx * dx
                g3 -= w * dx * dy
                g4 -= np.float32(0.5) * w * dy * dy
                g5 += w / o
                g6 += weight * v[0, p]
                g7 += weight * v[1, p]
                g8 += weight * v[2, p]
            grads[entry, 0], grads[entry, 1], grads[entry, 2], grads[entry, 3], grads[entry, 4] = g0, g1, g2, g3, g4
            grads[entry, 5], grads[entry, 6], grads[entry, 7], grads[entry, 8] = g5, g6, g7, g8


def forward_and_backward(splats: Array, radii: Array, depths: Array, size: tuple[int, int], v_out: Array) -> Array:
    """The whole recipe: sort, blend, back; gradients [N, 9]."""
    columns = -(-size[1] // TILE)
    ids, starts = intersections(np.ascontiguousarray(splats[:, :2]), radii, depths, size)
    tiles = len(starts) - 1
    out, transmittance = np.empty((tiles, 3, PIXELS), np.float32), np.empty((tiles, PIXELS), np.float32)
    forward(splats, ids, starts, columns, out, transmittance)
    grads = np.zeros((len(ids), 9), np.float32)
    backward(splats, ids, starts, columns, out, transmittance, v_out, grads)
    total = np.zeros_like(splats)
    np.add.at(total, ids, grads)
    return total
