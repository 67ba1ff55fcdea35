"""What a render shows: cameras, times and sizes are decided before the first pixel, and files appear whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.jobs.picture import planned
from pipeline.jobs.spec import RenderJob
from pipeline.jobs.steps import run
from pipeline.messages import Failed, Finished, Message, Produced, Progress
from pipeline.project import media
from renderer.errors import Refusal
from renderer.formats.camera_path import dump_camera_path
from renderer.snapshot import Snapshot
from renderer.trajectory import CameraKey, CameraTrajectory


def job(out: str = "x.png", **more: Any) -> RenderJob:
    return replace(RenderJob("/p", out), **more)


def path_file(folder: Path, scene: Snapshot, frames: int = 5, time: float | None = None) -> str:
    cameras = (scene.freeze_cameras[0], scene.freeze_cameras[7])
    keys = tuple(CameraKey(float(i), c.world_from_camera, 0.8, time) for i, c in enumerate(cameras))
    (folder / "path.json").write_text(dump_camera_path(CameraTrajectory(keys, (20, 24), 4.0, frames)))
    return str(folder / "path.json")


def test_a_picture_shows_the_shared_moment_from_the_reference_camera(scene: Snapshot) -> None:
    plan = planned(job(), scene)
    assert plan.shots == ((scene.reference_camera, 4.0),)


def test_a_film_shows_the_whole_time_at_the_videos_rate(scene: Snapshot) -> None:
    plan = planned(job("x.mp4"), scene)
    assert [time for _, time in plan.shots] == pytest.approx([2, 3, 4, 5, 6, 7, 8]) and plan.fps == 8.0


def test_another_rate_means_more_frames_not_another_speed(scene: Snapshot) -> None:
    plan = planned(job("x.mp4", time=(2.0, 6.0), fps=24.0), scene)
    assert len(plan.shots) == 13 and plan.shots[3][1] == pytest.approx(3.0)


def test_time_may_run_backwards_or_stand_still(scene: Snapshot) -> None:
    assert [t for _, t in planned(job("d/", time=(6.0, 4.0)), scene).shots] == pytest.approx([6, 5, 4])
    assert [t for _, t in planned(job("d/", time=(6.0,)), scene).shots] == [6.0]


def test_the_study_film_stops_at_four_poses(scene: Snapshot) -> None:
    plan = planned(job("x.mp4", camera="study"), scene)
    assert plan.fps == 6.0 and len(plan.shots) == 108
    assert [t for _, t in plan.shots[:12]] == pytest.approx(np.linspace(2, 8, 12)) and plan.times == (2.0, 8.0)
    assert plan.shots[0][0].size == (30, 40)
    part = planned(job("x.mp4", camera="study", time=(4.0, 5.0), size=(60, 80)), scene)
    assert (min(t for _, t in part.shots), max(t for _, t in part.shots)) == (4.0, 5.0)
    assert part.shots[0][0].size == (60, 80)
    with pytest.raises(Refusal, match="path of 108 views"):
        planned(job(camera="study"), scene)
    with pytest.raises(Refusal, match="outside the lifted"):
        planned(job("x.mp4", camera="study", time=(4.0, 50.0)), scene)


def test_a_freeze_camera_is_named_by_its_source_frame(scene: Snapshot) -> None:
    assert planned(job(camera="freeze:3"), scene).shots[0][0] == scene.freeze_cameras[3]
    with pytest.raises(Refusal, match="are 0, 3, 7"):
        planned(job(camera="freeze:4"), scene)
    with pytest.raises(Refusal, match="are 0, 3, 7"):
        planned(job(camera="freeze:x"), scene)


def test_a_size_of_another_shape_keeps_pixels_square(scene: Snapshot) -> None:
    camera = planned(job(size=(60, 200)), scene).shots[0][0]
    assert camera.size == (60, 200) and camera.K[0, 0] == camera.K[1, 1] == 2 * scene.reference_camera.K[1, 1]
    assert planned(job(size=(60, 80)), scene).shots[0][0] == scene.reference_camera.resized((60, 80))


def test_a_camera_file_leads_the_film(scene: Snapshot, tmp_path: Path) -> None:
    plan = planned(job("x.mp4", camera=path_file(tmp_path, scene)), scene)
    assert len(plan.shots) == 5 and plan.fps == 4.0
    assert plan.shots[0][0].size == (20, 24)
    np.testing.assert_allclose(plan.shots[4][0].world_from_camera, scene.freeze_cameras[7].world_from_camera, atol=1e-9)
    assert {time for _, time in plan.shots} == {4.0}
    moving = planned(job("x.mp4", camera=path_file(tmp_path, scene), time=(2.0, 8.0)), scene)
    assert [time for _, time in moving.shots] == pytest.approx([2, 3.5, 5, 6.5, 8])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"time": (2.0, 4.0)}, "one picture"),
        ({"time": (9.0,)}, "2 to 8"),
        ({"out": "x.mp4", "time": (0.0, 4.0)}, "2 to 8"),
        ({"out": "x.avi"}, "does not write"),
        ({"out": "x.ply"}, "export"),
        ({"camera": "nowhere.json"}, "check the name"),
        ({"size": (16000, 16000)}, "out of reach"),
        ({"out": "x.mp4", "fps": 1e9}, "out of reach|at most"),
    ],
)
def test_what_cannot_be_rendered_is_refused_beforehand(scene: Snapshot, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        planned(job(**wrong), scene)


def test_a_path_does_not_fit_a_picture(scene: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="path of 5 views"):
        planned(job(camera=path_file(tmp_path, scene)), scene)
    with pytest.raises(Refusal, match="outside the lifted"):
        planned(job("x.mp4", camera=path_file(tmp_path, scene, time=11.0)), scene)
    (tmp_path / "one.json").write_text(json.dumps(scene.freeze_cameras[0].to_json()))
    plan = planned(job(camera=str(tmp_path / "one.json")), scene)
    np.testing.assert_allclose(plan.shots[0][0].K, scene.freeze_cameras[0].K, atol=1e-9)


def done(messages: list[Message]) -> Finished:
    assert isinstance(messages[-1], Finished), messages[-1]
    return messages[-1]


def test_a_picture_is_written_and_shows_the_splats(project: Path, scene: Snapshot) -> None:
    out = project / "renders" / "a.png"
    messages = list(run(RenderJob(str(project), str(out), time=(4.0,), size=(60, 80))))
    done(messages)
    picture = media.read_frames(out)[0]
    assert picture.shape == (60, 80, 3) and picture.std() > 20
    made = next(m for m in messages if isinstance(m, Produced))
    assert made.kind == "render" and made.data["path"] == "renders/a.png"


def test_motion_is_seen(project: Path, tmp_path: Path) -> None:
    done(list(run(RenderJob(str(project), str(tmp_path / "frames/"), time=(2.0, 8.0)))))
    frames = [media.read_frames(p)[0].astype(int) for p in sorted((tmp_path / "frames").iterdir())]
    assert len(frames) == 7
    assert np.abs(frames[6] - frames[0]).mean() > np.abs(frames[1] - frames[0]).mean() > 0


def test_a_film_has_its_frames(project: Path, tmp_path: Path) -> None:
    messages = list(run(RenderJob(str(project), str(tmp_path / "a.mp4"), "freeze:7", size=(31, 41))))
    done(messages)
    clip = media.probe(tmp_path / "a.mp4")
    assert clip.n_frames == 7 and clip.fps == pytest.approx(8.0)
    assert [m.step for m in messages if isinstance(m, Progress)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_fault_half_way_leaves_nothing(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import renderer.tiles.render as tiles

    real, drawn = tiles.render, []

    def failing(*arguments: object, **named: object) -> object:
        drawn.append(1)
        if len(drawn) > 3:
            raise OSError(28, "No space left on device")
        return real(*arguments, **named)  # type: ignore[arg-type]

    out = tmp_path / "out"
    out.mkdir()
    for name in ("a.mp4", "frames/"):
        drawn.clear()
        monkeypatch.setattr(tiles, "render", failing)
        messages = list(run(RenderJob(str(project), f"{out}/{name}")))
        assert isinstance(messages[-1], Failed) and "disk is full" in messages[-1].sentence
    assert list(out.iterdir()) == []


def test_a_project_without_a_finished_lift_is_refused(tmp_path: Path) -> None:
    from pipeline.project import project_file

    project_file.update(tmp_path / "p", lambda known: known)
    (message,) = run(RenderJob(str(tmp_path / "p"), "x.png"))
    assert isinstance(message, Failed) and "no finished lift" in message.sentence


def test_time_runs_before_a_camera_file_of_one_view(scene: Snapshot, tmp_path: Path) -> None:
    path = path_file(tmp_path, scene, frames=1)
    plan = planned(job("x.mp4", camera=path, time=(2.0, 5.0)), scene)
    assert [time for _, time in plan.shots] == pytest.approx(np.linspace(2, 5, 3).tolist())
    assert all(view == plan.shots[0][0] for view, _ in plan.shots)
