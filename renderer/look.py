"""How splats are painted: their colours, centres, depth, or how far they are moved; one meaning for every back end.

A paint changes colours (and for centres shapes), never where a splat is. Depth and deformation become colours of
a ramp, splat by splat, before blending, so that OpenGL and the CPU make the same picture of them.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from renderer.camera import Camera
from renderer.snapshot import Float32, MotionTable, Snapshot

DOT_SIGMA = 0.8  # px, of a centre: about 4 px across with its soft rim
DOT_OPACITY = 0.9
QUIET = 0.3  # of the ramp: below it a deformation fades into the scene's own grey
GREY = 0.5  # how bright the scene stays where nothing moves

RAMPS: dict[str, Float32] = {
    # Dark to bright and readable without red-green vision; near is bright.
    "depth": np.array(
        [[0.96, 0.90, 0.33], [0.48, 0.80, 0.42], [0.14, 0.60, 0.55], [0.19, 0.41, 0.56], [0.25, 0.24, 0.50],
         [0.20, 0.06, 0.33]],
        np.float32,
    ),
    "deformation": np.array(
        [[0.20, 0.16, 0.45], [0.45, 0.16, 0.50], [0.71, 0.22, 0.44], [0.91, 0.38, 0.31], [0.98, 0.62, 0.24],
         [0.99, 0.90, 0.50]],
        np.float32,
    ),
}  # fmt: skip
"""Six colours each, sRGB, evenly spaced from 0 to 1 and mixed linearly between."""


class Paint(enum.Enum):
    """What a splat's colour says."""

    COLOUR = "colour"
    CENTRES = "centres"
    DEPTH = "depth"
    DEFORMATION = "deformation"


@dataclass(frozen=True)
class Look:
    """A paint and the range that its ramp spans: camera z for depth (on a log scale), |dx| for deformation."""

    paint: Paint = Paint.COLOUR
    low: float = 0.0
    high: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return {"paint": self.paint.value, "low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Look:
        """Read what `to_json` wrote."""
        return cls(Paint(data["paint"]), float(data["low"]), float(data["high"]))


PLAIN = Look()
"""The scene's own colours."""


@dataclass(frozen=True)
class Ranges:
    """What a scene's ramps span, so that a colour means the same from every camera and at every time.

    Attributes:
        depth: camera z, scene units. temporal, per_frame: the larger |dx| of each motion table, scene units.
    """

    depth: tuple[float, float] = (1.0, 2.0)
    temporal: float = 1.0
    per_frame: float = 1.0

    @classmethod
    def of(cls, snapshot: Snapshot) -> Ranges:
        """Depth: what the reference camera sees, with some room; motion: all but the largest fiftieth of the rows."""
        depth = _depths(snapshot, snapshot.reference_camera)
        return cls(depth, _large(snapshot.temporal), _large(snapshot.per_frame))

    def look(self, paint: Paint, temporal: bool = True) -> Look:
        """The look with this scene's range; `temporal`: motion is that of time, else that of freeze-time frames."""
        if paint is Paint.DEPTH:
            return Look(paint, *self.depth)
        return Look(paint, 0.0, self.temporal if temporal else self.per_frame)


def ramp(name: str, share: Float32) -> Float32:
    """[..., 3] colours of a ramp at `share` [...], clamped to 0 and 1."""
    stops = RAMPS[name]
    at = np.clip(share, 0.0, 1.0) * np.float32(len(stops) - 1)
    low = np.minimum(at.astype(np.int64), len(stops) - 2)
    rest = (at - low)[..., None]
    mixed: Float32 = (stops[low] * (1 - rest) + stops[low + 1] * rest).astype(np.float32)
    return mixed


def deformation_by_frame(snapshot: Snapshot) -> dict[int, float]:
    """How inconsistent each freeze-time frame is: the mean |dx| (section 3.3) of the splats that it moves.

    In scene units, weighted by opacity, over all splats that any frame moves, so that frames compare. Keyed by
    source frame index; empty without per-frame motion.
    """
    table = snapshot.per_frame
    weight = snapshot.opacities[table.rows].astype(np.float64)
    if not len(table.rows) or weight.sum() <= 0:
        return {}
    lengths = [np.linalg.norm(sample[:, :3].astype(np.float32), axis=1) for sample in table.offsets]
    return {
        round(float(k)): float((length * weight).sum() / weight.sum())
        for k, length in zip(table.positions, lengths, strict=True)
    }


def _depths(snapshot: Snapshot, camera: Camera) -> tuple[float, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels, z = camera.project(snapshot.means.astype(np.float64))
    seen = (z > 0.01) & (snapshot.opacities > 0.1)
    seen &= (pixels >= 0).all(1) & (pixels <= np.array(camera.size[::-1])).all(1)
    if not seen.any():
        return 1.0, 2.0
    low, high = (float(value) for value in np.percentile(z[seen], (1, 95)))
    return 0.8 * low, max(1.25 * high, 0.9 * low)


def _large(table: MotionTable) -> float:
    """The 98th percentile, over the rows, of each row's largest |dx|; 1 where nothing moves."""
    if not len(table.rows):
        return 1.0
    top = np.zeros(len(table.rows), np.float32)
    for sample in table.offsets:
        np.maximum(top, np.linalg.norm(sample[:, :3].astype(np.float32), axis=1), out=top)
    large = float(np.percentile(top, 98))
    return large if large > 0 and math.isfinite(large) else 1.0
