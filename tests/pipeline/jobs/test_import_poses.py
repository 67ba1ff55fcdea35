"""Imported cameras in a project: part of the run's digest, dropped with the take, both videos straightened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs.cameras import solved
from pipeline.jobs.control import Control
from pipeline.jobs.import_poses import bring_poses, poses_path
from pipeline.jobs.spec import LiftJob, job_from_json, job_to_json
from pipeline.jobs.steps import read_inputs
from pipeline.messages import Message, Note
from pipeline.poses.exchange import frame_name
from pipeline.poses.solved import SolvedPoses
from pipeline.project import edits, library, media, project_file
from pipeline.project.project import LiftSettings, Project
from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.formats.colmap_text import dump_colmap_text
from renderer.formats.lens import Lens
from renderer.formats.posed_images import PosedImage, in_order
from tests.pipeline.poses.scenes import arc, draw

CAMERAS = arc(6, 25.0)


def write_model(folder: Path, change: Callable[[Camera], Lens] = Lens.of) -> Path:
    posed = in_order([PosedImage(frame_name(i), c.world_from_camera, change(c)) for i, c in enumerate(CAMERAS)])
    (folder / "sparse" / "0").mkdir(parents=True)
    for name, data in dump_colmap_text(posed).items():
        (folder / "sparse" / "0" / name).write_bytes(data)
    return folder


def drawn_project(folder: Path) -> Path:
    """A project "p" in the folder, of a drawn video along `CAMERAS` and a still one, which share frames 2 and 1."""
    frames = draw(CAMERAS)
    media.write_lossless(folder / "f.mkv", frames, 12.0)
    media.write_lossless(folder / "r.mkv", frames[[2, 2, 2]], 12.0)
    library.bring(folder / "p", library.look_at(folder / "r.mkv", folder / "f.mkv"), LiftSettings(), 1, 2)
    return folder / "p"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return drawn_project(tmp_path)


def test_the_lift_uses_them_and_is_another_run(project: Path, tmp_path: Path) -> None:
    before = LiftJob.from_project(project_file.load(project), project)
    known, said = bring_poses(project, write_model(tmp_path / "m"))
    job = LiftJob.from_project(known, project)
    assert job.poses == known.cut.poses and job.digest != before.digest and "6 of 6" in said
    assert job_from_json(job_to_json(job)) == job
    assert [job.canonical_reference_frame, job.canonical_freeze_frame] == [1, 2]
    notes, poses = cameras_of(job, tmp_path)
    assert "as imported" in notes[0]
    truth = CAMERAS[2].camera_from_world @ CAMERAS[5].world_from_camera
    np.testing.assert_allclose(poses.cameras[5].world_from_camera[:3, :3], truth[:3, :3], atol=1e-9)


def test_another_canonical_frame_moves_the_gauge(project: Path, tmp_path: Path) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    _, poses = cameras_of(LiftJob.from_project(edits.set_canonical(known, 1, 4), project), tmp_path)
    np.testing.assert_array_equal(poses.cameras[4].world_from_camera, np.eye(4))


def cameras_of(job: LiftJob, tmp_path: Path) -> tuple[list[str], SolvedPoses]:
    """What a lift says of its cameras, and the cameras."""
    found: list[SolvedPoses] = []

    def work() -> Iterator[Message]:
        found.append((yield from solved(job, read_inputs(job).freeze_time, tmp_path / "work", Control())))

    notes = [message.text for message in work() if isinstance(message, Note)]
    return notes, found[0]


def test_a_distorted_lens_makes_two_straight_takes(project: Path, tmp_path: Path) -> None:
    def lens(camera: Camera) -> Lens:
        return replace(Lens.of(camera), radial=(-0.2, 0.0, 0.0, 0.0, 0.0, 0.0))

    folder = write_model(tmp_path / "m", lens)
    before = project_file.load(project)
    known, said = bring_poses(project, folder)
    assert "resampled" in said and len(known.takes) == 4
    for old, new in zip(before.chosen(), known.chosen(), strict=True):
        assert new.parent == old.id and new.clip.n_frames == old.clip.n_frames
        assert (media.read_frames(new.clip.path) != media.read_frames(old.clip.path)).any()


def test_another_video_or_solving_again_drops_them(project: Path, tmp_path: Path) -> None:
    known, _ = bring_poses(project, write_model(tmp_path / "m"))
    assert edits.use_poses(known, None).cut.poses is None
    assert edits.choose_freeze_time(known, known.chosen()[0].id).cut.poses is None
    with pytest.raises(ValueError, match="cannot name"):
        replace(known.cut, poses="../../x")


def test_cameras_that_do_not_fit_leave_the_project_as_it_was(project: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "sparse" / "0" / "images.txt").unlink()
    before: Project = project_file.load(project)
    with pytest.raises(Refusal, match=r"no images\.txt"):
        bring_poses(project, folder)
    assert project_file.load(project) == before and not (project / "poses").exists()
    assert not poses_path(project, "x").exists()
