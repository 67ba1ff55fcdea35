"""What the optimiser holds and what a rasteriser sees: raw splats, activated splats, camera batches.

Activations are those of 3DGS (section 3.1 of the paper): scales are exponentials, opacities sigmoids,
quaternions (w, x, y, z) are normalised where they are used. Colour is plain RGB in sRGB, as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from renderer.camera import Camera


@dataclass(frozen=True, eq=False)
class ActiveSplats:
    """Splats as seen by a rasteriser.

    Attributes:
        means: [N, 3] scene units. quats: [N, 4] wxyz, any length but zero. scales: [N, 3] positive, scene units.
        opacities: [N] in [0, 1]. rgb: [N, 3] sRGB, not clamped.
    """

    means: Tensor
    quats: Tensor
    scales: Tensor
    opacities: Tensor
    rgb: Tensor

    def __len__(self) -> int:
        return int(self.means.shape[0])


@dataclass(frozen=True, eq=False)
class Splats:
    """Optimisable splats: means [N, 3], log_scales [N, 3], quats [N, 4] wxyz, logit_opacity [N], rgb [N, 3]."""

    means: Tensor
    log_scales: Tensor
    quats: Tensor
    logit_opacity: Tensor
    rgb: Tensor

    NAMES = ("means", "log_scales", "quats", "logit_opacity", "rgb")

    def __len__(self) -> int:
        return int(self.means.shape[0])

    def as_dict(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.NAMES}

    def activate(self) -> ActiveSplats:
        """Apply the activations; gradients flow to every raw parameter."""
        return ActiveSplats(
            self.means,
            torch.nn.functional.normalize(self.quats, dim=-1),
            self.log_scales.exp(),
            self.logit_opacity.sigmoid(),
            self.rgb,
        )


@dataclass(frozen=True, eq=False)
class CameraBatch:
    """C views of one size: camera_from_world [C, 4, 4], K [C, 3, 3] px, size (height, width); see `Camera`."""

    camera_from_world: Tensor
    K: Tensor
    size: tuple[int, int]

    def __len__(self) -> int:
        return int(self.K.shape[0])

    @classmethod
    def of(cls, cameras: Sequence[Camera], like: Tensor) -> CameraBatch:
        """Stack cameras of equal size on `like`'s device and dtype."""
        sizes = {camera.size for camera in cameras}
        if len(sizes) != 1:
            raise ValueError(f"a batch needs cameras of one size, got {sorted(sizes)}")
        pose = torch.stack([torch.from_numpy(camera.camera_from_world) for camera in cameras])
        k = torch.stack([torch.tensor(camera.K) for camera in cameras])
        return cls(pose.to(like), k.to(like), cameras[0].size)

    def with_poses(self, camera_from_world: Tensor) -> CameraBatch:
        return replace(self, camera_from_world=camera_from_world)
