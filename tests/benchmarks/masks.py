"""What masks are worth on a real video with known cameras into which something that moves is pasted.

`python -m tests.benchmarks.masks ../shared [--noise]`: a photograph, or noise, falls through the 16 frames of re10k_0bf
or crosses them. A row each without masks, with those from flow and with exact ones: errors of the quick cameras
(centres in % of the path's extent, rotations in degrees, focal length in %) and their observations.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.masks import moving_masks
from pipeline.poses.solve import PoseSettings, SolvedPoses, solve
from pipeline.project.media import read_frames
from renderer.errors import Refusal
from tests.benchmarks.poses import errors, truth_of
from tests.pipeline.poses.scenes import texture

Frames = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

VIDEO = "orbits/with_poses/re10k_0bf152ef84195293.mp4"
CANONICAL = 8


def photograph(root: Path) -> Frames:
    """[H, W, 3] an animal."""
    return np.asarray(read_frames(root / "orbits" / "ai_failure_human_orbit.mp4", [20])[0][40:560, 180:640])


def pasted(frames: Frames, picture: Frames, share: float, crosses: bool = False) -> tuple[Frames, Mask]:
    """Frames into which `picture`, a `share` of their area, falls or crosses; and where it is seen [F, H, W]."""
    height, width = frames.shape[1:3]
    tall = min(int(np.sqrt(share * height * width)), height - 20)
    wide = int(share * height * width / tall)
    small = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_AREA)
    out, where = frames.copy(), np.zeros(frames.shape[:3], bool)
    for k, along in enumerate(np.linspace(0.0, 1.0, len(frames))):
        x, y = (width - wide) // 2 + 10 * np.sin(5 * along), (height - 0.4 * tall) * along**1.5 - 0.3 * tall
        if crosses:
            x, y = width * along - 0.5 * wide, (height - tall) / 2 + 15 * np.sin(6 * along)
        shift = np.array([[1, 0, x], [0, 1, y]], float)
        cover = cv2.warpAffine(np.full((tall, wide), 255, np.uint8), shift, (width, height))
        shown, opaque = cv2.warpAffine(small, shift, (width, height)), (cover / 255.0)[..., None]
        out[k] = np.round(frames[k] * (1 - opaque) + shown * opaque)
        where[k] = cover > 0
    return out, where


def off_by(poses: SolvedPoses, exact: npt.NDArray[np.float64], focal: float) -> tuple[float, float, float]:
    """Centres in % of the path's extent and rotations in degrees (medians, aligned), focal length in %."""
    cameras = list(poses.cameras.values())
    centre, turn = errors(np.array([camera.world_from_camera for camera in cameras]), exact)
    return centre, turn, 100.0 * (cameras[0].K[0, 0] / cameras[0].size[1] / focal - 1.0)


def _told(frames: Frames, moving: Mask | None, truth: tuple[npt.NDArray[np.float64], float]) -> str:
    try:
        with tempfile.TemporaryDirectory() as work:
            poses = solve(frames, range(len(frames)), CANONICAL, PoseSettings.quick(), Path(work), moving=moving)
    except Refusal as refusal:
        return f"refused: {refusal}"
    centre, turn, lens = off_by(poses, *truth)
    return f"{centre:6.2f} % {turn:5.2f} deg {lens:+6.1f} % {len(poses.track_frames):6} observations"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--noise", action="store_true")
    told = parser.parse_args()
    frames, truth = read_frames(told.shared / VIDEO), truth_of((told.shared / VIDEO).with_suffix(".txt"))
    noise = np.asarray(255 * texture(np.random.default_rng(7)), np.uint8)
    picture = noise if told.noise else photograph(told.shared)
    print(f"untouched {_told(frames, None, truth)}", flush=True)
    for share, crosses in ((0.05, False), (0.1, False), (0.1, True), (0.25, False), (0.25, True)):
        film, where = pasted(frames, picture, share, crosses)
        print(f"{where.mean():.0%} of the picture, {'crosses' if crosses else 'falls'}")
        for name, moving in (("none", None), ("flow", moving_masks(film)), ("exact", where)):
            print(f"  {name:6} {_told(film, moving, truth)}", flush=True)


if __name__ == "__main__":
    main()
