"""The moving picture's quality follows what pictures cost."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.quality import BUDGET_MS, COARSE, COARSE_MS, FULL, LADDER, Budget, Quality


def taught(splats_ms: float, pixels_ms: float, quality: Quality = FULL, way_ms: float = 0.0) -> Budget:
    budget = Budget()
    for _ in range(40):
        budget.learn(quality, splats_ms, pixels_ms, splats_ms + pixels_ms + way_ms)
    return budget


def parts(quality: Quality, splats_ms: float, pixels_ms: float) -> tuple[float, float]:
    """What a picture of this quality costs where a full one costs so much."""
    return splats_ms * (0.1 + 0.9 * quality.share), pixels_ms * quality.scale**1.2 * quality.share**0.45


def test_a_fast_machine_shows_the_whole_picture_and_a_slow_one_the_coarsest() -> None:
    assert taught(3.0, 3.0).choose() == FULL
    assert taught(5000.0, 5000.0).choose() == LADDER[-1]


@given(splats=st.floats(0.1, 500), pixels=st.floats(0.1, 500), more=st.floats(1.0, 5.0))
def test_dearer_pictures_are_never_made_finer(splats: float, pixels: float, more: float) -> None:
    here, there = (LADDER.index(taught(k * splats, k * pixels).choose()) for k in (1.0, more))
    assert there >= here


def test_what_is_learned_from_coarse_pictures_finds_the_way_back_to_full_ones() -> None:
    budget = taught(4000.0, 4000.0)
    chosen = budget.choose()
    for _ in range(60):  # the machine is free again: a full picture would cost half the budget
        splats, pixels = 0.25 * BUDGET_MS * (0.1 + 0.9 * chosen.share), 0.25 * BUDGET_MS * chosen.scale**1.2
        budget.learn(chosen, splats, pixels, splats + pixels)
        chosen = budget.choose()
    assert chosen == FULL


@given(splats=st.floats(0.1, 500), pixels=st.floats(0.1, 500))
def test_each_quality_keeps_to_its_budget_and_the_next_finer_one_would_not(splats: float, pixels: float) -> None:
    step = LADDER.index(taught(splats, pixels).choose())
    costs = [sum(parts(quality, splats, pixels)) for quality in LADDER]
    budgets = [BUDGET_MS if i < COARSE else COARSE_MS for i in range(len(LADDER))]
    assert costs[step] <= budgets[step] * 1.001 or step == len(LADDER) - 1
    assert step == 0 or costs[step - 1] > budgets[step - 1] * 0.999


def test_the_way_to_the_renderer_and_back_counts() -> None:
    near, far = (LADDER.index(taught(14.0, 14.0, way_ms=way).choose()) for way in (1.0, 12.0))
    assert far > near


def test_one_picture_that_waited_for_a_scene_to_load_makes_none_coarser() -> None:
    budget = taught(10.0, 10.0)
    budget.learn(FULL, 10.0, 10.0, 3000.0)
    assert budget.choose() == FULL


def test_a_cost_that_wavers_about_the_budget_changes_the_quality_once() -> None:
    budget, seen = Budget(), []
    for turn in range(80):
        quality = budget.choose()
        wave = 0.5 * BUDGET_MS * (1.05 if turn // 8 % 2 else 0.95)
        splats, pixels = parts(quality, wave, wave)
        budget.learn(quality, splats, pixels, splats + pixels)
        seen.append(quality)
    settled = seen[16:]
    assert len(set(settled)) == 1


def test_the_ladder_goes_down() -> None:
    for better, worse in itertools.pairwise(LADDER):
        assert worse.scale <= better.scale
        assert worse.share <= better.share
