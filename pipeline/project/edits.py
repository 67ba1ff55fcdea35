"""Edits: pure functions Project -> Project. Undo is the value before; no edit looks at the disk.

The first three append to the library and are never undone; the others change the intent, the cut.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.project.clip import FrameSelection
from pipeline.project.project import LiftSettings, Project, Render, Run
from pipeline.project.take import Take


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
    """Make a take the reference video; another take drops the trim and the shared moment of the old one."""
    project.take(take_id)
    if project.cut.reference == take_id:
        return project
    cut = replace(project.cut, reference=take_id, reference_frames=None)
    return replace(project, cut=replace(cut, canonical_reference_frame=None, canonical_freeze_frame=None))


def choose_freeze_time(project: Project, take_id: str) -> Project:
    """Make a take the freeze-time video; another take drops the trim and the shared moment of the old one."""
    project.take(take_id)
    if project.cut.freeze_time == take_id:
        return project
    cut = replace(project.cut, freeze_time=take_id, freeze_time_frames=None)
    return replace(project, cut=replace(cut, canonical_reference_frame=None, canonical_freeze_frame=None))


def trim_reference(project: Project, frames: FrameSelection) -> Project:
    """Choose the reference video's frames."""
    return replace(project, cut=replace(project.cut, reference_frames=frames))


def trim_freeze_time(project: Project, frames: FrameSelection) -> Project:
    """Choose the freeze-time video's frames."""
    return replace(project, cut=replace(project.cut, freeze_time_frames=frames))


def set_canonical(project: Project, reference_frame: int, freeze_frame: int) -> Project:
    """Say which source frames of the two videos show the shared moment."""
    cut = replace(project.cut, canonical_reference_frame=reference_frame, canonical_freeze_frame=freeze_frame)
    return replace(project, cut=cut)


def set_lift(project: Project, settings: LiftSettings) -> Project:
    """Choose how to lift."""
    return replace(project, cut=replace(project.cut, lift=settings))
