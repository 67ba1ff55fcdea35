"""Features followed from frame to frame by Lucas and Kanade's method, and points triangulated from them.

For what must be quick or has its cameras already: judging a video before anything is solved, and giving points to
cameras that came without. OpenCV does the following; COLMAP's features, in their own process, are another matter.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from renderer.camera import Camera

Frames = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

WINDOW = 15
"""Side of the patch that is followed, px: smaller ones slide along edges, larger ones straddle depths."""
RETURN = 0.7
"""A feature followed there and back may miss its start by this many px."""
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03)


@dataclass(frozen=True, eq=False)
class Tracks:
    """xy [T, F, 2] float64: where each feature lies in each frame, px with centres at .5; nan where it was not seen."""

    xy: Floats

    def longer_than(self, frames: int) -> int:
        """How many features were seen in more than so many frames."""
        return int((np.isfinite(self.xy[:, :, 0]).sum(1) > frames).sum())

    def between(self, first: int, second: int) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """[N, 2] px in both frames, and the rows [N] of the features that both see."""
        rows = np.flatnonzero(np.isfinite(self.xy[:, [first, second], 0]).all(1))
        return self.xy[rows, first], self.xy[rows, second], rows


def grey(frames: Frames) -> Grey:
    """[F, H, W, 3] sRGB to [F, H, W]."""
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])


def follow(images: Grey, count: int) -> Tracks:
    """Follow up to `count` features at a time through images [F, H, W]; lost ones are replaced by new ones."""
    height, width = images.shape[1:]
    apart = max(3.0, 0.7 * (height * width / count) ** 0.5)
    live = _features(images[0], np.zeros((0, 2), np.float32), count, apart)
    total, rows = len(live), np.arange(len(live))
    columns = [(rows, live)]
    for before, after in itertools.pairwise(images):
        moved, kept = followed(before, after, live)
        live, rows = moved[kept], rows[kept]
        fresh = _features(after, live, count - len(live), apart)
        rows = np.concatenate([rows, np.arange(total, total + len(fresh))])
        live = np.concatenate([live, fresh])
        total += len(fresh)
        columns.append((rows, live))
    xy = np.full((total, len(images), 2), np.nan)
    for frame, (which, place) in enumerate(columns):
        xy[which, frame] = place + 0.5  # OpenCV counts from the centre of the first pixel
    return Tracks(xy)


def followed(
    before: Grey, after: Grey, points: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where points [N, 2] of one image [H, W] went in another, and which of them were found there and back."""
    if len(points) == 0:
        return points, np.zeros(0, bool)
    size = (WINDOW, WINDOW)
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, winSize=size, maxLevel=4, criteria=_STOP)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None, winSize=size, maxLevel=4, criteria=_STOP)
    height, width = before.shape
    kept = (ok[:, 0] > 0) & (ok_back[:, 0] > 0) & (np.linalg.norm(back - points, axis=1) < RETURN)
    kept &= (there >= 0).all(1) & (there[:, 0] <= width - 1) & (there[:, 1] <= height - 1)
    return np.asarray(there, np.float32), kept


def _features(image: Grey, known: npt.NDArray[np.float32], count: int, apart: float) -> npt.NDArray[np.float32]:
    """Up to `count` new corners [N, 2] that keep their distance from those that are known."""
    if count < 1:
        return np.zeros((0, 2), np.float32)
    mask = np.full(image.shape, 255, np.uint8)
    for x, y in known:
        cv2.circle(mask, (round(float(x)), round(float(y))), round(apart), 0, -1)
    corners = cv2.goodFeaturesToTrack(image, count, 0.002, apart, mask=mask, blockSize=5)
    return np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners, np.float32).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class Triangulated:
    """points [P, 3] world; owners [M] rising, frames [M], xy [M, 2]: where they were seen; errors [M] px."""

    points: Floats
    owners: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    xy: Floats
    errors: Floats


