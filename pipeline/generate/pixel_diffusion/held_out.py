"""What a stage is worth on videos that it never saw: its loss by noise, without known frames and after the first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.generate.pixel_diffusion.config import CONTEXTS
from pipeline.generate.pixel_diffusion.data import HELD_OUT_SEED, Batch, Shelf, Source, to_video
from pipeline.generate.pixel_diffusion.network import Conditions
from pipeline.generate.pixel_diffusion.trainer import Trainer, generator_for

BUCKETS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Sigmas before scaling by sigma_in; training's are around 0.3."""


def held_out_batch(trainer: Trainer, folder: Path, source: Source, count: int) -> Batch:
    """The first `count` held-out videos, cropped in the middle as training crops."""
    network, crop = trainer.config.network, trainer.config.train.crop
    with Shelf(folder, source, network, count, HELD_OUT_SEED + trainer.seed, 0) as shelf:
        clips = [shelf.clip(0, place) for place in range(count)]
    whole = (network.frames, *network.size)
    dt, dy, dx = (side or length for side, length in zip(crop, whole, strict=True))
    places = zip(whole, (dt, dy, dx), network.patch, strict=True)
    t, y, x = ((length - side) // 2 // patch * patch for length, side, patch in places)
    video = torch.cat([to_video(frames[None]) for frames, _, _ in clips])[:, :, t : t + dt, y : y + dy, x : x + dx]
    context = torch.tensor([CONTEXTS.index(context) for _, _, context in clips])
    return Batch(video, tuple(prompt for _, prompt, _ in clips), context, (t, y, x))


@torch.no_grad()
def held_out_losses(trainer: Trainer, folder: Path, source: Source, count: int = 16) -> dict[str, Any]:
    """By sigma / sigma_in: mean squared error of x0 over the variance of what is denoised, for the averaged weights.

    1 is what always guessing the mean is worth. "first": the same with the first frame known; the first frame itself
    counts in neither.
    """
    batch, device = held_out_batch(trainer, folder, source, count), trainer.device
    base = trainer.conditions(batch, generator_for(HELD_OUT_SEED, 0), plain=True)
    video = batch.video.to(device)
    target = video - base.extra if trainer.config.noise.residual and base.extra is not None else video
    variance = float((target - target.mean()).square().mean())
    out: dict[str, Any] = {"sigmas": list(BUCKETS)}
    for kind in ("unconditional", "first"):
        mask = torch.zeros_like(base.mask)
        mask[:, 0] = kind == "first"
        told = replace(base, mask=mask, known=video * mask[:, None, :, None, None])
        out[kind] = [round(_error(trainer, target, told, s) / variance, 5) for s in BUCKETS]
    return out


def _error(trainer: Trainer, target: Tensor, told: Conditions, s: float) -> float:
    """Mean squared error of x0 after the first frame, four videos at a time."""
    sigma = s * trainer.config.noise.sigma_in
    noise = torch.randn(target.shape, generator=generator_for(HELD_OUT_SEED, 1)).to(target)
    total = 0.0
    for at in range(0, len(target), 4):
        part = slice(at, at + 4)
        clean = trainer.average(
            target[part] + sigma * noise[part], torch.full_like(told.mask[part, 0], sigma), told.part(part)
        )
        total += float((clean - target[part])[:, :, 1:].square().mean()) * len(clean)
    return total / len(target)
