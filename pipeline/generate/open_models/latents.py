"""Latents as pictures: a cheap look at what a model has so far, without decoding it.

Latents are nearly linear in colour, so a colour chart through the model's own encoder gives the map from a latent to
the mean colour of its cell, for any model. Latents here are as samplers have them, normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.generate.open_models.families import Family
from pipeline.generate.open_models.frames import Plan
from pipeline.generate.provider import Frames

CELLS = 16
"""Of the chart, along a side: 256 of them fix a map of 128 channels."""
_RIDGE = 1e-2


@dataclass(frozen=True, eq=False)
class ColourMap:
    """rgb = weights @ latent + offset, in [0, 1]; weights [3, C], offset [3]."""

    weights: Tensor
    offset: Tensor

    def pictures(self, latents: Tensor) -> Frames:
        """[T, h, w, 3] of latents [C, T, h, w], one pixel a cell."""
        rgb = torch.einsum("kc,cthw->thwk", self.weights, latents.detach().float().cpu()) + self.offset
        return (rgb.nan_to_num(0.5).clamp(0, 1) * 255).round().to(torch.uint8).numpy()


@torch.no_grad()
def colour_map(family: Family, pipeline: Any) -> ColourMap:
    """Fit the map of a pipeline's encoder on a chart of random colours, by ridge regression."""
    side = CELLS * cell_of(pipeline)
    colours = torch.rand(3, CELLS, CELLS, generator=torch.Generator().manual_seed(0))
    chart = torch.nn.functional.interpolate(colours[None], size=(side, side), mode="nearest") * 2 - 1
    latents = encoded(family, pipeline, chart[:, :, None])[0, :, 0].float().cpu().flatten(1).double()
    rows = torch.cat([latents, torch.ones(1, latents.shape[1], dtype=torch.float64)])
    left = rows @ rows.T + _RIDGE * torch.eye(len(rows), dtype=torch.float64)
    found = torch.linalg.solve(left, rows @ colours.flatten(1).double().T).T.float()
    return ColourMap(found[:, :-1], found[:, -1])


def cell_of(pipeline: Any) -> int:
    """The side of a latent's cell in px."""
    names = ("vae_spatial_compression_ratio", "vae_scale_factor_spatial", "vae_scale_factor")
    return int(next(getattr(pipeline, name) for name in names if hasattr(pipeline, name)))


@torch.no_grad()
def encoded(family: Family, pipeline: Any, video: Tensor) -> Tensor:
    """The latents [B, C, T', h, w] of video [B, 3, T, H, W] in [-1, 1], normalised, by the encoder's mean."""
    vae = pipeline.vae
    video = video.to(pipeline._execution_device, vae.dtype)
    if family.name == "sparsectrl":
        mean = vae.encode(video[:, :, 0]).latent_dist.mode()[:, :, None]
        return torch.as_tensor(mean * vae.config.scaling_factor)
    mean = vae.encode(video).latent_dist.mode()
    if family.name == "cogvideox":
        return torch.as_tensor(mean * vae.config.scaling_factor)
    if family.name in ("ltx", "ltx2"):
        return torch.as_tensor(pipeline._normalize_latents(mean, vae.latents_mean, vae.latents_std))
    shape = (1, -1, 1, 1, 1)
    centre, spread = (torch.tensor(values, device=mean.device).view(shape)
                      for values in (vae.config.latents_mean, vae.config.latents_std))  # fmt: skip
    return torch.as_tensor((mean - centre) / spread)


def unpacked(family: Family, pipeline: Any, latents: Tensor, plan: Plan, size: tuple[int, int]) -> Tensor:
    """A sampler's latents as [C, T', h, w]; LTX's are rows of tokens, with those of key frames beside them."""
    if family.name == "cogvideox":
        padded = latents.shape[1] - ((plan.n_frames - 1) // family.compression + 1)
        return latents[0, padded:].transpose(0, 1)
    if family.name not in ("ltx", "ltx2"):
        return latents[0]
    cell = cell_of(pipeline)
    shape = (plan.n_frames - 1) // family.compression + 1, size[0] // cell, size[1] // cell
    count = int(np.prod(shape))
    rows = latents[:, -count:] if family.name == "ltx" else latents[:, :count]
    return torch.as_tensor(
        pipeline._unpack_latents(
            rows, *shape, pipeline.transformer_spatial_patch_size, pipeline.transformer_temporal_patch_size
        )[0]
    )


def spread(pictures: Frames, plan: Plan, compression: int) -> Frames:
    """One picture for every kept frame, from one for every latent."""
    return pictures[[min(-(-place // compression), len(pictures) - 1) for place in plan.kept]]
