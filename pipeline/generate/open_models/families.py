"""The families of open video models: what each can do, and what a model's folder says of it. No torch, no library.

A family is one way of calling the diffusers library. Lengths, places of known frames and sizes are those of its
pipeline; where models of one family differ, their configuration files decide (`ability_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.generate.options import Option
from pipeline.generate.provider import Ability
from pipeline.project.take import KINDS

Configs = Mapping[str, Mapping[str, Any]]
"""The config.json of each part of a model."""
FROM_FRAMES = ("freeze_time", "extend", "reroll")
"""What a model that always begins with a picture can make."""
OFFLOADS, PRECISIONS = ("auto", "none", "model", "sequential"), ("auto", "bfloat16", "float16", "float32")
OPTIONS = (
    Option("model", "Model", "folder", "A model in the layout of the diffusers library, with its model_index.json"),
    Option("lora", "LoRA", "file", "A .safetensors file for this model, such as one for orbits or bullet time"),
    Option("lora_strength", "LoRA strength", "number", "How much of it counts", 1.0, -4, 4),
    Option(
        "stride", "Frames made per frame kept", "whole",
        "Models are trained on 49 to 121 frames: with 5, every fifth of 76 makes 16 that go further around", 1, 1, 16,
    ),
    Option("close_orbit", "End where it began", "switch", "The first frame is also given as the last", False),
    Option(
        "offload", "Offload", "choice", "What waits in main memory while another part works on the GPU", "auto",
        choices=OFFLOADS,
    ),
    Option(
        "precision", "Precision", "choice", "Of the weights; automatic is bfloat16 on a GPU, float32 without", "auto",
        choices=PRECISIONS,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """One way of calling the library.

    Attributes:
        name, title: for provenance, and what people call it.
        pipeline: the class that makes its videos; indexes: classes in a model_index.json whose parts it takes.
        needs: parts that must lie in the folder; library: the module of its own parts.
        ability: before a folder is read; steps, guidance: where the request says none.
        compression: frames a latent holds, all but the first.
        full: parts that do their sums in float32, because half precision spoils them.
    """

    name: str
    title: str
    pipeline: str
    indexes: tuple[str, ...]
    needs: tuple[str, ...]
    ability: Ability
    steps: int
    guidance: float
    compression: int = 1
    library: str = ""
    full: tuple[str, ...] = ()


def _ability(title: str, licence: str, **more: Any) -> Ability:
    kinds = more.pop("kinds", KINDS)
    return Ability("diffusers", title, kinds, options=OPTIONS, licence=licence, **more)


_DIT = ("transformer", "vae", "text_encoder", "tokenizer", "scheduler")
_SPARSE = ("unet", "vae", "text_encoder", "tokenizer", "scheduler", "motion_adapter", "controlnet")
FAMILIES: tuple[Family, ...] = (
    Family(
        "ltx", "LTX-Video", "LTXConditionPipeline", ("LTXConditionPipeline", "LTXPipeline", "LTXImageToVideoPipeline"),
        _DIT, _ability("LTX-Video", "LTX-Video licence", lengths=(8, 1), max_frames=257, multiple=32),
        steps=40, guidance=3.0, compression=8,
    ),
    Family(
        "ltx2", "LTX-2", "LTX2ConditionPipeline",
        ("LTX2ConditionPipeline", "LTX2Pipeline", "LTX2ImageToVideoPipeline"), (*_DIT, "connectors", "vocoder"),
        _ability("LTX-2", "LTX-2 community licence", lengths=(8, 1), max_frames=257, multiple=32),
        steps=30, guidance=3.0, compression=8, library="ltx2",
    ),
    Family(
        "wan-vace", "Wan VACE", "WanVACEPipeline", ("WanVACEPipeline",), _DIT,
        _ability("Wan VACE", "Apache-2.0", lengths=(4, 1), max_frames=81, multiple=16),
        steps=30, guidance=5.0, compression=4, full=("vae",),
    ),
    Family(
        "wan-image", "Wan image-to-video", "WanImageToVideoPipeline", ("WanImageToVideoPipeline",), _DIT,
        _ability(
            "Wan image-to-video", "Apache-2.0", kinds=FROM_FRAMES, positions="first", lengths=(4, 1), max_frames=81,
            multiple=16,
        ),
        steps=40, guidance=5.0, compression=4, full=("vae", "image_encoder"),
    ),
    Family(
        "cogvideox", "CogVideoX image-to-video", "CogVideoXImageToVideoPipeline", ("CogVideoXImageToVideoPipeline",),
        _DIT,
        _ability(
            "CogVideoX image-to-video", "CogVideoX licence", kinds=FROM_FRAMES, positions="first", lengths=(4, 1),
            max_frames=49, multiple=16,
        ),
        steps=50, guidance=6.0, compression=4,
    ),
    Family(
        "sparsectrl", "AnimateDiff SparseCtrl", "AnimateDiffSparseControlNetPipeline",
        ("AnimateDiffSparseControlNetPipeline", "StableDiffusionPipeline"), _SPARSE,
        _ability(
            "AnimateDiff SparseCtrl", "CreativeML OpenRAIL-M", lengths=(16, 16), max_frames=16, multiple=8
        ),
        steps=25, guidance=7.5,
    ),
)  # fmt: skip


def family_of(index: str) -> Family | None:
    """The family that takes the parts of a pipeline class; None when there is none."""
    return next((family for family in FAMILIES if index in family.indexes), None)


def ability_of(family: Family, configs: Configs, licence: str, stride: int) -> Ability:
    """What one model of a family can do, when every `stride`-th frame that it makes is kept.

    `licence`: what its model card says; empty: that of the family's published models.
    """
    ability = replace(family.ability, **_differs(family, configs))
    if licence:
        ability = replace(ability, licence=licence)
    if stride > 1:
        ability = replace(ability, lengths=(1, 1), max_frames=(ability.longest - 1) // stride + 1)
    return ability


def _differs(family: Family, configs: Configs) -> dict[str, Any]:
    """What the configuration files say of one model that its family leaves open."""
    transformer, vae = configs.get("transformer", {}), configs.get("vae", {})
    if family.name == "wan-image":
        cell = _whole(vae.get("scale_factor_spatial"), 8) * 2
        return {"multiple": max(16, cell), "positions": "ends" if takes_last(configs) else "first"}
    if family.name == "cogvideox":
        size = _whole(transformer.get("sample_height"), 60) * 8, _whole(transformer.get("sample_width"), 90) * 8
        learned = transformer.get("use_learned_positional_embeddings") is True
        most = _whole(transformer.get("sample_frames"), 49)
        return {"sizes": (size,) if learned else (), "max_frames": max(49, most - (most - 1) % 4)}
    return {}


def takes_last(configs: Configs) -> bool:
    """Whether a Wan image-to-video model was trained to end at a given frame.

    Wan 2.1 was in its first-and-last-frame release, which has positions for two pictures, and Wan 2.2 in its release of
    two experts, whose index names the boundary between them. The 5B model gives the first frame a time of its own.
    """
    index = configs.get("", {})
    return needs_last(configs) or (
        index.get("boundary_ratio") is not None and index.get("expand_timesteps") is not True
    )


def needs_last(configs: Configs) -> bool:
    """Whether a model cannot do without a last frame, as Wan 2.1's first-and-last-frame release."""
    return configs.get("transformer", {}).get("pos_embed_seq_len") is not None


def _whole(value: Any, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 4096 else usual
