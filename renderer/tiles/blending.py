"""Front to back compositing of binned splats, one tile at a time, forward and backward.

Per pixel, with the splats of its tile in depth order: alpha = min(0.999, opacity exp(-sigma)), nothing under
1/255, and no splat that would bring the transmittance T to 1e-4 or less (gsplat 1.5.3). A finished pixel holds
-T, which fails every later test by itself, so rows need no branch. Backward walks the same way: what lies
behind a splat is the finished pixel minus the running sum, which needs one number a pixel, not four.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads, prange

from renderer.tiles.binning import FIELDS, TILE_HEIGHT, TILE_WIDTH, Bins
from renderer.tiles.jit import aligned, inner, kernel, prefetch, take_ticket
from renderer.tiles.projection import ALPHA_CUT, Floats
from renderer.tiles.simd import (
    LANES,
    any_positive,
    exp2,
    fma,
    lanes_count,
    lanes_load,
    lanes_store,
    negative_magnitude,
    spread,
    store_sums,
    where_greater,
)

ALPHA_MAX = 0.999
T_MIN = 1e-4
MOMENTS = LANES  # numbers a (tile, splat) pair sends back; 10 are used
_PLANE = TILE_WIDTH * TILE_HEIGHT
_GATHER = 1024  # splats a thread adds up at a time
_AHEAD = 4  # splats between asking for one's numbers and using them
_CHECK_EVERY = 16  # splats between two looks for a finished tile


def blend_forward(bins: Bins, background: Floats, image: Floats, depth: Floats, alpha: Floats) -> Any:
    """Fill image [C, H, W, 3], depth [C, H, W] (accumulated, not normalised) and alpha [C, H, W].

    background is [C, 3]. Returns [tiles] int64, one past the last intersection that any pixel of a tile used.
    """
    last = np.zeros(len(bins.tile_start) - 1, np.int64)
    _forward(
        bins.splats, bins.tile_start, bins.ranks, bins.rows, bins.grid, background, image, depth, alpha, last,
        get_num_threads(),
    )  # fmt: skip
    return last


@kernel
def _forward(
    splats: Floats, tile_start: Any, ranks: Any, rows: Any, grid: tuple[int, int, int], background: Floats,
    image: Floats, depth: Floats, alpha: Floats, last: Any, n_workers: int,
) -> None:  # fmt: skip
    counter = np.zeros(1, np.int64)
    n_tiles = len(tile_start) - 1
    for _worker in prange(n_workers):
        state = aligned(5 * _PLANE, splats)
        while True:
            tile = take_ticket(counter)
            if tile >= n_tiles:
                break
            column, row, c = tile % grid[2], tile // grid[2] % grid[1], tile // (grid[2] * grid[1])
            left, top = column * TILE_WIDTH, row * TILE_HEIGHT
            first, end = tile_start[tile], tile_start[tile + 1]
            last[tile] = _forward_tile(splats, ranks, rows, first, end, left, top, state)
            _write_tile(state, background[c], left, top, image[c], depth[c], alpha[c])


@inner
def _offsets(splats: Floats, rank: Any, left: int, lanes: Any) -> Any:
    """Per lane: x offset from the splat's mean, and the parts of log2(alpha) that don't change from row to row."""
    dx = spread(lanes, splats[rank, 0]) - (lanes + spread(lanes, left + 0.5))
    still = fma(spread(lanes, splats[rank, 2]) * dx, dx, spread(lanes, splats[rank, 5]))
    slope = spread(lanes, splats[rank, 3]) * dx
    return dx, still, slope


@inner
def _forward_tile(
    splats: Floats, ranks: Any, rows: Any, first: int, end: int, left: int, top: int, state: Floats
) -> int:
    """Blend one tile into state: planes T, r, g, b, depth. Returns one past the last intersection looked at."""
    lanes = lanes_count(state)
    zero, one = spread(lanes, 0.0), spread(lanes, 1.0)
    cap, cut, stop = spread(lanes, ALPHA_MAX), spread(lanes, ALPHA_CUT), spread(lanes, T_MIN)
    for i in range(0, _PLANE, TILE_WIDTH):
        lanes_store(state, i, one)
        for plane in range(1, 5):
            lanes_store(state, plane * _PLANE + i, zero)
    for entry in range(first, end):
        if (entry - first) % _CHECK_EVERY == _CHECK_EVERY - 1 and not _alive(state):
            return entry
        prefetch(splats, np.int64(ranks[min(entry + _AHEAD, end - 1)]) * FIELDS)
        rank = np.int64(ranks[entry])
        _, still, slope = _offsets(splats, rank, left, lanes)
        curve = spread(lanes, splats[rank, 4])
        r, g = spread(lanes, splats[rank, 6]), spread(lanes, splats[rank, 7])
        b, d = spread(lanes, splats[rank, 8]), spread(lanes, splats[rank, 9])
        span = np.int64(rows[entry])
        dy = spread(lanes, splats[rank, 1]) - spread(lanes, top + (span & 255) + 0.5)
        for row in range(span & 255, span >> 8):
            i = row * TILE_WIDTH
            power = exp2(fma(dy, fma(dy, curve, slope), still))
            power = where_greater(power, cap, cap, power)
            power = where_greater(cut, power, zero, power)
            t = lanes_load(state, i)
            weight = power * t
            after = t - weight
            lanes_store(state, i, where_greater(after, stop, after, negative_magnitude(t)))
            weight = where_greater(after, stop, weight, zero)
            lanes_store(state, _PLANE + i, fma(weight, r, lanes_load(state, _PLANE + i)))
            lanes_store(state, 2 * _PLANE + i, fma(weight, g, lanes_load(state, 2 * _PLANE + i)))
            lanes_store(state, 3 * _PLANE + i, fma(weight, b, lanes_load(state, 3 * _PLANE + i)))
            lanes_store(state, 4 * _PLANE + i, fma(weight, d, lanes_load(state, 4 * _PLANE + i)))
            dy = dy - one
    return end


@inner
def _alive(state: Floats) -> bool:
    """Whether any pixel of the tile still takes splats."""
    for i in range(0, _PLANE, TILE_WIDTH):  # noqa: SIM110 (numba has no any)
        if any_positive(lanes_load(state, i)):
            return True
    return False


@inner
def _write_tile(
    state: Floats, background: Floats, left: int, top: int, image: Floats, depth: Floats, alpha: Floats
) -> None:
    """Composite a finished tile over the background into the picture."""
    height, width = alpha.shape
    for y in range(top, min(top + TILE_HEIGHT, height)):
        for x in range(left, min(left + TILE_WIDTH, width)):
            i = (y - top) * TILE_WIDTH + x - left
            t = abs(state[i])
            for k in range(3):
                image[y, x, k] = state[(1 + k) * _PLANE + i] + t * background[k]
            depth[y, x] = state[4 * _PLANE + i]
            alpha[y, x] = 1 - t


def blend_backward(bins: Bins, last: Any, outputs: tuple[Floats, ...], grads: tuple[Floats, ...]) -> Floats:
    """Moments [slots * 16] of every intersection, from outputs (image, depth, alpha) and the gradients to them.

    Of each 16: sums over pixels of w, w dx, w dy, w dx^2, w dx dy, w dy^2, where w = alpha dL/dalpha and (dx, dy)
    points from the pixel to the mean; then the gradients to r, g, b and depth.
    """
    image, depth, alpha = outputs
    v_image, v_depth, v_alpha = grads
    moments = np.zeros(bins.n_slots * MOMENTS, image.dtype)
    _backward(
        bins.splats, bins.tile_start, bins.ranks, bins.rows, bins.slots, bins.grid, last,
        image, depth, alpha, v_image, v_depth, v_alpha, moments, get_num_threads(),
    )  # fmt: skip
    return moments


@kernel
def _backward(
    splats: Floats, tile_start: Any, ranks: Any, rows: Any, slots: Any, grid: tuple[int, int, int], last: Any,
    image: Floats, depth: Floats, alpha: Floats, v_image: Floats, v_depth: Floats, v_alpha: Floats,
    moments: Floats, n_workers: int,
) -> None:  # fmt: skip
    counter = np.zeros(1, np.int64)
    n_tiles = len(tile_start) - 1
    for _worker in prange(n_workers):
        state = aligned(6 * _PLANE, splats)
        while True:
            tile = take_ticket(counter)
            if tile >= n_tiles:
                break
            column, row, c = tile % grid[2], tile // grid[2] % grid[1], tile // (grid[2] * grid[1])
            left, top = column * TILE_WIDTH, row * TILE_HEIGHT
            if tile_start[tile] < last[tile]:
                _read_tile(
                    left, top, image[c], depth[c], alpha[c], v_image[c], v_depth[c], v_alpha[c], state,
                )  # fmt: skip
                _backward_tile(splats, ranks, rows, slots, tile_start[tile], last[tile], left, top, state, moments)


@inner
def _read_tile(
    left: int, top: int, image: Floats, depth: Floats, alpha: Floats, v_image: Floats, v_depth: Floats, v_alpha: Floats,
    state: Floats,
) -> None:  # fmt: skip
    """Start backward: planes T = 1, what is still to come, and the gradients to r, g, b, depth."""
    height, width = alpha.shape
    for i in range(6 * _PLANE):
        state[i] = 0
    for y in range(top, min(top + TILE_HEIGHT, height)):
        for x in range(left, min(left + TILE_WIDTH, width)):
            i = (y - top) * TILE_WIDTH + x - left
            state[i] = 1
            rest = depth[y, x] * v_depth[y, x] - (1 - alpha[y, x]) * v_alpha[y, x]
            for k in range(3):
                rest += image[y, x, k] * v_image[y, x, k]
                state[(2 + k) * _PLANE + i] = v_image[y, x, k]
            state[_PLANE + i] = rest
            state[5 * _PLANE + i] = v_depth[y, x]


@inner
def _backward_tile(
    splats: Floats, ranks: Any, rows: Any, slots: Any, first: int, end: int, left: int, top: int,
    state: Floats, moments: Floats,
) -> None:  # fmt: skip
    """Moments of every intersection of one tile; pixels outside the image have no gradient and add nothing."""
    lanes = lanes_count(state)
    zero, one = spread(lanes, 0.0), spread(lanes, 1.0)
    cap, cut, stop = spread(lanes, ALPHA_MAX), spread(lanes, ALPHA_CUT), spread(lanes, T_MIN)
    for entry in range(first, end):
        later = min(entry + _AHEAD, end - 1)
        prefetch(splats, np.int64(ranks[later]) * FIELDS)
        prefetch(moments, np.int64(slots[later]) * MOMENTS)
        rank = np.int64(ranks[entry])
        dx, still, slope = _offsets(splats, rank, left, lanes)
        curve = spread(lanes, splats[rank, 4])
        r, g = spread(lanes, splats[rank, 6]), spread(lanes, splats[rank, 7])
        b, d = spread(lanes, splats[rank, 8]), spread(lanes, splats[rank, 9])
        w0 = w1 = w2 = sum_r = sum_g = sum_b = sum_d = zero
        span = np.int64(rows[entry])
        dy = spread(lanes, splats[rank, 1]) - spread(lanes, top + (span & 255) + 0.5)
        for row in range(span & 255, span >> 8):
            i = row * TILE_WIDTH
            raw = exp2(fma(dy, fma(dy, curve, slope), still))
            power = where_greater(raw, cap, cap, raw)
            power = where_greater(cut, power, zero, power)
            t = lanes_load(state, i)
            weight = power * t
            after = t - weight
            lanes_store(state, i, where_greater(after, stop, after, negative_magnitude(t)))
            weight = where_greater(after, stop, weight, zero)
            power = where_greater(after, stop, power, zero)
            v_r, v_g = lanes_load(state, 2 * _PLANE + i), lanes_load(state, 3 * _PLANE + i)
            v_b, v_d = lanes_load(state, 4 * _PLANE + i), lanes_load(state, 5 * _PLANE + i)
            colour = weight * fma(r, v_r, fma(g, v_g, fma(b, v_b, d * v_d)))
            rest = lanes_load(state, _PLANE + i) - colour
            lanes_store(state, _PLANE + i, rest)
            w = colour - power / (one - power) * rest
            w = where_greater(raw, cap, zero, w)
            w0 = w0 + w
            w1 = fma(w, dy, w1)
            w2 = fma(w * dy, dy, w2)
            sum_r, sum_g = fma(weight, v_r, sum_r), fma(weight, v_g, sum_g)
            sum_b, sum_d = fma(weight, v_b, sum_b), fma(weight, v_d, sum_d)
            dy = dy - one
        wx = w0 * dx
        store_sums(
            moments, np.int64(slots[entry]) * MOMENTS, (w0, wx, w1, wx * dx, w1 * dx, w2, sum_r, sum_g, sum_b, sum_d)
        )


@kernel
def gather_gradients(
    order: Any, slot_start: Any, slot_count: Any, moments: Floats, conics: Floats, opacities: Floats,
    v_means2d: Floats, v_conics: Floats, v_depths: Floats, v_opacities: Floats, v_rgb: Floats,
) -> None:  # fmt: skip
    """Add up each splat's moments, always in the same order, and turn them into gradients, all [C, N, ...]."""
    n_splats = conics.shape[1]
    for chunk in prange((len(order) + _GATHER - 1) // _GATHER):
        m = aligned(LANES, moments)
        nothing = spread(lanes_count(moments), 0.0)
        for rank in range(chunk * _GATHER, min(len(order), (chunk + 1) * _GATHER)):
            total = nothing
            for slot in range(slot_start[rank], slot_start[rank] + slot_count[rank]):
                total = total + lanes_load(moments, slot * MOMENTS)
            lanes_store(m, 0, total)
            c, n = order[rank] // n_splats, order[rank] % n_splats
            a, b, k = conics[c, n, 0], conics[c, n, 1], conics[c, n, 2]
            v_means2d[c, n, 0], v_means2d[c, n, 1] = -(a * m[1] + b * m[2]), -(b * m[1] + k * m[2])
            v_conics[c, n, 0], v_conics[c, n, 1], v_conics[c, n, 2] = -0.5 * m[3], -m[4], -0.5 * m[5]
            v_opacities[c, n] = m[0] / opacities[n]
            v_rgb[c, n, 0], v_rgb[c, n, 1], v_rgb[c, n, 2] = m[6], m[7], m[8]
            v_depths[c, n] = m[9]
