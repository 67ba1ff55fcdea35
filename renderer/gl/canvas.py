"""The vispy canvas that shows splats: half-float target, blit over the background, depth sorting off its thread.

It holds no state of the window: it is told a snapshot, a camera and a moment, and draws them. vispy's `gl+`
must be chosen before the first canvas, because plain `gl2` has no instanced draws; `use_gl_plus` does both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import vispy
from vispy import app, gloo
from vispy.gloo import gl

from renderer.camera import Camera
from renderer.gl.depth_sort import DepthSorter, SortRequest, depth_order, moved_means
from renderer.gl.moment import Moment
from renderer.gl.newest import Newest
from renderer.gl.packing import Packed, pack
from renderer.gl.splat_visual import QUAD, SplatVisual, shader
from renderer.look import PLAIN, Look
from renderer.snapshot import Snapshot

UInt8 = npt.NDArray[np.uint8]


def use_gl_plus(backend: str = "pyside6") -> None:
    """Choose vispy's window system and the OpenGL layer that has instancing; once, before any canvas."""
    vispy.use(app=backend, gl="gl+")


class SplatCanvas(app.Canvas):
    """Shows one snapshot from one camera at one moment.

    `wake` is called on a thread of the canvas when a newer depth order or a packed scene is ready; it must make the
    owner call `update` on the canvas' own thread. With `wake` None the canvas does both within each draw instead.
    """

    def __init__(self, wake: Callable[[], None] | None = None, **canvas: Any) -> None:
        self._snapshot: Snapshot | None = None
        self._camera: Camera | None = None
        self._moment, self._look = Moment(), PLAIN
        self._background = (0.0, 0.0, 0.0)
        self.after_draw: Callable[[], None] | None = None
        self._wake = wake
        self._sorter = None if wake is None else DepthSorter(wake)
        self._packer: Newest[Snapshot, Packed] | None = None if wake is None else Newest("pack", pack, wake)
        super().__init__(keys=None, **canvas)
        self._visual = SplatVisual()
        self._blit = gloo.Program(shader("blit.vert"), shader("blit.frag"))
        self._blit["a_corner"] = gloo.VertexBuffer(QUAD)
        self._target: gloo.FrameBuffer | None = None
        self._target_size = (0, 0)

    def set_snapshot(self, snapshot: Snapshot | None) -> None:
        """Show another scene, or nothing."""
        self._snapshot = snapshot
        if self._packer is not None and snapshot is not None:
            self._packer.request(snapshot)
        self._sort()

    def set_view(self, camera: Camera, moment: Moment, look: Look = PLAIN) -> None:
        """Look from `camera`, whose size is the canvas' in physical pixels, at `moment`."""
        self._camera, self._moment, self._look = camera, moment, look
        self._sort()

    def set_background(self, rgb: tuple[float, float, float]) -> None:
        """The colour behind the splats, sRGB 0 to 1."""
        self._background = rgb

    def picture(self) -> UInt8:
        """[H, W, 3] the finished picture of the present view, read back, its depth order up to date."""
        if self._snapshot is None or self._camera is None:
            return np.zeros((1, 1, 3), np.uint8)
        self.set_current()
        self._take_in(at_once=True)
        self._sort_now(self._snapshot, self._camera)
        height, width = self._camera.size
        shown = gloo.FrameBuffer(color=gloo.Texture2D((height, width, 4), internalformat="rgba8"))
        with shown:
            self._paint()
            pixels = gloo.read_pixels((0, 0, width, height))
        shown.delete()
        return np.ascontiguousarray(pixels[..., :3])

    def on_draw(self, _event: object) -> None:
        """vispy's paint event."""
        self._take_in(at_once=self._packer is None)
        if self._sorter is not None:
            made = self._sorter.take()
            if made is not None and made.request.snapshot is self._visual.snapshot:
                self._visual.set_order(made.order)
        elif self._snapshot is not None and self._camera is not None:
            self._sort_now(self._snapshot, self._camera)
        self._paint()
        if self.after_draw is not None:
            self.after_draw()

    def stop(self) -> None:
        """End the threads; the canvas draws on in its last order."""
        for thread in (self._sorter, self._packer):
            if thread is not None:
                thread.close()
        self._sorter = self._packer = None

    def _take_in(self, at_once: bool) -> None:
        """Bring the visual towards the snapshot: whole, or one slice a picture, each of which asks for the next."""
        if self._snapshot is None:
            return
        if at_once:
            if self._visual.snapshot is not self._snapshot:
                self._visual.begin(pack(self._snapshot))
                while self._visual.go_on():
                    pass
            return
        packed = None if self._packer is None else self._packer.take()
        if packed is not None and packed.snapshot is self._snapshot:
            self._visual.begin(packed)
        before = self._visual.snapshot
        if self._visual.go_on() and self._wake is not None:
            self._wake()
        elif self._visual.snapshot is not before and self._camera is not None:
            # Its first order is made here: without one the scene would flash in index order.
            self._sort_now(self._snapshot, self._camera)

    def _sort_now(self, snapshot: Snapshot, camera: Camera) -> None:
        self._visual.set_order(depth_order(moved_means(snapshot, self._moment), camera))

    def _paint(self) -> None:
        if self._snapshot is None or self._camera is None:
            gloo.clear(color=(*self._background, 1.0))
            return
        height, width = self._camera.size
        # vispy goes back to the frame buffer that was the default at its first draw, but Qt makes another one at
        # each resize; so what is bound now is asked of OpenGL itself and bound again.
        self.context.flush_commands()
        bound = int(gl.glGetParameter(gl.GL_FRAMEBUFFER_BINDING))
        with self._target_of((height, width)):
            gloo.set_viewport(0, 0, width, height)
            gloo.clear(color=(0.0, 0.0, 0.0, 0.0))
            self._visual.draw(self._camera, self._moment, self._look)
        self.context.flush_commands()
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, bound)
        gloo.set_viewport(0, 0, width, height)
        # vispy clears alpha to the last clear colour's after each draw; a transparent one would show in grabs.
        gloo.set_state(blend=False, depth_test=False, clear_color=(0.0, 0.0, 0.0, 1.0))
        self._blit["u_background"] = self._background
        self._blit.draw("triangle_strip")

    def _target_of(self, size: tuple[int, int]) -> gloo.FrameBuffer:
        if self._target is None or size != self._target_size:
            if self._target is not None:
                self._target.color_buffer.delete()
                self._target.delete()
            texture = gloo.Texture2D((*size, 4), internalformat="rgba16f")
            self._target, self._target_size = gloo.FrameBuffer(color=texture), size
            self._blit["u_picture"] = texture
        return self._target

    def _sort(self) -> None:
        if self._sorter is not None and self._snapshot is not None and self._camera is not None:
            self._sorter.request(SortRequest(self._snapshot, self._moment, self._camera))
