"""From a folder that was judged to a pipeline that is ready: precision, LoRA, and where its parts wait.

Everything is read from the folder: nothing is fetched, nothing is unpickled, no code of the folder runs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from pipeline.generate.open_models.folder import ModelFolder, weights_of
from pipeline.generate.open_models.running import spoken
from renderer.errors import Refusal

LORA = "lora"
_ROOM, _WORK = 1.2, 3 << 30
"""Weights take a little more than their file; activations and the VAE need some 3 GB at 480 lines."""
_LARGEST_LORA = 8 << 30
_FOREIGN = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError, SafetensorError)
"""What the library raises for files that do not belong together; they are the artist's, so a sentence says so."""


@dataclass(frozen=True)
class Setup:
    """How a model is loaded: on "cpu" or "cuda", in a type of torch's, `offload` "none", "model" or "sequential"."""

    device: str
    precision: str
    offload: str
    lora: str = ""
    lora_strength: float = 1.0


def setup_of(model: ModelFolder, options: Mapping[str, Any], device: str = "auto") -> Setup:
    """What the options mean on this machine; raises `Refusal` when the model cannot fit into its memory."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = str(options["precision"])
    if precision == "auto":
        half = "bfloat16" if device == "cuda" and torch.cuda.is_bf16_supported() else "float16"
        precision = half if device == "cuda" else "float32"
    width = getattr(torch, precision).itemsize
    size = {name: width * _numbers_in(model.path / name) for name in model.weights}
    _check_room(model, sum(size.values()))
    offload = str(options["offload"])
    if device == "cpu":
        offload = "none"
    elif offload == "auto":
        offload = automatic(sum(size.values()), max(size.values()), torch.cuda.mem_get_info()[0])
    return Setup(device, precision, offload, str(options["lora"] or ""), float(options["lora_strength"]))


def automatic(whole: int, largest: int, memory: int) -> str:
    """Where parts wait on a GPU with `memory` bytes free when all weights take `whole`, the largest part `largest`."""
    if whole * _ROOM + _WORK <= memory:
        return "none"
    return "model" if largest * _ROOM + _WORK <= memory else "sequential"


def load(model: ModelFolder, setup: Setup) -> Any:
    """The pipeline of the model's family. Raises `Refusal` when its files, or the LoRA's, do not belong together."""
    import diffusers
    import transformers

    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    full, precision = model.family.full, getattr(torch, setup.precision)
    try:
        _check_complete(model)
        kind = getattr(diffusers, model.family.pipeline)
        pipeline = kind.from_pretrained(
            str(model.path), dtype={"default": precision, **dict.fromkeys(full, torch.float32)},
            local_files_only=True, use_safetensors=True, trust_remote_code=False, variant=model.variant or None,
            **_beside(model, precision),
        )  # fmt: skip
    except MemoryError as fault:
        raise Refusal(f"There is not enough memory to load {model.path.name}; close other programs.") from fault
    except _FOREIGN as fault:
        raise Refusal(f"The {model.family.title} model in {model.path} can't be loaded ({_first(fault)}).") from fault
    for name, part in pipeline.components.items():
        if isinstance(part, torch.nn.Module) and any(value.is_meta for value in part.parameters()):
            raise _incomplete(model, name)  # diffusers leaves weights that no file holds on no device
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = _scheduler(model, pipeline.scheduler)
    if setup.lora:
        add_lora(pipeline, Path(setup.lora), setup.lora_strength)
    with spoken():
        _place(pipeline, setup)
    return pipeline


def add_lora(pipeline: Any, path: Path, strength: float) -> None:
    """Lay a LoRA over the pipeline. Raises `Refusal` when the file is none, or is one of another model."""
    if path.suffix != ".safetensors":
        raise Refusal(f"The LoRA {path} is no .safetensors file; other kinds are never opened.")
    if not path.is_file() or path.stat().st_size > _LARGEST_LORA:
        raise Refusal(f"There is no LoRA {path}; name a .safetensors file that lies on this machine.")
    try:
        with safe_open(path, "pt") as file:
            if not list(file.keys()):
                raise ValueError("it is empty")
        state = load_file(path)
        pipeline.load_lora_weights(state, adapter_name=LORA)
        taken = any(LORA in names for names in pipeline.get_list_adapters().values())
        if not taken:
            raise ValueError("none of its layers is one of this model")
        pipeline.set_adapters([LORA], [strength])
    except _FOREIGN as fault:
        raise Refusal(f"The LoRA {path.name} does not fit this model ({_first(fault)}).") from fault


def _beside(model: ModelFolder, precision: torch.dtype) -> dict[str, Any]:
    """Parts that the index does not name, or that are not to be loaded though it does."""
    if model.family.name == "ltx2":
        return dict.fromkeys(("processor", "prompt_enhancer", "duration_head"))
    if not _in_parts(model):
        return {}
    import diffusers

    how = {"torch_dtype": precision, "local_files_only": True, "use_safetensors": True}
    return {
        "motion_adapter": diffusers.MotionAdapter.from_pretrained(model.path / "motion_adapter", **how),
        "controlnet": diffusers.SparseControlNetModel.from_pretrained(model.path / "controlnet", **how),
        "feature_extractor": None, "image_encoder": None,
    }  # fmt: skip


def _in_parts(model: ModelFolder) -> bool:
    """Whether this is Stable Diffusion with AnimateDiff's parts laid into its folder."""
    return model.family.name == "sparsectrl" and model.configs[""].get("_class_name") == "StableDiffusionPipeline"


