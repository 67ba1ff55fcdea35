"""The shared moment of two videos: the pair of frames of least difference (section 3.2's canonical frame)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.project.project import Project
from pipeline.project.provenance import coverage_in
from pipeline.project.take import Take

GRID = 48  # cells along the longer side; finer grids let noise and one-pixel shifts outvote the pose of a limb


def closest_pair(
    reference: Sequence[npt.NDArray[np.uint8]] | npt.NDArray[np.uint8],
    freeze_time: Sequence[npt.NDArray[np.uint8]] | npt.NDArray[np.uint8],
) -> tuple[int, int]:
    """Positions (i, j) of the reference and freeze-time frames with the least mean absolute difference.

    Frames are [H, W, 3] sRGB; sizes may differ between the videos. Of equal pairs the earliest one is taken.
    """
    a = np.stack([_coarse(frame) for frame in reference])
    b = np.stack([_coarse(frame) for frame in freeze_time])
    differences = np.array([np.abs(b - one).mean(axis=(1, 2, 3)) for one in a])
    i, j = np.unravel_index(int(np.argmin(differences)), differences.shape)
    return int(i), int(j)


def _coarse(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """[GRID, GRID, 3] cell means; the cells cover the frame, so videos of different sizes compare."""
    height, width = frame.shape[:2]
    rows = np.linspace(0, height, min(GRID, height) + 1).astype(int)[:-1]
    columns = np.linspace(0, width, min(GRID, width) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(frame.astype(np.float32), rows, axis=0), columns, axis=1)
    areas = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    means = sums / areas[:, :, None].astype(np.float32)
    y = np.linspace(0, len(rows) - 1, GRID).round().astype(int)
    x = np.linspace(0, len(columns) - 1, GRID).round().astype(int)
    picked: npt.NDArray[np.float32] = means[y][:, x]
    return picked


def canonical_of(project: Project, take: Take) -> int:
    """The frame of a freeze-time take that shows the shared moment, as far as is known; else its middle."""
    cut = project.cut
    if take.id == cut.freeze_time and cut.canonical_freeze_frame is not None:
        return cut.canonical_freeze_frame
    noted = coverage_in(take.provenance)
    return take.clip.n_frames // 2 if noted is None else min(noted.canonical, take.clip.n_frames - 1)
