"""Materials as data: a texture of weights, three colours and a fade, so that numpy and the fast kernels paint alike.

A texture of the library holds, in each texel, how much of a material's three colours it shows. All scenes share the
library, made once a process; what tells one cat's fur from another's is three colours, a scale and a shift.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.generate import procedural_paint as paint
from pipeline.generate.procedural_paint import Colour, Float, Rng, Texture, array, fractal_noise, smoothstep

Ints = npt.NDArray[np.int64]
_A, _B, _C = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


class Fade(NamedTuple):
    """A blend towards `colour` along a material axis, from none at `low` metres to all of it at `high`."""

    axis: int
    low: float
    high: float
    colour: Colour


@dataclass(frozen=True, eq=False)
class Material:
    """A paint (`procedural_paint.Paint`) that is data.

    Attributes:
        texture: a name in the library.
        colours: three linear colours, which the texture's channels weigh.
        scale: how many metres a metre of the texture covers.
        shift: where in the texture the material's origin lies, metres, along every axis.
    """

    texture: str
    colours: tuple[Colour, Colour, Colour]
    scale: float = 1.0
    shift: float = 0.0
    fade: Fade | None = None

    def __call__(self, points: Float, normals: Float, footprint: Float) -> Float:
        """Linear rgb [N, 3]; see `procedural_paint.Paint`."""
        carried = paint.triplanar(library()[self.texture])
        weights = carried(points / np.float32(self.scale) + np.float32(self.shift), normals, footprint / self.scale)
        out = weights @ array(self.colours)
        if self.fade is not None:
            cover = smoothstep(self.fade.low, self.fade.high, points[:, self.fade.axis])[:, None]
            out = out + cover * (array(self.fade.colour) - out)
        return np.asarray(out, np.float32)


def scaled(colour: Colour, *factors: float) -> Colour:
    """A colour with all channels scaled by one factor, or each by its own."""
    r, g, b = factors if len(factors) == 3 else factors * 3
    return colour[0] * r, colour[1] * g, colour[2] * b


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way from a to b."""
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])


def plain(colour: Colour, other: Colour | None = None, scale: float = 0.8) -> Material:
    """Felt of one colour, blotched by another."""
    return Material("felt", (colour, other or scaled(colour, 0.72), colour), scale)


@dataclass(frozen=True, eq=False)
class _Atlas:
    """The library as the kernels read it.

    Attributes:
        texels: [n, 3] all levels of all textures, row after row.
        starts: [textures, levels] where each level begins in `texels`.
        sides: [textures] texels along the sides of the finest levels.
        tops: [textures] the last level that has a coarser one.
        sizes: [textures] metres of a texel.
    """

    texels: Float
    starts: Ints
    sides: Ints
    tops: Ints
    sizes: Float


@lru_cache(maxsize=1)
def library() -> dict[str, Texture]:
    """Name -> texture of weights; the same in every process."""
    return {name: make(np.random.default_rng([7, index])) for index, (name, make) in enumerate(_MAKERS.items())}


@lru_cache(maxsize=1)
def atlas() -> _Atlas:
    textures = list(library().values())
    levels = [level.reshape(-1, 3) for texture in textures for level in texture.levels]
    ends = np.cumsum([0, *(len(level) for level in levels)])
    starts = np.zeros((len(textures), max(len(texture.levels) for texture in textures)), np.int64)
    place = 0
    for index, texture in enumerate(textures):
        starts[index, : len(texture.levels)] = ends[place : place + len(texture.levels)]
        place += len(texture.levels)
    sides = np.array([texture.levels[0].shape[0] for texture in textures], np.int64)
    tops = np.array([len(texture.levels) - 2 for texture in textures], np.int64)
    sizes = array([texture.texel for texture in textures])
    return _Atlas(np.concatenate(levels), starts, sides, tops, sizes)


def texture_index(name: str) -> int:
    """Where a texture stands in the atlas."""
    return _ORDER[name]


def _grid(n: int) -> tuple[Float, Float]:
    y, x = np.mgrid[:n, :n].astype(np.float32) + 0.5
    return x / n, y / n


def _mix(cover: Float, tone: Float, extra: Float | None = None) -> Float:
    """Weights [n, n, 3] from the share of the second colour, an overall tone and the share of the third."""
    third = np.zeros_like(cover) if extra is None else extra
    weights = np.stack([(1 - cover) * (1 - third), cover * (1 - third), third], -1)
    return np.asarray(0.86 * weights * tone[..., None], np.float32)


