"""Blending of node motions on the CPU, forward and backward, as two numba kernels: torch's gathered copies and the tens
of small operations on them were half a step of the lift. `skinning.blend_by_torch` is the slow twin, and runs on CUDA.

A row of the table is one node: its unit quaternion, its translation, where it rests. Sums are taken in float64 whatever
the arrays hold, and each has one owner and one order, so gradients are the same to the bit at any thread count.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from numba import prange
from torch import Tensor
from torch.autograd.function import once_differentiable

from renderer.tiles.jit import inner, kernel

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

_CHUNK = 2048  # splats whose pull on the nodes one worker sums; fixed, so the sum never depends on the thread count
_TINY = 1e-12  # as torch's normalize


@inner
def _turned(w: Any, a: Any, b: Any, c: Any, x: Any, y: Any, z: Any) -> Any:
    """R v - v of the quaternion (w, a, b, c): 2 w (u x v) + 2 u x (u x v)."""
    k, m, n = b * z - c * y, c * x - a * z, a * y - b * x
    return 2 * (w * k + b * n - c * m), 2 * (w * m + c * k - a * n), 2 * (w * n + a * m - b * k)


@inner
def _product(p: Any, a: Any, b: Any, c: Any, q: Any, x: Any, y: Any, z: Any) -> Any:
    """Hamilton product of two wxyz quaternions."""
    return (
        p * q - a * x - b * y - c * z,
        p * x + a * q + b * z - c * y,
        p * y - a * z + b * q + c * x,
        p * z + a * y - b * x + c * q,
    )


@inner
def _mixed(table: Floats, index: Indices, weights: Floats, n: int) -> Any:
    """Splat n's weighted sum of its nodes' quaternions, the rest of its weight standing still; and the sum's length."""
    rest = 1.0
    p, a, b, c = 0.0, 0.0, 0.0, 0.0
    for j in range(index.shape[1]):
        share, m = weights[n, j], index[n, j]
        rest -= share
        p += share * table[m, 0]
        a += share * table[m, 1]
        b += share * table[m, 2]
        c += share * table[m, 3]
    p += rest
    return p, a, b, c, max(math.sqrt(p * p + a * a + b * b + c * c), _TINY)


@kernel
def blend_forward(
    table: Floats, index: Indices, weights: Floats, means: Floats, quats: Floats, dx: Floats, dq: Floats
) -> None:
    """Fill dx [N, 3] and dq [N, 4] from nodes [M, 10], index and weights [N, K], means [N, 3], unit quats [N, 4]."""
    for n in prange(len(means)):
        u, v, w = 0.0, 0.0, 0.0
        for j in range(index.shape[1]):
            share, m = weights[n, j], index[n, j]
            if share == 0:
                continue
            node = table[m]
            x, y, z = _turned(
                node[0], node[1], node[2], node[3], means[n, 0] - node[7], means[n, 1] - node[8], means[n, 2] - node[9]
            )
            u += share * (x + node[4])
            v += share * (y + node[5])
            w += share * (z + node[6])
        dx[n, 0], dx[n, 1], dx[n, 2] = u, v, w
        p, a, b, c, size = _mixed(table, index, weights, n)
        q = quats[n]
        p, a, b, c = _product(p / size, a / size, b / size, c / size, q[0], q[1], q[2], q[3])
        dq[n, 0], dq[n, 1], dq[n, 2], dq[n, 3] = p - q[0], a - q[1], b - q[2], c - q[3]


@inner
def _mixing_back(
    table: Floats, index: Indices, weights: Floats, quats: Floats, v_dq: Floats, n: int, v_q: Floats
) -> Any:
    """Gradient by splat n's sum of quaternions; the one by its own goes to v_q[n]."""
    p, a, b, c, size = _mixed(table, index, weights, n)
    p, a, b, c = p / size, a / size, b / size, c / size
    g, q = v_dq[n], quats[n]
    s, x, y, z = _product(p, -a, -b, -c, g[0], g[1], g[2], g[3])
    v_q[n, 0], v_q[n, 1], v_q[n, 2], v_q[n, 3] = s - g[0], x - g[1], y - g[2], z - g[3]
    s, x, y, z = _product(g[0], g[1], g[2], g[3], q[0], -q[1], -q[2], -q[3])
    along = p * s + a * x + b * y + c * z
    return (s - along * p) / size, (x - along * a) / size, (y - along * b) / size, (z - along * c) / size


