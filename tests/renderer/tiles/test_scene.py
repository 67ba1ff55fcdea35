"""The viewport's road through the tile renderer makes the renderer's own picture, and paints by `renderer.look`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from renderer.camera import Camera
from renderer.gl.moment import Mode, Moment
from renderer.look import GREY, QUIET, Paint, Ranges, ramp
from renderer.snapshot import MotionTable, Posed, Snapshot
from renderer.tiles.render import render
from renderer.tiles.scene import TileScene
from tests.renderer.gl.synthetic import freeze_camera, reference_camera, synthetic_snapshot

GROUND = (0.11, 0.2, 0.32)
SNAPSHOT = synthetic_snapshot(3000)
RANGES = Ranges.of(SNAPSHOT)


def drawn(
    scene: TileScene, moment: Moment, camera: Camera, paint: Paint = Paint.COLOUR, share: float = 1.0
) -> npt.NDArray[np.uint8]:
    out = np.zeros((*camera.size, 4), np.uint8)
    scene.draw(camera, moment, GROUND, out, RANGES.look(paint, moment.mode is not Mode.PER_FRAME), share)
    assert (out[..., 3] == 255).all()
    return out[..., 2::-1]


def close(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], level: int = 1) -> None:
    """Equal but for splats of equal depth, whose order is free, and rounding."""
    off = np.abs(a.astype(int) - b.astype(int))
    assert off.mean() < 0.05 * level
    assert np.percentile(off, 99.5) <= level


def test_any_walk_through_moments_shows_what_render_shows() -> None:
    scene = TileScene(SNAPSHOT)
    camera = freeze_camera(0.3)
    walk = (
        Moment(Mode.TEMPORAL, 7.4), Moment(Mode.TEMPORAL, 7.9), Moment(Mode.PER_FRAME, 20), Moment(Mode.CANONICAL),
        Moment(Mode.TEMPORAL, 99.0), Moment(Mode.CANONICAL), Moment(Mode.PER_FRAME, 3.0), Moment(Mode.TEMPORAL, 0.0),
    )  # fmt: skip
    for moment in walk:
        close(drawn(scene, moment, camera), render(moment.posed(SNAPSHOT), camera, GROUND).rgb)


def painted(posed: Posed, still: Snapshot, camera: Camera, paint: Paint) -> Posed:
    """The twin: colours by `renderer.look` in NumPy."""
    if paint is Paint.DEPTH:
        _, z = camera.project(posed.means.astype(np.float64))
        low, high = RANGES.depth
        return replace(
            posed, rgb=ramp("depth", (np.log(np.maximum(z, 1e-6) / low) / np.log(high / low)).astype(np.float32))
        )
    amount = np.linalg.norm(posed.means - still.means, axis=1) / RANGES.temporal
    grey = GREY * (posed.rgb @ np.array([0.299, 0.587, 0.114], np.float32))[:, None]
    strong = np.minimum(amount / QUIET, 1.0)[:, None]
    return replace(posed, rgb=(grey + strong * (ramp("deformation", amount) - grey)).astype(np.float32))


@pytest.mark.parametrize("paint", [Paint.DEPTH, Paint.DEFORMATION])
def test_paints_are_the_twins(paint: Paint) -> None:
    camera, moment = reference_camera(), Moment(Mode.TEMPORAL, 9.0)
    truth = render(painted(moment.posed(SNAPSHOT), SNAPSHOT, camera, paint), camera, GROUND).rgb
    shown = drawn(TileScene(SNAPSHOT), moment, camera, paint)
    close(shown, truth, 2)
    assert np.abs(shown.astype(int) - drawn(TileScene(SNAPSHOT), moment, camera)).mean() > 5


def test_centres_are_small_dots_whatever_the_splats_size() -> None:
    camera = reference_camera()
    one = replace(
        SNAPSHOT, means=np.array([[0.3, -0.2, 4.0]], np.float32), quats=SNAPSHOT.quats[:1],
        rgb=np.ones((1, 3), np.float32),
        scales=np.full((1, 3), 0.5, np.float32), opacities=np.full(1, 0.2, np.float32),
        temporal=MotionTable.still(), per_frame=MotionTable.still(),
    )  # fmt: skip
    shown = drawn(TileScene(one), Moment(Mode.CANONICAL), camera, Paint.CENTRES).astype(int)
    lit = np.argwhere(np.abs(shown - shown[0, 0]).max(-1) > 2)
    (pixel,), _ = camera.project(one.means.astype(float))
    assert 4 <= len(lit) <= 36
    np.testing.assert_allclose(lit.mean(0) + 0.5, pixel[::-1], atol=0.6)


def test_a_share_of_the_splats_still_covers_the_scene() -> None:
    camera, moment = reference_camera(), Moment(Mode.TEMPORAL, 4.0)
    big = synthetic_snapshot(12_000)
    scene = TileScene(big)
    full = drawn(scene, moment, camera).astype(int)
    empty = np.round(255 * np.array(GROUND))
    for share, error in ((0.5, 10), (0.1, 25)):
        some = drawn(scene, moment, camera, share=share).astype(int)
        assert np.abs(some - full).mean() < error
        assert (np.abs(some - empty).sum(-1) < 6).mean() < (np.abs(full - empty).sum(-1) < 6).mean() + 0.1
    np.testing.assert_array_equal(drawn(scene, moment, camera), full)


def test_a_scene_without_splats_is_background() -> None:
    none, still = np.zeros((0, 3), np.float32), MotionTable.still()
    quats = np.zeros((0, 4), np.float32)
    empty = Snapshot(none, quats, none, none[:, 0], none, still, still, reference_camera(), {})
    for paint in Paint:
        shown = drawn(TileScene(empty), Moment(), reference_camera(), paint)
        assert (shown == np.round(255 * np.array(GROUND)).astype(np.uint8)).all()
