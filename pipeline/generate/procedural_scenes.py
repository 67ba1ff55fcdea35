"""Prompt + seed -> world: the actors of a description at their stands, in their place, under their hour's light."""

from __future__ import annotations

from functools import lru_cache

from pipeline.generate import procedural_grammar as grammar
from pipeline.generate.procedural_cast import SIZES, SUBJECTS, Stand, coats, figure_things
from pipeline.generate.procedural_grammar import Description
from pipeline.generate.procedural_motion import ACTIONS
from pipeline.generate.procedural_paint import Rng
from pipeline.generate.procedural_places import HOURS, PLACES, light_of
from pipeline.generate.procedural_props import Setting
from pipeline.generate.procedural_world import Focus, Thing, World

_STANDS = {
    1: (Stand(0.0, 0.0, 1.0, 1.0),),
    2: (Stand(-0.78, -0.15, 0.84, 0.55), Stand(0.80, 0.30, 0.84, 0.55)),
    3: (Stand(-1.10, 0.15, 0.72, 0.4), Stand(0.02, -0.45, 0.70, 0.4), Stand(1.12, 0.35, 0.72, 0.4)),
}


@lru_cache(maxsize=16)
def world_of(prompt: str, seed: int, n_frames: int) -> World:
    """The scene of a prompt and a seed, moving over `n_frames` reference frames. Always the same for the same words."""
    rng = grammar.rng_of(prompt, seed)
    description = grammar.filled(grammar.parse(prompt), rng)
    setting, hour = Setting.empty(rng), next(hour for hour in HOURS if hour.name == description.hour)
    place = next(place for place in PLACES if place.name == description.place)
    place.build(setting, hour)
    light = light_of(hour, place.indoors, rng)
    cast = _cast(description, n_frames, rng)
    return World((), (*setting.things, *cast), n_frames, light, _focus(description, rng))


def _cast(description: Description, n_frames: int, rng: Rng) -> list[Thing]:
    things: list[Thing] = []
    for index, (actor, stand) in enumerate(zip(description.actors, _STANDS[len(description.actors)], strict=True)):
        subject = next(subject for subject in SUBJECTS if subject.name == actor.subject)
        action = next(action for action in ACTIONS if action.name == actor.action)
        size = stand.size * SIZES.get(actor.size or "", 1.0)
        paints = coats(subject, actor.colour or subject.natural[0], actor.pattern, rng)
        stand = Stand(stand.x, stand.y, size, stand.reach)
        things += figure_things(subject, action, stand, paints, n_frames, rng, f"{subject.name} {index}")
    return things


def _focus(description: Description, rng: Rng) -> Focus:
    """Cameras that hold all actors, at about four metres."""
    count = len(description.actors)
    high = any(
        action.rise > 0 or action.hop > 0.4
        for actor in description.actors
        for action in ACTIONS
        if action.name == actor.action
    )
    target = (0.0, 0.0, 0.56 + 0.16 * high)
    radius = 3.35 + 0.35 * (count - 1) + 0.35 * high + float(rng.uniform(-0.15, 0.25))
    return Focus(target, min(radius, 4.4), float(rng.uniform(0.3, 0.75)), float(rng.uniform(-0.2, 0.2)))
