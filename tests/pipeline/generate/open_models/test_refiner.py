"""A latent model as a teacher of score distillation: how far it may go, from which frame, and the same every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.generate.open_models.folder import fingerprint, read
from pipeline.generate.open_models.loading import Setup, load
from pipeline.generate.open_models.refiner import LatentRefiner, load_prior
from pipeline.generate.priors import at_hand, content_of
from pipeline.generate.priors import load_prior as prior_named
from pipeline.generate.provider import VideoRefiner
from renderer.errors import Refusal

Folder = Callable[[str], Path]
VIDEO = torch.rand(1, 3, 9, 32, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.fixture
def refiner(model: Folder) -> LatentRefiner:
    folder = read(model("ltx"))
    return LatentRefiner(folder, load(folder, Setup("cpu", "float32", "none")), 9, (32, 64))


def test_the_answer_has_the_shape_and_the_range_of_the_video_and_is_the_same_again(refiner: LatentRefiner) -> None:
    pair = torch.cat([VIDEO, -VIDEO])
    first, again = (refiner.refine(pair, 0.6, 2, "a fox", "dynamic", 5) for _ in range(2))
    assert first.shape == pair.shape and first.dtype == pair.dtype and not first.requires_grad
    assert first.min() >= -1 and first.max() <= 1 and torch.equal(first, again)
    alone = refiner.refine(-VIDEO, 0.6, 2, "a fox", "dynamic", 5)
    assert torch.allclose(first[1:], alone, atol=1e-5)
    assert not torch.equal(first, refiner.refine(pair, 0.6, 2, "a fox", "dynamic", 6))


def test_it_begins_at_the_wanted_noise_and_takes_every_step(refiner: LatentRefiner, monkeypatch: Any) -> None:
    pipeline, seen = refiner._pipeline, []
    forward = pipeline.transformer.forward

    def spy(**told: Any) -> Any:
        seen.append((told["hidden_states"][:1].clone(), told["timestep"][:1].clone()))
        return forward(**told)

    monkeypatch.setattr(pipeline.transformer, "forward", spy)
    refiner.refine(VIDEO, 0.5, 4, "a fox", "dynamic", 5)
    free = slice(2, None)  # two tokens are the given first frame
    assert [float(time[0, free].max()) for _, time in seen] == pytest.approx([500, 375, 250, 125])
    assert float(seen[0][1][0, :2].max()) == 0
    noised = refiner._arguments(
        VIDEO,
        0.5,
        4,
        "",
    )["latents"]
    noise = torch.randn(noised.shape, generator=torch.Generator().manual_seed(5))
    rows = pipeline._pack_latents(0.5 * noised + 0.5 * noise, 1, 1)
    assert torch.allclose(seen[0][0][:, free], rows[:, free], atol=1e-5)


def test_little_noise_changes_little(refiner: LatentRefiner) -> None:
    still = refiner.refine(VIDEO, 0.0, 1, "a fox", "dynamic", 5)
    near, far = (refiner.refine(VIDEO, strength, 3, "a fox", "dynamic", 5) for strength in (0.1, 0.9))
    assert (near - still).abs().mean() < (far - still).abs().mean()


def test_a_freeze_time_video_is_asked_for_by_the_prompt_rule(refiner: LatentRefiner, monkeypatch: Any) -> None:
    prompts: list[str] = []
    arguments = refiner._arguments

    def spy(video: Any, strength: float, steps: int, prompt: str) -> Any:
        prompts.append(prompt)
        return arguments(video, strength, steps, prompt)

    monkeypatch.setattr(refiner, "_arguments", spy)
    for context in ("dynamic", "freeze_time"):
        refiner.refine(VIDEO, 0.5, 1, "a fox running", context, 5)
    assert prompts[0] == "a fox running" and prompts[1].startswith("Camera circulating around")


def test_a_folder_is_a_prior_by_its_name(model: Folder) -> None:
    assert at_hand(str(model("ltx"))) and content_of(str(model("ltx"))) == fingerprint(read(model("ltx")))
    prior = prior_named(str(model("ltx")), "cpu")
    assert isinstance(prior, VideoRefiner) and (prior.n_frames, prior.size) == (17, (288, 512))
    with pytest.raises(Refusal, match="cannot serve as a prior, only LTX-Video"):
        load_prior(model("vace"), "cpu")
