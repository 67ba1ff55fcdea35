"""The fast renderer draws what its slow twin draws, and its truth is exact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.generate import procedural_fast, procedural_render
from pipeline.generate.procedural_clips import circling_camera, clips, shot, shots
from pipeline.generate.procedural_scenes import world_of
from pipeline.generate.procedural_shapes import Array
from pipeline.generate.procedural_world import build
from renderer.camera import Camera

SIZE = (48, 80)
PROMPTS = (
    "a spotted dinosaur splashing and a red car driving in a kitchen",
    "a child dancing in the snow at sunset",
    "a train rolling on a beach at night",
)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_fast_and_slow_draw_the_same(prompt: str) -> None:
    world = world_of(prompt, 3, 16)
    camera = circling_camera(world.focus, 0.4, SIZE)
    fast = procedural_fast.render(world, 5.5, camera)
    slow = procedural_render.render(world, 5.5, camera)
    agree = fast.surface == slow.surface
    assert agree.mean() > 0.999, "only rounding at edges may differ"
    np.testing.assert_allclose(fast.depth[agree], slow.depth[agree], rtol=1e-5)
    np.testing.assert_array_equal(fast.moving[agree], slow.moving[agree])
    np.testing.assert_allclose(fast.points[agree], slow.points[agree], atol=2e-4)
    difference = np.abs(fast.rgb.astype(int) - slow.rgb)
    assert np.percentile(difference, 99.5) <= 1
    assert difference.mean() < 0.05


def test_warp_and_gain_agree_with_the_slow_twin() -> None:
    world = world_of(PROMPTS[0], 3, 16)
    camera = circling_camera(world.focus, -0.3, SIZE)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    warp = np.stack([2 * np.sin(y / 9), 1.5 * np.cos(x / 12)], -1)
    fast = procedural_fast.render(world, 2, camera, 1, warp, 1.2)
    slow = procedural_render.render(world, 2, camera, 1, warp, 1.2)
    assert np.abs(fast.rgb.astype(int) - slow.rgb).mean() < 0.1
    assert (fast.surface == slow.surface).mean() > 0.999
    plain = procedural_fast.render(world, 2, camera, 1)
    assert np.abs(fast.rgb.astype(int) - plain.rgb).mean() > 3, "a warp and a gain are seen"


def test_only_worlds_of_materials_are_paintable() -> None:
    assert procedural_fast.paintable(world_of(PROMPTS[1], 3, 16))
    assert not procedural_fast.paintable(build(0, 16))


def carried(
    points: Array, camera: Camera, other: procedural_render.Truth, slack: float
) -> tuple[npt.NDArray[np.bool_], Array]:
    """For points [N, 3]: whether `other` sees them (by its depth), and the colours it shows there."""
    pixels, depth = camera.project(points)
    column, row = np.floor(pixels).astype(int).T
    inside = (depth > 0) & (column >= 0) & (column < camera.size[1]) & (row >= 0) & (row < camera.size[0])
    column, row = np.where(inside, column, 0), np.where(inside, row, 0)
    seen = inside & (np.abs(other.depth[row, column] - depth) < slack)
    return seen, other.rgb[row, column].astype(float)


def test_depth_and_motion_carry_one_view_and_time_into_another() -> None:
    size = (144, 256)
    world = world_of("a bear walking in a living room", 4, 16)
    here, there = circling_camera(world.focus, 0.1, size), circling_camera(world.focus, 0.35, size)
    a, b = procedural_fast.render(world, 4, here), procedural_fast.render(world, 7, there)
    moved = a.points_at(7)
    seen, colours = carried(moved.reshape(-1, 3), there, b, 0.03)
    error = np.abs(colours - a.rgb.reshape(-1, 3))
    assert seen.mean() > 0.6
    assert np.median(error[seen]) <= 8
    mover = seen & a.moving.ravel()
    assert mover.sum() > 0.35 * a.moving.sum() > 500
    still, stay = carried(a.points.reshape(-1, 3), there, b, 0.03)
    still &= a.moving.ravel()
    assert still.sum() < 0.8 * mover.sum() or np.abs(stay - a.rgb.reshape(-1, 3))[still].mean() > error[mover].mean()
    np.testing.assert_allclose(a.points_at(4), a.points, atol=1e-9)


def test_clips_are_the_same_for_a_seed_and_others_for_another() -> None:
    first, again, other = (list(clips(seed, 3, (24, 40), 5)) for seed in (11, 11, 12))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.frames, b.frames)
        assert (a.prompt, a.context) == (b.prompt, b.context)
    assert first[0].frames.shape == (5, 24, 40, 3)
    assert first[0].frames.dtype == np.uint8
    assert not np.array_equal(first[0].frames, other[0].frames)
    assert len({clip.prompt for clip in (*first, *other)}) == 6


def test_dynamic_clips_move_things_and_freeze_time_clips_the_camera() -> None:
    found = {each.context: each for each in shots(5, 12, (36, 64))}
    assert set(found) == {"dynamic", "freeze_time"}
    still, frozen = found["dynamic"], found["freeze_time"]
    assert len(set(still.cameras)) == 1
    assert len(set(frozen.times)) == 1
    first, last = frozen.cameras[0].forward, frozen.cameras[-1].forward
    assert np.degrees(np.arccos(np.clip(first[:2] @ last[:2] / (1 - 0.5 * (first[2] ** 2 + last[2] ** 2)), -1, 1))) > 15
    a, b = still.truth(2), still.truth(9)
    outside = ~(a.moving | b.moving)
    change = np.abs(a.rgb.astype(int) - b.rgb).max(-1)
    assert np.median(change[outside]) <= 1, "what stands still keeps its place"
    assert (change > 12).mean() > 0.02, "what moves is seen to move"
    clip = still.clip()
    np.testing.assert_array_equal(clip.frames[2], a.rgb)


def test_a_shot_knows_its_depth_and_surfaces() -> None:
    each = shot("a duck jumping on a meadow", 2, "freeze_time", (36, 64), 4)
    film = each.film()
    assert film.depth is not None
    assert film.surface is not None
    for frame in range(4):
        truth = each.truth(frame)
        np.testing.assert_array_equal(film.depth[frame], truth.depth)
        np.testing.assert_array_equal(film.surface[frame], truth.surface)
        assert 0.01 < truth.moving.mean() < 0.6