def _grain(rng: Rng, n: int, depth: float, slope: float = 0.6, stretch: float = 1.0) -> Float:
    return np.asarray(np.exp(depth * fractal_noise(rng, n, slope, stretch)), np.float32)


def _dots(rng: Rng, n: int, count: int, radius: float) -> Float:
    """[n, n] discs of `radius` texels at random places, wrapped round the edges."""
    y, x = np.mgrid[:n, :n]
    disc = smoothstep(radius + 0.6, radius - 0.6, np.hypot(np.minimum(x, n - x), np.minimum(y, n - y)))
    places = np.zeros((n, n))
    places[tuple(rng.integers(0, n, (2, count)))] = 1
    return np.asarray(np.clip(np.fft.irfft2(np.fft.rfft2(places) * np.fft.rfft2(disc), s=(n, n)), 0, 1), np.float32)


def _felt(rng: Rng) -> Texture:
    cover = smoothstep(-0.6, 1.6, fractal_noise(rng, 256, 1.2))
    return Texture.of(_mix(cover, _grain(rng, 256, 0.11, 0.3)), 0.006)


def _fur(rng: Rng) -> Texture:
    cover = smoothstep(-0.2, 1.8, fractal_noise(rng, 256, 0.9, 5.0))
    return Texture.of(_mix(cover, _grain(rng, 256, 0.17, 0.4, 4.0)), 0.005)


def _stripes(rng: Rng) -> Texture:
    _, y = _grid(256)
    wave = np.sin(2 * np.pi * 5 * y + 0.5 * fractal_noise(rng, 256, 1.4))
    return Texture.of(_mix(smoothstep(-0.15, 0.15, wave), _grain(rng, 256, 0.08)), 0.0045)


def _spots(rng: Rng) -> Texture:
    index, border = paint.cells(rng, 256, 64)
    cover = smoothstep(4.0, 5.5, border) * (rng.random(64) < 0.8)[index]
    return Texture.of(_mix(np.asarray(cover, np.float32), _grain(rng, 256, 0.08)), 0.0045)


def _checks(rng: Rng) -> Texture:
    x, y = _grid(256)
    odd = (np.floor(8 * x) + np.floor(8 * y)) % 2
    return Texture.of(_mix(odd.astype(np.float32), _grain(rng, 256, 0.07)), 0.0045)


def _planks(rng: Rng) -> Texture:
    wood = paint.wood(rng, (0.8, 0.8, 0.8), 0.16, 0.006, 256).levels[0][..., 0]
    return Texture.of(_mix(smoothstep(-0.5, 1.8, fractal_noise(rng, 256, 0.9, 9.0)), wood / 0.8), 0.006)


def _blocks(rng: Rng, rows: int, columns: int, gap: float, bond: float) -> tuple[Float, Float]:
    """(cover of the joints, tone of each block) of a wall of blocks, every other row moved by `bond` blocks."""
    x, y = _grid(256)
    row = np.floor(y * rows)
    along = x * columns + bond * (row % 2)
    edge = np.minimum(np.minimum(along % 1, 1 - along % 1) / columns, np.minimum(y * rows % 1, 1 - y * rows % 1) / rows)
    tones = np.exp(rng.normal(0, 0.16, (rows, columns)))[row.astype(int), np.floor(along).astype(int) % columns]
    return 1 - smoothstep(gap, 2.2 * gap, edge), tones.astype(np.float32)


def _bricks(rng: Rng) -> Texture:
    joint, tone = _blocks(rng, 12, 6, 0.004, 0.5)
    return Texture.of(_mix(joint, tone * _grain(rng, 256, 0.1)), 0.006)


def _tiles(rng: Rng) -> Texture:
    joint, tone = _blocks(rng, 6, 6, 0.004, 0.0)
    x, y = _grid(256)
    accent = ((np.floor(6 * x) + 2 * np.floor(6 * y)) % 5 == 0) * (1 - joint)
    return Texture.of(_mix(joint, tone * _grain(rng, 256, 0.05), np.asarray(0.8 * accent, np.float32)), 0.007)


def _grass(rng: Rng) -> Texture:
    flowers = _dots(rng, 512, 170, 3.0)
    cover = smoothstep(-1.2, 1.2, 0.8 * fractal_noise(rng, 512, 1.2) + 0.6 * fractal_noise(rng, 512, 0.3))
    return Texture.of(_mix(cover, _grain(rng, 512, 0.2, 0.3), np.asarray(flowers, np.float32)), 0.012)


