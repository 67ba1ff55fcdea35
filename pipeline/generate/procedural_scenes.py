"""Prompt + seed -> world: the actors of a description at their stands, in their place, under their hour's light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipeline.generate import procedural_grammar as grammar
from pipeline.generate.procedural_cast import SIZES, SUBJECTS, Stand, Subject, coats, figure_things
from pipeline.generate.procedural_grammar import Description
from pipeline.generate.procedural_motion import ACTIONS, Action
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
        subject, action = _subject(actor.subject), _action(actor.action)
        size = stand.size * SIZES.get(actor.size or "", 1.0)
        paints = coats(subject, actor.colour or subject.natural[0], actor.pattern, rng)
        stand = Stand(stand.x, stand.y, size, stand.reach)
        things += figure_things(subject, action, stand, paints, n_frames, rng, f"{subject.name} {index}")
    return things


def _focus(description: Description, rng: Rng) -> Focus:
    """Cameras that hold all actors, however high they get."""
    top = 0.9
    for actor, stand in zip(description.actors, _STANDS[len(description.actors)], strict=True):
        subject, action = _subject(actor.subject), _action(actor.action)
        size = stand.size * SIZES.get(actor.size or "", 1.0)
        top = max(top, size * (subject.build().tall + action.rise + action.bob + 0.8 * action.hop))
    nearest = (3.3, 3.55, 3.9)[len(description.actors) - 1]
    radius = float(np.clip(top / 0.43, nearest, 4.3)) + float(rng.uniform(-0.05, 0.1))
    return Focus((0.0, 0.0, 0.52 * top), radius, float(rng.uniform(0.25, 0.6)), float(rng.uniform(-0.2, 0.2)))


def _subject(name: str) -> Subject:
    return next(subject for subject in SUBJECTS if subject.name == name)


def _action(name: str | None) -> Action:
    return next(action for action in ACTIONS if action.name == name)
