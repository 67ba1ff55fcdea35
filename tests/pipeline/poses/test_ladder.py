"""The ladder: the first good rung ends the climb, the best one wins, and each real rung solves a little scene."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.messages import Message, Note, Progress
from pipeline.poses import ladder
from pipeline.poses.gauge import Frames, RawModel
from pipeline.poses.holding import found_again, worth_holding
from pipeline.poses.ladder import Failure, Rung, Task, Verdict, climb, judge, sparse_pairs
from pipeline.poses.settings import RUNGS, PoseSettings
from pipeline.poses.solve import solve
from renderer.camera import Camera
from renderer.errors import Refusal
from tests.pipeline.poses.scenes import FOV, SIZE, arc, draw

COUNT = 8


def _model(cameras: list[Camera], points: int = 60) -> RawModel:
    rng = np.random.default_rng(0)
    xyz = rng.uniform([-0.5, -0.3, 2.5], [0.5, 0.3, 3.5], (points, 3))
    return RawModel(
        attempt="test",
        focals=np.array([camera.K[0, 0] for camera in cameras]),
        placed=np.arange(len(cameras)),
        camera_from_world=np.array([camera.camera_from_world[:3] for camera in cameras]),
        points=xyz,
        obs_point=np.repeat(np.arange(points), len(cameras)),
        obs_frame=np.tile(np.arange(len(cameras)), points),
        obs_xy=np.stack([camera.project(xyz)[0] for camera in cameras], 1).reshape(-1, 2),
    )


def _judged(model: RawModel) -> Verdict:
    return judge(model, COUNT, PoseSettings(), SIZE)


def test_a_good_model_is_good() -> None:
    verdict = _judged(_model(arc(COUNT, 24.0)))
    assert (verdict.verified, verdict.score, verdict.said) == (COUNT, 1.0, "")


def test_each_fault_is_said_and_costs() -> None:
    cameras = arc(COUNT, 24.0)
    good = _model(cameras)
    few = _model(cameras, 29)
    off = replace(good, obs_xy=good.obs_xy + 3.0)
    narrow = replace(good, focals=good.focals * 20)
    jumped = good.camera_from_world.copy()
    jumped[4, :, 3] += 3.0
    flat = _model([cameras[0]] * COUNT)
    for model, fault in [
        (few, "held by 30 tracks"),
        (off, "off by"),
        (narrow, "no lens"),
        (replace(good, camera_from_world=jumped), "jumps"),
        (flat, "same angle"),
    ]:
        verdict = _judged(model)
        assert fault in verdict.said
        assert verdict.score < 1.0 or model is flat
    assert _judged(few).verified == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_rungs_share_the_bar_and_the_last_one_fills_it(count: int) -> None:
    parts = [ladder.share_of_bar(place, count) for place in range(count)]
    assert parts[0][0] == 0.0 and parts[-1][1] == 1.0
    assert all(before[1] == after[0] and after[0] < after[1] for before, after in itertools.pairwise(parts))


def test_pairs_of_a_long_video_are_near_ones_and_a_net_of_key_frames() -> None:
    assert sparse_pairs(64) == []
    pairs = sparse_pairs(120)
    assert (0, 119) in pairs, "a camera that comes round must meet its start"
    assert all(0 <= a < b < 120 for a, b in pairs) and len(set(pairs)) == len(pairs)
    assert {b - a for a, b in pairs if a == 7} >= {1, 2, 3, 4, 6, 8}
    assert len(pairs) < 120 * 12


def _task(
    tmp_path: Path, rungs: tuple[str, ...], told: list[Message] | None = None, frames: Frames | None = None
) -> Task:
    frames = draw(arc(COUNT, 24.0)) if frames is None else frames
    tell = (lambda _: None) if told is None else told.append
    return Task(frames, PoseSettings(rungs=rungs), tmp_path, None, tell, lambda: False)


def _scripted(monkeypatch: pytest.MonkeyPatch, results: dict[str, RawModel | str]) -> list[str]:
    climbed: list[str] = []

    def solve_one(task: Task, rung: Rung, bar: tuple[float, float]) -> RawModel:
        climbed.append(rung.name)
        result = results[rung.name]
        if isinstance(result, str):
            raise Failure(result)
        return result

    monkeypatch.setattr(ladder, "_solve", solve_one)
    return climbed


def test_the_climb_ends_at_the_first_good_rung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = _model(arc(COUNT, 24.0))
    climbed = _scripted(monkeypatch, {"quick": "unmatched", "careful": good})
    told: list[Message] = []
    won = climb(_task(tmp_path, RUNGS, told))
    assert climbed == ["quick", "careful"]
    assert won.model is good and won.rung == "careful"
    assert [(t.rung, t.verified) for t in won.tried] == [("quick", 0), ("careful", COUNT)]
    assert "Too few features" in won.tried[0].said and won.tried[1].said == ""
    assert any(isinstance(m, Note) and "Trying careful SIFT" in m.text for m in told)


def test_the_best_rung_wins_when_none_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = _model(arc(COUNT, 24.0))
    poor, better = _model(arc(COUNT, 24.0), 20), replace(good, focals=good.focals * 20)
    _scripted(monkeypatch, {"quick": better, "careful": poor, "global": "unmapped"})
    won = climb(_task(tmp_path, ("quick", "careful", "global")))
    assert won.rung == "quick" and won.model is better
    assert len(won.tried) == 3


def test_a_climb_that_comes_to_nothing_gives_its_first_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, {"quick": "unmatched", "careful": "unmapped"})
    with pytest.raises(Refusal, match="Too few features"):
        climb(_task(tmp_path, ("quick", "careful")))


@pytest.mark.parametrize("fault", ["still", "flat"])
def test_no_rung_is_tried_for_a_camera_that_does_not_travel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    climbed = _scripted(monkeypatch, {"quick": fault, "careful": "unmapped"})
    with pytest.raises(Refusal):
        climb(_task(tmp_path, ("quick", "careful")))
    assert climbed == ["quick"]


def test_rungs_are_known_ones() -> None:
    for rungs in ((), ("guess",)):
        with pytest.raises(ValueError, match="rungs"):
            PoseSettings(rungs=rungs)
    assert PoseSettings.quick().rungs == ("quick",)
    assert set(ladder.LADDER) == set(RUNGS)


def test_careful_sift_alone_begins_at_four_times_the_size_of_small_frames() -> None:
    octaves = {name: ladder.LADDER[name].sift for name in ("quick", "careful")}
    found = {
        (name, size): ladder.first_octave(sift, size)
        for name, sift in octaves.items()
        if sift is not None
        for size in ((144, 256), (288, 512))
    }
    assert [size for (_, size), octave in found.items() if octave == -2] == [(144, 256)]
    assert found["careful", (144, 256)] == -2


def test_quick_flow_global_and_orbit_solve_a_little_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No rung is good enough for this judge, so that all of them are climbed."""
    models: list[RawModel] = []

    def judged(model: RawModel, *_: object) -> Verdict:
        models.append(model)
        return Verdict(0, 0.1 * len(models), "Not good enough.")

    monkeypatch.setattr(ladder, "judge", judged)
    frames, rungs = draw(arc(COUNT, 24.0)), ("quick", "flow", "global", "orbit")
    told: list[Message] = []
    poses = solve(frames, range(COUNT), 3, PoseSettings(rungs=rungs), tmp_path, tell=told.append)
    assert poses.rung == "orbit"
    steps = [message.step for message in told if isinstance(message, Progress)]
    assert steps == sorted(steps) and steps[-1] == 1000
    in_flow = ladder.BAR * np.array(ladder.share_of_bar(1, 4))
    assert sum(in_flow[0] < step < in_flow.mean() for step in steps) >= COUNT - 3, "following moves the bar as well"
    assert [t.rung for t in poses.tried] == list(rungs)
    for model in models:
        assert (model.tracks(COUNT) >= 30).all()
        verdict = judge(model, COUNT, PoseSettings(), SIZE)
        assert verdict.said == ""
    assert len(poses.in_state("registered")) == COUNT
    assert poses.fov_x == pytest.approx(np.degrees(FOV), rel=0.15)


