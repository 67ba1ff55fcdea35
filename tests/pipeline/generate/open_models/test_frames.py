"""Which frames are made and kept: laws of the arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.open_models.frames import closed, plan, run_from_start
from pipeline.generate.provider import Ability, Known
from pipeline.project.take import KINDS
from renderer.errors import Refusal

LENGTHS = st.sampled_from([(4, 1), (8, 1), (16, 16), (1, 1)])


def known(places: list[int]) -> Known:
    frames = np.arange(len(places), dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    return Known(frames, tuple(places), tuple(1.5 - i for i in range(len(places))))


@given(st.integers(2, 30), st.integers(1, 8), LENGTHS, st.sets(st.integers(0, 29)))
def test_kept_frames_rise_from_the_first_to_the_last_and_known_ones_are_among_them(
    count: int, stride: int, lengths: tuple[int, int], places: set[int]
) -> None:
    ability = Ability("x", "X", KINDS, lengths=lengths, max_frames=400)
    at = sorted(place for place in places if place < count)
    wanted = plan(count, known(at), ability, stride)
    assert wanted.n_frames == ability.fits(wanted.n_frames) >= (count - 1) * stride + 1
    assert len(wanted.kept) == count and list(wanted.kept) == sorted(set(wanted.kept))
    assert (wanted.kept[0], wanted.kept[-1]) == (0, wanted.n_frames - 1)
    assert wanted.places == tuple(wanted.kept[place] for place in at)
    assert all(0 <= strength <= 1 for strength in wanted.strengths)


def test_a_length_that_can_be_made_is_kept_as_it_is() -> None:
    ability = Ability("x", "X", KINDS, lengths=(8, 1), max_frames=257)
    assert plan(17, known([0, 3]), ability, 1).kept == tuple(range(17))
    wanted = plan(16, known([0, 15]), ability, 5)
    assert (wanted.n_frames, wanted.places) == (81, (0, 80))


def test_more_than_a_model_makes_is_refused() -> None:
    with pytest.raises(Refusal, match="17 frames at most and 33"):
        plan(16, known([0]), Ability("x", "X", KINDS, lengths=(8, 1), max_frames=17), 2)


def test_an_orbit_closes_on_its_first_frame_unless_its_last_is_known() -> None:
    ability = Ability("x", "X", KINDS, lengths=(4, 1), max_frames=81)
    wanted = closed(plan(17, known([0, 2]), ability, 1))
    assert wanted.places == (0, 2, 16) and np.array_equal(wanted.frames[2], wanted.frames[0])
    assert wanted.strengths == (1.0, 0.5, 1.0)
    for places in ([], [3], [0, 16]):
        assert closed(plan(17, known(places), ability, 1)).places == tuple(places)


@pytest.mark.parametrize(
    ("places", "length"),
    [((), 0), ((1, 2), 0), ((0,), 1), ((0, 1, 2), 1), (tuple(range(8)), 1), (tuple(range(9)), 9),
     ((*range(12), 15), 9), (tuple(range(17)), 17)],
)  # fmt: skip
def test_frames_from_the_start_make_one_video_of_a_makeable_length(places: tuple[int, ...], length: int) -> None:
    assert run_from_start(places, 8) == length
