"""Which pictures a render is made of: views at times, all decided before the first pixel is drawn.

`planned` is a pure function of the job and the scene, so that everything that can be refused is refused at once.
Drawing and writing them is `film`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.jobs.output import form_of
from pipeline.jobs.spec import STUDY, RenderJob
from pipeline.project.media_codecs import codec_for
from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.formats.camera_path import read_camera_path
from renderer.shots import study_film
from renderer.snapshot import Snapshot
from renderer.trajectory import CameraTrajectory, View, refit

MAX_PIXELS = 64 << 20
MAX_FRAMES = 100_000


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be rendered: views with their scene times, and the film's rate.

    `depths`: nearest and farthest distance along the view, scene units, between which depth becomes grey.
    """

    shots: tuple[tuple[Camera, float], ...]
    fps: float
    depths: tuple[float, float] = (0.0, 1.0)

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
    _check_form(job, form)
    single = form == "image"
    _check_time(job, scene, single)
    shots, fps = _filmed(job, scene, single)
    size = job.size or shots[0][0].size
    if size[0] * size[1] * job.supersampling**2 > MAX_PIXELS or not 0.1 <= fps <= 1000:
        raise Refusal(
            f"A render of {size[1]}x{size[0]} at {fps:g} fps is out of reach; choose another --size, --supersampling "
            "or --fps."
        )
    fitted = tuple((refit(view, size), time) for view, time in shots)
    return Plan(fitted, fps, _depths(fitted, scene) if "depth" in job.passes else (0.0, 1.0))


def _filmed(job: RenderJob, scene: Snapshot, single: bool) -> tuple[list[tuple[Camera, float]], float]:
    """The views with their scene times, and the rate."""
    fps = float(job.fps or scene.info.get("fps") or 16.0)
    camera = _still_camera(job.camera, scene)
    if camera is not None:
        return [(camera, time) for time in _times(job, scene, single, fps)], fps
    if job.camera == STUDY:
        film = study_film(scene, None if job.time is None else (job.time[0], job.time[-1]), job.fps)
        shots, fps = _along(film, replace(job, time=None), scene, film.fps), film.fps
    else:
        trajectory = read_camera_path(Path(job.camera), scene.time_range)
        fps = float(job.fps or trajectory.fps)
        shots = _along(trajectory, job, scene, fps)
    _check_single(job, single, len(shots))
    return shots, fps


def _check_single(job: RenderJob, single: bool, views: int) -> None:
    if single and views > 1:
        raise Refusal(f"{job.camera} is a path of {views} views and {job.out} one picture; name a .mp4 or a folder.")


def _check_form(job: RenderJob, form: str) -> None:
    """Refuse options that do not go with the form of `out`."""
    if form == "film":
        codec = codec_for(Path(job.out), job.codec)
        if job.transparent and not codec.alpha:
            raise Refusal(f"{codec.words} keeps no transparency; choose prores, vp9 or a folder of frames.")
    elif job.codec is not None:
        raise Refusal(
            f"--codec is for films, and {job.out} is none; leave it out, or name a .mp4, .mov, .webm or .gif."
        )
    if job.transparent and "colour" not in job.passes:
        raise Refusal("Only the colour pass can be transparent; add colour to --passes, or leave --transparent out.")


def _depths(shots: tuple[tuple[Camera, float], ...], scene: Snapshot) -> tuple[float, float]:
    """Near and far of all shots: the 1st and 99th percentile of solid splats in view, with a little room."""
    solid = scene.means[scene.opacities > 0.5] if (scene.opacities > 0.5).any() else scene.means
    some = shots[:: max(1, len(shots) // 32)]
    seen = np.concatenate([_z_in_view(solid, camera) for camera, _ in some]) if len(solid) else np.ones(1)
    if len(seen) == 0:
        return 0.0, 1.0
    near, far = np.percentile(seen, [1, 99])
    return float(0.95 * near), float(max(1.05 * far, 0.95 * near + 1e-6))


def _z_in_view(points: npt.NDArray[np.float32], camera: Camera) -> npt.NDArray[np.float64]:
    pixels, z = camera.project(points.astype(np.float64))
    height, width = camera.size
    x, y = pixels.T
    inside: npt.NDArray[np.float64] = z[(z > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)]
    return inside


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
    """The camera that a name stands for; None when it names a file or the study's path."""
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


def _along(trajectory: CameraTrajectory, job: RenderJob, scene: Snapshot, fps: float) -> list[tuple[Camera, float]]:
    """A path's views; `--time` wins over the path's own times, a path without times shows the shared moment.

    A path of one view stands still, and all of `--time` runs before it.
    """
    views: list[View] = trajectory.views()
    if job.time is not None and len(views) == 1:
        times = _times(job, scene, False, fps)
        views = views * len(times)
    elif job.time is not None:
        times = np.linspace(job.time[0], job.time[-1], len(views)).tolist()
    else:
        times = [canonical_time(scene) if view.time is None else view.time for view in views]
    for time in times:
        check_moment(scene, time)
    return [(view.camera, time) for view, time in zip(views, times, strict=True)]
