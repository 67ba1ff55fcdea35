"""Seams: the places where frames of different making meet, and how well they do.

The score of a seam between frames i and i + 1 is usual / across, at most 1: `across` is the mean absolute difference of
the two frames in grey levels (0 to 255) over all pixels and channels, `usual` the median of the same figure over up to
`AROUND` steps on each side of it that are no seams; one grey level is added to both, for noise. 1: the video goes on as
before. 0.5: it changes twice as much there as beside it, which is seen as a jump, a flash or another colour.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from pipeline.generate.provider import Frames

AROUND = 4
SIDE = 96
NOISE = 1.0


def seams_of(n_frames: int, new: Collection[int], breaks: Collection[int] = ()) -> tuple[int, ...]:
    """Frames i with a seam to i + 1: one of them is new and the other is not, or a new piece begins after i."""
    some = set(new)
    meet = {i for i in range(n_frames - 1) if (i in some) != (i + 1 in some)}
    return tuple(sorted(meet | {i for i in breaks if 0 <= i < n_frames - 1}))


def seam_scores(frames: Frames, seams: Collection[int]) -> tuple[float, ...]:
    """Score of each of the seams, in order, of a video [T, H, W, 3]."""
    if not seams:
        return ()
    steps, joints = changes(frames), sorted(seams)
    scores = []
    for i in joints:
        beside = [steps[j] for j in range(max(0, i - AROUND), min(len(steps), i + AROUND + 1)) if j not in seams]
        usual = float(np.median(beside)) if beside else float(np.median(steps))
        scores.append(min(1.0, (usual + NOISE) / (float(steps[i]) + NOISE)))
    return tuple(scores)


def changes(frames: Frames) -> npt.NDArray[np.float64]:
    """[T - 1] mean absolute difference of neighbours, in grey levels, on a grid of about `SIDE` points a side."""
    stride = max(1, max(frames.shape[1:3]) // SIDE)
    small = frames[:, ::stride, ::stride].astype(np.int16)
    return np.asarray(np.abs(np.diff(small, axis=0)).reshape(len(frames) - 1, -1).mean(1), np.float64)
