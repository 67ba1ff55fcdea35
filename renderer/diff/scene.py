"""A deformable scene: canonical splats, what each freeze-time frame deforms, what time deforms (Figure 3).

It is evaluated, never optimised, here: the trainer owns optimisers. `bake` turns it into a `Snapshot`, which
needs no torch to be shown, rendered or exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from renderer.camera import Camera
from renderer.diff.deformation import DeformationField
from renderer.diff.splats import ActiveSplats, Splats
from renderer.snapshot import MotionTable, Snapshot

STILL_BELOW = 2e-4
"""Splats whose every offset stays below this (median scene depth is 1) are baked as still: at one unit of depth
and a focal length of 500 px it is a tenth of a pixel."""


@dataclass(eq=False)
class DeformableScene:
    """Splats, both fields (None: not there) and the cameras.

    Attributes:
        reference_camera: the still camera of the reference video, also the canonical view.
        freeze_cameras: camera of each freeze-time frame, by source frame index.
    """

    splats: Splats
    per_frame: DeformationField | None
    temporal: DeformationField | None
    reference_camera: Camera
    freeze_cameras: dict[int, Camera]
    info: dict[str, Any] = field(default_factory=dict)

    def canonical(self) -> ActiveSplats:
        return self.splats.activate()

    def at(self, time: float) -> ActiveSplats:
        """The scene at a reference time, in reference frames."""
        return _deform(self.canonical(), self.temporal, time)

    def as_seen_in(self, frame: float) -> ActiveSplats:
        """The canonical scene with the inconsistencies of freeze-time frame `frame` (section 3.3)."""
        return _deform(self.canonical(), self.per_frame, frame)

    @torch.no_grad()
    def bake(self, times: Sequence[float], frames: Sequence[float]) -> Snapshot:
        """Sample both motions at these codes; a splat that nowhere moves carries no samples."""
        active = self.canonical()

        def array(x: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
            return np.ascontiguousarray(x.detach().cpu().float().numpy())

        return Snapshot(
            means=array(active.means),
            quats=array(active.quats),
            scales=array(active.scales),
            opacities=array(active.opacities),
            rgb=array(active.rgb.clamp(0, 1)),
            temporal=_bake_table(active, self.temporal, times),
            per_frame=_bake_table(active, self.per_frame, frames),
            reference_camera=self.reference_camera,
            freeze_cameras=dict(self.freeze_cameras),
            info=dict(self.info),
        )


def _deform(splats: ActiveSplats, motion: DeformationField | None, code: float) -> ActiveSplats:
    if motion is None or code == motion.canonical_code:
        return splats
    return motion.offsets(splats, code).apply(splats)


def _bake_table(splats: ActiveSplats, motion: DeformationField | None, codes: Sequence[float]) -> MotionTable:
    if motion is None or len(codes) == 0 or len(splats) == 0:
        return MotionTable.still()
    motion.bind(splats)
    samples = []
    for code in codes:
        o = motion.offsets(splats, code)
        samples.append(torch.cat([o.dx, o.dq, o.ds], -1).detach().cpu())
    stacked = torch.stack(samples)
    moving = (stacked.abs().amax((0, 2)) > STILL_BELOW).nonzero()[:, 0]
    return MotionTable(
        np.asarray(codes, np.float32),
        moving.numpy().astype(np.int32),
        stacked[:, moving].numpy().astype(np.float16),
    )
