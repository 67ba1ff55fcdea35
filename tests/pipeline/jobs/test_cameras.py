"""The cameras of a project's take by themselves: reported, found by a lift afterwards, refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pipeline.jobs.look as look_of_jobs
import pipeline.lift.run
import pipeline.poses.solve
from app.pose_report import read_report
from main import main
from pipeline.cli.parser import build_parser
from pipeline.cli.report import info_text
from pipeline.cli.words import words_of
from pipeline.jobs import queue
from pipeline.jobs.cameras import verdict_in
from pipeline.jobs.control import Control
from pipeline.jobs.forking import forked
from pipeline.jobs.import_poses import bring_poses, poses_path
from pipeline.jobs.info import about
from pipeline.jobs.look import Look
from pipeline.jobs.look import look as real_look
from pipeline.jobs.spec import CamerasJob, LiftJob, PosesJob, job_from_json, job_to_json
from pipeline.jobs.steps import run
from pipeline.messages import Failed, Finished, Message, Note, Produced
from pipeline.poses.solved import SolvedPoses
from pipeline.project import edits, media, project_file
from pipeline.project.clip import FrameSelection
from pipeline.project.project import Project, SolveSettings
from renderer.errors import Refusal
from tests.pipeline.jobs.test_import_poses import CAMERAS, cameras_of, drawn_project, write_model
from tests.pipeline.poses.scenes import draw


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return drawn_project(tmp_path)


def test_imported_cameras_are_reported_frame_by_frame(project: Path, tmp_path: Path) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    job = CamerasJob.from_project(known, project)
    said = list(run(job))
    assert isinstance(said[-1], Finished)
    assert said[-1].summary["score"] == json.loads(job.report_path.read_text())["score"]
    assert [message.kind for message in said if isinstance(message, Produced)] == ["cameras"]
    report = read_report(job.report_path)
    assert report is not None and [row.frame for row in report.frames] == list(range(6))
    assert 20 < report.coverage < 40
    assert f"liftability {report.score} of 100" in job.report_path.with_suffix(".txt").read_text()


def test_a_lift_leaves_the_report_of_its_cameras_and_info_shows_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    assert about(project)["cameras"] is None
    looks: list[Path] = []

    def look(path: Path, *more: Any) -> Look:
        looks.append(path)
        return real_look(path, *more)

    monkeypatch.setattr(look_of_jobs, "look", look)

    def lift(*_given: Any, **_more: Any) -> Iterator[Message]:
        yield Finished({"splats": 1, "psnr": 20.0})

    monkeypatch.setattr(pipeline.lift.run, "lift", lift)
    job = LiftJob.from_project(known, project)
    assert job.cameras == CamerasJob.from_project(known, project)
    messages = list(run(job))
    assert isinstance(messages[-1], Finished)
    report = read_report(job.cameras.report_path)
    assert report is not None and [row.frame for row in report.frames] == list(range(6))
    assert any(isinstance(m, Note) and m.text.startswith(f"Liftability {report.score} of 100") for m in messages)
    shown = about(project)["cameras"]
    assert shown["score"] == report.score and len(shown["reasons"]) == len(report.reasons)
    assert f"liftability {report.score} of 100" in info_text(about(project))
    assert isinstance(list(run(job))[-1], Finished) and len(looks) == 1, "the report of the same cameras stays"


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"score": 1, "word": "good", "digest": "", "reasons": [3]}'])
def test_a_report_that_is_none_of_ours_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    assert verdict_in(tmp_path / "r.json") is None and verdict_in(tmp_path / "missing.json") is None


def test_a_stop_is_heard_while_the_video_is_looked_at(tmp_path: Path) -> None:
    media.write_lossless(tmp_path / "f.mkv", draw(CAMERAS), 12.0)
    control = Control()
    control.tell("stop")
    last = list(run(PosesJob(str(tmp_path / "out"), str(tmp_path / "f.mkv")), control))[-1]
    assert isinstance(last, Failed) and last.cancelled and not (tmp_path / "out").exists()


def test_a_lift_finds_the_cameras_that_were_solved_before_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    assert known.cut.poses is not None
    ready = SolvedPoses.load(poses_path(project, known.cut.poses))
    calls: list[Any] = []

    def solve(*given: Any, **_more: Any) -> SolvedPoses:
        calls.append(given)
        return ready

    monkeypatch.setattr(pipeline.poses.solve, "solve", solve)
    plain = project_file.update(project, lambda found: edits.use_poses(found, None))
    job = CamerasJob.from_project(plain, project)
    assert isinstance(list(run(job))[-1], Finished) and len(calls) == 1
    notes, _poses = cameras_of(LiftJob.from_project(plain, project), tmp_path)
    assert "as solved before" in notes[0] and len(calls) == 1
    assert isinstance(list(run(job))[-1], Finished) and len(calls) == 1, "a second solve finds them too"


def test_cameras_solved_in_another_way_are_others_and_a_lift_asks_for_them(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    assert known.cut.poses is not None
    ready = SolvedPoses.load(poses_path(project, known.cut.poses))
    calls: list[tuple[Any, dict[str, Any]]] = []

    def solve(*given: Any, **more: Any) -> SolvedPoses:
        calls.append((given[3], more))
        return ready

    monkeypatch.setattr(pipeline.poses.solve, "solve", solve)
    plain = project_file.update(project, lambda found: edits.use_poses(found, None))
    usual, how = CamerasJob.from_project(plain, project), SolveSettings(per_frame_focal=True, flow_masks=True)
    assert isinstance(list(run(usual))[-1], Finished) and calls[0][1].get("moving") is None
    changed = project_file.update(project, lambda found: edits.set_solve(found, how))
    assert project_file.load(project).cut.solve == how
    job, lift = CamerasJob.from_project(changed, project), LiftJob.from_project(changed, project)
    assert job.report_path != usual.report_path and job == lift.cameras == job_from_json(job_to_json(job))
    assert lift.digest != LiftJob.from_project(plain, project).digest
    assert isinstance(list(run(job))[-1], Finished)
    settings, more = calls[1]
    assert settings.per_frame_focal and more["moving"].shape == (6, *ready.cameras[2].size) and more["held"] is None
    notes, _poses = cameras_of(lift, tmp_path)
    assert calls[2][1]["moving"] is None, "masks from flow are a guess: without them too"
    assert "as solved before" in notes[0] and len(calls) == 3
    back = forked(plain, lift)
    assert LiftJob.from_project(back, project) == lift


def test_imported_cameras_are_the_same_however_others_would_be_solved(project: Path, tmp_path: Path) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    other = edits.set_solve(known, SolveSettings(per_frame_focal=True))
    for kind in (CamerasJob, LiftJob):
        assert kind.from_project(known, project).digest == kind.from_project(other, project).digest


def test_a_project_remembers_how_the_command_line_solved_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[CamerasJob] = []

    def run_job(job: CamerasJob, **_more: Any) -> tuple[int, None]:
        asked.append(job)
        return 0, None

    monkeypatch.setattr("pipeline.cli.looking.run_job", run_job)
    job = CamerasJob.from_project(edits.set_solve(project_file.load(project), SolveSettings(True, True)), project)
    assert main(words_of(job)) == 0 and asked == [job]
    assert project_file.load(project).cut.solve == SolveSettings(True, True)
    assert main(["poses", str(project)]) == 0 and asked[1] == job
    assert main(["poses", str(project), "--no-per-frame-focal", "--masks=none"]) == 0
    assert project_file.load(project).cut.solve == SolveSettings()
    assert main(["poses", str(project), "--masks=elsewhere"]) == 1
    assert main(["poses", str(project), "--hold=elsewhere"]) == 2


def test_the_job_comes_back_from_words_and_json_and_names_its_frames(project: Path) -> None:
    known = project_file.load(project)
    job = CamerasJob.from_project(known, project)
    assert job_from_json(job_to_json(job)) == job
    args = build_parser().parse_args(words_of(job))
    assert (args.verb, str(args.video), args.out) == ("poses", job.folder, None)
    assert queue.title(job) == "Cameras of 6 frames"
    trimmed = edits.trim(known, known.chosen()[1].id, FrameSelection(1, 6, frozenset({4})))
    other = CamerasJob.from_project(trimmed, project)
    assert other.freeze_time.frames == (1, 2, 3, 5) and other.report_path != job.report_path
    assert replace(job, folder="/elsewhere").digest == job.digest


def test_without_a_take_or_a_shared_moment_there_is_a_sentence(project: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="No freeze-time take is chosen"):
        CamerasJob.from_project(Project(), tmp_path)
    known = project_file.load(project)
    with pytest.raises(Refusal, match="trimmed away"):
        CamerasJob.from_project(edits.trim(known, known.chosen()[1].id, FrameSelection(3, 6)), project)
    job = CamerasJob.from_project(known, project)
    Path(job.freeze_time.path).unlink()
    last = list(run(job))[-1]
    assert isinstance(last, Failed) and job.freeze_time.path in last.sentence


def test_poses_of_a_project_needs_no_place_and_of_a_video_it_does(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["poses", str(tmp_path / "f.mkv")]) == 2
    assert "--out" in capsys.readouterr().err
    bring_poses(project, write_model(tmp_path / "m"))
    assert main(["poses", str(project)]) == 0
    assert "liftability" in capsys.readouterr().out
