"""Videos that need no renderer: a bright square on a dark ground, still or moving. For tests of training only."""

from __future__ import annotations

import numpy as np

from pipeline.generate.pixel_diffusion.data import Clips


def squares(seed: int, count: int, frames: int, size: tuple[int, int]) -> Clips:
    """`count` videos; the prompt names the square's colour."""
    rng = np.random.default_rng(seed)
    video = np.full((count, frames, *size, 3), 40, np.uint8)
    prompts, contexts = [], []
    for clip in video:
        colour, context = int(rng.integers(3)), str(rng.choice(["dynamic", "freeze_time"]))
        y, x = rng.integers(0, size[0] - 4), rng.integers(0, size[1] - 8)
        for t, frame in enumerate(clip):
            at = x + (t if context == "dynamic" else 0)
            frame[y : y + 4, at : at + 4, colour] = 220
        prompts.append(f"a {('red', 'green', 'blue')[colour]} square")
        contexts.append(context)
    return Clips(video, tuple(prompts), tuple(contexts))
