"""Solve the cameras of a freeze-time video: frames in, `SolvedPoses` out, or one sentence why not.

COLMAP runs in a child process (`colmap_child`); this side writes the frames, follows the child, fills gaps and fixes
the gauge. The reference video's camera is not solved here: it is the canonical frame's (section 3.2 of the paper).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.messages import Message, Note, Progress
from pipeline.poses.child import PosesCancelled, run_child
from pipeline.poses.gauge import (
    RawModel,
    fill_gaps,
    normalise,
    point_colours,
    reprojection_errors,
    triangulation_angle,
)
from pipeline.poses.settings import PoseSettings
from pipeline.poses.solved import VERIFIED_TRACKS, FrameFit, SolvedPoses
from pipeline.project.atomic import writing_to
from pipeline.project.media import write_image
from renderer.camera import Camera
from renderer.errors import Refusal

__all__ = ["PoseSettings", "PosesCancelled", "SolvedPoses", "digest_of", "solve"]

Frames = npt.NDArray[np.uint8]
RECIPE = 2
"""Counts changes to the recipe that settings do not show; old solutions are then solved again."""
MAX_SECONDS = 600
"""For one try of the mapper, which takes seconds: generous, as a try cut short on a busy machine loses frames."""


def digest_of(frames: Frames, frame_indices: Sequence[int], canonical: int, settings: PoseSettings) -> str:
    """A solution with this digest was made from exactly these inputs."""
    told = {"recipe": RECIPE, "indices": list(map(int, frame_indices)), "canonical": int(canonical)}
    told |= {"settings": asdict(settings), "shape": list(frames.shape)}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(frames).data)
    return digest.hexdigest()


def solve(
    frames: Frames,
    frame_indices: Sequence[int],
    canonical: int,
    settings: PoseSettings,
    work_dir: Path,
    *,
    tell: Callable[[Message], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> SolvedPoses:
    """Solve the cameras of `frames` [F, H, W, 3].

    `frame_indices` [F] are their source indices, `canonical` one of them. Uses up to a few MB per frame under
    `work_dir`; only colmap.log stays there. Raises `Refusal` with a sentence when these frames cannot be
    solved, `PosesCancelled` within a second of `cancelled()` turning true.
    """
    indices = [int(i) for i in frame_indices]
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or len(indices) != len(frames):
        raise ValueError(f"frames are [F, H, W, 3] uint8 with F indices, got {frames.shape} and {len(indices)}")
    if canonical not in indices or sorted(set(indices)) != indices:
        raise ValueError("the canonical frame is one of the frame indices, which are increasing")
    check_frames(frames, settings)
    with writing_to(work_dir):
        work_dir.mkdir(parents=True, exist_ok=True)
    try:
        model = _map(frames, settings, work_dir, tell or _ignore, cancelled)
    finally:
        _tidy(work_dir)
    _check_model(model, len(frames), settings)
    solved = assemble(model, frames, indices, canonical, digest_of(frames, indices, canonical, settings))
    if tell is not None and solved.unplaced:
        names = ", ".join(map(str, solved.unplaced))
        tell(Note(f"The cameras of freeze-time frames {names} were interpolated; COLMAP could not place them."))
    return solved


def check_frames(frames: Frames, settings: PoseSettings) -> None:
    """Refuse, in milliseconds, what no solver can solve: too few frames, blank frames, nothing that moves."""
    count = len(frames)
    if count < settings.min_frames:
        has = "only one frame" if count == 1 else f"only {count} frames"
        raise Refusal(
            f"The freeze-time video has {has}; solving cameras needs at least {settings.min_frames} frames in "
            "which the camera moves around the frozen scene."
        )
    small = frames[:, ::2, ::2].astype(np.float32).mean(-1)
    if np.median(small.reshape(count, -1).std(1)) < 2.0:
        raise Refusal("The freeze-time video's frames are blank, so no camera can be solved from them; check the file.")
    change = np.abs(small[1:] - small[:1]).reshape(count - 1, -1).mean(1)
    if change.max() < 1.0:
        raise Refusal(_STILL)


def _ignore(message: Message) -> None:
    del message


_STILL = (
    "The freeze-time video does not move: its camera must travel around the frozen scene; "
    "choose or generate another one."
)
_TURNING = (
    "The camera of the freeze-time video turns or zooms but does not travel, so there is no depth to recover; "
    "choose or generate one that circles the scene."
)
_FAULTS = {
    "still": _STILL,
    "flat": _TURNING,
    "unmatched": "Too few features of the freeze-time video match between its frames (they are noise, too dark, too "
    "blurred or change too much); choose or generate another one.",
    "unmapped": "The camera of the freeze-time video could not be solved: its frames match, but fit no camera moving "
    "through a still scene; choose or generate another one.",
}


def _map(
    frames: Frames,
    settings: PoseSettings,
    work_dir: Path,
    tell: Callable[[Message], None],
    cancelled: Callable[[], bool],
) -> RawModel:
    images = work_dir / "images"
    shutil.rmtree(images, ignore_errors=True)
    names = [f"{place:05d}.png" for place in range(len(frames))]
    for name, frame in zip(names, frames, strict=True):
        if cancelled():
            raise PosesCancelled
        write_image(images / name, frame)
    spec = asdict(settings) | {
        "frames_dir": str(images.resolve()),
        "names": names,
        "size": list(frames.shape[1:3]),
        "database": str((work_dir / "colmap.db").resolve()),
        "models_dir": str((work_dir / "models").resolve()),
        "out": str((work_dir / "solution.npz").resolve()),
        "max_seconds": MAX_SECONDS,
    }
    for stale in ("colmap.db", "solution.npz"):
        (work_dir / stale).unlink(missing_ok=True)
    (work_dir / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    for message in run_child(work_dir / "spec.json", work_dir / "colmap.log", cancelled):
        if "fault" in message:
            raise Refusal(_FAULTS[message["fault"]])
        if "step" in message:
            tell(Progress("poses", int(message["step"]), int(message["steps"])))
    return read_solution(work_dir / "solution.npz")


def read_solution(path: Path) -> RawModel:
    """The child's arrays, without pickle."""
    with np.load(path, allow_pickle=False) as data:
        return RawModel(
            attempt=bytes(data["attempt"]).decode(),
            focal=float(data["focal"]),
            placed=data["frames"],
            camera_from_world=data["camera_from_world"],
            points=data["points"],
            obs_point=data["obs_point"],
            obs_frame=data["obs_frame"],
            obs_xy=data["obs_xy"],
        )


