"""What is noted of a take's making comes from files: it is read back, or it is as if not there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.project.provenance import Coverage, coverage_in, piece_in, seams_in

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab", max_size=3)
LISTS = st.lists(PLAIN, max_size=3)
KEYS = st.sampled_from(["frames", "places", "canonical", "left", "right", "solved", "x"])
ODD = st.dictionaries(KEYS, PLAIN | LISTS, max_size=4)
JSON = PLAIN | ODD | st.lists(PLAIN | LISTS | ODD, max_size=3)


@given(st.dictionaries(st.sampled_from(["coverage", "seams", "pieces"]), JSON), st.integers(0, 3))
def test_nothing_hostile_gets_through(told: dict[str, Any], frame: int) -> None:
    covered = coverage_in(told)
    assert covered is None or 0 <= covered.degrees <= 2e4
    assert all(isinstance(score, float) for score in seams_in(told).values())
    piece_in(told, frame)


def test_what_was_noted_is_read_back() -> None:
    covered = Coverage(3, 20.0, 31.5, True)
    piece: dict[str, Any] = {"frames": [4, 5], "places": [1, 0], "model": "bar"}
    told: dict[str, Any] = {"coverage": covered.to_json(), "seams": [[2, 0.5]], "pieces": [piece]}
    assert coverage_in(told) == covered and seams_in(told) == {2: 0.5}
    assert piece_in(told, 5) == (0, piece) and piece_in(told, 0) is None


@pytest.mark.parametrize("pieces", [[{"frames": [1], "places": []}], 3, [{"frames": 5}], [[]]])
def test_pieces_that_do_not_fit_are_none(pieces: Any) -> None:
    assert piece_in({"pieces": pieces}, 1) is None
