"""Small random scenes in front of two cameras, for the rasteriser's tests."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from renderer.diff.splats import ActiveSplats, CameraBatch


def random_splats(
    n: int, seed: int, size: tuple[int, int], dtype: torch.dtype = torch.float64, radius: float = 12.0
) -> ActiveSplats:
    """n splats that fill and slightly overfill the view of `cameras(size)`, with radii around `radius` pixels."""
    g = torch.Generator().manual_seed(seed)
    height, width = size
    f = 0.9 * width
    z = torch.rand(n, generator=g, dtype=torch.float64) * 4 + 2
    x = (torch.rand(n, generator=g, dtype=torch.float64) * 1.6 - 0.8) * width / f * z
    y = (torch.rand(n, generator=g, dtype=torch.float64) * 1.6 - 0.8) * height / f * z
    spread = torch.exp(0.5 * torch.randn(n, 3, generator=g, dtype=torch.float64))
    parts = [
        torch.stack([x, y, z], -1),
        torch.randn(n, 4, generator=g, dtype=torch.float64),
        (radius / 3 * z / f)[:, None] * spread,
        torch.sigmoid(2 * torch.randn(n, generator=g, dtype=torch.float64)),
        torch.rand(n, 3, generator=g, dtype=torch.float64),
    ]
    return ActiveSplats(*(part.to(dtype) for part in parts))


def cameras(size: tuple[int, int], dtype: torch.dtype = torch.float64) -> CameraBatch:
    """Two cameras with off-centre principal points, the second turned and moved."""
    height, width = size
    f = 0.9 * width
    k = torch.tensor([[f, 0, width / 2 - 1.3], [0, 1.1 * f, height / 2 + 2.1], [0, 0, 1]], dtype=dtype).repeat(2, 1, 1)
    pose = torch.eye(4, dtype=dtype).repeat(2, 1, 1)
    angle = 0.2
    turn = [[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]]
    pose[1, :3, :3] = torch.tensor(turn, dtype=dtype)
    pose[1, :3, 3] = torch.tensor([0.3, -0.1, 0.5], dtype=dtype)
    return CameraBatch(pose, k, size)


def leaves(splats: ActiveSplats) -> tuple[ActiveSplats, list[Tensor]]:
    """The same splats as leaves that take gradients, and the list of them."""
    parts = [splats.means, splats.quats, splats.scales, splats.opacities, splats.rgb]
    parts = [part.clone().requires_grad_(True) for part in parts]
    return ActiveSplats(*parts), parts