def _tidy(work_dir: Path) -> None:
    for folder in ("images", "models"):
        shutil.rmtree(work_dir / folder, ignore_errors=True)
    for name in ("colmap.db", "colmap.db-shm", "colmap.db-wal", "solution.npz", "solution.tmp", "spec.json"):
        (work_dir / name).unlink(missing_ok=True)


def _check_model(model: RawModel, count: int, settings: PoseSettings) -> None:
    placed = len(model.placed)
    if placed < max(settings.min_frames, settings.min_registered * count):
        raise Refusal(
            f"Only {placed} of the {count} freeze-time frames could be placed around the scene; trim the video to the "
            "part where the camera circles a frozen scene, or choose another one."
        )
    if triangulation_angle(model) < settings.min_angle:
        raise Refusal(_TURNING)


def assemble(model: RawModel, frames: Frames, indices: list[int], canonical: int, digest: str) -> SolvedPoses:
    """Fill gaps, fix the gauge, colour the points; pure."""
    height, width = frames.shape[1:3]
    place = indices.index(canonical)
    poses = fill_gaps(model.placed.tolist(), model.world_from_camera(), len(frames))
    seen = np.unique(model.obs_point[model.obs_frame == place])
    poses, points = normalise(poses, model.points, place, seen)
    k = np.array([[model.focal, 0, width / 2], [0, model.focal, height / 2], [0, 0, 1]])
    cameras = {index: Camera(pose, k, (height, width)) for index, pose in zip(indices, poses, strict=True)}
    errors = reprojection_errors(model, (height, width))
    lengths = np.bincount(model.obs_point, minlength=len(points))
    sums = np.bincount(model.obs_point, errors, len(points))
    return SolvedPoses(
        cameras=cameras,
        canonical=canonical,
        points=points.astype(np.float32),
        point_rgb=point_colours(model, frames),
        point_errors=(sums / np.maximum(lengths, 1)).astype(np.float32),
        track_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        track_frames=np.asarray(indices, np.int32)[model.obs_frame],
        track_xy=model.obs_xy.astype(np.float32),
        fits=_fits(model, indices, errors),
        attempt=model.attempt,
        angle=triangulation_angle(model),
        digest=digest,
    )


def _fits(model: RawModel, indices: list[int], errors: npt.NDArray[np.float64]) -> tuple[FrameFit, ...]:
    placed = set(model.placed.tolist())
    fits = []
    for place, index in enumerate(indices):
        own = errors[model.obs_frame == place]
        held = "registered" if len(np.unique(model.obs_point[model.obs_frame == place])) >= VERIFIED_TRACKS else "weak"
        state = held if place in placed else "lost"
        fits.append(FrameFit(index, state, len(own), float(np.median(own)) if len(own) else float("nan")))
    return tuple(fits)
