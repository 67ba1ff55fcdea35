"""Places and hours of the grammar: rooms and landscapes with something to see all around, and the light in them.

The middle, within 1.5 m of the origin, is left to the actors; low things stand up to 2.7 m from it, so that cameras see
over them, which circle at 3.3 to 4.4 m; what is tall stands further out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.generate import procedural_props as props
from pipeline.generate.procedural_materials import Fade, Material, mixed, plain
from pipeline.generate.procedural_paint import Colour, Rng, array, srgb
from pipeline.generate.procedural_props import Setting
from pipeline.generate.procedural_world import Light

Prop = Callable[[Setting], None]
_ROOM, _TALL = 5.9, 3.1  # half the width of a room and its height; the cameras stay inside
_FIELD, _SKY = 90.0, 70.0


@dataclass(frozen=True)
class Hour:
    """The time of day: `phrase` is what the grammar writes; colours of the key light, ambient light and sky."""

    words: tuple[str, ...]
    phrase: str
    elevation: float
    key: Colour
    ambient: Colour
    zenith: Colour
    horizon: Colour
    cloud: Colour

    @property
    def name(self) -> str:
        return self.words[0]


HOURS: tuple[Hour, ...] = (
    Hour(("noon", "day", "midday", "afternoon", "sunny"), "at noon", 0.95, (0.78, 0.72, 0.62), (0.46, 0.48, 0.52),
         srgb(84, 144, 214), srgb(190, 218, 238), srgb(252, 252, 252)),
    Hour(("morning", "sunrise", "dawn", "spring"), "in the morning", 0.55, (0.84, 0.66, 0.50), (0.44, 0.45, 0.52),
         srgb(124, 168, 218), srgb(252, 220, 190), srgb(255, 240, 226)),
    Hour(("sunset", "evening", "dusk", "autumn"), "at sunset", 0.34, (0.98, 0.56, 0.30), (0.36, 0.33, 0.44),
         srgb(96, 92, 160), srgb(250, 166, 104), srgb(255, 196, 140)),
    Hour(("night", "midnight", "moonlight"), "at night", 0.8, (0.26, 0.31, 0.46), (0.16, 0.19, 0.30),
         srgb(18, 24, 52), srgb(48, 60, 104), srgb(220, 226, 250)),
    Hour(("cloudy", "rainy", "foggy", "overcast"), "on a cloudy day", 1.1, (0.34, 0.34, 0.35), (0.62, 0.64, 0.68),
         srgb(168, 180, 192), srgb(212, 218, 224), srgb(236, 238, 242)),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One place: `phrase` is what the grammar writes; `build` fills a setting at an hour."""

    words: tuple[str, ...]
    phrase: str
    build: Callable[[Setting, Hour], None]
    indoors: bool = False

    @property
    def name(self) -> str:
        return self.words[0]


def light_of(hour: Hour, indoors: bool, rng: Rng) -> Light:
    """Sun or lamp of an hour, mostly from the side of the canonical camera."""
    azimuth = float(rng.uniform(-0.6, 0.6)) + (2.25 if rng.random() < 0.5 else 0.9) + np.pi
    rise = max(hour.elevation, 0.75) if indoors else hour.elevation
    towards = np.array([np.cos(azimuth), np.sin(azimuth), np.tan(rise)])
    key, ambient = np.array(hour.key), np.array(hour.ambient)
    if indoors:
        key, ambient = 0.35 * key + [0.36, 0.32, 0.25], 0.5 * ambient + [0.24, 0.23, 0.22]
    bounce = ambient * (0.66, 0.6, 0.52)
    return Light(towards / np.linalg.norm(towards), array(key), array(ambient), array(bounce))


def _scatter(s: Setting, what: Sequence[Prop], count: int, near: float, far: float) -> None:
    """`count` props at golden-angle steps around the middle, so that no side is bare and none stands in another."""
    first = float(s.rng.uniform(0, 2 * np.pi))
    for index in range(count):
        angle = first + 2.39996 * index + float(s.rng.normal(0, 0.08))
        radius = near + (far - near) * ((index + 0.5) / count) ** 0.5
        spot = s.at(radius * np.cos(angle), radius * np.sin(angle), float(s.rng.uniform(0, 2 * np.pi)),
                    float(s.rng.uniform(0.85, 1.2)))  # fmt: skip
        what[index % len(what)](spot)


