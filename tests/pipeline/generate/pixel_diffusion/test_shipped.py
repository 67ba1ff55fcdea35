"""The weights that ship, as an artist meets them: small files, offline, a first frame that is gone on from."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from pipeline.generate.pixel_diffusion.clips import procedural_source
from pipeline.generate.pixel_diffusion.data import HELD_OUT_SEED
from pipeline.generate.pixel_diffusion.provider import PixelProvider
from pipeline.generate.pixel_diffusion.text import minilm_folder
from pipeline.generate.priors import SHIPPED_FOLDER
from pipeline.generate.provider import Frames, Known, Made
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal


@pytest.fixture(autouse=True)
def words() -> None:
    try:
        minilm_folder()
    except Refusal as lacking:
        pytest.skip(str(lacking))


def made(steps: Generator[Any, None, Made]) -> Frames:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            frames: Frames = end.value.frames
            return frames


def test_each_stage_is_small_enough_to_ship() -> None:
    for stage in ("base", "upsampler"):
        assert (SHIPPED_FOLDER / f"{stage}.safetensors").stat().st_size <= 15_000_000


def test_a_known_first_frame_is_gone_on_from() -> None:
    """Of videos it never saw, the next frame is more like the known one than other videos' first frames are."""
    clips = procedural_source(HELD_OUT_SEED + 7, 4, 16, (36, 64))
    for i, (frames, prompt, context) in enumerate(zip(clips.frames, clips.prompts, clips.contexts, strict=True)):
        request = VideoRequest(
            kind="reference", prompt=prompt, context=context, n_frames=16, size=(36, 64), seed=i, steps=6
        )
        video = made(PixelProvider().generate(request, Known(frames[:1], (0,), (1.0,))))
        assert np.array_equal(video[0], frames[0])
        errors = [float(np.mean((video[1].astype(float) - other[0]) ** 2)) for other in clips.frames]
        assert int(np.argmin(errors)) == i
