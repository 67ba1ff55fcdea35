from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.pixel_diffusion.config import NoiseConfig
from pipeline.generate.pixel_diffusion.diffusion import (
    Churn,
    dynamic_threshold,
    guided,
    loss_weight,
    precondition,
    sample,
    schedule,
    training_sigmas,
)

SIGMAS = st.floats(0.01, 300.0)
NOISES = st.builds(NoiseConfig, sigma_in=st.sampled_from([1.0, 4.0, 32.0]), sigma_data=st.sampled_from([0.1, 0.5, 1.0]))


def double(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@given(NOISES, SIGMAS)
def test_the_true_v_gives_the_clean_video_back(config: NoiseConfig, sigma: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 8, generator=generator, dtype=torch.float64)
    eps = torch.randn(1, 8, generator=generator, dtype=torch.float64)
    s, sd = sigma / config.sigma_in, config.sigma_data
    v = (sd**2 * eps - s * x) / (sd * math.sqrt(s**2 + sd**2))
    c = precondition(config, double(sigma), 2)
    assert torch.allclose(c.skip * (x + sigma * eps) + c.out * v, x, atol=1e-9)


@given(NOISES, SIGMAS)
def test_what_the_network_sees_has_unit_variance(config: NoiseConfig, sigma: float) -> None:
    c = precondition(config, double(sigma), 1)
    assert float(c.inp**2 * (config.sigma_data**2 + sigma**2)) == pytest.approx(1)


@given(SIGMAS)
def test_without_input_scaling_the_coefficients_are_edms(sigma: float) -> None:
    config = NoiseConfig(sigma_in=1.0, sigma_data=0.5)
    c = precondition(config, double(sigma), 1)
    total = 0.25 + sigma**2
    assert float(c.skip) == pytest.approx(0.25 / total)
    assert abs(float(c.out)) == pytest.approx(sigma * 0.5 / math.sqrt(total))
    assert float(c.noise) == pytest.approx(math.log(sigma) / 4)


@given(NOISES, SIGMAS)
def test_snaps_weight_of_the_networks_error_is_the_published_one(config: NoiseConfig, sigma: float) -> None:
    snap = NoiseConfig(sigma_in=config.sigma_in, sigma_data=config.sigma_data, weighting="snap")
    s, sd = sigma / config.sigma_in, config.sigma_data
    published = (s**2 + sd**2) ** 2 / (s**2 + sd**2 / config.sigma_in) ** 2
    effective = loss_weight(snap, double(sigma)) * precondition(snap, double(sigma), 1).out ** 2
    assert float(effective) == pytest.approx(published)
    assert float(loss_weight(config, double(sigma)) * precondition(config, double(sigma), 1).out ** 2) == pytest.approx(
        1
    )


def test_training_sigmas_are_log_normal_around_the_scaled_mean() -> None:
    config = NoiseConfig()
    logs = torch.log(training_sigmas(config, 4096, torch.Generator().manual_seed(1)) / config.sigma_in)
    assert float(logs.mean()) == pytest.approx(config.p_mean, abs=0.01)
    assert float(logs.std()) == pytest.approx(config.p_std, abs=0.02)


def test_the_schedule_falls_from_the_scaled_maximum_to_nothing() -> None:
    sigmas = schedule(NoiseConfig(), 18)
    assert len(sigmas) == 19
    assert float(sigmas[0]) == pytest.approx(320)
    assert float(sigmas[-2]) == pytest.approx(0.008)
    assert float(sigmas[-1]) == 0
    assert bool((sigmas.diff() < 0).all())


@pytest.mark.parametrize("churn", [0.0, 20.0])
def test_both_samplers_reach_the_distribution_of_an_analytic_gaussian(churn: float) -> None:
    mean, std = 0.4, 0.25
    sigmas = schedule(NoiseConfig(), 80)
    noise = torch.randn(20000, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def denoise(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        keep = std**2 / (std**2 + sigma[:, None] ** 2)
        return mean + keep * (x - mean)

    states = list(
        sample(denoise, noise, sigmas, churn=Churn(churn, inflate=1.0), generator=torch.Generator().manual_seed(3))
    )
    assert len(states) == 80
    x = states[-1][0]
    assert float(x.mean()) == pytest.approx(mean, abs=0.01)
    assert float(x.std()) == pytest.approx(std, rel=0.03)
    # Noise that was put back has changed which sample it is, not of what.
    kept = float(torch.corrcoef(torch.stack([x[:, 0], noise[:, 0]]))[0, 1])
    assert kept > 0.999 if churn == 0 else kept < 0.99


def test_heuns_error_falls_faster_than_eulers_would() -> None:
    """For a point the ODE is x' = (x - x0) / sigma, whose solution is a line: two steps are exact."""
    target = torch.full((1, 3), 0.7, dtype=torch.float64)
    noise = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    *_, (x, _) = sample(lambda _x, _s: target, noise, schedule(NoiseConfig(), 2))
    assert torch.allclose(x, target, atol=1e-12)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_guidance_goes_along_the_line_of_both_guesses(a: float, b: float) -> None:
    conditional, unconditional = double(a), double(b)
    assert torch.allclose(guided(conditional, unconditional, 1.0), conditional, atol=1e-12)
    assert torch.equal(guided(conditional, unconditional, 0.0), unconditional)
    assert float(guided(conditional, unconditional, 3.0)) == pytest.approx(b + 3 * (a - b))


@settings(max_examples=20)
@given(st.floats(0.1, 8.0))
def test_thresholding_keeps_what_is_inside_and_scales_what_is_not(scale: float) -> None:
    x = torch.linspace(-1, 1, 101)[None] * scale
    out = dynamic_threshold(x)
    assert float(out.abs().max()) <= 1 + 1e-6
    assert torch.equal(out, x) if scale <= 1 else float(out.abs().max()) == pytest.approx(1)
