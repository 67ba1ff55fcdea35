"""Masks: what moves by itself is found by flow, what stands still is not; an artist's pictures say whose they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.messages import Message, Note, Progress
from pipeline.poses.masks import moving_masks, read_masks, sampson
from pipeline.poses.solve import PoseSettings, digest_of, solve, solve_guessed
from pipeline.project import media
from pipeline.project.media import write_image
from renderer.errors import Refusal
from tests.benchmarks import masks
from tests.benchmarks.poses import errors, truth_of
from tests.pipeline.poses.scenes import SIZE, Frames, arc, draw, draw_with_mover, texture

COUNT = 8
STILL = draw(arc(COUNT, 24.0))
CIRCLING = arc(10, 24.0)
PATCH = (40, 50)


def with_a_mover(height: int = PATCH[0], width: int = PATCH[1]) -> tuple[Frames, np.ndarray]:
    """The still scene with a textured patch that falls through it, and where the patch is [F, H, W]."""
    frames, where = STILL.copy(), np.zeros(STILL.shape[:3], bool)
    picture = np.asarray(255 * texture(np.random.default_rng(7))[:height, :width], np.uint8)
    for k in range(COUNT):
        y, x = 10 + 5 * k, 60 + 2 * k
        frames[k, y : y + height, x : x + width] = picture[: SIZE[0] - y]
        where[k, y : y + height, x : x + width] = True
    return frames, where


def test_what_moves_by_itself_is_masked_and_the_rest_is_not() -> None:
    frames, where = with_a_mover()
    masks = moving_masks(frames)
    assert masks.shape == where.shape and masks.dtype == bool
    inside = np.array([mask[spot].mean() for mask, spot in zip(masks, where, strict=True)])
    outside = np.array([mask[~spot].mean() for mask, spot in zip(masks, where, strict=True)])
    assert np.median(inside) > 0.8 and inside.min() > 0.4
    assert outside.max() < 0.15


def test_a_still_scene_has_next_to_no_masks() -> None:
    assert moving_masks(STILL).mean() < 0.02


def test_flow_that_guesses_in_smooth_parts_masks_nothing() -> None:
    frames = STILL.copy()
    frames[:, :40] = np.linspace(200, 210, SIZE[1])[:, None]
    frames[:, :40] += np.arange(COUNT, dtype=np.uint8)[:, None, None, None]
    assert moving_masks(frames)[:, :30].mean() < 0.02


def test_where_most_of_the_picture_moves_nobody_knows_what_stands_still() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (4, *SIZE, 3), dtype=np.uint8)
    assert moving_masks(noise).reshape(4, -1).mean(1).max() <= 0.6


def test_finding_masks_can_be_stopped() -> None:
    def check() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        moving_masks(STILL, check)


def test_sampson_distance_is_the_distance_to_a_level_line_for_a_camera_that_goes_sideways() -> None:
    """Both lines are off by the same, so the first order share of each is half: |dy| / sqrt(2)."""
    sideways = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    a = np.random.default_rng(1).uniform(0, 100, (50, 2))
    b = a + np.array([12.0, 3.0])
    np.testing.assert_allclose(sampson(sideways, a, b), 3.0 / np.sqrt(2.0), rtol=1e-9)
    cameras = arc(2, 10.0)
    points = np.random.default_rng(2).uniform([-1, -1, 2.5], [1, 1, 4], (50, 3))
    between = cameras[1].camera_from_world @ cameras[0].world_from_camera
    t = between[:3, 3]
    cross = np.array([[0, -t[2], t[1]], [t[2], 0, -t[0]], [-t[1], t[0], 0]])
    inverse = np.linalg.inv(cameras[0].K)
    exact = inverse.T @ cross @ between[:3, :3] @ inverse
    seen = [camera.project(points)[0] for camera in cameras]
    assert sampson(exact, *seen).max() < 1e-6


def off_by(frames: Frames, moving: np.ndarray | None, work: Path) -> tuple[float, float]:
    """Median errors of the quick cameras: centres in % of the path's extent, rotations in degrees."""
    poses = solve(frames, range(len(frames)), 3, PoseSettings.quick(), work, moving=moving)
    found = np.array([camera.world_from_camera for camera in poses.cameras.values()])
    return errors(found, np.array([camera.world_from_camera for camera in CIRCLING]))


