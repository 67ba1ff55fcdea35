from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pipeline.generate.pixel_diffusion.config import NetworkConfig, StageConfig
from pipeline.generate.pixel_diffusion.denoiser import Denoiser, enlarge, reduce
from pipeline.generate.pixel_diffusion.network import (
    Conditions,
    VideoTransformer,
    _beside,
    _cells,
    _frequencies,
    _grouped,
    _held,
    _joined,
)
from pipeline.generate.pixel_diffusion.presets import NAMES, preset


def conditions(config: NetworkConfig, count: int = 2) -> Conditions:
    shape = (count, 3, config.frames, *config.size)
    return Conditions(
        known=torch.rand(shape),
        mask=torch.zeros(count, config.frames),
        text=torch.randn(count, 5, config.text_width),
        text_mask=torch.ones(count, 5, dtype=torch.bool),
        context=torch.tensor([1, 2])[:count],
        extra=torch.rand(shape) if config.extra else None,
    )


def awake(config: StageConfig) -> Denoiser:
    """A denoiser whose output depends on everything, as after some training."""
    torch.manual_seed(0)
    model = Denoiser(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return model.eval()


@pytest.mark.parametrize("stage", ["base", "upsampler"])
def test_at_birth_the_guess_is_the_preconditionings(stage: str) -> None:
    config = preset("toy", stage)
    model = Denoiser(config)
    noisy = torch.randn(2, 3, config.network.frames, *config.network.size)
    sigma = torch.tensor([0.001, 100.0])
    clean = model(noisy, sigma, conditions(config.network))
    assert torch.allclose(clean[0], noisy[0], atol=1e-3)
    assert float(clean[1].detach().abs().max()) < 0.01


def test_patches_go_apart_and_together() -> None:
    config = NetworkConfig(frames=8, size=(12, 16), patch=(2, 4, 2), group=(2, 3, 4))
    video = torch.randn(2, 3, 8, 12, 16)
    tokens = _grouped(_cells(video, config.patch), config.group, (2, 1, 2))
    assert torch.equal(_joined(tokens, config, (2, 1, 2)), video)


def test_frequencies_turn_patches_and_turn_them_back() -> None:
    turn = _frequencies((2, 3, 4))
    patches = torch.randn(3, 5, 24)
    turned = patches @ turn.T
    assert torch.allclose(turned @ turn, patches, atol=1e-5)
    assert torch.allclose(turned.square().sum(), patches.square().sum(), rtol=1e-5)
    flat = torch.ones(24) @ turn.T  # what doesn't vary is all in the first
    assert torch.allclose(flat[0], torch.tensor(24**0.5)) and float(flat[1:].abs().max()) < 1e-5


def test_neighbours_along_each_axis_and_nothing_beyond() -> None:
    cells = torch.arange(2 * 3 * 4.0).reshape(1, 2, 3, 4, 1) + 1
    for axis, (before, after) in enumerate(_beside(cells), 1):
        assert torch.equal(before.roll(-1, axis).narrow(axis, 0, cells.shape[axis] - 1),
                           cells.narrow(axis, 0, cells.shape[axis] - 1))  # fmt: skip
        assert torch.equal(after.narrow(axis, 0, cells.shape[axis] - 1), cells.narrow(axis, 1, cells.shape[axis] - 1))
        assert not bool(before.narrow(axis, 0, 1).any() or after.narrow(axis, cells.shape[axis] - 1, 1).any())


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_a_factor_for_each_frequency_filters_without_the_layers(axis: int | None) -> None:
    """Only the lowest frequency passes, of the patch itself or of its neighbours along an axis: means of patches."""
    config = preset("toy", "base").network
    network = VideoTransformer(config)
    patch = (2, 4, 4)
    factors = torch.zeros(5, 3, 32)  # of noisy, known, and what is noisy beside along t, y and x
    factors[0 if axis is None else 2 + axis, :, 0] = 1
    torch.nn.init.zeros_(network.filter.weight)
    noisy = torch.randn(1, 3, 4, 12, 16)
    with torch.no_grad():
        network.filter.bias.copy_(factors.flatten())
        made = network(noisy, torch.zeros(1), conditions(config, 1))
    mean = torch.nn.functional.avg_pool3d(noisy, patch)
    if axis is not None:
        sides = _beside(mean.movedim(1, -1))[axis]
        mean = (sides[0] + sides[1]).movedim(-1, 1)
    for along, times in enumerate(patch, 2):
        mean = mean.repeat_interleave(times, along)
    assert torch.allclose(made, mean, atol=1e-5)


def test_known_frames_are_held_until_the_next() -> None:
    known = torch.arange(6.0).view(1, 1, 6, 1, 1).expand(3, 3, 6, 2, 2) + 1
    mask = torch.tensor([[0, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]]).float()
    held = _held(known, mask)[:, 0, :, 0, 0]
    assert held.tolist() == [[2, 2, 2, 2, 6, 6], [0] * 6, [1, 2, 3, 4, 5, 6]]


def test_a_size_of_no_whole_groups_is_padded_and_cropped() -> None:
    config = replace(preset("toy", "base").network, size=(10, 14))
    made = VideoTransformer(config)(torch.randn(2, 3, 4, 10, 14), torch.zeros(2), conditions(config))
    assert made.shape == (2, 3, 4, 10, 14)


def test_every_condition_changes_the_guess() -> None:
    config = preset("toy", "upsampler")
    model = awake(config)
    told = conditions(config.network)
    noisy, sigma = torch.randn(2, 3, 4, 24, 32), torch.tensor([0.5, 0.5])
    assert told.extra is not None
    shown = torch.ones_like(told.mask)
    others = (
        replace(told, mask=shown),
        replace(told, text=told.text + 1),
        replace(told, text_mask=torch.zeros_like(told.text_mask)),
        replace(told, context=1 - torch.clamp(told.context - 1, 0)),
        replace(told, extra=told.extra + 0.5),
        replace(told, window=(2, 0, 0)),
    )
    with torch.no_grad():
        plain = model(noisy, sigma, told)
        for other in others:
            assert not torch.allclose(model(noisy, sigma, other), plain, atol=1e-4)
        # What is not known has no say.
        assert torch.equal(model(noisy, sigma, replace(told, known=told.known * 2)), plain)
        assert not torch.allclose(model(noisy, sigma, replace(told, mask=shown, known=told.known * 2)),
                                  model(noisy, sigma, replace(told, mask=shown)), atol=1e-4)  # fmt: skip


def test_every_pixel_hears_of_every_other() -> None:
    """Through the latents, across groups and frames."""
    config = preset("toy", "base")
    model = awake(config)
    noisy = torch.randn(1, 3, 4, 12, 16, requires_grad=True)
    told = conditions(config.network, 1)
    model(noisy, torch.tensor([0.5]), told)[0, 0, 0, 0, 0].backward()
    assert noisy.grad is not None
    assert bool((noisy.grad[0].abs().amax(0) > 0).all())


def test_videos_of_a_batch_do_not_hear_each_other() -> None:
    config = preset("toy", "base")
    model = awake(config)
    told = conditions(config.network)
    noisy, sigma = torch.randn(2, 3, 4, 12, 16), torch.tensor([0.5, 2.0])
    with torch.no_grad():
        both, one = model(noisy, sigma, told), model(noisy[:1], sigma[:1], told.part(slice(0, 1)))
    assert torch.allclose(both[:1], one, atol=1e-5)


def test_guidance_compares_with_no_prompt() -> None:
    config = preset("toy", "base")
    model = awake(config)
    told = conditions(config.network)
    noisy, sigma = torch.randn(2, 3, 4, 12, 16), torch.tensor([0.5, 0.5])
    with torch.no_grad():
        bare = model(noisy, sigma, replace(told, text_mask=torch.zeros_like(told.text_mask)))
        plain = model(noisy, sigma, told)
        assert torch.allclose(model.guess(noisy, sigma, told, 1.0), plain)
        assert torch.allclose(model.guess(noisy, sigma, told, 4.0), bare + 4 * (plain - bare), atol=1e-4)


def test_enlarging_and_reducing_undo_each_other_for_smooth_videos() -> None:
    ramp = torch.linspace(-0.9, 0.9, 16).expand(1, 3, 2, 9, 16)
    there = reduce(enlarge(ramp, (72, 128)), (9, 16))
    assert torch.allclose(there[..., 2:-2], ramp[..., 2:-2], atol=0.01)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stage", ["base", "upsampler"])
def test_named_sizes_are_what_they_say(name: str, stage: str) -> None:
    config = preset(name, stage)
    assert StageConfig.from_json(config.to_json()) == config
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in Denoiser(config).parameters())
    assert count <= config.network.parameters_at_most <= 5 * count
    if name in ("small", "medium"):
        assert 2 * count <= 15_000_000  # bytes of fp16
    if (name, stage) == ("paper", "base"):
        assert 3e8 < count < 7e8
