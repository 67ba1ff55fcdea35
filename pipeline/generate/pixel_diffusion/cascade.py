"""From a prompt and known frames to a video: the base at 36 x 64, then the upsampler, one sampler for both.

Known frames are shown to the network and stand in every guess of it, so that the others fit them; whoever asked gets
them back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pipeline.generate.pixel_diffusion.config import CONTEXTS
from pipeline.generate.pixel_diffusion.denoiser import Denoiser, enlarge, reduce
from pipeline.generate.pixel_diffusion.diffusion import Churn, dynamic_threshold, sample, schedule
from pipeline.generate.pixel_diffusion.network import Conditions
from pipeline.generate.pixel_diffusion.text import TextEncoder
from renderer.errors import Refusal


@dataclass(frozen=True)
class Sampling:
    """How to sample one stage: Heun steps, guidance (1: none), churn (0: deterministic), seed of the noise."""

    steps: int = 24
    guidance: float = 2.0
    churn: float = 0.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Wish:
    """What one video shall show.

    Attributes:
        prompt, negative: what to show and what not; context: one of `CONTEXTS`.
        known: [1, 3, T, H, W] in [-1, 1], at any size; strengths: [T], 0 where not known, 1: not to be touched.
    """

    prompt: str
    context: str
    known: Tensor
    strengths: Tensor
    negative: str = ""


@dataclass(frozen=True, eq=False)
class Guess:
    """The video as it is guessed after `step` of `steps`, [1, 3, T, h, w] in [-1, 1]; the last is the video."""

    step: int
    steps: int
    video: Tensor


def make(
    model: Denoiser, encoder: TextEncoder, wish: Wish, sampling: Sampling, small: Tensor | None = None
) -> Iterator[Guess]:
    """Sample one stage; `small` is the base's video, for the upsampler. Raises `Refusal` for figures that are none."""
    config, device = model.config, next(model.parameters()).device
    size = config.network.size
    known = _sized(wish.known.to(device), size)
    strengths = wish.strengths.to(device)
    extra = None if small is None else enlarge(small.to(device), size)
    conditions, against = _conditions(encoder, wish, known, strengths, extra)
    offset = extra if config.noise.residual and extra is not None else torch.zeros_like(known)
    keep = strengths[None, None, :, None, None]

    def clean(noisy: Tensor, sigma: Tensor) -> Tensor:
        with torch.no_grad():
            x0 = model.guess(noisy, sigma, conditions, sampling.guidance, against) + offset
        return torch.lerp(dynamic_threshold(x0), known, keep) - offset

    generator = torch.Generator().manual_seed(sampling.seed % (1 << 63))
    noise = torch.randn(known.shape, generator=generator).to(device)
    sigmas = schedule(config.noise, sampling.steps)
    states = sample(clean, noise, sigmas, churn=Churn(sampling.churn), generator=generator)
    for step, (state, guess) in enumerate(states, 1):
        video = (state if step == sampling.steps else guess) + offset
        if not bool(video.isfinite().all()):
            raise Refusal(
                f"The pixel model's {config.stage} left the numbers at step {step}; try another seed or less guidance."
            )
        yield Guess(step, sampling.steps, video.clamp(-1, 1))


def _conditions(
    encoder: TextEncoder, wish: Wish, known: Tensor, strengths: Tensor, extra: Tensor | None
) -> tuple[Conditions, Tensor]:
    """What the video is denoised by, and the negative prompt's tokens, zero where there are none."""
    text, there = (x.to(known.device) for x in encoder.encode([wish.prompt, wish.negative]))
    if wish.context not in CONTEXTS:
        names = ", ".join(name for name in CONTEXTS if name)
        raise Refusal(f"The pixel model knows no context {wish.context!r}; choose one of {names}.")
    mask = (strengths > 0).float()[None]
    context = torch.tensor([CONTEXTS.index(wish.context)], device=known.device)
    shown = Conditions(known * mask[:, None, :, None, None], mask, text[:1], there[:1], context, extra)
    return shown, text[1:]


def _sized(video: Tensor, size: tuple[int, int]) -> Tensor:
    """By area where it gets smaller, bicubic where larger."""
    if tuple(video.shape[3:]) == size:
        return video
    return reduce(video, size) if video.shape[3] >= size[0] and video.shape[4] >= size[1] else enlarge(video, size)


def shortened(sampling: Sampling, steps: int) -> Sampling:
    """For the upsampler, which has less to find: fewer steps, no guidance nor churn, another stream of noise."""
    return replace(sampling, steps=steps, guidance=1.0, churn=0.0, seed=sampling.seed + 0x5EED)
