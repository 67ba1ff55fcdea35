"""The cast of the grammar: which subjects there are, in which coats, and how one of them becomes things of a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.generate import procedural_animals as animals
from pipeline.generate import procedural_toys as toys
from pipeline.generate.procedural_figures import Figure
from pipeline.generate.procedural_materials import Fade, Material, mixed, plain, scaled
from pipeline.generate.procedural_motion import Action, Drop, Rigged, Ripple, Root, resting
from pipeline.generate.procedural_paint import Colour, Rng, srgb
from pipeline.generate.procedural_world import Thing

COLOURS: Mapping[str, Colour] = {
    "red": srgb(208, 52, 44), "orange": srgb(236, 128, 40), "yellow": srgb(244, 200, 60), "green": srgb(84, 158, 66),
    "blue": srgb(48, 104, 190), "purple": srgb(132, 78, 170), "pink": srgb(240, 142, 168), "brown": srgb(132, 84, 50),
    "black": srgb(52, 50, 56), "white": srgb(242, 238, 230), "grey": srgb(146, 148, 154), "golden": srgb(222, 164, 56),
    "teal": srgb(44, 150, 148), "turquoise": srgb(70, 196, 190),
}  # fmt: skip
SIZES: Mapping[str, float] = {"tiny": 0.72, "small": 0.84, "big": 1.14, "giant": 1.28}
PATTERNS: Mapping[str, str] = {"striped": "stripes", "spotted": "spots", "checkered": "checks", "flowery": "flowers",
                               "wooden": "planks", "furry": "fur"}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """One noun. `words`: the first is what the grammar writes; `natural`: colours it has when none is asked for."""

    words: tuple[str, ...]
    build: Callable[[], Figure]
    natural: tuple[str, ...]
    texture: str = "felt"

    @property
    def name(self) -> str:
        return self.words[0]


SUBJECTS: tuple[Subject, ...] = (
    Subject(("cat", "kitten", "kitty", "tiger", "lion"), animals.cat, ("orange", "grey", "black", "white"), "fur"),
    Subject(("dog", "puppy", "wolf", "corgi"), animals.dog, ("brown", "golden", "white", "black"), "fur"),
    Subject(("fox",), animals.fox, ("orange", "red"), "fur"),
    Subject(("horse", "pony", "unicorn", "zebra", "donkey"), animals.horse, ("brown", "white", "golden"), "fur"),
    Subject(("elephant",), animals.elephant, ("grey", "blue", "pink")),
    Subject(("dinosaur", "dragon", "dino"), animals.dinosaur, ("green", "teal", "purple"), "spots"),
    Subject(("turtle", "tortoise"), animals.turtle, ("green", "teal")),
    Subject(("bear", "teddy bear", "teddy", "panda", "koala", "raccoon"), animals.bear, ("brown", "golden"), "fur"),
    Subject(("rabbit", "bunny", "hare"), animals.rabbit, ("white", "grey", "pink", "brown"), "fur"),
    Subject(("penguin",), animals.penguin, ("black", "blue", "teal")),
    Subject(("child", "girl", "boy", "woman", "man", "person", "dancer", "astronaut"), toys.child,
            ("red", "yellow", "blue", "purple", "teal"), "flowers"),
    Subject(("robot", "android"), toys.robot, ("blue", "red", "grey", "yellow", "teal"), "tiles"),
    Subject(("snowman",), toys.snowman, ("red", "blue", "purple"), "stripes"),
    Subject(("duck", "chicken", "goose", "swan"), animals.duck, ("yellow", "white", "brown")),
    Subject(("bird", "parrot", "owl", "eagle"), animals.bird, ("blue", "red", "green", "yellow")),
    Subject(("butterfly", "bee", "dragonfly"), animals.butterfly, ("orange", "blue", "purple", "pink"), "spots"),
    Subject(("octopus", "squid", "jellyfish"), animals.octopus, ("purple", "pink", "orange", "red"), "spots"),
    Subject(("caterpillar", "worm", "snake"), animals.caterpillar, ("green", "yellow")),
    Subject(("fish", "goldfish", "whale", "shark"), animals.fish, ("orange", "blue", "turquoise"), "stripes"),
    Subject(("car", "toy car", "truck", "taxi", "bus"), toys.car, ("red", "yellow", "blue", "green"), "felt"),
    Subject(("train", "locomotive", "toy train"), toys.train, ("green", "red", "blue"), "planks"),
    Subject(("ball", "beach ball", "globe"), toys.ball, ("red", "blue", "yellow", "turquoise"), "stripes"),
    Subject(("balloon", "balloons"), toys.balloon, ("red", "pink", "blue", "yellow")),
    Subject(("flower", "sunflower", "plant", "rose"), toys.flower, ("yellow", "pink", "purple", "red")),
)  # fmt: skip


def coats(subject: Subject, colour: str, pattern: str | None, rng: Rng) -> dict[str, Material]:
    """The paints of one figure, by the names that its parts use."""
    skin = _tinted(COLOURS[colour], rng)
    bright = float(np.mean(skin))
    pale = mixed(skin, srgb(250, 240, 220), 0.6 if bright < 0.55 else 0.4)
    if colour == "white":
        pale = srgb(226, 196, 178)
    other = _tinted(
        COLOURS[str(rng.choice([c for c in ("red", "yellow", "blue", "purple", "teal", "pink") if c != colour]))], rng
    )
    contrast = mixed(skin, srgb(30, 26, 34), 0.72) if bright > 0.18 else mixed(skin, srgb(252, 246, 232), 0.7)
    texture = PATTERNS.get(pattern or "", subject.texture)
    fine = scaled(skin, 0.72)
    second = fine if texture in ("fur", "felt", "planks") else contrast
    main = Material(texture, (skin, second, other), 0.9, float(rng.uniform(0, 2)))
    creature = subject.texture == "fur"
    deep = mixed(skin, srgb(30, 24, 30), 0.45)
    return {
        "skin": main,
        "belly": replace(plain(pale, scale=0.7), shift=0.3),
        "accent": plain(deep if creature else other, scale=0.7),
        "shell": Material("leaves", (mixed(skin, srgb(90, 60, 30), 0.6), deep, other), 1.6),
        "hair": Material("fur", (srgb(96, 58, 34), srgb(60, 34, 24), srgb(96, 58, 34)), 0.6),
        **_COMMON,
    }


def _tinted(colour: Colour, rng: Rng) -> Colour:
    r, g, b = (float(c) for c in np.asarray(colour) * np.exp(rng.normal(0, 0.07, 3)))
    return r, g, b


_COMMON = {
    "white": plain(srgb(250, 248, 242), srgb(240, 236, 228)),
    "dark": plain(srgb(40, 38, 46), srgb(30, 28, 36)),
    "snow": Material("felt", (srgb(252, 252, 255), srgb(214, 226, 244), srgb(255, 255, 255)), 1.2),
    "beak": plain(srgb(246, 152, 40), srgb(226, 112, 30)),
    "flesh": plain(srgb(236, 184, 150), srgb(222, 160, 126)),
    "metal": plain(srgb(176, 184, 194), srgb(130, 138, 150)),
    "hub": Material("checks", (srgb(220, 222, 226), srgb(120, 124, 132), srgb(220, 222, 226)), 0.5),
    "glass": Material("felt", (srgb(140, 190, 220), srgb(90, 140, 180), srgb(140, 190, 220)), 0.7),
    "lamp": plain(srgb(255, 236, 150), srgb(255, 214, 110)),
    "wood": Material("planks", (srgb(130, 88, 54), srgb(96, 62, 38), srgb(130, 88, 54)), 0.5),
    "pot": Material("bricks", (srgb(198, 104, 66), srgb(150, 74, 48), srgb(198, 104, 66)), 0.5),
    "leaf": plain(srgb(84, 150, 62), srgb(52, 112, 50)),
}  # fmt: skip


@dataclass(frozen=True)
class Stand:
    """Where one actor stands: (x, y) metres, size, and for how far it may travel (a share of its action's travel)."""

    x: float
    y: float
    size: float
    reach: float


def figure_things(
    subject: Subject, action: Action, stand: Stand, paints: Mapping[str, Material], n_frames: int, rng: Rng, label: str
) -> list[Thing]:
    """The moving things of one actor."""
    figure = subject.build()
    action = replace(action, travel=action.travel * stand.reach)
    side = float(rng.choice([-1.0, 1.0]))
    if action.facing == "camera":
        heading = way = -np.pi / 2 + side * float(rng.uniform(0.15, 0.6))
    else:
        # Along the picture, a little towards the camera: the face stays in view.
        heading = way = (0.0 if side > 0 else np.pi) - side * float(rng.uniform(0.2, 0.5))
    root = Root(
        action, n_frames, (stand.x, stand.y, 0.0), heading, way, stand.size, figure.tall, float(rng.uniform(0, 1))
    )
    out = []
    for index, part in enumerate(figure.parts):
        pose = Rigged(root, part.joints, resting(part.at, part.half, part.tilt))
        half = np.array(part.half) * stand.size
        out.append(Thing(f"{label}: {part.coat} {index}", part.kind, half, pose, paints[part.coat], moving=True,
                         shade=part.shade, glow=part.coat == "lamp"))  # fmt: skip
    return [*out, *_splash(stand, n_frames, rng, label)] if action.splash else out


def _splash(stand: Stand, n_frames: int, rng: Rng, label: str) -> list[Thing]:
    """A puddle, rings that widen in it, and drops thrown out of it."""
    blue, deep, foam = srgb(120, 186, 214), srgb(64, 132, 176), srgb(226, 244, 250)
    water = Material("water", (blue, deep, foam), 1.0, float(rng.uniform(0, 1)))
    ring = Material("water", (foam, blue, foam), 0.6)
    drop = Material("felt", (srgb(190, 226, 242), blue, foam), 0.5, 0.0, Fade(2, -0.02, 0.06, foam))
    wide = 0.95 * stand.size
    still = resting((stand.x, stand.y, 0.004), (wide, 0.8 * wide, 0.006), None)
    out = [
        Thing(f"{label}: puddle", "cylinder", np.array([wide, 0.8 * wide, 0.006]), lambda _t: still, water, shade=0.0)
    ]
    centre = np.array([stand.x, stand.y, 0.012])
    for index in range(2):
        pose = Ripple(centre, 0.15, 0.72 * wide, n_frames, 0.5 * index)
        out.append(
            Thing(f"{label}: ring {index}", "cylinder", np.array([0.4, 0.4, 0.01]), pose, ring, moving=True, shade=0.0)
        )
    for index in range(14):
        around, far = 2 * np.pi * (index + float(rng.uniform(0, 1))) / 14, float(rng.uniform(0.25, 0.7)) * stand.size
        speed = np.array([far * np.cos(around), far * np.sin(around), float(rng.uniform(0.35, 0.95)) * stand.size])
        start = centre + 0.3 * stand.size * np.array([np.cos(around), np.sin(around), 0])
        pose_of_drop = Drop(start, speed, float(rng.uniform(0.03, 0.06)), n_frames, 0.42, float(rng.uniform(0, 1)))
        out.append(
            Thing(f"{label}: drop {index}", "ball", np.full(3, 0.045), pose_of_drop, drop, moving=True, shade=0.0)
        )
    return out
