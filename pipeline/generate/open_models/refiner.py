"""LTX-Video as score distillation sees it: a `VideoRefiner`, since noise lives in its latents.

"Denoise, then regress": a rendered video is encoded, noised, denoised in several steps with its first frame given, and
decoded; the render is then drawn towards the answer, so no gradient passes through the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.generate.open_models.families import OPTIONS
from pipeline.generate.open_models.folder import ModelFolder, read
from pipeline.generate.open_models.latents import encoded
from pipeline.generate.open_models.loading import load, setup_of
from pipeline.generate.open_models.running import Video, spoken, steps_of
from pipeline.generate.options import checked
from pipeline.generate.prompt_rule import freeze_time_prompt
from pipeline.generate.provider import Frames
from renderer.errors import Refusal

FRAMES, SIZE = 17, (288, 512)
"""8k+1 frames next to the paper's 16, at the size of its second stage: 432 latents, a short sequence for this model."""
_LEAST = 0.02


def load_prior(folder: Path, device: str) -> LatentRefiner:
    """The model in `folder`; raises `Refusal` when it is not LTX-Video, the one family that takes noised latents."""
    model = read(folder)
    if model.family.name != "ltx":
        raise Refusal(f"{model.family.title} cannot serve as a prior, only LTX-Video; name its folder with --prior.")
    setup = setup_of(model, checked("The prior", OPTIONS, {}), device)
    return LatentRefiner(model, load(model, setup))


class LatentRefiner:
    """A `VideoRefiner`. It has no dataset contexts; a freeze-time video is asked for by the prompt rule."""

    def __init__(self, model: ModelFolder, pipeline: Any, n_frames: int = FRAMES, size: tuple[int, int] = SIZE) -> None:
        self._model, self._pipeline = model, pipeline
        self.n_frames, self.size = n_frames, size

    def refine(self, video: Tensor, strength: float, steps: int, prompt: str, context: str, seed: int) -> Tensor:
        """See `VideoRefiner`; `strength` is the t of rectified flow, x_t = (1 - t) x0 + t eps, that it starts at."""
        words = freeze_time_prompt(prompt) if context == "freeze_time" else prompt
        answers = [self._refined(one[None], max(strength, _LEAST), steps, words, seed) for one in video]
        return torch.stack(answers).to(video)

    def _refined(self, video: Tensor, strength: float, steps: int, prompt: str, seed: int) -> Tensor:
        """The answer [3, T, h, w] to one video [1, 3, T, h, w]."""
        with spoken():
            asked = self._arguments(video, strength, steps, prompt)
        work = steps_of(self._pipeline, asked, seed)
        while True:
            try:
                next(work)
            except StopIteration as over:
                answer: Video = over.value
                return torch.from_numpy(answer).permute(3, 0, 1, 2) * 2 - 1

    def _arguments(self, video: Tensor, strength: float, steps: int, prompt: str) -> dict[str, Any]:
        """The pipeline leaves out the first of its time steps, and so begins at the second, which is `strength`."""
        from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition
        from PIL import Image

        times = [1.0, *np.linspace(strength, 0, steps + 1)[:-1].tolist()]
        return {
            "conditions": [LTXVideoCondition(image=Image.fromarray(_picture(video[0, :, 0])))],
            "latents": encoded(self._model.family, self._pipeline, video).float(), "prompt": prompt,
            "height": video.shape[3], "width": video.shape[4], "num_frames": video.shape[2],
            "timesteps": [1000 * time for time in times], "denoise_strength": (steps + 0.5) / (steps + 1),
            "guidance_scale": self._model.family.guidance, "output_type": "np",
        }  # fmt: skip


def _picture(frame: Tensor) -> Frames:
    """[H, W, 3] of a frame [3, H, W] in [-1, 1]."""
    pixels: Frames = ((frame.detach().float().cpu().clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0).numpy()
    return pixels.astype(np.uint8)
