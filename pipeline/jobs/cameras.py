"""The cameras of a project's freeze-time take: for a lift, or solved and reported by themselves before one.

Both keep them in the project by the same digest, so a lift after a solve finds them. The report lies beside, as JSON
and as text, named by the frames that were asked for, which the window knows without looking at pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.jobs.background import heard
from pipeline.jobs.control import Control
from pipeline.jobs.spec import CamerasJob, LiftJob
from pipeline.messages import Finished, Message, Note, Produced, StageStarted
from pipeline.poses.liftability import Reason
from pipeline.project import media
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pipeline.poses.solved import SolvedPoses

STOPPED = "Stopped as asked; start it again to go on."
MOST_BYTES = 8 << 20
WORK = "solving"
"""Where a solve without a lift has its scratch, in the project's folder of cameras."""


@dataclass(frozen=True)
class Verdict:
    """What a report says of the cameras as a whole; `digest` is that of the solution it is about."""

    score: int
    word: str
    reasons: tuple[Reason, ...]
    digest: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Verdict:
        """From a report's JSON; raises ValueError, KeyError or TypeError for anything else."""
        rows = [(str(row["text"]), str(row["remedy"]), float(row["cost"])) for row in data["reasons"]]
        reasons = tuple(Reason(*row) for row in rows)
        return cls(int(data["score"]), str(data["word"]), reasons, str(data["digest"]))

    def lines(self) -> list[str]:
        """A sentence for the whole, then one for each reason."""
        return [f"Liftability {self.score} of 100, {self.word}.", *(f"  - {reason}" for reason in self.reasons)]


def verdict_in(path: Path) -> Verdict | None:
    """What a report in a project says; None where there is none, or none of ours: projects travel."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        return Verdict.of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def cameras(job: CamerasJob, control: Control) -> Iterator[Message]:
    """Do the job; raises `Refusal` for what a person can mend."""
    yield StageStarted("poses", 0, 1, 0)
    frames = media.read_frames(job.freeze_time.path, job.freeze_time.frames)
    poses = yield from solved(job, frames, job.poses_dir / WORK, control)
    score = yield from reported(job, poses, frames, control)
    yield Finished({"score": score, **poses.summary()})


def reported(
    job: CamerasJob, poses: SolvedPoses, frames: npt.NDArray[np.uint8], control: Control
) -> Generator[Message, None, int]:
    """Leave the report of these cameras in the project, unless it is there; the liftability score, 0 to 100."""
    from pipeline.jobs.look import look
    from pipeline.poses.check import sharpness
    from pipeline.poses.report import report

    known = verdict_in(job.report_path)
    if known is None or known.digest != poses.digest:
        seen = look(Path(job.freeze_time.path), job.freeze_time.frames, stopping(control)).freeze_time
        told = report(poses, seen, dict(zip(job.freeze_time.frames, sharpness(frames).tolist(), strict=True)))
        data = {"digest": poses.digest, **_with_poses(told.to_json(), poses)}
        texts = {job.report_path.with_suffix(".txt"): told.text(), job.report_path: json.dumps(data, allow_nan=False)}
        for path, text in texts.items():
            with atomic_file(path) as file:
                file.write(text.encode())
        known = Verdict.of(data)
    for line in known.lines():
        yield Note(line)
    yield Produced("cameras", {"path": str(job.report_path), "score": known.score})
    return known.score


def solved(
    job: LiftJob | CamerasJob, frames: npt.NDArray[np.uint8], work_dir: Path, control: Control
) -> Generator[Message, None, SolvedPoses]:
    """The cameras: imported ones, those that were solved before from the same frames, or freshly solved ones."""
    from pipeline.jobs.import_masks import masks_of
    from pipeline.jobs.import_poses import poses_path
    from pipeline.poses.holding import worth_holding
    from pipeline.poses.imported import seen_from
    from pipeline.poses.masks import moving_masks
    from pipeline.poses.solve import PosesCancelled, PoseSettings, SolvedPoses, digest_of, solve, solve_guessed

    how = job.solve
    indices, canonical = job.freeze_time.frames, job.canonical_freeze_frame
    if job.poses is not None:
        poses = seen_from(SolvedPoses.load(poses_path(Path(job.folder), job.poses)), canonical)
        yield Note(f"Cameras as imported: {_in_words(poses)}.")
        return poses
    # Cameras that were solved in another way are wrong here, or they would not be asked for: they lie apart, not held.
    home, settings = job.poses_dir.joinpath(*how.words), PoseSettings(per_frame_focal=how.per_frame_focal)
    path = home / f"{digest_of(frames, indices, canonical, settings)[:16]}.safetensors"
    if path.is_file():
        poses = SolvedPoses.load(path)
        yield Note(f"Cameras as solved before: {_in_words(poses)}.")
        return poses

    held = worth_holding(home, frames, indices, canonical)
    if held is not None:
        yield Note("Most of these frames were solved before: their cameras stay where they are.")
    moving = moving_masks(frames, stopping(control)) if how.flow_masks else None
    if how.masks is not None:
        size = int(frames.shape[1]), int(frames.shape[2])
        moving = masks_of(Path(job.folder), how.masks, job.freeze_time.digest, indices, size)
    if moving is not None:
        yield Note(f"The masks leave out {moving.mean():.0%} of the pictures.")

    def work(tell: Callable[[Message], None]) -> SolvedPoses:
        stopped = lambda: control() == "stop"  # noqa: E731
        given = frames, indices, canonical, settings, work_dir
        if how.flow_masks and moving is not None:
            return solve_guessed(*given, moving=moving, tell=tell, cancelled=stopped, held=held)
        return solve(*given, tell=tell, cancelled=stopped, moving=moving, held=held)

    try:
        poses = yield from heard(work)
    except PosesCancelled:
        raise Refusal(STOPPED) from None
    poses.save(path)
    yield Note(f"Cameras: {_in_words(poses)}.")
    return poses


def stopping(control: Control) -> Callable[[], None]:
    """Called between frames; raises `Refusal` once stop was said."""

    def poll() -> None:
        if control() == "stop":
            raise Refusal(STOPPED)

    return poll


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