def _scheduler(model: ModelFolder, scheduler: Any) -> Any:
    """The scheduler that the family's call needs, where the folder's own is made for another one."""
    if model.family.name == "ltx":
        # Its conditional pipeline makes its own time steps; a scheduler that shifts them would have other sigmas.
        return type(scheduler).from_config(scheduler.config, use_dynamic_shifting=False, shift=1.0, shift_terminal=None)
    if _in_parts(model):
        # Motion was trained on a linear noise schedule, pictures on a scaled one.
        import diffusers

        return diffusers.DDIMScheduler.from_config(
            scheduler.config, beta_schedule="linear", clip_sample=False, timestep_spacing="linspace", steps_offset=1
        )
    return scheduler


def _place(pipeline: Any, setup: Setup) -> None:
    if setup.offload == "none":
        pipeline.to(setup.device)
        return
    tiling = getattr(pipeline.vae, "enable_tiling", None)
    if tiling is not None:
        tiling()
    if setup.offload == "model":
        pipeline.enable_model_cpu_offload(device=setup.device)
    else:
        pipeline.enable_sequential_cpu_offload(device=setup.device)


def _check_room(model: ModelFolder, n_bytes: int) -> None:
    """Refuse what the machine's memory cannot hold, before anything is read."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    have = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if n_bytes > have:
        raise Refusal(
            f"{model.path.name} needs {n_bytes / 2**30:.0f} GB of memory and this machine has {have / 2**30:.0f}; "
            "choose a smaller model, or a precision of 16 bits."
        )


def _check_complete(model: ModelFolder) -> None:
    """Refuse a text or image encoder whose files hold fewer numbers than its configuration asks for.

    The library would fill up the rest with random ones, of any size, and say so only in its log.
    """
    import transformers

    for name in model.weights:
        library, kind = model.configs[""].get(name) or ("", "")
        if library != "transformers":
            continue
        config = transformers.AutoConfig.from_pretrained(
            model.path / name, local_files_only=True, trust_remote_code=False
        )
        with torch.device("meta"):
            part = getattr(transformers, kind)(config)
        if sum(value.numel() for value in part.parameters()) > _numbers_in(model.path / name):
            raise _incomplete(model, name)


def _numbers_in(folder: Path) -> int:
    """How many numbers the safetensors files of a part hold, by their headers."""
    total = 0
    for file in weights_of(folder):
        try:
            with safe_open(file, "pt") as tensors:
                total += sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
        except (OSError, SafetensorError) as fault:
            raise Refusal(f"The weights {file} can't be read ({_first(fault)}); they may have been cut off.") from fault
    return total


def _incomplete(model: ModelFolder, name: str) -> Refusal:
    return Refusal(f"The weights of {name} in {model.path} are not complete; take the model's own release.")


def _first(fault: BaseException) -> str:
    """The first line of what a library said, without the full stop."""
    lines = str(fault).strip().splitlines()
    return (lines[0][:300] if lines else type(fault).__name__).rstrip(". ")
