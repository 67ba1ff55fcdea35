"""Linear blend skinning: which nodes a splat hangs on, and where it is when they have moved (section 3.1).

On the CPU `blend` is the pair of kernels of `skinning_kernels`; elsewhere `blend_by_torch`, their slow twin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from renderer.diff.quaternions import quaternion_multiply, quaternion_rotate
from renderer.diff.skinning_kernels import BlendOnCpu


@dataclass(frozen=True, eq=False)
class Skinning:
    """For each splat its nearest nodes [N, K] int64 and their weights [N, K].

    Rows sum to one, or to zero for a splat that stands still.
    """

    nodes: Tensor
    weights: Tensor


def perspective_coordinates(x: Tensor) -> Tensor:
    """(x / z, y / z, log z) of points seen from the canonical camera at the origin: equal steps look equally big.

    Points at or behind the camera are drawn to a small positive depth, they only need some neighbour.
    """
    z = x[..., 2:].clamp_min(0.05)
    return torch.cat([x[..., :2] / z, z.log()], -1)


def blend(
    turn: Tensor, shift: Tensor, nodes: Tensor, skinning: Skinning, means: Tensor, quats: Tensor
) -> tuple[Tensor, Tensor]:
    """How splats move with their nodes: dx = sum_m w_m (R_m (x - p_m) - (x - p_m) + t_m), and orientations likewise.

    Args:
        turn: [M, 4] unit quaternions of the nodes. shift: [M, 3] their translations. nodes: [M, 3] where they rest,
            which has no gradient, as the weights have none.
        means: [N, 3] canonical positions. quats: [N, 4] unit orientations.

    Returns dx [N, 3] and dq [N, 4], what is added to both. A rest of the weights goes to a node that stands still.
    """
    if means.is_cuda:
        return blend_by_torch(turn, shift, nodes, skinning, means, quats)
    dx, dq = BlendOnCpu.apply(turn, shift, nodes, skinning.nodes, skinning.weights, means, quats)
    return dx, dq


def blend_by_torch(
    turn: Tensor, shift: Tensor, nodes: Tensor, skinning: Skinning, means: Tensor, quats: Tensor
) -> tuple[Tensor, Tensor]:
    """The slow twin of `blend`, and what runs on CUDA."""
    w = skinning.weights[..., None]
    packed = rows_at(torch.cat([turn, shift, nodes], -1), skinning.nodes)
    q, t, p = packed[..., :4], packed[..., 4:7], packed[..., 7:]
    arm = means[:, None] - p
    dx = (w * (quaternion_rotate(q, arm) - arm + t)).sum(1)
    identity = torch.cat([1.0 - w.sum(1), torch.zeros_like(dx)], -1)
    blended = nn.functional.normalize((w * q).sum(1) + identity, dim=-1)
    return dx, quaternion_multiply(blended, quats) - quats


def rows_at(table: Tensor, index: Tensor) -> Tensor:
    """table [M, D] at index [N, K] -> [N, K, D], with a gradient that is added up in one order.

    That of `table[index]` is added up by several threads at once, so a run could not be repeated to the bit; along the
    last dimension it is also several times faster.
    """
    picked: Tensor = table.t().contiguous().index_select(1, index.reshape(-1)).t().unflatten(0, index.shape)
    return picked


def skin(points: Tensor, nodes: Tensor, neighbours: int) -> Skinning:
    """Weights exp(-d^2 / 2 r^2) of the nearest nodes in perspective coordinates, r each node's own spacing."""
    from scipy.spatial import cKDTree

    node_space = perspective_coordinates(nodes).cpu().double().numpy()
    tree = cKDTree(node_space)
    spacing, _ = tree.query(node_space, k=min(4, len(node_space)))
    radius = torch.from_numpy(spacing.reshape(len(node_space), -1)[:, -1]).clamp_min(1e-4)
    distance, index = tree.query(perspective_coordinates(points).cpu().double().numpy(), k=neighbours)
    idx = torch.from_numpy(index.reshape(-1, neighbours)).long()
    d = torch.from_numpy(distance.reshape(-1, neighbours))
    exponent = -0.5 * (d / radius[idx]) ** 2
    weights = torch.softmax(exponent, -1)
    return Skinning(idx.to(nodes.device), weights.to(nodes))


def spread_nodes(candidates: Tensor, count: int, start: int = 0) -> Tensor:
    """Farthest-point sampling in perspective coordinates: indices [min(count, P)] into candidates [P, 3]."""
    space = perspective_coordinates(candidates)
    count = min(count, space.shape[0])
    chosen = torch.empty(count, dtype=torch.long)
    nearest = torch.full((space.shape[0],), math.inf, dtype=space.dtype, device=space.device)
    current = start
    for i in range(count):
        chosen[i] = current
        nearest = torch.minimum(nearest, (space - space[current]).square().sum(-1))
        current = int(nearest.argmax())
    return chosen
