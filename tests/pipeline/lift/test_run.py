"""A whole lift of seconds with a prior: what it says, and that it goes on from where it was stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline.generate import priors
from pipeline.lift.checkpoint import load_checkpoint
from pipeline.lift.run import LiftInputs, LiftSettings, Stopped, lift
from pipeline.lift.schedule import Schedule, preset
from pipeline.messages import Finished, Message, Note, StageStarted
from tests.fakes.ncnn_network import network
from tests.fakes.priors import GaussianPrior, like_the_first_frame
from tests.journeys.tiny_lift import SCENARIO, exact_poses

POSES = exact_poses(SCENARIO)
FREEZE = SCENARIO.canonical_freeze_frame


def table(asks: bool) -> Schedule:
    short = preset("draft")
    rows = tuple(
        dataclasses.replace(
            row, steps=4, growth=None,
            distillation=row.distillation and dataclasses.replace(row.distillation, start=0, every=1, supersampling=2),
        )
        for row in (short.phases[1], short.phases[3], short.phases[5])
    )  # fmt: skip
    return dataclasses.replace(short, name="tiny", phases=rows, seeds=300, nodes=10, max_side=48, asks_prior=asks)


def inputs() -> LiftInputs:
    reference, freeze = (np.stack(list(video)) for video in (SCENARIO.reference_video(), SCENARIO.freeze_time_video()))
    return LiftInputs(reference, tuple(range(len(reference))), freeze, tuple(range(len(freeze))))


INPUTS = inputs()


def said_by(out: Path, asks: bool, model: GaussianPrior | None = None, prior: str = "auto") -> list[Message]:
    settings = LiftSettings(device="cpu", canonical_reference_frame=1, canonical_freeze_frame=FREEZE, prior=prior)
    return list(lift(INPUTS, settings, POSES, out, schedule=table(asks), prior=model))


def notes(said: list[Message]) -> str:
    return " ".join(m.text for m in said if isinstance(m, Note))


def test_rows_that_distil_say_so_and_a_table_that_asks_in_vain_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(priors, "SHIPPED_FOLDER", tmp_path / "no weights")
    with_prior = said_by(tmp_path / "a", True, like_the_first_frame(4, (3, 4)))
    losses = [set(m.losses) for m in with_prior if isinstance(m, StageStarted)]
    assert [names & {"multi-view sds", "temporal sds"} for names in losses] == [
        {"multi-view sds"}, set(), {"multi-view sds", "temporal sds"}
    ]  # fmt: skip
    without = said_by(tmp_path / "b", True)
    assert "asks for score distillation; it runs without: no video prior is at hand" in notes(without)
    assert not any("sds" in name for m in without if isinstance(m, StageStarted) for name in m.losses)


def test_nothing_is_said_where_nothing_was_asked(tmp_path: Path) -> None:
    for folder, asks, prior in (("a", True, "none"), ("b", False, "auto")):
        assert "distil" not in notes(said_by(tmp_path / folder, asks, prior=prior))


def test_a_stop_within_a_row_that_distils_resumes_to_the_same_scene(tmp_path: Path) -> None:
    settings = LiftSettings(device="cpu", canonical_reference_frame=1, canonical_freeze_frame=FREEZE)
    prior = like_the_first_frame(4, (3, 4))
    whole = list(lift(INPUTS, settings, POSES, tmp_path / "a", schedule=table(True), prior=prior))
    left = iter([None] * 9 + ["stop"])
    with pytest.raises(Stopped):
        list(
            lift(INPUTS, settings, POSES, tmp_path / "b", schedule=table(True), prior=prior, control=lambda: next(left))
        )
    resumed = list(lift(INPUTS, settings, POSES, tmp_path / "b", schedule=table(True), prior=prior, resume=True))
    assert "Resumed at step 10 of 12." in notes(resumed)
    assert type(whole[-1]) is type(resumed[-1])
    a, b = (load_checkpoint(tmp_path / name / "checkpoint.pt")["params"] for name in "ab")
    assert all(bool((a[name] == b[name]).all()) for name in a)


def test_an_upsampler_of_the_artists_own_makes_the_film_of_the_last_row(tmp_path: Path) -> None:
    pytest.importorskip("ncnn", reason="the extra esrgan is not installed")
    network(tmp_path)
    settings = LiftSettings(
        device="cpu", canonical_reference_frame=1, canonical_freeze_frame=FREEZE, upsampler=str(tmp_path)
    )
    said = list(lift(INPUTS, settings, POSES, tmp_path / "run", schedule=table(False)))
    last = [m for m in said if isinstance(m, StageStarted)][-1]
    assert last.name == "Re-upsampled details" and isinstance(said[-1], Finished)
    film = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["film"]
    assert film["images"].shape == (32, 27, 46, 3) and len(film["times"]) == 32
