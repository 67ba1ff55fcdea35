"""Which splats touch which tile, front to back: one radix sort by depth, then counting into tiles in that order.

No sort per tile is needed, and every tile list keeps the depth order (equal depths: the order of the splats).
A (tile, splat) pair is listed only when the ellipse alpha >= 1/255 reaches a pixel row of the tile, with the
rows it reaches: gsplat's boxes contain the same ellipse, so pictures don't change. Work is cut into a fixed
number of chunks, never by thread count, so results don't depend on threads; and into few parallel regions,
because each one waits for its slowest thread, which on a busy machine costs more than the work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from renderer.tiles.jit import inner, kernel, prefetch, serial_kernel
from renderer.tiles.projection import ALPHA_CUT, Floats, Int32
from renderer.tiles.simd import LANES

TILE_WIDTH = LANES  # one row of a tile is one SIMD value
TILE_HEIGHT = 16
FIELDS = 16  # numbers a splat has in `Bins.splats`: one cache line in float32
_CHUNKS = 16
_AHEAD = 16  # splats between asking for one's numbers and using them
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
        tile_start: [C * tiles + 1] int64; ranges of ranks, rows and slots, tiles row by row, camera by camera.
        ranks: [M] uint32, which pair. rows: [M] uint16, first row + 256 * one past the last row inside the tile.
        slots: [M] uint32, each intersection's own number, together with those of the same pair.
        slot_start, slot_count: [V] int64, a pair's first slot, and how many it uses.
        n_slots: slots in all, a few of them unused.
        grid: (cameras, tile rows, tile columns).
    """

    order: npt.NDArray[np.int64]
    splats: Floats
    tile_start: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint16]
    slots: npt.NDArray[np.uint32]
    slot_start: npt.NDArray[np.int64]
    slot_count: npt.NDArray[np.int64]
    n_slots: int
    grid: tuple[int, int, int]


