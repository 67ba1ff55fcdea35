"""A lift as a stream of messages: solved cameras are reused, stops are resumable, faults are sentences."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import pipeline.lift.run as lift_run
import pipeline.poses.solve as poses_solve
from pipeline.cli.run_job import run_job
from pipeline.jobs.control import Control
from pipeline.jobs.run_dir import RunDir
from pipeline.jobs.spec import SNAPSHOT, LiftJob
from pipeline.jobs.steps import run
from pipeline.messages import Failed, Finished, Message, Note, Produced, Progress, SnapshotReady, StageStarted
from pipeline.poses.solved import FrameFit, SolvedPoses
from pipeline.project import library, media, project_file
from pipeline.project.project import LiftSettings
from renderer.errors import Refusal
from renderer.snapshot import Snapshot


@pytest.fixture
def job(tmp_path: Path) -> LiftJob:
    """A lift of two clips of noise whose frame 2 and frame 1 are the same picture."""
    rng = np.random.default_rng(0)
    reference = rng.integers(0, 255, (4, 24, 32, 3)).astype(np.uint8)
    freeze = rng.integers(0, 255, (5, 48, 64, 3)).astype(np.uint8)
    freeze[1] = reference[2].repeat(2, axis=0).repeat(2, axis=1)
    for name, frames in (("r", reference), ("f", freeze)):
        media.write_lossless(tmp_path / f"{name}.mkv", frames, 12.0)
    pair = library.look_at(tmp_path / "r.mkv", tmp_path / "f.mkv")
    project = library.bring(tmp_path / "project", pair, LiftSettings(seed=3), None, None)
    return LiftJob.from_project(project, tmp_path / "project")


@dataclass
class Fakes:
    """Stand-ins for the two heavy steps, and how often they were asked."""

    solved: int = 0
    lifted: int = 0
    inputs: Any = None
    settings: Any = None
    resume: bool = False
    during: Callable[[int], None] = lambda step: None


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, scene: Snapshot) -> Fakes:
    made = Fakes()

    def solve(frames: Any, indices: Any, canonical: int, settings: Any, work_dir: Path, **heard: Any) -> SolvedPoses:
        made.solved += 1
        heard["tell"](Progress("poses", 1, 2))
        if heard["cancelled"]():
            raise poses_solve.PosesCancelled
        return SolvedPoses(
            cameras={k: scene.reference_camera.resized((48, 64)) for k in indices},
            canonical=canonical,
            points=np.zeros((1, 3), np.float32),
            point_rgb=np.zeros((1, 3), np.uint8),
            point_errors=np.zeros(1, np.float32),
            track_offsets=np.zeros(2, np.int64),
            track_frames=np.zeros(0, np.int32),
            track_xy=np.zeros((0, 2), np.float32),
            fits=tuple(FrameFit(k, "registered", 1, 0.1) for k in indices),
            attempt="fake",
            angle=3.0,
            digest="0" * 64,
        )

    def lift(
        inputs: Any, settings: Any, poses: Any, run_dir: Path, *, resume: bool, control: Callable[[], str | None]
    ) -> Iterator[Message]:
        made.lifted, made.inputs, made.settings, made.resume = made.lifted + 1, inputs, settings, resume
        yield StageStarted("Warm-up", 0, 6, 3)
        for step in range(3):
            made.during(step)
            if control() == "stop":
                raise lift_run.Stopped
            yield Progress("Warm-up", step + 1, 3, 10.0, 1.0, 0.5, 20.0, 60)
        scene.save(run_dir / SNAPSHOT)
        yield SnapshotReady(str(run_dir / SNAPSHOT), "Warm-up", 3)
        yield Finished({"splats": 60, "psnr": 20.0})

    monkeypatch.setattr(poses_solve, "solve", solve)
    monkeypatch.setattr(lift_run, "lift", lift)
    return made


def test_the_shared_moment_is_found(job: LiftJob) -> None:
    assert (job.canonical_reference_frame, job.canonical_freeze_frame) == (2, 1)


def test_a_lift_ends_finished_and_says_what_it_made(job: LiftJob, fakes: Fakes) -> None:
    messages = list(run(job))
    assert isinstance(messages[-1], Finished)
    stages = [m for m in messages if isinstance(m, StageStarted)]
    assert [s.name for s in stages] == ["poses", "Warm-up"]
    assert [s.index for s in stages] == [0, 1] and len({s.count for s in stages}) == 1
    cameras, made = (m for m in messages if isinstance(m, Produced))
    assert made.data["id"] == job.digest and made.data["figures"]["psnr"] == 20.0
    assert cameras.kind == "cameras" and cameras.data["path"] == str(job.cameras.report_path)
    logged = (job.run_dir / "messages.jsonl").read_text().splitlines()
    assert logged == [m.to_json() for m in messages]


def test_inputs_are_source_frames_at_one_size(job: LiftJob, fakes: Fakes) -> None:
    trimmed = replace(job, freeze_time=replace(job.freeze_time, frames=(1, 2, 4)))
    assert isinstance(list(run(trimmed))[-1], Finished)
    assert fakes.inputs.freeze_time.shape == (3, 48, 64, 3) and fakes.inputs.freeze_indices == (1, 2, 4)
    assert fakes.inputs.reference.shape == (4, 48, 64, 3) and fakes.inputs.fps == pytest.approx(12.0)
    assert fakes.settings.canonical_reference_frame == 2 and fakes.settings.seed == 3


def test_models_that_changed_since_the_lift_was_asked_for_are_refused(
    job: LiftJob, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run would be named by other weights than it was lifted with."""
    monkeypatch.setattr("pipeline.jobs.steps.models_of", lambda settings: ("new", None))
    for asked_with in ("old", None):
        last = list(run(replace(job, prior=asked_with)))[-1]
        assert isinstance(last, Failed) and "has changed since it was asked for" in last.sentence
    assert fakes.lifted == fakes.solved == 0
    assert isinstance(list(run(replace(job, prior="new")))[-1], Finished)


