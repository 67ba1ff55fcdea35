"""Which frame a step looks at: rounds of all frames in random order, or each in turn, outwards from the canonical one.

A frame that is visited outwards starts from its inner neighbour's motion, carried on by optical flow (`tracking`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.lift.footage import Footage
from pipeline.lift.schedule import BOTH, REFERENCE, Phase
from pipeline.lift.tracking import believed_flow, follow
from renderer.diff.deformation import NodeField
from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch


@dataclass(eq=False)
class Visits:
    """Shuffled rounds: `queue` holds what is left of the present one, `random` decides the next.

    `anchor_every`: see `Schedule`.
    """

    footage: Footage
    anchor_every: int
    random: torch.Generator
    queue: list[int] = field(default_factory=list)

    def next(self, phase: Phase, step: int, reference: bool) -> int:
        """Position of the frame of the reference or the freeze-time video that this step of the row looks at."""
        freeze, times = self.footage.freeze_frames, self.footage.reference_frames
        every = self.anchor_every * (2 if phase.views == BOTH else 1)
        if not reference and every and step % every == 0:
            return self.footage.canonical_freeze
        if not self.queue:
            rounds = len(times) if phase.views != "freeze-time" else 0
            rounds = max(rounds, len(freeze) if phase.views != REFERENCE else 0)
            self.queue = torch.randperm(rounds, generator=self.random).tolist()
        return self.queue.pop() % len(times if reference else freeze)


def outward_turn(phase: Phase, step: int, home: int, count: int) -> tuple[int, int | None]:
    """Which of `count` frames has its turn, by share of the row, and at the first step of a turn its inner neighbour.

    Frames after `home` come first, nearest first, then those before it.
    """
    order = [*range(home + 1, count), *range(home - 1, -1, -1)]
    if not order:
        return home, None
    turn, before = (at * len(order) // phase.steps for at in (step, step - 1))
    position = order[turn]
    return position, None if turn == before else position - (1 if position > home else -1)


def share_of_turn(phase: Phase, step: int, count: int) -> float:
    """How far the frame that is being found has come, in [0, 1)."""
    return (step * max(count - 1, 1) / phase.steps) % 1.0


@torch.no_grad()
def carry_motion(nodes: NodeField, active: ActiveSplats, footage: Footage, source: int, target: int) -> None:
    """Start a reference frame from its neighbour: the same motion plus what optical flow sees between them."""
    images, code = footage.reference_images, float(footage.reference_frames[source])
    view = CameraBatch.of([footage.canonical_camera], images)
    depth = rasterize(nodes.offsets(active, code).apply(active), view).depth[0, ..., 0]
    flow, ok = believed_flow(_array(images[source]), _array(images[target]))
    translation, _ = nodes.motion(nodes.codes.new_tensor([code]))
    where = _array(nodes.positions + translation[0])
    shift = follow(where, _array(nodes.positions), footage.canonical_camera, _array(depth), flow, ok)
    nodes.carry(source, target, torch.from_numpy(shift).to(nodes.positions))


def _array(x: Tensor) -> npt.NDArray[np.float64]:
    return x.detach().double().cpu().numpy()
