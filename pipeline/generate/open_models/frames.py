"""Which frames a model makes, which of them are kept, and where the known ones stand. Index arithmetic, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.generate.provider import Ability, Frames, Known
from renderer.errors import Refusal


@dataclass(frozen=True, eq=False)
class Plan:
    """What is asked of a model in one go.

    Attributes:
        n_frames: that it makes; kept: those that are wanted of it, rising, the first and the last among them.
        frames: [K, H, W, 3] that it is given, at `places` (rising) of what it makes, with `strengths` in [0, 1].
    """

    n_frames: int
    kept: tuple[int, ...]
    frames: Frames
    places: tuple[int, ...]
    strengths: tuple[float, ...]


def plan(n_frames: int, known: Known, ability: Ability, stride: int) -> Plan:
    """The plan for `n_frames` wanted frames, when the model's own `ability` makes `stride` frames for each of them.

    Wanted frames are spread evenly, so that both ends are ends of what is made.
    """
    made = ability.fits((n_frames - 1) * stride + 1)
    if made > ability.longest:
        raise Refusal(
            f"{ability.title} makes {ability.longest} frames at most and {made} are asked for; lower the stride."
        )
    kept = tuple(round(i * (made - 1) / max(n_frames - 1, 1)) for i in range(n_frames))
    strengths = tuple(min(1.0, max(0.0, strength)) for strength in known.strengths)
    return Plan(made, kept, known.frames, tuple(kept[place] for place in known.positions), strengths)


def closed(wanted: Plan) -> Plan:
    """The plan with its first frame given as its last one too, unless a last one is known: an orbit that closes."""
    last = wanted.n_frames - 1
    if not wanted.places or wanted.places[0] != 0 or wanted.places[-1] == last:
        return wanted
    return replace(
        wanted, frames=np.concatenate([wanted.frames, wanted.frames[:1]]), places=(*wanted.places, last),
        strengths=(*wanted.strengths, wanted.strengths[0]),
    )  # fmt: skip


def run_from_start(places: tuple[int, ...], period: int) -> int:
    """How many known frames from the first on are one video of period * k + 1 frames; 0 when the first is unknown."""
    length = next((i for i, place in enumerate(places) if place != i), len(places))
    return (length - 1) // period * period + 1 if length else 0
