"""Network and preconditioning together: D(noisy, sigma, conditions) -> x0, for both stages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.generate.pixel_diffusion.config import StageConfig
from pipeline.generate.pixel_diffusion.diffusion import guided, precondition
from pipeline.generate.pixel_diffusion.network import Conditions, VideoTransformer


class Denoiser(nn.Module):
    """The x0 prediction of one stage. The upsampler denoises pixels, or their difference from the small video."""

    def __init__(self, config: StageConfig) -> None:
        super().__init__()
        self.config = config
        self.network = VideoTransformer(config.network)

    def forward(self, noisy: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
        """[B, 3, T, h, w] at `sigma` [B], both in float32; the network runs in whatever autocast says."""
        c = precondition(self.config.noise, sigma)
        shown: Tensor = self.network(c.inp * noisy, c.noise, self._shown(conditions))
        return c.skip * noisy + c.out * shown.float()

    def guess(
        self, noisy: Tensor, sigma: Tensor, conditions: Conditions, guidance: float = 1.0, against: Tensor | None = None
    ) -> Tensor:
        """x0 with classifier-free guidance: twice the work, except at guidance 1 or without a prompt.

        `against` [B, L, D]: tokens of a negative prompt, padded like the prompt's; None: no prompt.
        """
        if guidance == 1.0 or not bool(conditions.text_mask.any()):
            out: Tensor = self(noisy, sigma, conditions)
            return out
        bare = torch.zeros_like(conditions.text) if against is None else against
        other = replace(conditions, text=bare, text_mask=(bare != 0).any(-1))
        both = self(torch.cat([noisy, noisy]), torch.cat([sigma, sigma]), conditions.beside(other))
        with_prompt, without = both.chunk(2)
        return guided(with_prompt, without, guidance)

    def _shown(self, conditions: Conditions) -> Conditions:
        """Where a difference is denoised, known frames are shown as their difference too, in its own units."""
        if not self.config.noise.residual:
            return conditions
        assert conditions.extra is not None
        scale = 0.5 / self.config.noise.sigma_data
        return replace(conditions, known=(conditions.known - conditions.extra) * scale)


def enlarge(small: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, 3, T, h, w] to `size`, bicubic, frame by frame, in [-1, 1]."""
    return _framewise(small, size, mode="bicubic", align_corners=False).clamp(-1, 1)


def reduce(large: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, 3, T, H, W] to `size` by area, frame by frame: what a base video of the same scene shows."""
    return _framewise(large, size, mode="area")


def _framewise(video: Tensor, size: tuple[int, int], **how: Any) -> Tensor:
    b, c, t = video.shape[:3]
    frames: Tensor = F.interpolate(video.transpose(1, 2).flatten(0, 1), size, **how)
    return frames.reshape(b, t, c, *size).transpose(1, 2)
