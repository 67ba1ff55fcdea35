"""How many degrees a freeze-time video covers on either side of its canonical frame: as solved, else estimated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.project.provenance import Coverage

Frames = npt.NDArray[np.uint8]
LARGEST = 512
"""px a side that flow is looked at; it is brought to a smaller side there anyway."""


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
    centres = np.array([cameras[frame].centre for frame in range(len(frames))])
    return Coverage(canonical, *around(centres, canonical), solved=True)


def around(centres: npt.NDArray[np.float64], canonical: int) -> tuple[float, float]:
    """Greatest angles, degrees, that camera centres [F, 3] before and after the canonical one reach around the scene.

    The gauge is that of `pipeline.poses.solved`: the canonical camera looks along z at things of median depth 1.
    """
    rays = centres - np.array([0.0, 0.0, 1.0])
    rays = rays / np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-12)
    angles = np.degrees(np.arccos(np.clip(rays @ rays[canonical], -1.0, 1.0)))
    return float(angles[: canonical + 1].max()), float(angles[canonical:].max())
