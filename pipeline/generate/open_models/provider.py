"""The provider `diffusers`: open video models that lie in a folder of this machine, behind `VideoProvider`.

Importing it loads neither torch nor the library. Which model it is, and so what it can do, comes with the options of a
request (`adjusted`); without one the folder named by SPLATIME_DIFFUSERS_MODEL counts.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.generate.open_models.families import OPTIONS, Family, ability_of
from pipeline.generate.options import checked
from pipeline.generate.provider import Ability, Known, Made, Making
from pipeline.project.take import KINDS, VideoRequest
from renderer.errors import Refusal

if TYPE_CHECKING:
    from pipeline.generate.open_models.folder import ModelFolder
    from pipeline.generate.open_models.frames import Plan
    from pipeline.generate.open_models.loading import Setup

NAME, TITLE = "diffusers", "Open video models"
VARIABLE = "SPLATIME_DIFFUSERS_MODEL"
LIBRARIES = ("diffusers", "transformers", "accelerate", "peft", "ftfy", "sentencepiece")
MOST_STEPS = 1000
NO_MODEL = (
    f"Choose the folder of a video model: --set model=DIR, or the variable {VARIABLE}. It calls LTX-Video, LTX-2, Wan "
    "VACE, Wan image-to-video, CogVideoX image-to-video and AnimateDiff SparseCtrl, in the layout of diffusers."
)


class OpenModels:
    """A `VideoProvider`: nothing can be made until it was adjusted to a model's folder."""

    def __init__(self, model: ModelFolder | None = None, options: Mapping[str, Any] | None = None) -> None:
        self._model, self._options = model, checked(TITLE, OPTIONS, options or {})
        self._loaded: tuple[Setup, Any] | None = None

    @property
    def ability(self) -> Ability:
        model = self._model
        if model is None:
            return Ability(NAME, TITLE, KINDS, options=OPTIONS, needs=missing() or NO_MODEL)
        ability = ability_of(model.family, model.configs, model.licence, self._options["stride"])
        return replace(ability, needs=missing())

    def adjusted(self, options: Mapping[str, Any]) -> OpenModels:
        """See `Adjustable`; without a folder it stays as it is, and says what it needs."""
        from pipeline.generate.open_models.folder import read

        given = checked(TITLE, OPTIONS, options)
        folder = given["model"] or os.environ.get(VARIABLE)
        return OpenModels(read(Path(folder)) if folder else None, options)

    def generate(self, request: VideoRequest, known: Known) -> Generator[Making, None, Made]:
        """See `VideoProvider`. The model stays loaded for the next piece and the next take."""
        model, why = self._model, self.ability.needs
        if model is None or why:
            raise Refusal(why)
        if not 0 <= request.steps <= MOST_STEPS or not 0 <= request.guidance <= 100:
            raise Refusal(f"Open video models take at most {MOST_STEPS} steps and a guidance of at most 100.")
        plan = self._plan(model, request, known)
        yield Making(0, 1, None, "loading the model")
        setup, pipeline = self._load(model)
        return (yield from _made(model, pipeline, setup, (request, plan, self._options)))

    def _plan(self, model: ModelFolder, request: VideoRequest, known: Known) -> Plan:
        from pipeline.generate.open_models.frames import closed, plan

        own, options = ability_of(model.family, model.configs, "", 1), self._options
        wanted = plan(request.n_frames, known, own, options["stride"])
        if not options["close_orbit"]:
            return wanted
        if own.positions == "first":
            raise Refusal(f"{own.title} begins with a given frame and cannot end with one; leave close_orbit out.")
        return closed(wanted)

    def _load(self, model: ModelFolder) -> tuple[Setup, Any]:
        from pipeline.generate.open_models.loading import load, setup_of

        if self._loaded is None:
            setup = setup_of(model, self._options)
            self._loaded = setup, load(model, setup)
        return self._loaded


def missing() -> str:
    """Why the library cannot be used; empty when it can. Nothing is imported."""
    absent = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    return f"Open video models need {', '.join(absent)}: pip install 'splatime[diffusers]'." if absent else ""


def _made(
    model: ModelFolder, pipeline: Any, setup: Setup, wish: tuple[VideoRequest, Plan, Mapping[str, Any]]
) -> Generator[Making, None, Made]:
    from pipeline.generate.open_models.calls import arguments
    from pipeline.generate.open_models.latents import colour_map, spread, unpacked
    from pipeline.generate.open_models.running import spoken, steps_of

    request, plan, options = wish
    family = model.family
    asked = arguments(family, model.configs, request, plan, options["stride"])
    with spoken():
        colours = colour_map(family, pipeline)
    steps = steps_of(pipeline, asked, request.seed)
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as over:
                video = over.value
                break
            pictures = colours.pictures(unpacked(family, pipeline, step.latents, plan, request.size))
            preview = spread(pictures, plan, family.compression)
            yield Making(step.number, int(pipeline.num_timesteps), preview, "denoising")
    finally:
        steps.close()
    frames = np.rint(np.clip(video, 0, 1)[list(plan.kept)] * 255).astype(np.uint8)
    return Made(frames, _provenance(model, setup, asked, options))


def _provenance(
    model: ModelFolder, setup: Setup, asked: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    import diffusers
    import torch

    from pipeline.generate.open_models.folder import fingerprint

    family: Family = model.family
    lora = Path(setup.lora)
    return {
        "model": model.path.name, "family": family.name, "fingerprint": fingerprint(model),
        "licence": model.licence or family.ability.licence,
        "sampling": {
            "steps": asked["num_inference_steps"], "guidance": asked["guidance_scale"],
            "made_frames": asked["num_frames"], "stride": options["stride"], "close_orbit": options["close_orbit"],
        },
        "lora": {"name": lora.name, "strength": setup.lora_strength} if setup.lora else None,
        "setup": {"device": setup.device, "precision": setup.precision, "offload": setup.offload},
        "versions": {"diffusers": diffusers.__version__, "torch": torch.__version__},
    }  # fmt: skip
