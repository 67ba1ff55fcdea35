"""The provider "Demo: procedural": videos of scenes from prompts, with nothing to download and nothing left to chance.

A frame is a state: a time in the scene and an angle round its focus. What a video is made of is in its provenance, so a
later request goes on from the states of its known frames: a freeze-time video stops their time and circles, an
extension circles on, a re-roll fills the gaps. Known frames are handed back as they came.

Options: `sweep` (degrees of a freeze-time video), and the faults that generators make, for new frames alone: `warp_px`,
`flicker`, `residual_motion` (see `procedural.Faults`).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.generate.options import Option, checked
from pipeline.generate.provider import Ability, Frames, Known, Made, Making, Origin
from pipeline.project.take import KINDS, VideoRequest
from renderer.errors import Refusal

SWEEP = 60.0
MODEL = "procedural scenes 1"
"""Told in provenance; another number where the same request draws another picture."""
OPTIONS = (
    Option("sweep", "Sweep", "number", "Degrees that a freeze-time video goes around", SWEEP, -360, 360),
    Option("warp_px", "Warp", "number", "Pixels by which each new frame is bent", 0.0, 0, 64),
    Option("flicker", "Flicker", "number", "Share by which the light of new frames changes", 0.0, 0, 1),
    Option(
        "residual_motion",
        "Residual motion",
        "number",
        "Reference frames that a freeze-time scene still moves",
        0.0,
        0,
        16,
    ),
)
_WANDER = 0.12
"""How far a re-rolled frame may stray along its way, in steps between frames: a new take of it is not the old one."""
_PREVIEW = 96


@dataclass(frozen=True)
class Scene:
    """What stands still when a video goes on: the words and numbers that a world is built from."""

    prompt: str
    seed: int
    n_frames: int


@dataclass(frozen=True)
class State:
    """What one frame shows: `time` in reference frames, `angle` in radians to the right of the canonical camera."""

    time: float
    angle: float


class ProceduralProvider:
    """See the module; a `VideoProvider`."""

    @property
    def ability(self) -> Ability:
        return Ability(
            "procedural", "Demo: procedural", KINDS, max_frames=512, contexts=("dynamic", "freeze_time"),
            licence="Apache-2.0", options=OPTIONS,
        )  # fmt: skip

    def generate(self, request: VideoRequest, known: Known) -> Generator[Making, None, Made]:
        """Draw the frames that are not known. Raises `Refusal` for known frames of videos that it did not make."""
        options = checked(self.ability.title, OPTIONS, request.options)
        scene, anchors = _anchored(request, known)
        states = _states(request, anchors, math.radians(options["sweep"]))
        frames = np.zeros((request.n_frames, *request.size, 3), np.uint8)
        frames[list(known.positions)] = known.frames
        new = [i for i in range(request.n_frames) if i not in set(known.positions)]
        yield from _draw(request, scene, states, new, options, frames)
        return Made(frames, _told(scene, states, options))


def _draw(
    request: VideoRequest, scene: Scene, states: list[State], new: list[int], options: Mapping[str, float],
    frames: Frames,
) -> Generator[Making, None, None]:  # fmt: skip
    """Fill the new frames one by one; the first preview is the whole video, small."""
    # The kernels are loaded here: the window asks for an ability without them.
    from pipeline.generate import procedural_fast
    from pipeline.generate.procedural import smooth_warp
    from pipeline.generate.procedural_grammar import parse

    yield Making(0, len(new), stage=parse(scene.prompt).note or "scene")
    height, width = request.size
    scale = min(1.0, _PREVIEW / max(request.size))
    small = (max(1, round(height * scale)), max(1, round(width * scale)))
    preview = _film(scene, states, small, 2)
    yield Making(0, len(new), preview, "frames")
    rays = 2 if min(request.size) < 72 else 3
    for step, frame in enumerate(new):
        rng = np.random.default_rng([request.seed % 2**32, frame, 0xFA])
        stray = options["residual_motion"] * float(rng.uniform(-1, 1))
        gain = 1 + options["flicker"] * float(rng.uniform(-1, 1))
        warp = smooth_warp(rng, request.size, options["warp_px"]) if options["warp_px"] > 0 else None
        state = states[frame]
        still = request.role == "freeze_time"
        world, camera = view_of(scene, State(state.time + stray * still, state.angle), request.size)
        film = procedural_fast.film(
            world, [state.time + stray * still], [camera], rays, warps=None if warp is None else warp[None], gains=gain
        )
        frames[frame] = film.rgb[0]
        yield Making(step + 1, len(new), preview, "frames")


def _film(scene: Scene, states: list[State], size: tuple[int, int], rays: int) -> Frames:
    from pipeline.generate import procedural_fast

    views = [view_of(scene, state, size) for state in states]
    return procedural_fast.film(views[0][0], [state.time for state in states], [view[1] for view in views], rays).rgb


def view_of(scene: Scene, state: State, size: tuple[int, int]) -> tuple[Any, Any]:
    """(the world, the camera) of a state: exact, at any size. The camera rises and falls a little as it circles."""
    from pipeline.generate.procedural_clips import circling_camera
    from pipeline.generate.procedural_scenes import world_of

    world = world_of(scene.prompt, scene.seed, scene.n_frames)
    return world, circling_camera(world.focus, state.angle, size, 0.1 * math.sin(1.7 * state.angle))


def _told(scene: Scene, states: list[State], options: Mapping[str, float]) -> dict[str, Any]:
    return {
        "model": MODEL,
        "scene": asdict(scene),
        "states": [[state.time, state.angle] for state in states],
        "options": dict(options),
    }


def scene_of(origin: Origin) -> tuple[Scene, State] | None:
    """What a frame of a procedural video shows, read from its provenance; None for any other frame.

    Provenance comes from project files, so nothing in it is trusted.
    """
    told = origin.provenance
    try:
        if told["model"] != MODEL:
            return None
        scene = Scene(str(told["scene"]["prompt"])[:2000], int(told["scene"]["seed"]), int(told["scene"]["n_frames"]))
        time, angle = (float(number) for number in told["states"][origin.frame])
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None
    usable = 1 <= scene.n_frames <= 4096 and abs(time) < 1e5 and abs(angle) < 1e3
    return (scene, State(time, angle)) if usable else None


def _anchored(request: VideoRequest, known: Known) -> tuple[Scene, dict[int, State]]:
    """The scene of a request, and the states of its known frames by their positions."""
    anchors: dict[int, State] = {}
    scene: Scene | None = None
    for position, origin in zip(known.positions, known.origins, strict=False):
        found = scene_of(origin)
        if found is not None and (scene is None or found[0] == scene):
            scene, anchors[position] = found[0], found[1]
    if scene is not None:
        return scene, anchors
    if known.positions:
        raise Refusal(
            "Demo: procedural goes on only from videos that it made itself, since it must know the scene; generate a "
            "reference with it, or choose another provider."
        )
    return Scene(request.prompt, request.seed, request.n_frames), {}


def _states(request: VideoRequest, anchors: Mapping[int, State], sweep: float) -> list[State]:
    """The state of every frame: those of known frames, and a steady pace between and beyond them."""
    frozen, count = request.role == "freeze_time", request.n_frames
    angle_step = sweep / max(count - 1, 1) if frozen else 0.0
    times = _paced({place: state.time for place, state in anchors.items()}, count, 0.0 if frozen else 1.0)
    angles = _paced({place: state.angle for place, state in anchors.items()}, count, angle_step)
    if frozen and anchors:
        times = [float(np.median([state.time for state in anchors.values()]))] * count
    if request.kind == "reroll":
        rng = np.random.default_rng([request.seed % 2**32, 0x4E])
        for place in range(count):
            stray = _WANDER * float(rng.uniform(-1, 1))
            if place not in anchors and frozen:
                angles[place] += stray * _pace(angles)
            elif place not in anchors:
                times[place] += stray * _pace(times)
    return [State(time, angle) for time, angle in zip(times, angles, strict=True)]


def _pace(values: list[float]) -> float:
    return float(np.median(np.abs(np.diff(values)))) if len(values) > 1 else 0.0


def _paced(anchors: Mapping[int, float], count: int, step: float) -> list[float]:
    """A value for each of `count` places: straight lines between anchors, and their overall pace beyond.

    A single anchor, or none (then place 0 has value 0), leaves the pace to `step`.
    """
    places = sorted(anchors)
    values = [anchors[place] for place in places]
    if not places:
        return [step * place for place in range(count)]
    if len(places) > 1:
        step = (values[-1] - values[0]) / (places[-1] - places[0])
    inner = np.interp(np.arange(count), places, values)
    before = np.minimum(np.arange(count) - places[0], 0)
    after = np.maximum(np.arange(count) - places[-1], 0)
    return [float(value) for value in inner + step * (before + after)]
