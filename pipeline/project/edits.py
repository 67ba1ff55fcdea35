"""Edits: pure functions Project -> Project. Undo is the value before; no edit looks at the disk.

The first three append to the library and are never undone; the others change the intent, the cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pipeline.project.clip import FrameSelection, same_aspect
from pipeline.project.curated import MAX_NOTES, Curated
from pipeline.project.project import Cut, LiftSettings, Project, Render, Run, SolveSettings, frames_of
from pipeline.project.shot import Shot
from pipeline.project.take import Take
from renderer.errors import Refusal


def add_take(project: Project, take: Take) -> Project:
    """Append a take; one with the same id is already there and stays as it is."""
    if any(known.id == take.id for known in project.takes):
        return project
    return replace(project, takes=(*project.takes, take))


def add_run(project: Project, run: Run) -> Project:
    """Append a finished run; a run lifted again moves to the end with its new figures."""
    return replace(project, runs=(*(known for known in project.runs if known.id != run.id), run))


def add_render(project: Project, render: Render) -> Project:
    """Append a render; one written to the same path is replaced, as its file was."""
    return replace(project, renders=(*(known for known in project.renders if known.path != render.path), render))


def choose_reference(project: Project, take_id: str) -> Project:
    """Make a take the reference video; another take drops the shared moment and imported cameras of the old one."""
    return _choose(project, "reference", take_id, project.cut.freeze_time)


def choose_freeze_time(project: Project, take_id: str) -> Project:
    """Make a take the freeze-time video; another take drops the shared moment and imported cameras of the old one."""
    return _choose(project, "freeze_time", take_id, project.cut.reference)


def trim(project: Project, take_id: str, frames: FrameSelection | None) -> Project:
    """Choose which frames of a take are used; None, or all of them, means every frame."""
    clip = project.take(take_id).clip
    if frames is not None and not frames.fits(clip):
        raise Refusal(f"The trim reaches frame {frames.stop - 1}, but the video has {clip.n_frames} frames.")
    whole = frames is None or len(frames.indices()) == clip.n_frames
    return _decide(project, take_id, frames=None if whole else frames)


def drop_frames(project: Project, take_id: str, indices: Iterable[int]) -> Project:
    """Leave frames of a take out; raises `Refusal` when none would be left."""
    try:
        return trim(project, take_id, _selection(project, take_id).without(indices))
    except ValueError as fault:
        raise Refusal("At least one frame has to stay; restore another one first.") from fault


def restore_frames(project: Project, take_id: str, indices: Iterable[int]) -> Project:
    """Use dropped frames of a take again."""
    return trim(project, take_id, _selection(project, take_id).restored(indices))


def lock_frames(project: Project, take_id: str, indices: Iterable[int], locked: bool) -> Project:
    """Say which frames of a take a re-roll keeps as they are, or lets go."""
    known, some = project.cut.opinion(take_id).locked, frozenset(indices)
    return _decide(project, take_id, locked=known | some if locked else known - some)


def judge(project: Project, take_id: str, verdict: str) -> Project:
    """Star a take, reject it, or leave it undecided."""
    return _decide(project, take_id, verdict=verdict)


def score(project: Project, take_id: str, question: int, value: int) -> Project:
    """Answer one of the study's questions about a take; 0 takes the answer back."""
    scores = list(project.cut.opinion(take_id).scores)
    scores[question] = value
    return _decide(project, take_id, scores=tuple(scores))


def note(project: Project, take_id: str, text: str) -> Project:
    """Write down something about a take."""
    if len(text) > MAX_NOTES:
        raise Refusal(f"A note can have {MAX_NOTES:,} characters, and this one has {len(text):,}; shorten it.")
    return _decide(project, take_id, notes=text)


def set_prompt(project: Project, prompt: str) -> Project:
    """Say what the scene is to show."""
    return replace(project, cut=replace(project.cut, prompt=prompt))


def pick_canonical(project: Project, take_id: str, index: int) -> Project:
    """Make a frame of a chosen take the shared moment of its video; raises `Refusal` for a frame that is not used."""
    cut = project.cut
    if take_id not in (cut.reference, cut.freeze_time):
        raise Refusal("Only the chosen reference and freeze-time takes have a canonical frame; use this take first.")
    if index not in frames_of(project.take(take_id).clip, cut.opinion(take_id).frames):
        raise Refusal(f"Frame {index} is not used; restore it, or widen the trim, and pick it then.")
    if take_id == cut.reference:
        cut = replace(cut, canonical_reference_frame=index)
    if take_id == cut.freeze_time:
        cut = replace(cut, canonical_freeze_frame=index)
    return replace(project, cut=cut)


def set_canonical(project: Project, reference_frame: int, freeze_frame: int) -> Project:
    """Say which source frames of the two videos show the shared moment."""
    cut = replace(project.cut, canonical_reference_frame=reference_frame, canonical_freeze_frame=freeze_frame)
    return replace(project, cut=cut)


