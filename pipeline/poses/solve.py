"""Solve the cameras of a freeze-time video: frames in, `SolvedPoses` out, or one sentence why not.

COLMAP runs in a child process, rung by rung (`ladder`); this side checks the input, fills gaps and fixes the gauge.
The reference video's camera is not solved here: it is the canonical frame's (section 3.2 of the paper).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.messages import CamerasPlaced, Message, Note, Progress
from pipeline.poses.child import PosesCancelled
from pipeline.poses.gauge import (
    RawModel,
    fill_gaps,
    normalise,
    point_colours,
    reprojection_errors,
    triangulation_angle,
)
from pipeline.poses.holding import MIN_HELD, picture_digest
from pipeline.poses.ladder import STILL, TURNING, Climbed, Held, Task, climb, tidy
from pipeline.poses.settings import PoseSettings
from pipeline.poses.solved import VERIFIED_TRACKS, FrameFit, SolvedPoses
from pipeline.project.atomic import writing_to
from pipeline.project.media import resize
from renderer.camera import Camera
from renderer.errors import Refusal

__all__ = ["PoseSettings", "PosesCancelled", "SolvedPoses", "digest_of", "solve", "solve_guessed"]

Frames = npt.NDArray[np.uint8]
RECIPE = 4
"""Counts changes to the recipe that settings do not show; old solutions are then solved again."""


def digest_of(
    frames: Frames,
    frame_indices: Sequence[int],
    canonical: int,
    settings: PoseSettings,
    moving: npt.NDArray[np.bool_] | None = None,
) -> str:
    """A solution with this digest was made from exactly these inputs."""
    told = {"recipe": RECIPE, "indices": list(map(int, frame_indices)), "canonical": int(canonical)}
    told |= {"settings": asdict(settings), "shape": list(frames.shape)}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(frames).data)
    if moving is not None:
        digest.update(np.packbits(moving).data)
    return digest.hexdigest()


def solve(
    frames: Frames,
    frame_indices: Sequence[int],
    canonical: int,
    settings: PoseSettings,
    work_dir: Path,
    *,
    tell: Callable[[Message], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    moving: npt.NDArray[np.bool_] | None = None,
    held: SolvedPoses | None = None,
) -> SolvedPoses:
    """Solve the cameras of `frames` [F, H, W, 3].

    `frame_indices` [F] are their source indices, `canonical` one of them. Where `moving` [F, H, W] is true the picture
    is not of the frozen scene, and nothing is learned from it. The good cameras of `held`, an earlier solution of the
    same video at the same size, stay where they are; the caller leaves out frames whose pictures have changed.

    Uses up to a few MB per frame under `work_dir`; only colmap.log stays there. Raises `Refusal` with a sentence when
    these frames cannot be solved, `PosesCancelled` within a second of `cancelled()` turning true.
    """
    indices = [int(i) for i in frame_indices]
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or len(indices) != len(frames):
        raise ValueError(f"frames are [F, H, W, 3] uint8 with F indices, got {frames.shape} and {len(indices)}")
    if canonical not in indices or sorted(set(indices)) != indices:
        raise ValueError("the canonical frame is one of the frame indices, which are increasing")
    if moving is not None and moving.shape != frames.shape[:3]:
        raise ValueError(f"moving is [F, H, W] of the frames, got {moving.shape}")
    check_frames(frames, settings)
    with writing_to(work_dir):
        work_dir.mkdir(parents=True, exist_ok=True)
    try:
        kept = None if held is None else kept_of(held, indices)
        won = _solve(frames, settings, work_dir, moving, _named(tell, indices), cancelled, kept)
    finally:
        tidy(work_dir)
    _check_model(won.model, len(frames), settings)
    digest = digest_of(frames, indices, canonical, settings, moving)
    solved = assemble(won.model, frames, indices, canonical, digest, None if kept is None else held)
    solved = replace(
        solved, rung=won.rung, tried=won.tried, zoom=won.model.zoom, pictures=tuple(map(picture_digest, frames))
    )
    for sentence in _worth_saying(solved, settings):
        tell(Note(sentence))
    return solved


def solve_guessed(
    frames: Frames,
    frame_indices: Sequence[int],
    canonical: int,
    settings: PoseSettings,
    work_dir: Path,
    *,
    moving: npt.NDArray[np.bool_],
    tell: Callable[[Message], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    held: SolvedPoses | None = None,
) -> SolvedPoses:
    """`solve` for masks that may be wrong (`moving_masks`): with them and without, and the better cameras are kept.

    Masks that hit what moves take hardly anything from the cameras, and may give them the scene; masks that hit the
    scene take their share of what is seen. The digest is that of the masks either way. Raises as `solve` does.
    """
    found: list[SolvedPoses] = []
    refused: Refusal | None = None
    for half, masks in enumerate((moving, None)):
        try:
            found.append(
                solve(
                    frames, frame_indices, canonical, settings, work_dir,
                    tell=_half_of_bar(tell, half), cancelled=cancelled, moving=masks, held=held,
                )
            )  # fmt: skip
        except Refusal as refusal:
            refused = refused or refusal
    if not found:
        assert refused is not None
        raise refused
    best = found[0] if len(found) == 1 else better_of(found[0], found[1], float(moving.mean()))
    if best.digest == digest_of(frames, frame_indices, canonical, settings):
        tell(Note("The cameras are better without those masks, so they are left out."))
    return replace(best, digest=digest_of(frames, frame_indices, canonical, settings, moving))


def better_of(masked: SolvedPoses, plain: SolvedPoses, share: float) -> SolvedPoses:
    """Of cameras solved with and without masks that cover a `share` of the picture, those that hold more of it."""
    held = len(masked.in_state("registered")), len(plain.in_state("registered"))
    if held[0] != held[1]:
        return masked if held[0] > held[1] else plain
    return masked if len(masked.track_frames) >= (1.0 - 0.5 * share) * len(plain.track_frames) else plain


def _half_of_bar(tell: Callable[[Message], None], half: int) -> Callable[[Message], None]:
    def told(message: Message) -> None:
        if isinstance(message, Progress):
            message = replace(message, step=(half * message.steps + message.step) // 2)
        tell(message)

    return told


def _solve(
    frames: Frames,
    settings: PoseSettings,
    work_dir: Path,
    moving: npt.NDArray[np.bool_] | None,
    tell: Callable[[Message], None],
    cancelled: Callable[[], bool],
    kept: Held | None,
) -> Climbed:
    """Climb at a size that SIFT can afford; the model is of the frames' own size."""
    ratio = max(frames.shape[1:3]) / settings.max_side
    small = frames
    if ratio > 1.0:
        size = round(frames.shape[1] / ratio), round(frames.shape[2] / ratio)
        small = resize(frames, size)
        moving = None if moving is None else resize(moving[..., None].repeat(3, -1) * np.uint8(255), size)[..., 0] > 0
    scale = frames.shape[2] / small.shape[2]
    kept = None if kept is None else replace(kept, focal=kept.focal / scale)
    won = climb(Task(small, settings, work_dir, moving, tell, cancelled, kept))
    return replace(won, model=won.model.scaled(scale))


