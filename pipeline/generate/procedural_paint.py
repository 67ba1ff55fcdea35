"""Paint for the procedural scenes: seeded, tileable textures in linear light, and how surfaces carry them.

Textures are small images with a mip pyramid, measured in metres; surfaces look them up by material coordinates, so
paint sticks to what moves and deforms. They are busy on purpose: matching needs corners at every scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Rng = np.random.Generator
Colour = tuple[float, float, float]

Paint = Callable[[Float, Float, Float], Float]
"""(material points [N, 3] m, unit normals [N, 3] in material axes, pixel footprint [N] m) -> linear rgb [N, 3]."""


@dataclass(frozen=True, eq=False)
class Texture:
    """A tileable picture: `levels[0]` is [n, n, 3] linear rgb, each next one half as wide; `texel` is in metres."""

    levels: tuple[Float, ...]
    texel: float

    @classmethod
    def of(cls, picture: npt.NDArray[np.floating], texel: float) -> Texture:
        """Build the pyramid of a square power-of-two picture by 2x2 averages."""
        levels = [np.ascontiguousarray(np.clip(picture, 0, 1), np.float32)]
        while levels[-1].shape[0] > 4:
            n = levels[-1].shape[0] // 2
            levels.append(levels[-1].reshape(n, 2, n, 2, 3).mean((1, 3)))
        return cls(tuple(levels), texel)

    def sample(self, u: Float, v: Float, footprint: Float) -> Float:
        """rgb [N, 3] at (u, v) metres, averaged over `footprint` metres (trilinear)."""
        top = len(self.levels) - 2
        lod = np.clip(np.log2(np.maximum(footprint / self.texel, 1e-6)), 0, top + 0.999)
        whole = lod.astype(np.int32)
        out = np.empty((*u.shape, 3), np.float32)
        for level in np.unique(whole):
            here = whole == level
            blend = (lod[here] - level)[:, None]
            fine = self._bilinear(int(level), u[here], v[here])
            out[here] = fine + blend * (self._bilinear(int(level) + 1, u[here], v[here]) - fine)
        return out

    def _bilinear(self, level: int, u: Float, v: Float) -> Float:
        picture = self.levels[level]
        n = picture.shape[0]
        step = self.texel * 2**level
        x, y = u / step - 0.5, v / step - 0.5
        x0, y0 = np.floor(x), np.floor(y)
        fx, fy = (x - x0)[:, None], (y - y0)[:, None]
        # The side is a power of two: & wraps, also below zero.
        i, j = x0.astype(np.int32) & (n - 1), y0.astype(np.int32) & (n - 1)
        i1, row, row1 = (i + 1) & (n - 1), j * n, ((j + 1) & (n - 1)) * n
        flat = picture.reshape(-1, 3)
        upper = flat.take(row + i, 0) * (1 - fx) + flat.take(row + i1, 0) * fx
        lower = flat.take(row1 + i, 0) * (1 - fx) + flat.take(row1 + i1, 0) * fx
        return np.asarray(upper + (lower - upper) * fy, np.float32)


def array(values: npt.ArrayLike) -> Float:
    """A float32 array."""
    return np.asarray(values, np.float32)


def srgb(*levels: int) -> Colour:
    """A colour named by its sRGB bytes, in linear light."""
    r, g, b = (((x / 255 + 0.055) / 1.055) ** 2.4 if x > 10 else x / 255 / 12.92 for x in levels)
    return r, g, b


def fractal_noise(rng: Rng, n: int, slope: float = 1.0, stretch: float = 1.0) -> Float:
    """[n, n] tileable noise, mean 0, deviation 1, amplitude ~ 1 / frequency^slope; `stretch` draws it out along x."""
    fy, fx = np.meshgrid(np.fft.fftfreq(n) * n, np.fft.rfftfreq(n) * n, indexing="ij")
    radius = np.hypot(fx * stretch, fy)
    amplitude = 1 / np.maximum(radius, 1) ** slope
    amplitude[0, 0] = 0
    phases = rng.normal(size=radius.shape) + 1j * rng.normal(size=radius.shape)
    noise = np.fft.irfft2(phases * amplitude, s=(n, n))
    return np.asarray(noise / noise.std(), np.float32)


def smoothstep(low: float, high: float, x: npt.NDArray[np.floating]) -> Float:
    s = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(s * s * (3 - 2 * s), np.float32)


def _grid(n: int) -> tuple[Float, Float]:
    y, x = np.mgrid[:n, :n].astype(np.float32) + 0.5
    return x, y


def cells(rng: Rng, n: int, count: int) -> tuple[npt.NDArray[np.int32], Float]:
    """Tileable Voronoi cells, `count` (a square) of them: each texel's cell, and its distance to the border in texels.

    One seed per square of a grid, anywhere in its square: only the nine squares around a texel are searched.
    """
    side = max(2, round(count**0.5))
    seeds = array(rng.uniform(0, 1, (side, side, 2)))
    x, y = (axis * np.float32(side / n) for axis in _grid(n))
    column, row = x.astype(np.int32), y.astype(np.int32)
    first, second = np.full((n, n), 9, np.float32), np.full((n, n), 9, np.float32)
    index = np.zeros((n, n), np.int32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            i, j = (column + dx) % side, (row + dy) % side
            seed = seeds[j, i]
            distance = np.hypot(column + dx + seed[..., 0] - x, row + dy + seed[..., 1] - y)
            nearer = distance < first
            second = np.where(nearer, first, np.minimum(second, distance))
            first, index = np.where(nearer, distance, first), np.where(nearer, j * side + i, index)
    return index, (second - first) * np.float32(0.5 * n / side)


def _pick(rng: Rng, palette: Sequence[Colour], count: int, spread: float = 0.25) -> Float:
    """`count` colours [count, 3] from a palette, each a little lighter or darker."""
    chosen = np.asarray(palette, np.float32)[rng.integers(0, len(palette), count)]
    return np.asarray(chosen * np.exp(rng.normal(0, spread, (count, 1))), np.float32)


def terrazzo(rng: Rng, base: Colour, palette: Sequence[Colour], texel: float, n: int = 1024) -> Texture:
    """Polished stone: chips of several sizes in a speckled ground."""
    picture = np.asarray(base, np.float32) * np.exp(0.07 * fractal_noise(rng, n, 0.6))[..., None]
    for count, gap, share in ((256, 7.0, 0.75), (1764, 2.6, 0.7), (9025, 1.1, 0.5)):
        index, border = cells(rng, n, count)
        laid = rng.random(count) < share
        colours = _pick(rng, palette, count)
        cover = smoothstep(gap, gap + 1.2, border) * laid[index]
        picture = picture + cover[..., None] * (colours[index] - picture)
    return Texture.of(picture * np.exp(0.05 * fractal_noise(rng, n, 1.0))[..., None], texel)


def wallpaper(rng: Rng, base: Colour, palette: Sequence[Colour], texel: float, n: int = 1024) -> Texture:
    """Plaster with scattered flowers, leaves and dots, no two alike."""
    picture = np.asarray(base, np.float32) * np.exp(0.10 * fractal_noise(rng, n, 1.1))[..., None]
    for count, low, high in ((300, 3, 8), (120, 16, 30), (46, 30, 52)):
        for colour in _pick(rng, palette, count):
            picture = _stamp(picture, rng, colour, rng.uniform(low, high))
    return Texture.of(picture * np.exp(0.04 * fractal_noise(rng, n, 0.5))[..., None], texel)


def _stamp(picture: Float, rng: Rng, colour: Float, radius: float) -> Float:
    """One flower (a rose curve), at a random place and angle, wrapped round the edges."""
    n = picture.shape[0]
    half = int(radius) + 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    angle = np.arctan2(y, x) + rng.uniform(0, 2 * np.pi)
    petals, depth = rng.integers(2, 8), rng.uniform(0.1, 0.55)
    edge = radius * (1 - depth + depth * np.cos(petals * angle))
    distance = np.hypot(x, y)
    cover = smoothstep(0.7, -0.7, distance - edge) if radius > 1 else 0
    heart = smoothstep(0.7, -0.7, distance - 0.28 * radius)[..., None]
    tint = colour * (1 - heart) + heart * array([0.9, 0.75, 0.35]) * rng.uniform(0.3, 1)
    cy, cx = rng.integers(0, n, 2)
    rows, columns = (cy + y) % n, (cx + x) % n
    under = picture[rows, columns]
    picture[rows, columns] = under + 0.85 * np.asarray(cover)[..., None] * (tint - under)
    return picture


def wood(rng: Rng, base: Colour, plank: float, texel: float, n: int = 512) -> Texture:
    """Planks along x, `plank` metres wide, each with its own grain and tone."""
    _, y = _grid(n)
    count = max(1, round(n * texel / plank))
    row = np.floor(y / n * count).astype(np.int64)
    grain = fractal_noise(rng, n, 0.9, 9.0) + 0.5 * fractal_noise(rng, n, 0.4, 18.0)
    shift = rng.integers(0, n, count)
    columns = (np.arange(n)[None, :] + shift[row]) % n
    tone = rng.normal(0, 0.22, count)[row]
    inside = y / n * count - row
    seam = smoothstep(0.0, 0.05, np.minimum(inside, 1 - inside))
    knots = np.exp(0.24 * np.take_along_axis(grain, columns, 1) + tone) * (0.25 + 0.75 * seam)
    return Texture.of(np.asarray(base, np.float32) * knots[..., None], texel)


def mottled(rng: Rng, base: Colour, contrast: float, texel: float, n: int = 256) -> Texture:
    """Felt, clay, stone: one colour with coarse blotches and fine speckles."""
    blotch = fractal_noise(rng, n, 1.2)
    speckle = fractal_noise(rng, n, 0.2)
    spots = smoothstep(1.1, 1.6, fractal_noise(rng, n, 0.9))
    tone = np.exp(contrast * (0.7 * blotch + 0.5 * speckle)) * (1 - 2.2 * min(contrast, 0.4) * spots)
    return Texture.of(np.asarray(base, np.float32) * tone[..., None], texel)


def picture(rng: Rng, palette: Sequence[Colour], texel: float, n: int = 256) -> Texture:
    """An abstract painting: cells of flat colour crossed by brush strokes."""
    index, border = cells(rng, n, 25)
    canvas = _pick(rng, palette, 25, 0.35)[index] * smoothstep(0.3, 1.6, border)[..., None]
    for colour in _pick(rng, palette, 26, 0.3):
        canvas = _stamp(canvas, rng, colour, rng.uniform(4, 26))
    return Texture.of(canvas * np.exp(0.14 * fractal_noise(rng, n, 0.7, 4.0))[..., None], texel)


def rug(rng: Rng, palette: Sequence[Colour], texel: float, n: int = 512) -> Texture:
    """A round woven rug with rings of teeth; the centre of the texture is the centre of the rug."""
    x, y = _grid(n)
    dx, dy = (x - n / 2) / (n / 2), (y - n / 2) / (n / 2)
    radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    colours = _pick(rng, palette, 14, 0.2)
    teeth = 0.035 * np.abs(((angle * 24 / np.pi) % 2) - 1) + 0.012 * fractal_noise(rng, n, 1.0)
    ring = np.clip(((radius + teeth) * 13).astype(np.int64), 0, 13)
    medallion = 0.5 + 0.5 * np.cos(9 * angle + 14 * radius)
    pattern = colours[ring] * (0.5 + 0.5 * smoothstep(0.35, 0.65, medallion)[..., None])
    weave = 1 + 0.16 * np.sin(x * 1.9) * np.sin(y * 1.9) + 0.12 * fractal_noise(rng, n, 0.3)
    return Texture.of(pattern * weave[..., None], texel)


def triplanar(texture: Texture) -> Paint:
    """Carry a texture on any shape: three projections, blended by the normal."""

    def paint(points: Float, normals: Float, footprint: Float) -> Float:
        weight = np.abs(normals) ** 4
        weight = weight / np.maximum(weight.sum(1, keepdims=True), 1e-9)
        out = np.zeros_like(points)
        for axis, (a, b) in enumerate(((1, 2), (0, 2), (0, 1))):
            seen = weight[:, axis] > 0.01
            shifted = points[seen] + np.float32(0.37 * axis)
            out[seen] += weight[seen, axis, None] * texture.sample(shifted[:, a], shifted[:, b], footprint[seen])
        return out

    return paint


def blended(edge: npt.NDArray[np.floating], footprint: Float) -> Float:
    """Cover in [0, 1] of the side where `edge` (signed metres) is positive, antialiased over a pixel."""
    return np.asarray(np.clip(edge / np.maximum(footprint, 1e-5) + 0.5, 0, 1), np.float32)
