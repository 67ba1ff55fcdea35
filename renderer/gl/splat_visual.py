"""The splats as one instanced OpenGL draw: tables in float textures, posed and projected in the vertex shader.

A change of camera, time or paint costs a few uniforms; a new depth order costs one index buffer; only a new
snapshot uploads splats, in slices. The picture is premultiplied, back to front, with the rasteriser's own cuts, so
it is what the lift trains, less its transmittance cut of 1e-4. It draws into whatever target is bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from vispy import gloo

from renderer.camera import Camera
from renderer.gl.depth_sort import Order
from renderer.gl.moment import Mode, Moment
from renderer.gl.packing import BASE_STRIDE, MOTION_STRIDE, Packed, slices
from renderer.look import DOT_OPACITY, DOT_SIGMA, GREY, QUIET, RAMPS, Look, Paint
from renderer.snapshot import Float32, MotionTable, Snapshot

QUAD: Float32 = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)
_PAINTS = {paint: float(number) for number, paint in enumerate(Paint)}
_KINDS = {Mode.PER_FRAME: 1.0, Mode.TEMPORAL: 2.0}


def shader(name: str) -> str:
    """The text of a shader that ships in `resources/shaders`."""
    return files("resources").joinpath("shaders", name).read_text(encoding="utf-8")


@dataclass(frozen=True, eq=False)
class _OnCard:
    """One snapshot's textures, some of them perhaps still to be filled by `rest`."""

    snapshot: Snapshot
    base: gloo.Texture2D
    tables: dict[Mode, MotionTable]
    motions: dict[Mode, gloo.Texture2D]
    rest: Iterator[None]


class SplatVisual:
    """Draws one snapshot; needs a current vispy context on every call but the constructor."""

    def __init__(self) -> None:
        self._program = gloo.Program(shader("splat.vert"), shader("splat.frag"))
        self._program["a_corner"] = gloo.VertexBuffer(QUAD)
        self._program["u_base_stride"] = float(BASE_STRIDE)
        self._program["u_motion_stride"] = float(MOTION_STRIDE)
        self._program["u_dot"] = (DOT_SIGMA**2, DOT_OPACITY)
        self._program["u_quiet"] = (QUIET, GREY)
        ramps = np.stack([RAMPS["depth"], RAMPS["deformation"]])
        self._program["u_ramps"] = gloo.Texture2D(ramps, internalformat="rgb32f")
        self._index: gloo.VertexBuffer | None = None
        self._shown: _OnCard | None = None
        self._coming: _OnCard | None = None
        self._count = 0

    @property
    def snapshot(self) -> Snapshot | None:
        """What `draw` shows; None before the first scene is whole."""
        return None if self._shown is None else self._shown.snapshot

    def begin(self, packed: Packed) -> None:
        """Take in another scene, which `go_on` uploads; until it is whole the one before is drawn."""
        base = _texture(packed.base, "rgba32f")
        motions = {mode: _texture(texels, "rgba16f") for mode, texels in packed.motions.items()}
        self._forget(self._coming)
        self._coming = _OnCard(packed.snapshot, base, packed.tables, motions, _filling(packed, base, motions))

    def go_on(self) -> bool:
        """Upload the next slice of a scene that was begun; True while there is more to do."""
        coming = self._coming
        if coming is None:
            return False
        for _slice in coming.rest:
            return True
        self._forget(self._shown)
        self._coming, self._shown, self._count = None, coming, len(coming.snapshot.means)
        self._program["u_base"] = coming.base
        self._program["u_motion"] = coming.motions[Mode.TEMPORAL]
        # A fresh buffer for each scene: vispy keeps the divisor only of a whole buffer, and its size is the count.
        self._index = gloo.VertexBuffer(np.arange(max(self._count, 1), dtype=np.float32), divisor=1)
        self._program["a_index"] = self._index
        return False

    def set_order(self, order: Order) -> None:
        """Draw in this order [N], furthest first; an order of another scene's length is ignored."""
        if self._index is not None and len(order) == self._count and self._count:
            self._index.set_data(order.astype(np.float32))

    def draw(self, camera: Camera, moment: Moment, look: Look) -> None:
        """Blend the splats over the bound target, which has the camera's size."""
        if not self._count or self._shown is None:
            return
        program = self._program
        program["u_rotation"] = camera.world_from_camera[:3, :3].astype(np.float32)  # columns of camera from world
        program["u_centre"] = camera.centre.astype(np.float32)
        k = camera.K
        program["u_lens"] = tuple(float(v) for v in (k[0, 0], k[1, 1], k[0, 2], k[1, 2]))
        program["u_size"] = (float(camera.size[1]), float(camera.size[0]))
        program["u_paint"] = _PAINTS[look.paint]
        program["u_range"] = (look.low, look.high)
        self._set_moment(self._shown, moment)
        gloo.set_state(blend=True, blend_func=("one", "one_minus_src_alpha"), depth_test=False, cull_face=False)
        program.draw("triangle_strip")

    def _set_moment(self, shown: _OnCard, moment: Moment) -> None:
        table = shown.tables.get(moment.mode)
        moves = table is not None and len(table.rows) > 0
        self._program["u_table"] = _KINDS[moment.mode] if moves else 0.0
        low, high, weight = table.bracket(moment.position) if table is not None and moves else (0, 0, 0.0)
        self._program["u_low"], self._program["u_high"], self._program["u_weight"] = float(low), float(high), weight
        self._program["u_moving"] = float(len(table.rows)) if table is not None else 0.0
        if moves:
            self._program["u_motion"] = shown.motions[moment.mode]

    def _forget(self, scene: _OnCard | None) -> None:
        if scene is not None:
            for texture in (scene.base, *scene.motions.values()):
                texture.delete()


def _texture(texels: Float32, kind: str) -> gloo.Texture2D:
    """An empty texture of the texels' shape."""
    return gloo.Texture2D(texels.shape, internalformat=kind)


def _filling(packed: Packed, base: gloo.Texture2D, motions: dict[Mode, gloo.Texture2D]) -> Iterator[None]:
    """Uploads one slice each time it is asked."""
    for texture, texels in ((base, packed.base), *((motions[mode], packed.motions[mode]) for mode in motions)):
        for row, part in slices(texels):
            texture.set_data(part, offset=(row, 0))
            yield
