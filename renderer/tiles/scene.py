"""One snapshot, drawn again and again for a viewport: kept in the form that a picture needs, posed in place.

Beside `render`, which takes any posed splats, this keeps what does not change from one picture to the next: arrays,
the converted samples around the present moment, what already stands where it should. Splats lie in a fixed random
order, so that the first K of them are a fair sample: a moving picture may take only those, grown to cover for the
rest. A whole picture is `render`'s, up to the order of equal depths.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.gl.moment import Mode, Moment
from renderer.look import DOT_OPACITY, PLAIN, RAMPS, Look, Paint
from renderer.snapshot import Float32, MotionTable, Snapshot
from renderer.tiles.binning import Bins, bin_splats
from renderer.tiles.blending import blend_forward
from renderer.tiles.paint import move, paint_deformation, paint_depth, shrink_to_dots, still, to_screen
from renderer.tiles.projection import project_forward
from renderer.tiles.render import NEAR

_SEED = 4
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Cost:
    """Milliseconds of a picture: moving, projecting, sorting and listing splats; blending and finishing pixels."""

    splats_ms: float
    pixels_ms: float


class TileScene:
    """Draws one snapshot; not to be shared between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        n = len(snapshot.means)
        order = np.random.default_rng(_SEED).permutation(n)
        place = np.empty(n, np.int32)
        place[order] = np.arange(n, dtype=np.int32)
        means, quats, scales, self._opacities, self._rgb = (
            np.ascontiguousarray(part[order], np.float32)
            for part in (snapshot.means, snapshot.quats, snapshot.scales, snapshot.opacities, snapshot.rgb)
        )
        self._base = means, quats, scales
        self._means, self._quats, self._scales = means.copy(), quats.copy(), scales.copy()
        self._amount = np.zeros(n, np.float32)
        self._tables = {
            Mode.PER_FRAME: _placed(snapshot.per_frame, place),
            Mode.TEMPORAL: _placed(snapshot.temporal, place),
        }
        self._samples: dict[tuple[Mode, int], Float32] = {}
        self._shown: Moment | None = None

    def draw(
        self, camera: Camera, moment: Moment, background: tuple[float, float, float], out: UInt8,
        look: Look = PLAIN, share: float = 1.0,
    ) -> Cost:  # fmt: skip
        """Fill `out` [H, W, 4], blue first, from `camera` (its size), with the first `share` of the splats."""
        began = time.perf_counter()
        self._pose(moment)
        count = max(1, round(min(1.0, share) * len(self._means))) if len(self._means) else 0
        bins = self._bins(camera, look, count)
        middle = time.perf_counter()
        height, width = camera.size
        image, depth, alpha = (np.empty((1, height, width, *rest), np.float32) for rest in ((3,), (), ()))
        blend_forward(bins, np.array([background], np.float32), image, depth, alpha)
        to_screen(image[0], out)
        return Cost(1e3 * (middle - began), 1e3 * (time.perf_counter() - middle))

    def _bins(self, camera: Camera, look: Look, count: int) -> Bins:
        means2d, depths, conics = (np.empty((1, count, *rest), np.float32) for rest in ((2,), (), (3,)))
        radii = np.empty((1, count, 2), np.int32)
        # Fewer splats cover what all did when each area grows by the share that is left out (a surface is 2D).
        scales = self._scales[:count] if count == len(self._scales) else self._scales[:count] * self._grown(count)
        opacities = self._opacities[:count]
        project_forward(
            self._means[:count], self._quats[:count], scales, opacities,
            camera.camera_from_world[None], np.array(camera.K)[None], camera.size, NEAR, means2d, depths, conics, radii,
        )  # fmt: skip
        rgb = self._rgb[:count]
        if look.paint is Paint.CENTRES:
            shrink_to_dots(conics[0], radii[0])
            opacities = np.full(count, DOT_OPACITY, np.float32)
        elif look.paint is Paint.DEPTH:
            rgb = np.empty_like(rgb)
            paint_depth(depths[0], RAMPS["depth"], look.low, look.high, rgb)
        elif look.paint is Paint.DEFORMATION:
            rgb = np.empty_like(rgb)
            paint_deformation(self._amount[:count], self._rgb[:count], RAMPS["deformation"], look.high, rgb)
        return bin_splats(means2d, depths, conics, radii, opacities, rgb, camera.size)

    def _grown(self, count: int) -> np.float32:
        return np.float32((len(self._scales) / count) ** (1 / 3))

    def _pose(self, moment: Moment) -> None:
        """Let the arrays stand at `moment`; rows of the other table go back first."""
        if moment == self._shown:
            return
        before = None if self._shown is None else self._tables.get(self._shown.mode)
        table = self._tables.get(moment.mode)
        if before is not None and before is not table:
            still(before.rows, self._base, self._means, self._quats, self._scales, self._amount)
        if table is not None and len(table.rows):
            low, high, weight = table.bracket(moment.position)
            a, b = self._sample(moment.mode, low), self._sample(moment.mode, high)
            self._samples = {(moment.mode, low): a, (moment.mode, high): b}
            move(table.rows, a, b, weight, self._base, self._means, self._quats, self._scales, self._amount)
        self._shown = moment

    def _sample(self, mode: Mode, index: int) -> Float32:
        """[M, 10] float32 offsets; the two in use are kept, because playing uses each one many times."""
        known = self._samples.get((mode, index))
        return self._tables[mode].offsets[index].astype(np.float32) if known is None else known


def _placed(table: MotionTable, place: Any) -> MotionTable:
    """The table with its rows renumbered."""
    return MotionTable(table.positions, np.ascontiguousarray(place[table.rows], np.int32), table.offsets)


def warm() -> None:
    """Compile, or load from the cache, all that a viewport runs."""
    from renderer.camera import look_at

    pose = look_at(np.array([0.0, 0.0, -3.0]), np.zeros(3), np.array([0.0, -1.0, 0.0]))
    camera = Camera.from_fov(pose, 1.0, (16, 16))
    one = np.ones((1, 3), np.float32)
    table = MotionTable(np.zeros(1, np.float32), np.zeros(1, np.int32), np.zeros((1, 1, 10), np.float16))
    snapshot = Snapshot(
        0 * one, np.array([[1, 0, 0, 0]], np.float32), 0.1 * one, 0.5 * one[:, 0], one, table, table, camera, {}
    )
    scene, out = TileScene(snapshot), np.empty((16, 16, 4), np.uint8)
    for paint, mode in zip(Paint, (Mode.CANONICAL, Mode.TEMPORAL, Mode.PER_FRAME, Mode.TEMPORAL), strict=True):
        scene.draw(camera, Moment(mode), (0.0, 0.0, 0.0), out, Look(paint))
