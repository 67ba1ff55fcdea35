"""Video priors that can be solved on paper, for tests of score distillation: Gaussians, and models of any scaling."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Network = Callable[[Tensor, float], Tensor]
"""(noised video in a model's own scaling, its noise parameter) -> what the model predicts."""


@dataclass(eq=False)
class GaussianPrior:
    """Videos [3, T, h, w] are N(mean, covariance), any correlations; the x0 prediction given the first frame is exact.

    `mean` [3, T, h, w] in [-1, 1]; `covariance` [D, D] over its D numbers in that order.
    """

    mean: Tensor
    covariance: Tensor
    sigma_range: tuple[float, float] = (0.01, 20.0)
    asked: int = 0

    @property
    def n_frames(self) -> int:
        return int(self.mean.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        return int(self.mean.shape[2]), int(self.mean.shape[3])

    def given(self, known: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean [D] and covariance [D, D] of the whole video when the frames [3, T, h, w] where mask [T] is true are."""
        is_known = mask[None, :, None, None].expand(self.mean.shape).reshape(-1)
        mean, cov = self.mean.reshape(-1).double(), self.covariance.double()
        gain = cov[:, is_known] @ torch.linalg.inv(cov[is_known][:, is_known])
        shift = known.reshape(-1)[is_known].double() - mean[is_known]
        return mean + gain @ shift, cov - gain @ cov[is_known]

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        """m + C (C + sigma^2 I)^-1 (z - m), the mean of x0 for noisy z."""
        assert known is not None and mask is not None
        self.asked += 1
        mean, cov = self.given(known[0], mask[0])
        wiener = cov @ torch.linalg.inv(cov + float(sigma[0]) ** 2 * torch.eye(len(cov), dtype=cov.dtype))
        x0: Tensor = mean + wiener @ (noisy[0].reshape(-1).double() - mean)
        return x0.reshape(noisy.shape).to(noisy)


def like_the_first_frame(frames: int, size: tuple[int, int], spread: float = 0.2) -> GaussianPrior:
    """Every frame is the first one plus independent noise of deviation `spread`: the optimum is a still picture."""
    shape = (3, frames, *size)
    pixels = 3 * size[0] * size[1]
    first = torch.eye(pixels, dtype=torch.float64)
    cov = torch.zeros(*shape, *shape, dtype=torch.float64)
    for a in range(frames):
        for b in range(frames):
            extra = spread**2 if a == b and a > 0 else 0.0
            cov[:, a, :, :, :, b] = (first * (1.0 + extra)).reshape(3, *size, 3, *size)
    return GaussianPrior(torch.zeros(shape), cov.reshape(frames * pixels, frames * pixels))


class DdpmPrior(GaussianPrior):
    """A network that predicts the noise of z = alpha x + s eps, with alpha^2 + s^2 = 1, in EDM's terms."""

    def __init__(self, network: Network, shape: tuple[int, ...]) -> None:
        super().__init__(torch.zeros(shape), torch.zeros(0, 0))
        self.network = network

    def predicted(self, noisy: Tensor, sigma: float) -> tuple[Tensor, float, float]:
        """The network's answer, alpha and s."""
        alpha = 1.0 / math.sqrt(1.0 + sigma**2)
        return self.network(alpha * noisy, sigma), alpha, alpha * sigma

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        eps, alpha, s = self.predicted(noisy, float(sigma[0]))
        return (alpha * noisy - s * eps) / alpha


class EdmPrior(DdpmPrior):
    """A network F inside EDM's preconditioning."""

    DATA = 0.5

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        s, d = float(sigma[0]), self.DATA
        both = math.sqrt(s**2 + d**2)
        skip, out, inp = d**2 / both**2, s * d / both, 1.0 / both
        return skip * noisy + out * self.network(inp * noisy, s)


class SnapPrior(DdpmPrior):
    """A network that predicts v = d^2 eps - s x of z = x / sigma_in + s eps, Snap Video's scaling."""

    IN, DATA = 4.0, 1.0

    def velocity(self, noisy: Tensor, sigma: float) -> Tensor:
        """noisy = x + sigma eps is sigma_in z for sigma = sigma_in s."""
        return self.network(noisy / self.IN, sigma / self.IN)

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        s, d, n = float(sigma[0]) / self.IN, self.DATA, self.IN
        v = self.velocity(noisy, float(sigma[0]))
        return (n * d**2 * (noisy / n) - n * s * v) / (d**2 + n * s**2)


class FlowPrior(DdpmPrior):
    """A network that predicts v = eps - x of z = (1 - t) x + t eps: rectified flow."""

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        t = float(sigma[0]) / (1.0 + float(sigma[0]))
        z = (1.0 - t) * noisy
        return z - t * self.network(z, t)
