"""The slow twin of `rasterize`: every splat at every pixel, plain torch, autograd; semantics written out once more.

Not fast and not clever on purpose. float64 unless the caller's tensors say otherwise.
"""

from __future__ import annotations

import torch
from torch import Tensor

from renderer.diff.splats import ActiveSplats, CameraBatch


def rotation_matrices(quats: Tensor) -> Tensor:
    """[N, 3, 3] from [N, 4] wxyz of any length."""
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).reshape(-1, 3, 3)


def project(splats: ActiveSplats, pose: Tensor, k: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """means2d [N, 2], dilated covariances [N, 2, 2], depths [N] of one camera."""
    height, width = size
    r, t = pose[:3, :3], pose[:3, 3]
    local = splats.means @ r.T + t
    half = r @ rotation_matrices(splats.quats) * splats.scales[:, None, :]
    x, y, z = local.unbind(-1)
    fx, fy, cx, cy = k[0, 0], k[1, 1], k[0, 2], k[1, 2]
    u = torch.clamp(x / z, -cx / fx - 0.15 * width / fx, (width - cx) / fx + 0.15 * width / fx)
    v = torch.clamp(y / z, -cy / fy - 0.15 * height / fy, (height - cy) / fy + 0.15 * height / fy)
    none = torch.zeros_like(z)
    jacobian = torch.stack([fx / z, none, -fx * u / z, none, fy / z, -fy * v / z], -1).reshape(-1, 2, 3)
    screen = jacobian @ half
    covariance = screen @ screen.transpose(1, 2) + 0.3 * torch.eye(2, dtype=z.dtype)
    return torch.stack([fx * x / z + cx, fy * y / z + cy], -1), covariance, z


def dense(
    splats: ActiveSplats, cameras: CameraBatch, background: Tensor | None = None, near: float = 0.01
) -> tuple[Tensor, Tensor, Tensor]:
    """image [C, H, W, 3], alpha [C, H, W, 1], expected depth [C, H, W, 1]."""
    views = [
        _view(splats, pose, k, cameras.size, background, near)
        for pose, k in zip(cameras.camera_from_world, cameras.K, strict=True)
    ]
    image, alpha, depth = (torch.stack(parts) for parts in zip(*views, strict=True))
    return image, alpha, depth


def _view(
    splats: ActiveSplats, pose: Tensor, k: Tensor, size: tuple[int, int], background: Tensor | None, near: float
) -> tuple[Tensor, Tensor, Tensor]:
    means2d, covariance, z = project(splats, pose, k, size)
    conics = torch.linalg.inv(covariance)
    ys, xs = (torch.arange(n, dtype=z.dtype) + 0.5 for n in size)
    transmittance = torch.ones(size, dtype=z.dtype)
    total = torch.zeros(*size, 4, dtype=z.dtype)
    done = torch.zeros(size, dtype=torch.bool)
    for n in torch.argsort(z.detach(), stable=True).tolist():
        if not near <= z[n].item() <= 1e10:
            continue
        dx, dy = means2d[n, 0] - xs[None, :], means2d[n, 1] - ys[:, None]
        sigma = 0.5 * (conics[n, 0, 0] * dx * dx + conics[n, 1, 1] * dy * dy) + conics[n, 0, 1] * dx * dy
        alpha = torch.clamp(splats.opacities[n] * torch.exp(-sigma), max=0.999)
        alpha = torch.where(alpha >= 1 / 255, alpha, 0.0)
        after = transmittance * (1 - alpha)
        done = done | (after <= 1e-4)
        weight = torch.where(done, 0.0, alpha * transmittance)
        total = total + weight[..., None] * torch.cat([splats.rgb[n], z[n : n + 1]])
        transmittance = torch.where(done, transmittance, after)
    image = total[..., :3]
    if background is not None:
        image = image + transmittance[..., None] * background
    alpha = (1 - transmittance)[..., None]
    return image, alpha, total[..., 3:] / alpha.clamp(min=1e-10)