def triangulate(tracks: Tracks, cameras: Sequence[Camera | None], pixels: float, min_angle: float) -> Triangulated:
    """Points from tracks and known cameras (None: a frame without one).

    An observation may be off by `pixels`; a point needs three observations (two where there are only two cameras) and
    rays that meet under `min_angle` degrees or more.
    """
    placed = np.array([camera is not None for camera in cameras])
    least = min(3, int(placed.sum()))
    owners, frames = np.nonzero(np.isfinite(tracks.xy[:, :, 0]) & placed)
    xy = tracks.xy[owners, frames]
    points = np.zeros((len(tracks.xy), 3))
    errors = np.zeros(len(owners))
    for _ in range(2):  # once with everything, once without what did not fit
        enough = np.bincount(owners, minlength=len(points)) >= least
        kept = enough[owners]
        owners, frames, xy = owners[kept], frames[kept], xy[kept]
        points = _intersect(owners, frames, xy, cameras, len(points))
        errors = _errors(points, owners, frames, xy, cameras)
        kept = errors < pixels
        owners, frames, xy, errors = owners[kept], frames[kept], xy[kept], errors[kept]
    centres = np.array([np.zeros(3) if camera is None else camera.centre for camera in cameras])
    angles = widest_angles(points, owners, centres[frames])
    good = (np.bincount(owners, minlength=len(points)) >= least) & (angles >= min_angle)
    kept = good[owners]
    number = np.cumsum(good) - 1
    return Triangulated(points[good], number[owners[kept]], frames[kept], xy[kept], errors[kept])


def _intersect(
    owners: npt.NDArray[np.int64],
    frames: npt.NDArray[np.int64],
    xy: Floats,
    cameras: Sequence[Camera | None],
    count: int,
) -> Floats:
    """[count, 3]: the direct linear solution for each owner; zero for those without observations."""
    projections = np.array([np.zeros((3, 4)) if c is None else (c.camera_from_world[:3]) for c in cameras])
    inverses = np.array([np.eye(3) if c is None else np.linalg.inv(c.K) for c in cameras])
    rays = np.einsum("nij,nj->ni", inverses[frames], np.concatenate([xy, np.ones((len(xy), 1))], 1))
    p = projections[frames]
    rows = rays[:, :2, None] * p[:, 2:3] - p[:, :2]  # two equations an observation
    squares = np.zeros((count, 4, 4))
    np.add.at(squares, owners, np.einsum("nri,nrj->nij", rows, rows))
    vectors = np.linalg.eigh(squares)[1][:, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        points = vectors[:, :3] / vectors[:, 3:]
    return np.where(np.isfinite(points), points, 0.0)


def _errors(
    points: Floats,
    owners: npt.NDArray[np.int64],
    frames: npt.NDArray[np.int64],
    xy: Floats,
    cameras: Sequence[Camera | None],
) -> Floats:
    """[M] reprojection errors in px; infinite behind a camera."""
    errors = np.full(len(owners), np.inf)
    for frame, camera in enumerate(cameras):
        rows = np.flatnonzero(frames == frame)
        if camera is not None and len(rows):
            with np.errstate(divide="ignore", invalid="ignore"):
                pixels, depth = camera.project(points[owners[rows]])
                off = np.linalg.norm(pixels - xy[rows], axis=1)
            errors[rows] = np.where((depth > 1e-9) & np.isfinite(off), off, np.inf)
    return errors


def widest_angles(points: Floats, owners: npt.NDArray[np.int64], centres: Floats) -> Floats:
    """[P] the widest angle, in degrees, under which two of the cameras that see a point see it; 0 below two.

    `owners` [M] rising says whose the camera centres [M, 3] are.
    """
    angles = np.zeros(len(points))
    if len(owners) == 0:
        return angles
    rays = centres - points[owners]
    rays /= np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-12)
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    for start, group in zip(starts, np.split(rays, starts[1:]), strict=True):
        angles[owners[start]] = np.degrees(np.arccos(np.clip((group @ group.T).min(), -1.0, 1.0)))
    return angles