def test_cameras_are_solved_once_for_the_same_frames(job: LiftJob, fakes: Fakes) -> None:
    for other in (job, replace(job, settings=LiftSettings("standard", seed=9)), job):
        assert isinstance(list(run(other))[-1], Finished)
    assert fakes.solved == 1 and fakes.lifted == 3
    list(run(replace(job, freeze_time=replace(job.freeze_time, frames=(0, 1, 2)))))
    assert fakes.solved == 2


def test_a_stop_is_no_failure(job: LiftJob, fakes: Fakes) -> None:
    control = Control()
    fakes.during = lambda step: control.tell("stop") if step == 1 else None
    last = list(run(job, control))[-1]
    assert isinstance(last, Failed) and last.cancelled and "--resume" in last.sentence
    fakes.during = lambda step: None
    assert isinstance(list(run(replace(job, resume=True)))[-1], Finished)
    assert fakes.resume and fakes.solved == 1


def test_a_stop_while_cameras_are_solved(job: LiftJob, fakes: Fakes) -> None:
    control = Control()
    control.tell("stop")
    last = list(run(job, control))[-1]
    assert isinstance(last, Failed) and last.cancelled
    assert fakes.lifted == 0


def test_resuming_a_finished_lift_does_nothing(job: LiftJob, fakes: Fakes) -> None:
    assert run_job(job, as_json=True)[0] == 0
    messages = list(run(replace(job, resume=True)))
    assert isinstance(messages[0], Note) and isinstance(messages[-1], Finished)
    assert messages[-1].summary["psnr"] == 20.0
    assert fakes.lifted == 1


def test_a_refusal_is_the_last_message(job: LiftJob, fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise Refusal("No.")

    monkeypatch.setattr(lift_run, "lift", refuse)
    assert list(run(job))[-1] == Failed("No.")


def test_a_programming_error_is_not_dressed_up(job: LiftJob, fakes: Fakes) -> None:
    def fail(_step: int) -> None:
        raise ZeroDivisionError

    fakes.during = fail
    with pytest.raises(ZeroDivisionError):
        list(run(job))


def test_two_workers_do_not_share_a_run(job: LiftJob, fakes: Fakes) -> None:
    with RunDir.create(job).working():
        last = list(run(job))[-1]
    assert isinstance(last, Failed) and "Another Splatime" in last.sentence
    assert isinstance(list(run(job))[-1], Finished)


def test_ctrl_c_ends_with_130_and_a_project_that_can_go_on(
    job: LiftJob, fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    fakes.during = lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 1 else None
    code, end = run_job(job, as_json=True)
    assert (code, end) == (130, None)
    assert signal.getsignal(signal.SIGINT) is before
    captured = capsys.readouterr()
    assert json.loads(captured.out.splitlines()[-1])["cancelled"] is True
    assert captured.err.startswith("splatime: ") and "--resume" in captured.err
    assert project_file.load(Path(job.folder)).runs == ()


def test_a_finished_run_is_in_the_project(job: LiftJob, fakes: Fakes) -> None:
    assert run_job(job, as_json=True)[0] == 0
    (entry,) = project_file.load(Path(job.folder)).runs
    assert entry.id == job.digest and entry.figures["splats"] == 60 and entry.settings.seed == 3
