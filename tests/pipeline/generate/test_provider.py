"""What every provider has in common: lengths that it can make, and frames that are given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.provider import Ability, Known


@given(st.integers(1, 16), st.integers(1, 9), st.integers(1, 200))
def test_the_least_length_that_holds_the_frames(period: int, offset: int, wanted: int) -> None:
    made = Ability("x", "X", ("reference",), lengths=(period, offset)).fits(wanted)
    assert made >= wanted
    assert (made - offset) % period == 0
    assert made == offset or made - period < wanted


@pytest.mark.parametrize("positions", [(3, 1), (1, 1), (-1, 2), (1, 2, 3)])
def test_given_frames_stand_apart_and_in_order(positions: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="position"):
        Known(np.zeros((2, 4, 4, 3), np.uint8), positions, (1.0, 1.0))
