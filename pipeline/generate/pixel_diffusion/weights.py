"""Weights of one stage as two files: `STAGE.safetensors` in fp16 and `STAGE.json`, which says what they are.

Both may come from anywhere. Nothing is unpickled; the description is bounded and checked first, then the size of the
weights, their digest, and each tensor's name, type and shape, before any of them is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from pipeline.generate.pixel_diffusion.denoiser import Denoiser
from pipeline.generate.pixel_diffusion.description import FORMAT, describe
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal

LICENCE = "Apache-2.0"
_LONGEST_HEADER = 1 << 22


def export(model: Denoiser, folder: Path, facts: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write `model` into `folder`; `facts` (steps, curve, held-out loss) stand beside it. The two paths."""
    config = model.config
    tensors = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in model.state_dict().items()}
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise Refusal("The weights are no finite numbers, so they were not exported; resume from an older checkpoint.")
    data = save(tensors, {"licence": LICENCE})  # one entry: their order is not kept
    weights, description = folder / f"{config.stage}.safetensors", folder / f"{config.stage}.json"
    told = {
        "format": FORMAT, "licence": LICENCE, "digest": hashlib.sha256(data).hexdigest(), "config": config.to_json(),
        **facts,
    }  # fmt: skip
    with atomic_file(weights) as file:
        file.write(data)
    with atomic_file(description) as file:
        file.write(json.dumps(told, indent=1, allow_nan=False).encode() + b"\n")
    return weights, description


def load(folder: Path, stage: str, device: str = "cpu") -> tuple[Denoiser, dict[str, Any]]:
    """The denoiser in float32, ready to use, and its description. Raises `Refusal` when the files are not right."""
    config, told = describe(folder, stage)
    with torch.device("meta"):
        model = Denoiser(config)
    path = folder / f"{stage}.safetensors"
    try:
        tensors = _checked(path, model, told["digest"])
    except (OSError, ValueError, SafetensorError) as fault:
        raise Refusal(f"The weights {path} can't be used ({fault}); take the files that train-prior wrote.") from fault
    model.load_state_dict(tensors, assign=True)
    return model.to(device).requires_grad_(False).eval(), told


def _checked(path: Path, model: Denoiser, digest: str) -> dict[str, torch.Tensor]:
    wanted = {name: list(value.shape) for name, value in model.state_dict().items()}
    size = sum(2 * value.numel() for value in model.state_dict().values())
    if not size <= path.stat().st_size <= size + _LONGEST_HEADER:
        raise ValueError("they are not as large as their description says")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise ValueError("their digest is another one")
    out = {}
    with safe_open(path, "pt") as tensors:
        if set(tensors.keys()) != set(wanted):
            raise ValueError("they are of another network")
        for name, shape in wanted.items():
            part = tensors.get_slice(name)
            if part.get_shape() != shape or part.get_dtype() != "F16":
                raise ValueError(f"{name} has another shape or type")
            out[name] = tensors.get_tensor(name).float()
            if not bool(out[name].isfinite().all()):
                raise ValueError(f"{name} is not finite")
    return out
