"""The tables say what Appendix C, D and E say."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.lift.schedule import (
    CAMERAS,
    MULTI_VIEW_SDS,
    NEW_SPLATS,
    PER_FRAME,
    PRESETS,
    SPLATS,
    TEMPORAL,
    TEMPORAL_SDS,
    ablated,
    chosen_prior,
    distils,
    parts_of,
    preset,
    shared_rows,
    table_of,
    undistilled,
)
from pipeline.project.project import ABLATIONS
from renderer.errors import Refusal


def test_paper_lengths_are_those_of_appendix_c() -> None:
    paper = preset("paper")
    canonical = [p for p in paper.phases if p.views == "freeze-time"]
    motion = [p for p in paper.phases if p.views != "freeze-time"]
    assert [p.steps for p in canonical] == [3_000, 12_000, 5_000]
    assert [p.steps for p in motion] == [10_000, 5_000, 5_000]
    assert paper.total_steps == 40_000


def test_paper_freezes_what_appendix_c_freezes() -> None:
    warm_up, deform, _, motion, growth, joint = preset("paper").phases
    assert PER_FRAME not in warm_up.trains and PER_FRAME in deform.trains
    assert motion.trains == (TEMPORAL,)
    assert set(growth.trains) == {NEW_SPLATS, TEMPORAL}
    assert {SPLATS, PER_FRAME, TEMPORAL, CAMERAS} == set(joint.trains) and joint.views == "both"


def test_paper_weights_and_thresholds_are_those_of_appendix_e() -> None:
    phases = preset("paper").phases
    for phase in phases:
        assert phase.weights["l1"] == 1.0
        assert all(phase.weights.get(n, 0.01) == 0.01 for n in ("small-motion", "norm", "diff", "rigid", "rot"))
    assert [p.weights.get(MULTI_VIEW_SDS) for p in phases] == [None, None, 5.0, None, None, 5.0]
    assert [p.weights.get(TEMPORAL_SDS) for p in phases] == [None] * 5 + [20.0]
    growths = [p.growth for p in phases if p.growth]
    assert [g.tau_alpha for g in growths] == [5e-3, 5e-3, 1e-2]
    assert {g.tau_grad for g in growths} == {2e-4}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_finds_motion_with_splats_frozen_before_it_grows_new_ones(name: str) -> None:
    phases = preset(name).phases
    first_motion = next(i for i, p in enumerate(phases) if TEMPORAL in p.trains)
    assert phases[first_motion].trains == (TEMPORAL,)
    assert SPLATS in phases[first_motion].frozen
    assert any(NEW_SPLATS in p.trains for p in phases[first_motion:])
    assert phases[-1].views == "both"


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(Refusal, match="draft, standard, paper"):
        preset("fast")


def test_ablations_remove_their_part_and_nothing_else() -> None:
    table = preset("draft")
    without = ablated(table, ("per-frame-deformation",))
    assert all(PER_FRAME not in p.trains for p in without.phases)
    assert without.total_steps == table.total_steps
    assert all("small-motion" not in p.weights for p in ablated(table, ("small-motion",)).phases)
    still = ablated(table, ("freeze-time",))
    assert {p.views for p in still.phases} == {"reference"}
    fixed = ablated(table, ("camera-fine-tuning",))
    assert all(CAMERAS not in p.trains for p in fixed.phases) and fixed.total_steps == table.total_steps
    old = ablated(table, ("new-splats",))
    assert all(NEW_SPLATS not in p.trains for p in old.phases) and old.total_steps == table.total_steps
    assert all(TEMPORAL in p.trains and p.growth is None for p in old.phases if p.name == "Motion without new splats")
    assert any(p.growth for p in old.phases)  # the canonical scene still grows


def test_the_two_distillations_are_left_out_apart() -> None:
    paper = preset("paper")
    views = ablated(paper, ("multi-view-sds",)).phases
    assert MULTI_VIEW_SDS not in views[2].weights and views[5] == paper.phases[5]
    joint = ablated(paper, ("joint-sds",)).phases
    assert joint[2] == paper.phases[2] and not {MULTI_VIEW_SDS, TEMPORAL_SDS} & set(joint[5].weights)


def test_a_table_without_a_prior_keeps_every_row_and_every_other_number() -> None:
    paper = preset("paper")
    plain = undistilled(paper)
    assert distils(paper) and not distils(plain)
    for asked, row in zip(paper.phases, plain.phases, strict=True):
        weights = {k: v for k, v in asked.weights.items() if k not in (MULTI_VIEW_SDS, TEMPORAL_SDS)}
        assert row == dataclasses.replace(asked, weights=weights)


@pytest.mark.parametrize("name", ["draft", "standard"])
def test_the_short_presets_distil_only_when_a_prior_is_named(name: str) -> None:
    assert not distils(table_of(name, (), "auto")) and not distils(table_of(name, (), "none"))
    assert table_of(name, (), "weights/of/mine") == preset(name)
    assert table_of(name, ("multi-view-sds", "joint-sds"), "weights/of/mine") == undistilled(preset(name))


def test_paper_distils_with_the_shipped_prior_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for there in (False, True):
        monkeypatch.setattr("pipeline.lift.schedule.at_hand", lambda _, there=there: there)
        assert distils(table_of("paper", (), "auto")) is there
        assert chosen_prior(preset("paper"), "auto") == ("pixel" if there else None)
    assert chosen_prior(preset("paper"), "none") is None
    assert chosen_prior(preset("draft"), "auto") is None


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_knows_its_parts(name: str) -> None:
    parts = parts_of(preset(name))
    assert set(ABLATIONS) - set(parts) <= {"multi-view-sds", "joint-sds"}
    assert parts_of(ablated(preset(name), parts[:2])) == parts[2:]


@pytest.mark.parametrize(
    ("part", "draft", "paper"),
    [
        ("per-frame-deformation", 1, 1), ("small-motion", 1, 1), ("multi-view-sds", 1, 2), ("joint-sds", 5, 5),
        ("freeze-time", 0, 0), ("camera-fine-tuning", 0, 0), ("new-splats", 4, 4),
    ],
)  # fmt: skip
def test_tables_share_the_rows_before_the_first_that_differs(part: str, draft: int, paper: int) -> None:
    for name, rows in (("draft", draft), ("standard", draft), ("paper", paper)):
        assert shared_rows(preset(name), ablated(preset(name), (part,))) == rows
        assert shared_rows(preset(name), preset(name)) == len(preset(name).phases)


def test_tables_whose_rates_differ_share_nothing() -> None:
    draft = preset("draft")
    longer = (*draft.phases[:-1], dataclasses.replace(draft.phases[-1], steps=601))
    assert shared_rows(draft, dataclasses.replace(draft, phases=longer)) == 0
    assert shared_rows(draft, dataclasses.replace(draft, anchor_every=0)) == 0
    assert shared_rows(preset("draft"), preset("standard")) == 0
