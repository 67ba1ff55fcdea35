"""What two frames of a video say to each other, by dense flow: how far things moved, whether a still scene explains it.

A link is measured from dense inverse search flow in both directions. Where the flow agrees both ways, an essential
matrix under a guessed field of view gives the parallax that the camera's step made, and a homography tells whether
there was any. Where the picture, moved along the flow, still does not look like the other one, something changed
that no camera explains: water, a face, a surface that a video model paints anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Flow = npt.NDArray[np.float32]

FOV = 50.0
"""Guessed horizontal field of view, degrees: parallax in degrees goes with its inverse, roughly."""
ALIKE = 0.6
"""Local correlation below which a moved patch has another look; compression and blur stay above."""
TEXTURE = 25.0
"""Variance of grey levels (0 to 255) from which a patch has a look at all."""
AGREE = 1.0
"""Flow there and back may differ by this many px where it is believed."""
_GRID = 6
_MOST, _TRIANGULATED = 800, 100
"""Points in the fits of a link, and those of them that give the parallax: more cost time and change nothing."""


@dataclass(frozen=True, eq=False)
class Link:
    """From frame `first` to frame `second` (places, not source indices).

    Attributes:
        motion: median length of the flow as a share of the width.
        changed: share of the textured picture that does not look the same after moving along the flow.
        flat: share of the believed flow that one homography explains.
        step: [3] direction in which the camera went, in its own axes, as long as the parallax in degrees.
        turn: [3] axis about which it turned, in its own axes, as long as the angle in degrees.
    """

    first: int
    second: int
    motion: float
    changed: float
    flat: float
    step: Floats
    turn: Floats


class FlowField:
    """Dense flow between images of one size; keeps OpenCV's buffers."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, a: Grey, b: Grey) -> Flow:
        """[H, W, 2] px (x, y) from `a` to `b`."""
        return np.asarray(self._dis.calc(a, b, None), np.float32)


def motion_of(flow: Flow) -> float:
    """Median length, as a share of the width."""
    return float(np.median(np.linalg.norm(flow[::4, ::4], axis=-1))) / int(flow.shape[1])


def link(images: Grey, first: int, second: int, there: Flow, field: FlowField) -> Link:
    """Measure a link; `there` is the flow from first to second."""
    a, b = images[first], images[second]
    back = field(b, a)
    height, width = a.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    to_x, to_y = x + there[..., 0], y + there[..., 1]
    inside = (to_x > 2) & (to_y > 2) & (to_x < width - 3) & (to_y < height - 3)
    textured, alike = _likeness(a, cv2.remap(b, to_x, to_y, cv2.INTER_CUBIC))
    seen = textured & inside
    home = cv2.remap(back, to_x, to_y, cv2.INTER_LINEAR)
    believed = (inside & (np.linalg.norm(there + home, axis=-1) < AGREE))[::_GRID, ::_GRID] & textured[::_GRID, ::_GRID]
    pixels = np.stack([x, y], -1)[::_GRID, ::_GRID][believed].astype(np.float64) + 0.5
    flat, step, turn = _geometry(pixels, pixels + there[::_GRID, ::_GRID][believed], (height, width))
    changed = float((alike[seen] < ALIKE).mean()) if seen.any() else 0.0
    return Link(first, second, motion_of(there), changed, flat, step, turn)


def _likeness(a: Grey, b: Grey) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Where `a` has texture, and the local correlation of the two images [H, W]."""
    p, q = a.astype(np.float32), b.astype(np.float32)

    def mean(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 3.0), np.float32)

    mean_p, mean_q = mean(p), mean(q)
    var_p = np.maximum(mean(p * p) - mean_p * mean_p, 0)
    var_q = np.maximum(mean(q * q) - mean_q * mean_q, 0)
    both = mean(p * q) - mean_p * mean_q
    noise = 4.0  # grey levels squared: rounding and compression must not look like change
    alike = (both + noise) / np.sqrt((var_p + noise) * (var_q + noise))
    return var_p > TEXTURE, np.asarray(alike, np.float32)


def _geometry(a: Floats, b: Floats, size: tuple[int, int]) -> tuple[float, Floats, Floats]:
    """The share that a homography explains, the step of the camera [3] in degrees of parallax, and its turn [3]."""
    none = np.zeros(3)
    some = slice(None, None, max(1, -(-len(a) // _MOST)))
    a, b = a[some], b[some]
    if len(a) < 20:
        return 0.0, none, none
    _, fits = cv2.findHomography(a, b, cv2.USAC_MAGSAC, 1.0, maxIters=500, confidence=0.99)
    flat = float(fits.mean()) if fits is not None else 0.0
    height, width = size
    focal = 0.5 * width / np.tan(0.5 * np.radians(FOV))
    k = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    essential, good = cv2.findEssentialMat(a, b, k, cv2.USAC_MAGSAC, 0.99, 1.0, 500)
    if essential is None or essential.shape != (3, 3):
        return flat, none, none
    fit = np.flatnonzero(good)[:: max(1, int(good.sum()) // _TRIANGULATED)]
    if len(fit) < 12:
        return flat, none, none
    _, turn, shift, good, points = cv2.recoverPose(essential, a[fit], b[fit], k, distanceThresh=1e4)
    kept = good.ravel() > 0
    if kept.sum() < 12:
        return flat, none, none
    points = (points[:3, kept] / points[3, kept]).T
    centre = -(turn.T @ shift).ravel()
    angles = _angles(points, points - centre)
    step = centre / max(float(np.linalg.norm(centre)), 1e-12) * float(np.median(angles))
    return flat, step, np.degrees(cv2.Rodrigues(turn)[0].ravel())


def _angles(a: Floats, b: Floats) -> Floats:
    cosines = (a * b).sum(1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-12)
    return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))))
