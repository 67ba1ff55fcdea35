"""Optimisers and their learning rates: exponential decay over each stage of the schedule (Appendix D.4, 3DGS)."""

from __future__ import annotations

import torch
from torch import nn

from pipeline.lift.schedule import Phase, Rates, Schedule


def adam(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Adam as 3DGS has it."""
    # 3DGS's eps: gradients of single splats are far below Adam's default of 1e-8.
    return torch.optim.Adam(parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-15, fused=True)


def share_of_stage(schedule: Schedule, index: int, step: int) -> float:
    """How far the stage of row `index` has come at its step `step`, in [0, 1]."""
    rows, here = schedule.phases, schedule.phases[index].stage
    total = sum(row.steps for row in rows if row.stage == here)
    done = sum(row.steps for row in rows[:index] if row.stage == here)
    return (done + step) / max(total, 1)


def splat_rates(rates: Rates, phase: Phase, share: float) -> dict[str, float]:
    """Rates of the splats' parameters, under gsplat's names."""
    fixed = {"scales": rates.scales, "quats": rates.quats, "opacities": rates.opacities, "rgb": rates.rgb}
    moving = {"means": decayed(rates.means, share)}
    return {name: rate * phase.lr_scale for name, rate in (moving | fixed).items()}


def decayed(ends: tuple[float, float], share: float) -> float:
    """Exponential from the first to the second rate (3DGS)."""
    return float(ends[0] * (ends[1] / ends[0]) ** min(max(share, 0.0), 1.0))


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """For all that it owns."""
    for group in optimiser.param_groups:
        group["lr"] = rate
