"""Cameras of an earlier solution that stay where they are: those whose pictures the video still has.

Pictures are known by their pixels. In a project they keep their numbers while frames are dropped or swapped; a video
that was cut and written anew (losslessly) has its pictures under other numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.poses.solved import SolvedPoses
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]

MIN_HELD = 3


def picture_digest(frame: npt.NDArray[np.uint8]) -> str:
    """Names the pixels of one frame [H, W, 3]."""
    return hashlib.sha256(np.ascontiguousarray(frame).data).hexdigest()[:16]


def worth_holding(folder: Path, frames: Frames, frame_indices: Sequence[int], canonical: int) -> SolvedPoses | None:
    """The solution in `folder` with the most good cameras of these very pictures; only those count as good in it.

    None when there is none with half of the frames. Its canonical frame is the same, so that the gauge stays.
    """
    now = dict(zip(map(int, frame_indices), map(picture_digest, frames), strict=True))
    best, count = None, max(MIN_HELD, len(now) // 2) - 1
    for path in sorted(folder.glob("*.safetensors")):
        try:
            poses = SolvedPoses.load(path)
        except Refusal:
            continue
        then = dict(zip(poses.cameras, poses.pictures, strict=False))
        same = {i for i in poses.in_state("registered") if i in now and now[i] == then.get(i)}
        fits = poses.canonical == canonical and poses.cameras[canonical].size == frames.shape[1:3]
        if fits and canonical in same and len(same) > count:
            best, count = poses, len(same)
            best = replace(poses, fits=tuple(f if f.frame in same else replace(f, state="weak") for f in poses.fits))
    return best


def found_again(earlier: SolvedPoses, frames: Frames) -> SolvedPoses | None:
    """The good cameras of `earlier` under the places that their pictures have among `frames` [F, H, W, 3] now.

    What `solve` is to hold: cameras, their states and the gauge; it has no points. Where the canonical picture is gone,
    the held one next to the middle becomes canonical, and all cameras move with it as one. None with fewer than three.
    """
    place = {picture_digest(frame): k for k, frame in reversed(list(enumerate(frames)))}
    digests = dict(zip(earlier.cameras, earlier.pictures, strict=False))
    now = {place[digests[i]]: i for i in earlier.in_state("registered") if digests.get(i) in place}
    if len(now) < MIN_HELD or earlier.cameras[earlier.canonical].size != frames.shape[1:3]:
        return None
    home = next((k for k, i in now.items() if i == earlier.canonical), None)
    cameras = {k: earlier.cameras[now[k]] for k in sorted(now)}
    if home is None:
        home = min(cameras, key=lambda k: abs(k - len(frames) // 2))
        origin = cameras[home].camera_from_world
        cameras = {k: camera.posed(origin @ camera.world_from_camera) for k, camera in cameras.items()}
        cameras[home] = cameras[home].posed(np.eye(4))
    fits = {fit.frame: fit for fit in earlier.fits}
    return replace(
        earlier,
        cameras=cameras,
        canonical=home,
        fits=tuple(replace(fits[now[k]], frame=k) for k in cameras),
        pictures=tuple(digests[now[k]] for k in cameras),
        points=np.zeros((0, 3), np.float32),
        point_rgb=np.zeros((0, 3), np.uint8),
        point_errors=np.zeros(0, np.float32),
        track_offsets=np.zeros(1, np.int64),
        track_frames=np.zeros(0, np.int32),
        track_xy=np.zeros((0, 2), np.float32),
    )
