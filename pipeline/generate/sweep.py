"""Extending the orbit (section 3.2): 8 known frames lead to 8 new ones, forward and backward, until it reaches so far.

How many degrees a video covers is measured by whoever asks, because solving cameras is not ours: `Degrees` gets frames
in order and says how far the camera travelled in them. Left is what lies before the canonical frame, right what
follows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.generate.adapters import SEEDS, Video, made, scored, settled
from pipeline.generate.provider import Frames, Known, Making, VideoProvider
from pipeline.project.take import VideoRequest

CONTEXT = 8
"""Known frames of a step, half of the paper's 16; fewer where the provider makes less in one go."""
MOST_FRAMES = 400
STANDSTILL, PATIENCE = 1.0, 2
"""A step that covers less than so many degrees goes nowhere; after so many in a row the extension ends."""

Degrees = Callable[[Frames], float]


@dataclass(frozen=True, eq=False)
class Sweep:
    """A video that grows at both ends.

    Attributes:
        video: all frames so far.
        shift: new frames before the source's first one.
        left, right: degrees covered before and after the canonical frame.
        why: why it ended, for people; empty while it goes on.
    """

    video: Video
    shift: int
    left: float
    right: float
    why: str = ""

    @property
    def degrees(self) -> float:
        """What both sides cover together."""
        return self.left + self.right


def extend(
    provider: VideoProvider, request: VideoRequest, start: Sweep, side: str, wanted: float, degrees: Degrees
) -> Generator[Making | Sweep, None, None]:
    """Grow `start` step by step, yielding where a step is and, after each one, the whole as far as it is finished.

    `side` is left, right or both: then always the side that covers less. It ends when `wanted` degrees are covered,
    after one step when `wanted` is 0, when the camera no longer travels, or at `MOST_FRAMES`.
    """
    sweep, idle, number = start, 0, 0
    while True:
        at = side if side != "both" else ("left" if sweep.left < sweep.right else "right")
        chunk = yield from _step(provider, request, sweep.video, at, number)
        grown = _joined(sweep, chunk, at, degrees)
        idle = idle + 1 if grown.degrees - sweep.degrees < STANDSTILL else 0
        number += 1
        sweep = replace(grown, why=_why(grown, wanted, idle))
        yield sweep
        if sweep.why:
            return


def _why(sweep: Sweep, wanted: float, idle: int) -> str:
    if not wanted:
        return "One step was asked for."
    if sweep.degrees >= wanted:
        return f"It covers {sweep.degrees:.0f} degrees now."
    if idle >= PATIENCE:
        return f"The camera no longer travels, so it ends at {sweep.degrees:.0f} degrees."
    if len(sweep.video.frames) >= MOST_FRAMES:
        return f"It has {len(sweep.video.frames)} frames now, which is enough for any lift."
    return ""


def _step(
    provider: VideoProvider, request: VideoRequest, video: Video, side: str, number: int
) -> Generator[Making, None, Video]:
    """One go: the outermost frames of a side are known, as many again follow."""
    longest, count = provider.ability.longest, len(video.frames)
    known = min(CONTEXT, max(1, longest // 2), count)
    new = max(1, min(2 * CONTEXT, longest) - known)
    inner = range(count - known, count) if side == "right" else range(known)
    positions = range(known) if side == "right" else range(new, new + known)
    given = Known(
        video.frames[list(inner)], tuple(positions), (1.0,) * known, tuple(video.origins[i] for i in inner)
    )  # fmt: skip
    seed = (request.seed + 104_729 * number) % SEEDS
    asked = settled(replace(request, n_frames=known + new, seed=seed), provider.ability, given)
    return (yield from made(provider, asked, given))


def _joined(sweep: Sweep, chunk: Video, side: str, degrees: Degrees) -> Sweep:
    """The sweep with a step's new frames; all frame numbers in its provenance are those of the whole."""
    video = sweep.video
    fresh = [i for piece in chunk.provenance["pieces"] for i in piece["frames"]]
    new = len(fresh)
    if side == "right":
        known = len(chunk.frames) - new
        frames = np.concatenate([video.frames, chunk.frames[known:]])
        origins = (*video.origins, *chunk.origins[known:])
        before, after, shift = 0, len(video.frames) - known, 0
        travelled = degrees(frames[len(video.frames) - 1 :])
    else:
        frames = np.concatenate([chunk.frames[:new], video.frames])
        origins = (*chunk.origins[:new], *video.origins)
        before, after, shift = new, 0, new
        travelled = degrees(frames[: new + 1])
    pieces = [
        *(_moved(piece, before) for piece in video.provenance.get("pieces", ())),
        *(_moved(piece, after) for piece in chunk.provenance["pieces"]),
    ]
    provenance = {**chunk.provenance, "pieces": pieces}
    whole = scored(Video(frames, origins, provenance))
    left, right = (travelled, 0.0) if side == "left" else (0.0, travelled)
    return Sweep(whole, sweep.shift + shift, sweep.left + left, sweep.right + right)


def _moved(piece: dict[str, Any], by: int) -> dict[str, Any]:
    return {**piece, "frames": [i + by for i in piece["frames"]]}
