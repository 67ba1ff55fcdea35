"""The ladder: ways to solve cameras, from quick to last resort, climbed until one is good; the best-scored one wins.

Each rung is a source of matches and a way to map them. Nothing here knows COLMAP: a rung is a spec for the child
process, and its result is judged by what anybody can measure on a model.
"""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.messages import CamerasPlaced, Message, Note, Progress
from pipeline.poses.child import PosesCancelled, run_child
from pipeline.poses.found_matches import followed_by_flow, learned, learned_is_installed
from pipeline.poses.gauge import (
    Frames,
    RawModel,
    fov_degrees,
    inverse,
    jumps,
    reprojection_errors,
    triangulation_angle,
)
from pipeline.poses.orbit_prior import Pairs, fit_orbit
from pipeline.poses.settings import PoseSettings
from pipeline.poses.solved import VERIFIED_TRACKS, Tried
from pipeline.poses.tracks import follow, grey
from pipeline.project.media import write_image
from renderer.errors import Refusal

MAX_SECONDS = 600
"""For one try of the mapper, which takes seconds: generous, as a try cut short on a busy machine loses frames."""
GOOD_SHARE = 0.95
GOOD_ERROR = 1.5
"""Median reprojection error, in px of a frame whose longer side has 512."""
EXHAUSTIVE_FRAMES = 64
"""Above this the pairs of all with all cost minutes."""
NEAR = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Above it, frames this far apart are matched, and"""
KEY_FRAMES = 16
"""this many, evenly spread, all with all: they close the loop of a camera that comes round."""
FOLLOWED = 400
LASTING = 0.05
"""Share of the features followed that must be seen in four frames; in noise it is about 0.01 at most."""
SMALL_SIDE = 400
"""Frames with no side longer than this are magnified four times for careful SIFT, others twice."""


@dataclass(frozen=True)
class Sift:
    """How SIFT looks: domain-size pooling finds more in soft frames, and takes two thirds of the time.

    Affine shape always: without it and without pooling, features of an octave magnified four times match nothing.
    `magnified`: small frames four times, otherwise twice as all others.
    """

    pooled: bool
    max_features: int
    magnified: bool = True


@dataclass(frozen=True)
class Rung:
    """One way to solve.

    Attributes:
        name: one of `settings.RUNGS`.
        words: what it is, for a person, after "trying".
        sift: how SIFT looks, where SIFT it is.
        mapper: "incremental" or "global".
        fields_of_view: to try instead of the settings' own.
        profile: ratios between neighbouring fields of view when the best one is looked for, one round each.
    """

    name: str
    words: str
    sift: Sift | None = None
    mapper: str = "incremental"
    fields_of_view: tuple[float, ...] = ()
    profile: tuple[float, ...] = (1.2, 1.07)


LADDER = {
    rung.name: rung
    for rung in (
        Rung("quick", "quick SIFT", Sift(False, 1500, False), fields_of_view=(30.0, 55.0), profile=(1.2,)),
        Rung("careful", "careful SIFT", Sift(True, 1 << 20)),
        Rung("learned", "learned matches"),
        Rung("flow", "pixels followed by optical flow"),
        Rung("global", "all cameras at once", mapper="global"),
        Rung("orbit", "the orbit that fits the motion best"),
    )
}

STILL = (
    "The freeze-time video does not move: its camera must travel around the frozen scene; "
    "choose or generate another one."
)
TURNING = (
    "The camera of the freeze-time video turns or zooms but does not travel, so there is no depth to recover; "
    "choose or generate one that circles the scene."
)
FAULTS = {
    "still": STILL,
    "flat": TURNING,
    "unmatched": "Too few features of the freeze-time video match between its frames (they are noise, too dark, too "
    "blurred or change too much); choose or generate another one.",
    "missing": "The learned matcher is not installed; the extra named learned brings it.",
    "crashed": "The learned matcher stopped unexpectedly; colmap.log beside the solved cameras says why.",
    "unmapped": "The camera of the freeze-time video could not be solved: its frames match, but fit no camera moving "
    "through a still scene; choose or generate another one.",
}
ALL_AT_ONCE = ("global", "orbit")
HOPELESS = ("still", "flat")
"""No rung can help a camera that does not travel."""


@dataclass(frozen=True, eq=False)
class Held:
    """Cameras that stay where they are: camera from world [3, 4] by place among the frames, focal length in px."""

    poses: Mapping[int, npt.NDArray[np.float64]]
    focal: float


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be solved, and whom to tell; `moving` [F, H, W] is true where the picture is not to be trusted."""

    frames: Frames
    settings: PoseSettings
    work_dir: Path
    moving: npt.NDArray[np.bool_] | None
    tell: Callable[[Message], None]
    cancelled: Callable[[], bool]
    held: Held | None = None

    @property
    def rungs(self) -> tuple[str, ...]:
        """The settings' rungs; those that place all cameras at once are none for cameras that are held."""
        return tuple(name for name in self.settings.rungs if self.held is None or name not in ALL_AT_ONCE)

    @property
    def names(self) -> list[str]:
        return [f"{place:05d}.png" for place in range(len(self.frames))]

    @property
    def log(self) -> Path:
        return self.work_dir / "colmap.log"

    def check(self) -> None:
        """Raise `PosesCancelled` when it was cancelled."""
        if self.cancelled():
            raise PosesCancelled


