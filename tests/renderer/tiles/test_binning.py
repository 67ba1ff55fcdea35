"""Bins against brute force: nothing that alpha 1/255 reaches is missing, and all is in depth order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from renderer.tiles.binning import TILE_HEIGHT, TILE_WIDTH, Bins, bin_splats
from renderer.tiles.projection import project_forward
from tests.renderer.diff.scenes import cameras, random_splats

SIZE = (50, 90)
Screen = tuple[Any, ...]


def _binned(n: int, seed: int, radius: float, dtype: Any) -> tuple[Screen, Bins]:
    splats, batch = random_splats(n, seed, SIZE, radius=radius), cameras(SIZE)
    parts = (splats.means, splats.quats, splats.scales, splats.opacities, splats.rgb)
    means, quats, scales, opacities, rgb = (x.numpy().astype(dtype) for x in parts)
    means[: n // 4, 2] = means[:1, 2]  # equal depths in the first camera
    shape = (2, n)
    means2d, depths, conics = np.empty((*shape, 2), dtype), np.empty(shape, dtype), np.empty((*shape, 3), dtype)
    radii = np.empty((*shape, 2), np.int32)
    poses, ks = batch.camera_from_world.numpy(), batch.K.numpy()
    project_forward(means, quats, scales, opacities, poses, ks, SIZE, 0.01, means2d, depths, conics, radii)
    return (means2d, depths, conics, radii, opacities), bin_splats(means2d, depths, conics, radii, opacities, rgb, SIZE)


def _alpha(screen: Screen, c: int, n: int) -> npt.NDArray[np.float64]:
    """[H, W] alpha of one splat, float64."""
    means2d, _, conics, _, opacities = screen
    dx = means2d[c, n, 0].astype(float) - (np.arange(SIZE[1]) + 0.5)[None, :]
    dy = means2d[c, n, 1].astype(float) - (np.arange(SIZE[0]) + 0.5)[:, None]
    a, b, k = conics[c, n].astype(float)
    alpha = float(opacities[n]) * np.exp(-0.5 * (a * dx * dx + k * dy * dy) - b * dx * dy)
    return np.asarray(alpha, np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "radius"), [(120, 4.0), (60, 25.0), (0, 4.0)])
def test_every_pixel_above_the_cut_is_listed_in_depth_order(dtype: Any, n: int, radius: float) -> None:
    screen, bins = _binned(n, 0, radius, dtype)
    depths, radii = screen[1], screen[3]
    covered = np.zeros((2, n, *(-(-s // t) * t for s, t in zip(SIZE, (TILE_HEIGHT, TILE_WIDTH), strict=True))), bool)
    for tile in range(len(bins.tile_start) - 1):
        column, row, c = tile % bins.grid[2], tile // bins.grid[2] % bins.grid[1], tile // (bins.grid[2] * bins.grid[1])
        span = slice(bins.tile_start[tile], bins.tile_start[tile + 1])
        ids = bins.order[bins.ranks[span]]
        assert (ids // max(n, 1) == c).all()
        keys = list(zip(depths.reshape(-1)[ids].tolist(), ids.tolist(), strict=True))
        assert keys == sorted(keys), "nearest first, ties in the order of the splats"
        for i, rows in zip(ids, bins.rows[span].astype(int), strict=True):
            y, x = row * TILE_HEIGHT, column * TILE_WIDTH
            assert (rows & 255) < (rows >> 8) <= TILE_HEIGHT
            covered[c, i % n, y + (rows & 255) : y + (rows >> 8), x : x + TILE_WIDTH] = True
    listed = 0
    for c in range(2):
        for i in range(n):
            if radii[c, i, 0] > 0:
                above = _alpha(screen, c, i) >= 1 / 255
                listed += int(above.any())
                assert not (above & ~covered[c, i, : SIZE[0], : SIZE[1]]).any()
    assert listed >= 0.5 * n


def test_rows_are_cut_close() -> None:
    """The lists are there to save work: rows listed without one visible pixel in them must be few."""
    screen, bins = _binned(300, 1, 6.0, np.float32)
    wasted, total = 0, 0
    for tile in range(len(bins.tile_start) - 1):
        column, row, c = tile % bins.grid[2], tile // bins.grid[2] % bins.grid[1], tile // (bins.grid[2] * bins.grid[1])
        if (row + 1) * TILE_HEIGHT > SIZE[0] or (column + 1) * TILE_WIDTH > SIZE[1]:
            continue
        for entry in range(bins.tile_start[tile], bins.tile_start[tile + 1]):
            alpha = _alpha(screen, c, int(bins.order[bins.ranks[entry]]) % 300)
            y, x = row * TILE_HEIGHT, column * TILE_WIDTH
            rows = slice(y + (int(bins.rows[entry]) & 255), y + (int(bins.rows[entry]) >> 8))
            visible = np.any(alpha[rows, x : x + TILE_WIDTH] >= 1 / 255, axis=1)
            wasted, total = wasted + int((~visible).sum()), total + visible.size
    assert total > 1000
    assert wasted < 0.12 * total


def test_slots_are_each_used_once_and_belong_to_their_pair() -> None:
    _, bins = _binned(200, 2, 6.0, np.float32)
    assert len(np.unique(bins.slots)) == len(bins.slots) == bins.tile_start[-1]
    first = bins.slot_start[bins.ranks]
    assert ((bins.slots >= first) & (bins.slots < first + bins.slot_count[bins.ranks])).all()
    assert int(bins.slot_count.sum()) == bins.tile_start[-1] <= bins.n_slots
