"""Previews from latents: colours by a fitted map, one cell a pixel, one picture a kept frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.generate.open_models import latents
from pipeline.generate.open_models.families import FAMILIES
from pipeline.generate.open_models.folder import read
from pipeline.generate.open_models.frames import Plan
from pipeline.generate.open_models.latents import cell_of, colour_map, encoded, spread, unpacked
from pipeline.generate.open_models.loading import Setup, load


def test_the_map_finds_the_colours_of_an_encoder_that_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    mix = torch.randn(12, 3, generator=torch.Generator().manual_seed(5))

    def encode(_family: Any, _pipeline: Any, video: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ck,bkthw->bcthw", mix, video[..., 4::8, 4::8]) + 0.3

    pipeline = type("Pipeline", (), {"vae_scale_factor": 8})()
    monkeypatch.setattr(latents, "encoded", encode)
    found = colour_map(FAMILIES[0], pipeline)
    video = torch.rand(1, 3, 5, 16, 24, generator=torch.Generator().manual_seed(1)) * 2 - 1
    pictures = found.pictures(encode(None, None, video)[0])
    truth = ((video[0, :, :, 4::8, 4::8].permute(1, 2, 3, 0) + 1) / 2 * 255).numpy()
    assert pictures.shape == (5, 2, 3, 3) and np.abs(pictures - truth).max() < 4


def test_figures_that_are_no_numbers_are_grey() -> None:
    found = latents.ColourMap(torch.ones(3, 2), torch.zeros(3))
    assert (found.pictures(torch.full((2, 1, 1, 1), float("nan"))) == 128).all()


@pytest.mark.parametrize(
    ("name", "shape"),
    [("ltx", (8, 3, 2, 3)), ("ltx2", (4, 3, 2, 3)), ("vace", (16, 5, 8, 12)), ("cogvideox", (4, 5, 4, 6)),
     ("sparse", (4, 17, 32, 48))],
)  # fmt: skip
def test_what_a_sampler_holds_is_laid_out_as_encoded(
    model: Callable[[str], Path], name: str, shape: tuple[int, ...]
) -> None:
    folder = read(model(name))
    pipeline = load(folder, Setup("cpu", "float32", "none"))
    height, width = (shape[2] * cell_of(pipeline), shape[3] * cell_of(pipeline))
    plan = Plan(17, tuple(range(17)), np.zeros((0, 1, 1, 3), np.uint8), (), ())
    family = folder.family
    if name == "sparse":
        wanted = torch.randn(1, *shape)
        held = wanted
    else:
        wanted = encoded(family, pipeline, torch.rand(1, 3, 17, height, width) * 2 - 1)
        held = wanted.transpose(1, 2) if name == "cogvideox" else wanted
    if name in ("ltx", "ltx2"):
        rows, extra = pipeline._pack_latents(wanted, 1, 1), torch.zeros(1, 6, shape[0])
        held = torch.cat([extra, rows] if name == "ltx" else [rows, extra], 1)
    assert wanted.shape[1:] == shape
    assert torch.equal(unpacked(family, pipeline, held, plan, (height, width)), wanted[0])


def test_every_kept_frame_has_the_picture_of_its_latent() -> None:
    pictures = np.arange(3, dtype=np.uint8)[:, None, None, None]
    plan = Plan(17, (0, 1, 8, 9, 16), pictures, (), ())
    assert spread(pictures, plan, 8)[:, 0, 0, 0].tolist() == [0, 1, 1, 2, 2]