def kept_of(held: SolvedPoses, indices: list[int]) -> Held | None:
    """The cameras of an earlier solution that are worth keeping; None when fewer than three are left."""
    good = set(held.in_state("registered"))
    poses = {k: held.cameras[i].camera_from_world[:3] for k, i in enumerate(indices) if i in good}
    return Held(poses, float(held.cameras[held.canonical].K[0, 0])) if len(poses) >= MIN_HELD else None


def _named(tell: Callable[[Message], None], indices: list[int]) -> Callable[[Message], None]:
    """Cameras on their way are told by the source indices of their frames, not by their places."""

    def named(message: Message) -> None:
        if isinstance(message, CamerasPlaced):
            message = replace(message, frames=tuple(indices[place] for place in message.frames))
        tell(message)

    return named


def _worth_saying(solved: SolvedPoses, settings: PoseSettings) -> list[str]:
    said = []
    if lost := solved.in_state("lost"):
        names = ", ".join(map(str, lost))
        said.append(f"The cameras of freeze-time frames {names} were interpolated; COLMAP could not place them.")
    if prior := solved.in_state("prior"):
        names = ", ".join(map(str, prior))
        said.append(f"The cameras of freeze-time frames {names} are those of the orbit that fits the video best.")
    if solved.zoom > 1.0 and not settings.per_frame_focal:
        said.append(
            f"The lens of the freeze-time video zooms, by a factor of {solved.zoom:.2f} or more: one lens for all "
            "frames is wrong here. Have each frame its own (The lens zooms, in Poses; poses --per-frame-focal), or "
            "choose a video without zoom."
        )
    return said


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
        raise Refusal(STILL)


def _check_model(model: RawModel, count: int, settings: PoseSettings) -> None:
    placed = len(model.placed)
    if placed < max(settings.min_frames, settings.min_registered * count):
        raise Refusal(
            f"Only {placed} of the {count} freeze-time frames could be placed around the scene; trim the video to the "
            "part where the camera circles a frozen scene, or choose another one."
        )
    if triangulation_angle(model) < settings.min_angle:
        raise Refusal(TURNING)


def assemble(
    model: RawModel,
    frames: Frames,
    indices: list[int],
    canonical: int,
    digest: str,
    held: SolvedPoses | None = None,
) -> SolvedPoses:
    """Fill gaps, fix the gauge, colour the points; pure. The gauge of `held` stays, and its good cameras to the bit."""
    height, width = frames.shape[1:3]
    place = indices.index(canonical)
    poses = fill_gaps(model.placed.tolist(), model.world_from_camera(), len(frames))
    seen = np.unique(model.obs_point[model.obs_frame == place])
    points, stays = model.points, held is not None and held.canonical == canonical
    if not stays:
        poses, points = normalise(poses, points, place, seen)
    focals = np.interp(np.arange(len(frames)), model.placed, model.focals)
    cameras = {
        index: Camera(pose, np.array([[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]]), (height, width))
        for index, pose, f in zip(indices, poses, focals, strict=True)
    }
    if held is not None and stays:
        cameras |= {index: held.cameras[index] for index in held.in_state("registered") if index in cameras}
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
    placed, tracks = set(model.placed.tolist()), model.tracks(len(indices))
    fits = []
    for place, index in enumerate(indices):
        own = errors[model.obs_frame == place]
        held = "registered" if tracks[place] >= VERIFIED_TRACKS else "weak"
        state = "lost" if place not in placed else "prior" if model.by_prior and held == "weak" else held
        fits.append(FrameFit(index, state, int(tracks[place]), float(np.median(own)) if len(own) else float("nan")))
    return tuple(fits)
