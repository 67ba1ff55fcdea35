"""A video model whose noise lives in latents, small enough to be solved on paper."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.lift.sds import noise_like


@dataclass(eq=False)
class LatentToy:
    """A `VideoRefiner`: latents are means of 2x2 px, of which the model knows that they are N(`colour`, `spread`^2).

    It noises as rectified flow does, z = (1 - t) x + t eps, and takes Euler's steps back along its exact velocity; the
    first frame's latents are given. `asked` keeps what it was asked.
    """

    n_frames: int = 4
    size: tuple[int, int] = (4, 6)
    colour: tuple[float, float, float] = (0.6, -0.6, 0.0)
    spread: float = 0.05
    asked: list[tuple[float, int, str, str, int]] = field(default_factory=list)

    def refine(self, video: Tensor, strength: float, steps: int, prompt: str, context: str, seed: int) -> Tensor:
        self.asked.append((strength, steps, prompt, context, seed))
        x0 = F.avg_pool3d(video, (1, 2, 2))
        mean = torch.tensor(self.colour).view(1, 3, 1, 1, 1)
        times = torch.linspace(strength, 0.0, steps + 1).tolist()
        z = (1.0 - strength) * x0 + strength * noise_like(x0, seed)
        for t, after in itertools.pairwise(times):
            gain = self.spread**2 * (1.0 - t) / ((1.0 - t) ** 2 * self.spread**2 + t**2)
            guess = mean + gain * (z - (1.0 - t) * mean) if t > 0.0 else z
            guess[:, :, 0] = x0[:, :, 0]
            z = guess if after == 0.0 else z + (after - t) * (z - guess) / t
        z[:, :, 0] = x0[:, :, 0]
        return z.repeat_interleave(2, 3).repeat_interleave(2, 4)
