"""The training videos: procedural scenes of both contexts, with prompts of their grammar."""

from __future__ import annotations

import numpy as np

from pipeline.generate.pixel_diffusion.data import Clips
from pipeline.generate.procedural_clips import clips


def procedural_source(seed: int, count: int, frames: int, size: tuple[int, int]) -> Clips:
    """A `Source`: `count` scenes, half of them dynamic, half in freeze-time."""
    made = list(clips(seed, count, size, frames))
    prompts, contexts = tuple(clip.prompt for clip in made), tuple(clip.context for clip in made)
    return Clips(np.stack([clip.frames for clip in made]), prompts, contexts)
