"""What solved cameras are worth, frame by frame and as a whole, as JSON and as text, with the liftability score.

Reads only what `SolvedPoses` holds, how sharp the frames are, and what `check` saw in the video. Errors are px at the
solved size; jumps are in steps of the path, so 0 is a steady camera and 1 a frame one whole step off.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.poses.check import Check, blurred_reasons
from pipeline.poses.gauge import path_roughness
from pipeline.poses.liftability import Liftability, Reason, coverage_reasons, ramp, spans
from pipeline.poses.solved import SolvedPoses
from pipeline.poses.tracks import widest_angles

Floats = npt.NDArray[np.float64]

SANE_FOV = 20.0, 110.0
"""Horizontal degrees; a solution outside them has a focal length that only happened."""
JUMP = 1.5
"""A frame this many steps off the line between its neighbours has jumped; hand-held paths stay at 0.5."""
ERROR = 1.5
"""Median reprojection error in px at 512 px from which cameras are doubtful."""
ANGLE = 1.5
"""Median triangulation angle in degrees below which depth is uncertain; the paper's narrowest clip has 1.3."""
ZOOM = 1.15
"""Ratio of the longest to the shortest focal length from which one lens for all frames is wrong."""


@dataclass(frozen=True)
class FrameReport:
    """One frame: state as in `FrameFit`; nan where nothing is known."""

    frame: int
    state: str
    inliers: int
    track_length: float
    error: float
    angle: float
    jump: float
    sharpness: float


@dataclass(frozen=True)
class Report:
    """All frames, and the whole.

    Attributes:
        coverage: degrees of the camera's travel around what it sees. smoothness: largest step over the median step.
        fov: horizontal degrees. error: median reprojection error, px. angle: median triangulation angle, degrees.
    """

    frames: tuple[FrameReport, ...]
    coverage: float
    smoothness: float
    fov: float
    error: float
    angle: float
    rung: str
    liftability: Liftability

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is not known is null."""
        whole = {name: _plain(getattr(self, name)) for name in ("coverage", "smoothness", "fov", "error", "angle")}
        rows = [{name: _plain(value) for name, value in asdict(row).items()} for row in self.frames]
        return {**self.liftability.to_json(), **whole, "rung": self.rung, "frames": rows}

    def json_text(self) -> str:
        return json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n"

    def text(self) -> str:
        """For a person: the verdict, the whole, then a line a frame."""
        counts = {state: sum(row.state == state for row in self.frames) for state in dict.fromkeys(_STATES)}
        states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        head = [
            *self.liftability.lines(),
            f"frames      {states}",
            f"coverage    {self.coverage:.0f} degrees around the scene",
            f"smoothness  largest step {self.smoothness:.1f} times the usual one",
            f"lens        {self.fov:.1f} degrees wide",
            f"error       {self.error:.2f} px, points seen under {self.angle:.1f} degrees",
            "",
            "frame  state       inliers  tracks  error  angle   jump  sharp",
        ]
        return "\n".join([*head, *map(_line, self.frames)]) + "\n"


_STATES = ("registered", "weak", "lost", "prior")


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3) if math.isfinite(value) else None


def _line(row: FrameReport) -> str:
    numbers = (row.track_length, row.error, row.angle, row.jump, row.sharpness)
    tracks, error, angle, jump, sharp = (f"{value:.2f}" if math.isfinite(value) else "-" for value in numbers)
    return (
        f"{row.frame:5d}  {row.state:<10}  {row.inliers:7d}  {tracks:>6}  {error:>5}  {angle:>5}  {jump:>5}  {sharp:>5}"
    )


def report(poses: SolvedPoses, seen: Check | None = None, sharp: Mapping[int, float] | None = None) -> Report:
    """Judge solved cameras.

    `seen` is what `check` found in the same video, whose longer ones it looks at in part; `sharp` is the
    `sharpness` of frames, by source index; cameras may be of others too.
    """
    order = sorted(poses.cameras)
    lengths = np.diff(poses.track_offsets)
    owners = np.repeat(np.arange(len(poses.points)), lengths)
    centres = {frame: poses.cameras[frame].centre for frame in order}
    rows = np.array([centres[frame] for frame in poses.track_frames.tolist()]).reshape(-1, 3)
    angles = widest_angles(poses.points.astype(np.float64), owners, rows)
    fits = {fit.frame: fit for fit in poses.fits}
    jumps = _jumps(order, np.array([centres[frame] for frame in order]))
    own = np.array([(sharp or {}).get(frame, math.nan) for frame in order])
    frames = []
    for frame, jump, own_sharpness in zip(order, jumps, own.tolist(), strict=True):
        mine = owners[poses.track_frames == frame]
        length = float(lengths[mine].mean()) if len(mine) else math.nan
        angle = float(np.median(angles[mine])) if len(mine) else math.nan
        fit = fits[frame]
        frames.append(FrameReport(frame, fit.state, fit.observations, length, fit.error, angle, jump, own_sharpness))
    whole = {
        "coverage": coverage(poses),
        "smoothness": path_roughness({k: camera.world_from_camera for k, camera in poses.cameras.items()}),
        "fov": poses.fov_x,
        "error": poses.median_error,
        "angle": poses.angle,
    }
    reasons = [
        *_frame_reasons(frames),
        *_whole_reasons(poses, whole),
        *_seen_reasons(seen),
        *blurred_reasons(order, own),
    ]
    return Report(tuple(frames), rung=poses.rung or poses.attempt, liftability=Liftability.of(reasons), **whole)


def coverage(poses: SolvedPoses) -> float:
    """Degrees between the two ends of the path that lie furthest apart, each step seen from what its frames see."""
    order = sorted(poses.cameras)
    everything = np.median(poses.points, axis=0) if len(poses.points) else np.array([0.0, 0.0, 1.0])
    path = [np.zeros(3)]
    for first, second in itertools.pairwise(order):
        camera = poses.cameras[first]
        rows = poses.visible_points(first)
        target = np.median(poses.points[rows], axis=0) if len(rows) >= 8 else everything
        a, b = camera.centre - target, poses.cameras[second].centre - target
        angle = math.degrees(
            math.acos(float(np.clip(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12), -1, 1)))
        )
        step = camera.world_from_camera[:3, :3].T @ (poses.cameras[second].centre - camera.centre)
        path.append(path[-1] + step / max(float(np.linalg.norm(step)), 1e-12) * angle)
    points = np.array(path)
    return float(np.linalg.norm(points[:, None] - points[None], axis=-1).max())


def _jumps(order: Sequence[int], centres: Floats) -> list[float]:
    """How far each centre lies off the line between its neighbours', in median steps; 0 at the ends."""
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    unit = max(float(np.median(steps)), 1e-12) if len(steps) else 1.0
    out = [0.0] * len(order)
    for i in range(1, len(order) - 1):
        along = (order[i] - order[i - 1]) / (order[i + 1] - order[i - 1])
        middle = (1 - along) * centres[i - 1] + along * centres[i + 1]
        out[i] = float(np.linalg.norm(centres[i] - middle)) / unit
    return out