@dataclass(frozen=True)
class Climbed:
    """The best model, the rung that it comes from, and all that were tried."""

    model: RawModel
    rung: str
    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class Verdict:
    """What a model is worth: `score` 0 to 1, `said` what is wrong with it in a sentence, empty when it is good."""

    verified: int
    score: float
    said: str


class Failure(Exception):
    """A rung came to nothing; `fault` is a key of `FAULTS`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def climb(task: Task) -> Climbed:
    """Climb the settings' rungs until one is good.

    Raises `Refusal` when the camera does not travel or no rung comes to anything, `PosesCancelled` on request.
    """
    _write_frames(task)
    best: tuple[RawModel, str, float] | None = None
    tried: list[Tried] = []
    faults: list[str] = []
    for place, name in enumerate(task.rungs):
        started = time.monotonic()
        if place:
            task.tell(Note(f"{tried[-1].said} Trying {LADDER[name].words}."))
        try:
            model = _solve(task, LADDER[name], share_of_bar(place, len(task.rungs)))
        except Failure as failure:
            torn = failure.fault == "unmatched" and not faults and not hang_together(task.frames)
            if torn or failure.fault in HOPELESS:
                raise Refusal(FAULTS[failure.fault]) from None
            faults.append(failure.fault)
            tried.append(Tried(name, 0, 0.0, _since(started), FAULTS[failure.fault]))
            continue
        verdict = judge(model, len(task.frames), task.settings, task.frames.shape[1:3])
        tried.append(Tried(name, verdict.verified, verdict.score, _since(started), verdict.said))
        if best is None or verdict.score > best[2]:
            best = model, name, verdict.score
        if not verdict.said:
            break
    if best is None:
        raise Refusal(FAULTS[faults[0] if faults else "unmapped"])
    task.tell(Progress("poses", BAR, BAR))
    return Climbed(best[0], best[1], tuple(tried))


def hang_together(frames: Frames) -> bool:
    """Whether anything can be followed through consecutive frames; where nothing can, no rung finds matches either."""
    tracks = follow(grey(frames), FOLLOWED)
    return tracks.longer_than(min(3, len(frames) - 1)) > LASTING * len(tracks.xy)


BAR = 1000


def share_of_bar(place: int, count: int) -> tuple[float, float]:
    """Nobody knows how far the climb goes: a rung fills three quarters of what is left of the bar, the last one all."""
    return 1.0 - 0.25**place, 1.0 if place + 1 == count else 1.0 - 0.25 ** (place + 1)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 2)


def judge(model: RawModel, count: int, settings: PoseSettings, size: tuple[int, ...]) -> Verdict:
    """Whether a model of `count` frames of `size` (height, width) is good enough to stop climbing."""
    verified = int((model.tracks(count) >= VERIFIED_TRACKS).sum())
    fov = fov_degrees(float(np.median(model.focals)), size[1])
    error = float(np.median(reprojection_errors(model, (size[0], size[1])))) * 512.0 / max(size)
    bad = len(jumps(model.placed, model.world_from_camera()))
    low, high = settings.fov_limits
    faults = []
    if verified < GOOD_SHARE * count:
        faults.append(f"only {verified} of {count} frames are held by {VERIFIED_TRACKS} tracks")
    if not low <= fov <= high:
        faults.append(f"the field of view of {fov:.0f} degrees is no lens")
    if error >= GOOD_ERROR:
        faults.append(f"matches are off by {error:.1f} px")
    if bad > (1.0 - GOOD_SHARE) * count:
        faults.append(f"the path jumps at {bad} frames")
    if triangulation_angle(model) < settings.min_angle:
        faults.append("the cameras see everything under the same angle")
    score = verified / count * (1.0 - bad / count) * 0.5 ** (not low <= fov <= high) * 0.5 ** (error >= GOOD_ERROR)
    said = ", ".join(faults)
    return Verdict(verified, round(score, 4), said[:1].upper() + said[1:] + "." if said else "")


def _solve(task: Task, rung: Rung, bar: tuple[float, float]) -> RawModel:
    """One rung; raises `Failure` when it comes to nothing."""
    out = task.work_dir / "solution.npz"
    out.unlink(missing_ok=True)
    known, database = _held(task), rung.name
    found = _found(task, rung, bar)
    if rung.name in ("global", "orbit"):
        database = _richest(task)
    if rung.name == "orbit":
        known = _orbit(task, database)
    spec = _spec(task, rung, database) | {"found": found, "known": known}
    place = task.work_dir / "spec.json"
    place.write_text(json.dumps(spec), encoding="utf-8")
    for message in run_child(place, task.log, task.cancelled):
        if "fault" in message:
            raise Failure(message["fault"])
        if "step" in message:
            _advance(task, bar, 0.5 if found else 0.0, message)
        if "placed" in message:
            _show(task, message)
    return replace(read_solution(out), by_prior=rung.name == "orbit")


def _found(task: Task, rung: Rung, bar: tuple[float, float]) -> str:
    """The file of matches that COLMAP did not find itself; empty where it is to find its own."""
    path, half = task.work_dir.resolve() / "found.npz", (bar[0], 0.5 * (bar[0] + bar[1]))
    if rung.name == "flow":
        followed_by_flow(task.frames, task.moving, path, _counter(task, half))
    elif rung.name == "learned":
        if not learned_is_installed():
            raise Failure("missing")
        try:
            for message in learned(task.frames, task.moving, task.settings, task.work_dir, task.cancelled):
                if "step" in message:
                    _advance(task, half, 0.0, message)
        except Refusal:
            raise Failure("crashed") from None
    else:
        return ""
    return str(path)


def _counter(task: Task, bar: tuple[float, float]) -> Callable[[], None]:
    """Called between a frame and the next one: moves the bar, and raises `PosesCancelled` when it was cancelled."""
    done = itertools.count()

    def step() -> None:
        task.check()
        _advance(task, bar, 0.0, {"step": next(done), "steps": len(task.frames)})

    return step


def _advance(task: Task, bar: tuple[float, float], start: float, message: dict[str, Any]) -> None:
    """Move the bar to where a step lies in the rung's part of it, of which `start` is done."""
    share = start + (1.0 - start) * message["step"] / message["steps"]
    task.tell(Progress("poses", int(BAR * (bar[0] + (bar[1] - bar[0]) * share)), BAR))


