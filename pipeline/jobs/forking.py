"""Going back to what a run was lifted from: its takes, their frames, the shared moment, its cameras and settings."""

from __future__ import annotations

from dataclasses import replace

from pipeline.jobs.spec import LiftJob, Source
from pipeline.project import edits
from pipeline.project.clip import FrameSelection
from pipeline.project.project import Project
from pipeline.project.take import Take
from renderer.errors import Refusal


def forked(project: Project, job: LiftJob) -> Project:
    """The project with the cut that asks for this lift again.

    Raises `Refusal` when the project lacks one of its takes, or the job's frames are none of theirs.
    """
    reference, freeze_time = _take(project, job.reference, "reference"), _take(project, job.freeze_time, "freeze-time")
    for take, source in ((reference, job.reference), (freeze_time, job.freeze_time)):
        project = edits.trim(project, take.id, _selection(take, source.frames))
    cut = replace(
        project.cut,
        reference=reference.id,
        freeze_time=freeze_time.id,
        canonical_reference_frame=job.canonical_reference_frame,
        canonical_freeze_frame=job.canonical_freeze_frame,
        poses=job.poses,
        solve=job.solve,
        lift=job.settings,
    )
    return replace(project, cut=cut)


def _take(project: Project, source: Source, what: str) -> Take:
    """By its name, or by its content where it was brought in anew."""
    takes = sorted(project.takes, key=lambda take: take.id != source.take)
    found = next((take for take in takes if take.clip.digest == source.digest), None)
    if found is None:
        raise Refusal(f"The {what} take that this run was lifted from is no longer in the project; bring it in again.")
    return found


def _selection(take: Take, frames: tuple[int, ...]) -> FrameSelection | None:
    count = take.clip.n_frames
    # The spec may be anybody's: nothing is counted out by its numbers before they are looked at.
    if not frames or frames[0] < 0 or frames[-1] >= count or list(frames) != sorted(set(frames)):
        raise Refusal("The frames that this run was lifted from make no sense, so it can't be gone back to.")
    if len(frames) == count:
        return None
    start, stop = frames[0], frames[-1] + 1
    return FrameSelection(start, stop, frozenset(range(start, stop)) - set(frames))