def test_frames_that_are_swapped_in_join_cameras_that_do_not_move(tmp_path: Path) -> None:
    frames, indices = draw(arc(COUNT, 24.0)), list(range(COUNT))
    first = solve(frames[:-2], indices[:-2], 3, PoseSettings.quick(), tmp_path / "work")
    first.save(tmp_path / "first.safetensors")
    (tmp_path / "other.safetensors").write_bytes(b"no poses at all")
    held = worth_holding(tmp_path, frames[1:], indices[1:], 3)
    assert held is not None and held.in_state("registered") == tuple(indices[:-2])[1:]
    grown = solve(frames[1:], indices[1:], 3, PoseSettings.quick(), tmp_path / "work", held=held)
    assert grown.in_state("registered") == tuple(indices[1:])
    for index in indices[1:-2]:
        assert grown.cameras[index] == first.cameras[index]
    step = first.cameras[5].centre - first.cameras[4].centre
    for index in (6, 7):
        new = grown.cameras[index].centre - grown.cameras[index - 1].centre
        assert np.linalg.norm(new) == pytest.approx(np.linalg.norm(step), rel=0.1)
    assert grown.attempt == "around held cameras"
    cut = found_again(first, frames[2:])
    assert cut is not None and cut.canonical == 1 and list(cut.cameras) == [0, 1, 2, 3]
    assert all(cut.cameras[k] == first.cameras[k + 2] for k in cut.cameras)
    without = found_again(first, np.delete(frames, 3, 0))
    assert without is not None and list(without.cameras) == [0, 1, 2, 3, 4] and without.canonical == 3  # of 7
    assert np.array_equal(without.cameras[3].world_from_camera, np.eye(4))
    between = first.cameras[1].camera_from_world @ first.cameras[2].world_from_camera
    held_between = without.cameras[1].camera_from_world @ without.cameras[2].world_from_camera
    np.testing.assert_allclose(held_between, between, atol=1e-9)
    assert found_again(first, frames[5:]) is None and found_again(first, frames[:, ::2, ::2]) is None
    other = frames.copy()
    other[4] ^= 1
    swapped = worth_holding(tmp_path, other, indices, 3)
    assert swapped is not None and swapped.in_state("registered") == (0, 1, 2, 3, 5)
    assert worth_holding(tmp_path, other, indices, 4) is None
    assert worth_holding(tmp_path, 255 - frames, indices, 3) is None
    assert grown.median_error < 0.5