def with_chosen(project: Project, theirs: Cut) -> Project:
    """With the pair, the shared moment and the cameras of another cut, and its opinions of takes without one here."""
    known = {entry.take for entry in project.cut.curated}
    more = tuple(entry for entry in theirs.curated if entry.take not in known)
    cut = replace(
        project.cut,
        reference=theirs.reference,
        freeze_time=theirs.freeze_time,
        canonical_reference_frame=theirs.canonical_reference_frame,
        canonical_freeze_frame=theirs.canonical_freeze_frame,
        poses=theirs.poses,
        curated=tuple(sorted((*project.cut.curated, *more), key=lambda entry: entry.take)),
    )
    return replace(project, cut=cut)


def use_poses(project: Project, poses_id: str | None) -> Project:
    """Lift with imported cameras, by their id; None: with solved ones."""
    return replace(project, cut=replace(project.cut, poses=poses_id))


def set_lift(project: Project, settings: LiftSettings) -> Project:
    """Choose how to lift."""
    return replace(project, cut=replace(project.cut, lift=settings))


def set_solve(project: Project, settings: SolveSettings) -> Project:
    """Choose how the freeze-time cameras are solved."""
    return replace(project, cut=replace(project.cut, solve=settings))


def set_shot(project: Project, shot: Shot) -> Project:
    """Lay the camera path, or another film along it."""
    return replace(project, cut=replace(project.cut, shot=shot))


def accept(project: Project, take_id: str) -> Project:
    """Put a take that was made from another one in that one's place: its role, drops, locks and the shared moment.

    Frames are followed to where the new take shows them; the trim is kept where the length is. Raises `Refusal` for a
    take that was made from none.
    """
    take = project.take(take_id)
    if take.parent is None:
        raise Refusal(f"{take.title} was not made from another take, so there is none in whose place it could stand.")
    cut, before, count = project.cut, project.cut.opinion(take.parent), take.clip.n_frames
    at = {known.frame: known.position for known in take.request.known if known.take == take.parent}
    same = count == project.take(take.parent).clip.n_frames
    there = {frame: at.get(frame, frame) for frame in range(count)} if same else at
    locked = frozenset(there[frame] for frame in before.locked if frame in there)
    project = _decide(project, take_id, frames=_followed(before.frames, there, count, same=same), locked=locked)
    changed = replace(project.cut, poses=None)
    if cut.reference == take.parent:
        frame = cut.canonical_reference_frame
        there_now = None if frame is None else there.get(frame)
        changed = replace(changed, reference=take_id, canonical_reference_frame=there_now)
    elif cut.freeze_time == take.parent:
        frame = cut.canonical_freeze_frame
        changed = replace(
            changed, freeze_time=take_id, canonical_freeze_frame=None if frame is None else there.get(frame)
        )
    else:
        return project
    return replace(project, cut=changed)


def _followed(frames: FrameSelection | None, there: dict[int, int], count: int, *, same: bool) -> FrameSelection | None:
    """A trim of a take as it is in another one that shows its frames at `there`; a longer one is used whole."""
    if frames is None or same:
        return frames
    dropped = frozenset(there[frame] for frame in frames.dropped if frame in there)
    return FrameSelection(0, count, dropped) if dropped and len(dropped) < count else None


def _choose(project: Project, role: str, take_id: str, other: str | None) -> Project:
    take = project.take(take_id)
    if getattr(project.cut, role) == take_id:
        return project
    if other is not None and not same_aspect(take.clip.size, project.take(other).clip.size):
        a, b = take.clip.size, project.take(other).clip.size
        raise Refusal(
            f"This take is {a[1]}x{a[0]} and the other video {b[1]}x{b[0]}, which are not the same shape; "
            "crop one of them to the shape of the other."
        )
    cut = replace(project.cut, canonical_reference_frame=None, canonical_freeze_frame=None, poses=None)
    chosen = replace(cut, reference=take_id) if role == "reference" else replace(cut, freeze_time=take_id)
    return replace(project, cut=chosen)


def _selection(project: Project, take_id: str) -> FrameSelection:
    known = project.cut.opinion(take_id).frames
    return FrameSelection.whole(project.take(take_id).clip) if known is None else known


def _decide(project: Project, take_id: str, **changes: Any) -> Project:
    """Change what is decided about one take; an opinion that says nothing is not kept."""
    project.take(take_id)
    cut, before = project.cut, project.cut.opinion(take_id)
    after = replace(before, **changes)
    if after == before:
        return project
    rest = tuple(entry for entry in cut.curated if entry.take != take_id)
    kept = (*rest, after) if after != Curated(take_id) else rest
    return replace(project, cut=replace(cut, curated=tuple(sorted(kept, key=lambda entry: entry.take))))
