"""What a lift will do, before it does it: the stages of its settings, and the models that it loads. No torch."""

from __future__ import annotations

from pipeline.generate import priors, upsamplers
from pipeline.lift.schedule import ablated, chosen_prior, preset, table_of
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


def models_of(settings: LiftSettings) -> tuple[str | None, str | None]:
    """What the prior and the upsampler of a lift are by content; None: it goes without.

    Raises `Refusal` when one is asked for by name and not there, whether or not the table would use it.
    """
    wish = chosen_prior(ablated(preset(settings.preset), settings.without), settings.prior)
    if wish is None and settings.prior not in (priors.AUTO, priors.NONE):
        priors.content_of(settings.prior)
    return (
        None if wish is None else priors.content_of(wish),
        None if settings.upsampler == priors.NONE else upsamplers.content_of(settings.upsampler),
    )
