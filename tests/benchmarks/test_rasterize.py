"""How long forward + backward take, in one run beside the prototype's recipe and the dense twin. No assertion is timed.

Run with `make bench` on an idle machine, or `pytest tests/benchmarks/test_rasterize.py -s` for the table alone.
Best of several rounds: a busy machine only ever adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numba
import numpy as np
import pytest
import torch
from torch import Tensor

from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch
from renderer.tiles.binning import bin_splats
from renderer.tiles.projection import project_forward
from tests.benchmarks import prototype
from tests.renderer.diff.dense import dense
from tests.renderer.diff.scenes import leaves

CASES = {"512x288, 100 k": ((288, 512), 100_000), "256x144, 20 k": ((144, 256), 20_000)}
TARGETS = {"512x288, 100 k": 160.0, "256x144, 20 k": 40.0}


def _scene(n: int, size: tuple[int, int]) -> tuple[ActiveSplats, CameraBatch]:
    """A full view of splats of 4.3 px (3 sigma) on average: 2.4 tiles each, as a trained small scene has."""
    g = torch.Generator().manual_seed(0)
    f = 0.9 * size[1]
    z = torch.rand(n, generator=g) * 4 + 2
    x, y = ((torch.rand(n, generator=g) * 1.04 - 0.52) * extent / f * z for extent in (size[1], size[0]))
    scales = (4.3 / 3 * z / f)[:, None] * torch.exp(0.5 * torch.randn(n, 3, generator=g))
    opacities = torch.sigmoid(1.5 * torch.randn(n, generator=g))
    splats = ActiveSplats(
        torch.stack([x, y, z], -1), torch.randn(n, 4, generator=g), scales, opacities, torch.rand(n, 3, generator=g)
    )
    k = torch.tensor([[[f, 0, size[1] / 2], [0, f, size[0] / 2], [0, 0, 1]]])
    return splats, CameraBatch(torch.eye(4)[None], k, size)


def _best(step: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the fastest round, after one round that may compile."""
    step()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def _ours(splats: ActiveSplats, batch: CameraBatch) -> Callable[[], object]:
    splats, parts = leaves(splats)
    weight = torch.rand(1, *batch.size, 3)

    def step() -> tuple[Tensor, ...]:
        rendering = rasterize(splats, batch)
        return torch.autograd.grad(rendering.image, parts, weight)

    return step


def _twin(splats: ActiveSplats, batch: CameraBatch) -> Callable[[], object]:
    splats, parts = leaves(splats)
    weight = torch.rand(1, *batch.size, 3)
    return lambda: torch.autograd.grad(dense(splats, batch)[0], parts, weight)


def _prototype(splats: ActiveSplats, batch: CameraBatch) -> tuple[Callable[[], object], int]:
    """Its step, and the number of (tile, splat) pairs that ours has."""
    n = len(splats)
    means2d, depths, conics = (np.empty((1, n, *rest), np.float32) for rest in ((2,), (), (3,)))
    radii = np.empty((1, n, 2), np.int32)
    means, quats, scales, opacities = (x.numpy() for x in (splats.means, splats.quats, splats.scales, splats.opacities))
    poses, ks = batch.camera_from_world.double().numpy(), batch.K.double().numpy()
    project_forward(means, quats, scales, opacities, poses, ks, batch.size, 0.01, means2d, depths, conics, radii)
    bins = bin_splats(means2d, depths, conics, radii, opacities, splats.rgb.numpy(), batch.size)
    flat = np.concatenate([means2d[0], conics[0], opacities[:, None], splats.rgb.numpy()], 1)
    tiles = (-(-batch.size[0] // prototype.TILE)) * (-(-batch.size[1] // prototype.TILE))
    v_out = np.random.default_rng(0).random((tiles, 3, prototype.PIXELS), np.float32)
    return (lambda: prototype.forward_and_backward(flat, radii[0], depths[0], batch.size, v_out)), int(
        bins.tile_start[-1]
    )


@pytest.mark.parametrize("case", CASES)
def test_forward_and_backward(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    size, n = CASES[case]
    splats, batch = _scene(n, size)
    recipe, pairs = _prototype(splats, batch)
    ours, theirs = _best(_ours(splats, batch), 15), _best(recipe, 3)
    small, small_batch = _scene(400, (72, 128))
    ours_small, twin = _best(_ours(small, small_batch), 15), _best(_twin(small, small_batch), 2)
    with capsys.disabled():
        print(
            f"\n{case} splats, {pairs} (tile, splat) pairs, {numba.get_num_threads()} threads:"
            f"\n  rasterize  {ours:8.1f} ms (target {TARGETS[case]:.0f})"
            f"\n  prototype  {theirs:8.1f} ms = {theirs / ours:.1f}x (blending alone, without projection)"
            f"\n  dense twin {twin:8.1f} ms = {twin / ours_small:.0f}x of {ours_small:.1f} ms (400 splats at 128x72)"
        )
    assert pairs > n
    assert ours > 0
