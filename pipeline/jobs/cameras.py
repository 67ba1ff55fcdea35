"""The cameras of a project's freeze-time take: for a lift, or solved and reported by themselves before one.

Both keep them in the project by the same digest, so a lift after a solve finds them. The report lies beside, named by
the frames that were asked for, which the window knows without looking at pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.jobs.background import heard
from pipeline.jobs.control import Control
from pipeline.jobs.spec import CamerasJob, LiftJob
from pipeline.messages import Finished, Message, Note, Produced, StageStarted
from pipeline.project import media
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pipeline.poses.solved import SolvedPoses

STOPPED = "Stopped as asked; start it again to go on."
WORK = "solving"
"""Where a solve without a lift has its scratch, in the project's folder of cameras."""


def cameras(job: CamerasJob, control: Control) -> Iterator[Message]:
    """Do the job; raises `Refusal` for what a person can mend."""
    from pipeline.jobs.look import look
    from pipeline.poses.report import report

    source = job.freeze_time
    yield StageStarted("poses", 0, 1, 0)
    frames = media.read_frames(source.path, source.frames)
    poses = yield from solved(job, frames, job.poses_dir / WORK, control)
    told = report(poses, look(Path(source.path), source.frames).freeze_time)
    with atomic_file(job.report_path) as file:
        file.write(json.dumps(_with_poses(told.to_json(), poses), allow_nan=False).encode())
    yield Produced("cameras", {"path": str(job.report_path), "score": told.liftability.score})
    yield Finished({"score": told.liftability.score, **poses.summary()})


def solved(
    job: LiftJob | CamerasJob, frames: npt.NDArray[np.uint8], work_dir: Path, control: Control
) -> Generator[Message, None, SolvedPoses]:
    """The cameras: imported ones, those that were solved before from the same frames, or freshly solved ones."""
    from pipeline.jobs.import_poses import poses_path
    from pipeline.poses.holding import worth_holding
    from pipeline.poses.imported import seen_from
    from pipeline.poses.solve import PosesCancelled, PoseSettings, SolvedPoses, digest_of, solve

    indices, canonical = job.freeze_time.frames, job.canonical_freeze_frame
    if job.poses is not None:
        poses = seen_from(SolvedPoses.load(poses_path(Path(job.folder), job.poses)), canonical)
        yield Note(f"Cameras as imported: {_in_words(poses)}.")
        return poses
    path = job.poses_dir / f"{digest_of(frames, indices, canonical, PoseSettings())[:16]}.safetensors"
    if path.is_file():
        poses = SolvedPoses.load(path)
        yield Note(f"Cameras as solved before: {_in_words(poses)}.")
        return poses

    held = worth_holding(job.poses_dir, frames, indices, canonical)
    if held is not None:
        yield Note("Most of these frames were solved before: their cameras stay where they are.")

    def work(tell: Callable[[Message], None]) -> SolvedPoses:
        return solve(
            frames,
            indices,
            canonical,
            PoseSettings(),
            work_dir,
            tell=tell,
            cancelled=lambda: control() == "stop",
            held=held,
        )

    try:
        poses = yield from heard(work)
    except PosesCancelled:
        raise Refusal(STOPPED) from None
    poses.save(path)
    yield Note(f"Cameras: {_in_words(poses)}.")
    return poses


def _with_poses(told: dict[str, Any], poses: SolvedPoses) -> dict[str, Any]:
    """The report with each frame's world_from_camera, 12 numbers [3, 4] row by row."""
    for row in told["frames"]:
        row["pose"] = poses.cameras[row["frame"]].world_from_camera[:3].ravel().tolist()
    return told


def _in_words(poses: SolvedPoses) -> str:
    count, unplaced = len(poses.cameras), len(poses.unplaced)
    return (
        f"{count - unplaced} of {count} frames placed, {len(poses.points)} points, off by {poses.median_error:.2f} px"
    )
