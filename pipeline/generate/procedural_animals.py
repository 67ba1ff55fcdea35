"""The animals of the grammar: four legs, two legs, wings, fins and arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.generate.procedural_figures import Figure, Triple, add_arms, add_eyes, add_legs, add_tail, neck_at
from pipeline.generate.procedural_motion import Joint


def _beast(
    body: Triple, head: float, legs: float, *, ears: str = "cone", muzzle: float = 0.6, snout: str = "belly",
    tail: tuple[float, ...] = (0.05, 0.05, 0.05), tail_coats: tuple[str, ...] = ("skin",), rise: float = 0.22,
) -> Figure:  # fmt: skip
    """A four-legged animal: half lengths of its body, radius of its head, length of its legs."""
    long, wide, deep = body
    spine = legs + 0.75 * deep
    figure = Figure(spine + deep + rise + 1.2 * head)
    figure.add("skin", "ball", (0, 0, spine), body, shade=0.6)
    figure.add("belly", "ball", (0.1 * long, 0, spine - 0.18 * deep), (0.8 * long, 0.86 * wide, 0.9 * deep))
    add_legs(figure, "skin", (0.58 * long, -0.58 * long), 0.62 * wide, spine - 0.2 * deep, 0.30 * wide)
    x, z = 0.95 * long, spine + deep * 0.6 + rise
    neck = neck_at(0.7 * long, spine + 0.4 * deep)
    figure.add("skin", "ball", (0.85 * long, 0, 0.5 * (spine + z)), (0.62 * head, 0.62 * head, 0.9 * head), *neck,
               tilt=("y", 0.35))  # fmt: skip
    figure.add("skin", "ball", (x, 0, z), (1.05 * head, head, 0.95 * head), *neck, shade=0.5)
    figure.add(snout, "ball", (x + 0.8 * head, 0, z - 0.28 * head), (muzzle * head, 0.55 * head, 0.42 * head), *neck)
    figure.add("dark", "ball", (x + (0.75 + muzzle) * head, 0, z - 0.12 * head), (0.16 * head, 0.2 * head, 0.15 * head),
               *neck)  # fmt: skip
    add_eyes(figure, (x + 0.72 * head, 0, z + 0.28 * head), 0.42 * head, 0.24 * head, neck)
    for side in (-1.0, 1.0):
        y = side * 0.62 * head
        if ears == "cone":
            figure.add("accent", "cone", (x - 0.15 * head, y, z + 1.05 * head), (0.26 * head, 0.32 * head, 0.45 * head),
                       *neck, tilt=("x", -0.25 * side))  # fmt: skip
        elif ears == "flap":
            figure.add(
                "accent",
                "ball",
                (x - 0.05 * head, 1.5 * y, z + 0.1 * head),
                (0.3 * head, 0.16 * head, 0.7 * head),
                *neck,
                Joint("wave", (x, y, z + 0.6 * head), "x", side),
            )
        elif ears == "fan":
            figure.add(
                "accent",
                "ball",
                (x - 0.3 * head, 2.0 * y, z + 0.1 * head),
                (0.14 * head, 0.8 * head, 0.9 * head),
                *neck,
                Joint("wave", (x, y, z), "z", side),
            )
        else:
            figure.add(
                "accent", "ball", (x - 0.1 * head, y, z + 0.8 * head), (0.2 * head, 0.32 * head, 0.32 * head), *neck
            )
    add_tail(figure, (-0.9 * long, 0, spine + 0.3 * deep), (-0.17, 0, 0.10), tail, tail_coats)
    return figure


def cat() -> Figure:
    return _beast((0.40, 0.20, 0.20), 0.20, 0.26, muzzle=0.4, tail=(0.055, 0.055, 0.05, 0.05), tail_coats=("skin",))


def dog() -> Figure:
    return _beast((0.44, 0.21, 0.22), 0.20, 0.30, ears="flap", muzzle=0.75, tail=(0.055, 0.05, 0.04))


def fox() -> Figure:
    return _beast((0.42, 0.18, 0.19), 0.18, 0.30, muzzle=0.85, tail=(0.08, 0.12, 0.13, 0.09),
                  tail_coats=("skin", "skin", "skin", "white"))  # fmt: skip


def horse() -> Figure:
    figure = _beast((0.48, 0.20, 0.22), 0.17, 0.48, muzzle=1.05, snout="skin", tail=(0.045, 0.06, 0.04),
                    tail_coats=("accent",), rise=0.36)  # fmt: skip
    for index in range(4):
        z = 1.32 - 0.12 * index
        figure.add("accent", "ball", (0.34 - 0.055 * index, 0, z), (0.09, 0.05, 0.10), *neck_at(0.34, 0.72))
    return figure


def elephant() -> Figure:
    figure = _beast((0.50, 0.34, 0.34), 0.27, 0.30, ears="fan", muzzle=0.3, snout="skin", tail=(0.04, 0.04), rise=0.05)
    joints: tuple[Joint, ...] = neck_at(0.35, 0.69)
    for index in range(4):
        x, z = 0.76 + 0.05 * index, 0.62 - 0.13 * index
        joints = (*joints, Joint("wave", (x, 0, z + 0.07), "y", 0.5, -0.1 * index))
        figure.add("skin", "ball", (x, 0, z), (0.105 - 0.012 * index, 0.105 - 0.012 * index, 0.11), *joints)
    for side in (-1.0, 1.0):
        figure.add(
            "white", "cone", (0.76, 0.14 * side, 0.55), (0.035, 0.035, 0.11), *neck_at(0.35, 0.69), tilt=("y", 2.1)
        )
    return figure


def dinosaur() -> Figure:
    figure = _beast((0.46, 0.25, 0.27), 0.15, 0.28, ears="none", muzzle=0.8, snout="skin", rise=0.42,
                    tail=(0.16, 0.12, 0.09, 0.06))  # fmt: skip
    for index in range(5):
        x = 0.36 - 0.18 * index
        z = 0.79 - 0.35 * (x - 0.05) ** 2
        figure.add("accent", "cone", (x, 0, z + 0.07), (0.09, 0.03, 0.11))
    return figure


def turtle() -> Figure:
    figure = Figure(0.75)
    figure.add("shell", "ball", (0, 0, 0.34), (0.46, 0.40, 0.30), shade=0.6)
    figure.add("belly", "ball", (0, 0, 0.25), (0.48, 0.42, 0.14))
    add_legs(figure, "skin", (0.30, -0.30), 0.30, 0.24, 0.09)
    neck = neck_at(0.36, 0.34)
    figure.add("skin", "ball", (0.48, 0, 0.42), (0.13, 0.09, 0.10), *neck, tilt=("y", -0.6))
    figure.add("skin", "ball", (0.60, 0, 0.55), (0.16, 0.145, 0.14), *neck, shade=0.4)
    add_eyes(figure, (0.70, 0, 0.60), 0.075, 0.045, neck)
    add_tail(figure, (-0.44, 0, 0.24), (-0.12, 0, 0.02), (0.05, 0.03), ("skin",))
    return figure


def _upright(trunk: Triple, head: float, legs: float, ears: str, muzzle: bool = True) -> Figure:
    """An animal or doll on two legs."""
    wide = trunk[1]
    middle = legs + 0.86 * trunk[2]
    figure = Figure(middle + trunk[2] + 1.75 * head)
    figure.add("skin", "ball", (0, 0, middle), trunk, shade=0.6)
    figure.add(
        "belly", "ball", (0.3 * trunk[0], 0, middle - 0.06 * trunk[2]), (0.78 * trunk[0], 0.75 * wide, 0.8 * trunk[2])
    )
    for side in (-1.0, 1.0):
        hip = Joint("limb", (0, side * 0.5 * wide, legs + 0.08), "y", side)
        figure.add(
            "skin",
            "ball",
            (0.02, side * 0.52 * wide, 0.5 * legs + 0.05),
            (0.42 * wide, 0.4 * wide, 0.5 * legs + 0.1),
            hip,
        )
        figure.add("belly", "ball", (0.10, side * 0.52 * wide, 0.07), (0.17, 0.11, 0.075), hip)
    add_arms(figure, "skin", (0.02, 0.78 * wide, middle + 0.5 * trunk[2]), 0.34, 0.085)
    z = middle + trunk[2] + 0.68 * head
    neck = neck_at(0, middle + 0.8 * trunk[2])
    figure.add("skin", "ball", (0.03, 0, z), (0.95 * head, head, 0.92 * head), *neck, shade=0.5)
    if muzzle:
        figure.add(
            "belly", "ball", (0.03 + 0.78 * head, 0, z - 0.22 * head), (0.4 * head, 0.45 * head, 0.34 * head), *neck
        )
        figure.add(
            "dark", "ball", (0.03 + 1.15 * head, 0, z - 0.1 * head), (0.1 * head, 0.16 * head, 0.11 * head), *neck
        )
    add_eyes(figure, (0.03 + 0.76 * head, 0, z + 0.22 * head), 0.38 * head, 0.19 * head, neck)
    for side in (-1.0, 1.0):
        if ears == "round":
            figure.add(
                "accent",
                "ball",
                (0, side * 0.72 * head, z + 0.72 * head),
                (0.2 * head, 0.36 * head, 0.36 * head),
                *neck,
            )
        elif ears == "long":
            ear = Joint("wave", (0, side * 0.35 * head, z + 0.7 * head), "x", 0.6 * side)
            figure.add(
                "skin",
                "ball",
                (0, side * 0.42 * head, z + 1.55 * head),
                (0.16 * head, 0.26 * head, 0.85 * head),
                *neck,
                ear,
            )
            figure.add("accent", "ball", (0.07 * head, side * 0.42 * head, z + 1.55 * head),
                       (0.14 * head, 0.16 * head, 0.65 * head), *neck, ear)  # fmt: skip
    return figure


def bear() -> Figure:
    return _upright((0.26, 0.29, 0.32), 0.25, 0.20, "round")


def rabbit() -> Figure:
    figure = _upright((0.21, 0.23, 0.27), 0.21, 0.18, "long")
    figure.add("white", "ball", (-0.24, 0, 0.32), (0.09, 0.09, 0.09), Joint("tail", (-0.2, 0, 0.32), "z"))
    return figure


def penguin() -> Figure:
    figure = _upright((0.25, 0.27, 0.40), 0.20, 0.06, "none", muzzle=False)
    neck = neck_at(0, 0.74)
    figure.add("beak", "cone", (0.27, 0, 0.90), (0.055, 0.06, 0.11), *neck, tilt=("y", np.pi / 2))
    for side in (-1.0, 1.0):
        figure.add("beak", "ball", (0.14, 0.14 * side, 0.035), (0.16, 0.10, 0.04))
    return figure


def duck() -> Figure:
    figure = Figure(0.95)
    figure.add("skin", "ball", (0, 0, 0.36), (0.40, 0.28, 0.26), shade=0.6)
    figure.add(
        "skin", "cone", (-0.42, 0, 0.47), (0.12, 0.16, 0.14), Joint("tail", (-0.3, 0, 0.45), "z"), tilt=("y", -1.0)
    )
    for side in (-1.0, 1.0):
        wing = Joint("wing", (0, 0.22 * side, 0.46), "x", side)
        figure.add("accent", "ball", (-0.06, 0.30 * side, 0.40), (0.28, 0.06, 0.17), wing)
        hip = Joint("limb", (0, side * 0.12, 0.2), "y", side)
        figure.add("beak", "cylinder", (0.02, 0.12 * side, 0.10), (0.03, 0.03, 0.10), hip)
        figure.add("beak", "ball", (0.09, 0.12 * side, 0.025), (0.13, 0.10, 0.03), hip)
    neck = neck_at(0.22, 0.48)
    figure.add("skin", "ball", (0.27, 0, 0.58), (0.11, 0.11, 0.19), *neck)
    figure.add("skin", "ball", (0.30, 0, 0.79), (0.185, 0.17, 0.17), *neck, shade=0.5)
    figure.add("beak", "ball", (0.49, 0, 0.75), (0.13, 0.085, 0.04), *neck)
    add_eyes(figure, (0.42, 0, 0.85), 0.09, 0.045, neck)
    return figure


def bird() -> Figure:
    figure = Figure(0.8)
    figure.add("skin", "ball", (0, 0, 0.42), (0.34, 0.19, 0.20), shade=0.6)
    figure.add("belly", "ball", (0.05, 0, 0.37), (0.27, 0.165, 0.17))
    for index in (-1.0, 0.0, 1.0):
        figure.add(
            "accent",
            "ball",
            (-0.46, 0.05 * index, 0.44),
            (0.22, 0.05, 0.03),
            Joint("tail", (-0.3, 0, 0.43), "z", 1 + 0.3 * index),
        )
    for side in (-1.0, 1.0):
        wing = Joint("wing", (0.02, 0.13 * side, 0.50), "x", side)
        tip = Joint("wing", (0.0, 0.45 * side, 0.50), "x", 0.7 * side, -0.1)
        figure.add("accent", "ball", (-0.02, 0.33 * side, 0.50), (0.20, 0.24, 0.035), wing)
        figure.add("skin", "ball", (-0.06, 0.64 * side, 0.50), (0.15, 0.24, 0.03), wing, tip)
        hip = Joint("limb", (0, side * 0.07, 0.24), "y", side)
        figure.add("beak", "cylinder", (0.0, 0.07 * side, 0.13), (0.018, 0.018, 0.13), hip)
        figure.add("beak", "ball", (0.04, 0.07 * side, 0.02), (0.08, 0.045, 0.02), hip)
    neck = neck_at(0.24, 0.50)
    figure.add("skin", "ball", (0.33, 0, 0.62), (0.165, 0.15, 0.15), *neck, shade=0.4)
    figure.add("beak", "cone", (0.53, 0, 0.60), (0.05, 0.05, 0.09), *neck, tilt=("y", np.pi / 2))
    figure.add("accent", "cone", (0.28, 0, 0.80), (0.07, 0.035, 0.08), *neck, tilt=("y", -0.4))
    add_eyes(figure, (0.44, 0, 0.67), 0.085, 0.04, neck)
    return figure


def butterfly() -> Figure:
    figure = Figure(0.9)
    figure.add("dark", "ball", (0, 0, 0.5), (0.30, 0.06, 0.065), shade=0.4)
    figure.add("skin", "ball", (0.30, 0, 0.54), (0.09, 0.085, 0.085))
    add_eyes(figure, (0.35, 0, 0.57), 0.05, 0.03, ())
    for side in (-1.0, 1.0):
        wing = Joint("wing", (0, 0.05 * side, 0.52), "x", 1.1 * side)
        figure.add(
            "accent", "ball", (0.17, 0.36 * side, 0.53), (0.27, 0.32, 0.018), wing, tilt=("z", 0.4 * side), shade=0.3
        )
        figure.add("skin", "ball", (0.17, 0.36 * side, 0.535), (0.20, 0.24, 0.022), wing, tilt=("z", 0.4 * side))
        figure.add("skin", "ball", (-0.20, 0.29 * side, 0.52), (0.20, 0.24, 0.018), wing, tilt=("z", -0.4 * side))
        figure.add("belly", "ball", (-0.20, 0.29 * side, 0.525), (0.11, 0.13, 0.021), wing)
        figure.add("dark", "cylinder", (0.38, 0.06 * side, 0.66), (0.008, 0.008, 0.10), tilt=("x", -0.4 * side))
    # Nose up, or its wings would be seen edge on.
    bank = Joint("bank", (0, 0, 0.5), "y", -0.75)
    figure.parts = [replace(part, joints=(bank, *part.joints)) for part in figure.parts]
    return figure


def octopus() -> Figure:
    figure = Figure(1.0)
    figure.add("skin", "ball", (-0.03, 0, 0.68), (0.31, 0.31, 0.33), shade=0.6)
    figure.add("belly", "ball", (0.05, 0, 0.46), (0.25, 0.26, 0.16))
    add_eyes(figure, (0.25, 0, 0.62), 0.12, 0.08, ())
    for index in range(8):
        around = 2 * np.pi * (index + 0.5) / 8
        c, s = float(np.cos(around)), float(np.sin(around))
        joints: tuple[Joint, ...] = ()
        for link in range(3):
            r, z = 0.24 + 0.15 * link, 0.34 - 0.13 * link
            joints = (
                *joints,
                Joint("wave", (r * c - 0.08 * c, r * s - 0.08 * s, z + 0.05), "z", 0.7, 0.13 * index - 0.1 * link),
            )
            figure.add(
                ("skin", "skin", "belly")[link],
                "ball",
                (r * c, r * s, z),
                (0.105 - 0.02 * link, 0.105 - 0.02 * link, 0.10 - 0.015 * link),
                *joints,
            )
    return figure


def caterpillar() -> Figure:
    figure = Figure(0.75)
    for index in range(6):
        x = 0.34 - 0.19 * index
        joint = Joint("wave", (x, 0, -0.6), "y", 0.22, -0.16 * index)
        figure.add(
            ("skin", "accent")[index % 2],
            "ball",
            (x, 0, 0.21 + 0.01 * (5 - index)),
            (0.155, 0.185, 0.19),
            joint,
            shade=0.4,
        )
    neck = neck_at(0.40, 0.35)
    figure.add("skin", "ball", (0.52, 0, 0.44), (0.19, 0.20, 0.20), *neck, shade=0.4)
    add_eyes(figure, (0.66, 0, 0.52), 0.085, 0.055, neck)
    figure.add("beak", "ball", (0.71, 0, 0.43), (0.04, 0.045, 0.04), *neck)
    for side in (-1.0, 1.0):
        figure.add("dark", "cylinder", (0.50, 0.07 * side, 0.70), (0.014, 0.014, 0.09), *neck)
        figure.add("accent", "ball", (0.50, 0.07 * side, 0.80), (0.045, 0.045, 0.045), *neck)
    return figure


def fish() -> Figure:
    figure = Figure(0.75)
    figure.add("skin", "ball", (0.05, 0, 0.38), (0.42, 0.17, 0.27), shade=0.6)
    figure.add("belly", "ball", (0.10, 0, 0.31), (0.33, 0.155, 0.19))
    tail = Joint("tail", (-0.32, 0, 0.38), "z", 1.0)
    for tilt in (-0.7, 0.7):
        figure.add("accent", "ball", (-0.48, 0, 0.38 + 0.16 * tilt), (0.22, 0.03, 0.10), tail, tilt=("y", tilt))
    figure.add("accent", "ball", (0.0, 0, 0.64), (0.22, 0.025, 0.13), Joint("tail", (0, 0, 0.6), "x", 0.4))
    for side in (-1.0, 1.0):
        fin = Joint("wing", (0.1, 0.14 * side, 0.32), "x", side)
        figure.add("accent", "ball", (0.05, 0.24 * side, 0.28), (0.13, 0.12, 0.025), fin)
    add_eyes(figure, (0.34, 0, 0.44), 0.12, 0.06, ())
    return figure
