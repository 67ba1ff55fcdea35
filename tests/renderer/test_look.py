"""Paints: ramps, what they span, and which freeze-time frame is inconsistent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.look import RAMPS, Look, Paint, Ranges, deformation_by_frame, ramp
from renderer.snapshot import MotionTable
from tests.renderer.gl.synthetic import synthetic_snapshot

SNAPSHOT = synthetic_snapshot(900)


@given(share=st.floats(-2, 3), name=st.sampled_from(sorted(RAMPS)))
def test_a_ramp_is_clamped_and_passes_through_its_stops(share: float, name: str) -> None:
    colour = ramp(name, np.array([share], np.float32))[0]
    assert (colour >= 0).all()
    assert (colour <= 1).all()
    for i, stop in enumerate(RAMPS[name]):
        np.testing.assert_allclose(ramp(name, np.array(i / (len(RAMPS[name]) - 1), np.float32)), stop, atol=1e-6)
    end = 0 if share <= 0 else -1
    if not 0 < share < 1:
        np.testing.assert_array_equal(colour, RAMPS[name][end])


@pytest.mark.parametrize("paint", Paint)
def test_a_look_survives_the_road_to_the_child(paint: Paint) -> None:
    look = Ranges.of(SNAPSHOT).look(paint)
    assert Look.from_json(look.to_json()) == look


def test_ranges_span_what_the_reference_camera_sees_and_the_larger_motions() -> None:
    ranges = Ranges.of(SNAPSHOT)
    near, far = ranges.depth
    assert 1.5 < near < 3.3, "the ball's near side, with room"
    assert far > 6.5, "the wall"
    assert ranges.temporal > 3 * ranges.per_frame > 0
    assert ranges.look(Paint.DEFORMATION, temporal=False).high == ranges.per_frame
    nothing = replace(
        SNAPSHOT, temporal=MotionTable.still(), per_frame=MotionTable.still(), opacities=0 * SNAPSHOT.opacities
    )
    assert Ranges.of(nothing) == Ranges((1.0, 2.0), 1.0, 1.0)


def test_the_canonical_frame_is_consistent_and_a_spoilt_one_stands_out() -> None:
    bars = deformation_by_frame(SNAPSHOT)
    assert list(bars) == [0, 4, 8, 12, 16, 20]
    assert bars[8] == 0.0
    offsets = SNAPSHOT.per_frame.offsets.copy()
    offsets[4, :, :3] = 0.5
    table = replace(SNAPSHOT.per_frame, offsets=offsets)
    spoilt = deformation_by_frame(replace(SNAPSHOT, per_frame=table))
    assert max(spoilt, key=lambda k: spoilt[k]) == 16
    assert spoilt[16] == pytest.approx(0.5 * 3**0.5, rel=1e-3)
    assert deformation_by_frame(replace(SNAPSHOT, per_frame=MotionTable.still())) == {}
