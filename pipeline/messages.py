"""What a job says while it runs: frozen values, one JSON line each.

They stand at the floor of the pipeline so that poses, lift and jobs all speak the same words; the window
and the command line only read them. Every message matters and none is dropped; pictures of the scene are
not messages but snapshot files, of which only the newest matters.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar

from renderer.errors import Refusal


@dataclass(frozen=True)
class Message:
    """Base of all messages; `type` is the discriminator in JSON."""

    type: ClassVar[str] = "message"

    def to_json(self) -> str:
        """One line of JSON, always valid: a figure that is not finite becomes null."""
        data = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in dataclasses.asdict(self).items()
        }
        return json.dumps({"type": self.type, **data})


@dataclass(frozen=True)
class StageStarted(Message):
    """A named stage begins; `index` of `count` stages, `steps` long (0: length unknown)."""

    type: ClassVar[str] = "stage"
    name: str
    index: int
    count: int
    steps: int
    frozen: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress(Message):
    """Where the current stage is. `eta` in seconds for the whole job; figures are null when not known."""

    type: ClassVar[str] = "progress"
    stage: str
    step: int
    steps: int
    per_second: float | None = None
    eta: float | None = None
    loss: float | None = None
    psnr: float | None = None
    splats: int | None = None


@dataclass(frozen=True)
class Heartbeat(Message):
    """The worker lives; said every other second, whatever it does. `memory`: bytes that it holds now."""

    type: ClassVar[str] = "heartbeat"
    memory: int


@dataclass(frozen=True)
class Paused(Message):
    """The job waits as it was asked to, or goes on again."""

    type: ClassVar[str] = "paused"
    paused: bool


@dataclass(frozen=True)
class SnapshotReady(Message):
    """A newer picture of the scene lies at `path`."""

    type: ClassVar[str] = "snapshot"
    path: str
    stage: str
    step: int


@dataclass(frozen=True)
class PreviewReady(Message):
    """What a video looks like so far: `path` is a .npy file [T, h, w, 3] uint8, replaced by the next preview.

    `take` of `takes` is being made; the file goes away when that take is finished.
    """

    type: ClassVar[str] = "preview"
    path: str
    take: int
    takes: int


@dataclass(frozen=True)
class CamerasPlaced(Message):
    """Where cameras stand so far, in a gauge of their own that changes from one message to the next.

    `poses` holds 12 numbers a frame: world from camera, [3, 4] row by row. `fov` is horizontal, in degrees.
    """

    type: ClassVar[str] = "cameras"
    frames: tuple[int, ...]
    poses: tuple[float, ...]
    fov: float


@dataclass(frozen=True)
class Note(Message):
    """Something the person should know that is not a failure."""

    type: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Produced(Message):
    """The job made a thing: `kind` is run, render, export or take; `data` is its JSON value."""

    type: ClassVar[str] = "produced"
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Finished(Message):
    """The job ended well; `summary` holds its figures."""

    type: ClassVar[str] = "finished"
    summary: dict[str, Any]


@dataclass(frozen=True)
class Failed(Message):
    """The job ended without its result; `sentence` says why and what to do. `cancelled` when asked to.

    `kind`: memory, disk, fault (of ours), killed, or empty for what the sentence says all about.
    """

    type: ClassVar[str] = "failed"
    sentence: str
    cancelled: bool = False
    kind: str = ""


_TYPES: dict[str, type[Message]] = {
    kind.type: kind
    for kind in (
        StageStarted,
        Progress,
        Heartbeat,
        Paused,
        SnapshotReady,
        PreviewReady,
        CamerasPlaced,
        Note,
        Produced,
        Finished,
        Failed,
    )
}


def parse(line: str) -> Message:
    """Read one JSON line back; raises `Refusal` for a line that is no message."""
    try:
        data = json.loads(line)
        kind = _TYPES[data.pop("type")]
        names = {f.name for f in dataclasses.fields(kind)}
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in names}
        return kind(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Refusal(f"This line is not a Splatime message ({fault}): {line[:80]!r}") from fault
