"""Reading what is noted of a take's making. It comes from project files, so whatever does not fit is as if not there.

How it is laid out is said in `pipeline.generate.adapters`; `coverage` is added by the job that keeps a freeze-time
take.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Coverage:
    """Degrees before (left) and after (right) frame `canonical`; `solved`: from solved cameras, not from flow."""

    canonical: int
    left: float
    right: float
    solved: bool = False

    @property
    def degrees(self) -> float:
        """Both sides together."""
        return self.left + self.right

    def to_json(self) -> dict[str, Any]:
        left, right = round(self.left, 1), round(self.right, 1)
        return {"canonical": self.canonical, "left": left, "right": right, "solved": self.solved}


def coverage_in(provenance: Mapping[str, Any]) -> Coverage | None:
    """How far the camera goes around, as it was when the take was kept."""
    return coverage_of(provenance.get("coverage"))


def coverage_of(told: Any) -> Coverage | None:
    """Read what `Coverage.to_json` wrote."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        found = Coverage(int(told["canonical"]), float(told["left"]), float(told["right"]), bool(told["solved"]))
        if found.canonical >= 0 and 0 <= found.left <= 1e4 and 0 <= found.right <= 1e4:
            return found
    return None


def seams_in(provenance: Mapping[str, Any]) -> dict[int, float]:
    """Score, 0 to 1, of the seam after each frame that has one."""
    with contextlib.suppress(TypeError, ValueError):
        seams = {int(frame): float(score) for frame, score in provenance.get("seams", ())}
        if all(math.isfinite(score) for score in seams.values()):
            return seams
    return {}


def piece_in(provenance: Mapping[str, Any], frame: int) -> tuple[int, Mapping[str, Any]] | None:
    """Where a frame stood in what the provider made, and what it told of that; None for one that was given."""
    with contextlib.suppress(KeyError, IndexError, TypeError, ValueError, AttributeError):
        for piece in provenance.get("pieces", ()):
            if frame in piece["frames"]:
                return int(piece["places"][piece["frames"].index(frame)]), piece
    return None
