"""One stage in training: the loss, a step, the average of its weights, and all that an exact continuation needs.

Every random number comes from a generator that is seeded by (seed, step), so a checkpoint holds none of their states.
"""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import torch
from torch import Tensor

from pipeline.generate.pixel_diffusion.config import StageConfig
from pipeline.generate.pixel_diffusion.data import Batch
from pipeline.generate.pixel_diffusion.denoiser import Denoiser, enlarge, reduce
from pipeline.generate.pixel_diffusion.diffusion import loss_weight, training_sigmas
from pipeline.generate.pixel_diffusion.masks import draw_mask
from pipeline.generate.pixel_diffusion.network import Conditions
from pipeline.generate.pixel_diffusion.text import TextEncoder
from renderer.errors import Refusal

SMALL_FACTOR = 8
"""How much larger than the base's the upsampler's videos are, along a side, where they can be."""


def generator_for(seed: int, step: int, device: str | torch.device = "cpu") -> torch.Generator:
    """The random numbers of one step of one run."""
    return torch.Generator(device).manual_seed((seed * 1_000_003 + step) % (1 << 62))


class Trainer:
    """Owns the weights, their average and the optimiser; `step` is how many steps are done.

    `mixed`: the network runs in bfloat16 where it can, its weights, their average and the loss stay in float32.
    """

    def __init__(
        self, config: StageConfig, encoder: TextEncoder, seed: int = 0, device: str = "cpu", *, mixed: bool = False
    ) -> None:
        torch.manual_seed(seed)
        self.config, self.encoder, self.seed, self.device = config, encoder, seed, torch.device(device)
        self.mixed = mixed
        self.model = Denoiser(config).to(self.device)
        self.average = copy.deepcopy(self.model).requires_grad_(False).eval()
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.train.rate, betas=(0.9, 0.99), weight_decay=0.01
        )
        self.step = 0

    def train_step(self, batch: Batch) -> float:
        """One step of the optimiser; the loss, a mean over the batch. Raises `Refusal` when it is no number."""
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        loss = self.loss(batch, generator_for(self.seed, self.step), self.model).mean()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise Refusal(f"The training left the numbers at step {self.step}; resume with a lower rate.")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return value

    def loss(self, batch: Batch, generator: torch.Generator, model: Denoiser, sigma: Tensor | None = None) -> Tensor:
        """[B] weighted squared errors of x0; `sigma` [B]: instead of drawn ones."""
        conditions = self.conditions(batch, generator)
        target = batch.video.to(self.device)
        if self.config.noise.residual:
            assert conditions.extra is not None
            target = target - conditions.extra
        drawn = training_sigmas(self.config.noise, len(target), generator)
        sigma = (drawn if sigma is None else sigma).to(self.device)
        noise = torch.randn(target.shape, generator=self._beside(generator), device=self.device)
        noisy = target + sigma.view(-1, 1, 1, 1, 1) * noise
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            clean = model(noisy, sigma, conditions)
        errors: Tensor = (clean - target).square().flatten(1).mean(1)
        return loss_weight(self.config.noise, sigma) * errors

    def conditions(self, batch: Batch, generator: torch.Generator, *, plain: bool = False) -> Conditions:
        """What is known of each video: a mask by appendix A, prompt and context unless they are dropped.

        `plain`: no frame is known and nothing is dropped.
        """
        train, count, video = self.config.train, len(batch.video), batch.video.to(self.device)
        mask = torch.stack([draw_mask(video.shape[2], generator)[0] for _ in range(count)]).float().to(self.device)
        dropped = torch.rand(count, 2, generator=generator)
        if plain:
            mask, dropped = torch.zeros_like(mask), torch.ones_like(dropped)
        prompts = ["" if lost else p for p, lost in zip(batch.prompts, dropped[:, 0] < train.text_drop, strict=True)]
        text, there = self.encoder.encode(prompts)
        context = torch.where(dropped[:, 1] < train.context_drop, torch.zeros_like(batch.context), batch.context)
        return Conditions(
            known=video * mask[:, None, :, None, None],
            mask=mask,
            text=text.to(self.device),
            text_mask=there.to(self.device),
            context=context.to(self.device),
            extra=self._small(video, generator) if self.config.network.extra else None,
            window=batch.window,
        )

    def state(self) -> dict[str, Any]:
        """What an exact continuation needs, as tensors and plain values (`torch.load(weights_only=True)`)."""
        return {
            "config": json.dumps(self.config.to_json()),
            "seed": self.seed,
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`. Raises `Refusal` when it is not of this configuration."""
        if state.get("config") != json.dumps(self.config.to_json()) or state.get("seed") != self.seed:
            raise Refusal(
                "The checkpoint is of another configuration or seed; take another --out, or leave out --resume."
            )
        try:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
        except (KeyError, TypeError, ValueError, RuntimeError) as fault:
            raise Refusal(
                "The checkpoint doesn't hold what training needs; leave out --resume to begin anew."
            ) from fault

    def _small(self, video: Tensor, generator: torch.Generator) -> Tensor:
        """The small video of the base, enlarged again, with as much noise as the base may leave in it."""
        h, w = video.shape[3:]
        small = reduce(video, (max(1, h // SMALL_FACTOR), max(1, w // SMALL_FACTOR)))
        much = self.config.train.small_noise * torch.rand(len(video), generator=generator).to(self.device)
        noise = torch.randn(small.shape, generator=self._beside(generator), device=self.device)
        return enlarge((small + much.view(-1, 1, 1, 1, 1) * noise).clamp(-1, 1), (h, w))

    def _beside(self, generator: torch.Generator) -> torch.Generator:
        """Random numbers on our device: `generator` itself, or one that it seeds."""
        if self.device.type == "cpu":
            return generator
        return torch.Generator(self.device).manual_seed(int(torch.randint(1 << 62, (1,), generator=generator)))

    def _rate(self) -> float:
        train = self.config.train
        rise = min(1.0, (self.step + 1) / max(1, train.warmup))
        turn = min(1.0, self.step / train.decay_steps) if train.decay_steps else 0.0
        return train.rate * rise * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * turn)))

    @torch.no_grad()
    def _follow(self) -> None:
        """The average of weights; early on a shorter one, so that it doesn't remember the start."""
        keep = min(0.5 ** (1 / self.config.train.ema_half_life), (1 + self.step) / (10 + self.step))
        for slow, fast in zip(self.average.parameters(), self.model.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)
