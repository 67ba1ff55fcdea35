"""What lies under runs/ in a project, by name and spec only: light enough for the window."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pipeline.jobs.spec import RUNS, SPEC, LiftJob, job_from_json
from pipeline.project.project import LiftSettings
from renderer.errors import Refusal

MAX_SPEC_BYTES = 16 << 20


def all_runs(folder: Path) -> list[tuple[Path, LiftSettings | None]]:
    """Folders of runs, by name, each with the settings in its spec; None where that can't be read.

    Whether a run is finished is the project's to say; all of them are named here.
    """
    root = folder / RUNS
    places = sorted(path for path in root.iterdir() if path.is_dir() and path.name[:1] != ".") if root.is_dir() else []
    return [(place, settings_in(place)) for place in places]


def settings_in(run: Path) -> LiftSettings | None:
    """The settings that a run was started with; None where its spec can't be read."""
    job = job_in(run)
    return None if job is None else job.settings


def job_in(run: Path) -> LiftJob | None:
    """The lift that a run was started as; None where its spec can't be read."""
    path = run / SPEC
    try:
        about = path.stat()
        return None if about.st_size > MAX_SPEC_BYTES else _job(path, about.st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=1024)
def _job(path: Path, _changed: int) -> LiftJob | None:
    """The window asks at every change of anything; a spec is read again once its file has changed."""
    try:
        job = job_from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, Refusal):
        return None
    return job if isinstance(job, LiftJob) else None
