"""Video judges of Table 1: X-CLIP (Ni 2022) and VideoScore (He 2024), by transformers, when their weights are here.

Weights lie in a folder that is named (`x-clip/` and `videoscore/` in it), or in the Hugging Face cache; nothing is
downloaded, and only safetensors are read. Frames are prepared here by the numbers that come with the weights, because
transformers' own image processors want torchvision.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional as F

Frames = npt.NDArray[np.uint8]

REPOSITORIES = {"x-clip": "microsoft/xclip-base-patch32", "videoscore": "TIGER-Lab/VideoScore"}
ASPECTS = (
    "visual_quality", "temporal_consistency", "dynamic_degree", "text_video_alignment", "factual_consistency",
)  # fmt: skip
"""VideoScore's outputs in their order, each about 1 to 4."""
MAX_FRAMES = 16
"""Frames that VideoScore was trained to see at most."""
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
QUERY = re.compile(r'REGRESSION_QUERY_PROMPT\s*=\s*"""(.*?)"""', re.DOTALL)
"""Where VideoScore's model card keeps the question that the model was trained with."""


class Absent(Exception):
    """A judge is not here; the text says why, after its name and "is absent:"."""


@dataclass(frozen=True)
class Verdict:
    """Figures by name (x_clip, and videoscore_ with each of `ASPECTS`), and by judge why it has none."""

    figures: Mapping[str, float]
    absent: Mapping[str, str]


def judged(frames: Frames, prompt: str, folder: Path | None = None, device: str = "cpu") -> Verdict:
    """What both judges say of a video, uint8 [F, H, W, 3] sRGB, and its prompt. `folder`: where their weights lie."""
    figures: dict[str, float] = {}
    absent: dict[str, str] = {}
    judges: Mapping[str, Callable[[str, Frames, str, str], Mapping[str, float]]] = {
        "x-clip": x_clip, "videoscore": videoscore,
    }  # fmt: skip
    for name, judge in judges.items():
        try:
            figures |= judge(_place(name, prompt, folder), frames, prompt, device)
        except Absent as reason:
            absent[name] = str(reason)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as fault:
            first = str(fault).strip().splitlines()[:1]
            absent[name] = f"its weights can't be used ({first[0] if first else type(fault).__name__})"
    return Verdict(figures, absent)


def _place(name: str, prompt: str, folder: Path | None) -> str:
    """The folder or repository of a judge's weights; raises `Absent`."""
    if importlib.util.find_spec("transformers") is None:
        raise Absent("transformers is not installed (the extra judges)")
    if not prompt:
        raise Absent("the scene has no prompt to compare with")
    place = REPOSITORIES[name] if folder is None else str(folder / name)
    _hush()
    if _file(place, "config.json") is None:
        where = f"in the Hugging Face cache ({place})" if folder is None else f"in {place}"
        raise Absent(f"its weights are not {where}")
    return place


def _hush() -> None:
    """Loading bars and hints of transformers would stand between our own lines."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _file(place: str, name: str) -> Path | None:
    """A file of a model that is on this machine."""
    from transformers.utils.hub import cached_file

    if Path(place).is_absolute() or Path(place).is_dir():
        path = Path(place) / name
        return path if path.is_file() else None
    found = cached_file(
        place, name, local_files_only=True, _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False, _raise_exceptions_for_gated_repo=False,
    )  # fmt: skip
    return Path(found) if found else None


def sampled(frames: Frames, count: int) -> Frames:
    """`count` frames spread evenly from the first to the last; short videos repeat frames."""
    return np.asarray(frames[np.linspace(0, len(frames) - 1, count).round().astype(int)])


def prepared(frames: Frames, size: tuple[int, int], mean: Any, std: Any) -> Tensor:
    """[F, 3, h, w] normalised, resampled to `size` (height, width) without regard to aspect."""
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
    if size != tuple(frames.shape[1:3]):
        pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True).clamp(0, 1)
    return (pixels - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)


def _numbers(place: str) -> dict[str, Any]:
    path = _file(place, "preprocessor_config.json")
    found: dict[str, Any] = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
    return found


def x_clip(place: str, frames: Frames, prompt: str, device: str) -> Mapping[str, float]:
    """Video-text similarity: the cosine times the model's own scale (100); it sees the middle square of each frame."""
    from transformers import AutoTokenizer, XCLIPModel

    model = XCLIPModel.from_pretrained(place, local_files_only=True, use_safetensors=True).eval().to(device)
    vision, text = model.config.vision_config, model.config.text_config
    side, (height, width) = int(vision.image_size), frames.shape[1:3]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    middle = sampled(frames, int(vision.num_frames))[:, top : top + square, left : left + square]
    numbers = _numbers(place)
    mean, std = numbers.get("image_mean", IMAGENET[0]), numbers.get("image_std", IMAGENET[1])
    words = AutoTokenizer.from_pretrained(place, local_files_only=True)(
        [prompt], return_tensors="pt", truncation=True, max_length=int(text.max_position_embeddings)
    )
    with torch.inference_mode():
        told = model(
            input_ids=words["input_ids"].to(device),
            attention_mask=words["attention_mask"].to(device),
            pixel_values=prepared(middle, (side, side), mean, std)[None].to(device),
        )
    return {"x_clip": float(told.logits_per_video[0, 0])}


