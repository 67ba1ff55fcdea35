"""The `VideoRefiner` whose model is served elsewhere (`served`), and the bodies that carry videos there and back."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pipeline.generate.served import LONGEST_HEADER, REFINE, Wish, about, exchange, not_as_it_should, parts
from renderer.errors import Refusal


def packed(video: Tensor, told: Mapping[str, Any]) -> bytes:
    """A body: the video in float32, and plain values beside it."""
    return save({"video": video.detach().float().cpu().contiguous()}, {"told": json.dumps(told, allow_nan=False)})


def unpacked(body: bytes, shape: tuple[int, ...]) -> tuple[Tensor, Any]:
    """Video and values of a body whose length is bounded already; raises ValueError when it is not of this shape."""
    length = struct.unpack("<Q", body[:8])[0] if len(body) >= 8 else LONGEST_HEADER + 1
    if length > LONGEST_HEADER:
        raise ValueError("the header is too long")
    try:
        told = json.loads(json.loads(body[8 : 8 + length])["__metadata__"]["told"])
        tensors = load(body)
    except (SafetensorError, KeyError, TypeError, RecursionError) as fault:
        raise ValueError(f"it can't be read ({fault})") from fault
    video = tensors.get("video")
    if video is None or len(tensors) != 1 or tuple(video.shape) != shape or video.dtype != torch.float32:
        raise ValueError("its video has another shape")
    if not bool(video.isfinite().all()):
        raise ValueError("its video has values that are no numbers")
    return video, told


class ServedRefiner:
    """The model at an address, which must serve what the name says (`asked`). Raises `Refusal` where it doesn't."""

    def __init__(self, name: str) -> None:
        self._address, content = parts(name)
        self._served = about(self._address)
        if content and self._served.content != content:
            raise Refusal(
                f"{self._address} serves another model now than when this lift was asked for; ask for it anew."
            )
        self.n_frames, self.size = self._served.n_frames, self._served.size

    def refine(self, video: Tensor, strength: float, steps: int, prompt: str, context: str, seed: int) -> Tensor:
        """See `VideoRefiner`: one video after the other."""
        wish = asdict(Wish(strength, steps, prompt, context, seed))
        answers = [self._answer(packed(one[None], wish)) for one in video]
        return torch.cat(answers).to(video)

    def _answer(self, body: bytes) -> Tensor:
        try:
            answer, _ = unpacked(exchange(self._address, REFINE, self._served.most_bytes, body), self._served.shape)
        except ValueError as fault:
            raise not_as_it_should(self._address, fault) from fault
        return answer
