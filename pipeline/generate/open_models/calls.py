"""How each family is called: the arguments of its pipeline, and where in them known frames go.

Pictures are handed over as PIL images of exactly the size that is made, so no pipeline resamples or crops them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import PIL.Image

from pipeline.generate.open_models.families import Configs, Family, needs_last
from pipeline.generate.open_models.frames import Plan, run_from_start
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

GREY = 127
"""What VACE is shown where a frame is to be made."""
_STG_BLOCK = 28
"""The block that LTX-2's spatio-temporal guidance leaves out; smaller models have none."""


def arguments(
    family: Family, configs: Configs, request: VideoRequest, plan: Plan, stride: int
) -> dict[str, Any]:  # fmt: skip
    """Keyword arguments for the family's pipeline; raises `Refusal` for known frames that it cannot do without."""
    height, width = request.size
    common = {
        "prompt": request.prompt, "height": height, "width": width, "num_frames": plan.n_frames,
        "num_inference_steps": request.steps or family.steps, "guidance_scale": request.guidance or family.guidance,
        "output_type": "np",
    }  # fmt: skip
    if request.negative_prompt:
        common["negative_prompt"] = request.negative_prompt
    return common | _CALLS[family.name](configs, plan, request.fps * stride)


def _ltx(configs: Configs, plan: Plan, fps: float) -> dict[str, Any]:
    """Frames from the first on are one video, which takes the place of noise; every other one is a key frame."""
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    pictures, start = _pictures(plan), run_from_start(plan.places, 8)
    conditions = []
    if start:
        conditions.append(LTXVideoCondition(video=pictures[:start], strength=min(plan.strengths[:start])))
    conditions += [
        LTXVideoCondition(pictures[i], None, plan.places[i], plan.strengths[i]) for i in range(start, len(pictures))
    ]
    out: dict[str, Any] = {"conditions": conditions or None, "frame_rate": round(fps)}
    if configs.get("vae", {}).get("timestep_conditioning") is True:
        out |= {"decode_timestep": 0.05, "decode_noise_scale": 0.025}
    return out


def _ltx2(configs: Configs, plan: Plan, fps: float) -> dict[str, Any]:
    """As LTX-Video; a place is told as an index of latents, of which index i stands at frame 8 (i - 1) + 1.

    A frame between two of those has a broken index. That is exact: the pipeline only turns it back into a time.
    """
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

    pictures, start = _pictures(plan), run_from_start(plan.places, 8)
    conditions = []
    if start:
        conditions.append(LTX2VideoCondition(pictures[:start], 0, min(plan.strengths[:start])))
    for i in range(start, len(pictures)):
        index = (plan.places[i] - 1) / 8 + 1
        conditions.append(
            LTX2VideoCondition(pictures[i], int(index) if index.is_integer() else index, plan.strengths[i])
        )
    layers = configs.get("transformer", {}).get("num_layers", 0)
    small = not isinstance(layers, int) or layers <= _STG_BLOCK
    out: dict[str, Any] = {"conditions": conditions or None, "frame_rate": fps}
    if small:
        out |= {"stg_scale": 0.0, "audio_stg_scale": 0.0, "spatio_temporal_guidance_blocks": None}
    return out


def _vace(_configs: Configs, plan: Plan, _fps: float) -> dict[str, Any]:
    """A whole video, grey where nothing is known, and a mask: black keeps, white makes.

    The mask has one value for four frames, and a frame held by less than half counts as one to be made over.
    """
    if not plan.places:
        return {}
    height, width = plan.frames.shape[1:3]
    video = [PIL.Image.new("RGB", (width, height), (GREY,) * 3)] * plan.n_frames
    mask = [PIL.Image.new("L", (width, height), 255)] * plan.n_frames
    for place, picture, strength in zip(plan.places, _pictures(plan), plan.strengths, strict=True):
        video[place] = picture
        if strength >= 0.5:
            mask[place] = PIL.Image.new("L", (width, height), 0)
    return {"video": video, "mask": mask}


def _wan_image(configs: Configs, plan: Plan, _fps: float) -> dict[str, Any]:
    first, last = _first(plan), plan.n_frames - 1
    ends = len(plan.places) > 1 and plan.places[-1] == last
    if needs_last(configs) and not ends:
        raise Refusal(
            "This Wan model goes from a first to a last frame, and the last one is not known; re-roll frames between "
            "two, or let it end where it began (close_orbit)."
        )
    return {"image": first, "last_image": _pictures(plan)[-1]} if ends else {"image": first}


def _cogvideox(configs: Configs, plan: Plan, _fps: float) -> dict[str, Any]:
    length = configs.get("transformer", {}).get("max_text_seq_length", 226)
    return {"image": _first(plan), "max_sequence_length": length}


def _sparse(_configs: Configs, plan: Plan, _fps: float) -> dict[str, Any]:
    """Known frames and their indices; none known: one that no index shows, and a control that counts nothing."""
    if not plan.places:
        return {"conditioning_frames": [PIL.Image.new("RGB", (64, 64))], "controlnet_frame_indices": [],
                "controlnet_conditioning_scale": 0.0}  # fmt: skip
    return {
        "conditioning_frames": _pictures(plan), "controlnet_frame_indices": list(plan.places),
        "controlnet_conditioning_scale": float(np.mean(plan.strengths)),
    }  # fmt: skip


_CALLS: Mapping[str, Callable[[Configs, Plan, float], dict[str, Any]]] = {
    "ltx": _ltx, "ltx2": _ltx2, "wan-vace": _vace, "wan-image": _wan_image, "cogvideox": _cogvideox,
    "sparsectrl": _sparse,
}  # fmt: skip


def _pictures(plan: Plan) -> list[PIL.Image.Image]:
    return [PIL.Image.fromarray(frame) for frame in plan.frames]


def _first(plan: Plan) -> PIL.Image.Image:
    if not plan.places or plan.places[0] != 0:
        raise Refusal("This model begins with a given frame; make a freeze-time video, or choose another provider.")
    return PIL.Image.fromarray(plan.frames[0])
