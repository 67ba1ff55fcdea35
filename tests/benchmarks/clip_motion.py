"""How much the camera and the things of a small video move, told apart by dense flow between neighbouring frames.

What the things do is what remains of the flow when the simplest motion of a camera that explains most of the picture is
taken away: none, a turn (a homography), or a way (the distance to epipolar lines). So parallax counts nothing, and a
still camera hides no motion that happens to follow some epipolar line. What moves along its line in front of a moving
camera is not seen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.flow import Flow, FlowField
from pipeline.poses.masks import sampson

Points = npt.NDArray[np.float64]
LARGER = 4
"""Flow is looked at so many times larger: small videos have things of a few px."""
NEAR = 0.25
"""px of the video within which a motion of the camera explains a place."""
STILL, TURNED = 0.6, 0.8
"""Share of the picture that must be explained by no motion, or by a turn, before a richer one is tried."""
FEW = 50


class Motion(NamedTuple):
    """px a step: `camera` the median flow, `things` the 95th percentile of what no camera explains."""

    camera: float
    things: float


def motion(frames: npt.NDArray[np.uint8]) -> Motion:
    """Means over all steps of a video [T, H, W, 3]."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    large = [cv2.resize(image, None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC) for image in grey]
    field = FlowField()
    steps = [_step(field(a, b), field(b, a)) for a, b in pairwise(np.asarray(image, np.uint8) for image in large)]
    told = [step for step in steps if step is not None]
    return Motion(*np.mean(told, 0).tolist()) if told else Motion(0.0, 0.0)


def _step(there: Flow, back: Flow) -> Motion | None:
    a, b = _matches(there, back)
    if len(a) < FEW:
        return None
    moved = np.linalg.norm(b - a, axis=1)
    return Motion(float(np.median(moved)) / LARGER, float(np.percentile(_unexplained(a, b, moved), 95)) / LARGER)


def _matches(there: Flow, back: Flow) -> tuple[Points, Points]:
    """Places of a grid and where they went, where the flow agrees both ways."""
    height, width = there.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    to_x, to_y = x + there[..., 0], y + there[..., 1]
    home = cv2.remap(back, to_x, to_y, cv2.INTER_LINEAR)
    inside = (to_x > 2) & (to_y > 2) & (to_x < width - 3) & (to_y < height - 3)
    known = (inside & (np.linalg.norm(there + home, axis=-1) < 1.0))[::LARGER, ::LARGER]
    a, b = np.stack([x, y], -1), np.stack([to_x, to_y], -1)
    return a[::LARGER, ::LARGER][known].astype(np.float64), b[::LARGER, ::LARGER][known].astype(np.float64)


def _unexplained(a: Points, b: Points, moved: Points) -> Points:
    """px between where places went and where the simplest camera that fits would have taken them."""
    near = NEAR * LARGER
    if np.mean(moved < near) >= STILL:
        return moved
    turn, _ = cv2.findHomography(a, b, cv2.USAC_MAGSAC, near)
    if turn is not None:
        left = np.linalg.norm(cv2.perspectiveTransform(a[None], turn)[0] - b, axis=1)
        if np.mean(left < near) >= TURNED:
            return np.asarray(left)
    way, _ = cv2.findFundamentalMat(a, b, cv2.USAC_MAGSAC, near / 2, 0.999, 2000)
    return moved if way is None or way.shape != (3, 3) else sampson(way, a, b)
