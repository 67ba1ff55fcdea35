"""Rates decay over each stage of a table anew, and rows scale them."""

from __future__ import annotations

import math

import pytest

from pipeline.lift.rates import decayed, share_of_stage, splat_rates
from pipeline.lift.schedule import PRESETS, preset, with_reupsampling


@pytest.mark.parametrize("name", PRESETS)
def test_a_stage_goes_from_0_to_1_without_a_jump(name: str) -> None:
    table = with_reupsampling(preset(name))
    ends: dict[str, float] = {}
    for index, row in enumerate(table.phases):
        assert share_of_stage(table, index, 0) == pytest.approx(ends.get(row.stage, 0.0))
        ends[row.stage] = share_of_stage(table, index, row.steps)
    assert set(ends) == {"canonical", "motion", "film"} and set(ends.values()) == {1.0}


def test_decay_is_exponential_and_ends_at_its_ends() -> None:
    assert decayed((1e-2, 1e-4), 0.0) == 1e-2 and decayed((1e-2, 1e-4), 1.0) == pytest.approx(1e-4)
    assert decayed((1e-2, 1e-4), 0.5) == pytest.approx(1e-3) and decayed((1e-2, 1e-4), 2.0) == pytest.approx(1e-4)


def test_a_row_scales_the_rates_of_the_splats() -> None:
    table = preset("draft")
    first, last = table.phases[0], table.phases[-1]
    full, scaled = splat_rates(table.rates, first, 0.5), splat_rates(table.rates, last, 0.5)
    assert all(math.isclose(scaled[name], last.lr_scale * full[name]) for name in full)
    assert set(full) == {"means", "scales", "quats", "opacities", "rgb"}
