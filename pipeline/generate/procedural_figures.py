"""Figures of the grammar: creatures and toys, built of a few shapes, with hinges where they bend.

A figure stands at the origin, looks along +x, has its left at +y and its feet at z = 0; metres, about one metre tall.
Builders only say what a figure is made of; `procedural_motion` moves it, `procedural_cast` paints and places it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipeline.generate.procedural_motion import Axis, Joint
from pipeline.generate.procedural_shapes import Kind

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Part:
    """One shape: `coat` names the paint, `joints` from the trunk outwards, `shade` how much shadow it throws."""

    coat: str
    kind: Kind
    at: Triple
    half: Triple
    joints: tuple[Joint, ...] = ()
    tilt: tuple[Axis, float] | None = None
    shade: float = 0.0


@dataclass
class Figure:
    """The parts of one figure; `tall` is its height in metres."""

    tall: float = 1.1
    parts: list[Part] = field(default_factory=list)

    def add(self, coat: str, kind: Kind, at: Triple, half: Triple, *joints: Joint,
            tilt: tuple[Axis, float] | None = None, shade: float = 0.0) -> None:  # fmt: skip
        self.parts.append(Part(coat, kind, at, half, joints, tilt, shade))


def neck_at(x: float, z: float) -> tuple[Joint, Joint]:
    return Joint("look", (x, 0, z), "z"), Joint("nod", (x, 0, z), "y")


def add_eyes(figure: Figure, at: Triple, gap: float, size: float, joints: tuple[Joint, ...]) -> None:
    """Two eyes with pupils, looking along +x."""
    for side in (-1.0, 1.0):
        x, y, z = at[0], side * gap, at[2]
        figure.add("white", "ball", (x, y, z), (0.6 * size, 0.9 * size, size), *joints)
        figure.add("dark", "ball", (x + 0.42 * size, y * 0.96, z), (0.35 * size, 0.5 * size, 0.6 * size), *joints)


def add_legs(figure: Figure, coat: str, xs: tuple[float, ...], y: float, top: float, thick: float) -> None:
    """Pairs of legs that swing in turn, with paws."""
    for index, x in enumerate(xs):
        for side in (-1.0, 1.0):
            hip = Joint("limb", (x, side * y, top), "y", side * (-1.0) ** index)
            figure.add(coat, "cylinder", (x, side * y, top / 2), (thick, thick, top / 2), hip)
            figure.add("belly", "ball", (x + 0.3 * thick, side * y, 0.7 * thick),
                       (1.5 * thick, 1.2 * thick, 0.7 * thick), hip)  # fmt: skip


def add_arms(figure: Figure, coat: str, shoulder: Triple, reach: float, thick: float, hand: str = "belly") -> None:
    """Two arms that hang and lift sideways; the left one swings against the right one."""
    x, y, z = shoulder
    for side in (-1.0, 1.0):
        lift = Joint("arm", (x, side * y, z), "x", side, 0.0 if side < 0 else 0.12)
        figure.add(coat, "ball", (x, side * (y + 0.35 * reach), z - 0.36 * reach), (thick, thick, 0.55 * reach), lift,
                   tilt=("x", side * 0.75))  # fmt: skip
        figure.add(hand, "ball", (x, side * (y + 0.72 * reach), z - 0.75 * reach), (1.25 * thick,) * 3, lift)


def add_tail(figure: Figure, root: Triple, step: Triple, radii: tuple[float, ...], coats: tuple[str, ...]) -> None:
    """A chain of balls; each link swings a little later than the one before."""
    joints: tuple[Joint, ...] = ()
    at = np.array(root)
    for index, radius in enumerate(radii):
        hinge = Joint("tail", (float(at[0]), float(at[1]), float(at[2])), "z", 0.8 / (1 + 0.3 * index), -0.08 * index)
        joints = (*joints, hinge)
        centre = at + 0.5 * np.array(step)
        angle = float(np.arctan2(step[2], -step[0]))
        long = 0.62 * float(np.linalg.norm(step))
        figure.add(coats[min(index, len(coats) - 1)], "ball", (float(centre[0]), float(centre[1]), float(centre[2])),
                   (long, radius, radius), *joints, tilt=("y", angle))  # fmt: skip
        at = at + np.array(step)
