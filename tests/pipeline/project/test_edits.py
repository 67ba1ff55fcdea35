"""Edits are pure: they return a new project, keep the library, and drop what another choice makes untrue."""

from __future__ import annotations

import pytest

from pipeline.project import edits
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.project import LiftSettings, Project, Run, frames_of
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal


def take(name: str, frames: int = 8) -> Take:
    return Take(name, VideoRequest("reference"), Clip(f"takes/{name}.mkv", frames, (4, 4), 16.0, "0" * 64))


def test_a_take_is_added_once() -> None:
    project = edits.add_take(edits.add_take(Project(), take("a")), take("a"))
    assert [known.id for known in project.takes] == ["a"]


def test_a_run_lifted_again_is_the_newest() -> None:
    project = Project()
    for name, psnr in (("x", 20.0), ("y", 21.0), ("x", 25.0)):
        project = edits.add_run(project, Run(name, "a", "b", 0, 0, LiftSettings(), {"psnr": psnr}))
    assert [run.id for run in project.runs] == ["y", "x"]
    newest = project.newest_run()
    assert newest is not None and newest.figures["psnr"] == 25.0


def test_another_take_drops_the_trim_and_the_shared_moment() -> None:
    project = edits.add_take(edits.add_take(Project(), take("a")), take("b"))
    project = edits.choose_freeze_time(edits.choose_reference(project, "a"), "b")
    trimmed = edits.set_canonical(edits.trim_reference(project, FrameSelection(1, 5)), 2, 3)
    assert edits.choose_reference(trimmed, "a") is trimmed
    other = edits.choose_reference(trimmed, "b")
    assert other.cut.reference_frames is None and other.cut.canonical_reference_frame is None
    assert trimmed.cut.canonical_reference_frame == 2


def test_a_take_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal, match="no take"):
        edits.choose_reference(Project(), "a")
    with pytest.raises(Refusal, match="first"):
        Project().chosen()


def test_frames_of_a_trim_are_source_frames() -> None:
    clip = take("a", frames=8).clip
    assert frames_of(clip, None) == tuple(range(8))
    assert frames_of(clip, FrameSelection(2, 6, frozenset({3}))) == (2, 4, 5)
    with pytest.raises(Refusal, match="8 frames"):
        frames_of(clip, FrameSelection(2, 9))
