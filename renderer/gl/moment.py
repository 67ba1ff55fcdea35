"""Which of the scene's shapes is looked at: canonical, as one freeze-time frame saw it, or at a reference time.

A value that both viewport back ends share; it imports neither vispy nor Qt.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from renderer.snapshot import MotionTable, Posed, Snapshot


class Mode(enum.Enum):
    """The three ways to show a deformable scene (sections 3.3 and 3.4 of the paper)."""

    CANONICAL = "canonical"
    PER_FRAME = "per_frame"
    TEMPORAL = "temporal"


@dataclass(frozen=True)
class Moment:
    """A mode and where in it: reference frames (temporal) or a freeze-time frame index (per frame)."""

    mode: Mode = Mode.TEMPORAL
    position: float = 0.0

    def table(self, snapshot: Snapshot) -> MotionTable | None:
        """The motion table that this moment reads; None where nothing moves."""
        tables = {Mode.PER_FRAME: snapshot.per_frame, Mode.TEMPORAL: snapshot.temporal}
        table = tables.get(self.mode)
        return table if table is not None and len(table.rows) else None

    def posed(self, snapshot: Snapshot) -> Posed:
        """The splats of `snapshot` at this moment."""
        if self.mode is Mode.PER_FRAME:
            return snapshot.as_seen_in(self.position)
        if self.mode is Mode.TEMPORAL:
            return snapshot.at(self.position)
        return snapshot.canonical()
