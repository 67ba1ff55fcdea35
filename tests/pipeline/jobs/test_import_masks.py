"""The artist's masks in a project: kept for their take, given to the solver, found by a lift, refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline.poses.solve
from main import main
from pipeline.cli.words import words_of
from pipeline.jobs.import_masks import bring_masks, masks_of
from pipeline.jobs.import_poses import bring_poses, poses_path
from pipeline.jobs.spec import CamerasJob, LiftJob, job_from_json, job_to_json, masks_dir
from pipeline.jobs.steps import run
from pipeline.messages import Finished
from pipeline.poses.solved import SolvedPoses
from pipeline.project import edits, media, pack, project_file
from pipeline.project.clip import FrameSelection
from pipeline.project.project import Project, SolveSettings
from renderer.errors import Refusal
from tests.pipeline.jobs.test_import_poses import drawn_project, write_model


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return drawn_project(tmp_path)


def size_of(known: Project) -> tuple[int, int]:
    return known.chosen()[1].clip.size


def draw_masks(place: Path, size: tuple[int, int], frames: tuple[int, ...] = (1, 4)) -> Path:
    """Black in the upper left quarter of these frames."""
    place.mkdir()
    for frame in frames:
        picture = np.full((*size, 3), 255, np.uint8)
        picture[: size[0] // 2, : size[1] // 2] = 0
        media.write_image(place / f"frame_{frame:05d}.png", picture)
    return place


def test_masks_are_given_to_the_solver_frame_by_frame_and_a_lift_finds_those_cameras(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    assert known.cut.poses is not None
    ready = SolvedPoses.load(poses_path(project, known.cut.poses))
    given: list[Any] = []

    def solve(*_given: Any, moving: Any, **_more: Any) -> SolvedPoses:
        given.append(moving)
        return ready

    monkeypatch.setattr(pipeline.poses.solve, "solve", solve)
    plain = project_file.update(project, lambda found: edits.use_poses(found, None))
    size = size_of(plain)
    known, words = bring_masks(project, draw_masks(tmp_path / "masks", size))
    assert "in 2 of 6 frames" in words and known.cut.solve.masks is not None
    take = known.chosen()[1].id
    known = project_file.update(project, lambda p: edits.trim(p, take, FrameSelection(1, 6, frozenset({3}))))
    job = CamerasJob.from_project(known, project)
    assert job == job_from_json(job_to_json(job)) and job.report_path != replace(job, solve=SolveSettings()).report_path
    assert isinstance(list(run(job))[-1], Finished)
    (moving,) = given
    assert moving.shape == (len(job.freeze_time.frames), *size)
    assert [bool(frame.any()) for frame in moving] == [index in (1, 4) for index in job.freeze_time.frames]
    masked = moving[job.freeze_time.frames.index(4)]
    assert masked[: size[0] // 2, : size[1] // 2].all() and masked.sum() == (size[0] // 2) * (size[1] // 2)
    lift = LiftJob.from_project(known, project)
    assert lift.cameras == job and lift.digest != replace(lift, solve=SolveSettings()).digest


def test_the_command_line_of_a_solve_with_masks_does_the_same_solve(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CamerasJob] = []

    def run_job(job: CamerasJob, **_more: Any) -> tuple[int, None]:
        asked.append(job)
        return 0, None

    monkeypatch.setattr("pipeline.cli.looking.run_job", run_job)
    place = draw_masks(tmp_path / "masks", size_of(project_file.load(project)))
    assert main(["poses", str(project), f"--masks={place}"]) == 0
    assert asked[0].solve.masks is not None
    assert main(["poses", str(project), "--masks=none"]) == 0 and asked[1].solve == SolveSettings()
    assert main(words_of(asked[0])) == 0 and asked[2] == asked[0]
    assert main(["poses", str(project), "--masks=flow"]) == 0 and asked[3].solve == SolveSettings(flow_masks=True)


def test_masks_travel_in_a_pack(project: Path, tmp_path: Path) -> None:
    known, _ = bring_masks(project, draw_masks(tmp_path / "masks", size_of(project_file.load(project))))
    pack.pack(project, tmp_path / "p.zip")
    pack.unpack(tmp_path / "p.zip", tmp_path / "there")
    masks_id = known.cut.solve.masks
    assert masks_id is not None and sorted(path.name for path in masks_dir(tmp_path / "there", masks_id).iterdir()) == [
        "frame_00001.png",
        "frame_00004.png",
    ]


def test_masks_that_fit_nothing_are_refused_and_the_project_stays(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project / project_file.FILE).read_bytes()
    height, width = size_of(project_file.load(project))
    white = tmp_path / "white"
    white.mkdir()
    media.write_image(white / "frame_00000.png", np.full((height, width, 3), 255, np.uint8))
    for place, words in (
        (white, "Nothing is black"),
        (draw_masks(tmp_path / "tall", (2 * height, width)), "another shape"),
        (draw_masks(tmp_path / "late", (height, width), (9,)), "do not fit"),
        (tmp_path / "f.mkv", "is a file"),
    ):
        assert main(["import", str(project), f"--masks={place}"]) == 1
        assert words in capsys.readouterr().err
    assert (project / project_file.FILE).read_bytes() == before


def test_masks_of_another_take_or_gone_are_a_sentence(project: Path, tmp_path: Path) -> None:
    known, _ = bring_masks(project, draw_masks(tmp_path / "masks", size_of(project_file.load(project))))
    masks_id, digest = known.cut.solve.masks, known.chosen()[1].clip.digest
    assert masks_id is not None
    with pytest.raises(Refusal, match="another freeze-time take"):
        masks_of(project, masks_id, "0" * 64, (0, 1), size_of(known))
    for path in masks_dir(project, masks_id).iterdir():
        path.unlink()
    with pytest.raises(Refusal, match="gone"):
        masks_of(project, masks_id, digest, (0, 1), size_of(known))


@pytest.mark.parametrize("masks", ["../../etc", "a/b", ""])
def test_a_project_file_cannot_lead_masks_elsewhere(masks: str) -> None:
    with pytest.raises(ValueError, match="masks"):
        SolveSettings(masks=masks)
