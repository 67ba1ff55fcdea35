"""Upsamplers without a model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.generate.provider import Frames
from pipeline.project.media import resize


@dataclass(eq=False)
class Tinting:
    """Enlarges by Lanczos and adds `tint` to every colour, so that it can be told what a scene was fitted to."""

    n_frames: int = 4
    small: tuple[int, int] = (5, 7)
    size: tuple[int, int] = (40, 56)
    tint: int = 0
    given: list[Frames] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def upsample(self, small: Frames, prompt: str, context: str, seed: int) -> Frames:
        assert small.shape == (self.n_frames, *self.small, 3) and small.dtype == np.uint8
        self.given.append(small)
        self.seeds.append(seed)
        large: Frames = np.clip(resize(small, self.size).astype(int) + self.tint, 0, 255).astype(np.uint8)
        return large
