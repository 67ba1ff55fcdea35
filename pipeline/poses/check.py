"""Is a freeze-time video worth lifting? Judged in seconds from flow between its frames; no camera is solved.

At most `FRAMES` frames at `SIDE` px are looked at. Neighbours are linked over steps large enough to see parallax in;
the links say how far the camera goes around the scene, whether it travels or only turns, and where something changes
that should stand still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.flow import FlowField, Link, link, motion_of
from pipeline.poses.liftability import CHANGING, Liftability, Reason, coverage_reasons, ramp, spans
from pipeline.poses.still import Stillness
from pipeline.poses.tracks import grey

_STILL = Reason("the camera does not move", "choose or generate a video that circles the scene", 95)

Frames = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

FRAMES, SIDE = 48, 384
"""What is looked at: more frames or pixels cost seconds and change no verdict on the videos that it was tried on."""
FEWEST = 4
STEP, LONGEST = 0.02, 8
"""A link ends where things moved by this share of the width, or after so many frames."""
STILL = 0.004
"""A camera is still when nothing has moved by this share of the width over the longest link."""
HELD = 0.006
"""The same for the background as `stillness` follows it through the whole video."""
FLAT = 0.9
"""One homography explains more than this of the flow when a camera turns or zooms; an orbit stays below 0.7."""
BLANK = 2.0
BLURRED = 0.4
"""Sharpness below this share of its neighbours' is a blurred frame."""
SAME = 0.3
"""Mean difference in grey levels below which a frame repeats the one before it."""


@dataclass(frozen=True, eq=False)
class Check:
    """What was seen.

    Attributes:
        frames: source indices looked at. sharpness: [F] as `sharpness` has it.
        coverage: degrees of travel around the scene, under a guessed field of view.
        motion: median motion from frame to frame, share of the width. changed, flat: medians over links.
    """

    frames: tuple[int, ...]
    sharpness: Floats
    coverage: float
    motion: float
    changed: float
    flat: float
    liftability: Liftability

    def to_json(self) -> dict[str, Any]:
        return {
            **self.liftability.to_json(),
            "frames_looked_at": list(self.frames),
            "coverage_degrees": round(self.coverage, 1),
            "motion_per_frame": round(self.motion, 5),
            "changed_share": round(self.changed, 3),
            "flat_share": round(self.flat, 3),
        }


def chosen_frames(count: int) -> tuple[int, ...]:
    """The source frames that are looked at, evenly spread."""
    return tuple(np.unique(np.linspace(0, count - 1, min(count, FRAMES)).round().astype(int)).tolist())


def check(
    frames: Frames,
    indices: Sequence[int],
    total: int,
    still: Stillness | None = None,
    poll: Callable[[], None] = lambda: None,
) -> Check:
    """Judge frames [F, H, W, 3], which are the source frames `indices` of `total`.

    `still` is what `stillness` found of the same frames: large things that move before a still camera look like travel.
    `poll` is called between frames, and may raise.
    """
    images = _at_side(frames)
    sharp = _sharpness(images)
    blank = [index for index, image in zip(indices, images, strict=True) if image.std() < BLANK]
    fatal = _fatal(total, blank, len(indices))
    if fatal is not None:
        return Check(tuple(indices), sharp, 0.0, 0.0, 0.0, 0.0, Liftability.of([fatal]))
    links = chain(images, poll)
    spacing = max(1.0, (indices[-1] - indices[0]) / max(1, len(indices) - 1))
    motion = float(np.median([one.motion / (one.second - one.first) for one in links])) / spacing
    changed, flat = (float(np.median([getattr(one, name) for one in links])) for name in ("changed", "flat"))
    coverage = travelled(links)
    moves = max(one.motion for one in links) >= STILL
    if still is not None and still.is_sure and still.worst < HELD * still.width:
        moves = False
    reasons = _reasons(links, indices, coverage, flat) if moves else [_STILL]
    reasons += _frame_reasons(images, sharp, indices, blank)
    return Check(tuple(indices), sharp, coverage, motion, changed, flat, Liftability.of(reasons))


def _at_side(frames: Frames) -> Grey:
    """Frames in grey with `SIDE` px on the longer side, so that limits in px mean the same for all."""
    scale = SIDE / max(frames.shape[1:3])
    way = cv2.INTER_CUBIC if scale > 1.0 else cv2.INTER_AREA
    return np.stack([cv2.resize(image, None, fx=scale, fy=scale, interpolation=way) for image in grey(frames)])


def sharpness(frames: Frames) -> Floats:
    """[F] variance of the Laplacian of frames [F, H, W, 3], over the median of the frame and its two neighbours on
    either side; nan for a blank frame."""
    return _sharpness(_at_side(frames))


