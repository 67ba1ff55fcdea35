"""The procedural scenes: their truth is exact, their sample is current, their faults are only where they belong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.generate import procedural
from pipeline.generate.procedural import Faults, HeldOut, Scenario
from pipeline.generate.procedural_render import Truth, render
from pipeline.project import media
from renderer.camera import Camera

SMALL = Scenario(size=(72, 128), supersampling=2)
Array = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def sample(root: Path) -> Path:
    return root / "resources" / "sample"


def psnr(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def seen_from(points: Array, camera: Camera, other: Truth) -> tuple[npt.NDArray[np.bool_], Array]:
    """For points [H, W, 3]: visible in `other` (by its depth), and their colours there."""
    pixels, depth = camera.project(points.reshape(-1, 3))
    height, width = camera.size
    column, row = np.floor(pixels).astype(int).T
    inside = (depth > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = np.where(inside, column, 0), np.where(inside, row, 0)
    visible = inside & (np.abs(other.depth[row, column] - depth) < 0.02)
    colours = other.rgb[row, column].astype(float)
    return visible.reshape(points.shape[:2]), colours.reshape(points.shape)


def test_depth_carries_one_view_into_another() -> None:
    """Unproject a view by its depth and camera: the other view shows the same colours there."""
    here, there = SMALL.freeze_camera(9), SMALL.freeze_camera(15)
    a, b = SMALL.render(8, here), SMALL.render(8, there)
    x, y = np.meshgrid(np.arange(128) + 0.5, np.arange(72) + 0.5)
    rays = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(here.K).T
    local = rays * a.depth[..., None]
    world = local @ here.world_from_camera[:3, :3].T + here.centre
    np.testing.assert_allclose(world, a.points, atol=1e-5)
    visible, colours = seen_from(world, there, b)
    assert visible.mean() > 0.55
    error = np.abs(colours - a.rgb)[visible]
    assert np.median(error) <= 12
    wrong, other_colours = seen_from(world * 1.03, there, b)
    assert np.median(np.abs(other_colours - a.rgb)[wrong]) > 2 * np.median(error), "the test must feel a 3 % error"


def test_scene_motion_carries_one_time_into_another() -> None:
    camera = SMALL.reference_camera
    a, b = SMALL.render(5, camera), SMALL.render(8, camera)
    moved = a.points_at(8)
    distance = np.linalg.norm(moved - a.points, axis=-1)
    assert distance[~a.moving].max() == 0
    assert 0.05 < distance[a.moving].max() < 0.8
    visible, colours = seen_from(moved, camera, b)
    kept = visible & a.moving
    assert kept.sum() > 0.4 * a.moving.sum()
    error = np.abs(colours - a.rgb)[kept].mean()
    still = np.abs(b.rgb.astype(float) - a.rgb)[kept].mean()
    assert error < 0.6 * still, "following the material must explain most of the change"
    np.testing.assert_allclose(a.points_at(5), a.points, atol=1e-9)


def test_motion_is_clear_and_moderate() -> None:
    camera, width = SMALL.reference_camera, SMALL.size[1]
    steps = []
    for time in range(SMALL.n_reference - 1):
        truth = SMALL.render(time, camera)
        before, _ = camera.project(truth.points[truth.moving])
        after, _ = camera.project(truth.points_at(time + 1)[truth.moving])
        steps.append(np.linalg.norm(after - before, axis=1))
    assert max(step.max() for step in steps) < 0.05 * width
    assert np.mean(np.concatenate(steps)) > 0.004 * width
    assert all(0.08 < SMALL.render(8, SMALL.freeze_camera(k)).moving.mean() < 0.3 for k in (0, 12, 23))


def test_nothing_moves_through_anything() -> None:
    """No two separate things share space at any time: centres of boxes and balls keep their distance."""
    things = {thing.name: thing for thing in SMALL.world.things}
    for time in np.linspace(0, 15, 31):
        gift, head, ball = (things[name].pose(float(time)) for name in ("gift", "head", "ball"))
        corners = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * 3, indexing="ij"), -1).reshape(-1, 3)
        surface = corners @ gift[:3, :3].T + gift[:3, 3]
        for pose in (head, ball):
            inside = np.linalg.norm((surface - pose[:3, 3]) @ np.linalg.inv(pose[:3, :3]).T, axis=1)
            assert inside.min() > 1
        lowest = ball[2, 3] - np.linalg.norm(ball[2, :3])
        assert lowest > -0.005, "the ball stays on the floor"


def test_the_same_scenario_gives_the_same_frames_and_another_seed_others() -> None:
    camera = SMALL.reference_camera
    first = SMALL.render(3.5, camera).rgb
    procedural._world.cache_clear()
    np.testing.assert_array_equal(SMALL.render(3.5, camera).rgb, first)
    assert psnr(replace(SMALL, seed=1).render(3.5, camera).rgb, first) < 20


def test_the_canonical_pair_is_one_picture_and_the_orbit_is_wide() -> None:
    np.testing.assert_array_equal(SMALL.freeze_frame(12).rgb, SMALL.render(8, SMALL.reference_camera).rgb)
    cameras, reference = SMALL.cameras()
    assert cameras[12] == reference
    cosine = float(cameras[0].forward @ cameras[-1].forward)
    assert 50 <= np.degrees(np.arccos(cosine)) <= 70
    assert all(camera.size == (72, 128) for camera in cameras)


def test_truth_does_not_depend_on_the_size() -> None:
    large = replace(SMALL, size=(144, 256))
    small, big = SMALL.render(6, SMALL.freeze_camera(4)), large.render(6, large.freeze_camera(4))
    assert psnr(media.resize(big.rgb[None], (72, 128))[0], small.rgb) > 24
    assert np.median(np.abs(big.depth.reshape(72, 2, 128, 2).mean((1, 3)) - small.depth)) < 0.02


def test_supersampling_converges() -> None:
    camera = SMALL.freeze_camera(3)
    finest = render(SMALL.world, 8, camera, 6).rgb
    coarse, fine = (psnr(render(SMALL.world, 8, camera, n).rgb, finest) for n in (1, 3))
    assert coarse < fine
    assert fine > 32


def test_faults_bend_every_frame_but_the_canonical_one() -> None:
    clean = SMALL.freeze_frame(12).rgb
    for faults in (Faults(warp_px=2), Faults(residual_motion=1.5), Faults(flicker=0.2)):
        faulty = replace(SMALL, faults=faults)
        np.testing.assert_array_equal(faulty.freeze_frame(12).rgb, clean)
        other = psnr(faulty.freeze_frame(7).rgb, SMALL.freeze_frame(7).rgb)
        assert other < 36
        np.testing.assert_array_equal(faulty.freeze_frame(7).rgb, faulty.freeze_frame(7).rgb)
        np.testing.assert_array_equal(faulty.render(8, SMALL.reference_camera).rgb, clean)


def test_a_warp_is_as_long_as_asked_smooth_and_another_in_each_frame() -> None:
    faulty = replace(SMALL, faults=Faults(warp_px=3))
    warps = [faulty._faults_of(k)[0] for k in (3, 4)]
    assert warps[0] is not None
    assert warps[1] is not None
    length = np.linalg.norm(warps[0], axis=-1)
    assert length.max() == pytest.approx(3)
    assert np.abs(np.diff(warps[0], axis=1)).max() < 0.5
    assert np.linalg.norm(warps[0] - warps[1], axis=-1).max() > 1


def test_a_warp_moves_the_picture_by_its_length() -> None:
    camera = SMALL.reference_camera
    shifted = render(SMALL.world, 8, camera, 2, np.broadcast_to([3.0, -2.0], (72, 128, 2)))
    plain = render(SMALL.world, 8, camera, 2)
    np.testing.assert_array_equal(shifted.rgb[4:-4, 4:-4], plain.rgb[2:-6, 7:-1])


PROMPTED = Scenario(prompt="a spotted octopus dancing on a beach", seed=3, size=(36, 64), sweep_degrees=120.0,
                    n_reference=6, n_freeze=7, canonical_reference_frame=3, canonical_freeze_frame=3)  # fmt: skip


def test_a_prompted_scenario_has_faults_and_truth_as_the_sample_has() -> None:
    cameras, reference = PROMPTED.cameras()
    assert cameras[3] == reference
    clean = PROMPTED.render(3, reference)
    for faults in (Faults(warp_px=2), Faults(residual_motion=1.5), Faults(flicker=0.3)):
        faulty = replace(PROMPTED, faults=faults)
        np.testing.assert_array_equal(faulty.freeze_frame(3).rgb, clean.rgb)
        assert psnr(faulty.freeze_frame(1).rgb, PROMPTED.freeze_frame(1).rgb) < 36
    slow = render(PROMPTED.world, 3, reference, PROMPTED.supersampling)
    assert np.abs(slow.rgb.astype(int) - clean.rgb).mean() < 0.1
    assert (slow.moving == clean.moving).mean() > 0.999
    with pytest.raises(ValueError, match="at most 360"):
        replace(PROMPTED, sweep_degrees=400)


def test_a_prompted_scene_folder_is_whole_and_says_what_was_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--prompt", "a purple duck jumping in a zeppelin", "--seed", "4", "--size", "64x36", "--sweep", "90"]
    assert procedural.main([str(tmp_path), *words]) == 0
    assert "zeppelin" in capsys.readouterr().err
    scene, truth = (json.loads((tmp_path / name).read_text()) for name in ("scene.json", "truth.json"))
    assert scene["prompt"] == words[1]
    scenario = Scenario(prompt=words[1], seed=4, size=(36, 64), sweep_degrees=90.0)
    assert [Camera.from_json(data) for data in truth["freeze_cameras"]] == list(scenario.cameras()[0])
    entry = scene["held_out"][4]
    true = scenario.render(entry["reference_frame"], scenario.freeze_camera(entry["camera_freeze_frame"])).rgb
    assert psnr(media.read_frames(tmp_path / "held_out.mp4", [4])[0], true) > 30


def test_held_out_views_are_other_cameras_and_other_times() -> None:
    views = SMALL.held_out_views()
    assert len({view.reference_frame for view in views}) >= 8
    assert len(set(views)) == len(views) == 10
    assert any(view.reference_frame % 1 for view in views)
    for view in views:
        assert isinstance(view, HeldOut)
        assert 0 <= view.reference_frame <= 15
        assert 0 <= view.camera_freeze_frame < 24
        assert abs(view.reference_frame - 8) >= 1, "the freeze-time video shows that moment"


def test_a_scene_folder_is_whole(tmp_path: Path) -> None:
    tiny = Scenario(size=(32, 64), n_reference=3, n_freeze=3, n_held_out=2, canonical_reference_frame=1,
                    canonical_freeze_frame=1, supersampling=1)  # fmt: skip
    procedural.write_scene(tiny, tmp_path)
    scene, truth = (json.loads((tmp_path / name).read_text()) for name in ("scene.json", "truth.json"))
    assert (scene["size"], scene["canonical_reference_frame"], scene["canonical_freeze_frame"]) == ([32, 64], 1, 1)
    assert [entry["frame"] for entry in scene["held_out"]] == [0, 1]
    for name, count in (("reference", 3), ("freeze_time", 3), ("held_out", 2)):
        clip = media.probe(tmp_path / f"{name}.mp4")
        assert (clip.n_frames, clip.size, clip.fps) == (count, (32, 64), 8)
    assert [Camera.from_json(data) for data in truth["freeze_cameras"]] == list(tiny.cameras()[0])
    assert Camera.from_json(truth["reference_camera"]) == tiny.reference_camera
    entry = scene["held_out"][1]
    true = tiny.render(entry["reference_frame"], tiny.freeze_camera(entry["camera_freeze_frame"])).rgb
    assert psnr(media.read_frames(tmp_path / "held_out.mp4", [1])[0], true) > 30


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert procedural.main([str(tmp_path / "a"), "--size", "4x4"]) == 1
    assert "8 to 4096 pixels" in capsys.readouterr().err
    (tmp_path / "file").write_text("x")
    assert procedural.main([str(tmp_path / "file"), "--size", "32x32"]) == 1
    assert "a file stands where" in capsys.readouterr().err


def test_the_shipped_sample_is_what_the_generator_makes(sample: Path) -> None:
    """One frame of each video at full size; a change of the generator must regenerate the sample."""
    scenario = Scenario()
    assert json.loads((sample / "scene.json").read_text()) == json.loads(json.dumps(scenario.scene_json()))
    truth = json.loads((sample / "truth.json").read_text())
    assert truth["scenario"] == json.loads(json.dumps(scenario.truth_json()["scenario"]))
    for kept, camera in zip(truth["freeze_cameras"], scenario.cameras()[0], strict=True):
        np.testing.assert_allclose(Camera.from_json(kept).world_from_camera, camera.world_from_camera, atol=1e-9)
    view = scenario.held_out_views()[3]
    expected = {
        "reference.mp4": (2, scenario.render(2, scenario.reference_camera).rgb),
        "freeze_time.mp4": (19, scenario.freeze_frame(19).rgb),
        "held_out.mp4": (
            3,
            scenario.render(view.reference_frame, scenario.freeze_camera(view.camera_freeze_frame)).rgb,
        ),
    }
    for name, (index, picture) in expected.items():
        assert psnr(media.read_frames(sample / name, [index])[0], picture) > 36


def test_the_shipped_sample_is_small_and_complete(sample: Path) -> None:
    names = {path.name for path in sample.iterdir()}
    assert names == {"reference.mp4", "freeze_time.mp4", "held_out.mp4", "scene.json", "truth.json"}
    assert sum(path.stat().st_size for path in sample.iterdir()) <= 4 << 20
    counts = {name: media.probe(sample / name).n_frames for name in names if name.endswith(".mp4")}
    assert counts == {"reference.mp4": 16, "freeze_time.mp4": 24, "held_out.mp4": 10}


def test_impossible_scenarios_are_errors() -> None:
    for change in ({"canonical_freeze_frame": 24}, {"canonical_reference_frame": -1}, {"sweep_degrees": 200.0}):
        with pytest.raises(ValueError, match=r"canonical|sweep"):
            replace(SMALL, **change)
