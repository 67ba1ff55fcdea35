"""What a step is judged by: a rendered frame against the real one, regular motion, and score distillation.

Eq. 2 on the frame that is looked at, Eq. 3 on the deformation that it is seen through, Eq. 7, 8, 11 and 12 on the
temporal field where that is trained, Eq. 6 where a row distils. Weights are the row's; nothing is optimised here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.lift import losses
from pipeline.lift.footage import Footage
from pipeline.lift.schedule import TEMPORAL, Phase
from pipeline.lift.sds import Distiller
from renderer.camera import Camera
from renderer.diff.deformation import DeformationField, NodeField
from renderer.diff.rasterize import Rendering, rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch

CONTROL_WINDOW = {True: 16, False: 2}
"""Consecutive codes the motion regularisers look at in one step, for nodes and for the network on splats."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What a step looks at: a real picture [H, W, 3] in [0, 1], its camera, and the motion that it is seen through.

    `small`: whether Eq. 3 keeps that motion small, as it does with freeze-time frames.
    """

    target: Tensor
    view: CameraBatch
    motion: DeformationField | None
    code: float
    small: bool = False

    def deformed(self, active: ActiveSplats, terms: dict[str, Tensor]) -> ActiveSplats:
        """The splats as they are seen; Eq. 3 is noted in `terms`."""
        if self.motion is None:
            return active
        offsets = self.motion.offsets(active, self.code)
        if self.small:
            terms["small-motion"] = losses.small_motion(offsets).mean()
        return offsets.apply(active)


@dataclass(eq=False)
class Objective:
    """The loss of a step.

    Attributes:
        cameras: of the freeze-time frames, as tuned by now, which distillation sets out from.
        random: chooses the window of frames that motion is compared within.
        distiller: of rows that distil; without one they don't.
    """

    footage: Footage
    temporal: DeformationField
    cameras: Callable[[], Sequence[Camera]]
    random: torch.Generator
    distiller: Distiller | None = None
    _neighbours: tuple[Tensor, Tensor] | None = None

    def scored(
        self, phase: Phase, place: tuple[int, int], active: ActiveSplats, sight: Sight, alone: int | None
    ) -> tuple[Rendering, Tensor]:
        """The picture that `sight` compares, and the weighted loss of the step at `place` (row, step of the row).

        `alone`: position of the one reference frame that is being found; None: motion is trained at all times.
        """
        terms: dict[str, Tensor] = {}
        shown = sight.deformed(active, terms)
        if TEMPORAL in phase.trains:
            terms |= self._motion_terms(active, alone)
        terms |= self._distilled(phase, place, active)
        rendering = rasterize(shown, sight.view)
        image, goal = rendering.image, sight.target[None]
        terms["l1"] = losses.reconstruction(image, goal).mean()
        if phase.weights.get("ssim", 0.0):
            terms["ssim"] = 1.0 - losses.ssim(image, goal).mean()
        loss = sum((phase.weights[name] * term for name, term in terms.items() if name in phase.weights), start=0.0)
        assert isinstance(loss, Tensor)
        return rendering, loss

    @property
    def times(self) -> tuple[float, ...]:
        """Reference times that distillation looked at in this step, besides the frame of the step."""
        return () if self.distiller is None else self.distiller.times

    def _distilled(self, phase: Phase, place: tuple[int, int], active: ActiveSplats) -> dict[str, Tensor]:
        if self.distiller is None:
            return {}

        def show(time: float | None) -> ActiveSplats:
            if time is None or time == self.temporal.canonical_code:
                return active
            return self.temporal.offsets(active, float(time)).apply(active)

        return self.distiller.terms(phase, *place, self.footage, self.cameras, show)

    def _motion_terms(self, active: ActiveSplats, alone: int | None) -> dict[str, Tensor]:
        """Eq. 7, 8, 11, 12 on the field's control points over a window of consecutive reference frames.

        A frame that is found alone is compared with its inner neighbour.
        """
        frames = self.footage.reference_frames
        if alone is None:
            window = min(CONTROL_WINDOW[isinstance(self.temporal, NodeField)], len(frames))
            first = int(torch.randint(len(frames) - window + 1, (1,), generator=self.random))
        else:
            window, first = 2, alone - (1 if alone > self.footage.canonical_reference else 0)
        codes = torch.tensor(frames[first : first + window], dtype=torch.float32, device=active.means.device)
        motion = self.temporal.controls(active, codes)
        terms = {"norm": losses.motion_norm(motion.offsets).mean()}
        if window > 1:
            index, weight = self._neighbourhood(motion.x0)
            terms["diff"] = losses.motion_difference(motion).mean()
            terms["rigid"] = losses.local_rigidity(motion, index, weight).mean()
            terms["rot"] = losses.rotation_agreement(motion, index, weight).mean()
        return terms

    def _neighbourhood(self, x0: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes never move at rest, so their neighbours are found once; random controls need theirs anew."""
        if not isinstance(self.temporal, NodeField):
            return losses.neighbourhood(x0)
        if self._neighbours is None:
            self._neighbours = losses.neighbourhood(x0)
        return self._neighbours