def _sharpness(images: Grey) -> Floats:
    raw = np.array([cv2.Laplacian(image, cv2.CV_64F).var() if image.std() >= BLANK else np.nan for image in images])
    local = [np.nan if np.isnan(own) else np.nanmedian(raw[max(0, i - 2) : i + 3]) for i, own in enumerate(raw)]
    return np.asarray(raw / np.maximum(local, 1e-9))


def blurred_reasons(frames: Sequence[int], sharp: Floats) -> list[Reason]:
    """Frames much less sharp than their neighbours; `sharp` is of these `frames`."""
    blurred = tuple(index for index, value in zip(frames, sharp, strict=True) if value < BLURRED)
    if not blurred:
        return []
    return [Reason(f"{spans(blurred)}: blurred", "drop or re-roll them", 4 + 40 * len(blurred) / len(frames), blurred)]


def _fatal(total: int, blank: Sequence[int], seen: int) -> Reason | None:
    if total < FEWEST:
        has = "one frame" if total == 1 else f"{total} frames"
        return Reason(f"it has only {has}, and cameras need at least {FEWEST}", "generate a longer one", 100)
    if len(blank) > seen / 2:
        return Reason("its frames are blank", "check the file or generate another one", 100, tuple(blank))
    return None


def chain(images: Grey, poll: Callable[[], None] = lambda: None) -> list[Link]:
    """Links from the first frame to the last, each ending where enough has moved."""
    field, links, first = FlowField(), [], 0
    while first < len(images) - 1:
        for second in range(first + 1, min(first + LONGEST, len(images) - 1) + 1):
            poll()
            flow = field(images[first], images[second])
            if motion_of(flow) > STEP:
                break
        links.append(link(images, first, second, flow, field))
        first = second
    return links


def travelled(links: Sequence[Link]) -> float:
    """Degrees between the two ends of the camera's path that lie furthest apart: swaying adds nothing."""
    return _furthest(np.concatenate([np.zeros((1, 3)), np.cumsum([one.step for one in links], axis=0)]))


def _furthest(path: Floats) -> float:
    """The largest distance between any two of [N, 3]."""
    return float(np.linalg.norm(path[:, None] - path[None], axis=-1).max())


def coverage_of(frames: Frames) -> float:
    """Degrees that the camera of frames [F, H, W, 3] goes around what it looks at, estimated from flow in a moment.

    A camera that circles turns by as much as it goes around, however far the things in sight are; parallax, by which
    `check` judges, is less where a room's walls fill the picture. Where a camera only turns, nothing is covered.
    """
    if len(frames) < 2:
        return 0.0
    turns = [one.turn for one in chain(_at_side(frames)) if one.flat <= FLAT]
    return _furthest(np.concatenate([np.zeros((1, 3)), np.cumsum(turns, axis=0)])) if turns else 0.0


def _reasons(links: Sequence[Link], indices: Sequence[int], coverage: float, flat: float) -> list[Reason]:
    if flat > FLAT:
        text = "the camera turns or zooms but does not travel, so there is no depth in it"
        return [Reason(text, "choose or generate a video that circles the scene", 85)]
    return [*coverage_reasons(coverage), *_change_reasons(links, indices)]


def _change_reasons(links: Sequence[Link], indices: Sequence[int]) -> list[Reason]:
    """Things that move or are painted anew: everywhere, or in a few frames."""
    changed = np.array([one.changed for one in links])
    usual = float(np.median(changed))
    reasons = []
    if usual > CHANGING[0]:
        text = f"{usual:.0%} of the picture moves or changes its look in a way that no camera explains"
        cost = 30 + 50 * ramp(usual, *CHANGING)
        reasons.append(Reason(text, "the scene is not frozen; generate another one", cost))
    odd = [one for one in links if one.changed > max(CHANGING[1], 2.5 * usual)]
    if odd and usual < CHANGING[1]:
        frames = sorted({f for one in odd for f in range(indices[one.first], indices[one.second] + 1)})
        share = len(odd) / len(links)
        text = f"{spans(frames)}: the subject moved or the picture jumped"
        reasons.append(Reason(text, "drop or re-roll them", 8 + 60 * share, tuple(frames)))
    return reasons


def _frame_reasons(images: Grey, sharp: Floats, indices: Sequence[int], blank: Sequence[int]) -> list[Reason]:
    reasons = []
    if blank:
        reasons.append(Reason(f"{spans(blank)}: blank", "drop them", 5 + 60 * len(blank) / len(indices), tuple(blank)))
    reasons += blurred_reasons(indices, sharp)
    steps = np.abs(np.diff(images[:, ::2, ::2].astype(np.float32), axis=0)).reshape(len(images) - 1, -1).mean(1)
    same = [indices[i + 1] for i, step in enumerate(steps) if step < SAME and indices[i + 1] - indices[i] == 1]
    if same and len(same) < len(steps):
        cost = 20 * len(same) / len(steps)
        reasons.append(Reason(f"{spans(same)}: the same picture as the one before", "drop them", cost, tuple(same)))
    return [reason for reason in reasons if math.isfinite(reason.cost)]
