"""How the figures of the grammar move: a table of actions, and poses that are exact at any time.

An action moves a figure's root (travel, hops, turns, squash) and swings its joints. Time runs in reference frames;
u = time / n_frames is the share of the video. All curves are smooth or bounce; nothing is random once phases are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from pipeline.generate.procedural_shapes import Array, affine, turn

Channel = Literal["limb", "arm", "nod", "look", "tail", "wing", "wave", "wheel", "bank"]
Axis = Literal["x", "y", "z"]


class Swing(NamedTuple):
    """An angle over the video: offset + amplitude * sin(2 pi (cycles * u + phase)), radians."""

    offset: float = 0.0
    amplitude: float = 0.0
    cycles: float = 1.0


STILL = Swing()


@dataclass(frozen=True)
class Action:
    """One verb.

    Attributes:
        words: what prompts call it; the first is what the grammar writes.
        travel: metres along the heading; rise: how high off the ground; bob: metres up and down.
        hop, hops: metres and times; turns: about the vertical; roll: about the side axis.
        lean, yaw, sway: swings about the side axis, the vertical and the heading; squash: in height.
        facing: towards the camera, or along the way (seen from the side).
        splash: water under it and drops around it.
    """

    words: tuple[str, ...]
    travel: float = 0.0
    rise: float = 0.0
    bob: float = 0.0
    hop: float = 0.0
    hops: float = 1.5
    turns: float = 0.0
    roll: float = 0.0
    lean: Swing = STILL
    yaw: Swing = STILL
    sway: Swing = STILL
    squash: Swing = STILL
    facing: Literal["camera", "along"] = "camera"
    splash: bool = False
    channels: dict[Channel, Swing] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.words[0]


_IDLE: dict[Channel, Swing] = {"nod": Swing(0, 0.05, 1), "look": Swing(0, 0.15, 0.7), "tail": Swing(0, 0.25, 1),
                                "wave": Swing(0, 0.12, 1), "wing": Swing(0.1, 0.1, 1), "bank": Swing(1.0)}  # fmt: skip

ACTIONS: tuple[Action, ...] = (
    Action(("walking", "strolling", "marching", "going", "moving", "wandering", "walks"), travel=1.5, hop=0.03, hops=4,
           sway=Swing(0, 0.06, 2), facing="along",
           channels={"limb": Swing(0, 0.5, 2), "arm": Swing(0, 0.5, 2), "nod": Swing(0, 0.08, 4),
                     "tail": Swing(0, 0.4, 2), "wheel": Swing(0, 2.0, 0.5), "wave": Swing(0, 0.3, 2)}),
    Action(("running", "racing", "chasing", "hurrying", "driving", "galloping", "runs"), travel=2.3, hop=0.10, hops=3,
           lean=Swing(0.16), facing="along",
           channels={"limb": Swing(0, 0.85, 3), "arm": Swing(0.1, 0.8, 3), "nod": Swing(0, 0.12, 3),
                     "tail": Swing(0, 0.5, 3), "wheel": Swing(0, 3.5, 0.5), "wave": Swing(0, 0.35, 3)}),
    Action(("jumping", "hopping", "bouncing", "leaping", "jumps", "bounces"), hop=0.62, hops=1.6,
           channels={"limb": Swing(0.1, 0.35, 1.6), "arm": Swing(0.9, 0.6, 1.6), "nod": Swing(0, 0.15, 1.6),
                     "tail": Swing(0, 0.4, 1.6), "wing": Swing(0.5, 0.7, 3.2), "wave": Swing(0, 0.35, 1.6)}),
    Action(("spinning", "turning", "twirling", "rotating", "whirling", "spins"), turns=0.55, bob=0.04,
           channels={"arm": Swing(1.3, 0.15, 1), "limb": Swing(0, 0.15, 1), "tail": Swing(0.4, 0.2, 1),
                     "wave": Swing(0.1, 0.2, 1), "wing": Swing(0.6, 0.3, 1)}),
    Action(("dancing", "grooving", "partying", "dances"), hop=0.10, hops=4, sway=Swing(0, 0.22, 2), turns=0.12,
           squash=Swing(0, 0.05, 4),
           channels={"limb": Swing(0, 0.45, 2), "arm": Swing(1.2, 0.8, 2), "nod": Swing(0, 0.15, 4),
                     "look": Swing(0, 0.4, 1), "tail": Swing(0, 0.7, 2), "wing": Swing(0.6, 0.6, 2),
                     "wave": Swing(0, 0.45, 2)}),
    Action(("waving", "greeting", "saluting", "waves"), sway=Swing(0, 0.12, 1),
           channels={"arm": Swing(1.9, 0.65, 2.2), "nod": Swing(0, 0.1, 1), "look": Swing(0, 0.2, 1),
                     "tail": Swing(0, 0.8, 2), "wing": Swing(0.8, 0.7, 2), "wave": Swing(0.1, 0.5, 2),
                     "limb": Swing(0, 0.06, 1)}),
    Action(("nodding", "eating", "drinking", "pecking", "reading", "cooking", "nods"), lean=Swing(0.12, 0.14, 1.6),
           channels={"nod": Swing(0.3, 0.4, 1.6), "arm": Swing(0.7, 0.35, 1.6), "tail": Swing(0, 0.3, 1),
                     "wave": Swing(0, 0.2, 1.6), "wing": Swing(0.1, 0.1, 1), "bank": Swing(1.0)}),
    Action(("swaying", "rocking", "swinging", "wobbling", "sways"), sway=Swing(0, 0.3, 1),
           channels={"arm": Swing(0.4, 0.4, 1), "nod": Swing(0, 0.1, 1), "look": Swing(0, 0.2, 1),
                     "tail": Swing(0, 0.5, 1), "wing": Swing(0.3, 0.3, 1), "wave": Swing(0, 0.4, 1)}),
    Action(("stretching", "growing", "breathing", "yawning", "squeezing"), squash=Swing(0, 0.2, 1.1),
           channels={"arm": Swing(1.4, 0.9, 1.1), "nod": Swing(-0.15, 0.25, 1.1), "tail": Swing(0, 0.3, 1),
                     "wing": Swing(0.6, 0.6, 1.1), "wave": Swing(0, 0.35, 1.1)}),
    Action(("flying", "soaring", "hovering", "flapping", "flies"), travel=1.3, rise=0.62, bob=0.14, lean=Swing(0.12),
           facing="along", sway=Swing(0, 0.12, 1),
           channels={"wing": Swing(0.15, 0.95, 3), "arm": Swing(1.2, 0.7, 3), "limb": Swing(-0.6, 0.1, 1),
                     "nod": Swing(0, 0.08, 1), "tail": Swing(0, 0.25, 2), "wave": Swing(0, 0.35, 2),
                     "wheel": Swing(0, 2, 0.5)}),
    Action(("floating", "drifting", "levitating", "gliding", "floats"), rise=0.45, bob=0.16, turns=0.08,
           sway=Swing(0, 0.12, 0.8),
           channels={"arm": Swing(0.9, 0.25, 0.8), "limb": Swing(-0.2, 0.2, 0.8), "nod": Swing(0, 0.08, 1),
                     "look": Swing(0, 0.2, 1), "tail": Swing(0, 0.3, 1), "wing": Swing(0.4, 0.3, 1),
                     "wave": Swing(0, 0.4, 1)}),
    Action(("rolling", "tumbling", "somersaulting", "rolls"), travel=1.6, roll=0.75, facing="along",
           channels={"limb": Swing(-0.6, 0.1, 1), "arm": Swing(0.8, 0.1, 1), "wheel": Swing(0, 2, 0.5),
                     "wave": Swing(0.2, 0.2, 1)}),
    Action(("splashing", "swimming", "bathing", "paddling", "splashes"), hop=0.22, hops=2.4, sway=Swing(0, 0.12, 1.2),
           splash=True,
           channels={"limb": Swing(0, 0.6, 2.4), "arm": Swing(0.9, 0.8, 2.4), "nod": Swing(0, 0.15, 2.4),
                     "tail": Swing(0, 0.6, 2), "wing": Swing(0.5, 0.7, 2.4), "wave": Swing(0, 0.4, 2.4)}),
    Action(("crawling", "creeping", "sneaking", "slithering", "crawls"), travel=0.9, lean=Swing(0.2), bob=0.03,
           squash=Swing(-0.12, 0.06, 2), facing="along",
           channels={"limb": Swing(0, 0.55, 2), "arm": Swing(0.5, 0.5, 2), "nod": Swing(-0.2, 0.12, 2),
                     "tail": Swing(0, 0.5, 1.5), "wave": Swing(0, 0.5, 1.5), "wheel": Swing(0, 1.2, 0.5)}),
    Action(("looking around", "watching", "searching", "looking"), sway=Swing(0, 0.04, 1), yaw=Swing(0, 0.32, 1.1),
           channels={"look": Swing(0, 0.8, 1.1), "nod": Swing(0, 0.15, 0.8), "arm": Swing(0.15, 0.15, 1),
                     "tail": Swing(0, 0.6, 1.5), "wave": Swing(0, 0.3, 1), "wing": Swing(0.1, 0.1, 1)}),
)  # fmt: skip


@dataclass(frozen=True)
class Joint:
    """A hinge of a figure: an axis through a pivot (metres, in the figure), swung by a channel of its action.

    The channel "bank" stands at one radian times the gain, whatever the action.
    """

    channel: Channel
    pivot: tuple[float, float, float]
    axis: Axis
    gain: float = 1.0
    phase: float = 0.0


@dataclass(frozen=True, eq=False)
class Root:
    """Where a figure stands over time: its action at a place in the world.

    Attributes:
        place: [3] metres; heading: yaw of the figure's +x axis, radians; size: scale of the figure.
        tall: metres, the figure's height at size 1, about whose middle it rolls.
        phase: in cycles, where its action begins; way: radians, the direction in which it travels.
    """

    action: Action
    n_frames: int
    place: tuple[float, float, float]
    heading: float
    way: float
    size: float
    tall: float
    phase: float
    base: float = 0.0

    def many(self, times: Array) -> Array:
        """[T, 4, 4] world from figure."""
        a, u = self.action, times / self.n_frames
        bounce = (a.hops * u + self.phase) % 1
        edge = np.minimum(bounce, 1 - bounce)
        hop = a.hop * self.size * 4 * bounce * (1 - bounce)
        landing = 0.16 * min(1.0, a.hop / 0.3) * np.exp(-((edge / 0.13) ** 2))
        tall = (1 - landing) * (1 + _swung(a.squash, u, self.phase))
        wide = 1 / np.sqrt(tall)
        along = 0.5 * a.travel * np.sin(np.pi * (u - 0.5))
        rise = self.base + self.size * a.rise + a.bob * self.size * np.sin(2 * np.pi * (u + self.phase))
        centre = np.zeros((len(u), 3))
        centre[:, 0] = self.place[0] + along * np.cos(self.way)
        centre[:, 1] = self.place[1] + along * np.sin(self.way)
        centre[:, 2] = self.place[2] + rise + hop
        yaw = self.heading + 2 * np.pi * a.turns * (u - 0.5) + _swung(a.yaw, u, self.phase)
        tilt = _turned("y", _swung(a.lean, u, self.phase) + 2 * np.pi * a.roll * np.sin(np.pi * (u - 0.5)) / 2)
        linear = _turned("z", yaw) @ tilt @ _turned("x", _swung(a.sway, u, self.phase))
        linear = linear * (self.size * np.stack([wide, wide, tall], -1))[:, None, :]
        out = np.tile(np.eye(4), (len(u), 1, 1))
        out[:, :3, :3], out[:, :3, 3] = linear, centre
        if a.roll:
            middle = np.array([0, 0, 0.5 * self.tall])
            out[:, :3, 3] += middle * self.size - linear @ middle
        return out


def _swung(swing: Swing, u: Array, phase: float) -> Array:
    return np.asarray(swing.offset + swing.amplitude * np.sin(2 * np.pi * (swing.cycles * u + phase)))


def _turned(axis: Axis, angles: Array) -> Array:
    """[T, 3, 3] rotations about an axis; see `procedural_shapes.turn`."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    out = np.zeros((len(angles), 3, 3))
    out[:] = np.eye(3)
    c, s = np.cos(angles), np.sin(angles)
    out[:, i, i], out[:, i, j], out[:, j, i], out[:, j, j] = c, -s, s, c
    return out


