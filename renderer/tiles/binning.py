"""Which splats touch which tile, front to back: one radix sort by depth, then counting into tiles in that order.

No sort per tile is needed, and every tile list keeps the depth order (equal depths: the order of the splats).
A (tile, splat) pair is listed only when the ellipse alpha >= 1/255 reaches a pixel row of the tile, with the
rows it reaches: gsplat's boxes contain the same ellipse, so pictures don't change. Work is cut into a fixed
number of chunks, never by thread count, so results don't depend on threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from renderer.tiles.jit import inner, kernel
from renderer.tiles.projection import ALPHA_CUT, Floats, Int32
from renderer.tiles.simd import LANES

TILE_WIDTH = LANES  # one row of a tile is one SIMD value
TILE_HEIGHT = 16
FIELDS = 16  # numbers a splat has in `Bins.splats`: one cache line in float32
_CHUNKS = 16
_DIGIT = 11  # bits a radix pass; 3 passes sort float32, 6 float64
# How far, in pixels and relative to the radius, an ellipse is widened before rows are cut: float32 rounding of
# alpha at its rim. Too little drops pixels of alpha 1/255; too much only costs time.
_SLACK, _SLACK_RELATIVE = 0.02, 1e-3


@dataclass(frozen=True, eq=False)
class Bins:
    """V visible (camera, splat) pairs in depth order, and their M intersections with tiles.

    Attributes:
        order: [V] int64, camera * N + splat, nearest first.
        splats: [V, 16] mean x, y px; conic a, b, c scaled by log2(e) (a and c halved, all negated); log2 opacity;
            r, g, b, depth; 6 unused.
        first_slot: [V + 1] int64; intersections of pair v own the slots first_slot[v] to first_slot[v + 1].
        tile_start: [C * tiles + 1] int64; ranges of the three lists below, tiles row by row, camera by camera.
        ranks, slots, rows: [M] which pair; its slot; first row + 256 * one past the last row inside the tile.
        grid: (cameras, tile rows, tile columns).
    """

    order: npt.NDArray[np.int64]
    splats: Floats
    first_slot: npt.NDArray[np.int64]
    tile_start: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.uint32]
    slots: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint16]
    grid: tuple[int, int, int]


def bin_splats(
    means2d: Floats, depths: Floats, conics: Floats, radii: Int32, opacities: Floats, rgb: Floats, size: tuple[int, int]
) -> Bins:
    """Sort and bin what `project_forward` made: [C, N, ...] arrays, opacities [N], rgb [N, 3], size (height, width)."""
    n_cameras = means2d.shape[0]
    grid = (n_cameras, -(-size[0] // TILE_HEIGHT), -(-size[1] // TILE_WIDTH))
    order = _depth_order(depths, radii)
    splats = np.empty((len(order), FIELDS), means2d.dtype)
    _gather(order, means2d, depths, conics, opacities, rgb, splats)
    histogram = np.zeros((_CHUNKS, grid[0] * grid[1] * grid[2]), np.int64)
    first_slot = np.zeros(len(order) + 1, np.int64)
    _count(order, splats, conics, radii, opacities, grid, histogram, first_slot)
    np.cumsum(first_slot, out=first_slot)
    tile_start = np.zeros(histogram.shape[1] + 1, np.int64)
    np.cumsum(histogram.sum(axis=0), out=tile_start[1:])
    cursor = tile_start[:-1] + np.cumsum(histogram, axis=0) - histogram
    total = int(tile_start[-1])
    ranks, slots, rows = np.empty(total, np.uint32), np.empty(total, np.uint32), np.empty(total, np.uint16)
    _fill(order, splats, conics, radii, opacities, grid, cursor, first_slot, ranks, slots, rows)
    return Bins(order, splats, first_slot, tile_start, ranks, slots, rows, grid)


def _depth_order(depths: Floats, radii: Int32) -> npt.NDArray[np.int64]:
    """[V] indices of the visible among the flattened [C, N], by depth, stable."""
    flat = depths.reshape(-1)
    order = np.flatnonzero(radii[..., 0].reshape(-1) > 0)
    # Positive floats sort like their bits.
    keys = flat.view(np.uint32 if flat.itemsize == 4 else np.uint64)[order].astype(np.uint64)
    spare_keys, spare_order = np.empty_like(keys), np.empty_like(order)
    for shift in range(0, 8 * flat.itemsize, _DIGIT):
        _radix_pass(keys, order, spare_keys, spare_order, np.uint64(shift))
        keys, spare_keys, order, spare_order = spare_keys, keys, spare_order, order
    return order


@kernel
def _radix_pass(keys: Any, values: Any, out_keys: Any, out_values: Any, shift: Any) -> None:
    """One stable counting sort by the 11 bits above `shift`."""
    total, buckets = len(keys), 1 << _DIGIT
    mask = np.uint64(buckets - 1)
    step = (total + _CHUNKS - 1) // _CHUNKS
    counts = np.zeros((_CHUNKS, buckets), np.int64)
    for chunk in prange(_CHUNKS):
        for i in range(chunk * step, min(total, (chunk + 1) * step)):
            counts[chunk, np.int64((keys[i] >> shift) & mask)] += 1
    running = 0
    for bucket in range(buckets):
        for chunk in range(_CHUNKS):
            count = counts[chunk, bucket]
            counts[chunk, bucket] = running
            running += count
    for chunk in prange(_CHUNKS):
        for i in range(chunk * step, min(total, (chunk + 1) * step)):
            bucket = np.int64((keys[i] >> shift) & mask)
            place = counts[chunk, bucket]
            counts[chunk, bucket] = place + 1
            out_keys[place] = keys[i]
            out_values[place] = values[i]


@kernel
def _gather(
    order: Any, means2d: Floats, depths: Floats, conics: Floats, opacities: Floats, rgb: Floats, splats: Floats
) -> None:
    """Copy what blending needs into depth order, scaled so that alpha = 2 ** (a polynomial of the offset)."""
    n_splats = means2d.shape[1]
    log2e = 1.0 / math.log(2.0)
    for rank in prange(len(order)):
        c, n = order[rank] // n_splats, order[rank] % n_splats
        splats[rank, 0], splats[rank, 1] = means2d[c, n, 0], means2d[c, n, 1]
        splats[rank, 2] = -0.5 * log2e * conics[c, n, 0]
        splats[rank, 3] = -log2e * conics[c, n, 1]
        splats[rank, 4] = -0.5 * log2e * conics[c, n, 2]
        splats[rank, 5] = log2e * math.log(np.float64(opacities[n]))
        splats[rank, 6], splats[rank, 7], splats[rank, 8] = rgb[n, 0], rgb[n, 1], rgb[n, 2]
        splats[rank, 9] = depths[c, n]


@inner
def _ellipse(splats: Floats, rank: int, conic: Any, radius: Any, opacity: float) -> Any:
    """The rim alpha = 1/255 of one splat: (x, y, a, b, c, level, determinant, radius x, radius y, is a true ellipse)."""
    a, b, c = np.float64(conic[0]), np.float64(conic[1]), np.float64(conic[2])
    x, y = np.float64(splats[rank, 0]), np.float64(splats[rank, 1])
    level = 2.0 * math.log(opacity / ALPHA_CUT)
    determinant = a * c - b * b
    if not determinant > 1e-7 * a * c:  # too thin for float32: keep gsplat's box whole
        return x, y, a, b, c, level, determinant, np.float64(radius[0]), np.float64(radius[1]), False
    rx, ry = math.sqrt(level * c / determinant), math.sqrt(level * a / determinant)
    return x, y, a, b, c, level, determinant, rx, ry, True


@inner
def _reach(low: float, high: float, count: int) -> Any:
    """The half-open range of pixels whose centres lie in [low, high], within 0 and count."""
    first = math.ceil(min(max(low - 0.5, 0.0), float(count)))
    last = math.floor(min(max(high - 0.5, -1.0), count - 1.0))
    return int(first), int(last) + 1


@inner
def _column_rows(rim: Any, left: int, height: int) -> Any:
    """Pixel rows that the ellipse reaches within the tile column that begins at pixel `left`."""
    x, y, a, b, c, level, determinant, rx, ry, exact = rim
    slack = _SLACK + _SLACK_RELATIVE * ry
    if not exact:
        return _reach(y - ry - slack, y + ry + slack, height)
    slack_x = _SLACK + _SLACK_RELATIVE * rx
    low, high = max(left + 0.5 - x - slack_x, -rx), min(left + TILE_WIDTH - 0.5 - x + slack_x, rx)
    if low > high:
        return 0, 0
    widest = -b * ry / a  # x offset of the topmost point; the lowest one is opposite
    u = min(max(widest, low), high)
    up = (-b * u + math.sqrt(max(level * c - determinant * u * u, 0.0))) / c
    u = min(max(-widest, low), high)
    down = (-b * u - math.sqrt(max(level * c - determinant * u * u, 0.0))) / c
    return _reach(y + down - slack, y + up + slack, height)


@inner
def _tiles_of(rim: Any, n_columns: int, n_rows: int) -> Any:
    """Half-open range of tile columns that the ellipse's box reaches."""
    slack = _SLACK + _SLACK_RELATIVE * rim[7]
    first, last = _reach(rim[0] - rim[7] - slack, rim[0] + rim[7] + slack, n_columns * TILE_WIDTH)
    return first // TILE_WIDTH, (last + TILE_WIDTH - 1) // TILE_WIDTH


