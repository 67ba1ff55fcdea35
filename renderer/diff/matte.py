"""Which splats may move, as the canonical camera sees it: what is visible where the picture never changes stands still.

Motion nodes are coarse; a node beside a moving thing would drag the still surface behind it along. The matte is as
fine as the pixels. What the view hides or doesn't reach moves where most of its visible neighbours in space may.
"""

from __future__ import annotations

import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from renderer.camera import Camera

SURFACE = 0.06
"""What is no farther than this share of the depth behind the rendered surface counts as lying on it."""


NEIGHBOURS = 8
"""Visible splats that a hidden one asks."""


class Matte(nn.Module):
    """Changing pixels and rendered depth of one view.

    Args:
        changing: [H, W] bool, where the picture changes at any time.
        camera: the view, of that size.

    `depth` [H, W] is that of the canonical scene; until `observe` gives it, every splat counts as visible.
    """

    changing: Tensor
    depth: Tensor
    camera_from_world: Tensor
    k: Tensor

    def __init__(self, changing: Tensor, camera: Camera) -> None:
        super().__init__()
        self.register_buffer("changing", changing.clone())
        self.register_buffer("depth", torch.full(changing.shape, torch.inf, device=changing.device))
        pose, k = (torch.tensor(m) for m in (camera.camera_from_world, camera.K))
        self.register_buffer("camera_from_world", pose.to(self.depth))
        self.register_buffer("k", k.to(self.depth))

    @torch.no_grad()
    def observe(self, depth: Tensor) -> None:
        """Take over the rendered depth [H, W] of the canonical scene."""
        self.depth.copy_(depth)

    @torch.no_grad()
    def moving(self, means: Tensor) -> Tensor:
        """Which splats at canonical positions [N, 3] may move, [N] bool; what is hidden does as its neighbours do."""
        visible, changing = self._look(means)
        hidden = ~visible
        if visible.sum() < NEIGHBOURS or not hidden.any():
            return hidden | changing
        points, votes = means.cpu().double().numpy(), changing.float()
        _, nearest = cKDTree(points[visible.cpu().numpy()]).query(points[hidden.cpu().numpy()], NEIGHBOURS)
        share = votes[visible][torch.from_numpy(nearest).to(means.device)].mean(1)
        moving = changing.clone()
        moving[hidden] = share > 0.5
        return moving

    def _look(self, means: Tensor) -> tuple[Tensor, Tensor]:
        """Which points lie on or before the surface that the view shows, and which of all are seen to change."""
        seen = means.to(self.depth) @ self.camera_from_world[:3, :3].T + self.camera_from_world[:3, 3]
        z = seen[:, 2]
        flat = seen @ self.k.T
        pixel = (flat[:, :2] / z.clamp_min(1e-6)[:, None]).floor().long()
        height, width = self.changing.shape
        inside = (z > 0) & (pixel[:, 0] >= 0) & (pixel[:, 0] < width) & (pixel[:, 1] >= 0) & (pixel[:, 1] < height)
        column, row = pixel[:, 0].clamp(0, width - 1), pixel[:, 1].clamp(0, height - 1)
        visible = inside & (z < self.depth[row, column] * (1 + SURFACE))
        return visible, visible & self.changing[row, column]