def _room(s: Setting, hour: Hour, floor: Material, wall: Material, skirting: Colour) -> None:
    """Floor, four walls with skirting boards and windows, and a ceiling."""
    s.put("hall", (0, 0, _TALL / 2 - 0.05), (_ROOM, _ROOM, _TALL / 2 + 0.05), wall)
    s.put("box", (0, 0, -0.05), (_ROOM, _ROOM, 0.05), floor)
    s.put("box", (0, 0, _TALL), (_ROOM, _ROOM, 0.04), plain(srgb(236, 232, 224), srgb(222, 216, 206)))
    board = plain(skirting)
    for yaw in np.arange(4) * np.pi / 2:
        side = _wall(s, float(yaw), 0.0, 0.02)
        side.put("box", (0, 0, 0.09), (_ROOM, 0.03, 0.09), board)
        side.put("box", (0, 0, _TALL - 0.12), (_ROOM, 0.03, 0.05), board)
    sky = mixed(hour.horizon, hour.zenith, 0.4)
    for yaw in (0.0, np.pi / 2, -np.pi / 2):
        props.window(_wall(s, float(yaw), float(s.rng.uniform(-0.8, 0.8)), 0.05), sky, hour.name == "night")


def _wall(s: Setting, yaw: float, along: float, gap: float) -> Setting:
    """A spot `gap` metres before the wall that faces -y when yaw is 0."""
    x, y = along, _ROOM - gap
    return s.at(x * np.cos(yaw) - y * np.sin(yaw), x * np.sin(yaw) + y * np.cos(yaw), yaw)


def _furnish(s: Setting, what: Sequence[Prop], gap: float = 0.5) -> None:
    """Furniture along all four walls, with pictures between."""
    order = s.rng.permutation(len(what))
    place = 0
    for yaw in np.arange(4) * np.pi / 2:
        for along in (-3.6, -1.75, 1.75, 3.6):
            what[int(order[place % len(what)])](_wall(s, float(yaw), along + float(s.rng.normal(0, 0.1)), gap))
            place += 1
        props.painting(_wall(s, float(yaw), -2.6 if s.rng.random() < 0.5 else 2.6, 0.05))


def _papers(rng: Rng, *choices: tuple[tuple[int, int, int], ...]) -> tuple[Colour, Colour, Colour]:
    a, b, c = (srgb(*tone) for tone in choices[int(rng.integers(0, len(choices)))])
    return a, b, c


def _playroom(s: Setting, hour: Hour) -> None:
    floor = Material("planks", _papers(s.rng, ((206, 164, 112), (176, 130, 84), (206, 164, 112))), 1.2)
    wall = Material("flowers", _papers(s.rng, ((150, 196, 200), (238, 214, 120), (214, 120, 110)),
                                       ((232, 214, 178), (120, 160, 180), (216, 120, 96))), 1.0)  # fmt: skip
    _room(s, hour, floor, wall, srgb(244, 240, 230))
    props.rug(s, 1.9)
    _furnish(
        s, [props.bookshelf, props.cabinet, props.crate, props.sofa, props.potted_plant, props.toy_block, props.lamp]
    )
    _scatter(s, [props.toy_block, props.cushion, props.toy_block], 8, 1.8, 2.6)


def _kitchen(s: Setting, hour: Hour) -> None:
    floor = Material("tiles", _papers(s.rng, ((226, 220, 206), (120, 116, 110), (80, 130, 140)),
                                      ((210, 150, 110), (150, 110, 90), (236, 220, 196))), 1.0)  # fmt: skip
    wall = Material("tiles", _papers(s.rng, ((226, 234, 228), (190, 200, 196), (120, 180, 176)),
                                     ((244, 230, 196), (210, 190, 150), (230, 150, 100))), 0.7)  # fmt: skip
    _room(s, hour, floor, wall, srgb(120, 84, 60))
    _furnish(s, [props.cabinet, props.stove, props.fridge, props.cabinet, props.table, props.cabinet, props.chair])
    _scatter(s, [props.stool, props.basket, props.toy_block], 6, 1.9, 2.6)


