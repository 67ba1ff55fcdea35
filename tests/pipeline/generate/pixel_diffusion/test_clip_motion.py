"""The measure of motion that samples are judged by, on truth: a still camera, orbits, and orbits round what moves."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from pipeline.generate.procedural_clips import Shot, shots
from tests.benchmarks.clip_motion import motion


@cache
def drawn() -> tuple[Shot, ...]:
    return tuple(shots(5, 10))


def some(context: str) -> list[Shot]:
    return [shot for shot in drawn() if shot.context == context][:4]


def test_parallax_is_no_motion_of_things() -> None:
    still = [motion(shot.clip().frames) for shot in some("dynamic")]
    frozen = [motion(shot.clip().frames) for shot in some("freeze_time")]
    assert max(m.camera for m in still) < 0.1 < 1.0 < np.mean([m.camera for m in frozen])
    assert np.mean([m.things for m in frozen]) < 0.5 * np.mean([m.things for m in still])
    assert np.median([m.things for m in frozen]) < min(m.things for m in still)


def test_things_that_move_while_the_camera_circles_are_seen() -> None:
    frozen = some("freeze_time")
    alive = [dataclasses.replace(shot, times=tuple(t + i for i, t in enumerate(shot.times))) for shot in frozen]
    of_frozen, of_alive = (np.array([motion(shot.clip().frames).things for shot in row]) for row in (frozen, alive))
    assert (of_alive > of_frozen).mean() >= 0.8
    assert of_alive.mean() > 1.5 * of_frozen.mean()