def test_large_frames_are_solved_reduced_and_come_back_in_their_own_size(tmp_path: Path) -> None:
    frames = draw(arc(COUNT, 24.0)).repeat(3, 1).repeat(3, 2)
    settings = replace(PoseSettings.quick(), max_side=SIZE[1])
    poses = solve(frames, range(COUNT), 3, settings, tmp_path)
    assert len(poses.in_state("registered")) == COUNT
    for index, camera in poses.cameras.items():
        assert camera.size == (3 * SIZE[0], 3 * SIZE[1])
        rows = poses.track_frames == index
        owner = np.repeat(np.arange(len(poses.points)), np.diff(poses.track_offsets))[rows]
        pixels, _ = camera.project(poses.points[owner].astype(float))
        assert np.median(np.linalg.norm(pixels - poses.track_xy[rows], axis=1)) < 3.0
    assert poses.fov_x == pytest.approx(np.degrees(FOV), rel=0.15)


def test_nothing_is_learned_from_what_moves(tmp_path: Path) -> None:
    frames = draw(arc(COUNT, 24.0))
    moving = np.zeros(frames.shape[:3], bool)
    moving[:, :, : SIZE[1] // 3] = True
    poses = solve(frames, range(COUNT), 3, PoseSettings.quick(), tmp_path, moving=moving)
    assert len(poses.in_state("registered")) == COUNT
    assert poses.track_xy[:, 0].min() > SIZE[1] // 3 - 1


def test_a_zoom_is_noticed_and_each_frame_gets_its_lens(tmp_path: Path) -> None:
    """The camera comes nearer while the lens widens, as in a dolly zoom."""
    fovs = np.radians(np.linspace(30.0, 60.0, COUNT))
    cameras = [
        Camera.from_fov(_nearer(camera, 1.2 - np.tan(0.5 * np.radians(30)) / np.tan(0.5 * fov)), fov, SIZE)
        for camera, fov in zip(arc(COUNT, 16.0), fovs, strict=True)
    ]
    settings = PoseSettings(rungs=("quick",), per_frame_focal=True)
    poses = solve(draw(cameras), range(COUNT), 0, settings, tmp_path)
    assert poses.zoom > 1.3
    found = np.array([camera.K[0, 0] for camera in poses.cameras.values()])
    exact = np.array([camera.K[0, 0] for camera in cameras])
    assert found[0] / found[-1] == pytest.approx(exact[0] / exact[-1], rel=0.15)


def _nearer(camera: Camera, by: float) -> np.ndarray:
    pose = camera.world_from_camera.copy()
    pose[:3, 3] += by * pose[:3, 2]
    return pose


def test_frames_that_have_nothing_in_common_end_the_climb_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    climbed = _scripted(monkeypatch, {"quick": "unmatched", "careful": "unmapped"})
    noise = np.random.default_rng(1).integers(0, 256, (6, 48, 64, 3), np.uint8)
    with pytest.raises(Refusal, match="Too few features"):
        climb(_task(tmp_path, ("quick", "careful"), frames=noise))
    assert climbed == ["quick"]


def test_a_scene_that_can_be_followed_hangs_together() -> None:
    frames = draw(arc(COUNT, 24.0))
    assert ladder.hang_together(frames)
    assert not ladder.hang_together(np.random.default_rng(3).integers(0, 256, frames.shape, np.uint8))
