"""Extending the orbit: both sides in turn, until it is wide enough or goes nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.generate.adapters import Video
from pipeline.generate.provider import Ability, Frames, Making, Origin
from pipeline.generate.sweep import CONTEXT, Degrees, Sweep, extend
from pipeline.project.take import KINDS, VideoRequest
from tests.fakes.moving_bar import MovingBar

REQUEST = VideoRequest("extend", "x", provider="bar", size=(12, 20))


def grown(
    side: str, wanted: float, degrees: Degrees, ability: Ability | None = None, start: tuple[float, float] = (10.0, 0.0)
) -> tuple[list[Sweep], MovingBar, Frames]:
    """Every state of an extension of 16 frames of noise."""
    provider = MovingBar(ability or Ability("bar", "Bar", KINDS))
    frames = np.random.default_rng(0).integers(0, 256, (16, 12, 20, 3), np.uint8)
    video = Video(frames, tuple(Origin(i) for i in range(16)), {"pieces": []})
    steps = extend(provider, REQUEST, Sweep(video, 0, *start), side, wanted, degrees)
    return [step for step in steps if not isinstance(step, Making)], provider, frames


def test_eight_known_frames_lead_to_eight_new_ones() -> None:
    (only,), provider, frames = grown("right", 0.0, lambda f: float(len(f) - 1))
    _asked, known = provider.asked[0]
    assert known.positions == tuple(range(CONTEXT)) and np.array_equal(known.frames, frames[8:])
    assert [origin.frame for origin in known.origins] == list(range(8, 16))
    assert len(only.video.frames) == 24 and np.array_equal(only.video.frames[:16], frames)
    assert (only.left, only.right) == (10.0, 8.0)
    (only,), provider, frames = grown("left", 0.0, lambda f: float(len(f) - 1))
    assert provider.asked[0][1].positions == tuple(range(8, 16))
    assert only.shift == 8 and np.array_equal(only.video.frames[8:], frames)


def test_both_sides_are_filled_evenly_until_it_is_wide_enough() -> None:
    states, _provider, frames = grown("both", 60.0, lambda f: float(len(f) - 1))
    last = states[-1]
    assert last.degrees >= 60 > states[-2].degrees and abs(last.left - last.right) <= 8 + 2
    assert np.array_equal(last.video.frames[last.shift : last.shift + 16], frames)
    new = sorted(i for piece in last.video.provenance["pieces"] for i in piece["frames"])
    assert new == [i for i in range(len(last.video.frames)) if not last.shift <= i < last.shift + 16]
    assert len({piece["seed"] for piece in last.video.provenance["pieces"]}) == len(states)
    joints = {frame for frame, _score in last.video.provenance["seams"]}
    assert {last.shift - 1, last.shift + 15} <= joints
    assert last.why == f"It covers {last.degrees:.0f} degrees now."


def test_a_camera_that_stands_still_ends_it() -> None:
    states, _provider, _frames = grown("right", 180.0, lambda _frames: 0.2)
    assert len(states) == 2 and "no longer travels" in states[-1].why


@pytest.mark.parametrize(
    "ability", [Ability("b", "B", KINDS, "first", (4, 1), 9), Ability("b", "B", KINDS, "any", (1, 1), 6)]
)
def test_a_provider_that_makes_less_extends_too(ability: Ability) -> None:
    states, _provider, frames = grown("both", 40.0, lambda f: float(len(f) - 1), ability)
    last = states[-1]
    assert last.degrees >= 40 and np.array_equal(last.video.frames[last.shift : last.shift + 16], frames)