def _frame_reasons(frames: Sequence[FrameReport]) -> list[Reason]:
    told = {
        "lost": ("no camera was found", "drop or re-roll them", 90.0),
        "prior": ("posed by the expected orbit alone", "drop or re-roll them", 60.0),
        "weak": ("held by few features", "look at them, and re-roll those that differ", 30.0),
    }
    reasons = []
    for state, (text, remedy, weight) in told.items():
        some = tuple(row.frame for row in frames if row.state == state)
        if some:
            reasons.append(Reason(f"{spans(some)}: {text}", remedy, 3 + weight * len(some) / len(frames), some))
    jumped = tuple(row.frame for row in frames if row.jump > JUMP and row.state != "lost")
    if jumped:
        cost = 5 + 40 * len(jumped) / len(frames)
        reasons.append(Reason(f"{spans(jumped)}: the camera jumps", "drop or re-roll them", cost, jumped))
    return reasons


def _whole_reasons(poses: SolvedPoses, whole: dict[str, float]) -> list[Reason]:
    reasons = coverage_reasons(whole["coverage"])
    side = max(next(iter(poses.cameras.values())).size)
    limit = ERROR * side / 512
    if whole["error"] > limit:
        text = f"points miss their features by {whole['error']:.1f} px"
        cost = 15 + 35 * ramp(whole["error"], limit, 3 * limit)
        reasons.append(Reason(text, "the scene is not quite frozen; re-roll it or lift with fewer frames", cost))
    if whole["angle"] < ANGLE:
        text = f"points are seen under {whole['angle']:.1f} degrees only, so depth is uncertain"
        reasons.append(Reason(text, "extend the orbit", 10 + 30 * ramp(whole["angle"], ANGLE, 0.3)))
    if not SANE_FOV[0] <= whole["fov"] <= SANE_FOV[1]:
        text = f"a lens {whole['fov']:.0f} degrees wide is unlikely"
        reasons.append(Reason(text, "solve again with care, or import the cameras", 25))
    focals = [camera.K[0, 0] for camera in poses.cameras.values()]
    if poses.zoom > ZOOM and max(focals) < (1 + 1e-6) * min(focals):
        text = f"the focal length changes by a factor of {poses.zoom:.2f}, so one lens for all frames is wrong"
        remedy = "solve with --per-frame-focal, or choose a video without zoom"
        reasons.append(Reason(text, remedy, 10 + 30 * ramp(poses.zoom, ZOOM, 2.0)))
    return reasons


def _seen_reasons(seen: Check | None) -> list[Reason]:
    """What pictures tell and cameras do not; travel is known better from the cameras, blur from all frames."""
    if seen is None:
        return []
    better = [*coverage_reasons(seen.coverage), *blurred_reasons(seen.frames, seen.sharpness)]
    known = {reason.text for reason in better}
    return [reason for reason in seen.liftability.reasons if reason.text not in known]