@lru_cache(maxsize=8)
def _roots(root: Root, times: bytes) -> Array:
    """`Root.many`, kept for the other parts of the same figure, which ask next."""
    return root.many(np.frombuffer(times))


@dataclass(frozen=True, eq=False)
class Rigged:
    """The pose (`procedural_world.Pose`) of one part: root, then joints from the trunk outwards, then its rest pose."""

    root: Root
    joints: tuple[Joint, ...]
    rest: Array

    def __call__(self, time: float) -> Array:
        return np.asarray(self.many(np.array([float(time)]))[0])

    def many(self, times: Array) -> Array:
        """[T, 4, 4] at all times."""
        out = _roots(self.root, times.tobytes())
        u = times / self.root.n_frames
        for joint in self.joints:
            swing = self.root.action.channels.get(joint.channel) or _IDLE.get(joint.channel, STILL)
            angles = joint.gain * _swung(swing, u, self.root.phase + joint.phase)
            pivot, turned = np.array(joint.pivot), _turned(joint.axis, angles)
            hinge = np.zeros((len(u), 4, 4))
            hinge[:, :3, :3], hinge[:, :3, 3], hinge[:, 3, 3] = turned, pivot - turned @ pivot, 1.0
            out = out @ hinge
        return np.asarray(out @ self.rest)


