"""Rendering a run: which views at which times, then a picture, a film or a folder of frames.

Choosing (`planned`) is a pure function of the job and the scene, so that everything that can be refused is
refused before the first pixel. The picture itself is the tile renderer's, without torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.jobs.background import counted
from pipeline.jobs.output import FRAMES, FrameFolder, form_of
from pipeline.jobs.spec import RenderJob
from pipeline.project import media
from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.formats.camera_path import read_camera_path
from renderer.snapshot import Snapshot
from renderer.trajectory import CameraTrajectory, View, refit

MAX_PIXELS = 64 << 20
MAX_FRAMES = 100_000
Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be rendered: views with their scene times, and the film's rate."""

    shots: tuple[tuple[Camera, float], ...]
    fps: float

    @property
    def times(self) -> tuple[float, ...]:
        """First and last scene time, or the one there is."""
        ends = self.shots[0][1], self.shots[-1][1]
        return ends[:1] if ends[0] == ends[1] else ends


def planned(job: RenderJob, scene: Snapshot) -> Plan:
    """Decide every view; raises `Refusal` for cameras, times and sizes that the scene does not have."""
    form = form_of(job.out)
    if form == "splats":
        raise Refusal(f"{job.out} is a splat file, which splatime export writes; render to .png, .mp4 or a folder/.")
    single = form == "image"
    fps = float(job.fps or scene.info.get("fps") or 16.0)
    _check_time(job, scene, single)
    camera = _still_camera(job.camera, scene)
    if camera is not None:
        shots = [(camera, time) for time in _times(job, scene, single, fps)]
    else:
        trajectory = read_camera_path(Path(job.camera), scene.time_range)
        fps = float(job.fps or trajectory.fps)
        shots = _along(trajectory, job, scene)
        if single and len(shots) > 1:
            raise Refusal(
                f"{job.camera} is a path of {len(shots)} views and {job.out} one picture; name a .mp4 or a folder."
            )
    size = job.size or shots[0][0].size
    if size[0] * size[1] > MAX_PIXELS or not 0.1 <= fps <= 1000:
        raise Refusal(
            f"A render of {size[1]}x{size[0]} at {fps:g} fps is out of reach; choose another --size or --fps."
        )
    return Plan(tuple((refit(view, size), time) for view, time in shots), fps)


def canonical_time(scene: Snapshot) -> float:
    """The scene time of the shared moment, in reference frames."""
    return float(scene.info.get("canonical_reference_frame", scene.time_range[0]))


def check_moment(scene: Snapshot, time: float) -> None:
    """Refuse a time that was not lifted; the scene does not know what happens there."""
    first, last = scene.time_range
    if not first - 1e-3 <= time <= last + 1e-3:
        raise Refusal(
            f"Time {time:g} is outside the lifted reference frames {first:g} to {last:g}; choose one of those."
        )


def _check_time(job: RenderJob, scene: Snapshot, single: bool) -> None:
    for time in job.time or ():
        check_moment(scene, time)
    if single and job.time is not None and len(job.time) == 2:
        raise Refusal(f"{job.out} is one picture and --time a range; name a .mp4 or a folder, or give one time.")


def _still_camera(name: str, scene: Snapshot) -> Camera | None:
    """The camera that a name stands for; None when it names a file."""
    if name == "reference":
        return scene.reference_camera
    kind, colon, number = name.partition(":")
    if kind != "freeze" or not colon:
        return None
    if number.isdecimal() and int(number) in scene.freeze_cameras:
        return scene.freeze_cameras[int(number)]
    known = ", ".join(str(k) for k in sorted(scene.freeze_cameras))
    raise Refusal(f"There is no camera {name}: freeze-time frames with a solved camera are {known}.")


def _times(job: RenderJob, scene: Snapshot, single: bool, fps: float) -> list[float]:
    if job.time is None:
        if single:
            return [canonical_time(scene)]
        first, last = scene.time_range
    elif len(job.time) == 1:
        return [job.time[0]]
    else:
        first, last = job.time
    native = float(scene.info.get("fps") or 16.0)
    count = round(abs(last - first) * fps / native) + 1
    if count > MAX_FRAMES:
        raise Refusal(f"That film would have {count} frames; at most {MAX_FRAMES} are rendered, so lower --fps.")
    return np.linspace(first, last, count).tolist() if count > 1 else [first]


def _along(trajectory: CameraTrajectory, job: RenderJob, scene: Snapshot) -> list[tuple[Camera, float]]:
    """A path's views; `--time` wins over the path's own times, a path without times shows the shared moment."""
    views: list[View] = trajectory.views()
    if job.time is not None:
        times = np.linspace(job.time[0], job.time[-1], len(views)).tolist()
    else:
        times = [canonical_time(scene) if view.time is None else view.time for view in views]
    for time in times:
        check_moment(scene, time)
    return [(view.camera, time) for view, time in zip(views, times, strict=True)]


def write(job: RenderJob, plan: Plan, scene: Snapshot) -> Iterator[int]:
    """Draw and write in the form that `out` asks for, saying how many pictures are done; all of it or nothing."""
    out = Path(job.out)
    form = form_of(job.out)
    if form == "image":
        media.write_image(out, next(_pictures(plan, scene)))
        yield 1
    elif form == "film":
        yield from counted(_pictures(plan, scene), lambda pictures: media.write_video(out, pictures, plan.fps))
    else:
        digits = max(5, int(math.log10(len(plan.shots))) + 1)
        with FrameFolder(out, FRAMES) as folder:
            for index, picture in enumerate(_pictures(plan, scene)):
                media.write_image(folder / f"frame_{index:0{digits}d}.png", picture)
                yield index + 1


def _pictures(plan: Plan, scene: Snapshot) -> Iterator[Frames]:
    """uint8 [H, W, 3] sRGB pictures of the plan, in order."""
    from renderer.tiles.render import render

    for camera, time in plan.shots:
        yield render(scene.at(time), camera).rgb
