"""Structural similarity and its gradient on the CPU, as two numba kernels: torch's convolution of one-channel planes is
ten times slower there. `losses.ssim_by_convolution` is the slow twin, and what runs on CUDA.

Images are [H, W * C] float32, channels interleaved; the window is separable, the border zero-padded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from numba import prange
from torch import Tensor
from torch.autograd.function import once_differentiable

from renderer.tiles.jit import inner, kernel

Floats = npt.NDArray[np.float32]

C1, C2 = np.float32(0.01**2), np.float32(0.03**2)


@inner
def _add(out: Floats, weight: Any, a: Floats) -> None:
    # One output and plain indices: any sum in the index would need a wrap-around test and not vectorise.
    for i in range(len(out)):
        out[i] += weight * a[i]


@inner
def _add_product(out: Floats, weight: Any, a: Floats, b: Floats) -> None:
    for i in range(len(out)):
        out[i] += weight * (a[i] * b[i])


@inner
def _filter_row(padded: Floats, window: Floats, stride: int, out: Floats) -> None:
    """out[x] = sum_k window[k] padded[x + k stride]."""
    out[:] = 0
    for k in range(len(window)):
        _add(out, window[k], padded[k * stride : k * stride + len(out)])


@inner
def _score_row(f: Floats, score: Floats, by_x: Floats, by_xx: Floats, by_xy: Floats) -> None:
    """Score and its partial derivatives from the five filtered planes of one row."""
    for i in range(len(score)):
        mx, my = f[0, i], f[1, i]
        a1, a2 = 2 * mx * my + C1, 2 * (f[4, i] - mx * my) + C2
        b1, b2 = mx * mx + my * my + C1, (f[2, i] - mx * mx) + (f[3, i] - my * my) + C2
        scale = np.float32(1) / (b1 * b2)
        s = a1 * a2 * scale
        by_a1, by_a2, by_b1, by_b2 = a2 * scale, a1 * scale, -s / b1, -s / b2
        score[i] = s
        by_x[i] = 2 * (my * (by_a1 - by_a2) + mx * (by_b1 - by_b2))
        by_xx[i] = by_b2
        by_xy[i] = 2 * by_a2


@kernel
def ssim_forward(x: Floats, y: Floats, window: Floats, channels: int, score: Floats, partial: Floats) -> None:
    """Fill score [H, W C] and its partial derivatives [3, H, W C] by the filtered x, x x and x y."""
    height, width = x.shape
    half = len(window) // 2
    left = half * channels
    for row in prange(height):
        padded = np.zeros((5, width + 2 * left), np.float32)
        for k in range(max(0, half - row), min(len(window), height + half - row)):
            w, a, b = window[k], x[row + k - half], y[row + k - half]
            _add(padded[0, left : left + width], w, a)
            _add(padded[1, left : left + width], w, b)
            _add_product(padded[2, left : left + width], w, a, a)
            _add_product(padded[3, left : left + width], w, b, b)
            _add_product(padded[4, left : left + width], w, a, b)
        f = np.empty((5, width), np.float32)
        for plane in range(5):
            _filter_row(padded[plane], window, channels, f[plane])
        _score_row(f, score[row], partial[0, row], partial[1, row], partial[2, row])


@kernel
def ssim_backward(
    x: Floats, y: Floats, window: Floats, channels: int, partial: Floats, upstream: Floats, gradient: Floats
) -> None:
    """Fill gradient [H, W C] of sum(upstream * score) by x."""
    height, width = x.shape
    half = len(window) // 2
    left = half * channels
    for row in prange(height):
        padded = np.zeros((3, width + 2 * left), np.float32)
        for k in range(max(0, half - row), min(len(window), height + half - row)):
            source = row + k - half
            for plane in range(3):
                _add_product(padded[plane, left : left + width], window[k], upstream[source], partial[plane, source])
        f = np.empty((3, width), np.float32)
        for plane in range(3):
            _filter_row(padded[plane], window, channels, f[plane])
        out = gradient[row]
        for i in range(width):
            out[i] = f[0, i] + 2 * x[row, i] * f[1, i] + y[row, i] * f[2, i]


class SsimOnCpu(torch.autograd.Function):
    """score [H, W, C] of image and target [H, W, C] float32; differentiable by the image, the target is data."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, target: Tensor, window: Tensor) -> Tensor:
        h, w, c = image.shape
        x, y = (np.ascontiguousarray(t.detach().numpy()).reshape(h, w * c) for t in (image, target))
        g = window.detach().numpy()
        score, partial = np.empty((h, w * c), np.float32), np.empty((3, h, w * c), np.float32)
        ssim_forward(x, y, g, c, score, partial)
        ctx.arrays = (x, y, g, partial)
        return torch.from_numpy(score.reshape(h, w, c))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        x, y, g, partial = ctx.arrays
        h, w, c = upstream.shape
        gradient = np.empty_like(x)
        ssim_backward(x, y, g, c, partial, np.ascontiguousarray(upstream.numpy()).reshape(h, w * c), gradient)
        return torch.from_numpy(gradient.reshape(h, w, c)), None, None
