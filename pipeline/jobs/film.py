"""Drawing a plan with the tile renderer, without torch, and writing its passes: a picture, a film, a folder of frames.

Colour is sRGB; depth is distance along the view, in an EXR as it is (0 where nothing is), elsewhere as grey from near
(white) to far (black); alpha is how much of a pixel the scene covers. Every file says how it was made (`media_notes`).
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.jobs.background import heard
from pipeline.jobs.output import FRAMES, FrameFolder, form_of
from pipeline.jobs.picture import Plan
from pipeline.jobs.spec import STUDY, RenderJob, digest_of_work
from pipeline.project import media
from pipeline.project.codec import encode
from renderer.camera import Camera
from renderer.formats.camera_path import dump_camera_path, read_camera_path
from renderer.snapshot import Snapshot

Float32 = npt.NDArray[np.float32]
Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Passes:
    """One picture: colour [H, W, 3] sRGB in [0, 1] over black, alpha [H, W], depth [H, W] in scene units."""

    colour: Float32
    alpha: Float32
    depth: Float32

    def straight(self) -> Float32:
        """Colour as it would be where it covers all of a pixel."""
        return np.clip(self.colour / np.maximum(self.alpha[..., None], 1e-4), 0.0, 1.0)


def draw(scene: Snapshot, camera: Camera, time: float, supersampling: int = 1) -> Passes:
    """Render one view; with `supersampling` s, s x s samples a pixel are averaged."""
    from renderer.tiles.render import render

    height, width = camera.size
    picture = render(scene.at(time), camera.resized((supersampling * height, supersampling * width)))
    shape = height, supersampling, width, supersampling
    alpha = picture.alpha.reshape(shape).mean((1, 3))
    held = (picture.depth * picture.alpha).reshape(shape).mean((1, 3))
    colour = np.clip(picture.image, 0.0, 1.0).reshape(*shape, 3).mean((1, 3))
    return Passes(colour, alpha, np.where(alpha > 0, held / np.maximum(alpha, 1e-10), 0).astype(np.float32))


def write(job: RenderJob, plan: Plan, scene: Snapshot, run_id: str) -> Iterator[int]:
    """Draw and write in the form that `out` asks for, saying how many pictures are done; all of it or nothing."""
    note = note_of(job, plan, run_id, scene)
    form, out = form_of(job.out), Path(job.out)
    if form == "image":
        camera, time = plan.shots[0]
        _write_still(job, plan, draw(scene, camera, time, job.supersampling), lambda name: named(out, name, job), note)
        yield 1
    elif form == "film":
        yield from _films(job, plan, scene, note)
    else:
        yield from _folder(job, plan, scene, run_id, note)


def named(out: Path, which: str, job: RenderJob) -> Path:
    """The file of a pass: `out` itself for the first one, out_depth.png and out_alpha.png beside it for others."""
    return out if which == job.passes[0] else out.with_name(f"{out.stem}_{which}{out.suffix}")


def note_of(job: RenderJob, plan: Plan, run_id: str, scene: Snapshot) -> str:
    """What a file says of itself: the job without its places, the run, and the camera path when it is short enough."""
    said = {key: value for key, value in encode(job).items() if key not in ("folder", "out")}
    times = list(plan.times)
    note: dict[str, Any] = {"kind": "render", "job": {**said, "run": run_id}, "times": times, "fps": plan.fps}
    note["size"] = list(plan.shots[0][0].size)
    note["depths"] = list(plan.depths)
    if _is_file(job.camera):
        with contextlib.suppress(ValueError):  # a long baked path does not fit; its file's name is still there
            path = dump_camera_path(read_camera_path(Path(job.camera), scene.time_range))
            return media.dump_note({**note, "camera_path": path})
    return media.dump_note(note)


def _is_file(camera: str) -> bool:
    return camera not in ("reference", STUDY) and not camera.startswith("freeze:")


def _films(job: RenderJob, plan: Plan, scene: Snapshot, note: str) -> Iterator[int]:
    """One film a pass. Each pass draws its own pictures: a film of any length then needs no room but its file."""
    done = 0
    for which in job.passes:
        path = named(Path(job.out), which, job)
        alpha = which == "colour" and job.transparent

        def work(tell: Callable[[int], None], which: str = which, path: Path = path, alpha: bool = alpha) -> None:
            def frames() -> Iterator[Frames]:
                for camera, time in plan.shots:
                    yield _bytes_of(which, draw(scene, camera, time, job.supersampling), plan, alpha)
                    tell(1)

            media.write_film(path, frames(), plan.fps, job.codec, note, alpha=alpha)

        for _ in heard(work):
            done += 1
            yield done


def _folder(job: RenderJob, plan: Plan, scene: Snapshot, run_id: str, note: str) -> Iterator[int]:
    """Numbered files; those that a killed worker had finished are not drawn again."""
    digits = max(5, int(math.log10(len(plan.shots))) + 1)
    # The camera's file may have changed under its name since; the views tell.
    views = hashlib.blake2b(b"".join(view.world_from_camera.tobytes() for view, _ in plan.shots)).hexdigest()
    work = digest_of_work(job, run_id, views)
    with FrameFolder(Path(job.out), FRAMES, work) as folder:
        for index, (camera, time) in enumerate(plan.shots):

            def place(which: str, index: int = index) -> Path:
                stem = "frame" if which == "colour" else which
                return folder / f"{stem}_{index:0{digits}d}.{job.frames}"

            if not all(place(which).is_file() for which in _files(job)):
                _write_still(job, plan, draw(scene, camera, time, job.supersampling), place, note)
            yield index + 1


def _files(job: RenderJob) -> tuple[str, ...]:
    """The passes that have files of their own; an EXR holds them all."""
    return ("colour",) if job.frames == "exr" else job.passes


def _write_still(job: RenderJob, plan: Plan, drawn: Passes, place: Callable[[str], Path], note: str) -> None:
    first = place("colour" if form_of(job.out) == "folder" else job.passes[0])
    if first.suffix.lower() == ".exr":
        media.write_channels(first, channels_of(job, drawn), note)
        return
    for which in job.passes:
        alpha = which == "colour" and job.transparent
        deep = which == "depth"
        pixels = (
            np.round(65535 * _grey(drawn, plan)).astype(np.uint16) if deep else _bytes_of(which, drawn, plan, alpha)
        )
        media.write_image(place(which), pixels, note)


def channels_of(job: RenderJob, drawn: Passes) -> dict[str, Float32]:
    """The channels of an EXR: linear R, G, B with associated alpha A, depth Z."""
    channels: dict[str, Float32] = {}
    if "colour" in job.passes:
        linear = media.linear_from_srgb(drawn.straight()) * drawn.alpha[..., None]
        over = linear if job.transparent else media.linear_from_srgb(drawn.colour)
        channels |= {name: over[..., i] for i, name in enumerate("RGB")}
    if "alpha" in job.passes or job.transparent:
        channels["A"] = drawn.alpha
    if "depth" in job.passes:
        channels["Z"] = drawn.depth
    return channels


def _bytes_of(which: str, drawn: Passes, plan: Plan, alpha: bool) -> Frames:
    """uint8 [H, W, 3] of a pass, or [H, W, 4] straight colour with alpha."""
    if which == "colour":
        if not alpha:
            return _rounded(drawn.colour)
        return np.concatenate([_rounded(drawn.straight()), _rounded(drawn.alpha)[..., None]], -1)
    grey = _rounded(_grey(drawn, plan) if which == "depth" else drawn.alpha)
    return np.repeat(grey[..., None], 3, -1)


def _grey(drawn: Passes, plan: Plan) -> Float32:
    """Depth as [H, W] in [0, 1]: 1 is nearest; 0 is farthest, and where nothing is."""
    near, far = plan.depths
    grey = np.clip((far - drawn.depth) / (far - near), 0.0, 1.0)
    return np.where(drawn.alpha > 0.5, grey, 0.0).astype(np.float32)


def _rounded(values: Float32) -> Frames:
    return (np.clip(values, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
