"""A lens as camera files describe it: focal lengths, principal point, and the distortion that `Camera` never has.

Two families cover what solvers write: OpenCV's rational model (k1 to k6, p1, p2) and OpenCV's fisheye model (k1 to
k4 of the angle). Pixel centres lie at half integers. Distortion ends here: `straightened` gives the pinhole lens, and
`source_pixels` where to resample its picture from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.formats.checks import MAX_SIDE

Array = npt.NDArray[np.float64]

ZOOM_LIMITS = 0.25, 4.0
"""How far straightening may change the focal length; a lens that needs more shows no usable picture."""
_RIM = 128
"""Points on each edge of the picture that are held inside the source."""


@dataclass(frozen=True)
class Lens:
    """Intrinsics of one or more images.

    Attributes:
        size: (height, width) px. fx, fy, cx, cy: px.
        radial: k1 to k6 of OpenCV's rational model; of a fisheye lens k1 to k4, the last two 0.
        tangential: p1, p2; 0 for a fisheye lens.
    """

    size: tuple[int, int]
    fx: float
    fy: float
    cx: float
    cy: float
    radial: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    tangential: tuple[float, float] = (0.0, 0.0)
    fisheye: bool = False

    def __post_init__(self) -> None:
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.radial, *self.tangential)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("a lens holds numbers that are not finite")
        height, width = self.size
        if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
            raise ValueError(f"a lens's picture of {width}x{height} is outside 1 to {MAX_SIDE} pixels a side")
        if not all(0.01 * max(self.size) <= f <= 1000 * max(self.size) for f in (self.fx, self.fy)):
            raise ValueError(f"a focal length of {self.fx:g}, {self.fy:g} px is absurd for {width}x{height} pixels")
        if not (-width <= self.cx <= 2 * width and -height <= self.cy <= 2 * height):
            raise ValueError("a principal point lies far outside its picture")

    @classmethod
    def of(cls, camera: Camera) -> Lens:
        """The lens of one of our cameras."""
        k = camera.K
        return cls(camera.size, float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2]))

    @property
    def is_straight(self) -> bool:
        """Whether this is a pinhole lens."""
        return not (self.fisheye or any(self.radial) or any(self.tangential))

    def camera(self, world_from_camera: Array) -> Camera:
        """A pinhole camera with this lens; raises ValueError for a distorted one."""
        if not self.is_straight:
            raise ValueError("a distorted lens has no pinhole camera; straighten it first")
        k = np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])
        return Camera(world_from_camera, k, self.size)

    def resized(self, size: tuple[int, int]) -> Lens:
        """The same lens on another pixel grid."""
        sy, sx = size[0] / self.size[0], size[1] / self.size[1]
        return replace(self, size=size, fx=self.fx * sx, fy=self.fy * sy, cx=self.cx * sx, cy=self.cy * sy)

    def distort(self, xy: Array) -> Array:
        """[..., 2] points at depth 1 to where the lens puts them, at depth 1 too."""
        x, y = xy[..., 0], xy[..., 1]
        r2 = x * x + y * y
        if self.fisheye:
            r = np.sqrt(r2)
            angle = np.arctan(r)
            scale = np.where(r > 1e-8, self._fisheye_radius(angle) / np.maximum(r, 1e-8), 1.0)
            return np.stack([x * scale, y * scale], -1)
        p1, p2 = self.tangential
        scale = self._rational(r2)
        return np.stack(
            [
                x * scale + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
                y * scale + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
            ],
            -1,
        )

    def _rational(self, r2: Array) -> Array:
        k1, k2, k3, k4, k5, k6 = self.radial
        above: Array = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        below: Array = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
        return above / np.where(np.abs(below) < 1e-12, 1e-12, below)

    def _fisheye_radius(self, angle: Array) -> Array:
        k1, k2, k3, k4 = self.radial[:4]
        a2 = angle * angle
        radius: Array = angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4))))
        return radius

    def straightened(self) -> Lens:
        """The widest pinhole lens of the same size and principal point whose whole picture this lens sees.

        So the resampled image has no blank rim. Raises ValueError where no zoom between `ZOOM_LIMITS` does.
        """
        if self.is_straight:
            return self
        low, high = ZOOM_LIMITS
        if not self._covers(high):
            raise ValueError("a lens is distorted too much to be straightened")
        for _ in range(30):
            middle = math.sqrt(low * high)
            low, high = (low, middle) if self._covers(middle) else (middle, high)
        return Lens(self.size, self.fx * high, self.fy * high, self.cx, self.cy)

    def _covers(self, zoom: float) -> bool:
        """Whether a pinhole picture at this zoom lies inside ours, with radii that grow outwards all the way."""
        height, width = self.size
        straight = Lens(self.size, self.fx * zoom, self.fy * zoom, self.cx, self.cy)
        u, v = np.linspace(0.5, width - 0.5, _RIM), np.linspace(0.5, height - 0.5, _RIM)
        top, left = np.zeros(_RIM) + 0.5, np.zeros(_RIM) + 0.5
        rim = np.concatenate(
            [np.stack(edge, -1) for edge in ((u, top), (u, top + height - 1), (left, v), (left + width - 1, v))]
        )
        rays = straight.rays(rim)
        pixels = self.pixels(self.distort(rays))
        inside = (pixels >= 0.5 - 1e-9).all() and (pixels <= np.array([width, height]) - 0.5 + 1e-9).all()
        spokes = rays[:, None] * np.linspace(0, 1, 48)[:, None]
        radii = np.linalg.norm(self.distort(spokes), axis=-1)
        return bool(inside and (np.diff(radii, axis=1) > -1e-9).all())

    def rays(self, pixels: Array) -> Array:
        """[..., 2] px to points at depth 1, of a pinhole lens."""
        rays: Array = (pixels - np.array([self.cx, self.cy])) / np.array([self.fx, self.fy])
        return rays

    def pixels(self, xy: Array) -> Array:
        """[..., 2] points at depth 1, distorted already, to px."""
        pixels: Array = xy * np.array([self.fx, self.fy]) + np.array([self.cx, self.cy])
        return pixels

    def source_pixels(self, straight: Lens) -> Array:
        """[H, W, 2] where in this lens's picture each pixel centre of `straight`'s picture lies, px."""
        height, width = straight.size
        v, u = np.mgrid[:height, :width] + 0.5
        return self.pixels(self.distort(straight.rays(np.stack([u, v], -1))))

    def straighten_points(self, pixels: Array, straight: Lens) -> Array:
        """[N, 2] px in this lens's picture to px in `straight`'s, by fixed-point iteration."""
        target = self.rays(pixels)
        guess = target.copy()
        for _ in range(40):
            guess = guess + 0.8 * (target - self.distort(guess))
        return straight.pixels(guess)
