"""Exporting a run: splat files that other programs open, one moment or one file a reference frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.jobs.output import SPLATS, FrameFolder, form_of
from pipeline.jobs.picture import canonical_time, check_moment
from pipeline.jobs.spec import ExportJob, digest_of_work
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal
from renderer.formats.ply import write_ply
from renderer.snapshot import Snapshot

FORMS = {"ply": "splats", "ply-sequence": "folder"}


def check(job: ExportJob, scene: Snapshot) -> None:
    """Refuse an export whose form, name and time do not fit together."""
    if form_of(job.out) != FORMS[job.form]:
        wanted = "a name that ends in .ply" if job.form == "ply" else "a folder, such as splats/"
        raise Refusal(f"{job.out} does not fit the format {job.form}, which needs {wanted}.")
    if job.time is not None:
        check_moment(scene, job.time)
        if job.form == "ply-sequence":
            raise Refusal("A ply-sequence holds every lifted time; leave --time out, or export one .ply.")


def times(job: ExportJob, scene: Snapshot) -> list[float]:
    """The scene times that will be written, in reference frames."""
    if job.form == "ply":
        return [canonical_time(scene) if job.time is None else job.time]
    first, last = scene.time_range
    return [float(time) for time in np.arange(np.ceil(first), np.floor(last) + 1)]


def write(job: ExportJob, scene: Snapshot, run_id: str) -> Iterator[int]:
    """Write the files, saying how many are done; a sequence appears only when it is whole.

    Every file of a sequence has the same splats in the same order. One .ply without a time is the canonical scene.
    """
    moments = times(job, scene)
    if job.form == "ply":
        _write(Path(job.out), scene, None if job.time is None else moments[0])
        yield 1
        return
    with FrameFolder(Path(job.out), SPLATS, digest_of_work(job, run_id)) as folder:
        for done, time in enumerate(moments):
            file = folder / f"splats_{done:05d}.ply"
            if not file.is_file():
                _write(file, scene, time)
            yield done + 1


def _write(path: Path, scene: Snapshot, time: float | None) -> None:
    posed = scene.canonical() if time is None else scene.at(time)
    moment = "canonical" if time is None else f"reference frame {time:g}"
    with atomic_file(path) as file:
        write_ply(file, posed, ("Splatime", f"time: {moment}", "axes: x right, y down, z forward"))
