"""The splats as one instanced OpenGL draw: tables in float textures, posed and projected in the vertex shader.

A change of camera or time costs a few uniforms; a new depth order costs one index buffer; only a new
snapshot uploads splats. The picture is premultiplied, back to front, with the rasteriser's own cuts, so it is
what the lift trains, less its transmittance cut of 1e-4. It draws into whatever target is bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from vispy import gloo

from renderer.camera import Camera
from renderer.gl.depth_sort import Order
from renderer.gl.moment import Mode, Moment
from renderer.snapshot import MotionTable, Snapshot

Float32 = npt.NDArray[np.float32]

BASE_STRIDE = 1024  # splats per texture row: 4 texels each
MOTION_STRIDE = 1365  # moving splats per texture row: 3 texels each, the row stays under 4096
TALLEST = 16384  # texture height that every OpenGL 3.3 card of the last decade takes
QUAD: Float32 = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)


def shader(name: str) -> str:
    """The text of a shader that ships in `resources/shaders`."""
    return files("resources").joinpath("shaders", name).read_text(encoding="utf-8")


def packed_base(snapshot: Snapshot) -> Float32:
    """[rows, 4 * BASE_STRIDE, 4] all that the vertex shader knows of a splat; motion rows are -1 where it is still."""
    n = len(snapshot.means)
    rows = max(1, -(-n // BASE_STRIDE))
    texels = np.zeros((rows * BASE_STRIDE, 4, 4), np.float32)
    texels[:n, 0, :3], texels[:n, 0, 3] = snapshot.means, snapshot.opacities
    texels[:n, 1] = snapshot.quats
    texels[:n, 2, :3], texels[:n, 2, 3] = snapshot.scales, _row_of(snapshot.per_frame, n)
    texels[:n, 3, :3], texels[:n, 3, 3] = snapshot.rgb, _row_of(snapshot.temporal, n)
    return texels.reshape(rows, BASE_STRIDE * 4, 4)


def thinned(table: MotionTable) -> MotionTable:
    """The table, with every other sample left out until it fits a texture; mixing fills the gaps."""
    while table.offsets.shape[0] * table.offsets.shape[1] > TALLEST * MOTION_STRIDE and len(table.positions) > 2:
        keep = np.unique(np.append(np.arange(0, len(table.positions), 2), len(table.positions) - 1))
        table = MotionTable(table.positions[keep], table.rows, table.offsets[keep])
    return table


def packed_motion(table: MotionTable) -> Float32:
    """[rows, 3 * MOTION_STRIDE, 4] the offsets of all samples one after the other."""
    flat = table.offsets.reshape(-1, 10)
    rows = max(1, -(-len(flat) // MOTION_STRIDE))
    texels = np.zeros((rows * MOTION_STRIDE, 12), np.float32)
    texels[: len(flat), :10] = flat
    return texels.reshape(rows, MOTION_STRIDE * 3, 4)


def _row_of(table: MotionTable, n: int) -> Float32:
    rows = np.full(n, -1.0, np.float32)
    rows[table.rows] = np.arange(len(table.rows), dtype=np.float32)
    return rows


@dataclass(frozen=True, eq=False)
class _Motion:
    """One motion table on the card."""

    table: MotionTable
    texture: gloo.Texture2D
    kind: float


class SplatVisual:
    """Draws one snapshot; needs a current vispy context on every call but the constructor."""

    def __init__(self) -> None:
        self._program = gloo.Program(shader("splat.vert"), shader("splat.frag"))
        self._program["a_corner"] = gloo.VertexBuffer(QUAD)
        self._program["u_base_stride"] = float(BASE_STRIDE)
        self._program["u_motion_stride"] = float(MOTION_STRIDE)
        self._index: gloo.VertexBuffer | None = None
        self._motions: dict[Mode, _Motion] = {}
        self._count = 0

    def set_snapshot(self, snapshot: Snapshot) -> None:
        """Upload a scene; until `set_order` its splats are drawn in index order."""
        self._count = len(snapshot.means)
        self._program["u_base"] = gloo.Texture2D(packed_base(snapshot), internalformat="rgba32f")
        self._motions = {}
        for mode, source, kind in ((Mode.PER_FRAME, snapshot.per_frame, 1.0), (Mode.TEMPORAL, snapshot.temporal, 2.0)):
            table = thinned(source)
            texture = gloo.Texture2D(packed_motion(table), internalformat="rgba16f")
            self._motions[mode] = _Motion(table, texture, kind)
        self._program["u_motion"] = self._motions[Mode.TEMPORAL].texture
        # A fresh buffer for each scene: vispy keeps the divisor only of a whole buffer, and its size is the count.
        self._index = gloo.VertexBuffer(np.arange(max(self._count, 1), dtype=np.float32), divisor=1)
        self._program["a_index"] = self._index

    def set_order(self, order: Order) -> None:
        """Draw in this order [N], furthest first; an order of another scene's length is ignored."""
        if self._index is not None and len(order) == self._count and self._count:
            self._index.set_data(order.astype(np.float32))

    def draw(self, camera: Camera, moment: Moment) -> None:
        """Blend the splats over the bound target, which has the camera's size."""
        if not self._count:
            return
        program = self._program
        program["u_rotation"] = camera.world_from_camera[:3, :3].astype(np.float32)  # columns of camera from world
        program["u_centre"] = camera.centre.astype(np.float32)
        k = camera.K
        program["u_lens"] = tuple(float(v) for v in (k[0, 0], k[1, 1], k[0, 2], k[1, 2]))
        program["u_size"] = (float(camera.size[1]), float(camera.size[0]))
        self._set_moment(moment)
        gloo.set_state(blend=True, blend_func=("one", "one_minus_src_alpha"), depth_test=False, cull_face=False)
        program.draw("triangle_strip")

    def _set_moment(self, moment: Moment) -> None:
        motion = self._motions.get(moment.mode)
        still = motion is None or not len(motion.table.rows)
        self._program["u_table"] = 0.0 if motion is None or still else motion.kind
        low, high, weight = (0, 0, 0.0) if motion is None or still else motion.table.bracket(moment.position)
        self._program["u_low"], self._program["u_high"], self._program["u_weight"] = float(low), float(high), weight
        self._program["u_moving"] = 0.0 if motion is None else float(len(motion.table.rows))
        if motion is not None and not still:
            self._program["u_motion"] = motion.texture
