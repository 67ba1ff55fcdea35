"""The losses of the lift, each an unreduced function that names its equation; weights and means are the trainer's.

Lengths are in scene units with the median depth of the canonical view at 1 (`pipeline.poses`), so the weights of
Appendix E.1 mean the same in every scene.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.lift.ssim_kernels import SsimOnCpu
from renderer.diff.deformation import ControlMotion, Offsets
from renderer.diff.quaternions import quaternion_conjugate, quaternion_multiply, quaternion_rotate

SQRT_EPS = 1e-20
"""Under square roots, as Dynamic3DGaussians: the gradient of a norm stays finite at zero."""


def reconstruction(image: Tensor, target: Tensor) -> Tensor:
    """Eq. 2: |rendered - frame| per pixel and channel, any shape."""
    return (image - target).abs()


@cache
def _window(size: int, sigma: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    x = torch.arange(size, dtype=dtype, device=device) - size // 2
    g = torch.exp(-0.5 * (x / sigma) ** 2)
    return g / g.sum()


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Structural similarity [B, H, W, C] of image and target [B, H, W, C] in [0, 1] (Wang 2004, 11 px Gaussian window).

    The border is padded with zeros in both images, as 3DGS does. Differentiable by the image; the target is data.
    """
    if image.is_cuda or image.dtype != torch.float32:
        return ssim_by_convolution(image, target)
    window = _window(11, 1.5, image.dtype, image.device)
    pairs = zip(image, target.detach(), strict=True)
    scores: list[Tensor] = [SsimOnCpu.apply(a, b, window) for a, b in pairs]
    return torch.stack(scores)


def ssim_by_convolution(image: Tensor, target: Tensor, size: int = 11, sigma: float = 1.5) -> Tensor:
    """`ssim` in torch's own operations, for any device, dtype and window."""
    g = _window(size, sigma, image.dtype, image.device)
    b, h, w, c = image.shape
    planes = torch.stack([image, target, image * image, target * target, image * target])
    flat = planes.permute(0, 1, 4, 2, 3).reshape(5 * b * c, 1, h, w)
    flat = F.conv2d(flat, g.view(1, 1, -1, 1), padding=(size // 2, 0))
    flat = F.conv2d(flat, g.view(1, 1, 1, -1), padding=(0, size // 2))
    mu_x, mu_y, xx, yy, xy = flat.reshape(5, b, c, h, w)
    c1, c2 = 0.01**2, 0.03**2
    var_x, var_y, cov = xx - mu_x * mu_x, yy - mu_y * mu_y, xy - mu_x * mu_y
    score: Tensor = ((2 * mu_x * mu_y + c1) * (2 * cov + c2)) / (
        (mu_x * mu_x + mu_y * mu_y + c1) * (var_x + var_y + c2)
    )
    return score.permute(0, 2, 3, 1)


def small_motion(offsets: Offsets) -> Tensor:
    """Eq. 3 with the scales of Appendix D.3: ||dx||_1 + ||dq||_1 + ||ds||_1 per point, [...]."""
    return offsets.dx.abs().sum(-1) + offsets.dq.abs().sum(-1) + offsets.ds.abs().sum(-1)


def motion_norm(offsets: Offsets) -> Tensor:
    """Eq. 7: the same L1 norm for the temporal field, per point, [...]."""
    return small_motion(offsets)


def motion_difference(motion: ControlMotion) -> Tensor:
    """Eq. 8: ||dx_t - dx_{t-1}|| of consecutive codes, [C - 1, P]."""
    step = motion.offsets.dx[1:] - motion.offsets.dx[:-1]
    return step.square().sum(-1).add(SQRT_EPS).sqrt()


def neighbourhood(x0: Tensor, k: int = 20) -> tuple[Tensor, Tensor]:
    """k nearest neighbours [P, k] of canonical points [P, 3] and the weights of Eq. 9 [P, k].

    lambda_w is scale-free: 1 / the median squared neighbour distance (the paper gives no value; Dynamic3DGaussians'
    2000 presumes its own scene scale).
    """
    k = min(k, x0.shape[0] - 1)
    distance = torch.cdist(x0, x0)
    distance.fill_diagonal_(float("inf"))
    nearest, index = distance.topk(k, largest=False)
    squared = nearest.square()
    return index, torch.exp(-squared / squared.median().clamp_min(1e-12))


def local_rigidity(motion: ControlMotion, index: Tensor, weight: Tensor) -> Tensor:
    """Eq. 10 for consecutive codes: [C - 1, P, k].

    w_ij ||(x_j - x_i)_{t-1} - R_{i,t-1} R_{i,t}^{-1} (x_j - x_i)_t||, the weight under the root's norm as a factor.
    """
    x = motion.x0 + motion.offsets.dx
    arms = _neighbours_of(x, index) - x[:, :, None]
    q = motion.quats
    back = quaternion_multiply(q[:-1], quaternion_conjugate(q[1:]))[:, :, None].expand(-1, -1, index.shape[1], -1)
    error = arms[:-1] - quaternion_rotate(back, arms[1:])
    return weight * error.square().sum(-1).add(SQRT_EPS).sqrt()


def rotation_agreement(motion: ControlMotion, index: Tensor, weight: Tensor) -> Tensor:
    """Eq. 12 for consecutive codes: neighbours turn alike, [C - 1, P, k]."""
    q = motion.quats
    turn = quaternion_multiply(q[1:], quaternion_conjugate(q[:-1]))
    error = _neighbours_of(turn, index) - turn[:, :, None]
    return weight * error.square().sum(-1).add(SQRT_EPS).sqrt()


def _neighbours_of(x: Tensor, index: Tensor) -> Tensor:
    """x [C, P, D] at index [P, k] -> [C, P, k, D], with a gradient that can be repeated (see `skinning.rows_at`)."""
    picked: Tensor = x.index_select(1, index.reshape(-1)).unflatten(1, index.shape)
    return picked