def _library(s: Setting, hour: Hour) -> None:
    floor = Material("planks", _papers(s.rng, ((132, 84, 54), (96, 58, 40), (132, 84, 54))), 1.0)
    wall = Material("stripes", _papers(s.rng, ((110, 66, 60), (128, 80, 70), (110, 66, 60)),
                                       ((60, 92, 84), (76, 108, 96), (60, 92, 84))), 1.2)  # fmt: skip
    _room(s, hour, floor, wall, srgb(88, 58, 40))
    props.rug(s, 2.0)
    _furnish(s, [props.bookshelf, props.bookshelf, props.lamp, props.bookshelf, props.chair], 0.4)
    _scatter(s, [props.cushion, props.basket, props.stool], 5, 1.9, 2.6)


def _living_room(s: Setting, hour: Hour) -> None:
    floor = Material("planks", _papers(s.rng, ((170, 120, 80), (140, 96, 64), (170, 120, 80))), 1.1)
    wall = Material("flowers", _papers(s.rng, ((222, 206, 190), (196, 160, 140), (150, 170, 150)),
                                       ((120, 150, 160), (150, 180, 186), (226, 210, 180))), 0.8)  # fmt: skip
    _room(s, hour, floor, wall, srgb(240, 234, 224))
    props.rug(s, 2.0)
    _furnish(s, [props.sofa, props.lamp, props.bookshelf, props.cabinet, props.potted_plant, props.chair])
    _scatter(s, [props.cushion, props.cushion, props.basket], 6, 1.9, 2.6)


def _bedroom(s: Setting, hour: Hour) -> None:
    floor = Material("checks", _papers(s.rng, ((214, 196, 214), (190, 166, 196), (214, 196, 214)),
                                       ((196, 206, 222), (166, 180, 206), (196, 206, 222))), 2.2)  # fmt: skip
    wall = Material("spots", _papers(s.rng, ((226, 206, 226), (250, 240, 214), (226, 206, 226)),
                                     ((190, 208, 232), (250, 246, 226), (190, 208, 232))), 1.1)  # fmt: skip
    _room(s, hour, floor, wall, srgb(246, 242, 236))
    props.rug(s, 1.8)
    _furnish(s, [props.cabinet, props.lamp, props.bookshelf, props.potted_plant, props.chair])
    props.bed(_wall(s, 0.0, 0.0, 1.25))
    _scatter(s, [props.cushion, props.toy_block, props.basket], 6, 1.9, 2.6)


def _workshop(s: Setting, hour: Hour) -> None:
    floor = Material("terrazzo", _papers(s.rng, ((150, 148, 144), (110, 108, 106), (180, 160, 130))), 1.2)
    wall = Material("bricks", _papers(s.rng, ((176, 96, 72), (206, 196, 184), (176, 96, 72)),
                                      ((150, 120, 104), (196, 190, 180), (150, 120, 104))), 1.1)  # fmt: skip
    _room(s, hour, floor, wall, srgb(90, 94, 100))
    _furnish(s, [props.table, props.crate, props.barrel, props.bookshelf, props.cabinet, props.lamp])
    _scatter(s, [props.stool, props.crate, props.basket], 6, 2.0, 2.6)


def _ground(s: Setting, surface: Material) -> None:
    s.put("box", (0, 0, -1), (_FIELD, _FIELD, 1), surface)


def _sky(s: Setting, hour: Hour) -> None:
    fade = Fade(2, 30.0, 2.0, hour.horizon)
    tones = (hour.zenith, hour.cloud, hour.horizon)
    texture = "stars" if hour.name == "night" else "clouds"
    scale = 40.0 if texture == "clouds" else 26.0
    s.put(
        "dome",
        (0, 0, 0),
        (_SKY, _SKY, _SKY),
        Material(texture, tones, scale, float(s.rng.uniform(0, 3)), fade),
        glow=True,
    )


def _hills(s: Setting, surface: Material, count: int = 9, tall: float = 6.0, top: Fade | None = None) -> None:
    for index in range(count):
        angle = 2 * np.pi * (index + float(s.rng.uniform(-0.3, 0.3))) / count
        radius, high = float(s.rng.uniform(30, 48)), tall * float(s.rng.uniform(0.6, 1.3))
        cover = Material(surface.texture, surface.colours, surface.scale, float(s.rng.uniform(0, 3)), top)
        s.at(radius * np.cos(angle), radius * np.sin(angle), angle).put(
            "ball", (0, 0, -0.1 * high), (float(s.rng.uniform(8, 12)), float(s.rng.uniform(14, 20)), high), cover
        )