@kernel
def _count(
    order: Any, splats: Floats, conics: Floats, radii: Int32, opacities: Floats, grid: tuple[int, int, int],
    histogram: Any, first_slot: Any,
) -> None:  # fmt: skip
    """histogram[chunk, tile] = intersections; first_slot[rank + 1] = intersections of a splat."""
    n_splats, total = conics.shape[1], len(order)
    step = (total + _CHUNKS - 1) // _CHUNKS
    for chunk in prange(_CHUNKS):
        for rank in range(chunk * step, min(total, (chunk + 1) * step)):
            c, n = order[rank] // n_splats, order[rank] % n_splats
            rim = _ellipse(splats, rank, conics[c, n], radii[c, n], np.float64(opacities[n]))
            first, last = _tiles_of(rim, grid[2], grid[1])
            for column in range(first, last):
                low, high = _column_rows(rim, column * TILE_WIDTH, grid[1] * TILE_HEIGHT)
                if low < high:
                    for row in range(low // TILE_HEIGHT, (high - 1) // TILE_HEIGHT + 1):
                        histogram[chunk, (c * grid[1] + row) * grid[2] + column] += 1
                        first_slot[rank + 1] += 1


@kernel
def _fill(
    order: Any, splats: Floats, conics: Floats, radii: Int32, opacities: Floats, grid: tuple[int, int, int],
    cursor: Any, first_slot: Any, ranks: Any, slots: Any, rows: Any,
) -> None:  # fmt: skip
    """Write the lists that `_count` counted; cursor [chunk, tile] is each chunk's next place in each tile."""
    n_splats, total = conics.shape[1], len(order)
    step = (total + _CHUNKS - 1) // _CHUNKS
    for chunk in prange(_CHUNKS):
        for rank in range(chunk * step, min(total, (chunk + 1) * step)):
            c, n = order[rank] // n_splats, order[rank] % n_splats
            rim = _ellipse(splats, rank, conics[c, n], radii[c, n], np.float64(opacities[n]))
            first, last = _tiles_of(rim, grid[2], grid[1])
            slot = first_slot[rank]
            for column in range(first, last):
                low, high = _column_rows(rim, column * TILE_WIDTH, grid[1] * TILE_HEIGHT)
                if low < high:
                    for row in range(low // TILE_HEIGHT, (high - 1) // TILE_HEIGHT + 1):
                        tile = (c * grid[1] + row) * grid[2] + column
                        place = cursor[chunk, tile]
                        cursor[chunk, tile] = place + 1
                        top = row * TILE_HEIGHT
                        inside = max(low - top, 0) | (min(high - top, TILE_HEIGHT) << 8)
                        ranks[place], slots[place], rows[place] = rank, slot, inside
                        slot += 1
