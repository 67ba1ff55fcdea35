"""Arms begin where the whole method stood: which states are kept, which one an arm gets, and when it gets none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.jobs import starts
from pipeline.jobs.spec import CHECKPOINT, LiftJob, Source
from pipeline.jobs.starts import Starts
from pipeline.lift.schedule import preset
from pipeline.messages import Failed, Message, Note, StageStarted
from pipeline.project.project import LiftSettings

ROWS = [row.name for row in preset("draft").phases]


def job(folder: Path, *without: str, seed: int = 0) -> LiftJob:
    first, second = (Source(name, f"{name}.mkv", name * 8, (0, 1), 8.0) for name in "rf")
    return LiftJob(str(folder), first, second, 0, 1, LiftSettings("draft", seed, "cpu", without), resume=True)


def told(lift: LiftJob, *stages: int) -> Iterator[Message]:
    """A lift that writes the number of finished rows into its checkpoint, as the real one does before it goes on."""
    lift.run_dir.mkdir(parents=True, exist_ok=True)
    for index in stages:
        if index > 1:
            (lift.run_dir / CHECKPOINT).unlink(missing_ok=True)
            (lift.run_dir / CHECKPOINT).write_text(str(index - 1))
        yield StageStarted("poses" if index == 0 else ROWS[index - 1], index, 7, 0)


def begun_at(lift: LiftJob) -> str | None:
    path = lift.run_dir / CHECKPOINT
    return path.read_text() if path.exists() else None


@pytest.fixture
def kept(tmp_path: Path) -> Starts:
    made = Starts(tmp_path / "starts")
    assert len(list(made.around(job(tmp_path), told(job(tmp_path), *range(7))))) == 7
    return made


@pytest.mark.parametrize(
    ("part", "rows"), [("per-frame-deformation", 1), ("small-motion", 1), ("new-splats", 4), ("camera-fine-tuning", 0)]
)
def test_an_arm_begins_at_the_end_of_the_rows_that_it_shares(
    kept: Starts, tmp_path: Path, part: str, rows: int
) -> None:
    arm = job(tmp_path, part)
    said = list(kept.around(arm, iter([Failed("No.")])))
    assert begun_at(arm) == (str(rows) if rows else None)
    notes = [m.text for m in said if isinstance(m, Note)]
    assert notes == ([f"Begins where the whole method stood after {ROWS[rows - 1]}."] if rows else [])
    assert said[-1] == Failed("No.")


def test_without_the_freeze_time_video_nothing_is_shared(kept: Starts, tmp_path: Path) -> None:
    assert kept.give(job(tmp_path, "freeze-time")) is None and begun_at(job(tmp_path, "freeze-time")) is None


def test_an_arm_that_has_begun_goes_on_from_where_it_was_itself(kept: Starts, tmp_path: Path) -> None:
    arm = job(tmp_path, "new-splats")
    arm.run_dir.mkdir(parents=True)
    (arm.run_dir / CHECKPOINT).write_text("its own")
    assert kept.give(arm) is None and begun_at(arm) == "its own"


def test_another_seed_shares_nothing(kept: Starts, tmp_path: Path) -> None:
    assert kept.give(job(tmp_path, "new-splats", seed=1)) is None


def test_the_state_of_a_row_that_was_resumed_in_its_middle_is_not_taken_for_the_end_of_the_one_before(
    tmp_path: Path,
) -> None:
    whole, made = job(tmp_path), Starts(tmp_path / "starts")
    list(made.around(whole, told(whole, 0, 1, 2)))
    list(made.around(whole, told(whole, 0, 5, 6)))  # the checkpoint was of the middle of row 4, which begins as stage 5
    assert made.give(job(tmp_path, "new-splats")) == ROWS[0]
    assert begun_at(job(tmp_path, "new-splats")) == "1"


def test_a_disk_that_refuses_costs_time_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, place: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(starts, "second_name", full)
    made = Starts(tmp_path / "starts")
    assert len(list(made.around(job(tmp_path), told(job(tmp_path), *range(7))))) == 7
    assert made.give(job(tmp_path, "new-splats")) is None


def test_what_an_arm_writes_leaves_the_start_as_it_was(kept: Starts, tmp_path: Path) -> None:
    for part in ("small-motion", "per-frame-deformation"):
        arm = job(tmp_path, part)
        kept.give(arm)
        assert begun_at(arm) == "1"
        scratch = arm.run_dir / "scratch"
        scratch.write_text("further on")
        scratch.replace(arm.run_dir / CHECKPOINT)
