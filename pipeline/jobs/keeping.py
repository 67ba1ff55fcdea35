"""Noting in a project what a job made there: the worker does it, so that nothing is lost when the window is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.messages import Produced
from pipeline.project import edits
from pipeline.project.codec import decode
from pipeline.project.project import Render, Run
from pipeline.project.project_file import update
from pipeline.project.take import Take


def keep(folder: Path, made: Produced) -> None:
    """Append a run, a render or a take to the library of a project; other things are kept where they lie."""
    kinds: dict[str, Callable[[], object]] = {
        "run": lambda: update(folder, lambda project: edits.add_run(project, decode(Run, made.data))),
        "take": lambda: update(folder, lambda project: edits.add_take(project, decode(Take, made.data))),
        "render": lambda: update(folder, lambda project: edits.add_render(project, decode(Render, made.data))),
    }
    if made.kind in kinds:
        kinds[made.kind]()
