"""Edits are pure: they return a new project, keep the library, and drop what another choice makes untrue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.project import edits
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.project import LiftSettings, Project, Run, frames_of
from pipeline.project.take import KnownFrame, Take, VideoRequest
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


@pytest.fixture
def pair() -> Project:
    """Two chosen takes of eight frames."""
    project = edits.add_take(edits.add_take(Project(), take("a")), take("b"))
    return edits.choose_freeze_time(edits.choose_reference(project, "a"), "b")


def test_another_take_drops_the_shared_moment_and_each_take_keeps_its_trim(pair: Project) -> None:
    trimmed = edits.set_canonical(edits.trim(pair, "a", FrameSelection(1, 5)), 2, 3)
    assert edits.choose_reference(trimmed, "a") is trimmed
    other = edits.choose_reference(trimmed, "b")
    assert other.cut.reference_frames is None and other.cut.canonical_reference_frame is None
    assert edits.choose_reference(other, "a").cut.reference_frames == FrameSelection(1, 5)
    assert trimmed.cut.canonical_reference_frame == 2


def test_takes_of_another_shape_are_not_chosen_together(pair: Project) -> None:
    wide = Take("w", VideoRequest("freeze_time"), Clip("takes/w.mkv", 8, (4, 9), 16.0, "0" * 64))
    with pytest.raises(Refusal, match="not the same shape"):
        edits.choose_freeze_time(edits.add_take(pair, wide), "w")


def test_frames_are_dropped_and_restored_and_one_has_to_stay(pair: Project) -> None:
    dropped = edits.drop_frames(pair, "a", [2, 3])
    assert frames_of(take("a").clip, dropped.cut.reference_frames) == (0, 1, 4, 5, 6, 7)
    assert edits.restore_frames(dropped, "a", [2, 3]) == pair
    with pytest.raises(Refusal, match="has to stay"):
        edits.drop_frames(pair, "a", range(8))
    with pytest.raises(Refusal, match="8 frames"):
        edits.trim(pair, "a", FrameSelection(0, 9))


def test_only_used_frames_of_chosen_takes_are_canonical(pair: Project) -> None:
    project = edits.add_take(pair, take("c"))
    assert edits.pick_canonical(project, "a", 3).cut.canonical_reference_frame == 3
    assert edits.pick_canonical(project, "b", 4).cut.canonical_freeze_frame == 4
    with pytest.raises(Refusal, match="use this take first"):
        edits.pick_canonical(project, "c", 3)
    with pytest.raises(Refusal, match="not used"):
        edits.pick_canonical(edits.drop_frames(project, "a", [3]), "a", 3)


def test_opinions_come_and_go(pair: Project) -> None:
    project = edits.score(edits.judge(pair, "b", "star"), "b", 1, 4)
    project = edits.score(edits.note(project, "b", "soft at the end"), "b", 3, 5)
    opinion = project.cut.opinion("b")
    assert (opinion.verdict, opinion.notes, opinion.mean_score) == ("star", "soft at the end", 4.5)
    assert project.takes == pair.takes
    back = edits.note(edits.score(edits.score(edits.judge(project, "b", ""), "b", 1, 0), "b", 3, 0), "b", "")
    assert back == pair
    with pytest.raises(Refusal, match="shorten"):
        edits.note(pair, "b", "x" * 20_001)
    with pytest.raises(ValueError, match="verdict"):
        edits.judge(pair, "b", "maybe")


@given(
    locks=st.lists(st.tuples(st.sets(st.integers(0, 7)), st.booleans()), max_size=6),
    drops=st.lists(st.tuples(st.sets(st.integers(0, 7), max_size=7), st.booleans()), max_size=6),
)
def test_locks_and_drops_are_sets(locks: list[tuple[set[int], bool]], drops: list[tuple[set[int], bool]]) -> None:
    project, locked, dropped = edits.add_take(Project(), take("a")), set[int](), set[int]()
    for some, on in locks:
        project = edits.lock_frames(project, "a", some, on)
        locked = locked | some if on else locked - some
    for some, on in drops:
        if on and dropped | some == set(range(8)):
            continue
        project = (edits.drop_frames if on else edits.restore_frames)(project, "a", some)
        dropped = dropped | some if on else dropped - some
    opinion = project.cut.opinion("a")
    assert opinion.locked == locked
    assert frames_of(take("a").clip, opinion.frames) == tuple(sorted(set(range(8)) - dropped))


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


def test_a_candidate_takes_the_place_of_its_parent() -> None:
    parent = take("a")
    known = tuple(KnownFrame(i + 4, "a", i) for i in range(8))
    longer = replace(take("b", frames=16), parent="a", request=VideoRequest("extend", known=known, sources=("a",)))
    project = edits.choose_freeze_time(edits.add_take(edits.add_take(Project(), parent), longer), "a")
    project = edits.lock_frames(edits.set_canonical(project, 0, 3), "a", (1, 2), True)
    project = edits.drop_frames(project, "a", (7,))
    after = edits.accept(project, "b")
    assert (after.cut.freeze_time, after.cut.canonical_freeze_frame, after.cut.canonical_reference_frame) == ("b", 7, 0)
    opinion = after.cut.opinion("b")
    assert opinion.locked == {5, 6} and opinion.frames == FrameSelection(0, 16, frozenset({11}))
    assert after.cut.opinion("a") == project.cut.opinion("a")
    with pytest.raises(Refusal, match="not made from another"):
        edits.accept(project, "a")


def test_a_reroll_keeps_trim_and_moment_of_its_parent() -> None:
    known = tuple(KnownFrame(i, "a", i) for i in (0, 1, 2, 6, 7))
    again = replace(take("b"), parent="a", request=VideoRequest("reroll", known=known, sources=("a",)))
    project = edits.choose_reference(edits.add_take(edits.add_take(Project(), take("a")), again), "a")
    project = edits.trim(edits.set_canonical(project, 4, 0), "a", FrameSelection(1, 6))
    after = edits.accept(project, "b")
    assert (after.cut.reference, after.cut.canonical_reference_frame) == ("b", 4)
    assert after.cut.reference_frames == FrameSelection(1, 6)
