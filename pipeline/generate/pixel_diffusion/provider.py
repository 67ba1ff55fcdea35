"""The provider `pixel`: our own video model behind the protocols, for generation and for score distillation.

Importing it loads no torch; weights come in when something is made. They are those that ship, or a folder that
`train-prior` wrote, named by the request's option "weights".
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.generate.options import Option, checked
from pipeline.generate.priors import SHIPPED_FOLDER
from pipeline.generate.provider import Ability, Frames, Known, Made, Making
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.generate.pixel_diffusion.cascade import Sampling, Wish
    from pipeline.generate.pixel_diffusion.denoiser import Denoiser
    from pipeline.generate.pixel_diffusion.text import TextEncoder

FRAMES, SMALL, LARGE = 16, (36, 64), (288, 512)
STEPS, GUIDANCE, CHURN, MOST_STEPS = 24, 2.0, 20.0, 1000
UPSAMPLER_STEPS = 1
"""The mean of the detail that may be there; splats would follow what is invented anew for every film."""
OPTIONS = (
    Option("weights", "Weights", "folder", "What train-prior wrote; by default the weights that ship"),
    Option(
        "churn",
        "Churn",
        "number",
        "Noise that the sampler adds again; 0 is deterministic, with more grain",
        CHURN,
        0,
        1000,
    ),
    Option(
        "upsampler_steps",
        "Upsampler steps",
        "whole",
        "1 gives the mean of what detail may be there; more invent some, for which the shipped weights are too small",
        UPSAMPLER_STEPS,
        1,
        MOST_STEPS,
    ),
)
_SPREAD = 2.5
"""Noise beyond so many standard deviations of training's is taken for never seen: 1 % of it."""


class PixelProvider:
    """Makes videos of 16 frames by the pixel model, with known frames anywhere."""

    ability = Ability(
        name="pixel",
        title="Pixel diffusion",
        kinds=("reference", "freeze_time", "extend", "reroll"),
        positions="any",
        lengths=(FRAMES, FRAMES),
        max_frames=FRAMES,
        sizes=(LARGE, SMALL),
        contexts=("dynamic", "freeze_time"),
        licence="Apache-2.0",
        options=OPTIONS,
    )

    def generate(self, request: VideoRequest, known: Known) -> Generator[Making, None, Made]:
        """16 frames of 288 x 512, or of 36 x 64 by the base alone."""
        size = LARGE if request.size == (0, 0) else tuple(request.size)
        if size not in self.ability.sizes or request.n_frames not in (0, FRAMES):
            raise Refusal("The pixel model makes 16 frames of 512x288 or 64x36; ask for those.")
        if not 0 <= request.steps <= MOST_STEPS or not 0 <= request.guidance <= 100:
            raise Refusal(f"The pixel model takes at most {MOST_STEPS} steps and a guidance of at most 100.")
        if known.positions and known.positions[-1] >= FRAMES:
            raise Refusal("The pixel model makes 16 frames, so known frames stand at positions 0 to 15.")
        options = checked(self.ability.title, OPTIONS, request.options)
        return (yield from _made(request, known, options, size))


def _made(
    request: VideoRequest, known: Known, options: Mapping[str, Any], size: tuple[int, ...]
) -> Generator[Making, None, Made]:
    from pipeline.generate.pixel_diffusion import weights
    from pipeline.generate.pixel_diffusion.cascade import Sampling, shortened
    from pipeline.generate.pixel_diffusion.data import to_frames

    stages = ("base", "upsampler") if size == LARGE else ("base",)
    sampling = Sampling(request.steps or STEPS, request.guidance or GUIDANCE, options["churn"], request.seed)
    plans = dict(zip(stages, (sampling, shortened(sampling, options["upsampler_steps"])), strict=False))
    total, done, video, digests = sum(plan.steps for plan in plans.values()), 0, None, {}
    wish = _wish(request, known)
    for stage, plan in plans.items():
        model, told = weights.load(Path(options["weights"] or SHIPPED_FOLDER), stage, _device())
        digests[stage] = told["digest"]
        for guess in _sampled(model, _encoder(model), wish, plan, video):
            final = guess.video
            yield Making(done + guess.step, total, to_frames(final)[0], stage)
        done, video = done + plan.steps, final
    assert video is not None
    frames = to_frames(video)[0]
    if known.positions:
        frames[list(known.positions)] = _resized(known.frames, frames.shape[1:3])
    return Made(frames, _provenance(digests, plans))


