"""Cameras from other programs: our own export comes back, distortion is taken out, what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.poses.exchange import frame_name, frame_of, posed_images, write_folder
from pipeline.poses.imported import match, seen_from, straightened, take_in
from pipeline.poses.solved import SolvedPoses
from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.formats.lens import Lens
from renderer.formats.pose_folder import read_pose_folder
from renderer.formats.posed_images import PosedImage, PosedImages, in_order
from tests.pipeline.poses.scenes import FOV, SIZE, arc, draw

COUNT = 8
CAMERAS = arc(COUNT, 30.0)
FRAMES = draw(CAMERAS)
INDICES = list(range(COUNT))
BARREL = (-0.25, 0.05, 0.0, 0.0, 0.0, 0.0)


def posed(cameras: list[Camera] = CAMERAS, names: list[str] | None = None) -> PosedImages:
    named = names or [frame_name(i) for i in range(len(cameras))]
    return in_order([PosedImage(n, c.world_from_camera, Lens.of(c)) for n, c in zip(named, cameras, strict=True)])


def imported(images: PosedImages, canonical: int = 3) -> SolvedPoses:
    return take_in(match(images, INDICES, COUNT, SIZE, None), FRAMES, INDICES, canonical)


def relative(cameras: list[Camera], canonical: int) -> list[np.ndarray]:
    return [cameras[canonical].camera_from_world @ camera.world_from_camera for camera in cameras]


def assert_same_path(poses: SolvedPoses, cameras: list[Camera], atol: float) -> None:
    """The solved path is the true one, seen from the canonical camera, at another scale."""
    truth = np.stack(relative(cameras, poses.canonical))
    found = np.stack([poses.cameras[k].world_from_camera for k in sorted(poses.cameras)])
    scale = np.linalg.norm(truth[:, :3, 3]) / np.linalg.norm(found[:, :3, 3])
    np.testing.assert_allclose(found[:, :3, :3], truth[:, :3, :3], atol=atol)
    np.testing.assert_allclose(found[:, :3, 3] * scale, truth[:, :3, 3], atol=atol)


def test_cameras_without_points_get_points_and_our_gauge() -> None:
    poses = imported(posed())
    assert_same_path(poses, CAMERAS, 1e-9)
    assert len(poses.points) > 100 and poses.median_error < 0.3
    assert np.median(poses.points[poses.visible_points(3), 2]) == pytest.approx(1.0, abs=1e-5)
    assert len(poses.in_state("registered")) == COUNT and poses.angle > 5
    assert (poses.point_rgb.std(0) > 10).all()


@pytest.mark.parametrize("only", ["sparse/0", "transforms.json", "cameras.json"])
def test_our_own_export_comes_back(only: str, tmp_path: Path) -> None:
    poses = imported(posed())
    write_folder(tmp_path, poses, FRAMES, INDICES)
    back = imported(read_pose_folder(tmp_path if only == "sparse/0" else tmp_path / only))
    for frame, camera in poses.cameras.items():
        np.testing.assert_allclose(back.cameras[frame].K, camera.K)
        found, told = back.cameras[frame].world_from_camera, camera.world_from_camera
        np.testing.assert_allclose(found[:3, :3], told[:3, :3], atol=1e-9)
    if only == "sparse/0":
        np.testing.assert_allclose(back.points, poses.points, atol=1e-5)
        np.testing.assert_array_equal(back.track_frames, poses.track_frames)
        np.testing.assert_array_equal(back.point_rgb, poses.point_rgb)
        np.testing.assert_allclose(back.point_errors, poses.point_errors, atol=1e-3)
    if only == "transforms.json":
        assert len(back.points) > len(poses.points)  # its own, without tracks, after triangulated ones


@pytest.mark.parametrize("only", ["sparse/0", "transforms.json", "cameras.json"])
def test_a_lens_for_each_frame_comes_back(only: str, tmp_path: Path) -> None:
    zooming = [Camera.from_fov(c.world_from_camera, FOV * (1.0 - 0.02 * k), SIZE) for k, c in enumerate(CAMERAS)]
    frames = draw(zooming)
    poses = take_in(match(posed(zooming), INDICES, COUNT, SIZE, None), frames, INDICES, 3)
    assert poses.median_error < 0.3, "points fit under the lenses as they are"
    write_folder(tmp_path, poses, frames, INDICES)
    known = read_pose_folder(tmp_path if only == "sparse/0" else tmp_path / only)
    back = take_in(match(known, INDICES, COUNT, SIZE, None), frames, INDICES, 5)
    focals = [back.cameras[k].K[0, 0] for k in INDICES]
    np.testing.assert_allclose(focals, [camera.K[0, 0] for camera in zooming])
    assert len(set(focals)) == COUNT


def test_the_digest_tells_cameras_apart() -> None:
    other = [c.posed(c.world_from_camera @ np.diag([1.0, 1, 1, 1])) for c in CAMERAS]
    bent = other[0].world_from_camera.copy()
    bent[0, 3] += 0.05
    assert imported(posed(other)).digest == imported(posed()).digest
    assert imported(posed([other[0].posed(bent), *other[1:]])).digest != imported(posed()).digest


def test_a_frame_without_a_camera_lies_between_its_neighbours() -> None:
    some = [i for i in INDICES if i != 4]
    poses = imported(posed([CAMERAS[i] for i in some], [frame_name(i) for i in some]))
    assert poses.in_state("lost") == (4,)
    centres = np.array([poses.cameras[i].centre for i in (3, 4, 5)])
    np.testing.assert_allclose(centres[1], (centres[0] + centres[2]) / 2)


def test_names_or_order_say_which_camera_is_whose() -> None:
    other = posed(names=[f"img{i}.jpg" for i in INDICES])
    assert match(other, INDICES, COUNT, SIZE, None).places == tuple(INDICES)
    backwards = [f"img{i}.png" for i in reversed(INDICES)]
    assert match(other, INDICES, COUNT, SIZE, backwards).places == tuple(reversed(INDICES))
    with pytest.raises(Refusal, match=r"img7\.jpg, which the freeze-time folder"):
        match(other, INDICES, COUNT, SIZE, [f"img{i}.png" for i in range(7)])
    with pytest.raises(Refusal, match="do not say which"):
        match(other, INDICES, COUNT + 1, SIZE, None)
    assert match(posed(), INDICES[2:6], COUNT + 5, SIZE, None).frames == (2, 3, 4, 5)


def test_cameras_that_cannot_be_this_videos_are_refused() -> None:
    with pytest.raises(Refusal, match="another shape"):
        match(posed(), INDICES, COUNT, (200, 120), None)
    with pytest.raises(Refusal, match="Only 2 of the 8"):
        match(posed(CAMERAS[:2]), INDICES, COUNT, SIZE, None)
    with pytest.raises(Refusal, match="canonical freeze-time frame 7 has no camera"):
        imported(posed(CAMERAS[:7]), 7)
    opengl = [camera.posed(camera.world_from_camera @ np.diag([1.0, -1, -1, 1])) for camera in CAMERAS]
    with pytest.raises(Refusal, match="do not fit the freeze-time video"):
        imported(posed(opengl))


def test_points_that_miss_their_observations_are_refused() -> None:
    images = posed_images(imported(posed()))
    turned = [PosedImage(i.name, i.world_from_camera @ np.diag([-1.0, -1, 1, 1]), i.lens) for i in images.images]
    with pytest.raises(Refusal, match="do not belong together"):
        imported(PosedImages(tuple(turned), images.cloud))


def test_another_size_of_the_same_shape_is_scaled() -> None:
    double = [camera.resized((2 * SIZE[0], 2 * SIZE[1])) for camera in CAMERAS]
    poses = imported(posed(double))
    assert poses.cameras[0].size == SIZE
    np.testing.assert_allclose(poses.cameras[0].K, CAMERAS[0].K)


def test_a_distorted_lens_is_taken_out_of_the_pictures() -> None:
    wide = Lens(SIZE, 150.0, 150.0, 100.0, 60.0, BARREL)
    images = in_order([PosedImage(frame_name(i), c.world_from_camera, wide) for i, c in enumerate(CAMERAS)])
    matched = match(images, INDICES, COUNT, SIZE, None)
    assert not matched.is_straight
    pinhole = wide.straightened()
    truth = draw([pinhole.camera(camera.world_from_camera) for camera in CAMERAS])
    at = wide.straighten_points(_centres(), pinhole).reshape(*SIZE, 2).astype(np.float32) - 0.5
    seen = np.stack([cv2.remap(f, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE) for f in truth])
    back = straightened(seen, [matched.lenses[i] for i in INDICES])
    inner = (slice(None), slice(8, -8), slice(8, -8))
    assert np.abs(back[inner].astype(int) - truth[inner]).mean() < 4
    assert np.abs(seen[inner].astype(int) - truth[inner]).mean() > 12
    poses = take_in(matched, back, INDICES, 3)
    assert_same_path(poses, CAMERAS, 1e-9)
    assert poses.median_error < 0.4 and poses.cameras[0].K[0, 0] == pytest.approx(pinhole.fx)


def _centres() -> np.ndarray:
    v, u = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    return np.stack([u, v], -1).reshape(-1, 2)


def test_straight_frames_are_not_touched() -> None:
    lenses = [Lens.of(camera) for camera in CAMERAS]
    np.testing.assert_array_equal(straightened(FRAMES, lenses), FRAMES)


def test_the_gauge_follows_the_canonical_frame() -> None:
    poses = imported(posed(), 3)
    moved = seen_from(poses, 5)
    assert_same_path(moved, CAMERAS, 1e-6)
    np.testing.assert_array_equal(moved.cameras[5].world_from_camera, np.eye(4))
    assert seen_from(poses, 3) is poses
    pixels, _ = moved.cameras[0].project(moved.points[:20].astype(float))
    np.testing.assert_allclose(pixels, poses.cameras[0].project(poses.points[:20].astype(float))[0], atol=1e-3)


def test_a_photographers_capture_is_imported(shared: Path) -> None:
    """25 real photographs with instant-ngp's cameras and a distorted lens."""
    from pipeline.project.media import names_of, read_frames

    folder = shared / "orbits" / "with_poses" / "fox"
    frames, indices = read_frames(folder), list(range(25))
    matched = match(read_pose_folder(folder), indices, 25, (640, 360), names_of(folder))
    poses = take_in(matched, straightened(frames, [matched.lenses[i] for i in indices]), indices, 12)
    assert len(poses.points) > 500 and poses.median_error < 0.8 and not matched.is_straight


def test_frames_are_named_by_their_source_index() -> None:
    assert [frame_of(frame_name(i)) for i in (0, 7, 123456)] == [0, 7, 123456]
    assert frame_of("images/frame_00003.jpg") == 3 and frame_of("0003.png") is None
