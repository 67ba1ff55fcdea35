"""Growth of splats: 3DGS's split, clone, prune and opacity reset, and the growth of new splats only (Appendix D.2).

The tensor surgery is gsplat's (`gsplat.strategy.ops`), which keeps optimiser state and running statistics aligned;
the decisions are here, since Appendix D.2 needs the canonical splats left out of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from gsplat.strategy import ops
from torch import Tensor, nn

from pipeline.lift.schedule import Growth

GROW_SCALE = 0.01
"""Splats larger than this (median scene depth is 1) are split, smaller ones cloned: 3DGS's percent_dense."""
NEW_OPACITY = math.log(0.05 / 0.95)
"""Logit of the opacity that new splats are born with."""
PRUNE_SCALE = 0.5
"""Splats larger than this are pruned after an opacity reset: nothing real is that big before it fills the view."""


Params = dict[str, nn.Parameter]
Optimisers = dict[str, torch.optim.Optimizer]


@dataclass(eq=False)
class Population:
    """The splats' parameters (gsplat's names), one optimiser each, and running statistics of the same length.

    Statistics: grad [N] summed screen gradient, seen [N] how often, is_new [N] bool.
    """

    params: Params
    optimisers: Optimisers
    stats: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stats:
            self.stats = {"is_new": torch.zeros(len(self), dtype=torch.bool, device=self.params["means"].device)}
            self.clear_statistics()

    def __len__(self) -> int:
        return int(self.params["means"].shape[0])

    def clear_statistics(self) -> None:
        zero = torch.zeros(len(self), device=self.params["means"].device)
        self.stats["grad"], self.stats["seen"] = zero, zero.clone()

    @torch.no_grad()
    def observe(self, means2d: Tensor, radii: Tensor, size: tuple[int, int]) -> None:
        """Add one view's screen gradients, in units of half the image as in 3DGS; means2d [1, N, 2] with `.grad`."""
        if means2d.grad is None:
            return
        height, width = size
        gradient = means2d.grad[0] * means2d.grad.new_tensor([width / 2.0, height / 2.0])
        visible = (radii[0] > 0).all(-1)
        self.stats["grad"] += torch.where(visible, gradient.norm(dim=-1), 0.0)
        self.stats["seen"] += visible.float()

    @torch.no_grad()
    def grow(self, rule: Growth, *, only_new: bool, prune_big: bool) -> None:
        """Split and clone where the mean gradient exceeds tau_grad, then prune; statistics start again."""
        mean = self.stats["grad"] / self.stats["seen"].clamp_min(1)
        wanted = self._within_limit(mean, (mean > rule.tau_grad) & self._allowed(only_new), rule.limit)
        small = self.params["scales"].exp().amax(-1) <= GROW_SCALE
        clone, split = wanted & small, wanted & ~small
        before = len(self)
        if clone.any():
            ops.duplicate(self.params, self.optimisers, self.stats, clone)
        added = len(self) - before
        if split.any():
            # Clones stand behind the others; they have just been made and aren't split at once.
            mask = torch.cat([split, torch.zeros(added, dtype=torch.bool, device=split.device)])
            ops.split(self.params, self.optimisers, self.stats, mask)
        self.prune(rule.tau_alpha, only_new=only_new, prune_big=prune_big)
        self.clear_statistics()

    @torch.no_grad()
    def prune(self, tau_alpha: float, *, only_new: bool, prune_big: bool) -> None:
        """Remove the nearly transparent and, on request, the hugely grown."""
        useless = self.params["opacities"].sigmoid() < tau_alpha
        if prune_big:
            useless |= self.params["scales"].exp().amax(-1) > PRUNE_SCALE
        useless &= self._allowed(only_new)
        if useless.any() and not useless.all():
            ops.remove(self.params, self.optimisers, self.stats, useless)

    @torch.no_grad()
    def seed_new(self, rule: Growth) -> None:
        """Appendix D.2: where the canonical splats' gradients exceed tau_grad, put one new splat on each.

        New splats are born faint: at their parent's opacity they would thicken it at once in every other view.
        """
        mean = self.stats["grad"] / self.stats["seen"].clamp_min(1)
        wanted = self._within_limit(mean, mean > rule.tau_grad, rule.limit)
        before = len(self)
        if wanted.any():
            ops.duplicate(self.params, self.optimisers, self.stats, wanted)
        self.stats["is_new"][before:] = True
        self.params["opacities"][before:].clamp_(max=NEW_OPACITY)
        self.clear_statistics()

    @torch.no_grad()
    def reset_opacities(self, tau_alpha: float) -> None:
        """Pull every opacity down to twice the pruning threshold; what the views need comes back."""
        ops.reset_opa(self.params, self.optimisers, self.stats, value=2.0 * tau_alpha)

    def _allowed(self, only_new: bool) -> Tensor:
        return self.stats["is_new"] if only_new else torch.ones_like(self.stats["is_new"])

    def _within_limit(self, score: Tensor, wanted: Tensor, limit: int) -> Tensor:
        room = max(limit - len(self), 0)
        if int(wanted.sum()) <= room:
            return wanted
        keep = torch.zeros_like(wanted)
        if room:
            keep[torch.where(wanted, score, score.new_tensor(-1.0)).topk(room).indices] = True
        return keep
