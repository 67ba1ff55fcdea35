"""Which frame a step looks at: rounds, the anchor, and turns outwards from the canonical frame."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lift.schedule import Phase
from pipeline.lift.visits import Visits, outward_turn, share_of_turn
from tests.pipeline.lift.test_trainer import footage

ROW = Phase("a", 12, "freeze-time", (), {})


def visits(anchor_every: int, canonical_freeze: int = 0) -> Visits:
    film = dataclasses.replace(footage(), canonical_freeze=canonical_freeze)
    return Visits(film, anchor_every, torch.Generator().manual_seed(0))


def test_every_nth_look_at_the_freeze_time_frames_goes_to_the_canonical_one() -> None:
    made = visits(3, canonical_freeze=2)
    seen = [made.next(ROW, step, reference=False) for step in range(12)]
    assert seen[::3] == [2, 2, 2, 2]
    others = [k for step, k in enumerate(seen) if step % 3]
    assert sorted(others[:4]) == [0, 1, 2, 3]


@pytest.mark.parametrize("reference", [False, True])
def test_a_round_sees_every_frame_once(reference: bool) -> None:
    made = visits(0)
    row = dataclasses.replace(ROW, views="reference" if reference else "freeze-time")
    rounds = [[made.next(row, step, reference) for step in range(4)] for _ in range(3)]
    assert all(sorted(seen) == [0, 1, 2, 3] for seen in rounds) and rounds[0] != rounds[1]


@given(count=st.integers(2, 12), data=st.data(), longer=st.integers(1, 5))
def test_turns_go_outwards_and_each_frame_starts_from_one_that_is_found(
    count: int, data: st.DataObject, longer: int
) -> None:
    home = data.draw(st.integers(0, count - 1))
    row = dataclasses.replace(ROW, steps=longer * (count - 1), outward=True)
    found, last = {home}, home
    for step in range(row.steps):
        position, neighbour = outward_turn(row, step, home, count)
        if neighbour is None:
            assert position == last
        else:
            assert neighbour in found and abs(position - neighbour) == 1 and position not in found
            assert share_of_turn(row, step, count) == pytest.approx(0.0, abs=1e-9)
        found.add(position)
        last = position
    assert found == set(range(count))


def test_a_video_of_one_frame_has_no_way_outwards() -> None:
    assert outward_turn(dataclasses.replace(ROW, outward=True), 0, 0, 1) == (0, None)
