"""Which pixels of a freeze-time video must not be trusted: the artist's pictures, or what no camera explains.

A frame is linked by dense flow to an earlier and a later one. Where flow that agrees both ways leaves the epipolar
geometry of the pair, something moved by itself. In smooth parts flow only guesses, so they say nothing. What moves
along its epipolar line is not seen in that pair, and of two things that each fill half of the picture nobody can say
which one stands still; such frames get no mask.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.exchange import frame_of
from pipeline.poses.flow import Flow, FlowField, Grey, motion_of
from pipeline.poses.tracks import grey
from pipeline.project import media
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SIDE = 384
"""px of the longer side at which flow is looked at; the limits below are px of this."""
STEP, LONGEST = 0.02, 8
"""Frames are linked so far apart that things move by this share of the width, or this many frames at most."""
AGREE = 1.0
"""Flow there and back may differ by this where it is believed."""
OFF = 1.5
"""From this distance to its epipolar line a pixel moves by itself; in still scenes the median is 0.1 to 0.4."""
DETAIL = 1e-4
"""Smaller eigenvalue of the structure tensor (`cv2.cornerMinEigenVal`) from which flow is known in both directions,
about 1.3 grey levels a px. Below, sky and plain walls seem to move."""
KNOWN = 0.2
"""A place is judged where this share of its surroundings has detail."""
SPECK = 0.002
"""Smaller patches, as a share of the picture, are noise of the flow."""
RIM = 0.015
"""Masks are widened by this share of the width: features at a rim see what moves as well."""
MOST = 0.5
"""Of a frame of which more than this would be masked it is not known which part stands still."""
BLACK = 128
"""Grey levels below this are black: masks that went through a lossy file are not quite 0 and 255."""
SHAPE = 0.01
"""How far the masks' aspect ratio may be from the video's, as a share."""
_GRID = 6


def moving_masks(frames: Frames, check: Callable[[], None] = lambda: None) -> Mask:
    """[F, H, W] true where frames [F, H, W, 3] show something that moves by itself.

    `check` is called between frames and may raise to cancel.
    """
    count, height, width = frames.shape[:3]
    images, field = _reduced(grey(frames)), FlowField()
    gap = _gap(images, field)
    votes = np.zeros((count, *images.shape[1:]), np.int8)
    links = np.zeros_like(votes)
    for first in range(count - gap):
        check()
        there = field(images[first], images[first + gap])
        back = field(images[first + gap], images[first])
        for place, one, other in ((first, there, back), (first + gap, back, there)):
            known, off = _leaves_epipolar(one, other)
            links[place] += known
            votes[place] += known & off
    seen = (links > 0) & np.stack([cv2.cornerMinEigenVal(image, 7) > DETAIL for image in images])
    return np.stack([_cleaned(seen[k], seen[k] & (votes[k] == links[k]), (height, width)) for k in range(count)])


def _reduced(images: Grey) -> Grey:
    scale = min(1.0, SIDE / max(images.shape[1:]))
    return np.stack([cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for image in images])


def _gap(images: Grey, field: FlowField) -> int:
    """How many frames a link spans."""
    pairs = np.unique(np.linspace(0, len(images) - 2, 8).round().astype(int))
    usual = float(np.median([motion_of(field(images[k], images[k + 1])) for k in pairs]))
    return int(np.clip(round(STEP / max(usual, 1e-6)), 1, min(LONGEST, len(images) - 1)))


def _leaves_epipolar(there: Flow, back: Flow) -> tuple[Mask, Mask]:
    """[H, W] where flow is believed, and where it is off the epipolar line of the pair."""
    height, width = there.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    to_x, to_y = x + there[..., 0], y + there[..., 1]
    home = cv2.remap(back, to_x, to_y, cv2.INTER_LINEAR)
    inside = (to_x > 2) & (to_y > 2) & (to_x < width - 3) & (to_y < height - 3)
    known = inside & (np.linalg.norm(there + home, axis=-1) < AGREE)
    a, b = np.stack([x, y], -1).astype(np.float64), np.stack([to_x, to_y], -1).astype(np.float64)
    some = known[::_GRID, ::_GRID]
    if some.sum() < 20:
        return np.zeros_like(known), np.zeros_like(known)
    found, _ = cv2.findFundamentalMat(
        a[::_GRID, ::_GRID][some], b[::_GRID, ::_GRID][some], cv2.USAC_MAGSAC, 1.0, 0.999, 2000
    )
    if found is None or found.shape != (3, 3):
        return np.zeros_like(known), np.zeros_like(known)
    return known, sampson(found, a, b) > OFF


def sampson(
    fundamental: npt.NDArray[np.float64], a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """[...] Sampson distance in px of matches a, b [..., 2] to the epipolar geometry b' F a = 0 (Hartley and
    Zisserman, eq. 11.9)."""
    one = np.ones((*a.shape[:-1], 1))
    p, q = np.concatenate([a, one], -1), np.concatenate([b, one], -1)
    lines, back = p @ fundamental.T, q @ fundamental
    norm = np.square(lines[..., :2]).sum(-1) + np.square(back[..., :2]).sum(-1)
    return np.asarray(np.abs((q * lines).sum(-1)) / np.sqrt(np.maximum(norm, 1e-24)))


def _cleaned(known: Mask, off: Mask, size: tuple[int, int]) -> Mask:
    """Whole patches at full size, a little wider than they are; nothing where they fill most of the picture."""
    around, moving = (cv2.blur(mask.astype(np.float32), (9, 9)) for mask in (known, off))
    agreed = (around > KNOWN) & (moving > 0.5 * around)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(agreed.astype(np.uint8))
    large = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= SPECK * off.size]
    kept = np.isin(labels, large).astype(np.uint8)
    if kept.mean() > MOST:
        return np.zeros(size, bool)
    side = 2 * round(RIM * off.shape[1] + 3) + 1
    wide = cv2.dilate(kept, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.asarray(cv2.resize(wide, size[::-1], interpolation=cv2.INTER_NEAREST) > 0)


def read_masks(folder: Path, count: int, size: tuple[int, int]) -> Mask:
    """[F, H, W] of `size` (height, width) true where the artist's pictures are black, as COLMAP and nerfstudio have it.

    One picture a frame in the order of their names, or named for frames (frame_00003.png), where frames without one are
    trusted whole. Raises `Refusal` for a folder that fits neither.
    """
    names = media.names_of(folder)
    if names is None:
        raise Refusal(f"{folder} is a file; name a folder of pictures, black where a frame is not to be trusted.")
    numbers = _frames_named(names, count)
    if numbers is None:
        raise Refusal(
            f"The {len(names)} masks in {folder} do not fit the {count} frames of the video; name them frame_00000.png "
            "and so on, or give one for each frame."
        )
    pictures = media.read_frames(folder)
    height, width = size
    if abs(pictures.shape[2] / pictures.shape[1] * height / width - 1.0) > SHAPE:
        raise Refusal(f"The masks in {folder} have another shape than the video; draw them over its frames.")
    out = np.zeros((count, height, width), bool)
    for number, picture in zip(numbers, pictures, strict=True):
        seen = np.ascontiguousarray(picture.max(-1))
        out[number] = cv2.resize(seen, (width, height), interpolation=cv2.INTER_NEAREST) < BLACK
    return out


def _frames_named(names: Sequence[str], count: int) -> list[int] | None:
    """Which frames masks of these names are of; None when that cannot be told."""
    numbers = [number for name in names if (number := frame_of(name)) is not None]
    if not numbers and len(names) == count:
        return list(range(count))
    fits = len(numbers) == len(names) == len(set(numbers)) and max(numbers, default=count) < count
    return numbers if fits else None
