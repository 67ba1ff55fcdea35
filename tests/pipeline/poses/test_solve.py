"""COLMAP on little scenes: right cameras on a known orbit, one sentence for everything that cannot be solved."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.messages import CamerasPlaced, Message, Note, Progress
from pipeline.poses.gauge import RawModel
from pipeline.poses.ladder import Climbed
from pipeline.poses.solve import PosesCancelled, PoseSettings, SolvedPoses, assemble, digest_of, solve
from renderer.camera import Camera
from renderer.errors import Refusal
from tests.pipeline.poses.scenes import FOV, SIZE, arc, draw

QUICK = PoseSettings(rungs=("careful",), fields_of_view=(35.0, 50.0), max_features=1500)
INDICES = [3, 4, 5, 6, 7, 9, 11, 12]
CANONICAL = 6


@pytest.fixture(scope="module")
def truth() -> list[Camera]:
    return arc(8, 24.0)


@pytest.fixture(scope="module")
def frames(truth: list[Camera]) -> np.ndarray:
    return draw(truth)


@pytest.fixture(scope="module")
def told() -> list[Message]:
    return []


@pytest.fixture(scope="module")
def solved(frames: np.ndarray, told: list[Message], tmp_path_factory: pytest.TempPathFactory) -> SolvedPoses:
    work = tmp_path_factory.mktemp("poses")
    out = solve(frames, INDICES, CANONICAL, QUICK, work, tell=told.append)
    assert [path.name for path in work.iterdir()] == ["colmap.log"]
    return out


def test_every_camera_is_found_where_it_stood(solved: SolvedPoses, truth: list[Camera]) -> None:
    assert list(solved.cameras) == INDICES
    assert solved.in_state("registered") == tuple(INDICES)
    origin = np.linalg.inv(truth[INDICES.index(CANONICAL)].world_from_camera)
    exact = np.array([origin @ camera.world_from_camera for camera in truth])
    found = np.array([camera.world_from_camera for camera in solved.cameras.values()])
    turned = Rotation.from_matrix(exact[:, :3, :3].transpose(0, 2, 1) @ found[:, :3, :3]).magnitude()
    assert np.degrees(turned).max() < 1.0
    scale = (exact[:, :3, 3] * found[:, :3, 3]).sum() / np.square(found[:, :3, 3]).sum()
    off = np.linalg.norm(scale * found[:, :3, 3] - exact[:, :3, 3], axis=1)
    assert off.max() < 0.03 * np.ptp(exact[:, 0, 3])


def test_the_lens_is_shared_centred_and_right(solved: SolvedPoses) -> None:
    cameras = list(solved.cameras.values())
    assert all(np.array_equal(camera.K, cameras[0].K) and camera.size == SIZE for camera in cameras)
    assert cameras[0].K[:2, 2].tolist() == [SIZE[1] / 2, SIZE[0] / 2]
    assert cameras[0].fov_x == pytest.approx(FOV, rel=0.1)


def test_the_canonical_camera_is_the_origin_at_median_depth_one(solved: SolvedPoses) -> None:
    camera = solved.cameras[CANONICAL]
    assert np.array_equal(camera.world_from_camera, np.eye(4))
    seen = solved.visible_points(CANONICAL)
    assert len(seen) > 50
    assert np.median(solved.points[seen, 2]) == pytest.approx(1.0, abs=1e-5)


def test_tracks_lie_where_their_points_project(solved: SolvedPoses) -> None:
    assert solved.median_error < 0.5
    owner = np.repeat(np.arange(len(solved.points)), np.diff(solved.track_offsets))
    for frame, camera in solved.cameras.items():
        rows = solved.track_frames == frame
        pixels, depth = camera.project(solved.points[owner[rows]].astype(float))
        assert (depth > 0).all()
        assert np.linalg.norm(pixels - solved.track_xy[rows], axis=1).max() < 1.6


def test_points_have_the_colours_of_the_frames(solved: SolvedPoses, frames: np.ndarray) -> None:
    pixels, _ = solved.cameras[CANONICAL].project(solved.points.astype(float))
    seen = solved.visible_points(CANONICAL)
    x, y = pixels[seen].astype(int).T
    exact = frames[INDICES.index(CANONICAL)][y, x].astype(float)
    assert np.median(np.abs(solved.point_rgb[seen] - exact)) < 12


def test_progress_rises_to_its_end(solved: SolvedPoses, told: list[Message]) -> None:
    assert solved.cameras
    steps = [message.step for message in told if isinstance(message, Progress)]
    placed = [message for message in told if isinstance(message, CamerasPlaced)]
    assert placed and len(placed[-1].frames) == len(INDICES)
    assert set(placed[-1].frames) <= set(INDICES) and len(placed[-1].poses) == 12 * len(INDICES)
    assert steps == sorted(steps)
    assert isinstance(told[-1], Progress)
    assert told[-1].step == told[-1].steps
    assert np.diff([0, *steps]).max() <= 0.2 * told[-1].steps, "the bar never waits long at one place"


def test_the_same_input_gives_the_same_cameras(solved: SolvedPoses, frames: np.ndarray, tmp_path: Path) -> None:
    again = solve(frames, INDICES, CANONICAL, QUICK, tmp_path / "other" / "place")
    assert again.cameras == solved.cameras
    assert np.array_equal(again.points, solved.points)
    assert again.digest == solved.digest


def test_cancel_stops_colmap_at_once_and_leaves_no_frames(frames: np.ndarray, tmp_path: Path) -> None:
    asked = threading.Event()
    at: list[float] = []

    def tell(message: Message) -> None:
        asked.set()
        at.append(time.monotonic())

    many = np.repeat(frames, 4, 0)
    with pytest.raises(PosesCancelled):
        solve(many, range(len(many)), 0, PoseSettings(), tmp_path, tell=tell, cancelled=asked.is_set)
    assert len(at) == 1, "nothing was said after the request"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["colmap.log"]


def test_digest_is_of_everything_that_matters(frames: np.ndarray) -> None:
    base = digest_of(frames, INDICES, CANONICAL, QUICK)
    other = frames.copy()
    other[5, 60, 60, 1] ^= 1
    assert digest_of(frames.copy(), INDICES, CANONICAL, QUICK) == base
    assert digest_of(other, INDICES, CANONICAL, QUICK) != base
    assert digest_of(frames, [*INDICES[:-1], 13], CANONICAL, QUICK) != base
    assert digest_of(frames, INDICES, 7, QUICK) != base
    assert digest_of(frames, INDICES, CANONICAL, PoseSettings()) != base


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_frames_are_refused(frames: np.ndarray, count: int, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="frame"):
        solve(frames[:count], range(count), 0, QUICK, tmp_path)


def test_a_video_that_does_not_move_is_refused_before_colmap(frames: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="does not move"):
        solve(np.repeat(frames[:1], 8, 0), range(8), 0, QUICK, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_blank_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="blank"):
        solve(np.zeros((8, *SIZE, 3), np.uint8), range(8), 0, QUICK, tmp_path)


def test_a_still_camera_before_moving_things_is_refused(frames: np.ndarray, tmp_path: Path) -> None:
    """Noise and a brightness that changes pass the pixel test; the matches show that the camera stands."""
    rng = np.random.default_rng(1)
    light = np.linspace(0.9, 1.1, 6)[:, None, None, None]
    still = np.clip(frames[:1] * light + rng.normal(0, 2, (6, *SIZE, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(Refusal, match="does not move"):
        solve(still, range(6), 0, QUICK, tmp_path)


def test_noise_is_refused_for_want_of_matches(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (6, *SIZE, 3), dtype=np.uint8)
    with pytest.raises(Refusal, match="match"):
        solve(noise, range(6), 0, QUICK, tmp_path)


def test_a_camera_that_only_turns_is_refused(tmp_path: Path) -> None:
    cameras = []
    for angle in np.linspace(-6, 6, 8):
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_euler("y", angle, degrees=True).as_matrix()
        cameras.append(Camera.from_fov(pose, FOV, SIZE))
    with pytest.raises(Refusal, match="turns or zooms"):
        solve(draw(cameras), range(8), 0, QUICK, tmp_path)


def test_wrong_arguments_are_the_callers_fault(frames: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="canonical"):
        solve(frames, INDICES, 8, QUICK, tmp_path)
    with pytest.raises(ValueError, match="increasing"):
        solve(frames, INDICES[::-1], CANONICAL, QUICK, tmp_path)
    with pytest.raises(ValueError, match="indices"):
        solve(frames, INDICES[:-1], CANONICAL, QUICK, tmp_path)


def _partial(truth: list[Camera], placed: list[int]) -> RawModel:
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.5, -0.3, 2.5], [0.5, 0.3, 3.5], (40, 3))
    poses = np.array([truth[k].camera_from_world[:3] for k in placed])
    xy = np.stack([truth[k].project(points)[0] for k in placed], 1).reshape(-1, 2)
    return RawModel(
        attempt="test",
        focals=np.full(len(placed), truth[0].K[0, 0]),
        placed=np.array(placed),
        camera_from_world=poses,
        points=points,
        obs_point=np.repeat(np.arange(40), len(placed)),
        obs_frame=np.tile(placed, 40),
        obs_xy=xy,
    )


def test_frames_colmap_lost_stand_between_their_neighbours(truth: list[Camera], frames: np.ndarray) -> None:
    poses = assemble(_partial(truth, [0, 1, 3, 4, 5, 7]), frames, INDICES, CANONICAL, "d")
    assert poses.in_state("lost") == (INDICES[2], INDICES[6])
    a, lost, b = (poses.cameras[INDICES[k]].centre for k in (1, 2, 3))
    assert np.allclose(lost, (a + b) / 2)
    assert poses.median_error == pytest.approx(0.0, abs=1e-4)
    assert poses.visible_points(INDICES[2]).tolist() == []


def test_a_lost_canonical_frame_is_still_the_origin(truth: list[Camera], frames: np.ndarray) -> None:
    poses = assemble(_partial(truth, [0, 1, 2, 4, 5, 7]), frames, INDICES, INDICES[3], "d")
    assert np.array_equal(poses.cameras[INDICES[3]].world_from_camera, np.eye(4))
    assert poses.fits[3].state == "lost"


def test_lost_frames_are_told_and_too_many_are_refused(
    truth: list[Camera], frames: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = [0, 1, 3, 4, 5, 7]

    def fake(*_: object) -> Climbed:
        return Climbed(_partial(truth, placed), "careful", ())

    monkeypatch.setattr("pipeline.poses.solve.climb", fake)
    told: list[Message] = []
    solve(frames, INDICES, CANONICAL, QUICK, tmp_path, tell=told.append)
    assert next(m.text for m in told if isinstance(m, Note)).count("5, 11") == 1
    placed = [0, 1, 3, 4]
    with pytest.raises(Refusal, match="Only 4 of the 8"):
        solve(frames, INDICES, CANONICAL, QUICK, tmp_path)


SCENES = Path(__file__).resolve().parents[4] / "shared" / "scenes"


@pytest.mark.skipif(not SCENES.is_dir(), reason="the scenes beside the repository are not here")
def test_real_frames_of_a_generated_scene(tmp_path: Path) -> None:
    from pipeline.project.media import read_frames

    scene = SCENES / "corgi_playing_with_a_ball"
    canonical = json.loads((scene / "scene.json").read_text())["canonical_freeze_frame"]
    frames = read_frames(scene / "freeze_time.mp4")
    poses = solve(frames, range(len(frames)), canonical, PoseSettings(), tmp_path)
    assert len(poses.in_state("registered")) == len(frames)
    assert poses.median_error < 0.75
    assert 20 < poses.fov_x < 60
