"""Furniture, plants and rocks of the grammar's places: still things, each a handful of shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.generate.procedural_materials import Fade, Material, plain, scaled
from pipeline.generate.procedural_paint import Colour, Paint, Rng, srgb
from pipeline.generate.procedural_shapes import Array, Kind, affine, turn
from pipeline.generate.procedural_world import Thing

Triple = tuple[float, float, float]
_WOOD, _CABINET, _LEAF, _STONE = srgb(150, 102, 62), srgb(206, 198, 184), srgb(74, 132, 58), srgb(150, 146, 140)


@dataclass
class Setting:
    """Things placed so far; `put` adds shapes relative to the spot that `at` moved to."""

    rng: Rng
    things: list[Thing]
    spot: Array

    @classmethod
    def empty(cls, rng: Rng) -> Setting:
        return cls(rng, [], np.eye(4))

    def at(self, x: float, y: float, yaw: float = 0.0, scale: float = 1.0) -> Setting:
        """The same setting, with its origin on the ground at (x, y) metres, turned by `yaw` radians."""
        return Setting(self.rng, self.things, affine((x, y, 0.0), turn("z", yaw) * scale))

    def put(self, kind: Kind, at: Triple, half: Triple, surface: Paint, tilt: Array | None = None, shade: float = 0.0,
            glow: bool = False) -> None:  # fmt: skip
        """Add one still shape."""
        linear = np.diag(half) if tilt is None else tilt @ np.diag(half)
        pose = self.spot @ affine(at, linear)
        scale = float(np.linalg.norm(self.spot[:3, 0]))
        self.things.append(Thing(f"{kind} {len(self.things)}", kind, np.array(half) * scale, lambda _t: pose, surface,
                                 shade=shade, glow=glow))  # fmt: skip


def wood(rng: Rng, tone: Colour = _WOOD) -> Material:
    r, g, b = (float(c * np.exp(rng.normal(0, 0.12))) for c in tone)
    return Material("planks", ((r, g, b), (0.7 * r, 0.66 * g, 0.62 * b), (r, g, b)), 0.8, float(rng.uniform(0, 2)))


def cloth(rng: Rng) -> Material:
    """Upholstery in one of many patterns."""
    tones = [
        srgb(*t)
        for t in ((186, 92, 78), (70, 112, 140), (214, 176, 108), (110, 134, 96), (150, 110, 150), (226, 214, 194))
    ]
    a, b, c = (tones[int(i)] for i in rng.permutation(len(tones))[:3])
    return Material(
        str(rng.choice(["stripes", "flowers", "checks", "spots", "felt"])), (a, b, c), 1.3, float(rng.uniform(0, 2))
    )


def table(s: Setting, long: float = 0.7) -> None:
    top = wood(s.rng)
    s.put("box", (0, 0, 0.70), (long, 0.42, 0.04), top, shade=0.5)
    for x in (-1, 1):
        for y in (-1, 1):
            s.put("box", (x * (long - 0.08), y * 0.34, 0.33), (0.05, 0.05, 0.33), top)
    s.put("ball", (-0.25, 0.05, 0.86), (0.13, 0.13, 0.13), plain(srgb(60, 120, 160)))
    s.put("cylinder", (0.2, -0.05, 0.80), (0.10, 0.10, 0.06), cloth(s.rng))


def chair(s: Setting) -> None:
    frame, seat = wood(s.rng), cloth(s.rng)
    s.put("box", (0, 0, 0.42), (0.24, 0.24, 0.04), seat, shade=0.5)
    s.put("box", (0, 0.23, 0.78), (0.23, 0.03, 0.32), frame)
    for x in (-1, 1):
        for y in (-1, 1):
            s.put("cylinder", (0.2 * x, 0.2 * y, 0.19), (0.03, 0.03, 0.19), frame)


def sofa(s: Setting) -> None:
    cover = cloth(s.rng)
    s.put("box", (0, 0, 0.24), (1.0, 0.42, 0.22), cover, shade=0.7)
    s.put("box", (0, 0.34, 0.62), (1.0, 0.13, 0.32), cover)
    for x in (-1, 1):
        s.put("box", (x * 0.98, 0, 0.36), (0.13, 0.44, 0.34), cover)
        s.put("ball", (x * 0.5, 0.1, 0.62), (0.26, 0.13, 0.22), cloth(s.rng))


def bookshelf(s: Setting) -> None:
    tones = (srgb(176, 66, 56), srgb(52, 96, 140), srgb(224, 190, 120))
    s.put("box", (0, 0, 1.05), (0.85, 0.20, 1.05), wood(s.rng), shade=0.6)
    s.put("box", (0, -0.17, 1.07), (0.77, 0.05, 0.96), Material("books", tones, 1.0, float(s.rng.uniform(0, 2))))


def cabinet(s: Setting, tone: Colour = _CABINET) -> None:
    s.put("box", (0, 0, 0.45), (0.75, 0.30, 0.45), wood(s.rng, tone), shade=0.6)
    s.put(
        "box",
        (0, 0, 0.92),
        (0.80, 0.34, 0.03),
        Material("terrazzo", (srgb(220, 216, 208), srgb(120, 110, 104), srgb(170, 120, 96)), 0.6),
    )
    for x in (-0.38, 0.38):
        s.put("box", (x, -0.30, 0.47), (0.30, 0.02, 0.34), wood(s.rng, tone))
        s.put("ball", (x + 0.2, -0.33, 0.6), (0.03, 0.03, 0.03), plain(srgb(90, 84, 80)))
    for index in range(3):
        r = float(s.rng.uniform(0.09, 0.15))
        s.put(("cylinder", "ball", "cone")[index % 3], (-0.45 + 0.42 * index, 0, 0.95 + r), (r, r, r), cloth(s.rng))


def stove(s: Setting) -> None:
    s.put("box", (0, 0, 0.46), (0.42, 0.34, 0.46), plain(srgb(214, 216, 218)), shade=0.6)
    s.put("box", (0, -0.34, 0.42), (0.32, 0.02, 0.24), plain(srgb(50, 52, 60)))
    for x in (-0.2, 0.2):
        s.put("cylinder", (x, 0, 0.94), (0.14, 0.14, 0.02), plain(srgb(40, 40, 46)))
    s.put("cylinder", (-0.2, 0, 1.05), (0.15, 0.15, 0.10), plain(srgb(200, 70, 50)))


def fridge(s: Setting) -> None:
    body = plain(srgb(226, 232, 230), srgb(200, 214, 214))
    s.put("box", (0, 0, 0.95), (0.42, 0.36, 0.95), body, shade=0.6)
    s.put("box", (0.3, -0.38, 1.1), (0.03, 0.03, 0.3), plain(srgb(120, 124, 130)))
    for index in range(4):
        x, z = float(s.rng.uniform(-0.25, 0.2)), float(s.rng.uniform(0.8, 1.7))
        s.put("box", (x, -0.365, z), (0.07, 0.01, 0.09), cloth(s.rng) if index % 2 else plain(srgb(250, 220, 90)))


def bed(s: Setting) -> None:
    s.put("box", (0, 0, 0.20), (0.75, 1.0, 0.18), wood(s.rng), shade=0.6)
    s.put("box", (0, 0.02, 0.44), (0.72, 0.96, 0.12), cloth(s.rng))
    s.put("box", (0, 1.0, 0.65), (0.78, 0.06, 0.6), wood(s.rng))
    for x in (-0.35, 0.35):
        s.put("ball", (x, 0.72, 0.62), (0.28, 0.19, 0.12), plain(srgb(244, 240, 230)))


def lamp(s: Setting) -> None:
    s.put("cylinder", (0, 0, 0.03), (0.2, 0.2, 0.03), plain(srgb(60, 56, 60)))
    s.put("cylinder", (0, 0, 0.8), (0.03, 0.03, 0.8), plain(srgb(80, 74, 70)))
    s.put("cone", (0, 0, 1.72), (0.34, 0.34, 0.26), plain(srgb(255, 230, 170), srgb(250, 204, 130)), glow=True)


def potted_plant(s: Setting) -> None:
    s.put(
        "cone",
        (0, 0, 0.1),
        (0.36, 0.36, 0.42),
        Material("bricks", (srgb(196, 104, 68), srgb(150, 74, 50), srgb(196, 104, 68)), 0.4),
        turn("x", np.pi),
        shade=0.5,
    )
    green = foliage(s.rng)
    for index in range(7):
        a = 2 * np.pi * index / 7
        s.put("ball", (0.2 * np.cos(a), 0.2 * np.sin(a), 0.85 + 0.1 * (index % 3)), (0.10, 0.10, 0.42), green,
              turn("z", a) @ turn("y", 0.5))  # fmt: skip


def foliage(rng: Rng, tone: Colour = _LEAF) -> Material:
    r, g, b = (float(c * np.exp(rng.normal(0, 0.15))) for c in tone)
    return Material(
        "leaves", ((r, g, b), (0.62 * r, 0.7 * g, 0.7 * b), (1.6 * r, 1.5 * g, b)), 1.4, float(rng.uniform(0, 2))
    )


def tree(s: Setting) -> None:
    trunk = Material("planks", (srgb(112, 78, 54), srgb(76, 52, 38), srgb(112, 78, 54)), 0.7)
    green = foliage(s.rng)
    s.put("cylinder", (0, 0, 0.8), (0.15, 0.15, 0.8), trunk, shade=0.5)
    for x, y, z, r in ((0, 0, 2.2, 0.9), (0.55, 0.1, 1.8, 0.6), (-0.5, -0.2, 1.85, 0.62), (0.05, -0.5, 1.7, 0.5)):
        s.put("ball", (x, y, z), (r, r, 0.85 * r), green, shade=0.4 if r > 0.8 else 0.0)


def pine(s: Setting, snow: bool = False) -> None:
    s.put("cylinder", (0, 0, 0.3), (0.12, 0.12, 0.3), wood(s.rng, srgb(104, 74, 52)))
    green = foliage(s.rng, srgb(46, 98, 66))
    for index, (z, r) in enumerate(((0.95, 0.85), (1.65, 0.66), (2.25, 0.45))):
        cover = Material(
            green.texture,
            green.colours,
            green.scale,
            green.shift,
            Fade(2, -0.1, 0.45, srgb(244, 248, 255)) if snow else None,
        )
        s.put("cone", (0, 0, z), (r, r, 0.55), cover, shade=0.5 if index == 0 else 0.0)


def palm(s: Setting) -> None:
    bark, green = wood(s.rng, srgb(150, 112, 74)), foliage(s.rng, srgb(70, 140, 60))
    for index in range(5):
        s.put(
            "cylinder",
            (0.06 * index * index / 3, 0, 0.3 + 0.55 * index),
            (0.13 - 0.012 * index, 0.13 - 0.012 * index, 0.30),
            bark,
            turn("y", 0.06 * index),
        )
    for index in range(7):
        a = 2 * np.pi * index / 7
        s.put("ball", (0.36 + 0.62 * np.cos(a), 0.62 * np.sin(a), 2.72), (0.72, 0.16, 0.05), green,
              turn("z", a) @ turn("y", 0.35), shade=0.2)  # fmt: skip


def cactus(s: Setting) -> None:
    green = Material("stripes", (srgb(86, 142, 84), srgb(56, 108, 66), srgb(86, 142, 84)), 0.35)
    s.put("ball", (0, 0, 0.8), (0.22, 0.22, 0.95), green, shade=0.5)
    for side in (-1.0, 1.0):
        s.put("ball", (0.3 * side, 0, 0.85 + 0.1 * side), (0.26, 0.11, 0.11), green)
        s.put("ball", (0.48 * side, 0, 1.1 + 0.1 * side), (0.12, 0.12, 0.36), green)


def rock(s: Setting, tone: Colour = _STONE) -> None:
    stone = Material("cobbles", (tone, scaled(tone, 0.75), scaled(tone, 1.1)), 2.2, float(s.rng.uniform(0, 2)))
    a, b, c = (float(x) for x in s.rng.uniform(0.16, 0.34, 3))
    s.put("ball", (0, 0, 0.5 * c), (1.2 * a, b, c), stone, turn("z", float(s.rng.uniform(0, 6))), shade=0.5)
    s.put("ball", (1.1 * a, 0.3 * b, 0.3 * c), (0.6 * a, 0.7 * b, 0.6 * c), stone)


def bush(s: Setting) -> None:
    green = foliage(s.rng)
    for x, y, r in ((0, 0, 0.36), (0.3, 0.1, 0.27), (-0.3, 0.05, 0.29)):
        s.put("ball", (x, y, 0.7 * r), (r, r, 0.85 * r), green, shade=0.4 if x == 0 else 0.0)


def blossom(s: Setting) -> None:
    """A small flower by the way."""
    tones = [srgb(*t) for t in ((240, 96, 120), (250, 206, 70), (150, 110, 220), (250, 250, 244))]
    petal = plain(tones[int(s.rng.integers(0, 4))])
    s.put("cylinder", (0, 0, 0.12), (0.012, 0.012, 0.12), plain(srgb(70, 130, 60)))
    s.put("ball", (0, 0, 0.25), (0.09, 0.09, 0.035), petal)
    s.put("ball", (0, 0, 0.28), (0.035, 0.035, 0.025), plain(srgb(250, 200, 60)))


def mushroom(s: Setting) -> None:
    s.put("cylinder", (0, 0, 0.11), (0.055, 0.055, 0.11), plain(srgb(240, 230, 210)))
    s.put(
        "ball",
        (0, 0, 0.24),
        (0.17, 0.17, 0.10),
        Material("spots", (srgb(204, 50, 44), srgb(250, 244, 236), srgb(204, 50, 44)), 0.45),
        shade=0.3,
    )


def crate(s: Setting) -> None:
    half = float(s.rng.uniform(0.2, 0.3))
    s.put("box", (0, 0, half), (half, half, half), wood(s.rng, srgb(182, 136, 86)), shade=0.6)


def toy_block(s: Setting) -> None:
    half = float(s.rng.uniform(0.11, 0.17))
    s.put("box", (0, 0, half), (half, half, half), cloth(s.rng), shade=0.5)


def stool(s: Setting) -> None:
    seat, legs = cloth(s.rng), wood(s.rng)
    s.put("cylinder", (0, 0, 0.34), (0.21, 0.21, 0.04), seat, shade=0.5)
    for index in range(3):
        a = 2 * np.pi * index / 3
        s.put("cylinder", (0.14 * np.cos(a), 0.14 * np.sin(a), 0.16), (0.025, 0.025, 0.16), legs)


def basket(s: Setting) -> None:
    """A basket of fruit."""
    weave = Material("checks", (srgb(196, 150, 92), srgb(150, 106, 62), srgb(196, 150, 92)), 0.35)
    s.put("cone", (0, 0, 0.06), (0.34, 0.34, 0.26), weave, turn("x", np.pi), shade=0.5)
    tones = (srgb(214, 60, 50), srgb(240, 168, 50), srgb(126, 170, 60), srgb(236, 208, 80))
    for index in range(5):
        a = 2 * np.pi * index / 5
        at = (0.13 * np.cos(a), 0.13 * np.sin(a), 0.30 + 0.02 * (index % 2))
        s.put("ball", at, (0.09, 0.09, 0.09), plain(tones[index % 4]))


def shell(s: Setting) -> None:
    """A sea shell."""
    tones = (srgb(244, 214, 196), srgb(226, 150, 130), srgb(250, 240, 226))
    s.put("ball", (0, 0, 0.05), (0.15, 0.12, 0.07), Material("stripes", tones, 0.2), shade=0.3)
    s.put("cone", (0.14, 0, 0.06), (0.06, 0.06, 0.10), Material("stripes", tones, 0.15), turn("y", 1.4))


def cushion(s: Setting) -> None:
    s.put("ball", (0, 0, 0.11), (0.34, 0.34, 0.13), cloth(s.rng), shade=0.5)


def barrel(s: Setting) -> None:
    s.put("cylinder", (0, 0, 0.36), (0.28, 0.28, 0.36), wood(s.rng), shade=0.6)
    for z in (0.14, 0.58):
        s.put("cylinder", (0, 0, z), (0.29, 0.29, 0.03), plain(srgb(90, 90, 96)))


def bench(s: Setting) -> None:
    planks = wood(s.rng)
    s.put("box", (0, 0, 0.42), (0.8, 0.22, 0.035), planks, shade=0.5)
    s.put("box", (0, 0.22, 0.72), (0.8, 0.03, 0.2), planks)
    for x in (-0.6, 0.6):
        s.put("box", (x, 0, 0.2), (0.04, 0.2, 0.2), plain(srgb(60, 62, 70)))


def street_lamp(s: Setting) -> None:
    s.put("cylinder", (0, 0, 1.4), (0.05, 0.05, 1.4), plain(srgb(52, 56, 64)))
    s.put("ball", (0, 0, 2.9), (0.2, 0.2, 0.22), plain(srgb(255, 240, 190), srgb(255, 224, 150)), glow=True)


def house(s: Setting, tall: float = 1.6) -> None:
    walls = [srgb(*t) for t in ((222, 198, 160), (206, 130, 104), (170, 190, 196), (232, 214, 130), (196, 170, 190))]
    wall = walls[int(s.rng.integers(0, len(walls)))]
    pane = Material("facade", (wall, srgb(70, 90, 120), srgb(255, 226, 150)), 1.0, float(s.rng.uniform(0, 3)))
    s.put("box", (0, 0, tall), (1.6, 1.4, tall), pane)
    s.put(
        "cone",
        (0, 0, 2 * tall + 0.7),
        (2.3, 2.1, 0.7),
        Material("bricks", (srgb(168, 84, 64), srgb(120, 58, 48), srgb(168, 84, 64)), 1.6),
        turn("z", 0.0),
    )


def painting(s: Setting, z: float = 1.75) -> None:
    wide, tall = float(s.rng.uniform(0.4, 0.8)), float(s.rng.uniform(0.4, 0.6))
    tones = [srgb(*t) for t in ((226, 110, 80), (60, 110, 150), (240, 214, 150), (110, 150, 110), (150, 90, 140))]
    a, b, c = (tones[int(i)] for i in s.rng.permutation(5)[:3])
    s.put("box", (0, 0, z), (wide + 0.06, 0.04, tall + 0.06), wood(s.rng, srgb(100, 70, 48)))
    s.put("box", (0, -0.02, z), (wide, 0.04, tall), Material("painting", (a, b, c), 1.2, float(s.rng.uniform(0, 2))))


def window(s: Setting, sky: Colour, night: bool) -> None:
    """A window on a wall: the sky of the hour, behind bars."""
    frame = plain(srgb(240, 236, 226))
    s.put("box", (0, 0, 1.75), (0.85, 0.05, 0.75), frame)
    tone = scaled(sky, 0.85)
    s.put(
        "box",
        (0, -0.02, 1.75),
        (0.76, 0.05, 0.66),
        Material("stars" if night else "clouds", (sky, srgb(250, 250, 250), tone), 1.5),
        glow=True,
    )
    s.put("box", (0, -0.05, 1.75), (0.03, 0.04, 0.66), frame)
    s.put("box", (0, -0.05, 1.75), (0.76, 0.04, 0.03), frame)
    for x in (-1.0, 1.0):
        s.put("box", (1.0 * x, -0.06, 1.6), (0.2, 0.06, 1.0), cloth(s.rng))


def rug(s: Setting, radius: float) -> None:
    tones = [srgb(*t) for t in ((176, 70, 60), (60, 96, 130), (226, 196, 140), (110, 140, 110), (230, 220, 200))]
    a, b, c = (tones[int(i)] for i in s.rng.permutation(5)[:3])
    # The texture is four metres of rug, its middle at its middle.
    s.put("cylinder", (0, 0, 0.004), (radius, radius, 0.006), Material("rug", (a, b, c), radius / 2.0, 2.0 - 0.74))