def _spec(task: Task, rung: Rung, database: str) -> dict[str, Any]:
    size = task.frames.shape[1:3]
    sift = None if rung.sift is None else asdict(rung.sift) | {"first_octave": first_octave(rung.sift, size)}
    work = task.work_dir.resolve()
    return asdict(task.settings) | {
        "fields_of_view": rung.fields_of_view or task.settings.fields_of_view,
        "profile": rung.profile,
        "sift": sift,
        "matched": sparse_pairs(len(task.frames)),
        "mapper": rung.mapper,
        "names": task.names,
        "size": list(size),
        "frames_dir": str(work / "images"),
        "masks_dir": "" if task.moving is None else str(work / "masks"),
        "database": str(work / "databases" / f"{database}.db"),
        "pairs": str(work / "databases" / f"{database}.npz"),
        "models_dir": str(work / "models"),
        "out": str(work / "solution.npz"),
        "max_seconds": MAX_SECONDS,
    }


def first_octave(sift: Sift, size: tuple[int, ...]) -> int:
    """COLMAP's number of the octave where SIFT begins: -1 is twice the size of the frames, -2 four times."""
    return -2 if sift.magnified and max(size) <= SMALL_SIDE else -1


def sparse_pairs(count: int) -> list[tuple[int, int]]:
    """Which frames are matched; all with all where that is affordable, which is an empty list."""
    if count <= EXHAUSTIVE_FRAMES:
        return []
    near = {(a, a + gap) for gap in NEAR for a in range(count - gap)}
    keys = sorted({round(k) for k in np.linspace(0, count - 1, KEY_FRAMES)})
    return sorted(near | {(a, b) for a in keys for b in keys if a < b})


