"""What stands in a procedural scene and how it moves: a caterpillar, a bouncing ball and a turning gift in a playroom.

World axes: x right, y away from the reference camera, z up; metres. Every thing is a unit shape under an affine pose
that is a function of time, in reference frames, so truth at any time is a matrix product. Motion is periodic or eased
and a few per cent of the picture's width per frame at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pipeline.generate import procedural_paint as paint
from pipeline.generate.procedural_paint import Colour, Float, Paint, Rng, array, srgb
from pipeline.generate.procedural_shapes import Array, Kind, affine, turn

HALF_WIDTH, BACK = 4.3, 3.1
"""The side walls stand at x = ±HALF_WIDTH, the back wall at y = BACK."""

Pose = Callable[[float], Array]


@dataclass(frozen=True, eq=False)
class Thing:
    """A painted shape. `half` [3] are the metres that one unit of its own space measures at rest; `shade` in [0, 1].

    What glows (the sky, a lamp, a window) shows its paint unlit.
    """

    name: str
    kind: Kind
    half: Array
    pose: Pose
    paint: Paint
    moving: bool = False
    shade: float = 1.0
    glow: bool = False


def _colour(*levels: float) -> Float:
    return np.asarray(levels, np.float32)


@dataclass(frozen=True, eq=False)
class Light:
    """Linear light: a distant key light (`towards` it, unit [3]) and ambient light from above and below, rgb [3]."""

    towards: Array = field(
        default_factory=lambda: np.array([-0.72, -0.55, 0.85]) / np.linalg.norm([-0.72, -0.55, 0.85])
    )
    key: Float = field(default_factory=lambda: _colour(0.74, 0.69, 0.60))
    sky: Float = field(default_factory=lambda: _colour(0.46, 0.48, 0.52))
    ground: Float = field(default_factory=lambda: _colour(0.30, 0.27, 0.24))


@dataclass(frozen=True)
class Focus:
    """What the cameras look at, how far they circle from it and how high above it; metres.

    `azimuth` (radians) turns the canonical camera about the vertical, away from -y.
    """

    target: tuple[float, float, float] = (0.0, 0.35, 0.72)
    radius: float = 5.0
    rise: float = 1.05
    azimuth: float = 0.0


@dataclass(frozen=True, eq=False)
class World:
    """The still room (floor, back, left and right wall, by paint; or none, among things alone) and what is in it."""

    room: tuple[Paint, ...]
    things: tuple[Thing, ...]
    n_frames: int
    light: Light = field(default_factory=Light)
    focus: Focus = field(default_factory=Focus)


_ROOMS: tuple[tuple[Colour, tuple[Colour, ...], Colour, tuple[Colour, ...]], ...] = (
    (srgb(214, 206, 192), (srgb(120, 86, 66), srgb(58, 74, 84), srgb(186, 120, 84), srgb(236, 228, 214)),
     srgb(126, 158, 158), (srgb(238, 226, 200), srgb(46, 84, 92), srgb(214, 128, 92), srgb(86, 122, 118))),
    (srgb(92, 88, 96), (srgb(202, 186, 160), srgb(60, 52, 62), srgb(150, 96, 84), srgb(126, 130, 140)),
     srgb(222, 196, 150), (srgb(150, 70, 60), srgb(92, 110, 84), srgb(250, 240, 220), srgb(62, 72, 96))),
    (srgb(190, 200, 196), (srgb(70, 100, 98), srgb(236, 236, 226), srgb(150, 166, 158), srgb(206, 150, 96)),
     srgb(176, 132, 140), (srgb(246, 226, 222), srgb(100, 52, 70), srgb(222, 170, 120), srgb(70, 84, 110))),
)  # fmt: skip
_TOYS = (
    srgb(214, 62, 52),
    srgb(240, 182, 50),
    srgb(44, 112, 176),
    srgb(64, 150, 96),
    srgb(236, 228, 210),
    srgb(140, 74, 150),
)


def build(seed: int, n_frames: int) -> World:
    """The scene of a seed, moving over `n_frames` reference frames."""
    rng = np.random.default_rng([seed, 0x4D])
    ground, chips, wall, motifs = _ROOMS[seed % len(_ROOMS)]
    things = [*_wall_things(rng), *_still_life(rng), _gift(rng, n_frames), *_ball(rng, n_frames)]
    things += _caterpillar(rng, n_frames)
    return World(_room(rng, ground, chips, wall, motifs), tuple(things), n_frames)


def _room(
    rng: Rng, ground: Colour, chips: tuple[Colour, ...], wall: Colour, motifs: tuple[Colour, ...]
) -> tuple[Paint, Paint, Paint, Paint]:
    stone, woven = paint.terrazzo(rng, ground, chips, 0.0048), paint.rug(rng, _TOYS[:4] + _TOYS[5:], 2 * 1.75 / 512)
    papers = [paint.wallpaper(rng, wall, motifs, 0.0058) for _ in range(2)]
    skirting = paint.mottled(rng, srgb(224, 216, 204), 0.10, 0.006)

    def floor(p: Float, _n: Float, footprint: Float) -> Float:
        out = stone.sample(p[:, 0], p[:, 1], footprint)
        inside = paint.blended(1.72 - np.hypot(p[:, 0] - 0.1, p[:, 1] + 0.1), footprint)[:, None]
        half = np.float32(1.75)
        return np.asarray(out + inside * (woven.sample(p[:, 0] - 0.1 + half, p[:, 1] + 0.1 + half, footprint) - out))

    def papered(paper: paint.Texture, axis: int) -> Paint:
        def on_wall(p: Float, _n: Float, footprint: Float) -> Float:
            out = paper.sample(p[:, axis], p[:, 2], footprint)
            board = paint.blended(0.17 - p[:, 2], footprint)[:, None]
            out = out + board * (skirting.sample(p[:, axis], p[:, 2], footprint) - out)
            line = paint.blended(0.012 - np.abs(p[:, 2] - 0.17), footprint)[:, None]
            return np.asarray(out * (1 - 0.7 * line))

        return on_wall

    return floor, papered(papers[0], 0), papered(papers[1], 1), papered(papers[1], 1)


def _still(name: str, kind: Kind, centre: tuple[float, float, float], half: tuple[float, float, float],
           surface: Paint, yaw: float = 0.0) -> Thing:  # fmt: skip
    pose = affine(centre, turn("z", yaw) @ np.diag(half))
    return Thing(name, kind, np.array(half), lambda _time: pose, surface)


def _wall_things(rng: Rng) -> list[Thing]:
    """Two framed paintings on the back wall, and one on each side wall."""
    frame = paint.triplanar(paint.wood(rng, srgb(96, 62, 40), 0.06, 0.004, 256))
    places = [((-1.75, BACK, 1.75), (0.72, 0.05, 0.52)), ((1.35, BACK, 1.95), (0.50, 0.05, 0.66)),
              ((-HALF_WIDTH, 0.7, 1.7), (0.05, 0.6, 0.5)), ((HALF_WIDTH, 0.9, 1.7), (0.05, 0.7, 0.5))]  # fmt: skip
    out = []
    for index, (centre, half) in enumerate(places):
        canvas = paint.picture(rng, _TOYS, 0.0062)
        out.append(_still(f"painting {index}", "box", centre, half, _framed(canvas, frame, half)))
    return out


def _framed(canvas: paint.Texture, frame: Paint, half: tuple[float, float, float]) -> Paint:
    across = 0 if half[0] > half[1] else 1

    def surface(p: Float, n: Float, footprint: Float) -> Float:
        inner = np.minimum(half[across] - np.abs(p[:, across]), half[2] - np.abs(p[:, 2])) - 0.07
        cover = (paint.blended(inner, footprint) * (np.abs(n[:, 1 - across]) > 0.5))[:, None]
        out = frame(p, n, footprint)
        return np.asarray(out + cover * (canvas.sample(p[:, across], p[:, 2], footprint) - out))

    return surface


def _still_life(rng: Rng) -> list[Thing]:
    """A crate with books and a vase on the right, building blocks and a drum on the left."""
    crate = paint.triplanar(paint.wood(rng, srgb(178, 128, 78), 0.17, 0.004))
    out = [_still("crate", "box", (1.62, 1.42, 0.42), (0.56, 0.46, 0.42), crate, 0.35)]
    level = 0.84
    for index in range(3):
        thick = float(rng.uniform(0.045, 0.075))
        cover = paint.triplanar(paint.picture(rng, (_TOYS[int(rng.integers(0, 6))], srgb(238, 230, 214)), 0.004, 128))
        half = (float(rng.uniform(0.26, 0.33)), 0.21, thick)
        place = (1.52 + float(rng.normal(0, 0.02)), 1.40, level + thick)
        out.append(_still(f"book {index}", "box", place, half, cover, float(rng.uniform(0.1, 0.8))))
        level += 2 * thick
    glaze = paint.triplanar(paint.mottled(rng, srgb(58, 108, 150), 0.32, 0.006))
    out += [_still("vase", "ball", (1.52, 1.40, level + 0.22), (0.19, 0.19, 0.24), glaze),
            _still("neck", "cylinder", (1.52, 1.40, level + 0.48), (0.075, 0.075, 0.10), glaze)]  # fmt: skip
    blocks = [((-1.85, 1.55, 0.22), 0.22, 0.2), ((-1.36, 1.62, 0.22), 0.22, -0.3), ((-1.62, 1.58, 0.64), 0.20, 0.7)]
    for index, (centre, half_side, yaw) in enumerate(blocks):
        felt = paint.triplanar(paint.picture(rng, (_TOYS[(2 * index) % 6], _TOYS[(2 * index + 3) % 6]), 0.0045, 128))
        out.append(_still(f"block {index}", "box", centre, (half_side,) * 3, felt, yaw))
    skin = paint.triplanar(paint.wallpaper(rng, srgb(206, 70, 58), _TOYS, 0.005, 256))
    out.append(_still("drum", "cylinder", (-2.75, 0.75, 0.30), (0.36, 0.36, 0.30), skin))
    pebbles = [(0.35, 1.75, 0.16), (-0.35, 2.2, 0.22), (2.75, 0.35, 0.2)]
    for index, (x, y, r) in enumerate(pebbles):
        clay = paint.triplanar(paint.mottled(rng, _TOYS[(index + 3) % 6], 0.38, 0.006))
        out.append(_still(f"stone {index}", "ball", (x, y, 0.8 * r), (1.25 * r, r, 0.85 * r), clay, 0.6 * index))
    return out


def _gift(rng: Rng, n_frames: int) -> Thing:
    """A box that turns to and fro about its upright axis."""
    half = np.array([0.27, 0.27, 0.25])
    paper = paint.wallpaper(rng, srgb(52, 92, 150), (srgb(250, 236, 190), srgb(226, 120, 100)), 0.0045, 256)
    carried, ribbon = paint.triplanar(paper), array(srgb(232, 70, 70))

    def surface(p: Float, n: Float, footprint: Float) -> Float:
        out = carried(p, n, footprint)
        strips = [paint.blended(0.045 - np.abs(p[:, a]), footprint) * (np.abs(n[:, a]) < 0.5) for a in (0, 1)]
        cover = np.maximum(*strips)[:, None]
        return np.asarray(out + cover * (ribbon - out))

    def pose(time: float) -> Array:
        yaw = 0.45 + 0.42 * np.sin(2 * np.pi * (time / (1.5 * n_frames) - 0.12))
        return affine((1.54, -0.82, half[2]), turn("z", yaw) @ np.diag(half))

    return Thing("gift", "box", half, pose, surface, moving=True, shade=0.5)


def _ball(rng: Rng, n_frames: int) -> list[Thing]:
    """A beach ball that bounces past on the left, squashing when it lands."""
    radius, height, period = 0.33, 0.36, 0.8 * n_frames
    colours = np.asarray([_TOYS[i] for i in (0, 4, 2, 4, 1, 4)], np.float32)
    felt = paint.triplanar(paint.mottled(rng, srgb(250, 250, 250), 0.16, 0.006))

    def surface(p: Float, n: Float, footprint: Float) -> Float:
        sector = (np.arctan2(p[:, 1], p[:, 0]) / (2 * np.pi) * 6) % 6
        index = sector.astype(np.int64) % 6
        into = sector - np.floor(sector)
        ring = np.hypot(p[:, 0], p[:, 1])
        cover = paint.blended((0.5 - np.abs(into - 0.5)) * 2 * np.pi / 6 * ring - 0.004, footprint)[:, None]
        out = colours[index] * (0.35 + 0.65 * cover)
        cap = paint.blended(0.085 - ring, footprint)[:, None]
        return np.asarray((out + cap * (array(srgb(60, 54, 60)) - out)) * felt(p, n, footprint) * 1.05, np.float32)

    def pose(time: float) -> Array:
        phase = time / period + 0.22
        u = phase - np.floor(phase)
        squash = 0.18 * np.exp(-((min(u, 1 - u) / 0.12) ** 2))
        tall = 1 - squash + 0.06 * np.sin(2 * np.pi * u) ** 2
        wide = 1 / np.sqrt(tall)
        x = -1.58 + 1.10 * time / max(n_frames - 1, 1)
        centre = (x, -0.55, radius * tall + 4 * height * u * (1 - u))
        tilt = turn("y", 0.5 + 0.9 * (time / max(n_frames - 1, 1) - 0.5)) @ turn("x", 1.05)
        return affine(centre, radius * np.diag([wide, wide, tall]) @ tilt)

    return [Thing("ball", "ball", np.full(3, radius), pose, surface, moving=True, shade=0.5)]


_SEGMENTS = 6


def _caterpillar(rng: Rng, n_frames: int) -> list[Thing]:
    """A crawling caterpillar: body waves run from tail to head, the head nods and looks round."""
    greens = (srgb(120, 176, 62), srgb(232, 202, 74))
    out = []
    for index in range(_SEGMENTS):
        felt = paint.mottled(rng, greens[index % 2], 0.26, 0.0055)
        half = np.array([0.25, 0.29, 0.29]) * (1 - 0.05 * (_SEGMENTS - 1 - index))
        out.append(Thing(f"segment {index}", "ball", half, _segment_pose(index, half, n_frames), _spotted(felt, half),
                         moving=True, shade=0.5))  # fmt: skip
    skin = paint.triplanar(paint.mottled(rng, srgb(226, 122, 66), 0.24, 0.0055))
    white, black = array(srgb(246, 244, 238)), array(srgb(28, 26, 34))
    parts: list[tuple[str, tuple[float, float, float], tuple[float, float, float], Paint]] = [
        ("head", (0, 0, 0), (0.30, 0.31, 0.31), _face(skin)),
        ("nose", (0.04, -0.31, -0.01), (0.06, 0.06, 0.05), _plain(array(srgb(190, 50, 60)))),
    ]
    for side in (-1.0, 1.0):
        parts += [
            (f"eye {side:+.0f}", (0.02 + 0.115 * side, -0.235, 0.105), (0.085, 0.07, 0.095), _plain(white)),
            (f"pupil {side:+.0f}", (0.015 + 0.115 * side, -0.29, 0.10), (0.042, 0.03, 0.052), _plain(black)),
            (f"feeler {side:+.0f}", (0.10 * side, 0, 0.38), (0.022, 0.022, 0.13), _plain(black)),
            (f"bobble {side:+.0f}", (0.10 * side, 0, 0.53), (0.062, 0.062, 0.062), skin),
        ]
    for name, offset, half_part, surface in parts:
        pose = _head_pose(np.array(offset), np.array(half_part), n_frames)
        shade = 0.5 if name == "head" else 0.0
        out.append(Thing(name, "ball", np.array(half_part), pose, surface, moving=True, shade=shade))
    return out


def _wave(index: float, time: float, n_frames: int) -> float:
    return float(np.sin(2 * np.pi * (time / (1.05 * n_frames)) - 1.15 * index))


def _segment_pose(index: int, half: Array, n_frames: int) -> Pose:
    def pose(time: float) -> Array:
        wave, slope = _wave(index, time, n_frames), _wave(index - 0.5 * np.pi / 1.15, time, n_frames)
        lift = 0.13 * (1 + wave) * (0.35 + 0.65 * index / _SEGMENTS)
        x = -0.92 + 0.325 * index + 0.035 * slope
        y = 0.28 - 0.11 * index + 0.05 * np.sin(0.9 * index)
        stretch = np.diag([1 - 0.06 * wave, 1.0, 1 + 0.09 * wave])
        return affine(
            (x, y, 0.97 * half[2] + lift), turn("z", -0.3) @ turn("y", -0.28 * slope) @ stretch @ np.diag(half)
        )

    return pose


def _head_pose(offset: Array, half: Array, n_frames: int) -> Pose:
    def pose(time: float) -> Array:
        wave, slope = _wave(_SEGMENTS, time, n_frames), _wave(_SEGMENTS - 0.5 * np.pi / 1.15, time, n_frames)
        centre = np.array([0.92 + 0.05 * slope, -0.36, 0.52 + 0.13 * (1 + wave)])
        look = turn("z", 0.12 + 0.26 * slope) @ turn("x", -0.06 + 0.14 * wave)
        return affine(centre + look @ offset, look @ np.diag(half))

    return pose


def _plain(colour: Float) -> Paint:
    return lambda p, _n, _footprint: np.broadcast_to(colour, p.shape)


def _spotted(felt: paint.Texture, half: Array) -> Paint:
    """Felt with a paler belly, dark rings at the joints and a row of dots along each flank."""
    carried, dot = paint.triplanar(felt), array(srgb(206, 66, 60))

    def surface(p: Float, n: Float, footprint: Float) -> Float:
        out = carried(p, n, footprint) * (1 + 0.35 * paint.smoothstep(-0.1, -0.25, p[:, 2])[:, None])
        ring = paint.blended(np.abs(p[:, 0]) - 0.82 * half[0], footprint)[:, None]
        flank = 0.055 - np.hypot(p[:, 0], np.abs(np.arctan2(p[:, 2], np.abs(p[:, 1])) - 0.45) * half[2])
        cover = paint.blended(flank, footprint)[:, None]
        out = out * (1 - 0.45 * ring)
        return np.asarray(out + cover * (dot - out), np.float32)

    return surface


def _face(skin: Paint) -> Paint:
    mouth, cheek = array(srgb(96, 26, 34)), array(srgb(240, 150, 140))

    def surface(p: Float, n: Float, footprint: Float) -> Float:
        out = skin(p, n, footprint)
        front = p[:, 1] < 0
        for side in (-1, 1):
            blush = paint.blended(0.055 - np.hypot(p[:, 0] - 0.17 * side, p[:, 2] + 0.07), footprint) * front
            out = out + 0.6 * blush[:, None] * (cheek - out)
        bow = np.abs(np.hypot(p[:, 0], p[:, 2] - 0.03) - 0.15)
        smile = paint.blended(0.014 - bow, footprint) * front * (p[:, 2] < -0.06)
        return np.asarray(out + smile[:, None] * (mouth - out), np.float32)

    return surface
