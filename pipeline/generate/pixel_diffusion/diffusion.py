"""EDM's preconditioning with Snap Video's input scaling, and samplers that integrate it; no network here.

Neighbouring pixels of a video repeat one another, so noise of one sigma hides less of it than of an image. Snap Video
therefore counts noise on a video scaled down, z = x / sigma_in + s * eps (arXiv 2402.14797, section 3.2). Outside this
module all is in the terms of `VideoPrior`: noisy = x0 + sigma * eps with sigma = sigma_in * s, pixels [B, 3, T, h, w].
The sampler is that of EDM (arXiv 2206.00364), algorithms 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generate.pixel_diffusion.config import NoiseConfig

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(noisy [B, ...], sigma [B]) -> x0 [B, ...]."""


@dataclass(frozen=True)
class Coefficients:
    """x0 = skip * noisy + out * F(inp * noisy, noise); each but `noise` [B] broadcasts over the video."""

    skip: Tensor
    out: Tensor
    inp: Tensor
    noise: Tensor


def precondition(config: NoiseConfig, sigma: Tensor, dims: int = 5) -> Coefficients:
    """Snap Video's coefficients at `sigma` [B], for tensors of `dims` dimensions.

    F is asked for v = sd^2 eps - s x over its standard deviation sd sqrt(s^2 + sd^2), s = sigma / sigma_in, so that
    F has unit variance where x has variance sd^2, and so has what it is given. With sigma_in 1 these are EDM's, up to
    the sign of F.
    """
    si, sd = config.sigma_in, config.sigma_data
    s = sigma / si
    below = sd**2 + si * s**2
    shape = [-1] + [1] * (dims - 1)
    return Coefficients(
        skip=(sd**2 / below).view(shape),  # of noisy = sigma_in * z
        out=(-si * s * sd * torch.sqrt(s**2 + sd**2) / below).view(shape),
        inp=(1 / torch.sqrt(sd**2 + sigma**2)).view(shape),  # c_in / sigma_in
        noise=torch.log(s) / 4,
    )


def loss_weight(config: NoiseConfig, sigma: Tensor) -> Tensor:
    """What the squared error of x0 is multiplied by, [B].

    "edm": 1 / out^2, F's own error counts alike at every sigma. "snap": 1 / s^2 + 1 / sd^2, which is
    (s^2 + sd^2)^2 / (s^2 + sd^2 / sigma_in)^2 of F's error: up to sigma_in^2 times more for little noise.
    """
    s, sd = sigma / config.sigma_in, config.sigma_data
    if config.weighting == "snap":
        return 1 / s**2 + 1 / sd**2
    return 1 / precondition(config, sigma, 1).out ** 2


def training_sigmas(config: NoiseConfig, count: int, generator: torch.Generator) -> Tensor:
    """[count] sigmas, log-normal around exp(p_mean) * sigma_in; stratified, so that a small batch sees all of them."""
    u = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    normal = math.sqrt(2) * torch.erfinv((2 * u - 1).clamp(-0.999999, 0.999999))
    return config.sigma_in * torch.exp(
        config.p_mean + config.p_std * normal[torch.randperm(count, generator=generator)]
    )


def schedule(config: NoiseConfig, steps: int) -> Tensor:
    """[steps + 1] descending sigmas of EDM's Eq. 5, scaled by sigma_in; the last is 0. Float64."""
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    low, high = config.sigma_min ** (1 / config.rho), config.sigma_max ** (1 / config.rho)
    return torch.cat(
        [config.sigma_in * (high + ramp * (low - high)) ** config.rho, torch.zeros(1, dtype=torch.float64)]
    )


@dataclass(frozen=True)
class Churn:
    """EDM's algorithm 2: how much noise is put back before each step. amount 0: the sampler is deterministic."""

    amount: float = 0.0
    low: float = 0.05
    high: float = 50.0
    inflate: float = 1.003


def sample(
    denoise: Denoise, noise: Tensor, sigmas: Tensor, *, churn: Churn = Churn(), generator: torch.Generator | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Heun's method from unit `noise` down `sigmas` [S + 1]: yields (state, x0 guess) after each of S steps.

    The last state is the sample. `generator` draws the churn's noise, on the CPU, so that a seed means the same
    everywhere.
    """
    x = noise * sigmas[0].to(noise)
    most = math.sqrt(2) - 1
    steps = len(sigmas) - 1
    for here, below in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        gamma = min(churn.amount / steps, most) if churn.low <= here <= churn.high else 0.0
        raised = here * (1 + gamma)
        if gamma > 0:
            fresh = torch.randn(x.shape, generator=generator, dtype=torch.float32).to(x)
            x = x + math.sqrt(raised**2 - here**2) * churn.inflate * fresh
        clean = denoise(x, _full(x, raised))
        slope = (x - clean) / raised
        moved = x + (below - raised) * slope
        if below > 0:
            clean = denoise(moved, _full(x, below))
            moved = x + (below - raised) * 0.5 * (slope + (moved - clean) / below)
        x = moved
        yield x, clean


def _full(x: Tensor, sigma: float) -> Tensor:
    return torch.full((len(x),), sigma, dtype=x.dtype, device=x.device)


def guided(conditional: Tensor, unconditional: Tensor, guidance: float) -> Tensor:
    """Classifier-free guidance: away from what is denoised without the prompt. 1: the conditional guess itself."""
    return unconditional + guidance * (conditional - unconditional)


def dynamic_threshold(x0: Tensor, share: float = 0.995) -> Tensor:
    """Strong guidance leaves [-1, 1]: each video is scaled back by the `share` quantile of |x0|, when it exceeds 1.

    (Imagen, arXiv 2205.11487, section 2.3.)
    """
    flat = x0.detach().abs().flatten(1)
    rank = max(1, math.ceil(share * flat.shape[1]))
    bound = flat.kthvalue(rank, dim=1).values.clamp(min=1.0).view([-1] + [1] * (x0.dim() - 1))
    return x0.clamp(-bound, bound) / bound