def _meadow(s: Setting, hour: Hour) -> None:
    grass = Material("grass", _papers(s.rng, ((124, 170, 72), (84, 136, 58), (250, 226, 120)),
                                      ((140, 172, 78), (96, 134, 62), (240, 150, 190))), 0.8)  # fmt: skip
    _sky(s, hour)
    _ground(s, grass)
    _hills(s, Material("grass", (srgb(110, 152, 84), srgb(84, 124, 74), srgb(140, 170, 90)), 3.0))
    _scatter(s, [props.tree, props.bush, props.tree, props.bench], 13, 6.5, 17.0)
    _scatter(s, [props.blossom, props.rock, props.blossom, props.blossom, props.bush], 15, 1.7, 2.7)


def _forest(s: Setting, hour: Hour) -> None:
    moss = Material("grass", _papers(s.rng, ((98, 120, 62), (74, 84, 50), (170, 120, 70)),
                                     ((120, 104, 64), (84, 92, 56), (196, 140, 60))), 0.7)  # fmt: skip
    _sky(s, hour)
    _ground(s, moss)
    _hills(s, Material("leaves", (srgb(58, 100, 60), srgb(44, 80, 56), srgb(90, 120, 66)), 6.0), 9, 8.0)
    _scatter(s, [props.pine, props.tree, props.pine], 22, 5.6, 16.0)
    _scatter(s, [props.mushroom, props.rock, props.bush, props.mushroom], 12, 1.8, 2.7)


def _beach(s: Setting, hour: Hour) -> None:
    sand = Material("sand", _papers(s.rng, ((238, 216, 166), (216, 188, 136), (250, 240, 220))), 0.7)
    _sky(s, hour)
    _ground(s, sand)
    sea = Material("water", (srgb(70, 166, 196), srgb(36, 120, 172), srgb(230, 246, 248)), 2.0)
    s.put("box", (0, 7.0 + _FIELD, -0.97), (_FIELD, _FIELD, 1), sea)
    s.put("box", (0, 7.0, -0.985), (_FIELD, 0.5, 1), plain(srgb(244, 250, 250)))
    for x in (-26.0, 30.0):
        s.at(x, 44, 0).put("ball", (0, 0, 0), (11, 6, 4), props.foliage(s.rng))
    _hills(s.at(0, -38), Material("sand", (srgb(226, 202, 150), srgb(150, 160, 96), srgb(226, 202, 150)), 4.0), 7, 4.0)
    for x, y in ((-5.6, 4.6), (5.8, 3.9), (7.6, -2.4), (-7.0, -1.6), (-3.4, -7.0), (4.0, -7.2)):
        props.palm(s.at(x, y, float(s.rng.uniform(0, 6)), float(s.rng.uniform(0.9, 1.2))))
    for index, x in enumerate((-6.6, 6.8)):
        spot = s.at(x, 0.6 - 3 * index)
        spot.put("cylinder", (0, 0, 1.0), (0.03, 0.03, 1.0), plain(srgb(240, 240, 236)))
        spot.put(
            "cone",
            (0, 0, 1.95),
            (1.1, 1.1, 0.28),
            Material("stripes", (srgb(226, 80, 70), srgb(250, 244, 234), srgb(226, 80, 70)), 1.0),
            shade=0.5,
        )
    _scatter(s, [props.rock, props.shell, props.basket, props.rock, props.shell], 11, 1.8, 2.7)


def _desert(s: Setting, hour: Hour) -> None:
    tones = _papers(
        s.rng, ((226, 168, 104), (198, 136, 82), (240, 200, 150)), ((214, 148, 96), (182, 116, 76), (236, 190, 140))
    )
    _sky(s, hour)
    _ground(s, Material("sand", tones, 1.0))
    _hills(s, Material("cobbles", (srgb(190, 112, 72), srgb(150, 84, 60), srgb(210, 140, 90)), 9.0), 8, 9.0)
    _scatter(s, [props.cactus, props.rock, props.cactus], 13, 5.6, 15.0)
    _scatter(s, [props.rock, props.bush, props.rock], 9, 1.9, 2.7)