def resting(at: tuple[float, float, float], half: tuple[float, float, float], tilt: tuple[Axis, float] | None) -> Array:
    """[4, 4] a part at rest in its figure."""
    linear = np.diag(half) if tilt is None else turn(*tilt) @ np.diag(half)
    return affine(at, linear)


@dataclass(frozen=True, eq=False)
class Drop:
    """The pose of a drop of water: thrown from `start` with `speed` (metres a video), again and again."""

    start: Array
    speed: Array
    radius: float
    n_frames: int
    period: float
    phase: float

    def __call__(self, time: float) -> Array:
        return np.asarray(self.many(np.array([float(time)]))[0])

    def many(self, times: Array) -> Array:
        """[T, 4, 4]."""
        w = (times / self.n_frames / self.period + self.phase) % 1
        out = np.tile(np.eye(4), (len(w), 1, 1))
        fall = np.stack([w, w, 4 * w * (1 - w)], -1)
        out[:, :3, 3] = self.start + fall * self.speed
        grown = self.radius * np.minimum(1, 8 * np.minimum(w, 1 - w) + 0.05)
        out[:, :3, :3] *= grown[:, None, None]
        return out


@dataclass(frozen=True, eq=False)
class Ripple:
    """The pose of a ring of water that widens and sinks away."""

    centre: Array
    low: float
    high: float
    n_frames: int
    phase: float
    period: float = 0.5

    def __call__(self, time: float) -> Array:
        return np.asarray(self.many(np.array([float(time)]))[0])

    def many(self, times: Array) -> Array:
        """[T, 4, 4]."""
        w = (times / self.n_frames / self.period + self.phase) % 1
        out = np.tile(np.eye(4), (len(w), 1, 1))
        wide = self.low + (self.high - self.low) * w
        out[:, 0, 0], out[:, 1, 1], out[:, 2, 2] = wide, wide, 0.012 * (1 - w) + 0.001
        out[:, :3, 3] = self.centre
        return out