def bin_splats(
    means2d: Floats, depths: Floats, conics: Floats, radii: Int32, opacities: Floats, rgb: Floats, size: tuple[int, int]
) -> Bins:
    """Sort and bin what `project_forward` made: [C, N, ...] arrays, opacities [N], rgb [N, 3], size (height, width)."""
    grid = (means2d.shape[0], -(-size[0] // TILE_HEIGHT), -(-size[1] // TILE_WIDTH))
    bits = depths.reshape(-1).view(np.uint32 if depths.itemsize == 4 else np.uint64)
    order = _depth_order(bits, radii.reshape(-1, 2))
    slot_start, n_slots = _allot(order, means2d.reshape(-1, 2), radii.reshape(-1, 2), grid)
    splats, slot_count = np.empty((len(order), FIELDS), means2d.dtype), np.empty(len(order), np.int64)
    slot_tile, slot_rows = np.empty(n_slots, np.uint32), np.empty(n_slots, np.uint16)
    histogram = np.zeros((_CHUNKS, grid[0] * grid[1] * grid[2]), np.int64)
    _list(
        order, means2d, depths, conics, radii, opacities, rgb, grid, splats,
        slot_start, slot_count, slot_tile, slot_rows, histogram,
    )  # fmt: skip
    tile_start = np.zeros(histogram.shape[1] + 1, np.int64)
    np.cumsum(histogram.sum(axis=0), out=tile_start[1:])
    cursor = tile_start[:-1] + np.cumsum(histogram, axis=0) - histogram
    total = int(tile_start[-1])
    ranks, rows, slots = np.empty(total, np.uint32), np.empty(total, np.uint16), np.empty(total, np.uint32)
    _place(slot_start, slot_count, slot_tile, slot_rows, cursor, ranks, rows, slots)
    return Bins(order, splats, tile_start, ranks, rows, slots, slot_start, slot_count, n_slots, grid)


@serial_kernel
def _depth_order(bits: Any, radii: Int32) -> Any:
    """[V] int64: indices of the visible, by depth, stable; positive floats sort like their bits."""
    total = 0
    for i in range(len(bits)):
        total += radii[i, 0] > 0
    order, spare = np.empty(total, np.int64), np.empty(total, np.int64)
    total = 0
    for i in range(len(bits)):
        if radii[i, 0] > 0:
            order[total] = i
            total += 1
    buckets = 1 << _DIGIT
    counts = np.empty(buckets, np.int64)
    for shift in range(0, bits.itemsize * 8, _DIGIT):
        counts[:] = 0
        for i in range(total):
            counts[(bits[order[i]] >> shift) & (buckets - 1)] += 1
        running = 0
        for bucket in range(buckets):
            count = counts[bucket]
            counts[bucket] = running
            running += count
        for i in range(total):
            bucket = (bits[order[i]] >> shift) & (buckets - 1)
            spare[counts[bucket]] = order[i]
            counts[bucket] += 1
        order, spare = spare, order
    return order


@inner
def _box(x: float, radius: int, tile: int, count: int) -> Any:
    """gsplat's half-open range of tiles along one axis."""
    first = math.floor(min(max((x - radius) / tile, 0.0), np.float64(count)))
    last = math.ceil(min(max((x + radius) / tile, 0.0), np.float64(count)))
    return int(first), int(last)


@serial_kernel
def _allot(order: Any, means2d: Floats, radii: Int32, grid: tuple[int, int, int]) -> Any:
    """Room for each pair's intersections, by the area of its box: where it begins, and the total."""
    start = np.empty(len(order), np.int64)
    total = 0
    for rank in range(len(order)):
        i = order[rank]
        left, right = _box(np.float64(means2d[i, 0]), radii[i, 0], TILE_WIDTH, grid[2])
        top, bottom = _box(np.float64(means2d[i, 1]), radii[i, 1], TILE_HEIGHT, grid[1])
        start[rank] = total
        total += (right - left) * (bottom - top)
    return start, total


@inner
def _gather(
    rank: int, c: int, n: int, means2d: Floats, depths: Floats, conics: Floats, log_opacity: float, rgb: Floats,
    splats: Floats,
) -> None:  # fmt: skip
    """Copy what blending needs into depth order, scaled so that alpha = 2 ** (a polynomial of the offset)."""
    log2e = 1.0 / math.log(2.0)
    splats[rank, 0], splats[rank, 1] = means2d[c, n, 0], means2d[c, n, 1]
    splats[rank, 2] = -0.5 * log2e * conics[c, n, 0]
    splats[rank, 3] = -log2e * conics[c, n, 1]
    splats[rank, 4] = -0.5 * log2e * conics[c, n, 2]
    splats[rank, 5] = log2e * log_opacity
    splats[rank, 6], splats[rank, 7], splats[rank, 8] = rgb[n, 0], rgb[n, 1], rgb[n, 2]
    splats[rank, 9] = depths[c, n]


@inner
def _ellipse(mean: Any, conic: Any, log_opacity: float) -> Any:
    """The rim alpha = 1/255 of a splat: x, y, a, b, c, level, determinant, radius x, radius y; radius x 0: too thin."""
    a, b, c = conic
    x, y = mean
    level = 2.0 * (log_opacity - math.log(ALPHA_CUT))
    determinant = a * c - b * b
    if not determinant > 1e-7 * a * c:
        return x, y, a, b, c, level, determinant, 0.0, 0.0
    return x, y, a, b, c, level, determinant, math.sqrt(level * c / determinant), math.sqrt(level * a / determinant)


@inner
def _column_rows(rim: Any, left: int, top: int, bottom: int) -> Any:
    """Pixel rows from top to bottom that the ellipse reaches within the tile column that begins at pixel `left`."""
    x, y, a, b, c, level, determinant, rx, ry = rim
    if rx == 0.0:  # float32 can't tell such an ellipse from a line: keep the whole box
        return top, bottom
    slack_x, slack_y = _SLACK + _SLACK_RELATIVE * rx, _SLACK + _SLACK_RELATIVE * ry
    low, high = max(left + 0.5 - x - slack_x, -rx), min(left + TILE_WIDTH - 0.5 - x + slack_x, rx)
    if low > high:
        return 0, 0
    lowest = -b * ry / a  # x offset of the lowest point on the screen; the topmost is opposite
    down, up = ry, -ry
    if not low <= lowest <= high:
        u = min(max(lowest, low), high)
        down = (-b * u + math.sqrt(max(level * c - determinant * u * u, 0.0))) / c
    if not low <= -lowest <= high:
        u = min(max(-lowest, low), high)
        up = (-b * u - math.sqrt(max(level * c - determinant * u * u, 0.0))) / c
    first = math.ceil(max(y + up - slack_y - 0.5, np.float64(top)))
    last = math.floor(min(y + down + slack_y - 0.5, bottom - 1.0))
    return int(first), int(last) + 1


@kernel
def _list(
    order: Any, means2d: Floats, depths: Floats, conics: Floats, radii: Int32, opacities: Floats, rgb: Floats,
    grid: tuple[int, int, int], splats: Floats,
    slot_start: Any, slot_count: Any, slot_tile: Any, slot_rows: Any, histogram: Any,
) -> None:  # fmt: skip
    """List each pair's tiles and rows in its slots, and count them in histogram [chunk, tile]."""
    n_splats, total = conics.shape[1], len(order)
    step = (total + _CHUNKS - 1) // _CHUNKS
    for chunk in prange(_CHUNKS):
        for rank in range(chunk * step, min(total, (chunk + 1) * step)):
            # In depth order every splat lies elsewhere in memory: waiting for it costs more than the arithmetic.
            later = order[min(rank + _AHEAD, total - 1)]
            prefetch(means2d, later * 2)
            prefetch(depths, later)
            prefetch(conics, later * 3)
            prefetch(radii, later * 2)
            prefetch(opacities, later % n_splats)
            prefetch(rgb, later % n_splats * 3)
            c, n = order[rank] // n_splats, order[rank] % n_splats
            log_opacity = math.log(np.float64(opacities[n]))
            _gather(rank, c, n, means2d, depths, conics, log_opacity, rgb, splats)
            mean = np.float64(means2d[c, n, 0]), np.float64(means2d[c, n, 1])
            conic = np.float64(conics[c, n, 0]), np.float64(conics[c, n, 1]), np.float64(conics[c, n, 2])
            rim = _ellipse(mean, conic, log_opacity)
            left, right = _box(rim[0], radii[c, n, 0], TILE_WIDTH, grid[2])
            upper, lower = _box(rim[1], radii[c, n, 1], TILE_HEIGHT, grid[1])
            slot = slot_start[rank]
            for column in range(left, right):
                first, last = _column_rows(rim, column * TILE_WIDTH, upper * TILE_HEIGHT, lower * TILE_HEIGHT)
                if first < last:
                    for row in range(first // TILE_HEIGHT, (last - 1) // TILE_HEIGHT + 1):
                        tile, top = (c * grid[1] + row) * grid[2] + column, row * TILE_HEIGHT
                        slot_tile[slot] = tile
                        slot_rows[slot] = max(first - top, 0) | (min(last - top, TILE_HEIGHT) << 8)
                        histogram[chunk, tile] += 1
                        slot += 1
            slot_count[rank] = slot - slot_start[rank]


@kernel
def _place(
    slot_start: Any, slot_count: Any, slot_tile: Any, slot_rows: Any, cursor: Any, ranks: Any, rows: Any, slots: Any
) -> None:
    """Sort the slots by tile; cursor [chunk, tile] is each chunk's next place."""
    total = len(slot_start)
    step = (total + _CHUNKS - 1) // _CHUNKS
    for chunk in prange(_CHUNKS):
        for rank in range(chunk * step, min(total, (chunk + 1) * step)):
            for slot in range(slot_start[rank], slot_start[rank] + slot_count[rank]):
                tile = slot_tile[slot]
                place = cursor[chunk, tile]
                cursor[chunk, tile] = place + 1
                ranks[place], rows[place], slots[place] = rank, slot_rows[slot], slot