def _snow(s: Setting, hour: Hour) -> None:
    _sky(s, hour)
    _ground(s, Material("sand", (srgb(240, 244, 252), srgb(214, 224, 242), srgb(250, 252, 255)), 1.1))
    _hills(s, Material("cobbles", (srgb(120, 130, 150), srgb(90, 98, 120), srgb(140, 150, 170)), 9.0), 9, 11.0,
           Fade(2, 2.0, 6.0, srgb(246, 249, 255)))  # fmt: skip
    _scatter(s, [lambda t: props.pine(t, snow=True)], 15, 5.8, 15.0)
    _scatter(
        s,
        [lambda t: props.rock(t, srgb(200, 208, 224)), props.crate, lambda t: props.rock(t, srgb(170, 180, 200))],
        8,
        1.9,
        2.7,
    )


def _city(s: Setting, hour: Hour) -> None:
    _sky(s, hour)
    _ground(s, Material("cobbles", _papers(s.rng, ((172, 164, 154), (120, 114, 110), (196, 180, 160)),
                                           ((158, 150, 160), (110, 106, 116), (186, 170, 170))), 0.8))  # fmt: skip
    for index in range(14):
        angle = 2 * np.pi * index / 14
        radius = 12.0 + 3.0 * (index % 2)
        spot = s.at(radius * np.cos(angle), radius * np.sin(angle), angle - np.pi / 2)
        props.house(spot, float(s.rng.uniform(1.5, 3.0)))
    _scatter(s, [props.street_lamp, props.bench, props.tree], 9, 6.0, 8.2)
    _scatter(s, [props.basket, props.stool, props.blossom, props.crate], 8, 1.9, 2.6)


def _moon(s: Setting, hour: Hour) -> None:
    night = next(other for other in HOURS if other.name == "night")
    _sky(s, night)
    dust = Material("cobbles", (srgb(176, 176, 186), srgb(128, 128, 142), srgb(200, 200, 206)), 1.6)
    _ground(s, Material("sand", (srgb(178, 178, 188), srgb(146, 146, 160), srgb(206, 206, 212)), 1.0))
    _hills(s, dust, 9, 7.0)
    s.at(-22, 46).put(
        "ball",
        (0, 0, 20),
        (6, 6, 6),
        Material("clouds", (hour.zenith, srgb(240, 246, 240), srgb(80, 140, 90)), 3.0),
        glow=True,
    )
    for index in range(6):
        angle = 2 * np.pi * index / 6 + 0.3
        s.at(8 * np.cos(angle), 8 * np.sin(angle)).put("ball", (0, 0, -0.35), (2.2, 2.2, 0.75), dust)
    _scatter(s, [props.rock, lambda t: props.rock(t, srgb(190, 180, 200))], 12, 1.9, 5.4)


PLACES: tuple[Place, ...] = (
    Place(("playroom", "nursery", "room"), "in a playroom", _playroom, indoors=True),
    Place(("kitchen", "restaurant", "cafe"), "in a kitchen", _kitchen, indoors=True),
    Place(("library", "study", "museum", "school"), "in a library", _library, indoors=True),
    Place(("living room", "lounge", "house", "home", "sofa"), "in a living room", _living_room, indoors=True),
    Place(("bedroom", "bed"), "in a bedroom", _bedroom, indoors=True),
    Place(("workshop", "garage", "factory", "laboratory"), "in a workshop", _workshop, indoors=True),
    Place(("meadow", "park", "garden", "field", "grass", "lawn"), "on a meadow", _meadow),
    Place(("forest", "woods", "jungle", "wood"), "in a forest", _forest),
    Place(("beach", "seaside", "sea", "ocean", "island", "shore"), "on a beach", _beach),
    Place(("desert", "dunes", "canyon"), "in a desert", _desert),
    Place(("snow", "mountains", "ice", "winter", "snowy field"), "in the snow", _snow),
    Place(("city", "town", "street", "square", "village", "market"), "in a city", _city),
    Place(("moon", "planet", "mars", "space"), "on the moon", _moon),
)
