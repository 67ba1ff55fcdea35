"""Which frames are known while the prior is trained: the four strategies of appendix A."""

from __future__ import annotations

import torch
from torch import Tensor

STRATEGIES = ("unconditional", "bernoulli", "interpolation", "extension")
_STATED = (0.6, 0.3, 0.075, 0.075)
PROBABILITIES = tuple(p / sum(_STATED) for p in _STATED)
"""Of `STRATEGIES`. The paper's numbers add to 1.05, so they are normalised."""


def draw_mask(n_frames: int, generator: torch.Generator) -> tuple[Tensor, str]:
    """Known frames [n_frames] bool of one training video, and the strategy that chose them.

    Bernoulli keeps each frame with probability 1 / n_frames (1/16 in the paper), interpolation every k-th frame from
    the first on, extension all but the last N.
    """
    place = int(torch.multinomial(torch.tensor(PROBABILITIES), 1, generator=generator))
    known = torch.zeros(n_frames, dtype=torch.bool)
    if STRATEGIES[place] == "bernoulli":
        known = torch.rand(n_frames, generator=generator) < 1 / n_frames
    elif STRATEGIES[place] == "interpolation":
        known[:: _between(2, max(2, n_frames - 1), generator)] = True
    elif STRATEGIES[place] == "extension":
        known[: n_frames - _between(1, n_frames - 1, generator)] = True
    return known, STRATEGIES[place]


def _between(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high + 1, (1,), generator=generator))