@inner
def _node_back(node: Floats, x: Any, y: Any, z: Any, e: Any, f: Any, g: Any) -> Any:
    """Gradient by a node's quaternion of (R v - v) . (e, f, g) at v = (x, y, z)."""
    w, a, b, c = node[0], node[1], node[2], node[3]
    k, m, n = y * g - z * f, z * e - x * g, x * f - y * e
    along, pull, both = a * x + b * y + c * z, a * e + b * f + c * g, x * e + y * f + z * g
    return (
        2 * (a * k + b * m + c * n),
        2 * (w * k + e * along + x * pull - 2 * a * both),
        2 * (w * m + f * along + y * pull - 2 * b * both),
        2 * (w * n + g * along + z * pull - 2 * c * both),
    )


@inner
def _splat_back(
    table: Floats, index: Indices, weights: Floats, means: Floats, quats: Floats, v_dx: Floats, v_dq: Floats, n: int,
    total: Floats, v_means: Floats, v_quats: Floats,
) -> None:  # fmt: skip
    """Splat n's gradients: its own are filled in, those of its nodes added to total [M, 7]."""
    p, a, b, c = _mixing_back(table, index, weights, quats, v_dq, n, v_quats)
    e, f, g = v_dx[n, 0], v_dx[n, 1], v_dx[n, 2]
    u, v, w = 0.0, 0.0, 0.0
    for j in range(index.shape[1]):
        share, m = weights[n, j], index[n, j]
        if share == 0:
            continue
        node, out = table[m], total[m]
        x, y, z = _turned(node[0], -node[1], -node[2], -node[3], e, f, g)
        u += share * x
        v += share * y
        w += share * z
        s, x, y, z = _node_back(node, means[n, 0] - node[7], means[n, 1] - node[8], means[n, 2] - node[9], e, f, g)
        out[0] += share * (s + p)
        out[1] += share * (x + a)
        out[2] += share * (y + b)
        out[3] += share * (z + c)
        out[4] += share * e
        out[5] += share * f
        out[6] += share * g
    v_means[n, 0], v_means[n, 1], v_means[n, 2] = u, v, w


@kernel
def blend_backward(
    table: Floats, index: Indices, weights: Floats, means: Floats, quats: Floats, v_dx: Floats, v_dq: Floats,
    v_table: Floats, v_means: Floats, v_quats: Floats,
) -> None:  # fmt: skip
    """Fill the gradients of nodes [M, 7], means and quats from those of dx [N, 3] and dq [N, 4]."""
    count = len(means)
    chunks = (count + _CHUNK - 1) // _CHUNK
    totals = np.zeros((chunks, len(table), 7))
    for chunk in prange(chunks):
        for n in range(chunk * _CHUNK, min(count, (chunk + 1) * _CHUNK)):
            _splat_back(
                table, index, weights, means, quats, v_dx, v_dq, n, totals[chunk], v_means, v_quats
            )  # fmt: skip
    for m in range(len(table)):
        for i in range(7):
            entire = 0.0
            for chunk in range(chunks):
                entire += totals[chunk, m, i]
            v_table[m, i] = entire


class BlendOnCpu(torch.autograd.Function):
    """dx, dq of `skinning.blend`; differentiable by turn, shift, means and quats."""

    @staticmethod
    def forward(
        ctx: Any,
        turn: Tensor,
        shift: Tensor,
        nodes: Tensor,
        index: Tensor,
        weights: Tensor,
        means: Tensor,
        quats: Tensor,
    ) -> tuple[Tensor, Tensor]:
        table = torch.cat([turn, shift, nodes], -1).numpy()
        picks, shares, x, q = (np.ascontiguousarray(t.numpy()) for t in (index, weights, means, quats))
        dx, dq = np.empty_like(x), np.empty_like(q)
        blend_forward(table, picks, shares, x, q, dx, dq)
        ctx.given = (table, picks, shares, x, q)
        return torch.from_numpy(dx), torch.from_numpy(dq)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, v_dx: Tensor, v_dq: Tensor) -> tuple[Tensor | None, ...]:
        table, index, weights, means, quats = ctx.given
        v_table, v_means, v_quats = np.empty((len(table), 7), means.dtype), np.empty_like(means), np.empty_like(quats)
        by_dx, by_dq = (np.ascontiguousarray(t.numpy()) for t in (v_dx, v_dq))
        blend_backward(table, index, weights, means, quats, by_dx, by_dq, v_table, v_means, v_quats)
        by_turn, by_shift = torch.from_numpy(v_table[:, :4].copy()), torch.from_numpy(v_table[:, 4:].copy())
        return by_turn, by_shift, None, None, None, torch.from_numpy(v_means), torch.from_numpy(v_quats)
