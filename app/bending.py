"""How far a lift had to bend each freeze-time frame to make it agree with the others (|dx| of section 3.3).

A frame that was bent much more than the rest contradicts them: one to drop or to re-roll.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

ODD = 2.0
"""Times the usual: frames of sound videos, the ends of an orbit included, stay below 1.8 in our lifts."""


@dataclass(frozen=True)
class Bending:
    """Of the freeze-time take `take`, by source frame: mean |dx| of its splats over the distance to the scene."""

    take: str = ""
    by_frame: Mapping[int, float] = field(default_factory=dict, hash=False)

    @property
    def usual(self) -> float:
        """The median over frames that are bent at all; the canonical one never is."""
        bent = [value for value in self.by_frame.values() if value > 0]
        return median(bent) if bent else 0.0

    def share(self, frame: int) -> float | None:
        """0 to 1 of the most that any frame is bent; None for a frame that the lift did not see."""
        most = max(self.by_frame.values(), default=0.0)
        value = self.by_frame.get(frame)
        return None if value is None else value / most if most > 0 else 0.0

    def is_odd(self, frame: int) -> bool:
        """Whether a frame is bent much further than frames usually are."""
        return self.by_frame.get(frame, 0.0) > ODD * self.usual > 0

    def words(self, frame: int) -> str:
        """What is to be told of a frame; empty for one that the lift did not see."""
        value = self.by_frame.get(frame)
        if value is None:
            return ""
        told = f"bent by {100 * value:.2g} % of the distance to the scene" if value else "not bent: the others are"
        return told + (", far more than the others: it contradicts them" if self.is_odd(frame) else "")
