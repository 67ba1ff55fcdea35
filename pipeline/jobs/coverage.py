"""How many degrees a freeze-time video covers on either side of its canonical frame: as solved, else estimated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.project.provenance import Coverage

Frames = npt.NDArray[np.uint8]
MOST_PARALLEL = 1e4
"""Condition of the axes' common point beyond which they meet nowhere near: about a degree between the outermost."""


def coverage(frames: Frames, canonical: int, poses: Path) -> Coverage:
    """Coverage of all frames [F, H, W, 3] of a take; `poses` is the folder where solved cameras are kept."""
    found = _solved(frames, canonical, poses)
    if found is not None:
        return found
    return Coverage(canonical, degrees(frames[: canonical + 1]), degrees(frames[canonical:]))


def degrees(frames: Frames) -> float:
    """Degrees that the camera travels in these frames, estimated from flow."""
    from pipeline.poses.check import coverage_of

    return coverage_of(frames)


def _solved(frames: Frames, canonical: int, poses: Path) -> Coverage | None:
    """From the cameras of these very frames, where the project has them."""
    if not poses.is_dir() or not any(poses.glob("*.safetensors")):
        return None
    from pipeline.poses.solve import PoseSettings, SolvedPoses, digest_of

    path = poses / f"{digest_of(frames, range(len(frames)), canonical, PoseSettings())[:16]}.safetensors"
    if not path.is_file():
        return None
    cameras = SolvedPoses.load(path).cameras
    ordered = [cameras[frame] for frame in range(len(frames))]
    centres, forward = (np.array([getattr(one, name) for one in ordered]) for name in ("centre", "forward"))
    return Coverage(canonical, *around(centres, forward, canonical), solved=True)


def around(centres: npt.NDArray[np.float64], forward: npt.NDArray[np.float64], canonical: int) -> tuple[float, float]:
    """Greatest angles, degrees, that cameras before and after the canonical one reach around what they all look at.

    centres and unit view directions [F, 3]. What they look at is the point nearest to all their axes; where the axes
    are parallel it is one unit before the canonical camera, the median depth in the gauge of `pipeline.poses.solved`.
    """
    across = np.eye(3) - forward[:, :, None] * forward[:, None, :]
    normal = across.sum(0)
    if np.linalg.cond(normal) < MOST_PARALLEL:
        focus = np.linalg.solve(normal, np.einsum("nij,nj->i", across, centres))
    else:
        focus = centres[canonical] + forward[canonical]
    rays = centres - focus
    rays = rays / np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-12)
    angles = np.degrees(np.arccos(np.clip(rays @ rays[canonical], -1.0, 1.0)))
    return float(angles[: canonical + 1].max()), float(angles[canonical:].max())