def _sand(rng: Rng) -> Texture:
    _, y = _grid(512)
    ripple = np.sin(2 * np.pi * 16 * y + 1.3 * fractal_noise(rng, 512, 1.3))
    pebbles = smoothstep(2.2, 2.6, fractal_noise(rng, 512, 0.5))
    cover = smoothstep(-1.6, 1.6, ripple + 0.7 * fractal_noise(rng, 512, 1.0))
    return Texture.of(_mix(cover, _grain(rng, 512, 0.1, 0.3), pebbles), 0.01)


def _clouds(rng: Rng) -> Texture:
    cover = smoothstep(0.1, 1.5, fractal_noise(rng, 256, 1.7))
    return Texture.of(_mix(cover, np.full((256, 256), 1 / 0.86, np.float32)), 0.006)


def _stars(rng: Rng) -> Texture:
    cover = np.maximum(_dots(rng, 512, 500, 1.2), _dots(rng, 512, 90, 2.2))
    haze = smoothstep(0.4, 2.5, fractal_noise(rng, 512, 1.6))
    return Texture.of(_mix(np.asarray(cover, np.float32), np.full((512, 512), 1.1, np.float32), 0.6 * haze), 0.006)


def _leaves(rng: Rng) -> Texture:
    index, border = paint.cells(rng, 256, 400)
    kind = rng.random(400)[index]
    tone = _grain(rng, 256, 0.1) * (0.45 + 0.55 * smoothstep(0.2, 2.0, border))
    return Texture.of(_mix(smoothstep(0.35, 0.65, kind), tone, smoothstep(0.88, 0.9, kind)), 0.006)


def _cobbles(rng: Rng) -> Texture:
    index, border = paint.cells(rng, 256, 144)
    tone = np.exp(rng.normal(0, 0.16, 144))[index] * _grain(rng, 256, 0.1)
    gap = 1 - smoothstep(0.8, 2.2, border)
    return Texture.of(_mix(gap, tone.astype(np.float32), 0.7 * smoothstep(0.8, 0.82, rng.random(144)[index])), 0.008)


def _books(rng: Rng) -> Texture:
    n, rows = 256, 5
    out = np.zeros((n, n, 3), np.float32)
    for row in range(rows):
        top, bottom, x = row * n // rows, (row + 1) * n // rows, 0
        while x < n:
            wide, tall = int(rng.integers(4, 10)), int(rng.integers(30, 46))
            colour = rng.dirichlet([0.5, 0.5, 0.5]) * rng.uniform(0.55, 1.0)
            out[max(bottom - tall, top + 5) : bottom, x + 1 : x + wide] = colour
            out[bottom - tall // 2 : bottom - tall // 2 + 3, x + 1 : x + wide] *= rng.uniform(0.4, 1.5)
            x += wide
        out[top : top + 4] = (0.35, 0.2, 0.2)
    return Texture.of(out, 0.0075)


def _water(rng: Rng) -> Texture:
    ridge = 1 - np.abs(fractal_noise(rng, 256, 1.1))
    cover = smoothstep(-0.8, 0.9, fractal_noise(rng, 256, 1.4, 0.5))
    return Texture.of(_mix(cover, _grain(rng, 256, 0.05), 0.7 * smoothstep(0.72, 1.0, ridge)), 0.008)


def _facade(rng: Rng) -> Texture:
    x, y = _grid(256)
    lit = rng.random((8, 8)) < 0.45
    inside = (np.abs(8 * x % 1 - 0.5) < 0.27) & (np.abs(8 * y % 1 - 0.5) < 0.3)
    glow = inside & lit[np.floor(8 * y).astype(int), np.floor(8 * x).astype(int)]
    return Texture.of(_mix(inside.astype(np.float32), _grain(rng, 256, 0.07), glow.astype(np.float32)), 0.02)


_MAKERS: dict[str, Callable[[Rng], Texture]] = {
    "felt": _felt,
    "fur": _fur,
    "stripes": _stripes,
    "spots": _spots,
    "checks": _checks,
    "planks": _planks,
    "bricks": _bricks,
    "tiles": _tiles,
    "grass": _grass,
    "sand": _sand,
    "clouds": _clouds,
    "stars": _stars,
    "leaves": _leaves,
    "cobbles": _cobbles,
    "books": _books,
    "water": _water,
    "facade": _facade,
    "terrazzo": lambda rng: paint.terrazzo(rng, _A, (_B, _C), 0.008, 256),
    "flowers": lambda rng: paint.wallpaper(rng, _A, (_B, _C), 0.009, 256),
    "painting": lambda rng: paint.picture(rng, (_A, _B, _C), 0.005),
    "rug": lambda rng: paint.rug(rng, (_A, _B, _C), 0.0078),
}
_ORDER = {name: index for index, name in enumerate(_MAKERS)}
