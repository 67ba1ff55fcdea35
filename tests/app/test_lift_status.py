"""From messages to what people read."""

from __future__ import annotations

import pytest

from app.lift_status import LiftStatus, duration
from pipeline.lift.schedule import preset, with_reupsampling
from pipeline.messages import Failed, Finished, Message, Note, Progress, SnapshotReady, StageStarted


def after(*messages: Message) -> LiftStatus:
    status = LiftStatus()
    for message in messages:
        status = status.after(message)
    return status


def test_a_running_stage_is_told_in_full() -> None:
    status = after(StageStarted("Motion", 3, 7, 400), Progress("Motion", 100, 400, 11.34, 94.0, 0.02, 31.25, 30000))
    assert not status.over
    assert status.fraction == 0.25
    assert status.headline() == "Motion · stage 4 of 7"
    assert status.figures() == "100 / 400   11.3 it/s   31.2 dB   30,000 splats   1:34 left"


def test_every_stage_of_the_paper_is_told_by_its_own_name() -> None:
    """With a prior and an upsampler too, in the headline and in the list of stages alike."""
    names = [row.name for row in with_reupsampling(preset("paper")).phases]
    assert {"Multi-view distillation", "Joint fine-tuning", "Re-upsampled details"} < set(names)
    for index, name in enumerate(names):
        status = after(StageStarted(name, index + 1, len(names) + 1, 10))
        assert status.headline() == f"{name} · stage {index + 2} of {len(names) + 1}"


def test_unknown_figures_are_left_out_and_known_ones_stay() -> None:
    first = Progress("Motion", 100, 400, psnr=31.0, splats=5)
    status = after(
        StageStarted("Motion", 0, 2, 400), first, Progress("Motion", 101, 400), StageStarted("poses", 1, 2, 0)
    )
    assert status.figures() == "31.0 dB   5 splats"
    assert status.headline() == "Camera poses · stage 2 of 2"
    assert status.fraction == 0.0


@pytest.mark.parametrize(
    ("last", "state", "words"),
    [
        (Finished({}), "completed", "Lifted."),
        (Failed("The disk is full; make room."), "error", "The disk is full; make room."),
        (Failed("Use --resume.", True), "ready", "Stopped. Lift again into the same folder to go on from here."),
    ],
)
def test_an_end_is_an_end(last: Message, state: str, words: str) -> None:
    status = after(StageStarted("Motion", 0, 2, 400), Progress("Motion", 1, 2), last)
    assert status.state == state
    assert status.over
    assert status.headline() == words
    assert status.figures() == ""


def test_notes_and_snapshots_change_no_state() -> None:
    status = after(Note("The shared moment is found."), SnapshotReady("x", "Motion", 1))
    assert status.state == "ready"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (45.4, "45 s"), (250, "4:10"), (3723, "1:02:03"), (-3, "0 s")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
