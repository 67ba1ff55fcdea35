"""The people and playthings of the grammar: a child, a robot, a snowman, vehicles, balls, a flower."""

from __future__ import annotations

import numpy as np

from pipeline.generate.procedural_figures import Figure, add_arms, add_eyes, neck_at
from pipeline.generate.procedural_motion import Joint


def child() -> Figure:
    """A child in a coat, with hair and boots."""
    figure = Figure(1.22)
    figure.add("skin", "cone", (0, 0, 0.58), (0.27, 0.29, 0.36), shade=0.6)
    for side in (-1.0, 1.0):
        hip = Joint("limb", (0, 0.1 * side, 0.40), "y", side)
        figure.add("accent", "cylinder", (0, 0.1 * side, 0.22), (0.065, 0.065, 0.22), hip)
        figure.add("dark", "ball", (0.05, 0.1 * side, 0.05), (0.12, 0.08, 0.06), hip)
    add_arms(figure, "skin", (0, 0.14, 0.78), 0.32, 0.06, "flesh")
    neck = neck_at(0, 0.84)
    figure.add("flesh", "ball", (0.02, 0, 0.99), (0.17, 0.17, 0.18), *neck, shade=0.5)
    figure.add("hair", "ball", (-0.035, 0, 1.035), (0.18, 0.19, 0.17), *neck)
    figure.add("flesh", "ball", (0.19, 0, 0.96), (0.025, 0.025, 0.025), *neck)
    add_eyes(figure, (0.155, 0, 1.0), 0.065, 0.032, neck)
    return figure


def robot() -> Figure:
    figure = Figure(1.25)
    figure.add("skin", "box", (0, 0, 0.58), (0.20, 0.27, 0.26), shade=0.6)
    figure.add("belly", "box", (0.19, 0, 0.62), (0.03, 0.18, 0.13))
    for index, y in enumerate((-0.1, 0.0, 0.1)):
        figure.add(("accent", "lamp", "white")[index], "ball", (0.22, y, 0.68), (0.03, 0.035, 0.035))
    for side in (-1.0, 1.0):
        hip = Joint("limb", (0, side * 0.14, 0.34), "y", side)
        figure.add("metal", "cylinder", (0, side * 0.14, 0.20), (0.07, 0.07, 0.16), hip)
        figure.add("accent", "box", (0.05, side * 0.14, 0.05), (0.14, 0.10, 0.05), hip)
        lift = Joint("arm", (0, side * 0.31, 0.76), "x", side, 0.0 if side < 0 else 0.12)
        figure.add("metal", "ball", (0, side * 0.31, 0.76), (0.085, 0.085, 0.085), lift)
        figure.add("metal", "cylinder", (0, side * 0.36, 0.58), (0.05, 0.05, 0.18), lift)
        figure.add("accent", "ball", (0, side * 0.36, 0.37), (0.09, 0.07, 0.09), lift)
    neck = neck_at(0, 0.86)
    figure.add("metal", "cylinder", (0, 0, 0.87), (0.08, 0.08, 0.05), *neck)
    figure.add("skin", "box", (0, 0, 1.05), (0.17, 0.20, 0.15), *neck, shade=0.5)
    for side in (-1.0, 1.0):
        figure.add("lamp", "ball", (0.17, 0.09 * side, 1.08), (0.03, 0.055, 0.055), *neck)
    figure.add("dark", "box", (0.165, 0, 0.97), (0.015, 0.10, 0.02), *neck)
    figure.add("metal", "cylinder", (0, 0, 1.27), (0.014, 0.014, 0.09), *neck)
    figure.add("accent", "ball", (0, 0, 1.37), (0.045, 0.045, 0.045), *neck)
    return figure


def snowman() -> Figure:
    figure = Figure(1.3)
    figure.add("snow", "ball", (0, 0, 0.30), (0.36, 0.36, 0.32), shade=0.6)
    figure.add("snow", "ball", (0, 0, 0.72), (0.27, 0.27, 0.25), shade=0.5)
    for z in (0.64, 0.76):
        figure.add("dark", "ball", (0.26, 0, z), (0.03, 0.035, 0.035))
    neck = neck_at(0, 0.92)
    figure.add("skin", "cylinder", (0, 0, 0.93), (0.20, 0.20, 0.05))
    figure.add("snow", "ball", (0, 0, 1.08), (0.20, 0.20, 0.19), *neck)
    figure.add("beak", "cone", (0.28, 0, 1.07), (0.04, 0.04, 0.13), *neck, tilt=("y", np.pi / 2))
    for side in (-1.0, 1.0):
        figure.add("dark", "ball", (0.17, 0.075 * side, 1.14), (0.028, 0.032, 0.035), *neck)
    add_arms(figure, "wood", (0, 0.22, 0.80), 0.36, 0.03, "skin")
    figure.add("skin", "cylinder", (0, 0, 1.24), (0.26, 0.26, 0.025), *neck)
    figure.add("skin", "cylinder", (0, 0, 1.38), (0.165, 0.165, 0.13), *neck, shade=0.3)
    return figure