def _sampled(
    model: Denoiser, encoder: TextEncoder, wish: Wish, plan: Sampling, small: Tensor | None
) -> Generator[Any, None, None]:
    """`cascade.make`, whose want of memory is a sentence."""
    import torch

    from pipeline.generate.pixel_diffusion.cascade import make

    try:
        yield from make(model, encoder, wish, plan, small)
    except (MemoryError, torch.OutOfMemoryError) as fault:
        raise Refusal("The pixel model ran out of memory; close other programs, or make 64x36 frames.") from fault


def _wish(request: VideoRequest, known: Known) -> Wish:
    import torch

    from pipeline.generate.pixel_diffusion.cascade import Wish
    from pipeline.generate.pixel_diffusion.data import to_video

    shape = known.frames.shape[1:3] if len(known.positions) else SMALL
    frames, strengths = np.zeros((FRAMES, *shape, 3), np.uint8), torch.zeros(FRAMES)
    for position, frame, strength in zip(known.positions, known.frames, known.strengths, strict=True):
        frames[position], strengths[position] = frame, min(1.0, max(0.0, strength))
    return Wish(request.prompt, request.context, to_video(frames[None]), strengths, request.negative_prompt)


def _resized(frames: Frames, size: tuple[int, ...]) -> Frames:
    """Known frames of another size, such as those of a photograph, brought to the video's."""
    import cv2

    if frames.shape[1:3] == size or not len(frames):
        return frames
    return np.stack([cv2.resize(frame, (size[1], size[0]), interpolation=cv2.INTER_AREA) for frame in frames])


def _encoder(model: Denoiser) -> TextEncoder:
    from pipeline.generate.pixel_diffusion.text import encoder

    return encoder(model.config.text, model.config.network.text_width)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _provenance(digests: dict[str, str], plans: dict[str, Sampling]) -> dict[str, Any]:
    from dataclasses import asdict

    import torch

    return {
        "model": "splatime pixel", "weights": digests, "licence": PixelProvider.ability.licence,
        "sampling": {stage: asdict(plan) for stage, plan in plans.items()}, "versions": {"torch": torch.__version__},
    }  # fmt: skip


def load_prior(folder: Path = SHIPPED_FOLDER, device: str = "cpu", guidance: float = 1.0) -> PixelPrior:
    """The base as a `VideoPrior`. Raises `Refusal` when its weights or its text encoder are not there."""
    from pipeline.generate.pixel_diffusion import weights

    model, _ = weights.load(folder, "base", device)
    return PixelPrior(model, _encoder(model), guidance)


class PixelPrior:
    """The base as score distillation sees it; gradients flow through `denoise` to all frames."""

    def __init__(self, model: Denoiser, encoder: TextEncoder, guidance: float = 1.0) -> None:
        self._model, self._encoder, self.guidance = model, encoder, guidance

    @property
    def n_frames(self) -> int:
        return self._model.config.network.frames

    @property
    def size(self) -> tuple[int, int]:
        return self._model.config.network.size

    @property
    def sigma_range(self) -> tuple[float, float]:
        """All but the rarest noise of training."""
        noise = self._model.config.noise
        low, high = (noise.sigma_in * float(np.exp(noise.p_mean + k * noise.p_std)) for k in (-_SPREAD, _SPREAD))
        return low, high

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        """See `VideoPrior`: x0 [B, 3, T, h, w] for `noisy` at `sigma` [B]."""
        import torch

        from pipeline.generate.pixel_diffusion.config import CONTEXTS
        from pipeline.generate.pixel_diffusion.network import Conditions

        count = len(noisy)
        shown = torch.zeros(count, noisy.shape[2]) if known is None or mask is None else mask.float()
        shown = shown.to(noisy.device)
        frames = torch.zeros_like(noisy) if known is None else known
        text, there = (x.to(noisy.device) for x in self._encoder.encode([prompt] * count))
        row = torch.full((count,), CONTEXTS.index(context), device=noisy.device)
        conditions = Conditions(frames * shown[:, None, :, None, None], shown, text, there, row)
        return self._model.guess(noisy, sigma, conditions, self.guidance)
