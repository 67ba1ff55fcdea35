"""A job is a value: it survives JSON, and its digest follows its inputs and settings and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.jobs.spec import ExportJob, LiftJob, RenderJob, Source, job_from_json, job_to_json
from pipeline.project import edits
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.project import LiftSettings, Project
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal

SOURCE = Source("a", "/p/takes/a.mkv", "0" * 64, (0, 1, 3), 16.0)
LIFT = LiftJob("/p", SOURCE, replace(SOURCE, take="b", digest="1" * 64), 1, 3, LiftSettings())


@pytest.mark.parametrize(
    "job",
    [
        LIFT,
        RenderJob("/p", "x.png", "freeze:3", (0.5, 2.0), (4, 5), 12.0),
        RenderJob("/p", "x.mp4"),
        ExportJob("/p", "d/", "ply-sequence"),
    ],
)
def test_a_job_survives_json(job: LiftJob | RenderJob | ExportJob) -> None:
    assert job_from_json(job_to_json(job)) == job


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "delete"}', '{"kind": "lift"}', '{"kind": ["lift"]}'])
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        job_from_json(text)


def test_the_digest_follows_what_makes_another_scene() -> None:
    others = [
        replace(LIFT, canonical_reference_frame=0),
        replace(LIFT, canonical_freeze_frame=0),
        replace(LIFT, reference=replace(SOURCE, frames=(0, 1))),
        replace(LIFT, freeze_time=replace(SOURCE, digest="2" * 64)),
        replace(LIFT, settings=LiftSettings("standard")),
        replace(LIFT, settings=LiftSettings(seed=1)),
        replace(LIFT, prior="a"),
        replace(LIFT, prior="b"),
        replace(LIFT, upsampler="a"),
        replace(LIFT, poses="a"),
        replace(LIFT, settings=LiftSettings(without=("small-motion",))),
    ]
    assert len({job.digest for job in (LIFT, *others)}) == 1 + len(others)


def test_the_digest_ignores_where_and_how_fast() -> None:
    same = [
        replace(LIFT, folder="/elsewhere"),
        replace(LIFT, resume=True),
        replace(LIFT, settings=LiftSettings(device="cuda")),
        replace(LIFT, settings=LiftSettings(prior="weights/here", upsampler="weights/there")),
        replace(LIFT, reference=replace(SOURCE, path="/q/a.mkv", fps=8.0)),
    ]
    assert {job.digest for job in same} == {LIFT.digest}
    assert LIFT.run_dir.name == LIFT.digest


def test_a_job_from_a_project(tmp_path: Path) -> None:
    project = Project()
    for name, digit, count in (("a", "0", 5), ("b", "1", 6)):
        clip = Clip(str(tmp_path / f"{name}.mkv"), count, (4, 6), 16.0, digit * 64)
        project = edits.add_take(project, Take(name, VideoRequest("reference"), clip))
    project = edits.choose_freeze_time(edits.choose_reference(project, "a"), "b")
    with pytest.raises(Refusal, match="moment"):
        LiftJob.from_project(project, tmp_path)
    project = edits.set_canonical(edits.trim(project, "b", FrameSelection(1, 4)), 2, 3)
    job = LiftJob.from_project(project, tmp_path, resume=True)
    assert job.reference.frames == (0, 1, 2, 3, 4) and job.freeze_time.frames == (1, 2, 3)
    assert (job.canonical_reference_frame, job.canonical_freeze_frame, job.resume) == (2, 3, True)
    with pytest.raises(Refusal, match=r"no video prior .mine.*--prior none"):
        LiftJob.from_project(edits.set_lift(project, LiftSettings(prior="mine")), tmp_path)
    with pytest.raises(Refusal, match="freeze-time frame 3 is trimmed away"):
        LiftJob.from_project(edits.drop_frames(project, "b", [3]), tmp_path)


def test_without_models_a_lift_keeps_the_name_that_it_had_before_there_were_any() -> None:
    assert LIFT.digest == "c962de53500f7044"
