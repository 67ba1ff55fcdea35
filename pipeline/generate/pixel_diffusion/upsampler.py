"""The second stage by itself, as a `VideoUpsampler`: details for a small video that something else has made."""

from __future__ import annotations

from pathlib import Path

import torch

from pipeline.generate.pixel_diffusion import weights
from pipeline.generate.pixel_diffusion.cascade import Sampling, Wish, make, shortened
from pipeline.generate.pixel_diffusion.data import to_frames, to_video
from pipeline.generate.pixel_diffusion.denoiser import Denoiser
from pipeline.generate.pixel_diffusion.provider import UPSAMPLER_STEPS
from pipeline.generate.pixel_diffusion.text import TextEncoder, encoder
from pipeline.generate.pixel_diffusion.trainer import SMALL_FACTOR
from pipeline.generate.provider import Frames


def load_upsampler(folder: Path, device: str = "cpu") -> PixelUpsampler:
    """Raises `Refusal` when the weights of the second stage or its text encoder are not there."""
    model, _ = weights.load(folder, "upsampler", device)
    return PixelUpsampler(model, encoder(model.config.text, model.config.network.text_width))


class PixelUpsampler:
    """See `VideoUpsampler`."""

    def __init__(self, model: Denoiser, words: TextEncoder) -> None:
        self._model, self._words = model, words

    @property
    def n_frames(self) -> int:
        return self._model.config.network.frames

    @property
    def size(self) -> tuple[int, int]:
        return self._model.config.network.size

    @property
    def small(self) -> tuple[int, int]:
        return max(self.size[0] // SMALL_FACTOR, 1), max(self.size[1] // SMALL_FACTOR, 1)

    def upsample(self, small: Frames, prompt: str, context: str, seed: int) -> Frames:
        """See `VideoUpsampler`."""
        low = to_video(small[None])
        wish = Wish(prompt, context, torch.zeros_like(low), torch.zeros(low.shape[2]))
        *_, last = make(self._model, self._words, wish, shortened(Sampling(seed=seed), UPSAMPLER_STEPS), low)
        frames: Frames = to_frames(last.video)[0]
        return frames
