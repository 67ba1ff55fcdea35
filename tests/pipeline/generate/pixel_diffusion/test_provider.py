from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.generate.pixel_diffusion import provider as module
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.provider import PixelProvider, load_prior
from pipeline.generate.pixel_diffusion.weights import export
from pipeline.generate.provider import Known, Made, Making, VideoPrior, VideoProvider
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal
from tests.pipeline.generate.pixel_diffusion.test_network import awake

NOTHING = Known(np.zeros((0, 24, 32, 3), np.uint8), (), ())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy weights of both stages: 4 frames, 12 x 16 and 24 x 32 pixels."""
    out = tmp_path_factory.mktemp("weights")
    for stage in ("base", "upsampler"):
        export(awake(preset("toy", stage)), out, {})
    return out


@pytest.fixture(autouse=True)
def toy_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(module, "FRAMES", 4)
    monkeypatch.setattr(module, "SMALL", (12, 16))
    monkeypatch.setattr(module, "LARGE", (24, 32))
    ability = replace(PixelProvider.ability, sizes=((24, 32), (12, 16)), lengths=(4, 4), max_frames=4)
    monkeypatch.setattr(PixelProvider, "ability", ability)


def ask(folder: Path, **changes: Any) -> VideoRequest:
    wanted: dict[str, Any] = {"kind": "reference", "prompt": "a red square", "context": "dynamic", "steps": 3}
    return VideoRequest(**{**wanted, "options": {"weights": str(folder)}, **changes})


def finish(generator: Generator[Making, None, Made]) -> tuple[list[Making], Made]:
    seen = []
    while True:
        try:
            seen.append(next(generator))
        except StopIteration as end:
            return seen, end.value


def test_it_is_a_provider_and_a_prior(folder: Path) -> None:
    made: VideoProvider = PixelProvider()
    prior: VideoPrior = load_prior(folder)
    assert made.ability.name == "pixel"
    assert (prior.n_frames, prior.size) == (4, (12, 16))
    assert 0 < prior.sigma_range[0] < 1 < prior.sigma_range[1]


def test_both_stages_say_where_they_are_and_show_it(folder: Path) -> None:
    asked = ask(folder, options={"weights": str(folder), "upsampler_steps": 8})
    seen, made = finish(PixelProvider().generate(asked, NOTHING))
    assert [making.step for making in seen] == list(range(1, 12))
    assert {making.stage for making in seen} == {"base", "upsampler"}
    assert all(making.steps == 11 and making.preview is not None for making in seen)
    assert made.frames.shape == (4, 24, 32, 3)
    assert set(made.provenance["weights"]) == {"base", "upsampler"}
    assert made.provenance["licence"] == "Apache-2.0"


def test_the_same_request_makes_the_same_video_and_another_seed_another(folder: Path) -> None:
    def made(**changes: Any) -> np.ndarray:
        frames: np.ndarray = finish(PixelProvider().generate(ask(folder, size=(12, 16), **changes), NOTHING))[1].frames
        return frames

    assert np.array_equal(made(), made())
    others = ({"seed": 1}, {"prompt": "a blue square"}, {"context": "freeze_time"}, {"guidance": 5.0},
              {"negative_prompt": "blur"}, {"options": {"weights": str(folder), "churn": 0.0}})  # fmt: skip
    for other in others:
        assert not np.array_equal(made(), made(**other)), other


@pytest.mark.parametrize("size", [(12, 16), (24, 32)])
@pytest.mark.parametrize("positions", [(0,), (3,), (0, 2), (0, 1, 2, 3)])
def test_known_frames_come_back_exactly(folder: Path, size: tuple[int, int], positions: tuple[int, ...]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (len(positions), *size, 3), dtype=np.uint8)
    known = Known(frames, positions, (1.0, 0.5, 1.0, 1.0)[: len(positions)])
    _, made = finish(PixelProvider().generate(ask(folder, size=size), known))
    assert np.array_equal(made.frames[list(positions)], frames)


def test_known_frames_change_the_others(folder: Path) -> None:
    dark, bright = (
        finish(PixelProvider().generate(ask(folder, size=(12, 16)), Known(frame, (0,), (1.0,))))[1].frames
        for frame in (np.full((1, 12, 16, 3), value, np.uint8) for value in (0, 200))
    )
    assert not np.array_equal(dark[3], bright[3])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": (100, 100)}, "512x288"),
        ({"n_frames": 15}, "16 frames"),
        ({"steps": 10**6}, "steps"),
        ({"context": "underwater"}, "no context"),
        ({"options": {"weights": "/nowhere"}}, "no weights"),
    ],
)
def test_what_it_cannot_do_is_said(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        finish(PixelProvider().generate(ask(folder, **changes), NOTHING))


def test_a_churn_that_is_no_number_is_refused(folder: Path) -> None:
    with pytest.raises(Refusal, match="churn"):
        finish(PixelProvider().generate(ask(folder, options={"weights": str(folder), "churn": "a"}), NOTHING))


def test_figures_that_are_no_numbers_end_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.generate.pixel_diffusion.denoiser import Denoiser

    monkeypatch.setattr(Denoiser, "guess", lambda _self, noisy, *_: noisy * float("nan"))
    with pytest.raises(Refusal, match="left the numbers"):
        finish(PixelProvider().generate(ask(folder), NOTHING))


def test_want_of_memory_ends_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.generate.pixel_diffusion.denoiser import Denoiser

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Denoiser, "guess", full)
    with pytest.raises(Refusal, match="out of memory"):
        finish(PixelProvider().generate(ask(folder), NOTHING))


def test_gradients_flow_to_every_frame(folder: Path) -> None:
    prior = load_prior(folder, guidance=3.0)
    noisy = torch.randn(2, 3, 4, 12, 16, requires_grad=True)
    known, mask = torch.zeros(2, 3, 4, 12, 16), torch.zeros(2, 4, dtype=torch.bool)
    mask[:, 0] = True
    clean = prior.denoise(noisy, torch.tensor([0.5, 4.0]), known, mask, "a red square", "freeze_time")
    clean.square().sum().backward()
    assert noisy.grad is not None
    assert bool((noisy.grad.abs().amax((1, 3, 4)) > 0).all())
    assert clean.shape == noisy.shape


def test_importing_it_loads_no_torch() -> None:
    code = "import sys, pipeline.generate.pixel_diffusion.provider; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
