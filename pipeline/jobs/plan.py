"""What a lift will do, before it does it: the stages of its settings, for people. No torch."""

from __future__ import annotations

from pipeline.lift.schedule import table_of
from pipeline.messages import StageStarted
from pipeline.project.project import LiftSettings

POSES = "poses"


def stages_of(settings: LiftSettings) -> tuple[StageStarted, ...]:
    """The stages as the lift announces them: solving the cameras, then the rows of its table."""
    rows = table_of(settings.preset, settings.without, settings.prior, settings.upsampler).phases
    count = 1 + len(rows)
    first = StageStarted(POSES, 0, count, 0)
    return first, *(
        StageStarted(row.name, 1 + i, count, row.steps, row.frozen, tuple(row.weights)) for i, row in enumerate(rows)
    )