def _show(task: Task, message: dict[str, Any]) -> None:
    poses = inverse(np.array(message["poses"], np.float64).reshape(-1, 3, 4))[:, :3].reshape(-1)
    fov = fov_degrees(float(message["focal"]), task.frames.shape[2])
    task.tell(CamerasPlaced(tuple(message["placed"]), tuple(poses.tolist()), fov))


def _write_frames(task: Task) -> None:
    tidy(task.work_dir)
    task.log.unlink(missing_ok=True)
    for name in ("databases", "models"):
        (task.work_dir / name).mkdir()
    for place, name in enumerate(task.names):
        task.check()
        write_image(task.work_dir / "images" / name, task.frames[place])
        if task.moving is not None:
            seen = np.where(task.moving[place], np.uint8(0), np.uint8(255))
            write_image(task.work_dir / "masks" / f"{name}.png", np.repeat(seen[..., None], 3, -1))


def _richest(task: Task) -> str:
    """The rung so far whose matches are the most; raises `Failure` when there are none."""
    counts = {}
    for path in sorted((task.work_dir / "databases").glob("*.npz")):
        with np.load(path, allow_pickle=False) as data:
            counts[path.stem] = len(data["a"])
    best = max(counts, key=lambda name: counts[name], default="")
    if not best or not counts[best]:
        raise Failure("unmatched")
    return best


def _held(task: Task) -> dict[str, Any] | None:
    if task.held is None:
        return None
    poses = {task.names[place]: pose.reshape(-1).tolist() for place, pose in task.held.poses.items()}
    return {"attempt": "around held cameras", "focal": task.held.focal, "poses": poses, "held": True}


def _orbit(task: Task, database: str) -> dict[str, Any]:
    with np.load(task.work_dir / "databases" / f"{database}.npz", allow_pickle=False) as data:
        pairs = Pairs(data["places"], data["a"], data["b"], data["offsets"])
    fit = fit_orbit(pairs, len(task.frames), task.frames.shape[1:3], task.settings.seed, task.check)
    if fit is None:
        raise Failure("unmapped")
    poses = {name: pose.reshape(-1).tolist() for name, pose in zip(task.names, fit.camera_from_world, strict=True)}
    return {"attempt": fit.words(), "focal": fit.focal, "poses": poses, "held": False}


def read_solution(path: Path) -> RawModel:
    """The child's arrays, without pickle."""
    with np.load(path, allow_pickle=False) as data:
        return RawModel(
            attempt=bytes(data["attempt"]).decode(),
            focals=data["focals"],
            placed=data["frames"],
            camera_from_world=data["camera_from_world"],
            points=data["points"],
            obs_point=data["obs_point"],
            obs_frame=data["obs_frame"],
            obs_xy=data["obs_xy"],
            zoom=float(data["zoom"]),
        )


def tidy(work_dir: Path) -> None:
    """Remove everything that a climb leaves but its log."""
    for folder in ("images", "masks", "models", "databases"):
        shutil.rmtree(work_dir / folder, ignore_errors=True)
    for name in ("solution.npz", "solution.tmp", "spec.json", "learned.json", "found.npz", "frames.npy", "moving.npy"):
        (work_dir / name).unlink(missing_ok=True)
