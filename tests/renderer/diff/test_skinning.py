"""Blending of node motions: the kernels against their slow twin, the order of sums, the neighbourhoods."""

from __future__ import annotations

import pytest
import torch
from numba import get_num_threads, set_num_threads
from torch import Tensor, nn

from renderer.diff.quaternions import rotation_from_vector
from renderer.diff.skinning import Skinning, blend, blend_by_torch, rows_at, skin, spread_nodes

Problem = tuple[Tensor, Tensor, Tensor, Skinning, Tensor, Tensor]


def problem(count: int = 500, dtype: torch.dtype = torch.float64, neighbours: int = 4) -> Problem:
    """Twelve turned and shifted nodes, splats around them of which some stand still, wholly or in part."""
    g = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    means = 0.3 * draw(max(count, 12), 3) + torch.tensor([0.0, 0.0, 1.5])
    nodes = means[:12].clone()
    skinning = skin(means[:count], nodes, neighbours)
    weights = skinning.weights * torch.rand(count, 1, generator=g).mul(3).sub(1).clamp(0, 1)
    turn, shift, quats = rotation_from_vector(0.4 * draw(12, 3)), 0.2 * draw(12, 3), draw(count, 4)
    quats = nn.functional.normalize(quats, dim=-1)
    turn, shift, nodes, weights, means, quats = (
        t.to(dtype) for t in (turn, shift, nodes, weights, means[:count], quats)
    )
    return turn, shift, nodes, Skinning(skinning.nodes, weights), means, quats


def leaves(of: Problem) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    turn, shift, _, _, means, quats = of
    for t in (turn, shift, means, quats):
        t.requires_grad_()
    return turn, shift, means, quats


@pytest.mark.parametrize("count", [0, 1, 500, 5000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kernels_and_slow_twin_agree(count: int, dtype: torch.dtype) -> None:
    of = problem(count, dtype)
    inputs = leaves(of)
    g = torch.Generator().manual_seed(1)
    pulls = [torch.randn(count, d, generator=g, dtype=torch.float64).to(dtype) for d in (3, 4)]
    fast, slow = blend(*of), blend_by_torch(*of)
    by_fast, by_slow = (torch.autograd.grad(out, inputs, pulls) for out in (fast, slow))
    rtol, atol = (1e-4, 1e-4) if dtype == torch.float32 else (1e-9, 1e-12)
    for a, b in zip((*fast, *by_fast), (*slow, *by_slow), strict=True):
        assert a.dtype == dtype
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol)


def test_gradients_are_those_of_the_numbers() -> None:
    turn, shift, nodes, skinning, means, quats = problem(6)
    leaves((turn, shift, nodes, skinning, means, quats))
    assert torch.autograd.gradcheck(
        lambda a, b, c, d: blend(a, b, nodes, skinning, c, d), (turn, shift, means, quats), atol=1e-6
    )


def test_sums_do_not_depend_on_the_threads() -> None:
    of = problem(5000, torch.float32)
    inputs = leaves(of)
    threads, found = get_num_threads(), []
    try:
        for count in (1, threads):
            set_num_threads(count)
            dx, dq = blend(*of)
            found.append(torch.autograd.grad((dx.square().sum() + dq.square().sum()), inputs))
    finally:
        set_num_threads(threads)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_splat_without_weights_stands_still_to_the_bit() -> None:
    turn, shift, nodes, skinning, means, quats = problem(100, torch.float32)
    still = Skinning(skinning.nodes, torch.zeros_like(skinning.weights))
    dx, dq = blend(turn, shift, nodes, still, means, quats)
    assert not dx.any()
    assert not dq.any()


def test_the_gradient_of_picked_rows_can_be_repeated() -> None:
    draw = torch.Generator().manual_seed(4)
    table = torch.randn(20, 10, generator=draw, requires_grad=True)
    index = torch.randint(20, (3000, 4), generator=draw)
    pull = torch.randn(3000, 4, 10, generator=draw)
    assert torch.equal(rows_at(table, index), table[index])
    gradients = [torch.autograd.grad(rows_at(table, index), table, pull)[0] for _ in range(10)]
    assert all(torch.equal(gradients[0], other) for other in gradients[1:])
    slow = torch.zeros(20, 10).index_put((index,), pull, accumulate=True)
    torch.testing.assert_close(gradients[0], slow, rtol=1e-4, atol=1e-3)


def test_skinning_weights_are_a_partition_over_the_nearest_nodes() -> None:
    means = problem(64)[4]
    skinning = skin(means, means[:10], 4)
    torch.testing.assert_close(skinning.weights.sum(1), torch.ones(64, dtype=torch.float64))
    assert (skinning.nodes[:10, 0] == torch.arange(10)).all()


def test_spread_nodes_are_distinct_and_far_apart() -> None:
    points = problem(200)[4]
    chosen = spread_nodes(points, 20)
    assert len(set(chosen.tolist())) == 20
    spread = torch.cdist(points[chosen], points[chosen]).fill_diagonal_(9).min()
    random = torch.cdist(points[:20], points[:20]).fill_diagonal_(9).min()
    assert spread > random
