"""The numbers along a rail stand evenly and do not touch."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.panels.rail import STEPS, numbered


@given(st.sets(st.integers(0, 999), min_size=1), st.floats(0.0, 300.0))
def test_numbers_keep_their_distance(frames: set[int], room: float) -> None:
    marks = [float(frame) for frame in sorted(frames)]
    chosen = numbered(marks, room)
    assert chosen and set(chosen) <= set(marks)
    assert all(after - before >= room for before, after in pairwise(chosen))


@given(st.integers(2, 400), st.floats(0.0, 90.0))
def test_numbers_of_whole_films_stand_evenly(count: int, room: float) -> None:
    chosen = numbered([float(i) for i in range(count)], room)
    assert chosen[0] == 0.0
    assert len({after - before for before, after in pairwise(chosen)} - set(map(float, STEPS))) == 0
    assert len({after - before for before, after in pairwise(chosen)}) <= 1
