"""Does a reference video's camera stand still, and making it so.

The dominant motion of each frame against an anchor frame is found as a similarity (shift, turn, zoom) that most
followed features agree on; what moves in the scene is outvoted. Stabilising moves every frame back onto the anchor, in
the anchor's own geometry: nothing is cropped, because the freeze-time video shows the same view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.tracks import follow, followed, grey

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

STILL = 0.5
"""px in a picture of up to `SIDE`: less is compression and rounding, more is taken for motion of the scene."""
SIDE = 512
UNTOUCHED = 0.1
"""Frames that are off by less px than this are passed through as they are."""
SHAKE = 0.05
"""Share of the width up to which a drift is worth stabilising; beyond, the camera is meant to move."""
FEATURES = 600
FEWEST = 12


@dataclass(frozen=True, eq=False)
class Stillness:
    """How the camera of a reference video behaves.

    Attributes:
        anchor: place of the frame that the others are held against.
        motions: [F, 2, 3] anchor pixels (OpenCV's, the first centre at 0) to each frame's.
        drift: [F] px, the largest shift of a corner of the picture; nan where too little could be followed.
        width: px of the pictures measured. scale: how many px of the video one of theirs is; drifts are told in those.
    """

    anchor: int
    motions: Floats
    drift: Floats
    width: int
    scale: float = 1.0

    @property
    def worst(self) -> float:
        """px, the largest drift; nan where nothing could be followed."""
        return float(np.nanmax(self.drift)) if np.isfinite(self.drift).any() else float("nan")

    @property
    def is_still(self) -> bool:
        return bool(self.worst < STILL * max(1.0, self.width / SIDE))

    @property
    def is_sure(self) -> bool:
        """Whether most frames could be held against the anchor."""
        return bool(np.isfinite(self.drift).mean() > 0.8)

    @property
    def is_shake(self) -> bool:
        """Whether the drift is small enough to be an accident."""
        return bool(self.worst < SHAKE * self.width)

    def sentence(self) -> str:
        """The verdict and what to do."""
        told = self.worst * self.scale
        if not self.is_sure:
            return "The camera moves, or too little of the picture can be followed; this is no reference video."
        if self.is_still:
            return f"The camera stands still: the background drifts by {told:.2f} px at most."
        if self.is_shake:
            return f"The camera shakes: the background drifts by up to {told:.1f} px; stabilise the video."
        return f"The camera moves: the background drifts by up to {told:.0f} px; this is no reference video."

    def to_json(self) -> dict[str, Any]:
        drift = [round(float(d) * self.scale, 3) if np.isfinite(d) else None for d in self.drift]
        worst = round(self.worst * self.scale, 3) if np.isfinite(self.worst) else None
        return {"still": self.is_still, "drift_px": worst, "drift_by_frame": drift, "sentence": self.sentence()}


def stillness(
    frames: Frames, anchor: int | None = None, scale: float = 1.0, poll: Callable[[], None] = lambda: None
) -> Stillness:
    """Measure frames [F, H, W, 3]; without an anchor, the one in the middle of the others' motions is taken.

    `scale` says how many px of the video one px of `frames` is. `poll` is called between frames, and may raise.
    """
    images = grey(frames)
    if anchor is None:
        first = _against(images, 0, poll)
        centres = first[:, :, 2]
        spread = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
        anchor = int(np.argmin(np.where(np.isfinite(spread), spread, 1e9).sum(1)))
    motions = _against(images, anchor, poll)
    height, width = images.shape[1:]
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], float)
    moved = np.einsum("fij,cj->fci", motions, corners) - corners[:, :2]
    return Stillness(anchor, motions, np.linalg.norm(moved, axis=-1).max(1), width, scale)


def _against(images: npt.NDArray[np.uint8], anchor: int, poll: Callable[[], None]) -> Floats:
    """[F, 2, 3] similarities from the anchor's pixels to each frame's; nan where too little could be followed."""
    start = follow(images[anchor : anchor + 1], FEATURES).xy[:, 0].astype(np.float32) - 0.5
    out = np.full((len(images), 2, 3), np.nan)
    for place, image in enumerate(images):
        poll()
        if place == anchor:
            out[place] = np.eye(3)[:2]
            continue
        there, kept = followed(images[anchor], image, start)
        if kept.sum() < FEWEST:
            continue
        found, inliers = cv2.estimateAffinePartial2D(
            start[kept], there[kept], method=cv2.RANSAC, ransacReprojThreshold=0.5, maxIters=2000, confidence=0.999
        )
        if found is not None and inliers.sum() >= FEWEST:
            out[place] = found
    return out


def stabilised(frames: Frames, measured: Stillness) -> Iterator[Frames]:
    """Frames moved onto the anchor, bicubically in sRGB; those that need nothing pass through exactly.

    What a frame does not show at its rim is taken from the anchor, whose view it is.
    """
    height, width = frames.shape[1:3]
    anchor = frames[measured.anchor]
    for frame, motion, drift in zip(frames, measured.motions, measured.drift, strict=True):
        if not drift >= UNTOUCHED:
            yield frame
            continue
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(frame, motion, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        covered = cv2.warpAffine(np.full((height, width), 255, np.uint8), motion, (width, height), flags=flags)
        yield np.where((covered < 255)[..., None], anchor, moved)