def videoscore(place: str, frames: Frames, prompt: str, device: str) -> Mapping[str, float]:
    """VideoScore's five aspects, asked as its model card asks."""
    from transformers import AutoTokenizer

    query = _query(place)
    model = _scorer(place).eval().to(device)
    if model.score.out_features != len(ASPECTS):
        raise ValueError(f"it scores {model.score.out_features} aspects instead of {len(ASPECTS)}")
    seen = sampled(frames, min(len(frames), MAX_FRAMES))
    numbers = _numbers(place)
    half = (0.5, 0.5, 0.5)
    pixels = prepared(
        seen, within(seen.shape[1:3], numbers.get("size", {})),
        numbers.get("image_mean", half), numbers.get("image_std", half),
    )  # fmt: skip
    marks = "<image>" * int(model.config.perceiver_config.resampler_n_latents)
    picture = f"<fake_token_around_image>{marks}<fake_token_around_image> "
    words = AutoTokenizer.from_pretrained(place, local_files_only=True)(
        query.replace("{text_prompt}", prompt) + picture * len(seen), return_tensors="pt"
    )
    with torch.inference_mode():
        scores = model(words["input_ids"].to(device), words["attention_mask"].to(device), pixels[None].to(device))
    return {f"videoscore_{name}": float(value) for name, value in zip(ASPECTS, scores[0], strict=True)}


def within(size: tuple[int, ...], limits: Mapping[str, int]) -> tuple[int, int]:
    """Idefics2's size of a picture (height, width): the longer side at most `longest_edge`, both at least the other."""
    longest, shortest = int(limits.get("longest_edge", 980)), int(limits.get("shortest_edge", 378))
    height, width = size[0], size[1]
    if max(size) > longest:
        height, width = (longest * height // max(size), longest * width // max(size))
    return max(height, shortest), max(width, shortest)


def _query(place: str) -> str:
    card = _file(place, "README.md")
    found = None if card is None else QUERY.search(card.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise Absent("the model card (README.md), which holds its question, is not beside its weights")
    return found.group(1)


def _scorer(place: str) -> Any:
    """VideoScore's model with its weights; raises `ValueError` when some are missing."""
    model, told = scorer_class().from_pretrained(
        place, local_files_only=True, use_safetensors=True, dtype="auto", output_loading_info=True
    )
    if told["missing_keys"]:
        raise ValueError(f"{sorted(told['missing_keys'])[0]} is not among them")
    return model


@cache
def scorer_class() -> Any:
    """Idefics2 with a linear head on the last token, which is what VideoScore's weights are of."""
    from transformers import Idefics2Model, Idefics2PreTrainedModel

    class Scorer(Idefics2PreTrainedModel):  # type: ignore[misc]
        """Returns scores [B, labels]; prompts are not padded, so the last token is the last one that counts."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.model = Idefics2Model(config)
            self.score = nn.Linear(config.text_config.hidden_size, config.num_labels)
            self.post_init()

        def forward(self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor) -> Tensor:
            seen = self.model(
                input_ids=input_ids, attention_mask=attention_mask, pixel_values=pixel_values, use_cache=False
            )
            scores: Tensor = self.score(seen.last_hidden_state[:, -1]).float()
            return scores

    return Scorer
