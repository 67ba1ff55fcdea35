"""Going back to what a run was lifted from: takes, frames, moment, cameras and settings, whatever was curated since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.jobs.forking import forked
from pipeline.jobs.spec import LiftJob
from pipeline.project import edits
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.project import LiftSettings, Project
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal


def take(name: str, digit: str) -> Take:
    return Take(name, VideoRequest("reference"), Clip(f"takes/{name}.mkv", 12, (36, 64), 16.0, digit * 64))


def curated() -> Project:
    """Two takes, trimmed and with frames dropped, to be lifted with other settings than by default."""
    project = replace(Project(), takes=(take("r", "1"), take("f", "2")))
    project = edits.choose_freeze_time(edits.choose_reference(project, "r"), "f")
    project = edits.drop_frames(edits.trim(project, "f", FrameSelection(2, 11)), "f", [5, 7])
    project = edits.set_canonical(project, 3, 4)
    return edits.set_lift(edits.use_poses(project, "abc"), LiftSettings("standard", 7))


def test_a_fork_asks_for_the_same_lift_again(tmp_path: Path) -> None:
    before = curated()
    job = LiftJob.from_project(before, tmp_path)
    later = edits.choose_freeze_time(replace(before, takes=(*before.takes, take("g", "3"))), "g")
    later = edits.trim(edits.trim(later, "f", None), "r", FrameSelection(0, 4))
    later = edits.set_lift(later, LiftSettings())
    again = forked(later, job)
    assert LiftJob.from_project(again, tmp_path) == job
    assert again.takes == later.takes, "the library stays"
    assert forked(again, job) == again


def test_a_take_that_was_brought_in_anew_serves(tmp_path: Path) -> None:
    project = curated()
    job = LiftJob.from_project(project, tmp_path)
    anew = replace(Project(), takes=(take("x", "2"), take("r", "1")))
    assert LiftJob.from_project(forked(anew, job), tmp_path).digest == job.digest


def test_a_take_that_is_gone_is_named(tmp_path: Path) -> None:
    project = curated()
    job = LiftJob.from_project(project, tmp_path)
    with pytest.raises(Refusal, match="freeze-time take that this run was lifted from"):
        forked(replace(project, takes=project.takes[:1]), job)


@pytest.mark.parametrize("frames", [(), (5, 2), (3, 3), (-1, 4), (0, 12), (2, 10**9)])
def test_frames_that_make_no_sense_are_refused_before_they_are_counted(tmp_path: Path, frames: tuple[int, ...]) -> None:
    project = curated()
    job = LiftJob.from_project(project, tmp_path)
    with pytest.raises(Refusal, match="make no sense"):
        forked(project, replace(job, freeze_time=replace(job.freeze_time, frames=frames)))
