"""The sizes that have a name: a toy for tests, for a laptop, for a GPU, and the paper's (section 3.2, Snap Video)."""

from __future__ import annotations

from dataclasses import replace

from pipeline.generate.pixel_diffusion.config import NetworkConfig, NoiseConfig, StageConfig, TrainConfig

NAMES = ("toy", "small", "medium", "paper")

_TOY = StageConfig(
    name="toy", text="ngrams",
    network=NetworkConfig(
        frames=4, size=(12, 16), patch=(2, 4, 4), group=(2, 3, 2), channels=32, latent_channels=32, head=16, latents=2,
        blocks=1, global_layers=1, text_width=64,
    ),
    noise=NoiseConfig(sigma_in=2.0),
    train=TrainConfig(batch=4, rate=3e-3, warmup=5, ema_half_life=10.0, chunk=8, steps_per_chunk=4, max_chunks=4),
)  # fmt: skip

# Less than half a second a step on one core, for 8 videos; all tokens in one group, so that patches fit one another.
_SMALL = StageConfig(
    name="small",
    network=NetworkConfig(
        patch=(4, 6, 8), group=(4, 6, 8), channels=192, latent_channels=192, head=64, latents=32, local_layers=2,
    ),
    train=TrainConfig(rate=1.5e-3, warmup=100, decay_steps=9500, ema_half_life=300.0, max_chunks=100),
)  # fmt: skip

# What an hour on one GPU can train, and still at most 15 MB.
_MEDIUM = replace(
    _SMALL, name="medium",
    network=NetworkConfig(
        patch=(1, 4, 4), group=(16, 3, 4), channels=128, latent_channels=256, latents=16, blocks=3,
    ),
    train=TrainConfig(
        batch=64, rate=1e-3, warmup=500, ema_half_life=1000.0, chunk=256, steps_per_chunk=16, max_chunks=200
    ),
)  # fmt: skip

# 500 M parameters, 64 x 40 inside with 4 px of padding; the rate and the batch are those of a run over many GPUs.
_PAPER = StageConfig(
    name="paper",
    network=NetworkConfig(
        patch=(1, 4, 4), group=(16, 5, 4), channels=768, latent_channels=1024, head=64, latents=64, blocks=6,
        global_layers=4,
    ),
    noise=NoiseConfig(sigma_data=1.0, weighting="snap"),
    train=TrainConfig(
        batch=2048, rate=1e-4, warmup=10_000, decay_steps=550_000, ema_half_life=6000.0, chunk=8192,
        steps_per_chunk=64, max_chunks=1 << 12,
    ),
)  # fmt: skip

# Snap Video's upsampler denoises the picture itself; a small one is given what the small video tells already and
# denoises the difference.
_UPSAMPLERS = {
    "toy": (
        replace(_TOY.network, size=(24, 32), extra=3),
        replace(_TOY.noise, sigma_in=4.0, sigma_data=0.1, residual=True),
        replace(_TOY.train, crop=(2, 12, 16)),
    ),
    "small": (
        NetworkConfig(
            size=(288, 512), patch=(2, 8, 8), group=(4, 6, 8), channels=96, latent_channels=96, latents=4, blocks=2,
            global_layers=1, extra=3,
        ),
        # Mostly at strong noise, and sampled in one step: the little training there is goes into the mean of detail.
        NoiseConfig(sigma_in=8.0, sigma_data=0.1, sigma_max=10.0, p_mean=1.0, p_std=1.0, residual=True),
        TrainConfig(
            batch=4, warmup=100, decay_steps=1500, crop=(8, 96, 128), chunk=16, steps_per_chunk=64, max_chunks=8
        ),
    ),
    "medium": (
        NetworkConfig(
            size=(288, 512), patch=(2, 8, 8), group=(4, 6, 8), channels=128, latent_channels=192, latents=8, blocks=3,
            extra=3,
        ),
        NoiseConfig(sigma_in=8.0, sigma_data=0.1, sigma_max=10.0, residual=True),
        TrainConfig(batch=16, rate=1e-3, warmup=500, ema_half_life=1000.0, crop=(8, 96, 128), chunk=16,
                    steps_per_chunk=64, max_chunks=64),
    ),
    "paper": (
        replace(_PAPER.network, size=(288, 512), group=(16, 18, 16), extra=3),
        replace(_PAPER.noise, sigma_in=32.0),
        replace(_PAPER.train, decay_steps=370_000, chunk=64),
    ),
}  # fmt: skip


def preset(name: str, stage: str) -> StageConfig:
    """The stage of a named size."""
    base = {"toy": _TOY, "small": _SMALL, "medium": _MEDIUM, "paper": _PAPER}[name]
    if stage == "base":
        return base
    network, noise, train = _UPSAMPLERS[name]
    return replace(base, stage=stage, network=network, noise=noise, train=train)
