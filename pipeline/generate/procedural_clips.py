"""Endless clips of procedural scenes, for training and previews: frames, their prompt and their dataset context.

A clip is either "dynamic" (the camera stands still, things move) or "freeze_time" (time stands still, the camera
circles), as in the data that the paper's model learns from (section 3.2). A `Shot` keeps what is needed to ask for the
exact truth of any of its frames, or of any other view and time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.generate import procedural_fast
from pipeline.generate.procedural_fast import Film
from pipeline.generate.procedural_grammar import prompts
from pipeline.generate.procedural_render import Truth
from pipeline.generate.procedural_scenes import world_of
from pipeline.generate.procedural_world import Focus, World
from renderer.camera import Camera, look_at

Context = Literal["dynamic", "freeze_time"]
_FOV = math.radians(52.0)


class Clip(NamedTuple):
    """frames [T, H, W, 3] uint8 sRGB."""

    frames: npt.NDArray[np.uint8]
    prompt: str
    context: Context


def circling_camera(focus: Focus, angle: float, size: tuple[int, int], lift: float = 0.0, fov: float = _FOV) -> Camera:
    """The camera `angle` radians round the focus from the canonical one, `lift` metres higher."""
    target, azimuth = np.array(focus.target), focus.azimuth + angle
    aside = focus.radius * np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    return Camera.from_fov(look_at(target + aside + (focus.rise + lift) * up, target, up), fov, size)


@dataclass(frozen=True, eq=False)
class Shot:
    """One clip to be: frame i shows `world` at `times[i]` from `cameras[i]`."""

    prompt: str
    seed: int
    context: Context
    world: World
    times: tuple[float, ...]
    cameras: tuple[Camera, ...]

    def clip(self, supersampling: int = 2) -> Clip:
        film = procedural_fast.film(self.world, self.times, self.cameras, supersampling)
        return Clip(film.rgb, self.prompt, self.context)

    def film(self, supersampling: int = 2) -> Film:
        """The frames with depth and surfaces at pixel centres."""
        return procedural_fast.film(self.world, self.times, self.cameras, supersampling, truth=True)

    def truth(self, frame: int) -> Truth:
        """Everything known of one frame: depth, mask, points, and by `Truth.points_at` its motion."""
        return procedural_fast.render(self.world, self.times[frame], self.cameras[frame])


def shots(seed: int, count: int, size: tuple[int, int] = (36, 64), n_frames: int = 16) -> Iterator[Shot]:
    """`count` shots of different scenes, half of each context; the same for the same seed."""
    for index in range(count):
        rng = np.random.default_rng([seed % 2**32, index, 0xC1])
        prompt, scene = next(prompts(rng)), int(rng.integers(0, 2**31))
        yield shot(prompt, scene, "dynamic" if rng.random() < 0.5 else "freeze_time", size, n_frames)


def shot(prompt: str, seed: int, context: Context, size: tuple[int, int] = (36, 64), n_frames: int = 16) -> Shot:
    """The shot of a scene: its still camera, or an orbit of 25 to 110 degrees at one moment of it."""
    world = world_of(prompt, seed, n_frames)
    rng = np.random.default_rng([seed % 2**32, 0x5C])
    angle = float(rng.uniform(-0.5, 0.5))
    if context == "dynamic":
        times = tuple(float(t) for t in range(n_frames))
        return Shot(prompt, seed, context, world, times, (circling_camera(world.focus, angle, size),) * n_frames)
    sweep = math.radians(float(rng.uniform(25, 110))) * (1 if rng.random() < 0.5 else -1)
    swing, moment = float(rng.uniform(-0.15, 0.15)), float(rng.integers(0, n_frames))
    steps = np.arange(n_frames) / max(n_frames - 1, 1) - float(rng.choice([0.0, 0.5, 1.0]))
    cameras = tuple(
        circling_camera(world.focus, angle + sweep * float(s), size, swing * math.sin(2 * math.pi * float(s)))
        for s in steps
    )
    return Shot(prompt, seed, context, world, (moment,) * n_frames, cameras)


def clips(seed: int, count: int, size: tuple[int, int] = (36, 64), n_frames: int = 16) -> Iterator[Clip]:
    """`count` clips of `n_frames` frames of `size` (height, width) px, each of another scene."""
    return (each.clip() for each in shots(seed, count, size, n_frames))