def car() -> Figure:
    figure = Figure(0.75)
    figure.add("skin", "box", (0, 0, 0.30), (0.58, 0.29, 0.13), shade=0.6)
    figure.add("skin", "ball", (0.50, 0, 0.32), (0.16, 0.28, 0.12))
    figure.add("glass", "box", (-0.06, 0, 0.52), (0.30, 0.25, 0.11), shade=0.4)
    figure.add("accent", "box", (-0.06, 0, 0.645), (0.32, 0.27, 0.025))
    figure.add("white", "box", (0, 0, 0.31), (0.585, 0.295, 0.02))
    for side in (-1.0, 1.0):
        figure.add("lamp", "ball", (0.60, 0.17 * side, 0.35), (0.05, 0.065, 0.065))
        for x in (-0.36, 0.36):
            wheel = Joint("wheel", (x, 0.30 * side, 0.17), "y")
            figure.add("dark", "cylinder", (x, 0.30 * side, 0.17), (0.17, 0.17, 0.06), wheel, tilt=("x", np.pi / 2))
            figure.add("hub", "cylinder", (x, 0.335 * side, 0.17), (0.11, 0.11, 0.035), wheel, tilt=("x", np.pi / 2))
    return figure


def train() -> Figure:
    figure = Figure(0.95)
    figure.add("dark", "box", (0, 0, 0.20), (0.60, 0.22, 0.05))
    figure.add("skin", "cylinder", (0.16, 0, 0.44), (0.21, 0.21, 0.42), tilt=("y", np.pi / 2), shade=0.6)
    figure.add("accent", "cylinder", (0.57, 0, 0.44), (0.19, 0.19, 0.03), tilt=("y", np.pi / 2))
    figure.add("accent", "box", (-0.40, 0, 0.55), (0.20, 0.25, 0.30), shade=0.5)
    figure.add("glass", "box", (-0.40, 0, 0.66), (0.14, 0.26, 0.11))
    figure.add("skin", "box", (-0.40, 0, 0.87), (0.25, 0.29, 0.03))
    figure.add("dark", "cylinder", (0.42, 0, 0.72), (0.065, 0.065, 0.12))
    figure.add("accent", "cone", (0.42, 0, 0.86), (0.12, 0.12, 0.06), tilt=("x", np.pi))
    figure.add("lamp", "ball", (0.60, 0, 0.44), (0.04, 0.07, 0.07))
    for side in (-1.0, 1.0):
        for x in (-0.38, 0.04, 0.40):
            wheel = Joint("wheel", (x, 0.23 * side, 0.15), "y")
            figure.add("hub", "cylinder", (x, 0.25 * side, 0.15), (0.15, 0.15, 0.04), wheel, tilt=("x", np.pi / 2))
    return figure


def ball() -> Figure:
    figure = Figure(0.8)
    figure.add("skin", "ball", (0, 0, 0.40), (0.40, 0.40, 0.40), shade=0.6)
    for axis, angle in (("x", 0.0), ("x", np.pi / 2), ("y", np.pi / 2)):
        figure.add("accent", "cylinder", (0, 0, 0.40), (0.404, 0.404, 0.03), tilt=(axis, angle))  # type: ignore[arg-type]
    return figure


def balloon() -> Figure:
    figure = Figure(1.25)
    for index, (x, y, z) in enumerate(((0.0, 0.0, 1.0), (-0.12, 0.34, 0.84), (-0.1, -0.33, 0.88))):
        bend = Joint("wave", (0, 0, 0.05), "x", 0.5, 0.17 * index)
        coat = ("skin", "accent", "belly")[index]
        figure.add(coat, "ball", (x, y, z), (0.23, 0.23, 0.28), bend, shade=0.4)
        figure.add(coat, "cone", (x, y, z - 0.29), (0.05, 0.05, 0.04), bend)
        tilt = float(np.arctan2(-y, z - 0.3))
        figure.add(
            "white",
            "cylinder",
            (x / 2, y / 2, (z - 0.3) / 2 + 0.03),
            (0.012, 0.012, (z - 0.3) / 2),
            bend,
            tilt=("x", tilt),
        )
    figure.add("accent", "box", (0, 0, 0.06), (0.09, 0.09, 0.06), shade=0.3)
    return figure


def flower() -> Figure:
    figure = Figure(1.2)
    figure.add("pot", "cone", (0, 0, 0.02), (0.42, 0.42, 0.40), tilt=("x", np.pi), shade=0.5)
    bend = Joint("wave", (0, 0, 0.2), "x", 0.6)
    more = Joint("wave", (0, 0, 0.6), "x", 0.6, -0.1)
    figure.add("leaf", "cylinder", (0, 0, 0.45), (0.035, 0.035, 0.20), bend)
    figure.add("leaf", "cylinder", (0, 0, 0.80), (0.032, 0.032, 0.20), bend, more)
    for side in (-1.0, 1.0):
        figure.add("leaf", "ball", (0, 0.18 * side, 0.58), (0.08, 0.19, 0.03), bend, tilt=("x", 0.5 * side))
    head = neck_at(0, 0.98)
    for index in range(8):
        a = 2 * np.pi * index / 8
        y, z = 0.19 * float(np.cos(a)), 0.19 * float(np.sin(a))
        figure.add("skin", "ball", (0.03, y, 1.02 + z), (0.03, 0.13, 0.075), bend, more, *head, tilt=("x", float(a)))
    figure.add("beak", "ball", (0.05, 0, 1.02), (0.06, 0.11, 0.11), bend, more, *head, shade=0.3)
    return figure