def test_masks_of_an_artist_save_cameras_that_a_large_mover_drags_along(tmp_path: Path) -> None:
    frames, where = draw_with_mover(CIRCLING, 0.38)
    assert 0.2 < where.mean() < 0.3
    for place, spot in enumerate(where):
        picture = np.where(spot, 0, 255).astype(np.uint8)
        write_image(tmp_path / "masks" / f"frame_{place:05d}.png", np.repeat(picture[..., None], 3, -1))
    centre, turn = off_by(frames, None, tmp_path / "plain")
    assert centre > 3.0 and turn > 3.0
    centre, turn = off_by(frames, read_masks(tmp_path / "masks", len(frames), SIZE), tmp_path / "masked")
    assert centre < 0.5 and turn < 0.5


def test_masks_from_flow_bring_the_cameras_nearer_where_something_small_moves(tmp_path: Path) -> None:
    frames, where = draw_with_mover(CIRCLING, 0.28)
    assert 0.1 < where.mean() < 0.2
    plain, masked = (off_by(frames, moving, tmp_path) for moving in (None, moving_masks(frames)))
    assert masked[0] < 0.7 * plain[0] and masked[1] < 0.7 * plain[1]


def test_of_masks_that_are_a_guess_the_better_cameras_are_kept(tmp_path: Path) -> None:
    """Masks that hide half of the scene are not used where nothing moves, and exact ones are where something does."""
    calm, wrong = draw(CIRCLING), np.zeros((len(CIRCLING), *SIZE), bool)
    wrong[:, :, ::40], wrong[:, :, : SIZE[1] // 2] = True, True
    lively, where = draw_with_mover(CIRCLING, 0.38)
    for frames, moving, used in ((calm, wrong, False), (lively, where, True)):
        told: list[Message] = []
        given = frames, range(len(frames)), 3, PoseSettings.quick(), tmp_path
        poses = solve_guessed(*given, moving=moving, tell=told.append)
        assert poses.digest == digest_of(*given[:4], moving)
        inside = moving[poses.track_frames, poses.track_xy[:, 1].astype(int), poses.track_xy[:, 0].astype(int)]
        assert inside.any() != used
        assert any("without those masks" in m.text for m in told if isinstance(m, Note)) != used
        steps = [m.step for m in told if isinstance(m, Progress)]
        assert steps == sorted(steps) and steps[-1] == 1000


def test_masks_from_flow_save_the_cameras_of_a_real_video(shared: Path, tmp_path: Path) -> None:
    """A photograph that falls through 5 % of it makes them 18 % and 5 degrees wrong, with all frames held."""
    video = shared / masks.VIDEO
    frames, where = masks.pasted(media.read_frames(video), masks.photograph(shared), 0.05)
    moving = moving_masks(frames)
    assert moving[where].mean() > 0.6 > 0.1 > moving[~where].mean()
    poses = solve_guessed(frames, range(len(frames)), 8, PoseSettings.quick(), tmp_path, moving=moving)
    assert len(poses.in_state("registered")) == len(frames)
    centre, turn, lens = masks.off_by(poses, *truth_of(video.with_suffix(".txt")))
    assert centre < 1.0 and turn < 1.0 and abs(lens) < 10.0


def _masks(folder: Path, names: list[str], size: tuple[int, int] = SIZE) -> Path:
    for place, name in enumerate(names):
        picture = np.full((*size, 3), 255, np.uint8)
        picture[:, : 10 * (place + 1)] = 0
        write_image(folder / name, picture)
    return folder


def test_pictures_are_masks_by_their_names_or_in_their_order(tmp_path: Path) -> None:
    named = read_masks(_masks(tmp_path / "a", ["frame_00002.png", "frame_00005.png"]), COUNT, SIZE)
    assert np.flatnonzero(named.reshape(COUNT, -1).any(1)).tolist() == [2, 5]
    assert named[2, :, :10].all() and not named[2, :, 10:].any()
    ordered = read_masks(_masks(tmp_path / "b", [f"m{k}.png" for k in range(COUNT)]), COUNT, SIZE)
    assert ordered.sum((1, 2)).tolist() == [SIZE[0] * 10 * (k + 1) for k in range(COUNT)]
    half = read_masks(_masks(tmp_path / "c", ["frame_00000.png"], (SIZE[0] // 2, SIZE[1] // 2)), COUNT, SIZE)
    assert half.shape == (COUNT, *SIZE) and half[0, :, :20].all()


@pytest.mark.parametrize(
    ("names", "size"),
    [
        (["m0.png", "m1.png"], SIZE),
        (["frame_00000.png", "m1.png"], SIZE),
        ([f"frame_{COUNT:05d}.png"], SIZE),
        (["frame_00000.png"], (SIZE[0], SIZE[0])),
    ],
)
def test_masks_that_do_not_fit_are_refused(names: list[str], size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="mask"):
        read_masks(_masks(tmp_path / "a", names, size), COUNT, SIZE)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        read_masks(tmp_path / "none", COUNT, SIZE)
